"""What people type: days, times and amounts, read in one way."""

from datetime import date, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.domain.typed import FIRST_YEAR, read_amount, read_day, read_time


@pytest.mark.parametrize("text", ["01/12/2026", "1/12/2026", "01/12/26", " 2026-12-01 "])
def test_a_day_is_read_as_in_brazil_or_as_iso_writes_it(text: str) -> None:
    assert read_day(text) == date(2026, 12, 1)


@pytest.mark.parametrize(
    "text",
    ["", "30/02/2026", "12/31/2026", "2026-31-12", "26-12-01", "01-12-2026", "01/12/202", "01/12/0026", "0000-00-00",
     "01/12/20260", "٠١/١٢/٢٠٢٦", "1º/12/2026", "hoje", "01/12/2026 10:00", "\x00"],
)  # fmt: skip
def test_what_is_no_day_is_not_guessed(text: str) -> None:
    assert read_day(text) is None


@given(st.dates(min_value=date(FIRST_YEAR, 1, 1)))
def test_every_day_is_read_back(day: date) -> None:
    assert read_day(day.isoformat()) == read_day(f"{day.day:02}/{day.month:02}/{day.year}") == day


def test_two_digits_are_a_year_of_this_century() -> None:
    assert read_day("31/12/99") == date(2099, 12, 31)


@pytest.mark.parametrize(("text", "found"), [("9:30", time(9, 30)), ("23:59:58", time(23, 59, 58)), ("24:00", None)])
def test_times(text: str, found: time | None) -> None:
    assert read_time(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [("1.234,56", "1234.56"), ("R$ 1234,5", "1234.5"), ("1234.56", "1234.56"), ("1.234", "1234"), ("12,34", "12.34")],
)
def test_amounts(text: str, found: str) -> None:
    assert read_amount(text) == Decimal(found)


@pytest.mark.parametrize("text", ["", "1,234.56", "12.345.6", "-1", "1e3", "NaN", "1,234", "1 234,56", "²"])
def test_what_is_no_amount_is_not_guessed(text: str) -> None:
    assert read_amount(text) is None
