"""Due dates and installments."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.domain.occurrences import MONTHS, Recurrence, due_dates, number_of, parcels, times_a_year

cents = st.integers(min_value=1, max_value=10**11).map(lambda number: Decimal(number) / 100)
days = st.dates(min_value=date(2000, 1, 1), max_value=date(2090, 12, 31))


@given(value=cents, first=days, day=st.integers(1, 31), count=st.integers(2, 100))
def test_installments_add_up_to_the_total(value: Decimal, first: date, day: int, count: int) -> None:
    try:
        found = parcels(value, first, day, count, is_total=True)
    except ValueError:
        assert value < Decimal("0.01") * count
        return
    assert sum(parcel.value for parcel in found) == value
    worths = [parcel.value for parcel in found]
    assert min(worths) >= Decimal("0.01")
    assert max(worths) - min(worths) < Decimal("0.01") * count
    assert worths[:-1] == [worths[0]] * (count - 1)


@given(first=days, day=st.integers(1, 31), count=st.integers(2, 100))
def test_each_installment_is_due_a_month_after_the_one_before(first: date, day: int, count: int) -> None:
    dates = [parcel.due_date for parcel in parcels(Decimal(5), first, day, count, is_total=False)]
    assert dates[0] == first
    for before, after in pairwise(dates):
        assert after.year * 12 + after.month == before.year * 12 + before.month + 1
        assert after.day <= day


def test_the_example_of_bling_s_api_v2() -> None:
    found = parcels(Decimal("15.01"), date(2017, 4, 20), 20, 2, is_total=True)
    assert [(parcel.due_date, parcel.value) for parcel in found] == [
        (date(2017, 4, 20), Decimal("7.50")), (date(2017, 5, 20), Decimal("7.51"))
    ]  # fmt: skip
    each = parcels(Decimal("15.00"), date(2017, 4, 20), 20, 2, is_total=False)
    assert [parcel.value for parcel in each] == [Decimal("15.00")] * 2
    assert [number_of("0123456", position, 2) for position in (1, 2)] == ["0123456/1", "0123456/2"]


def test_a_short_month_has_its_last_day() -> None:
    found = parcels(Decimal(3), date(2027, 1, 31), 31, 3, is_total=False)
    assert [parcel.due_date for parcel in found] == [date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31)]


@pytest.mark.parametrize("recurrence", list(Recurrence))
def test_due_dates_rise_and_end_with_the_calendar(recurrence: Recurrence) -> None:
    dates = list(due_dates(recurrence, date(9998, 11, 30), 31))
    assert dates == sorted(set(dates))
    assert dates[0] == date(9998, 11, 30)
    assert (len(dates) == 1) == (recurrence is Recurrence.ONCE)


@pytest.mark.parametrize(("recurrence", "months"), MONTHS.items())
def test_repeated_payables_follow_by_their_months(recurrence: Recurrence, months: int) -> None:
    first, second = islice(due_dates(recurrence, date(2027, 1, 10), 10), 2)
    assert (second.year - first.year) * 12 + second.month - first.month == months


def test_what_has_no_number_keeps_none() -> None:
    assert (number_of("", 1, 3), number_of("NF 1", 1, 1)) == ("", "NF 1")


@given(recurrence=st.sampled_from(Recurrence), first=days)
def test_no_year_holds_more_of_a_payable_that_repeats(recurrence: Recurrence, first: date) -> None:
    if recurrence is Recurrence.INSTALLMENTS:
        assert times_a_year(recurrence) == 1  # each is a title of its own
        return
    due = list(islice(due_dates(recurrence, first, first.day), 60))
    in_a_year = [each for each in due if each < first + timedelta(days=365)]
    assert len(in_a_year) <= times_a_year(recurrence)
