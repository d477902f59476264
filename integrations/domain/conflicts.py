"""Conflicts: whether what Kamino shows of a title lets it be written, and what of it people changed there."""

from dataclasses import replace
from datetime import date
from typing import Any

from integrations.domain.classification import CLASSIFIED
from integrations.domain.desired import DesiredTitle, KaminoStatus
from integrations.domain.matching import KaminoTitle, as_shown
from integrations.domain.reasons import Reason

EDITABLE = ("description", *CLASSIFIED)
"""What people may change in Kamino for good: ours only while Kamino still holds what we last wrote."""
ENDS_THERE = (
    Reason.PAID_IN_KAMINO, Reason.PAID_DIFFERENTLY, Reason.SCHEDULED, Reason.SCHEDULED_AS_IT_WAS,
    Reason.RECONCILED, Reason.LOCKED_PERIOD,
    Reason.AWAITING_APPROVAL, Reason.UNKNOWN_IN_KAMINO, Reason.GONE_FROM_KAMINO, Reason.CREATION_AWAITS,
    Reason.PAID_AS_SCHEDULED,
)  # fmt: skip
"""Conflicts that are over once Kamino shows the title otherwise: it is looked at again, and goes on by itself."""

GONE = (Reason.GONE_FROM_KAMINO, Reason.CREATION_AWAITS)
"""The title was sought and not found."""
DONE_THERE = (
    Reason.REVERSED_AFTER_SETTLEMENT, Reason.PAID_IN_KAMINO_FIRST, Reason.SETTLEMENT_DIFFERS,
    Reason.CANCELLED_AFTER_SETTLEMENT, Reason.DELETED_IN_BLING, Reason.CANCELLED_WITH_PAYMENT,
)  # fmt: skip
"""What people bring to its end by hand in Kamino: what it shows since then counts, and not what was sent once."""

_ABOUT_TO_BE_PAID = (Reason.SCHEDULED, Reason.SCHEDULED_AS_IT_WAS, Reason.PAID_AS_SCHEDULED)


def conflict(row: KaminoTitle | None, desired: DesiredTitle) -> Reason | None:
    """Return why Kamino's state forbids the write; settled or reconciled titles are not rewritten. `row` is `None` for
    a title that is proved to be gone."""
    if row is None:
        return Reason.GONE_FROM_KAMINO
    if row.status is KaminoStatus.UNKNOWN:
        return Reason.UNKNOWN_IN_KAMINO
    if row.status is KaminoStatus.SETTLED:
        return Reason.PAID_DIFFERENTLY if desired.status is KaminoStatus.SETTLED else Reason.PAID_IN_KAMINO
    if row.reconciled:
        return Reason.RECONCILED
    if row.may_be_paid:
        return Reason.SCHEDULED if desired.status is KaminoStatus.SETTLED else Reason.SCHEDULED_AS_IT_WAS
    return Reason.AWAITING_APPROVAL if row.awaits_approval else None


def is_adoptable(row: KaminoTitle | None, desired: DesiredTitle) -> bool:
    """Say whether Kamino already shows the very settlement that we would send (made by a person over there)."""
    return (
        row is not None
        and desired.payment is not None
        and row.status is KaminoStatus.SETTLED
        and row.payment_date == desired.payment.date
        and row.paid_amount == desired.payment.amount
    )


def as_adopted(row: KaminoTitle | None, desired: DesiredTitle) -> DesiredTitle:
    """Return what Kamino holds of a settlement that people made there: as we would have sent it, from the account that
    they chose."""
    if row is None or desired.payment is None or not row.payment_account:
        return desired
    return replace(desired, payment=replace(desired.payment, account=row.payment_account))


