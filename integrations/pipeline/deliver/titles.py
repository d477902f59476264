"""Deliver one title: create it, or read what Kamino has, check that it may be changed, and write it whole."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from integrations.domain.conflicts import (
    as_adopted,
    conflict,
    edited,
    is_adoptable,
    is_in_closed_month,
    is_moved,
    keep_edits,
)
from integrations.domain.delivery import Operation, Outcome, next_step
from integrations.domain.desired import DesiredTitle, KaminoStatus
from integrations.domain.matching import KaminoTitle, as_shown
from integrations.kamino.client import KaminoClient
from integrations.models import KaminoSnapshot, PartPosting, Posting, Title
from integrations.pipeline.deliver.current import current_row, is_proved_gone
from integrations.pipeline.deliver.existing import existing_title
from integrations.pipeline.deliver.kamino import KAMINO
from integrations.pipeline.deliver.locked_periods import refuse_locked
from integrations.pipeline.handover.plan_requests import request_plans
from integrations.pipeline.outbox import record
from integrations.pipeline.outbox.claim import Claimed, claim
from integrations.rest.errors import ConflictError, InternalError

Clock = Callable[[], datetime]


def deliver_title(client: KaminoClient, posting: Posting, person_id: int, *, clock: Clock) -> None:
    """Claim and send one posting; a posting that needs no call is only marked."""
    desired, before = posting.get_desired(), posting.get_delivered()
    operation = next_step(desired, before).operation
    if operation is None and not posting.is_to_be_compared:
        record.already_delivered(posting, clock())
        return
    settles = operation is not None and desired.status is KaminoStatus.SETTLED
    claimed = claim(posting, operation or Operation.UPDATE, settles=settles, now=clock(), to=KAMINO)
    if claimed is None:
        return
    with record.outcome_of(claimed, clock):
        if before is None or posting.kamino_id is None:
            _create(client, claimed, posting, desired, person_id, clock)
            return
        change = _Change(client, claimed, posting, desired, before, person_id, clock)
        if operation is None:
            change.put_right()
        else:
            change.bring()


def deliver_part(client: KaminoClient, part: PartPosting, *, clock: Clock) -> None:
    """Claim and create one settled title of a payment; its person is in Kamino, as the title it belongs to is."""
    person_id = part.posting.kamino_person_id
    claimed = claim(part, Operation.CREATE, settles=True, now=clock(), to=KAMINO)
    if claimed is None:
        return
    with record.outcome_of(claimed, clock):
        if person_id is None:
            raise InternalError("a part without a person", service="Kamino", code="crash")
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


@dataclass
class _Change:
    """A title that Kamino has, on its way from what was sent (`before`) to what is wanted."""

    client: KaminoClient
    claimed: Claimed
    posting: Posting
    desired: DesiredTitle
    before: DesiredTitle
    person_id: int
    clock: Clock

    def bring(self) -> None:
        """Write what is wanted, unless what Kamino shows forbids that, or is it already."""
        can_read, row = self._as_it_is()
        if can_read and (is_adoptable(row, self.desired) or self._is_cancelled_there(row)):
            self._record(Outcome.ADOPTED, as_adopted(row, self.desired))
            return
        if can_read:
            refuse_conflicts(row, self.desired)
        self._write(row)

    def put_right(self) -> None:
        """A person asked for a title of which nothing changed in Bling: write again what was changed in Kamino, of what
        is always Bling's, or of everything where the person said so. What is paid there, or booked in a closed month,
        stays as it is."""
        desired = self.desired
        can_read, row = self._as_it_is()
        is_open = desired.status is KaminoStatus.PENDING
        is_cancelled = desired.status is KaminoStatus.CANCELLED
        # What is paid may be hidden by its list.
        if can_read and row is None and (is_open or (not is_cancelled and self._shows_all)):
            refuse_conflicts(row, desired)
        if row is not None and self._is_corrected(row):
            self._record(Outcome.ADOPTED, desired)
            self._plan_again()
        elif row is not None and self._is_to_be_rewritten(row):
            refuse_conflicts(row, desired)
            self._write(row)
        else:
            record.unchanged(self.claimed, now=self.clock())

    def _is_corrected(self, row: KaminoTitle) -> bool:
        """Say whether people brought a settlement there to what is wanted, of what we do not rewrite."""
        wanted, told = (self.desired.value, self.desired.payment), (self.before.value, self.before.payment)
        shown = row.value, as_adopted(row, self.desired).payment
        return is_adoptable(row, self.desired) and shown == wanted != told

    def _is_to_be_rewritten(self, row: KaminoTitle) -> bool:
        is_open = self.desired.status is KaminoStatus.PENDING
        is_other = is_moved(row, self.desired) or (is_open and self._overwrites and bool(edited(row, self.desired)))
        closed_until = self.posting.kamino_connection.tenant.closed_until
        return is_other and not is_in_closed_month(closed_until, row, self.desired)

    @property
    def _shows_all(self) -> bool:
        return self.posting.kamino_connection.lists_are_complete

    @cached_property
    def _overwrites(self) -> bool:
        return self.posting.overwrites_edits()

    def _as_it_is(self) -> tuple[bool, KaminoTitle | None]:
        to = self.claimed.to
        until = self.clock() + to.lease - 2 * to.longest_call
        return current_row(self.client, self.posting, self.before, clock=self.clock, until=until)

    def _is_cancelled_there(self, row: KaminoTitle | None) -> bool:
        """Say whether people deleted in Kamino what is to be cancelled. A list that may hide what is paid proves
        nothing, and neither do several pages: a person says so then."""
        is_gone = row is None and self._shows_all and self.desired.status is KaminoStatus.CANCELLED
        return is_gone and is_proved_gone(self.posting)

    def _write(self, row: KaminoTitle | None) -> None:
        """`row` is what Kamino shows, `None` where it has no list of such titles."""
        desired, posting, kamino_id = self.desired, self.posting, self.posting.kamino_id or 0
        refuse_locked(self.client, posting, desired, self.clock)
        is_cancelled = desired.status is KaminoStatus.CANCELLED
        keeps = row is not None and not is_cancelled and not self._overwrites
        sent = keep_edits(desired, self.before, row) if row and keeps else desired
        record.may_send(self.claimed, self.clock, sent)
        if is_cancelled:
            self.client.cancel_title(desired.direction, kamino_id)
        else:
            current = row.raw if row else None
            self.client.save_title(sent, person_id=self.person_id, kamino_id=kamino_id, current=current)
        _forget_snapshot(posting)
        self._record(Outcome.DELIVERED, self.desired)

    def _record(self, outcome: Outcome, held: DesiredTitle) -> None:
        kamino_id, now = self.posting.kamino_id or 0, self.clock()
        record.delivered(self.claimed, remote_id=kamino_id, held=held, now=now, outcome=outcome)
        if held != self.desired:
            self._plan_again()

    def _plan_again(self) -> None:
        """Let the plan say what is to be done about what Kamino was found to hold."""
        request_plans(Title.objects.filter(pk=self.posting.title_id), now=self.clock())


def refuse_conflicts(row: KaminoTitle | None, desired: DesiredTitle) -> None:
    """Raise `ConflictError` when Kamino's state forbids the write."""
    code = conflict(row, desired)
    if code is not None:
        raise ConflictError(code.value, service="Kamino", code=code)


def _forget_snapshot(posting: Posting) -> None:
    KaminoSnapshot.objects.filter(
        kamino_connection=posting.kamino_connection_id, direction=posting.direction, kamino_id=posting.kamino_id or 0
    ).delete()
