"""Stuck: titles that wait for something to end in Kamino are looked at again there, and go on by themselves."""

from datetime import datetime, timedelta

import structlog
from django.db import transaction

from integrations.domain.conflicts import ENDS_THERE, GONE, held_since, now_in_the_way
from integrations.domain.delivery import next_step
from integrations.domain.desired import DesiredTitle
from integrations.domain.reasons import Problem, Reason
from integrations.kamino.client import KaminoClient
from integrations.models import KaminoConnection, Posting, Title
from integrations.models.outbox import FIRST_LOOK
from integrations.pipeline.deliver.current import SNAPSHOT_AGE, Clock, current_row, is_proved_gone, shown_since
from integrations.pipeline.deliver.locked_periods import refuse_locked
from integrations.pipeline.handover.beliefs import believe
from integrations.pipeline.handover.plan_requests import request_plans
from integrations.pipeline.outbox.record import look_after
from integrations.rest.errors import (
    ApiError,
    ConfigError,
    ConflictError,
    RateLimitedError,
    SoughtError,
    UnusableListError,
)

log = structlog.get_logger(__name__)

SOUGHT_FOR = timedelta(minutes=15)
"""How long the whole list may take to be read for a title that is not where it was."""


def look_at_stuck(
    client: KaminoClient, kamino: KaminoConnection, posting: Posting, *, clock: Clock, until: datetime
) -> None:
    """Look a stuck title up in Kamino: let it go on, or keep what is in its way by now."""
    met = Reason(posting.reason)
    try:
        if met in ENDS_THERE:
            _go_on(client, posting, met, clock, until)
        else:
            _follow(client, kamino, posting, clock, until)
    except SoughtError:
        _look_later(posting, Problem(met, posting.reason_params), clock(), SOUGHT_FOR)
    except ApiError as error:
        log.warning("stuck title not looked at", posting=posting.pk, error=str(error))
        wait = FIRST_LOOK if isinstance(error, ConfigError | UnusableListError) else timedelta(minutes=5)
        if isinstance(error, RateLimitedError):
            wait = timedelta(seconds=error.seconds)
        _look_later(posting, Problem(met, posting.reason_params), clock(), wait)


def _go_on(client: KaminoClient, posting: Posting, met: Reason, clock: Clock, until: datetime) -> None:
    """Let a title be sent whose way is free."""
    desired, before = posting.get_desired(), posting.get_delivered()
    assert before is not None, "only what was sent is stuck in Kamino"
    why = _in_the_way(client, posting, met, desired, before, clock, until)
    if why is None and next_step(desired, before).operation is not None:
        try:
            refuse_locked(client, posting, desired, clock, since=clock() - SNAPSHOT_AGE)
        except ConflictError:
            why = Reason.LOCKED_PERIOD
    if why is None:
        Posting.objects.go_on(posting.pk, posting.fence, wanted=posting.desired_fingerprint, now=clock())
    else:
        params = posting.reason_params if why is met else {}
        _look_later(posting, Problem(why, params), clock())


def _in_the_way(
    client: KaminoClient,
    posting: Posting,
    met: Reason,
    desired: DesiredTitle,
    before: DesiredTitle,
    clock: Clock,
    until: datetime,
) -> Reason | None:
    if met in GONE:
        # Its list was read in vain for it; it may be shown again by what is read for others.
        row = shown_since(posting, posting.reason_since or clock())
        return met if row is None else now_in_the_way(met, row, desired)
    can_read, row = current_row(client, posting, before, clock=clock, until=until)
    if not can_read:
        return None if met is Reason.LOCKED_PERIOD else met
    return now_in_the_way(met, row, desired)


def _follow(client: KaminoClient, kamino: KaminoConnection, posting: Posting, clock: Clock, until: datetime) -> None:
    """Believe what Kamino shows of a title that people were to change there by hand, and plan it by that."""
    before = posting.get_delivered()
    assert before is not None, "only what was sent is stuck in Kamino"
    can_read, row = current_row(client, posting, before, clock=clock, until=until)
    is_proved = row is None and kamino.lists_are_complete and is_proved_gone(posting)
    held = held_since(row, before, is_proved=is_proved) if can_read else None
    now = clock()
    if held is None:
        _look_later(posting, Problem(Reason(posting.reason), posting.reason_params), now)
        return
    with transaction.atomic():
        request_plans(Title.objects.filter(posting=posting.pk), now=now)  # first: planning locks in the same order
        believe(posting, held)
    log.info("changed in Kamino by hand", posting=posting.pk, status=held.status)


def _look_later(posting: Posting, why: Problem, now: datetime, wait: timedelta | None = None) -> None:
    ready_at = now + (wait or look_after(posting.reason_since, now))
    Posting.objects.look_later(posting.pk, posting.fence, why=why, now=now, ready_at=ready_at)
