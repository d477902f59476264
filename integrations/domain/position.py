"""What was open on a day, by what is known today: balances, and how late they were."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum

from integrations.domain.money import ZERO
from integrations.domain.settlement import READINGS, PaidAmount, PaymentFacts, Reading, as_one
from integrations.domain.titles import TitleStatus

GONE = (TitleStatus.CANCELLED, TitleStatus.DELETED, TitleStatus.RETURNED)


class Age(StrEnum):
    """How long before the day a title was due."""

    NOT_DUE = "not_due"
    MONTH = "1_30"
    TWO_MONTHS = "31_60"
    THREE_MONTHS = "61_90"
    OLDER = "over_90"


def age_on(day: date, due: date | None) -> Age:
    """Return the age of a title on a day; one without a due date is not due."""
    late = (day - due).days if due else 0
    steps = ((0, Age.NOT_DUE), (30, Age.MONTH), (60, Age.TWO_MONTHS), (90, Age.THREE_MONTHS))
    return next((age for most, age in steps if late <= most), Age.OLDER)


def paid_off(payments: Sequence[PaymentFacts], principal: Decimal) -> list[tuple[date, Decimal]]:
    """Return the days of payments and what each paid off the title's value, in the reading that makes `principal` of
    them all; where none does, what Bling says was paid."""
    whole = as_one(payments) if payments else None
    every = READINGS[PaidAmount.UNKNOWN] if whole else ()
    fitting = (reading for reading in every if whole is not None and reading.principal(whole) == principal)
    reading = next(fitting, Reading())
    return [(payment.date, reading.principal(payment)) for payment in payments]


def balance_on(
    day: date,
    *,
    status: TitleStatus,
    value: Decimal,
    balance: Decimal | None,
    payments: Iterable[tuple[date, Decimal]],
) -> Decimal:
    """Return what a title that existed on `day` had open then, in reais, never less than zero or more than its value.

    `balance` is Bling's of today. `payments`: the days, and how much of the title's value each paid off. What is
    cancelled, deleted or returned is not open: of a title that became so later, the values are those from before.
    """
    if status in GONE:
        return ZERO
    later = sum((paid for paid_on, paid in payments if paid_on > day), ZERO)
    is_settled = status is TitleStatus.SETTLED
    today = ZERO if is_settled else value if balance is None else balance
    return max(min(today + later, value), ZERO)
