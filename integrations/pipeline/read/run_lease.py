"""Runs: lease one due run, work a slice on it, and note how that ended."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from django.db import OperationalError, transaction
from django.db.models import F, Q

from integrations.models import SyncRun, Waiting
from integrations.models.connections import ConnectionStatus
from integrations.models.runs import RunQuerySet
from integrations.pipeline.access import failpoints
from integrations.pipeline.access.clients import open_bling
from integrations.pipeline.access.error_texts import failure_of
from integrations.pipeline.read import mirror
from integrations.pipeline.read.runner import work_on
from integrations.pipeline.read.steps.work import LEASE
from integrations.rest.errors import ApiError, InternalError, RateLimitedError, TransientError

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
MOST_TRIES = 10
FIRST_PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(hours=1)


def advance_a_run(clock: Clock, deadline: datetime, tenant_ids: Sequence[int] | None) -> bool:
    """Work on the run that was served least recently; false when none is due."""
    run = _lease_run(clock(), tenant_ids)
    if run is None:
        return False
    log.info("run goes on", run=run.pk, step=run.step)
    failpoints.passed("pull.leased")
    try:
        is_asked = run.trigger != SyncRun.Trigger.SCHEDULE
        client = open_bling(run.connection, clock=clock, waiting=Waiting.RUN if is_asked else Waiting.NOBODY)
        if not work_on(run, client, clock=clock, deadline=deadline):
            _release_run(run, tries=0)
    except mirror.LostLeaseError:
        log.warning("run was taken over", run=run.pk)
    except ApiError as error:
        _run_failed(run, error, clock())
    except OperationalError:
        log.warning("run lost a lock", run=run.pk)
        _run_failed(run, TransientError("database is busy", service="PostgreSQL", code="database_busy"), clock())
    except Exception:
        log.exception("run crashed", run=run.pk)
        _end_run(run, InternalError("the run crashed", service="", code="crash"), clock())
    return True


def runs_due(now: datetime, tenant_ids: Sequence[int] | None) -> RunQuerySet:
    """Return the runs that somebody may go on with."""
    query = SyncRun.objects.under_way(now).filter(
        Q(not_before__isnull=True) | Q(not_before__lte=now),
        Q(lease_until__isnull=True) | Q(lease_until__lt=now),
        connection__tenant__is_active=True,
        connection__status=ConnectionStatus.CONNECTED,
    )
    return query if tenant_ids is None else query.filter(connection__tenant__in=tenant_ids)


def _lease_run(now: datetime, tenant_ids: Sequence[int] | None) -> SyncRun | None:
    query = runs_due(now, tenant_ids).with_proof().select_related("connection__tenant")
    for run in query.order_by(F("served_at").asc(nulls_first=True), "pk")[:10]:
        leased = SyncRun.objects.filter(pk=run.pk, fence=run.fence, state=SyncRun.State.OPEN).update(
            fence=run.fence + 1, lease_until=now + LEASE, served_at=now, started_at=run.started_at or now
        )
        if leased:
            run.fence += 1
            run.started_at = run.started_at or now
            return run
    return None


def _release_run(run: SyncRun, **changes: int) -> None:
    cursor = {**run.cursor, **changes}
    SyncRun.objects.filter(pk=run.pk, fence=run.fence, state=SyncRun.State.OPEN).update(lease_until=None, cursor=cursor)


def _run_failed(run: SyncRun, error: ApiError, now: datetime) -> None:
    """Go on later after a passing failure; end the run when only a person can help."""
    log.warning("run interrupted", run=run.pk, kind=error.kind, error=str(error))
    tries = int(run.cursor.get("tries", 0)) + 1
    passing = error.kind in ("transient", "uncertain")
    if not passing or (tries > MOST_TRIES and not isinstance(error, RateLimitedError)):
        _end_run(run, error, now)
        return
    wait = min(FIRST_PAUSE * 2 ** (tries - 1), LONGEST_PAUSE)
    if isinstance(error, RateLimitedError):
        wait = timedelta(seconds=error.seconds)
        tries -= 1
    SyncRun.objects.filter(pk=run.pk, fence=run.fence, state=SyncRun.State.OPEN).update(
        lease_until=None,
        not_before=now + wait,
        step=run.step,
        cursor={**run.cursor, "tries": tries},
        failure=failure_of(error),
    )


def _end_run(run: SyncRun, error: ApiError, now: datetime) -> None:
    with transaction.atomic():
        SyncRun.objects.filter(pk=run.pk, fence=run.fence, state=SyncRun.State.OPEN).update(
            state=SyncRun.State.FAILED, ended_at=now, lease_until=None, failure=failure_of(error)
        )
        run.seen.all().delete()
