"""Record: what came of a claim, at once, each in its own transaction."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from integrations.domain.delivery import DeliveryState
from integrations.domain.desired import DesiredTitle
from integrations.domain.persons import DesiredPerson
from integrations.domain.reasons import Problem, Reason
from integrations.models import Attempt, PartPosting, PersonPosting, Posting, Title
from integrations.models.deliveries import NO_REASON
from integrations.pipeline.access import failpoints
from integrations.pipeline.access.error_texts import failure_of, reason_of
from integrations.pipeline.access.leases import CONFIG_PAUSE, pause_kamino
from integrations.pipeline.deliver.claim import Claimed, Unit
from integrations.pipeline.handover.plan_requests import request_plans
from integrations.rest.errors import (
    ApiError,
    ConfigError,
    ConflictError,
    InternalError,
    RateLimitedError,
    TransientError,
    UncertainError,
)
from integrations.rest.session import TOTAL_TIMEOUT

log = structlog.get_logger(__name__)

MOST_TRIES = 8
FIRST_PAUSE = 30.0
LONGEST_PAUSE = 3600.0


def delivered(
    claimed: Claimed,
    *,
    kamino_id: int,
    told: DesiredTitle | DesiredPerson,
    now: datetime,
    outcome: str = Attempt.Outcome.DELIVERED,
    message: str = "",
) -> None:
    """Record a success. `told` is what Kamino holds now of what we wrote."""
    unit, model = claimed.unit, type(claimed.unit)
    if claimed.is_sent:
        failpoints.passed(f"{claimed.word}.after_write")
    with transaction.atomic():
        moved = model.objects.record_delivered(
            unit.pk, claimed.fence, sent=told.fingerprint, body=told.to_json(), kamino_id=kamino_id
        )
        if isinstance(told, DesiredTitle) and told.payment is None and claimed.attempt.settles:
            # Found open in Kamino: its settlement is still to be sent, and that will be the one.
            Attempt.objects.filter(pk=claimed.attempt.pk).update(settles=False)
        _close(claimed.attempt, outcome, now, message=message, kamino_id=kamino_id)
        if moved:
            _plan_what_waits(unit, told.fingerprint, now)
    if not moved:
        # The answer is kept in the attempt; somebody has to see that two workers wrote.
        log.error("answer after the lease was lost", attempt=claimed.attempt.pk, kamino_id=kamino_id)
    failpoints.passed(f"{claimed.word}.recorded")


def _plan_what_waits(unit: Unit, fingerprint: str, now: datetime) -> None:
    if isinstance(unit, Posting):
        if Posting.objects.filter(pk=unit.pk).exclude(desired_fingerprint=fingerprint).exists():
            # Not `unit.title`: a relaunched title may have taken the posting over while the call was under way.
            request_plans(Title.objects.filter(posting=unit.pk), now=now)
    elif isinstance(unit, PartPosting):
        tell_titles(unit, now)
    else:
        waiting = Title.objects.filter(person_id=unit.person_id).filter(
            Q(posting__state=DeliveryState.HELD) | ~Q(person__posting__desired_fingerprint=fingerprint)
        )
        request_plans(waiting, now=now)


def failed(claimed: Claimed, error: ApiError, *, now: datetime) -> None:
    """Record an error by its kind: try again, look up, or ask a person."""
    log.warning("delivery failed", attempt=claimed.attempt.pk, kind=error.kind, error=str(error))
    unit, objects, fence = claimed.unit, type(claimed.unit).objects, claimed.fence
    why = reason_of(error)
    with transaction.atomic():
        if isinstance(error, UncertainError):
            objects.record_uncertain(unit.pk, fence, why=why, now=now, look_at=first_look(now))
        elif isinstance(error, RateLimitedError):
            ready_at = now + timedelta(seconds=error.seconds)
            objects.record_retry(unit.pk, fence, why=why, now=now, ready_at=ready_at, counts=False)
        elif isinstance(error, ConfigError) and error.code != "unconfirmed":
            objects.record_retry(unit.pk, fence, why=why, now=now, ready_at=now + CONFIG_PAUSE, counts=False)
            pause_kamino(unit.kamino_connection_id, failure_of(error), until=now + CONFIG_PAUSE)
        elif isinstance(error, TransientError) and unit.tries < MOST_TRIES:
            objects.record_retry(unit.pk, fence, why=why, now=now, ready_at=now + pause(unit.tries))
        else:
            why = Problem(Reason.EXHAUSTED) if isinstance(error, TransientError) else why
            objects.record_needs_human(unit.pk, fence, why=why, now=now)
            tell_titles(unit, now)
        kind = "conflict" if isinstance(error, ConflictError) else error.kind
        _close(claimed.attempt, kind, now, message=str(error), status=error.status)


def may_send(claimed: Claimed, clock: Callable[[], datetime]) -> None:
    """Raise `TransientError` when the claim is no longer ours for as long as a call takes: a worker that was paused
    past its lease must write nothing old. To be called right before each write."""
    until = clock() + timedelta(seconds=TOTAL_TIMEOUT)
    if not type(claimed.unit).objects.is_held_by(claimed.unit.pk, claimed.fence, until=until):
        raise TransientError("the claim ran out before anything was sent", service="Kamino")
    claimed.is_sent = True
    failpoints.passed(f"{claimed.word}.before_write")


@contextmanager
def outcome_of(claimed: Claimed, clock: Callable[[], datetime]) -> Iterator[None]:
    """Record whatever goes wrong inside, so that one failing unit never stops the next."""
    try:
        yield
    except ApiError as error:
        if claimed.is_sent and isinstance(error, InternalError):
            error = UncertainError(error.message, service=error.service, operation=error.operation, status=error.status)
        failed(claimed, error, now=clock())
    except Exception as error:
        crashed(claimed, error, now=clock())


def crashed(claimed: Claimed, error: Exception, *, now: datetime) -> None:
    """Record a bug of ours: this unit waits for a person, the next one goes on."""
    log.exception("delivery crashed", attempt=claimed.attempt.pk)
    kind = UncertainError if claimed.is_sent else InternalError
    failed(claimed, kind(type(error).__name__, service="Kamino"), now=now)


def tell_titles(unit: Unit, now: datetime) -> None:
    """Let the titles of a person or part that needs a human say so themselves."""
    if isinstance(unit, PersonPosting):
        request_plans(Title.objects.filter(person_id=unit.person_id), now=now)
    elif isinstance(unit, PartPosting):
        request_plans(Title.objects.filter(posting=unit.posting_id), now=now)


def _close(
    attempt: Attempt,
    outcome: str,
    now: datetime,
    *,
    message: str = "",
    status: int | None = None,
    kamino_id: int | None = None,
) -> None:
    Attempt.objects.filter(pk=attempt.pk).update(
        outcome=outcome, ended_at=now, message=message, status=status, kamino_id=kamino_id
    )


def close_attempt(attempt: Attempt, outcome: str, *, now: datetime, message: str, kamino_id: int | None = None) -> None:
    """End an attempt whose outcome was found out later."""
    _close(attempt, outcome, now, message=message, kamino_id=kamino_id)


def needs_human(unit: Unit, *, why: Problem, now: datetime) -> None:
    """Hand an unresolved unit to a person."""
    type(unit).objects.record_needs_human(unit.pk, unit.fence, why=why, now=now)
    tell_titles(unit, now)


def already_delivered(unit: Posting, now: datetime) -> None:
    """Mark a posting that needs no call (what it should hold is what it was told)."""
    Posting.objects.filter(pk=unit.pk, state=DeliveryState.READY, fence=unit.fence).update(
        state=DeliveryState.DELIVERED, **NO_REASON
    )


def first_look(now: datetime) -> datetime:
    """Return when a lost write is looked up first: after any call for it can still be on its way."""
    return now + timedelta(seconds=settings.UNCERTAIN_WAIT_SECONDS)


def pause(tries: int) -> timedelta:
    """Return a pause that grows with each try, with full jitter."""
    longest = min(FIRST_PAUSE * 2.0**tries, LONGEST_PAUSE)
    return timedelta(seconds=random.uniform(FIRST_PAUSE / 2, longest))  # noqa: S311 - no secret
