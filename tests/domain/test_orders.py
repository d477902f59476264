"""Orders sum to the cent, and are stored without loss."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.domain.money import CENT, ZERO
from integrations.domain.orders import (
    DesiredOrder,
    NoSumError,
    OrderItem,
    OrderParcel,
    check_parcels,
    new_reference,
    split,
    total_of,
)

DAY = date(2026, 12, 10)
ITEMS = (
    OrderItem("A", "Visita", Decimal("2"), Decimal("12.50")),
    OrderItem("B", "Peça", Decimal("0.5"), Decimal("10")),
)
ORDER = DesiredOrder(DAY, ITEMS, (OrderParcel(DAY, Decimal("34.00"), "Boleto"),), "BK-ABC", Decimal("3"), Decimal("7"))


def test_what_bling_sums() -> None:
    """30.00 of items, 10 % off the items alone, 7.00 of freight: 34.00."""
    assert ORDER.total == Decimal("34.00")


def test_a_fraction_of_a_cent_is_refused() -> None:
    with pytest.raises(NoSumError, match="itens"):
        total_of([OrderItem("A", "", Decimal("1.5"), Decimal("3.33"))], ZERO, ZERO, ZERO)


@pytest.mark.parametrize("discount", ["30", "31"])
def test_nothing_is_no_total(discount: str) -> None:
    with pytest.raises(NoSumError, match="total"):
        total_of(ITEMS, Decimal(discount), ZERO, ZERO)


@pytest.mark.parametrize("values", [["33.99"], ["34.01"], ["34.00", "0.00"], ["35.00", "-1.00"], []])
def test_parcels_that_do_not_sum_are_refused(values: list[str]) -> None:
    with pytest.raises(NoSumError, match="parcelas"):
        check_parcels([OrderParcel(DAY, Decimal(value), "Pix") for value in values], ORDER.total)


@given(st.integers(1, 10**10), st.integers(1, 60))
def test_parts_sum_to_the_whole(cents: int, count: int) -> None:
    total = Decimal(cents) * CENT
    if cents < count:
        with pytest.raises(NoSumError):
            split(total, count)
        return
    parts = split(total, count)
    assert sum(parts) == total
    assert max(parts) - min(parts) < count * CENT
    assert min(parts) >= CENT


def test_it_is_stored_without_loss() -> None:
    read = DesiredOrder.from_json(ORDER.to_json())
    assert (read, read.total, read.fingerprint) == (ORDER, ORDER.total, ORDER.fingerprint)
    assert len({new_reference() for _ in range(50)}) == 50


def test_each_line_is_of_whole_cents() -> None:
    """Bling may round each line: two of 4.995 would be 10.00 there."""
    with pytest.raises(NoSumError, match="itens"):
        total_of([OrderItem("A", "", Decimal("1.5"), Decimal("3.33"))] * 2, ZERO, ZERO, ZERO)
