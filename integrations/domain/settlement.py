"""Settlement: what was really paid on a title, read from borderôs and never inferred from the status.

A borderô line names no title, so lines are matched by contact and document number, and the sum is checked against
value minus balance. Anything ambiguous is a problem for a person, never a guess.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

from integrations.domain.money import ZERO
from integrations.domain.reasons import Problem, Reason
from integrations.domain.titles import BorderoFacts, BorderoLine, TitleFacts, TitleStatus


@dataclass(frozen=True)
class PaymentFacts:
    """One payment of one title; `amount` is the money that moved in the account."""

    bordero_id: int
    date: date
    account_id: int
    amount: Decimal
    interest: Decimal = ZERO
    discount: Decimal = ZERO
    surcharge: Decimal = ZERO
    fee: Decimal = ZERO


@dataclass(frozen=True)
class Settlement:
    """A whole settlement as Kamino takes it: one date, one account, one amount."""

    date: date
    account_id: int
    amount: Decimal
    interest: Decimal = ZERO
    discount: Decimal = ZERO
    surcharge: Decimal = ZERO
    fee: Decimal = ZERO


class Paid(Protocol):
    """Money that moved, as a line of a borderô, as a payment or as a settlement says it."""

    @property
    def amount(self) -> Decimal: ...
    @property
    def interest(self) -> Decimal: ...
    @property
    def discount(self) -> Decimal: ...
    @property
    def surcharge(self) -> Decimal: ...
    @property
    def fee(self) -> Decimal: ...


READINGS: tuple[Callable[[Paid], Decimal], ...] = (
    lambda paid: paid.amount,
    lambda paid: paid.amount - paid.interest - paid.surcharge + paid.discount,
    lambda paid: paid.amount + paid.discount,
    lambda paid: paid.amount + paid.fee,
    lambda paid: paid.amount - paid.interest - paid.surcharge + paid.discount + paid.fee,
    lambda paid: paid.amount + paid.discount + paid.fee,
)
"""What was paid off a title's value, read in each way that Bling leaves open: nobody has shown whether `valorPago`
contains interest, surcharge, discount or fee."""


def readings(paid: Paid) -> set[Decimal]:
    """Return every value that some money may have paid off."""
    return {reading(paid) for reading in READINGS}


def match_payments(title: TitleFacts, borderos: Sequence[BorderoFacts]) -> tuple[list[PaymentFacts], list[Problem]]:
    """Find the lines of `borderos` (those that the title names) which belong to this title."""
    payments: list[PaymentFacts] = []
    problems: list[Problem] = []
    for bordero in borderos:
        line = _line_of(title, bordero)
        if line is None:
            problems.append(Problem(Reason.PAYMENT_AMBIGUOUS, {"bordero": str(bordero.bling_id)}))
            continue
        payments.append(
            PaymentFacts(
                bordero.bling_id, bordero.date, bordero.account_id,
                line.amount, line.interest, line.discount, line.surcharge, line.fee,
            )
        )  # fmt: skip
    return payments, problems


def _line_of(title: TitleFacts, bordero: BorderoFacts) -> BorderoLine | None:
    lines = [line for line in bordero.lines if line.contact_id == title.contact_id]
    if len(bordero.lines) == 1 and lines and _may_be_whole(title, lines[0]):
        return lines[0]
    same_number = [line for line in lines if line.document_number == title.document_number]
    if len(same_number) == 1 and title.document_number:
        return same_number[0]
    # An empty or repeated number decides nothing, unless exactly one line has just what this title was paid.
    paid = _principal(title)
    candidates = same_number or lines
    exact = [line for line in candidates if paid is not None and paid in readings(line)]
    distinct = {(line.amount, line.interest, line.discount, line.surcharge, line.fee) for line in exact}
    if exact and len(distinct) == 1 and len(title.bordero_ids) == 1:
        # Lines of the same contact, number and amounts are interchangeable: each title gets one of them.
        return exact[0]
    return None


def _may_be_whole(title: TitleFacts, line: BorderoLine) -> bool:
    """Say whether the only line of a borderô can be this title's: by number, or by no more money than it was paid."""
    if line.document_number:
        return line.document_number == title.document_number or _principal(title) in readings(line)
    paid = _principal(title)
    return paid is None or min(readings(line)) <= paid


def _principal(title: TitleFacts) -> Decimal | None:
    """Return what was paid off the title's value by all its payments, or None when the balance was not read."""
    return None if title.balance is None else title.value - title.balance


def settle(
    title: TitleFacts, payments: Sequence[PaymentFacts], problems: Sequence[Problem]
) -> tuple[Settlement | None, list[Problem]]:
    """Turn a title's payments into the one settlement that Kamino takes, or say why there is none yet.

    `problems` are those of `match_payments`; payments on several dates or accounts, and partial ones, keep the title
    pending with its full value (the tenant's policy "Manter").
    """
    if title.status is TitleStatus.PARTIAL:
        paid = sum((payment.amount for payment in payments), ZERO)
        balance = title.balance if title.balance is not None else ZERO
        return None, [*problems, Problem(Reason.PARTIALLY_PAID, {"paid": str(paid), "balance": str(balance)})]
    if title.status is not TitleStatus.SETTLED or problems:
        return None, list(problems)
    if not title.bordero_ids:
        return None, [Problem(Reason.PAYMENTS_MISSING)]
    if len(payments) < len(title.bordero_ids):
        return None, [Problem(Reason.PAYMENTS_UNREAD)]
    if len({(payment.date, payment.account_id) for payment in payments}) > 1:
        return None, [Problem(Reason.PAYMENTS_SEVERAL, {"count": str(len(payments))})]
    return _checked(title, as_one(payments))


def as_one(payments: Sequence[PaymentFacts]) -> Settlement:
    """Return payments of one day and account as one settlement."""
    return Settlement(
        date=payments[0].date,
        account_id=payments[0].account_id,
        amount=sum((payment.amount for payment in payments), ZERO),
        interest=sum((payment.interest for payment in payments), ZERO),
        discount=sum((payment.discount for payment in payments), ZERO),
        surcharge=sum((payment.surcharge for payment in payments), ZERO),
        fee=sum((payment.fee for payment in payments), ZERO),
    )


def _checked(title: TitleFacts, settlement: Settlement) -> tuple[Settlement | None, list[Problem]]:
    """Compare the sum with value minus balance under every reading that Bling leaves open.

    More money than the title's value is sent and marked; less than it is not a whole settlement, whatever the status
    says.
    """
    owed = title.value - (title.balance or ZERO)
    values = readings(settlement)
    if settlement.amount <= ZERO or max(values) < owed:
        amounts = {"paid": str(settlement.amount), "value": str(title.value)}
        return None, [Problem(Reason.PAYMENTS_DO_NOT_ADD_UP, amounts)]
    if owed not in values:
        return settlement, [Problem(Reason.OVERPAID, {"paid": str(settlement.amount), "value": str(title.value)})]
    return settlement, []
