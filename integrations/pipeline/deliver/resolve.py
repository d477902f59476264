"""Resolve: find out what became of a write whose answer was lost. Twice looked up, never blindly repeated."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from integrations.domain.desired import DesiredTitle, KaminoStatus
from integrations.domain.matching import KaminoTitle, holds, marked
from integrations.domain.persons import DesiredPerson
from integrations.domain.reasons import Problem, Reason
from integrations.kamino.client import KaminoClient
from integrations.models import Attempt, KaminoConnection, PartPosting, PersonPosting, Posting, Title
from integrations.pipeline.access import failpoints
from integrations.pipeline.deliver import record
from integrations.pipeline.deliver.claim import Claimed, Unit
from integrations.pipeline.handover.kamino_rows import rows_due
from integrations.pipeline.handover.plan_requests import request_plans
from integrations.rest.errors import ApiError, RateLimitedError

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
LOOKUPS = 2
AROUND = timedelta(days=31)


def resolve(client: KaminoClient, kamino: KaminoConnection, unit: Unit, *, clock: Clock) -> None:
    """Look an uncertain unit up; adopt it, let it be sent again, wait for the second look-up, or ask a person."""
    attempt = unit.attempts.filter(outcome__in=["", Attempt.Outcome.UNCERTAIN]).order_by("-pk").first()
    try:
        if attempt is None:
            _ask(unit, Problem(Reason.NO_RECORD), None, clock)
        elif isinstance(unit, PersonPosting):
            _resolve_person(client, unit, attempt, clock)
        else:
            _resolve_title(client, kamino, unit, attempt, clock)
    except Exception as error:
        if not isinstance(error, ApiError):
            log.exception("look-up crashed", unit=unit.pk)
        log.warning("look-up failed", unit=unit.pk, error=str(error))
        now = clock()
        # While a limit or a breaker holds everybody back, asking again and again only keeps the others from their turn.
        earliest = now + timedelta(seconds=error.seconds) if isinstance(error, RateLimitedError) else now
        ready_at = max(earliest, record.first_look(now))
        type(unit).objects.filter(pk=unit.pk, fence=unit.fence).update(ready_at=ready_at)
    failpoints.passed("lookup.done")


def _resolve_title(
    client: KaminoClient, kamino: KaminoConnection, posting: Posting | PartPosting, attempt: Attempt, clock: Clock
) -> None:
    sent = DesiredTitle.from_json(attempt.body)
    before = posting.get_delivered()
    days = sorted({sent.due_date, before.due_date if before else sent.due_date})
    # Somebody may have moved the due date over there in the meantime.
    rows = rows_due(client, sent.direction, days[0] - AROUND, days[-1] + AROUND)
    failpoints.passed("lookup.read")
    if rows is None:
        _ask(posting, Problem(Reason.NO_LIST, {"code": sent.code}), attempt, clock)
    elif posting.kamino_id is None:
        _resolve_creation(kamino, posting, attempt, sent, marked(rows, sent.code), clock)
    else:
        row = next((row for row in rows if row.kamino_id == posting.kamino_id), None)
        _resolve_change(posting, attempt, sent, row, clock)


def _resolve_creation(
    kamino: KaminoConnection,
    posting: Posting | PartPosting,
    attempt: Attempt,
    sent: DesiredTitle,
    found: list[KaminoTitle],
    clock: Clock,
) -> None:
    taken = set(
        Posting.objects.filter(
            kamino_connection=kamino, direction=posting.direction, kamino_id__in=[row.kamino_id for row in found]
        ).values_list("kamino_id", flat=True)
    )
    free = [row for row in found if row.kamino_id not in taken]
    if len(free) > 1:
        ids = ", ".join(str(row.kamino_id) for row in free)
        _ask(posting, Problem(Reason.FOUND_TWICE, {"ids": ids}), attempt, clock)
    elif free:
        settled = free[0].status is KaminoStatus.SETTLED
        told = sent if settled or sent.payment is None else replace(sent, status=KaminoStatus.PENDING, payment=None)
        _adopt(posting, attempt, told, free[0].kamino_id, clock)
    elif posting.lookups + 1 < LOOKUPS:
        _look_again(posting, clock)
    elif kamino.lists_are_complete:
        _send_again(posting, attempt, clock)
    else:
        _ask(posting, Problem(Reason.NOT_PROVED_ABSENT), attempt, clock)


def _resolve_change(
    posting: Posting | PartPosting, attempt: Attempt, sent: DesiredTitle, row: KaminoTitle | None, clock: Clock
) -> None:
    cancelled = sent.status is KaminoStatus.CANCELLED
    done = row is None if cancelled else row is not None and holds(row, sent)
    if done:
        _adopt(posting, attempt, sent, posting.kamino_id or 0, clock)
    elif row is None:
        _ask(posting, Problem(Reason.GONE_FROM_KAMINO), attempt, clock)
    elif posting.lookups + 1 < LOOKUPS:
        _look_again(posting, clock)
    elif row.status is KaminoStatus.PENDING:
        # Twice seen unpaid and unchanged long after the call: it did not happen.
        _send_again(posting, attempt, clock)
    else:
        _ask(posting, Problem(Reason.PAID_DIFFERENTLY), attempt, clock)


def _resolve_person(client: KaminoClient, row: PersonPosting, attempt: Attempt, clock: Clock) -> None:
    sent = DesiredPerson.from_json(attempt.body)
    if row.kamino_id is not None:
        _send_again(row, attempt, clock)  # saving the same whole person again changes nothing
        return
    if not sent.document:
        _ask(row, Problem(Reason.NO_DOCUMENT), attempt, clock)
        return
    found = client.persons_with_document(sent.document)
    if len(found) == 1:
        _adopt(row, attempt, sent, found[0].kamino_id, clock)
    elif found:
        _ask(row, Problem(Reason.PERSON_FOUND_TWICE), attempt, clock)
    elif row.lookups + 1 < LOOKUPS:
        _look_again(row, clock)
    else:
        _send_again(row, attempt, clock)


def _adopt(unit: Unit, attempt: Attempt, told: DesiredTitle | DesiredPerson, kamino_id: int, clock: Clock) -> None:
    claimed = Claimed(unit, attempt, unit.fence)
    record.delivered(claimed, kamino_id=kamino_id, told=told, now=clock(), outcome=Attempt.Outcome.ADOPTED)


def _look_again(unit: Unit, clock: Clock) -> None:
    type(unit).objects.look_again(unit.pk, unit.fence, look_at=record.first_look(clock()))


def _send_again(unit: Unit, attempt: Attempt, clock: Clock) -> None:
    record.close_attempt(attempt, Attempt.Outcome.TRANSIENT, now=clock(), message="not in Kamino after two look-ups")
    type(unit).objects.resolve_absent(unit.pk, unit.fence)
    if isinstance(unit, Posting):
        request_plans(Title.objects.filter(posting=unit), now=clock())
    else:
        record.tell_titles(unit, clock())


def _ask(unit: Unit, why: Problem, attempt: Attempt | None, clock: Clock) -> None:
    if attempt is not None:
        record.close_attempt(attempt, Attempt.Outcome.UNCERTAIN, now=clock(), message=why.code.value)
    record.needs_human(unit, why=why, now=clock())