def now_in_the_way(met: Reason, row: KaminoTitle | None, desired: DesiredTitle) -> Reason | None:
    """Return what is in the way of a write that met `met` before, by what Kamino shows by now; `None` when nothing is.

    Whatever Kamino was about to pay, and shows as paid since, may have been paid twice: a person looks, even where day
    and amount are those of Bling.
    """
    if met in _ABOUT_TO_BE_PAID and row is not None and row.status is KaminoStatus.SETTLED:
        return Reason.PAID_AS_SCHEDULED if desired.status is KaminoStatus.SETTLED else Reason.PAID_IN_KAMINO
    return None if is_adoptable(row, desired) else conflict(row, desired)


def held_since(row: KaminoTitle | None, before: DesiredTitle, *, is_proved: bool) -> DesiredTitle | None:
    """Return what Kamino was seen to hold by now of a title that people were to change there by hand; `None` where that
    is what it held before, or cannot be told. `row` is `None` for one that its list does not show: it is gone where the
    list `is_proved` to show every status."""
    if row is None:
        is_gone = is_proved and before.status is not KaminoStatus.CANCELLED
        return replace(before, status=KaminoStatus.CANCELLED, payment=None) if is_gone else None
    if row.status is KaminoStatus.UNKNOWN:
        return None
    shown = as_shown(row, before)
    payment = shown.payment
    if payment is None and row.status is KaminoStatus.SETTLED:
        return None  # it does not show when
    if payment is not None and before.payment is not None and not payment.account:
        payment = replace(payment, account=before.payment.account)  # it does not show where
    held = replace(before, status=shown.status, payment=payment)
    is_same = (held.status, _money(held)) == (before.status, _money(before))
    return None if is_same else held


def part_held_since(
    row: KaminoTitle | None, before: DesiredTitle, *, is_reversed: bool, is_proved: bool
) -> DesiredTitle | None:
    """Return the same of a payment that is a title of its own: one that was reversed in Bling (`is_reversed`) has to be
    gone, another one has to be paid as Kamino shows it by now. Anything else stays a person's task."""
    held = held_since(row, before, is_proved=is_proved)
    ends = KaminoStatus.CANCELLED if is_reversed else KaminoStatus.SETTLED
    return held if held is not None and held.status is ends else None


def _money(title: DesiredTitle) -> tuple[object, ...] | None:
    paid = title.payment
    return (paid.date, paid.amount, paid.account) if paid else None


def keep_edits(desired: DesiredTitle, before: DesiredTitle, row: KaminoTitle) -> DesiredTitle:
    """Keep what people changed in Kamino of what they may change (`EDITABLE`). Value, due date and status are always
    Bling's."""
    changes: dict[str, Any] = {}
    for name in EDITABLE:
        theirs = getattr(row, name)
        if theirs and theirs != (getattr(before, name) or ""):
            changes[name] = theirs
    return replace(desired, **changes)


def edited(row: KaminoTitle, desired: DesiredTitle) -> list[str]:
    """Return the names of what Kamino shows otherwise than we would write it, of what people may change there."""
    return [name for name in EDITABLE if (getattr(row, name) or "").strip() != (getattr(desired, name) or "").strip()]


def is_in_closed_month(closed_until: date | None, *sides: KaminoTitle | DesiredTitle) -> bool:
    """Say whether a title is booked in a closed month, on one of its sides at least: nothing of it is written then that
    Bling did not change, and what Bling changed waits (`domain/desired`)."""
    days = [side.competence_date for side in sides if side.competence_date is not None]
    return closed_until is not None and min(days, default=date.max) <= closed_until


def is_moved(row: KaminoTitle, desired: DesiredTitle) -> bool:
    """Say whether an open title was changed in Kamino in what is always Bling's: value, due date, or that it is still
    there although it was cancelled."""
    if row.status is not KaminoStatus.PENDING:
        return False  # paid, or unknown: shown as a difference, never rewritten
    if desired.status is KaminoStatus.PENDING:
        return row.value != desired.value or row.due_date != desired.due_date
    return desired.status is KaminoStatus.CANCELLED
