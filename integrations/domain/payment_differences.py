"""The one difference between what both sides show of a title's status and payment, if there is one."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from integrations.domain.desired import DesiredPayment, DesiredTitle, KaminoStatus
from integrations.domain.discrepancies import Difference, DiscrepancyKind
from integrations.domain.matching import KaminoTitle
from integrations.domain.money import ZERO
from integrations.domain.titles import UNSETTLED, TitleStatus


@dataclass(frozen=True)
class BlingSide:
    """What Bling shows. `payment`: `None` where its day or amount is not known; `open_value`: what is left of a partly
    paid title. `is_forced`: a person ordered a settlement that Bling does not show."""

    status: KaminoStatus
    value: Decimal
    payment: DesiredPayment | None = None
    open_value: Decimal | None = None
    is_forced: bool = False


@dataclass(frozen=True)
class KaminoSide:
    """What Kamino shows; `paid_from` is the account, "" where its rows do not show it; `is_gone`: its list was proved
    not to have the title. What no list showed since our last write is as it was sent."""

    status: KaminoStatus
    value: Decimal
    paid_on: date | None = None
    paid_amount: Decimal | None = None
    paid_from: str = ""
    may_be_paid: bool = False
    is_gone: bool = False


def bling_side(
    status: TitleStatus, value: Decimal, balance: Decimal | None, *, told: DesiredTitle, wanted: DesiredTitle | None
) -> BlingSide:
    """Return Bling's side of a title. A status that says nothing of money (returned, deleted, unknown) leaves what was
    `told` to Kamino; a payment is what is `wanted` there, or else what was told."""
    if status is TitleStatus.SETTLED:
        payment = (wanted.payment if wanted else None) or told.payment
        return BlingSide(KaminoStatus.SETTLED, value, payment)
    if status in UNSETTLED:
        open_value = (balance or value) if status is TitleStatus.PARTIAL else None
        return BlingSide(KaminoStatus.PENDING, value, open_value=open_value)
    is_cancelled = status is TitleStatus.CANCELLED
    return BlingSide(KaminoStatus.CANCELLED, value) if is_cancelled else as_told(told)


def as_told(told: DesiredTitle) -> BlingSide:
    """Return the side of Bling of what never changes again, such as one payment: it is as it was told to Kamino."""
    return BlingSide(told.status, told.value, told.payment)


def kamino_side(told: DesiredTitle, row: KaminoTitle | None, *, is_gone: bool) -> KaminoSide:
    """Return Kamino's side: the row that a list showed since our last write, else what was told."""
    if is_gone:
        is_over = told.status is KaminoStatus.CANCELLED
        return KaminoSide(told.status, told.value, is_gone=not is_over)
    if row is not None:
        return KaminoSide(
            row.status, row.value, row.payment_date, row.paid_amount, row.payment_account, row.may_be_paid
        )
    paid = told.payment
    if paid is None:
        return KaminoSide(told.status, told.value)
    return KaminoSide(told.status, told.value, paid.date, paid.amount, paid.account)


def payment_difference(bling: BlingSide, kamino: KaminoSide, *, tolerance: Decimal = ZERO) -> Difference | None:
    """Return how the two sides differ in status and payment: one kind at most (`PAYMENT_KINDS`, or the account alone),
    whose values are what each side shows. Amounts that differ by no more than `tolerance` (reais) are equal."""
    if kamino.is_gone:
        is_over = bling.status is KaminoStatus.CANCELLED
        return None if is_over else Difference(DiscrepancyKind.MISSING_IN_KAMINO, str(bling.value), "")
    if bling.status is KaminoStatus.SETTLED:
        return _paid_in_bling(bling, kamino, tolerance)
    if bling.is_forced and kamino.status is not KaminoStatus.CANCELLED:
        kind = DiscrepancyKind.FORCED_SETTLEMENT
        return Difference(kind, bling.status, _payment_text(kamino.paid_on, kamino.paid_amount) or kamino.status)
    if bling.status is KaminoStatus.PENDING and kamino.status is KaminoStatus.SETTLED:
        paid = _payment_text(kamino.paid_on, kamino.paid_amount or kamino.value)
        return Difference(DiscrepancyKind.SETTLED_ONLY_IN_KAMINO, KaminoStatus.PENDING, paid)
    if bling.status is not kamino.status:
        return Difference(DiscrepancyKind.STATUS, bling.status, kamino.status)
    if bling.open_value is not None and abs(kamino.value - bling.open_value) > tolerance:
        left = kamino.value - bling.open_value
        return Difference(DiscrepancyKind.PARTIAL, str(bling.open_value), str(kamino.value), left)
    return None


def _paid_in_bling(bling: BlingSide, kamino: KaminoSide, tolerance: Decimal) -> Difference | None:
    ours = bling.payment
    paid = _payment_text(ours.date, ours.amount) if ours else str(bling.value)
    is_open = kamino.status in (KaminoStatus.PENDING, KaminoStatus.UNKNOWN)
    if is_open and kamino.may_be_paid:
        return Difference(DiscrepancyKind.DOUBLE_PAYMENT_RISK, paid, kamino.status)
    if kamino.status is KaminoStatus.PENDING:
        return Difference(DiscrepancyKind.SETTLED_ONLY_IN_BLING, paid, kamino.status)
    if kamino.status is not KaminoStatus.SETTLED:
        return Difference(DiscrepancyKind.STATUS, bling.status, kamino.status)
    if ours is None:
        return None
    amount = None if kamino.paid_amount is None else kamino.paid_amount - ours.amount
    days = None if kamino.paid_on is None else (kamino.paid_on - ours.date).days
    if amount is not None and abs(amount) <= tolerance and days == 0:
        is_same = not (kamino.paid_from and ours.account) or kamino.paid_from == ours.account
        return None if is_same else Difference(DiscrepancyKind.PAID_FROM, ours.account, kamino.paid_from)
    theirs = _payment_text(kamino.paid_on, kamino.paid_amount)
    return Difference(DiscrepancyKind.PAYMENT, paid, theirs, amount or None, days or None)


def _payment_text(day: date | None, amount: Decimal | None) -> str:
    return " ".join(str(part) for part in (day, amount) if part is not None)
