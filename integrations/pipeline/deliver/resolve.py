"""Resolve: look for a write to Kamino whose answer was lost."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from integrations.domain.desired import DesiredTitle, KaminoStatus
from integrations.domain.matching import KaminoTitle, holds, marked
from integrations.domain.persons import DesiredPerson
from integrations.domain.reasons import Problem, Reason
from integrations.kamino.client import KaminoClient
from integrations.models import KaminoConnection, PartPosting, PersonPosting, Posting
from integrations.models.deliveries import TitleUnit
from integrations.pipeline.access import failpoints
from integrations.pipeline.deliver.kamino import KAMINO
from integrations.pipeline.deliver.ready import Unit
from integrations.pipeline.handover.kamino_rows import rows_due
from integrations.pipeline.outbox.destination import Clock
from integrations.pipeline.outbox.lookup import LookUp, look_up

AROUND = timedelta(days=31)


def resolve(client: KaminoClient, kamino: KaminoConnection, unit: Unit, *, clock: Clock) -> None:
    """Look an uncertain unit up; adopt it, let it be sent again, wait for the second look-up, or ask a person."""
    look = partial(_LOOKS[type(unit)], client, kamino, unit)
    look_up(unit, look, to=KAMINO, clock=clock)


def _resolve_title(client: KaminoClient, kamino: KaminoConnection, posting: TitleUnit, look: LookUp) -> None:
    surplus = look.attempt.open_surplus
    if surplus is not None:
        look.ask(Problem(Reason.ANOTHER_ID, {"id": str(surplus)}))
        return
    sent = DesiredTitle.from_json(look.attempt.was_sent)
    before = posting.get_delivered()
    days = sorted({sent.due_date, before.due_date if before else sent.due_date})
    # Somebody may have moved the due date over there in the meantime.
    rows = rows_due(client, sent.direction, days[0] - AROUND, days[-1] + AROUND)
    failpoints.passed("lookup.read")
    if rows is None:
        look.ask(Problem(Reason.NO_LIST, {"code": sent.code}))
    elif posting.kamino_id is None:
        _resolve_creation(kamino, posting, look, sent, marked(rows, sent.code))
    else:
        row = next((row for row in rows if row.kamino_id == posting.kamino_id), None)
        _resolve_change(posting, look, sent, row)


def _resolve_creation(
    kamino: KaminoConnection,
    posting: TitleUnit,
    look: LookUp,
    sent: DesiredTitle,
    found: list[KaminoTitle],
) -> None:
    taken = set(
        Posting.objects.filter(
            kamino_connection=kamino, direction=posting.direction, kamino_id__in=[row.kamino_id for row in found]
        ).values_list("kamino_id", flat=True)
    )
    free = [row for row in found if row.kamino_id not in taken]
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


def _resolve_change(posting: TitleUnit, look: LookUp, sent: DesiredTitle, row: KaminoTitle | None) -> None:
    cancelled = sent.status is KaminoStatus.CANCELLED
    done = row is None if cancelled else row is not None and holds(row, sent)
    if done:
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


def _resolve_person(client: KaminoClient, _kamino: KaminoConnection, row: PersonPosting, look: LookUp) -> None:
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


_LOOKS: Mapping[type[Unit], Callable[[KaminoClient, KaminoConnection, Any, LookUp], None]] = {
    Posting: _resolve_title,
    PartPosting: _resolve_title,
    PersonPosting: _resolve_person,
}
