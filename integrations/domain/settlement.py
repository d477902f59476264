"""Settlement: what was really paid on a title, read from borderôs and never inferred from the status.

A borderô line names no title, so lines are matched by contact and document number, and the sum is checked against
value minus balance. Anything ambiguous is a problem for a person, never a guess.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from integrations.domain.money import ZERO
from integrations.domain.reasons import Problem, Reason
from integrations.domain.titles import BorderoFacts, BorderoLine, Direction, TitleFacts, TitleStatus


@dataclass(frozen=True)
class PaymentFacts:
    """One payment of one title; `amount` is Bling's `valorPago`, in reais."""

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
    """A whole settlement as Kamino takes it: one date, one account, and as `amount` the money that moved, in reais."""

    date: date
    account_id: int
    amount: Decimal
    interest: Decimal = ZERO
    discount: Decimal = ZERO
    surcharge: Decimal = ZERO
    fee: Decimal = ZERO


class Paid(Protocol):
    """What was paid, as a line of a borderô, as a payment or as a settlement says it."""

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


class PaidAmount(StrEnum):
    """What `valorPago` of a Bling account means, as far as its company says so: nobody has shown it."""

    UNKNOWN = "unknown"
    PRINCIPAL = "principal"
    NET = "net"


@dataclass(frozen=True)
class Reading:
    """One way to read `valorPago`: whether interest and surcharge are in it, and discount and fee were taken off it."""

    interest: bool = False
    discount: bool = False
    fee: bool = False

    def principal(self, paid: Paid) -> Decimal:
        """Return what was paid off a title's value."""
        extra = paid.interest + paid.surcharge if self.interest else ZERO
        less = (paid.discount if self.discount else ZERO) + (paid.fee if self.fee else ZERO)
        return paid.amount - extra + less


READINGS: dict[PaidAmount, tuple[Reading, ...]] = {
    PaidAmount.UNKNOWN: (
        Reading(),
        Reading(interest=True, discount=True),
        Reading(discount=True),
        Reading(fee=True),
        Reading(interest=True, discount=True, fee=True),
        Reading(discount=True, fee=True),
    ),
    PaidAmount.PRINCIPAL: (Reading(),),
    PaidAmount.NET: (Reading(interest=True, discount=True), Reading(interest=True, discount=True, fee=True)),
}
"""The ways to read `valorPago`, by what it means."""


def readings(paid: Paid) -> set[Decimal]:
    """Return every value that something paid may have been of a title's."""
    return {reading.principal(paid) for reading in READINGS[PaidAmount.UNKNOWN]}


def moved(paid: Paid, principal: Decimal) -> Decimal:
    """Return the money that moved in the account when `principal` was paid off, in reais.

    A fee lowers it in both directions. That is documented for receivables (marketplaces keep it); for payables nobody
    has shown it, so see `is_fee_unsure`.
    """
    return principal + paid.interest + paid.surcharge - paid.discount - paid.fee


def each_moved(payments: Sequence[PaymentFacts], principal: Decimal | None, meaning: PaidAmount) -> list[Decimal]:
    """Return the money that each payment of a title moved, in reais, in the reading that makes `principal` (value minus
    balance, `None` where that was not read) of them all; where none does, as it is sent of what was overpaid."""
    whole = as_one(payments) if payments else None
    fitting = (each for each in READINGS[meaning] if whole is not None and each.principal(whole) == principal)
    reading = next(fitting, None)
    if reading is None:
        return [overpaid(payment, meaning) for payment in payments]
    return [moved(payment, reading.principal(payment)) for payment in payments]


def is_fee_unsure(direction: Direction, paid: Iterable[Paid], fitting: Iterable[Reading], meaning: PaidAmount) -> bool:
    """Say whether nobody knows what the fee of a payable did to the money: it may stand beside what was paid."""
    has_fee = direction is Direction.PAYABLE and any(each.fee for each in paid)
    return has_fee and meaning is PaidAmount.UNKNOWN and any(not reading.fee for reading in fitting)


def match_payments(
    title: TitleFacts, borderos: Sequence[BorderoFacts], alone: Collection[int] = ()
) -> tuple[list[PaymentFacts], list[Problem]]:
    """Find the lines of `borderos` (those that the title names) which belong to this title. `alone` are borderôs that
    no other title names."""
    payments: list[PaymentFacts] = []
    problems: list[Problem] = []
    for bordero in borderos:
        line = _line_of(title, bordero)
        if line is None and bordero.bling_id in alone:
            line = _line_of_another_contact(title, bordero)
        if line is None:
            problems.append(unmatched(title, bordero))
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
    exact = [line for line in candidates if paid in readings(line)]
    distinct = {(line.amount, line.interest, line.discount, line.surcharge, line.fee) for line in exact}
    if len(distinct) == 1 and len(title.bordero_ids) == 1:
        # Lines of the same contact, number and amounts are interchangeable: each title gets one of them.
        return exact[0]
    return None


