"""How often a payable is due: once, in installments, or again and again; and the due dates that follow from it."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import islice

from integrations.domain.money import CENT

MOST_INSTALLMENTS = 100


class Recurrence(StrEnum):
    """Bling: `ocorrencia` of a payable."""

    ONCE = "once"
    INSTALLMENTS = "installments"
    MONTHLY = "monthly"
    BIMONTHLY = "bimonthly"
    QUARTERLY = "quarterly"
    HALF_YEARLY = "half_yearly"
    YEARLY = "yearly"
    FORTNIGHTLY = "fortnightly"
    WEEKLY = "weekly"


MONTHS = {
    Recurrence.INSTALLMENTS: 1,
    Recurrence.MONTHLY: 1,
    Recurrence.BIMONTHLY: 2,
    Recurrence.QUARTERLY: 3,
    Recurrence.HALF_YEARLY: 6,
    Recurrence.YEARLY: 12,
}
_DAYS = {Recurrence.FORTNIGHTLY: timedelta(days=15), Recurrence.WEEKLY: timedelta(days=7)}
_YEAR = timedelta(days=366)
FENCED = frozenset({Recurrence.WEEKLY})
"""What is offered to nobody: how Bling numbers the days of a week is not known (docs/bling-writes.md)."""


@dataclass(frozen=True)
class Parcel:
    """One installment; `position` counts from 1."""

    position: int
    due_date: date
    value: Decimal


def due_dates(recurrence: Recurrence, first: date, day: int) -> Iterator[date]:
    """Yield the due dates from `first` on; later months use `day`, or their last day where they have no such day. Ends
    with the calendar."""
    yield first
    if recurrence is Recurrence.ONCE:
        return
    number = 1
    while True:
        try:
            yield _nth(recurrence, first, day, number)
        except (OverflowError, ValueError):  # past the last day that there is
            return
        number += 1


def _nth(recurrence: Recurrence, first: date, day: int, number: int) -> date:
    if recurrence in _DAYS:
        return first + _DAYS[recurrence] * number
    months = first.year * 12 + first.month - 1 + MONTHS[recurrence] * number
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day, monthrange(year, month + 1)[1]))


def times_a_year(recurrence: Recurrence) -> int:
    """Return how often at most a payable is due in the year that its first due date begins, always on that day of the
    month; each installment is one of its own."""
    if recurrence in (Recurrence.ONCE, Recurrence.INSTALLMENTS):
        return 1
    if recurrence in _DAYS:
        return -(-_YEAR // _DAYS[recurrence])
    return 12 // MONTHS[recurrence]


def parcels(value: Decimal, first: date, day: int, count: int, *, is_total: bool) -> tuple[Parcel, ...]:
    """Return the installments of a payable.

    `value` is what each is worth, or all of them together (`is_total`): then what does not divide goes into the last.
    Raises `ValueError` where that leaves less than a cent for one, or where the calendar ends.
    """
    dates = list(islice(due_dates(Recurrence.INSTALLMENTS, first, day), count))
    if len(dates) < count:
        raise ValueError("the calendar ends before the last installment")
    each = (value / count).quantize(CENT, rounding="ROUND_DOWN") if is_total else value
    if each < CENT:
        raise ValueError("less than a cent for each installment")
    last = value - each * (count - 1) if is_total else value
    values = [each] * (count - 1) + [last]
    rows = zip(dates, values, strict=True)
    return tuple(Parcel(position, due, worth) for position, (due, worth) in enumerate(rows, 1))


def number_of(document_number: str, position: int, count: int) -> str:
    """Return the document number of one installment, as Bling's API v2 forms it ("NF 12/2")."""
    return f"{document_number}/{position}" if document_number and count > 1 else document_number
