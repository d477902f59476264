"""Record: what came of a claim, at once, each in its own transaction."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction

from integrations.domain.delivery import Body, DeliveryState, Outcome
from integrations.domain.reasons import Problem, Reason
from integrations.models.outbox import FIRST_LOOK, NO_REASON, BaseAttempt, DeliveryUnit
from integrations.pipeline.access import failpoints, restores
from integrations.pipeline.access.error_texts import answer_to_write, failure_of, reason_of
from integrations.pipeline.access.journal import JournalError
from integrations.pipeline.outbox.claim import Claimed
from integrations.pipeline.outbox.destination import Clock, Destination
from integrations.rest.errors import (
    DAILY_LIMIT,
    ApiError,
    ConfigError,
    ConflictError,
    IncompleteError,
    InternalError,
    OtherObjectError,
    RateLimitedError,
    SoughtError,
    TransientError,
    UnauthorizedError,
    UncertainError,
    UnusableListError,
)

log = structlog.get_logger(__name__)

MOST_TRIES = 8
FEW_TRIES = 3
FIRST_PAUSE = 30.0
LONGEST_PAUSE = 3600.0
FORBIDDEN = 403
LONGEST_LOOK = timedelta(hours=12)
"""A unit that is stuck for long is looked at twice a day."""


def delivered(
    claimed: Claimed,
    *,
    remote_id: int,
    held: Body,
    now: datetime,
    outcome: Outcome = Outcome.DELIVERED,
) -> None:
    """Record a success. `held` is what the destination holds now of what we wrote.

    An object that is one too many (it was sent again meanwhile, or another unit has it) and a second settlement are
    kept on the attempt, and a person is asked.
    """
    unit, model = claimed.unit, type(claimed.unit)
    if claimed.is_sent:
        failpoints.passed(f"{claimed.word}.after_write")
    try:
        with transaction.atomic():
            moved = model.objects.record_delivered(
                unit.pk, claimed.fence, sent=held.fingerprint, body=held.to_json(), remote_id=remote_id
            )
            if moved or model.objects.filter(pk=unit.pk, **{model.REMOTE: remote_id}).exists():
                # Found open over there: its settlement is still to be sent, and that will be the one.
                settles = claimed.attempt.settles and held.settles
                _close(claimed.attempt, outcome, now, remote_id=remote_id, settles=settles)
            else:
                _keep_surplus(claimed, remote_id, now=now, failure=_ours("answered_late", claimed.to))
            if moved:
                claimed.to.plan_again(unit.to_plan_when_delivered(held.fingerprint), now)
    except IntegrityError:
        log.exception("a settlement or an object too many", attempt=claimed.attempt.pk)
        with transaction.atomic():
            _keep_surplus(claimed, remote_id, now=now, failure=_ours("recorded_already", claimed.to))
    failpoints.passed(f"{claimed.word}.recorded")


def _keep_surplus(
    claimed: Claimed,
    remote_id: int,
    *,
    now: datetime,
    failure: dict[str, str],
    settles: bool = False,
    status: int | None = None,
) -> None:
    """Keep what an answer named and must not count, and ask a person unless the unit has gone on without the claim.
    `settles`: whether it is the unit's only settlement, should a person say that it happened.

    Who came too late and had sent nothing only found what another worker had made: that is none too many.
    """
    log.error("one too many", attempt=claimed.attempt.pk, remote_id=remote_id, why=failure)
    unit, rows = claimed.unit, type(claimed.attempt).objects.filter(pk=claimed.attempt.pk)
    why = Problem(Reason.ANOTHER_ID, {"id": str(remote_id)})
    is_asked = type(unit).objects.record_surplus(unit.pk, claimed.fence, why=why, now=now)
    answered: dict[str, Any] = {"failure": failure, "status": status, "remote_id": remote_id}
    if is_asked:
        _close(claimed.attempt, Outcome.UNCERTAIN, now, settles=settles, **answered)
        claimed.to.plan_again(unit.to_plan_when_stuck(), now)
    elif not rows.filter(outcome__in=(Outcome.DELIVERED, Outcome.ADOPTED)).exists():
        outcome = Outcome.DELIVERED if claimed.is_sent else Outcome.ADOPTED
        _close(claimed.attempt, outcome, now, settles=False, **answered)
    if is_asked or claimed.is_sent:
        rows.update(surplus_id=remote_id, surplus_gone_at=None)


def failed(claimed: Claimed, error: ApiError, *, now: datetime) -> None:
    """Record an error by its kind: try again, look up, or ask a person."""
    log.warning("delivery failed", attempt=claimed.attempt.pk, kind=error.kind, error=str(error))
    unit, objects, fence = claimed.unit, type(claimed.unit).objects, claimed.fence
    why, is_refused = reason_of(error), _is_write_refused(claimed, error)
    with transaction.atomic():
        if isinstance(error, OtherObjectError):
            settles = claimed.attempt.settles
            _keep_surplus(
                claimed, error.remote_id, now=now, failure=failure_of(error), settles=settles, status=error.status
            )
            return
        if isinstance(error, UncertainError):
            objects.record_uncertain(unit.pk, fence, why=why, now=now, look_at=first_look(now))
        elif isinstance(error, RateLimitedError):
            ready_at = now + timedelta(seconds=error.seconds)
            objects.record_retry(unit.pk, fence, why=why, now=now, ready_at=ready_at, counts=False)
            if error.code == DAILY_LIMIT:  # else each of thousands would be claimed to learn the same
                claimed.to.pause_account(unit.account_id, failure_of(error), ready_at)
        elif is_refused and claimed.to.stop_kind is None:
            _try_a_few_times(claimed, why, now)
        elif isinstance(error, ConfigError) and error.code != "unconfirmed":
            until = now + claimed.to.config_pause
            objects.record_retry(unit.pk, fence, why=why, now=now, ready_at=until, counts=False)
            if is_refused and claimed.to.stop_kind is not None and error.status == FORBIDDEN:
                claimed.to.stop_kind(unit, failure_of(error), until)
            else:
                claimed.to.pause_account(unit.account_id, failure_of(error), until)
        elif isinstance(error, UnusableListError | SoughtError):
            # What waits for a list, or for the whole of it, waits however long that takes.
            until = now + claimed.to.config_pause
            objects.record_retry(unit.pk, fence, why=why, now=now, ready_at=until, counts=False)
        elif isinstance(error, IncompleteError):
            _try_a_few_times(claimed, why, now)
        elif isinstance(error, TransientError) and unit.tries < MOST_TRIES:
            objects.record_retry(unit.pk, fence, why=why, now=now, ready_at=now + pause(unit.tries))
        else:
            why = Problem(Reason.EXHAUSTED) if isinstance(error, TransientError) else why
            objects.record_needs_human(unit.pk, fence, why=why, now=now)
            claimed.to.plan_again(unit.to_plan_when_stuck(), now)
        kind = "conflict" if isinstance(error, ConflictError) else error.kind
        _close(claimed.attempt, kind, now, message=str(error), failure=answer_to_write(error), status=error.status)


def _is_write_refused(claimed: Claimed, error: ApiError) -> bool:
    """Say whether keys that may read may not make this write: that stops nothing but what they may not write."""
    may_read = isinstance(error, ConfigError) and not isinstance(error, UnauthorizedError)
    return claimed.is_sent and may_read and error.code != "unconfirmed"


def _try_a_few_times(claimed: Claimed, why: Problem, now: datetime) -> None:
    """Try again later what a list did not prove, as its pages may have moved, or what was refused. An odd row and a
    missing permission stay until a person corrects them, and each try of each title behind them costs requests."""
    unit, objects = claimed.unit, type(claimed.unit).objects
    if unit.tries < FEW_TRIES:
        ready_at = now + claimed.to.config_pause
        objects.record_retry(unit.pk, claimed.fence, why=why, now=now, ready_at=ready_at)
        return
    objects.record_needs_human(unit.pk, claimed.fence, why=why, now=now)
    claimed.to.plan_again(unit.to_plan_when_stuck(), now)


def may_send(claimed: Claimed, clock: Clock, body: Body) -> None:
    """Keep the `body` that is sent now, and note it outside of the database. Raises `TransientError` when the claim is
    no longer ours for as long as a call takes: a worker that was paused past its lease must write nothing old. To be
    called right before each write."""
    sent = body.to_json()
    if sent != claimed.attempt.body:
        type(claimed.attempt).objects.filter(pk=claimed.attempt.pk).update(sent_body=sent)
    try:
        restores.note_sending(claimed.attempt.pk, clock())
    except JournalError as error:
        raise TransientError(str(error), service=claimed.to.service, code="journal") from error
    until = clock() + claimed.to.longest_call
    if not type(claimed.unit).objects.is_held_by(claimed.unit.pk, claimed.fence, until=until):
        raise TransientError(
            "the claim ran out before anything was sent", service=claimed.to.service, code="claim_over"
        )
    claimed.is_sent = True
    failpoints.passed(f"{claimed.word}.before_write")


@contextmanager
def outcome_of(claimed: Claimed, clock: Clock) -> Iterator[None]:
    """Record whatever goes wrong inside, so that one failing unit never stops the next."""
    try:
        yield
    except ApiError as error:
        if claimed.is_sent and isinstance(error, InternalError):
            error = UncertainError(
                error.message, service=error.service, operation=error.operation, status=error.status, code=error.code
            )
        failed(claimed, error, now=clock())
    except Exception as error:
        crashed(claimed, error, now=clock())


def crashed(claimed: Claimed, error: Exception, *, now: datetime) -> None:
    """Record a bug of ours: this unit waits for a person, the next one goes on."""
    log.exception("delivery crashed", attempt=claimed.attempt.pk)
    kind = UncertainError if claimed.is_sent else InternalError
    failed(claimed, kind(type(error).__name__, service=claimed.to.service, code="crash"), now=now)


def _close(
    attempt: BaseAttempt,
    outcome: str,
    now: datetime,
    *,
    message: str = "",
    failure: dict[str, Any] | None = None,
    status: int | None = None,
    remote_id: int | None = None,
    settles: bool | None = None,
) -> None:
    values = {"outcome": outcome, "ended_at": now, "status": status, attempt.REMOTE: remote_id}
    values |= {"message": message, "failure": failure}
    if settles is not None:
        values["settles"] = settles
    type(attempt).objects.filter(pk=attempt.pk).update(**values)


def close_attempt(attempt: BaseAttempt, outcome: Outcome, *, now: datetime, failure: dict[str, str]) -> None:
    """End an attempt whose outcome was found out later."""
    _close(attempt, outcome, now, failure=failure)


def needs_human(unit: DeliveryUnit, *, why: Problem, now: datetime, to: Destination) -> None:
    """Hand a unit to a person."""
    type(unit).objects.record_needs_human(unit.pk, unit.fence, why=why, now=now)
    to.plan_again(unit.to_plan_when_stuck(), now)


def unchanged(claimed: Claimed, *, now: datetime) -> None:
    """Record that the destination was looked at and holds what it should: nothing was sent."""
    unit = claimed.unit
    with transaction.atomic():
        type(unit).objects.record_unchanged(unit.pk, claimed.fence, wanted=claimed.attempt.fingerprint)
        _close(claimed.attempt, Outcome.UNCHANGED, now, settles=False)


def already_delivered(unit: DeliveryUnit, now: datetime) -> None:
    """Mark a unit that needs no call (what it should hold was sent already)."""
    type(unit).objects.filter(pk=unit.pk, state=DeliveryState.READY, fence=unit.fence).update(
        state=DeliveryState.DELIVERED, **NO_REASON, **unit.FOUND
    )


def _ours(code: str, to: Destination) -> dict[str, str]:
    return {"code": code, "service": to.service}


def first_look(now: datetime) -> datetime:
    """Return when a lost write is looked up first: after any call for it can still be on its way."""
    return now + timedelta(seconds=settings.UNCERTAIN_WAIT_SECONDS)


def look_after(stuck_since: datetime | None, now: datetime) -> timedelta:
    """Return how long a stuck unit is left alone: as long as it has been stuck by now, within bounds."""
    return min(max(now - (stuck_since or now), FIRST_LOOK), LONGEST_LOOK)


def pause(tries: int) -> timedelta:
    """Return a pause that grows with each try, with full jitter."""
    longest = min(FIRST_PAUSE * 2.0**tries, LONGEST_PAUSE)
    return timedelta(seconds=random.uniform(FIRST_PAUSE / 2, longest))  # noqa: S311 - no secret
