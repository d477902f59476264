"""What became of a program's request: one answer for its repetition, its window and what it is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db import transaction

from integrations.domain.delivery import DeliveryState
from integrations.domain.reasons import Reason
from integrations.models import BlingAttempt, PayableWrite, WriteBatch
from integrations.models.outbox import NO_REASON


class Ended(StrEnum):
    """BOOKED: Bling has all of it. REFUSED: Bling has nothing of it, and refused it. LEFT_OUT: a person said that it is
    not to be sent. PARTLY: Bling has some, and the rest was refused or left out. HELD: a person decides. NOT_YET."""

    BOOKED = "booked"
    REFUSED = "refused"
    LEFT_OUT = "left_out"
    PARTLY = "partly"
    DUPLICATE = "duplicate"
    HELD = "held"
    NOT_YET = "not_yet"


@dataclass(frozen=True)
class Outcome:
    """How a request ended, its rows in order, and what Bling said where it refused one."""

    ended: Ended
    rows: Sequence[PayableWrite]
    said: str = ""


def outcome_of(batch: WriteBatch) -> Outcome:
    """Return what became of a batch, by its rows as they are now."""
    found = PayableWrite.objects.filter(batch=batch).select_related("batch", "supplier", "connection__writing")
    rows = list(found.order_by("position", "pk"))
    unknown = set(
        BlingAttempt.objects.filter(payable__batch=batch, outcome__in=BlingAttempt.UNRESOLVED).values_list(
            "payable", flat=True
        )
    )
    booked = [row for row in rows if row.bling_id is not None]
    if len(booked) == len(rows):
        return Outcome(Ended.BOOKED, rows)
    rest = [row for row in rows if row.bling_id is None]
    refused = [row for row in rest if _is_refused(row) and row.pk not in unknown]
    left_out = [row for row in rest if row.state == DeliveryState.IGNORED and row.pk not in unknown]
    said = _said(refused)
    if booked and (refused or left_out):
        return Outcome(Ended.PARTLY, rows, said)
    if any(row.state == DeliveryState.NEEDS_HUMAN and row.reason == Reason.POSSIBLE_DUPLICATE for row in rest):
        return Outcome(Ended.DUPLICATE, rows)
    # Once a batch was stopped, nothing of it is claimed any more: what waits there is not on its way.
    is_stopped = WriteBatch.objects.filter(pk=batch.pk).exclude(state=WriteBatch.State.SENDING).exists()
    waiting = [row for row in rest if row.state == DeliveryState.READY and row.pk not in unknown]
    if refused and not booked and len(refused) + len(left_out) + (len(waiting) if is_stopped else 0) == len(rows):
        return Outcome(Ended.REFUSED, rows, said)
    if len(left_out) == len(rows):
        return Outcome(Ended.LEFT_OUT, rows)
    if not booked and len(waiting) == len(rows) and _is_supplier_refused(rows[0]):
        supplier = rows[0].supplier
        return Outcome(Ended.REFUSED, rows, str(supplier.reason_params.get("message", "")) if supplier else "")
    if any(_is_stuck(row) for row in rest):
        return Outcome(Ended.HELD, rows)
    return Outcome(Ended.NOT_YET, rows)


def end_refused(batch: WriteBatch) -> bool:
    """Take a batch back that Bling refused whole, so that nobody sends it beside what its program sends corrected;
    false where somebody decided otherwise meanwhile."""
    with transaction.atomic():
        WriteBatch.objects.select_for_update().get(pk=batch.pk)
        list(PayableWrite.objects.select_for_update(of=("self",)).filter(batch=batch).order_by("pk"))
        outcome = outcome_of(batch)
        if outcome.ended is not Ended.REFUSED:
            return False
        PayableWrite.objects.filter(batch=batch).update(state=DeliveryState.IGNORED, **NO_REASON)
        WriteBatch.objects.filter(pk=batch.pk).update(state=WriteBatch.State.DISCARDED, reason=outcome.said)
    return True


def _is_refused(row: PayableWrite) -> bool:
    return row.state == DeliveryState.NEEDS_HUMAN and row.reason == Reason.REFUSED


def _is_supplier_refused(row: PayableWrite) -> bool:
    supplier = row.supplier
    if supplier is None or supplier.state != DeliveryState.NEEDS_HUMAN or supplier.reason != Reason.REFUSED:
        return False
    return not supplier.attempts.filter(outcome__in=BlingAttempt.UNRESOLVED).exists()


def _is_stuck(row: PayableWrite) -> bool:
    supplier = row.supplier
    is_supplier_stuck = supplier is not None and supplier.state == DeliveryState.NEEDS_HUMAN
    return row.state in (DeliveryState.NEEDS_HUMAN, DeliveryState.HELD) or is_supplier_stuck


def _said(rows: Sequence[PayableWrite]) -> str:
    return str(rows[0].reason_params.get("message", "")) if rows else ""