def names_others(title: TitleFacts, bordero: BorderoFacts) -> bool:
    """Say whether a borderô has lines, and none of the title's customer or supplier."""
    return bool(bordero.lines) and all(line.contact_id != title.contact_id for line in bordero.lines)


def _line_of_another_contact(title: TitleFacts, bordero: BorderoFacts) -> BorderoLine | None:
    """Return the line that can only be this title's, although it names another contact or none: the borderô pays no
    other title, and it alone has just what this one was paid, under no other number."""
    paid = _principal(title)
    if len(title.bordero_ids) != 1 or not names_others(title, bordero):
        return None
    exact = [line for line in bordero.lines if paid in readings(line)]
    numbers = {title.document_number, *(line.document_number for line in exact)} - {""}
    return exact[0] if len(exact) == 1 and len(numbers) < 2 else None


def unmatched(title: TitleFacts, bordero: BorderoFacts) -> Problem:
    """Return why no line of a borderô is known to be a title's."""
    params = {"bordero": str(bordero.bling_id)}
    if not names_others(title, bordero):
        return Problem(Reason.PAYMENT_AMBIGUOUS, params)
    contacts = sorted({line.contact_id for line in bordero.lines if line.contact_id})
    return Problem(Reason.PAYMENT_OF_OTHERS, {**params, "contacts": ", ".join(map(str, contacts)) or "–"})


def _may_be_whole(title: TitleFacts, line: BorderoLine) -> bool:
    """Say whether the only line of a borderô can be this title's: under no number, and no more than it was paid."""
    paid = _principal(title)
    return not line.document_number and (paid is None or min(readings(line)) <= paid)


def _principal(title: TitleFacts) -> Decimal | None:
    """Return what was paid off the title's value by all its payments, or None when the balance was not read."""
    return None if title.balance is None else title.value - title.balance


def settle(
    title: TitleFacts,
    payments: Sequence[PaymentFacts],
    problems: Sequence[Problem],
    meaning: PaidAmount = PaidAmount.UNKNOWN,
) -> tuple[Settlement | None, list[Problem]]:
    """Turn a title's payments into the one settlement that Kamino takes, or say why there is none yet.

    `problems` are those of `match_payments`; payments on several dates or accounts, and partial ones, keep the title
    pending with its full value (the tenant's policy "Manter"). `meaning`: what `valorPago` is in this account.
    """
    if title.status is TitleStatus.PARTIAL:
        paid = sum((payment.amount for payment in payments), ZERO)
        balance = "–" if title.balance is None else str(title.balance)
        return None, [*problems, Problem(Reason.PARTIALLY_PAID, {"paid": str(paid), "balance": balance})]
    if title.status is not TitleStatus.SETTLED or problems:
        return None, list(problems)
    if not title.bordero_ids:
        return None, [Problem(Reason.PAYMENTS_MISSING)]
    if len(payments) < len(title.bordero_ids):
        return None, [Problem(Reason.PAYMENTS_UNREAD)]
    if len({(payment.date, payment.account_id) for payment in payments}) > 1:
        return None, [Problem(Reason.PAYMENTS_SEVERAL, {"count": str(len(payments))})]
    return _checked(title, as_one(payments), meaning)


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


def _checked(title: TitleFacts, paid: Settlement, meaning: PaidAmount) -> tuple[Settlement | None, list[Problem]]:
    """Compare what was paid with value minus balance, in every way that `valorPago` may be read.

    One reading has to make what is owed, and then gives the money that moved; or every one has to be more. Anything
    else may be less than is owed, and is no whole settlement, whatever the status says.
    """
    owed = title.value - (title.balance or ZERO)
    sums = {"paid": str(paid.amount), "value": str(title.value)}
    fitting = [reading for reading in READINGS[meaning] if reading.principal(paid) == owed]
    if is_fee_unsure(title.direction, [paid], fitting, meaning):
        return None, [Problem(Reason.PAID_AMOUNT_UNSURE, sums)]
    amount, found = ZERO, list[Problem]()
    if fitting:
        amount, found = moved(paid, owed), []
    elif all(reading.principal(paid) > owed for reading in READINGS[meaning]):
        amount, found = overpaid(paid, meaning), [Problem(Reason.OVERPAID, sums)]
    if min(paid.amount, amount) <= ZERO:
        return None, [Problem(Reason.PAYMENTS_DO_NOT_ADD_UP, sums)]
    return replace(paid, amount=amount), found


def overpaid(paid: Paid, meaning: PaidAmount) -> Decimal:
    """Return the money that moved where more was paid than is owed: what Bling says, in reais."""
    return moved(paid, paid.amount) if meaning is PaidAmount.PRINCIPAL else paid.amount
