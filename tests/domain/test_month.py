"""Both systems side by side: sums by place, differences that add up, and what was open on a day."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.domain.confidential import Guard
from integrations.domain.month import Booking, Item, Place, compare_month
from integrations.domain.position import Age, age_on, balance_on, paid_off
from integrations.domain.settlement import PaymentFacts
from integrations.domain.titles import TitleStatus

RENT, ENERGY = Place("A pagar", "Aluguel", "Aluguéis"), Place("A pagar", "Energia", "Energia")
DAY = date(2026, 11, 30)

amounts = st.decimals("0.01", "9999.99", places=2)
bookings = st.builds(Booking, st.sampled_from([RENT, ENERGY]), amounts)
guards = st.builds(Guard, st.booleans(), st.lists(st.sampled_from(["bling:1:1", "bling:1:2"])).map(tuple))
items = st.lists(
    st.builds(
        Item, st.text(max_size=5), st.integers(1, 999), st.none(), guards, st.lists(bookings).map(tuple),
        st.lists(bookings).map(tuple),
    )
)  # fmt: skip


@given(items)
def test_the_differences_of_titles_add_up_to_those_of_their_places(given_items: list[Item]) -> None:
    found = compare_month(given_items)
    for row in found.rows:
        here = [
            difference.difference
            for difference in found.differences
            if (difference.place, difference.item.guard) == (row.place, row.guard)
        ]
        assert sum(here, Decimal(0)) == row.difference
    assert sum(row.bling for row in found.rows) == sum(one.amount for item in given_items for one in item.bling)
    assert sum(row.kamino for row in found.rows) == sum(one.amount for item in given_items for one in item.kamino)


def test_the_same_money_at_another_place_is_two_differences() -> None:
    amount = Decimal("10.00")
    moved = Item("NF 1", 1, 7, Guard(), (Booking(RENT, amount),), (Booking(ENERGY, amount),))
    found = compare_month([moved, Item("NF 2", 2, 8, Guard(), (Booking(RENT, amount),), (Booking(RENT, amount),))])
    assert [(row.place, row.difference, row.titles) for row in found.rows] == [(RENT, -amount, 2), (ENERGY, amount, 1)]
    assert [(one.place, one.item.bling_id, one.difference) for one in found.differences] == [
        (RENT, 1, -amount), (ENERGY, 1, amount),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("late", "age"),
    [(-1, Age.NOT_DUE), (0, Age.NOT_DUE), (1, Age.MONTH), (30, Age.MONTH), (31, Age.TWO_MONTHS),
     (60, Age.TWO_MONTHS), (61, Age.THREE_MONTHS), (90, Age.THREE_MONTHS), (91, Age.OLDER)],
)  # fmt: skip
def test_ages(late: int, age: Age) -> None:
    assert age_on(DAY, DAY - timedelta(days=late)) is age


def test_without_a_due_date_nothing_is_late() -> None:
    assert age_on(DAY, None) is Age.NOT_DUE


BEFORE, AFTER = DAY, DAY + timedelta(days=1)


@pytest.mark.parametrize(
    ("status", "balance", "payments", "expected"),
    [
        (TitleStatus.OPEN, "100", [], "100"),
        (TitleStatus.OPEN, None, [], "100"),
        (TitleStatus.SETTLED, "0", [(BEFORE, "100")], "0"),
        (TitleStatus.SETTLED, "0", [(AFTER, "100")], "100"),
        (TitleStatus.SETTLED, "0", [(BEFORE, "40"), (AFTER, "60")], "60"),
        (TitleStatus.SETTLED, "0", [], "0"),
        (TitleStatus.SETTLED, "0", [(AFTER, "130")], "100"),
        (TitleStatus.PARTIAL, "60", [(BEFORE, "40")], "60"),
        (TitleStatus.PARTIAL, "60", [(AFTER, "40")], "100"),
        (TitleStatus.CANCELLED, "100", [], "0"),
        (TitleStatus.DELETED, "100", [], "0"),
        (TitleStatus.RETURNED, "100", [], "0"),
    ],
)
def test_what_was_open_on_a_day(
    status: TitleStatus, balance: str | None, payments: list[tuple[date, str]], expected: str
) -> None:
    found = balance_on(
        DAY,
        status=status,
        value=Decimal(100),
        balance=None if balance is None else Decimal(balance),
        payments=[(day, Decimal(paid)) for day, paid in payments],
    )
    assert found == Decimal(expected)


@pytest.mark.parametrize(
    ("payments", "principal", "found"),
    [
        pytest.param([("43.00", "3.00"), ("60.00", "0.00")], "100.00", ["40.00", "60.00"], id="interest inside"),
        pytest.param([("40.00", "3.00"), ("60.00", "0.00")], "100.00", ["40.00", "60.00"], id="interest beside"),
        pytest.param([("43.00", "3.00"), ("60.00", "0.00")], "90.00", ["43.00", "60.00"], id="as Bling says"),
        pytest.param([], "100.00", [], id="never paid"),
    ],
)
def test_what_each_payment_paid_off(payments: list[tuple[str, str]], principal: str, found: list[str]) -> None:
    facts = [PaymentFacts(1, DAY, 5, Decimal(amount), interest=Decimal(interest)) for amount, interest in payments]
    assert [(day, str(paid)) for day, paid in paid_off(facts, Decimal(principal))] == [(DAY, each) for each in found]


@pytest.mark.parametrize("status", list(TitleStatus))
@pytest.mark.parametrize("value", [Decimal(-10), Decimal(0), Decimal(10)])
def test_a_balance_stays_between_nothing_and_the_value(value: Decimal, status: TitleStatus) -> None:
    for balance in (None, Decimal(-5), Decimal(5), Decimal(20)):
        for paid in (Decimal(-3), Decimal(3), Decimal(300)):
            found = balance_on(DAY, status=status, value=value, balance=balance, payments=[(AFTER, paid)])
            assert 0 <= found <= max(value, Decimal(0)), (balance, paid)
