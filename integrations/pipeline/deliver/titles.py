"""Deliver one title: create it, or read what Kamino has, check that it may be changed, and write it whole."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from integrations.domain.classification import CLASSIFIED
from integrations.domain.delivery import Operation, Outcome, next_step
from integrations.domain.desired import DesiredTitle, KaminoStatus
from integrations.domain.matching import KaminoTitle, as_shown
from integrations.domain.reasons import Reason
from integrations.domain.titles import Direction
from integrations.kamino.client import KaminoClient
from integrations.kamino.listing import Listing, asked
from integrations.models import KaminoSnapshot, PartPosting, Posting
from integrations.models.outbox import Priority
from integrations.pipeline.access.restores import believable_since
from integrations.pipeline.deliver.existing import existing_title
from integrations.pipeline.deliver.kamino import KAMINO
from integrations.pipeline.deliver.locked_periods import refuse_locked
from integrations.pipeline.handover.kamino_rows import store_rows
from integrations.pipeline.handover.title_lists import rows_due
from integrations.pipeline.outbox import record
from integrations.pipeline.outbox.claim import Claimed, claim
from integrations.rest.errors import ConflictError, InternalError

Clock = Callable[[], datetime]
SNAPSHOT_AGE = timedelta(minutes=10)


def deliver_title(client: KaminoClient, posting: Posting, person_id: int, *, clock: Clock) -> None:
    """Claim and send one posting; a posting that needs no call is only marked."""
    desired, before = posting.get_desired(), posting.get_delivered()
    step = next_step(desired, before)
    if step.operation is None:
        record.already_delivered(posting, clock())
        return
    claimed = claim(posting, step.operation, settles=desired.status is KaminoStatus.SETTLED, now=clock(), to=KAMINO)
    if claimed is None:
        return
    with record.outcome_of(claimed, clock):
        if before is None or posting.kamino_id is None:
            _create(client, claimed, posting, desired, person_id, clock)
        else:
            _change(client, claimed, posting, desired, before, person_id, clock)


def deliver_part(client: KaminoClient, part: PartPosting, *, clock: Clock) -> None:
    """Claim and create one settled title of a payment; its person is in Kamino, as the title it belongs to is."""
    person_id = part.posting.kamino_person_id
    claimed = claim(part, Operation.CREATE, settles=True, now=clock(), to=KAMINO)
    if claimed is None:
        return
    with record.outcome_of(claimed, clock):
        if person_id is None:
            raise InternalError("a part without a person", service="Kamino")
        _create(client, claimed, part, part.get_desired(), person_id, clock)


def _create(
    client: KaminoClient,
    claimed: Claimed,
    posting: Posting | PartPosting,
    desired: DesiredTitle,
    person_id: int,
    clock: Clock,
) -> None:
    row = existing_title(client, claimed, desired, person_id, clock)
    if row is not None:
        held, adopted = as_shown(row, desired), Outcome.ADOPTED
        record.delivered(claimed, remote_id=row.kamino_id, held=held, now=clock(), outcome=adopted)
        return
    refuse_locked(client, posting, desired, clock)
    record.may_send(claimed, clock, desired)
    kamino_id = client.save_title(desired, person_id=person_id)
    record.delivered(claimed, remote_id=kamino_id, held=desired, now=clock())


def _change(
    client: KaminoClient,
    claimed: Claimed,
    posting: Posting,
    desired: DesiredTitle,
    before: DesiredTitle,
    person_id: int,
    clock: Clock,
) -> None:
    kamino_id = posting.kamino_id or 0
    can_read, row = current_row(client, posting, before, clock)
    if can_read and is_adoptable(row, desired):
        record.delivered(claimed, remote_id=kamino_id, held=desired, now=clock(), outcome=Outcome.ADOPTED)
        return
    if can_read:
        refuse_conflicts(row, desired)
    refuse_locked(client, posting, desired, clock)
    is_cancelled = desired.status is KaminoStatus.CANCELLED
    sent = keep_edits(desired, before, row) if row and not is_cancelled else desired
    record.may_send(claimed, clock, sent)
    if is_cancelled:
        client.cancel_title(desired.direction, kamino_id)
    else:
        client.save_title(sent, person_id=person_id, kamino_id=kamino_id, current=row.raw if row else None)
    _forget_snapshot(posting)
    record.delivered(claimed, remote_id=kamino_id, held=desired, now=clock())


def current_row(
    client: KaminoClient, posting: Posting, before: DesiredTitle, clock: Clock
) -> tuple[bool, KaminoTitle | None]:
    """Return whether Kamino's list can be read, and this title's row at most ten minutes old.

    One page by due date serves all titles of that day. What a person asked for is read after they asked: they may just
    have changed it over there. Where Kamino has no list, the last body that we wrote stands in.
    """
    direction = Direction(posting.direction)
    oldest = believable_since(clock() - SNAPSHOT_AGE)
    if posting.priority == Priority.PERSON:
        oldest = max(oldest, posting.planned_at)
    snapshot = KaminoSnapshot.objects.filter(
        kamino_connection=posting.kamino_connection_id,
        direction=direction,
        kamino_id=posting.kamino_id or 0,
        read_at__gte=oldest,
    ).first()
    if snapshot is not None:
        return True, snapshot.to_title()

    def ask() -> Listing[KaminoTitle] | None:
        read_at, day = clock(), before.due_date
        listing = rows_due(client, posting.kamino_connection_id, direction, day, day, clock=clock)
        if listing is not None:
            store_rows(posting.kamino_connection_id, direction, listing.rows, read_at=read_at)
        return listing

    found = asked(ask, lambda row: row.kamino_id == posting.kamino_id)
    return found is not None, next(iter(found or []), None)


def is_adoptable(row: KaminoTitle | None, desired: DesiredTitle) -> bool:
    """Say whether Kamino already shows the very settlement that we would send (made by a person over there)."""
    return (
        row is not None
        and desired.payment is not None
        and row.status is KaminoStatus.SETTLED
        and row.payment_date == desired.payment.date
        and row.paid_amount == desired.payment.amount
    )


def refuse_conflicts(row: KaminoTitle | None, desired: DesiredTitle) -> None:
    """Raise `ConflictError` when Kamino's state forbids the write; settled or reconciled titles are not rewritten."""
    code: Reason | None = None
    if row is None:
        code = Reason.GONE_FROM_KAMINO
    elif row.status is KaminoStatus.UNKNOWN:
        code = Reason.UNKNOWN_IN_KAMINO
    elif row.status is KaminoStatus.SETTLED:
        code = Reason.PAID_DIFFERENTLY if desired.status is KaminoStatus.SETTLED else Reason.PAID_IN_KAMINO
    elif row.reconciled:
        code = Reason.RECONCILED
    elif row.may_be_paid:
        code = Reason.SCHEDULED
    elif row.awaits_approval:
        code = Reason.AWAITING_APPROVAL
    if code is not None:
        raise ConflictError(code.value, service="Kamino", code=code)


def keep_edits(desired: DesiredTitle, before: DesiredTitle, row: KaminoTitle) -> DesiredTitle:
    """Keep what people changed in Kamino: description, classification, cost center and unit are ours only while
    Kamino still holds what we last wrote. Value, due date and status are always Bling's."""
    changes: dict[str, Any] = {}
    for name in ("description", *CLASSIFIED):
        theirs = getattr(row, name)
        if theirs and theirs != (getattr(before, name) or ""):
            changes[name] = theirs
    return replace(desired, **changes)


def _forget_snapshot(posting: Posting) -> None:
    KaminoSnapshot.objects.filter(
        kamino_connection=posting.kamino_connection_id, direction=posting.direction, kamino_id=posting.kamino_id or 0
    ).delete()
