import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.domain.calendar import around, day_of, end_of
from integrations.domain.money import CENT, to_money
from integrations.domain.names import MOST_TYPED, fold, typed_pattern


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [
        ("0.005", "0.01"),
        ("0.004", "0.00"),
        ("-0.005", "-0.01"),
        ("1234.5", "1234.50"),
        ("10.1e1", "101.00"),
        (7, "7.00"),
        (Decimal("0.125"), "0.13"),
    ],
)
def test_money_is_rounded_half_up_to_cents(given_value: str | int | Decimal, expected: str) -> None:
    assert str(to_money(given_value)) == expected


@pytest.mark.parametrize("text", ["", "abc", "1,50", "Infinity", "-Infinity", "NaN", "sNaN"])
def test_text_that_is_no_amount_raises(text: str) -> None:
    with pytest.raises(InvalidOperation):
        to_money(text)


@given(st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False))
def test_rounding_moves_an_amount_by_at_most_half_a_cent_and_only_once(value: Decimal) -> None:
    rounded = to_money(value)
    assert abs(rounded - value) <= CENT / 2
    assert to_money(rounded) == rounded
    assert rounded.as_tuple().exponent == -2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Energia elétrica", "ENERGIA ELETRICA"),
        ("Salários e ordenados", " Salarios e  Ordenados\t"),
        ("Prestação\u00a0de serviços", "prestacao de servicos"),
        ("Ação", "Ac\u0327a\u0303o"),
        ("STRASSE", "straße"),
    ],
)
def test_case_accents_and_spaces_do_not_make_names_different(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("Fretes", "Frete"), ("Caixa 1", "Caixa 2"), ("A/B", "AB"), ("", "x")])
def test_other_differences_do(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@pytest.mark.parametrize(
    "typed", ["joao da conceicao", "JOÃO", "joao silva", "conceição", "& fi", "(me)", "Joa\u0303o"]
)
def test_a_name_is_found_as_people_type_it(typed: str) -> None:
    assert re.search(typed_pattern(typed), "JOÃO DA CONCEIÇÃO SILVA & FILHOS (ME)")


@pytest.mark.parametrize("typed", ["joan", "silva joao", ".oao", "filhos)"])
def test_another_name_is_not(typed: str) -> None:
    assert not re.search(typed_pattern(typed), "JOÃO DA SILVA & FILHOS (ME)")


def test_a_pattern_stays_short_enough_for_a_database() -> None:
    assert typed_pattern("a" * 5000) == typed_pattern("a" * MOST_TYPED)


@given(st.text(alphabet=st.characters(max_codepoint=0x24F), max_size=80))
def test_folding_twice_is_folding_once(name: str) -> None:
    assert fold(fold(name)) == fold(name)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 3, 10, 2, 59, tzinfo=UTC), date(2026, 3, 9)),
        (datetime(2026, 3, 10, 3, 0, tzinfo=UTC), date(2026, 3, 10)),
        (datetime(2027, 1, 1, 0, 0, tzinfo=UTC), date(2026, 12, 31)),
    ],
)
def test_today_is_the_day_in_brasilia(moment: datetime, day: date) -> None:
    assert day_of(moment) == day


@pytest.mark.parametrize(
    ("first", "last", "span"),
    [
        (date(2026, 3, 10), date(2026, 3, 12), (date(2026, 3, 7), date(2026, 3, 15))),
        (date(1, 1, 3), date(9999, 12, 30), (date.min, date.max)),
    ],
)
def test_days_around_end_where_the_calendar_does(first: date, last: date, span: tuple[date, date]) -> None:
    assert around(first, last, timedelta(days=3)) == span


def test_a_day_ends_at_midnight_in_brasilia() -> None:
    assert end_of(date(2026, 3, 10)) == datetime(2026, 3, 11, 3, 0, tzinfo=UTC)
