"""Splitting ("Desdobrar"): a title paid in several payments becomes several Kamino titles, each settled once.

The Kamino title of the Bling title falls to what is still open (or to its last payment); every other payment is a
settled title of its own. Together they always have the value of the Bling title. A payment that Kamino holds as a
title of its own stays one, whatever Bling or the company's choice say later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from integrations.domain.desired import DesiredPayment, DesiredTitle, KaminoStatus, describe, payment_note
from integrations.domain.money import ZERO
from integrations.domain.reasons import Problem, Reason
from integrations.domain.settlement import READINGS, PaymentFacts, Settlement, as_one
from integrations.domain.titles import TitleFacts, TitleStatus


@dataclass(frozen=True)
class Part:
    """One payment as a title of its own; `value` is what it paid off the title's value, in reais."""

    payment: PaymentFacts
    value: Decimal


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
) -> tuple[Split | None, list[Problem]]:
    """Divide a title by its payments, or return `None` where it is settled as one.

    `problems` are those of `match_payments`. `existing`: the values of the parts that Kamino holds or may be about to
    hold, by borderô. `divides`: new parts may be made of this title.
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
    values, found = _values(title, new, held, is_settled)
    if closed_until is not None and any(payment.date <= closed_until for payment in new):
        return Split(held), [*found, Problem(Reason.CLOSED_PERIOD_FOR_PARTS, {"date": str(closed_until)})]
    if values is None:
        return Split(held), found
    last = groups[-1] if is_settled else []
    parts = tuple(Part(payment, values[payment.bordero_id]) for payment in new if payment not in last)
    rest = held - sum((part.value for part in parts), ZERO)
    return Split(rest, parts, as_one(last) if last else None), found


def _by_day_and_account(payments: Sequence[PaymentFacts]) -> list[list[PaymentFacts]]:
    groups: dict[tuple[date, int], list[PaymentFacts]] = {}
    for payment in sorted(payments, key=lambda payment: (payment.date, payment.bordero_id)):
        groups.setdefault((payment.date, payment.account_id), []).append(payment)
    return list(groups.values())


def _values(
    title: TitleFacts, new: Sequence[PaymentFacts], held: Decimal, is_settled: bool
) -> tuple[dict[int, Decimal] | None, list[Problem]]:
    """Return what each new payment paid off, by borderô; `None` where no reading makes the balance."""
    paid = sum((payment.amount for payment in new), ZERO)
    sums = {"paid": str(paid), "value": str(held)}
    if title.balance is None or held <= ZERO or (is_settled and not new):
        return None, [Problem(Reason.PAYMENTS_DO_NOT_ADD_UP, sums)]
    owed = held - (ZERO if is_settled else title.balance)
    for reading in READINGS:  # the one that adds up is taken for all
        values = {payment.bordero_id: reading(payment) for payment in new}
        if sum(values.values(), ZERO) == owed and all(value > ZERO for value in values.values()):
            return values, []
    latest = max(new, key=lambda payment: (payment.date, payment.bordero_id), default=None)
    others = sum((payment.amount for payment in new if payment is not latest), ZERO)
    if is_settled and latest is not None and paid > owed > others and all(payment.amount > ZERO for payment in new):
        values = {payment.bordero_id: payment.amount for payment in new}
        return {**values, latest.bordero_id: owed - others}, [Problem(Reason.OVERPAID, sums)]
    return None, [Problem(Reason.PAYMENTS_DO_NOT_ADD_UP, sums)]


def desire_part(main: DesiredTitle, title: TitleFacts, part: Part, *, account: str, person_name: str) -> DesiredTitle:
    """Return the settled Kamino title of one payment: as its title, with the payment's own code, value and note."""
    code = f"{main.code}-{part.payment.bordero_id}"
    return replace(
        main,
        code=code,
        description=describe(title, person_name, code),
        value=part.value,
        status=KaminoStatus.SETTLED,
        payment=DesiredPayment(part.payment.date, part.payment.amount, account),
        note=payment_note(part.payment),
    )


def differs(delivered: DesiredTitle, payments: Sequence[PaymentFacts], bordero_id: int) -> bool:
    """Say whether Bling now shows another day or amount for a payment that Kamino holds as a part."""
    sent = delivered.payment
    now = next((payment for payment in payments if payment.bordero_id == bordero_id), None)
    return now is not None and (sent is None or (now.date, now.amount) != (sent.date, sent.amount))
