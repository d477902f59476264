"""Resolve: look for a write to Kamino whose answer was lost."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import Q

from integrations.domain.calendar import around
from integrations.domain.desired import MARKER, DesiredTitle, KaminoStatus
from integrations.domain.matching import KaminoTitle, holds, marked
from integrations.domain.persons import DesiredPerson
from integrations.domain.reasons import Problem, Reason
from integrations.kamino.client import KaminoClient
from integrations.models import KaminoConnection, KaminoSnapshot, PartPosting, PersonPosting, Posting
from integrations.models.kamino_units import TitleUnit
from integrations.pipeline.access import failpoints
from integrations.pipeline.access.restores import believable_since
from integrations.pipeline.deliver.kamino import KAMINO
from integrations.pipeline.deliver.ready import Unit
from integrations.pipeline.handover.kamino_absence import ALWAYS, MOVED, prove
from integrations.pipeline.handover.unlinked import unlinked
from integrations.pipeline.outbox.destination import Clock
from integrations.pipeline.outbox.lookup import LookUp, look_up


def resolve(client: KaminoClient, kamino: KaminoConnection, unit: Unit, *, clock: Clock, until: datetime) -> None:
    """Look an uncertain unit up; adopt it, let it be sent again, wait for the second look-up, or ask a person. Nothing
    more is read after `until`: a look-up that needs more time goes on where it stopped."""
    look = partial(_LOOKS[type(unit)], client, kamino, unit, clock, until)
    look_up(unit, look, to=KAMINO, clock=clock)


def _resolve_title(
    client: KaminoClient, kamino: KaminoConnection, posting: TitleUnit, clock: Clock, until: datetime, look: LookUp
) -> None:
    surplus = look.attempt.open_surplus
    if surplus is not None:
        look.ask(Problem(Reason.ANOTHER_ID, {"id": str(surplus)}))
        return
    sent = DesiredTitle.from_json(look.attempt.was_sent)
    before = posting.get_delivered()
    days = [sent.due_date, *([before.due_date] if before else [])]
    since = believable_since(look.began_at)
    proved = partial(prove, client, kamino.pk, sent.direction, since=since, clock=clock, until=until)
    is_listed = proved(around(min(days), max(days), MOVED))
    failpoints.passed("lookup.read")
    if not is_listed:
        look.ask(Problem(Reason.NO_LIST, {"code": sent.code}))
        return
    # Whatever a list showed since then: one of another due date may be ours too.
    shown = KaminoSnapshot.objects.filter(kamino_connection=kamino, direction=posting.direction, read_at__gte=since)
    if posting.kamino_id is None:
        marker = MARKER.format(code=sent.code)
        carriers = Q(code=sent.code[:60]) | Q(description__contains=marker) | Q(note__contains=marker)
        rows = [row.to_title() for row in unlinked(shown.filter(carriers)).order_by("kamino_id")]
        _resolve_creation(kamino, look, sent, marked(rows, sent.code))
        return
    row = shown.filter(kamino_id=posting.kamino_id).first()
    if row is None and sent.status is KaminoStatus.CANCELLED and look.is_last:
        # People may have moved it farther: it is believed gone when no due date at all has it.
        proved(ALWAYS)
        row = shown.filter(kamino_id=posting.kamino_id).first()
    _resolve_change(kamino, posting, look, sent, row.to_title() if row else None)


def _resolve_creation(kamino: KaminoConnection, look: LookUp, sent: DesiredTitle, free: list[KaminoTitle]) -> None:
    if len(free) > 1:
        ids = ", ".join(str(row.kamino_id) for row in free)
        look.ask(Problem(Reason.FOUND_TWICE, {"ids": ids}))
    elif free and free[0].status is KaminoStatus.UNKNOWN:
        look.ask(Problem(Reason.UNKNOWN_IN_KAMINO))
    elif free:
        settled = free[0].status is KaminoStatus.SETTLED
        held = sent if settled or sent.payment is None else replace(sent, status=KaminoStatus.PENDING, payment=None)
        look.adopt(held, free[0].kamino_id)
    elif not look.is_last:
        look.again()
    elif kamino.lists_are_complete:
        look.absent()
    else:
        look.ask(Problem(Reason.NOT_PROVED_ABSENT))


def _resolve_change(
    kamino: KaminoConnection, posting: TitleUnit, look: LookUp, sent: DesiredTitle, row: KaminoTitle | None
) -> None:
    cancelled = sent.status is KaminoStatus.CANCELLED
    if cancelled and row is None and not look.is_last:
        look.again()
    elif cancelled and row is None and not kamino.lists_are_complete:
        # It may be hidden because it was paid meanwhile, and that is why the cancellation failed.
        look.ask(Problem(Reason.NOT_PROVED_ABSENT))
    elif (row is None) if cancelled else (row is not None and holds(row, sent)):
        # What people edited stays theirs: what we wrote counts as ours, as it does when the answer arrives.
        look.adopt(DesiredTitle.from_json(look.attempt.body), posting.kamino_id or 0)
    elif row is None:
        look.ask(Problem(Reason.GONE_FROM_KAMINO))
    elif row.status is KaminoStatus.UNKNOWN:
        look.ask(Problem(Reason.UNKNOWN_IN_KAMINO))
    elif not look.is_last:
        look.again()
    elif row.status is KaminoStatus.PENDING:
        # Twice seen unpaid and unchanged long after the call: it did not happen.
        look.absent()
    else:
        look.ask(Problem(Reason.PAID_DIFFERENTLY))


def _resolve_person(
    client: KaminoClient, _kamino: KaminoConnection, row: PersonPosting, _clock: Clock, _until: datetime, look: LookUp
) -> None:
    sent = DesiredPerson.from_json(look.attempt.was_sent)
    surplus = look.attempt.open_surplus
    if surplus is not None and client.person(surplus) is not None:
        look.ask(Problem(Reason.ANOTHER_ID, {"id": str(surplus)}))
        return
    if row.kamino_id is not None:
        look.absent()  # saving the same whole person again changes nothing
        return
    if not sent.document:
        look.ask(Problem(Reason.NO_DOCUMENT))
        return
    found = client.persons_with_document(sent.document)
    if len(found) == 1:
        look.adopt(sent, found[0].kamino_id)
    elif found:
        look.ask(Problem(Reason.PERSON_FOUND_TWICE))
    elif not look.is_last:
        look.again()
    else:
        look.absent()


_LOOKS: Mapping[type[Unit], Callable[[KaminoClient, KaminoConnection, Any, Clock, datetime, LookUp], None]] = {
    Posting: _resolve_title,
    PartPosting: _resolve_title,
    PersonPosting: _resolve_person,
}
