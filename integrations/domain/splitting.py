"""Splitting ("Desdobrar"): a title paid in several payments becomes several Kamino titles, each settled once.

The Kamino title of the Bling title falls to what is still open (or to its last payment); every other payment is a
settled title of its own. Together they always have the value of the Bling title. A payment that Kamino holds as a
title of its own stays one, whatever Bling or the company's choice say later.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from integrations.domain.desired import DesiredPayment, DesiredTitle, KaminoStatus, describe, payment_note
from integrations.domain.money import ZERO
from integrations.domain.reasons import Problem, Reason
from integrations.domain.settlement import (
    READINGS,
    PaidAmount,
    PaymentFacts,
    Reading,
    Settlement,
    as_one,
    is_fee_unsure,
    moved,
    overpaid,
    readings,
)
from integrations.domain.titles import TitleFacts, TitleStatus


@dataclass(frozen=True)
class Part:
    """One payment as a title of its own, in reais: `value` is what it paid off the title's value, `amount` the money
    that moved."""

    payment: PaymentFacts
    value: Decimal
    amount: Decimal


@dataclass(frozen=True)
class Split:
    """What stays with the title itself (`rest`, and its settlement if it is paid), and its new parts."""

    rest: Decimal
    parts: tuple[Part, ...] = ()
    settlement: Settlement | None = None


def split(
    title: TitleFacts,
    payments: Sequence[PaymentFacts],
    problems: Sequence[Problem],
    existing: Mapping[int, Decimal],
    *,
    divides: bool,
    closed_until: date | None,
    meaning: PaidAmount = PaidAmount.UNKNOWN,
) -> tuple[Split | None, list[Problem]]:
    """Divide a title by its payments, or return `None` where it is settled as one.

    `problems` are those of `match_payments`. `existing`: the values of the parts that Kamino holds or may be about to
    hold, by borderô. `divides`: new parts may be made of this title. `meaning`: what `valorPago` is in this account.
    """
    held = title.value - sum(existing.values(), ZERO)
    whole = Split(held) if existing else None
    gone = existing.keys() - set(title.bordero_ids)
    if gone:
        ids = ", ".join(str(bordero) for bordero in sorted(gone))
        return whole, [Problem(Reason.PART_REVERSED, {"ids": ids})]
    if problems or len(payments) < len(title.bordero_ids):
        return whole, [*problems] if problems or whole is None else [Problem(Reason.PAYMENTS_UNREAD)]
    new = [payment for payment in payments if payment.bordero_id not in existing]
    is_settled = title.status is TitleStatus.SETTLED
    groups = _by_day_and_account(new)
    is_one = not existing and is_settled and len(groups) == 1
    if not divides or is_one or not (is_settled or title.status is TitleStatus.PARTIAL):
        return whole, []
    made, found = _parts(title, new, held, is_settled, meaning)
    if closed_until is not None and any(payment.date <= closed_until for payment in new):
        return Split(held), [*found, Problem(Reason.CLOSED_PERIOD_FOR_PARTS, {"date": str(closed_until)})]
    if made is None:
        return Split(held), found
    last = groups[-1] if is_settled else []
    parts = tuple(part for part in made if part.payment not in last)
    rest = held - sum((part.value for part in parts), ZERO)
    return Split(rest, parts, _as_one([part for part in made if part.payment in last])), found


def _as_one(parts: Sequence[Part]) -> Settlement | None:
    """Return the parts of one day and account as the settlement of the title itself."""
    if not parts:
        return None
    return replace(as_one([part.payment for part in parts]), amount=sum((part.amount for part in parts), ZERO))


def _by_day_and_account(payments: Sequence[PaymentFacts]) -> list[list[PaymentFacts]]:
    groups: dict[tuple[date, int], list[PaymentFacts]] = {}
    for payment in sorted(payments, key=lambda payment: (payment.date, payment.bordero_id)):
        groups.setdefault((payment.date, payment.account_id), []).append(payment)
    return list(groups.values())


def _parts(
    title: TitleFacts, new: Sequence[PaymentFacts], held: Decimal, is_settled: bool, meaning: PaidAmount
) -> tuple[list[Part] | None, list[Problem]]:
    """Return what each new payment paid off and moved; `None` where no reading makes the balance, or several do that
    divide the value in different ways."""
    paid = sum((payment.amount for payment in new), ZERO)
    sums = {"paid": str(paid), "value": str(held)}
    if title.balance is None or held <= ZERO:
        return None, [Problem(Reason.PAYMENTS_DO_NOT_ADD_UP, sums)]
    owed = held - (ZERO if is_settled else title.balance)
    fitting = [reading for reading in READINGS[meaning] if _principal(new, reading) == owed]
    ways = {tuple(reading.principal(payment) for payment in new) for reading in fitting}
    ways = {way for way in ways if all(value > ZERO for value in way)}
    if len(ways) > 1 or is_fee_unsure(title.direction, new, fitting, meaning):
        return None, [Problem(Reason.PAID_AMOUNT_UNSURE, sums)]
    found: list[Problem] = []
    if ways:
        values = zip(new, ways.pop(), strict=True)
        parts = [Part(payment, value, moved(payment, value)) for payment, value in values]
    else:
        parts, found = _overpaid(new, owed, meaning) if is_settled else [], [Problem(Reason.OVERPAID, sums)]
    is_wrong = any(min(part.payment.amount, part.value, part.amount) <= ZERO for part in parts)
    if is_wrong or (found and not parts):
        return None, [Problem(Reason.PAYMENTS_DO_NOT_ADD_UP, sums)]
    return parts, found


def _principal(payments: Iterable[PaymentFacts], reading: Reading) -> Decimal:
    return sum((reading.principal(payment) for payment in payments), ZERO)


def _overpaid(new: Sequence[PaymentFacts], owed: Decimal, meaning: PaidAmount) -> list[Part]:
    """Return the parts of payments that made more than is owed in every reading: the latest one paid off the rest."""
    if any(_principal(new, reading) <= owed for reading in READINGS[meaning]):
        return []
    latest = max(new, key=lambda payment: (payment.date, payment.bordero_id))
    rest = owed - sum((payment.amount for payment in new if payment is not latest), ZERO)
    return [Part(payment, rest if payment is latest else payment.amount, overpaid(payment, meaning)) for payment in new]


def desire_part(main: DesiredTitle, title: TitleFacts, part: Part, *, account: str, person_name: str) -> DesiredTitle:
    """Return the settled Kamino title of one payment: as its title, with the payment's own code, value and note."""
    code = f"{main.code}-{part.payment.bordero_id}"
    return replace(
        main,
        code=code,
        description=describe(title, person_name, code),
        value=part.value,
        status=KaminoStatus.SETTLED,
        payment=DesiredPayment(part.payment.date, part.amount, account),
        note=payment_note(part.payment),
    )


def differs(delivered: DesiredTitle, payments: Sequence[PaymentFacts], bordero_id: int) -> bool:
    """Say whether Bling now shows another day or amount for a payment that Kamino holds as a part."""
    sent = delivered.payment
    now = next((payment for payment in payments if payment.bordero_id == bordero_id), None)
    if now is None or sent is None:
        return now is not None
    # A part keeps its value, so what moved says nothing unless this payment can still have paid just that off.
    # `valorPago` itself was sent for what was overpaid, and by 0.2 always.
    values = {delivered.value, now.amount} & readings(now)
    amounts = {now.amount, *(moved(now, value) for value in values)}
    return (now.date, payment_note(now)) != (sent.date, delivered.note) or sent.amount not in amounts
