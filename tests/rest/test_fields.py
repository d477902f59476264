"""Fields of an answer: tolerant where Bling is loose, exact where we rely on it."""

from datetime import date
from decimal import Decimal

import pytest

from integrations.rest.errors import InternalError
from integrations.rest.fields import Fields


def test_money_comes_from_numbers_and_texts_without_float_noise() -> None:
    fields = Fields({"a": Decimal("10.10"), "b": "7", "c": 3, "d": Decimal("1.005")}, "x")
    assert [fields.money(name) for name in "abcd"] == [
        Decimal("10.10"), Decimal("7.00"), Decimal("3.00"), Decimal("1.01"),
    ]  # fmt: skip


@pytest.mark.parametrize("value", ["", None, "0000-00-00", "-0001-11-30", "31/31"])
def test_absent_and_impossible_days_are_none(value: str | None) -> None:
    assert Fields({"d": value}, "x").day("d") is None


def test_a_day_loses_its_time() -> None:
    assert Fields({"d": "2026-11-21T10:00:00"}, "x").day("d") == date(2026, 11, 21)


@pytest.mark.parametrize(
    ("data", "method", "name"),
    [({}, "integer", "id"), ({}, "money", "valor"), ({"id": "x"}, "integer", "id")],
)
def test_what_is_missing_or_malformed_is_named(data: dict[str, str], method: str, name: str) -> None:
    with pytest.raises(InternalError, match=f"GET /contas/pagar.{name}"):
        getattr(Fields(data, "GET /contas/pagar"), method)(name)


def test_a_list_instead_of_an_object_is_an_error_that_says_so() -> None:
    with pytest.raises(InternalError, match="GET /x") as caught:
        Fields([], "GET /x")
    assert caught.value.code == "no_object"
