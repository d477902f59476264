"""Run: the one place that composes the stages. A tick works on whatever is due, wherever it was left."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import F, Min, Q, QuerySet

from integrations.models import (
    BlingConnection,
    KaminoConnection,
    PersonPosting,
    PlanRequest,
    Posting,
    SyncRun,
    Tenant,
    Title,
    TitleRead,
)
from integrations.models.connections import ConnectionStatus
from integrations.models.deliveries import DeliveryState, Priority
from integrations.pipeline import milestones, mirror, pull
from integrations.pipeline.connections import open_bling, open_kamino
from integrations.pipeline.deliver import drain, sweep
from integrations.pipeline.error_texts import error_text
from integrations.pipeline.health import watch
from integrations.pipeline.leases import CONFIG_PAUSE, free_company, lease_company, pause_company
from integrations.pipeline.mapping_names import resolve_pending
from integrations.pipeline.plan import plan_batch
from integrations.pipeline.reconcile import (
    companies_to_review,
    is_due,
    reconcile_slice,
    refresh_registers,
    registers_are_stale,
    review_changed,
)
from integrations.pipeline.requests import request_plans
from integrations.pipeline.schedule import open_due_runs
from integrations.pipeline.slices import LEASE, Slice
from integrations.pipeline.tokens import refresh_due
from integrations.rest.errors import ApiError, ConfigError, InternalError, RateLimitedError, TransientError

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
MOST_TRIES = 10
FIRST_PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(hours=1)
DRAIN_SLICE = timedelta(seconds=15)
PATIENCE = timedelta(seconds=90)
"""How long a waiting command sits out a retry before it says that something is left over."""


@dataclass(frozen=True)
class Progress:
    """What still waits, for a progress bar."""

    open_runs: int
    to_plan: int
    to_send: int
    delivered: int


def tick(*, clock: Clock, deadline: datetime, beat: Callable[[], None] = lambda: None) -> None:
    """Open what the schedule asks for, then work until `deadline` or until nothing is due; `beat` shows life."""
    _guarded("schedule", lambda: open_due_runs(now=clock()))
    _guarded("tokens", lambda: refresh_due(clock=clock, deadline=deadline))
    _guarded("alerts", lambda: watch(now=clock()))
    beat()
    while clock() < deadline and work_once(clock=clock, deadline=deadline):
        beat()


def _guarded(stage: str, work: Callable[[], object]) -> bool:
    """Run one stage; a bug in it is logged, and the other stages and companies go on."""
    try:
        return bool(work())
    except Exception:
        log.exception("stage crashed", stage=stage)
        return False


def work_once(*, clock: Clock, deadline: datetime, tenant_ids: Sequence[int] | None = None) -> bool:
    """Give each kind of work one turn; false when nothing was due."""
    sweep(now=clock())
    slice_end = min(deadline, clock() + timedelta(seconds=settings.RUN_SLICE_SECONDS))
    stages: dict[str, Callable[[], bool]] = {
        "registers": lambda: _read_kamino_registers(clock, tenant_ids),
        "asked": lambda: _read_asked(clock, slice_end, tenant_ids),
        "pull": lambda: _advance_a_run(clock, slice_end, tenant_ids),
        "plan": lambda: _plan(clock, deadline, tenant_ids),
        "deliver": lambda: _drain(clock, deadline, tenant_ids),
        "reconcile": lambda: _reconcile_one(clock, slice_end, tenant_ids),
    }
    worked = [_guarded(name, stage) for name, stage in stages.items()]
    if not any(worked):
        for company in companies_to_review(tenant_ids):
            review_changed(company, now=clock())
    return any(worked)


def _plan(clock: Clock, deadline: datetime, tenant_ids: Sequence[int] | None) -> bool:
    worked = False
    while clock() < deadline and plan_batch(now=clock(), tenant_ids=tenant_ids):
        worked = True
    return worked


def _drain(clock: Clock, deadline: datetime, tenant_ids: Sequence[int] | None) -> bool:
    drained = drain(clock=clock, deadline=min(deadline, clock() + DRAIN_SLICE), tenant_ids=tenant_ids)
    return drained.worked > 0 or not drained.is_empty


def work_until_idle(
    *, clock: Clock, tenant_ids: Sequence[int] | None, report: Callable[[Progress], None] = lambda _progress: None
) -> None:
    """Work in this process until nothing more is due for these tenants; short retries are waited for."""
    while True:
        report(progress(tenant_ids))
        if work_once(clock=clock, deadline=clock() + timedelta(minutes=5), tenant_ids=tenant_ids):
            continue
        due = next_due(tenant_ids, now=clock())
        if due is None:
            return
        time.sleep(max(0.05, min((due - clock()).total_seconds(), 1.0)))


def next_due(tenant_ids: Sequence[int] | None, *, now: datetime) -> datetime | None:
    """Return when something will be due soon, or `None` when nothing is worth waiting for."""
    runs = SyncRun.objects.filter(
        state=SyncRun.State.OPEN,
        not_before__lte=now + PATIENCE,
        connection__status=ConnectionStatus.CONNECTED,
        connection__tenant__is_active=True,
    )
    ready = {"state": DeliveryState.READY, "ready_at__range": (now, now + PATIENCE)}
    postings, persons = Posting.objects.filter(**ready), PersonPosting.objects.filter(**ready)
    if tenant_ids is not None:
        runs = runs.filter(connection__tenant__in=tenant_ids)
        postings = postings.filter(company__tenant__in=tenant_ids)
        persons = persons.filter(company__tenant__in=tenant_ids)
    live = {"company__tenant__delivery_mode": Tenant.DeliveryMode.LIVE, "company__is_paused": False}
    free = Q(company__lease_until__isnull=True) | Q(company__lease_until__lte=now + PATIENCE)
    moments = [
        runs.aggregate(first=Min("not_before"))["first"],
        postings.filter(free, **live).aggregate(first=Min("ready_at"))["first"],
        persons.filter(free, **live).aggregate(first=Min("ready_at"))["first"],
    ]
    return min((moment for moment in moments if moment is not None), default=None)


def progress(tenant_ids: Sequence[int] | None) -> Progress:
    """Count what is left to do."""
    runs = SyncRun.objects.filter(state=SyncRun.State.OPEN)
    requests, postings = PlanRequest.objects.all(), Posting.objects.all()
    if tenant_ids is not None:
        runs = runs.filter(connection__tenant__in=tenant_ids)
        requests = requests.filter(title__connection__tenant__in=tenant_ids)
        postings = postings.filter(company__tenant__in=tenant_ids)
    return Progress(
        open_runs=runs.count(),
        to_plan=requests.count(),
        to_send=postings.filter(state__in=(DeliveryState.READY, DeliveryState.SENDING)).count(),
        delivered=postings.filter(state=DeliveryState.DELIVERED).count(),
    )


def _advance_a_run(clock: Clock, deadline: datetime, tenant_ids: Sequence[int] | None) -> bool:
    run = _lease_run(clock(), tenant_ids)
    if run is None:
        return False
    log.info("run goes on", run=run.pk, step=run.step)
    milestones.passed("pull.leased")
    try:
        client = open_bling(run.connection, clock=clock)
        Slice(run, client, clock=clock, deadline=deadline).work()
        _release_run(run, tries=0)
    except mirror.LostLeaseError:
        log.warning("run was taken over", run=run.pk)
    except ApiError as error:
        _run_failed(run, error, clock())
    except OperationalError:
        log.warning("run lost a lock", run=run.pk)
        _run_failed(run, TransientError("database is busy", service="PostgreSQL"), clock())
    except Exception:
        log.exception("run crashed", run=run.pk)
        _end_run(run, "internal", "internal error", clock())
    return True


def _lease_run(now: datetime, tenant_ids: Sequence[int] | None) -> SyncRun | None:
    query = SyncRun.objects.filter(
        Q(not_before__isnull=True) | Q(not_before__lte=now),
        Q(lease_until__isnull=True) | Q(lease_until__lt=now),
        state=SyncRun.State.OPEN,
        due_at__lte=now,
        connection__tenant__is_active=True,
        connection__status=ConnectionStatus.CONNECTED,
    )
    if tenant_ids is not None:
        query = query.filter(connection__tenant__in=tenant_ids)
    query = query.select_related("connection__tenant").defer("connection__client_secret")
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
        _end_run(run, error.kind, error_text(error), now)
        return
    wait = min(FIRST_PAUSE * 2 ** (tries - 1), LONGEST_PAUSE)
    if isinstance(error, RateLimitedError):
        wait = timedelta(seconds=error.seconds)
        tries -= 1
    SyncRun.objects.filter(pk=run.pk, fence=run.fence, state=SyncRun.State.OPEN).update(
        lease_until=None,
        not_before=now + wait,
        cursor={**run.cursor, "tries": tries},
        error_kind=error.kind,
        error=error_text(error),
    )


def _end_run(run: SyncRun, kind: str, text: str, now: datetime) -> None:
    with transaction.atomic():
        SyncRun.objects.filter(pk=run.pk, fence=run.fence, state=SyncRun.State.OPEN).update(
            state=SyncRun.State.FAILED, ended_at=now, lease_until=None, error_kind=kind, error=text
        )
        run.seen.all().delete()


def _read_asked(clock: Clock, deadline: datetime, tenant_ids: Sequence[int] | None) -> bool:
    """Read the titles that people asked for, now, outside of any run."""
    asked = TitleRead.objects.filter(asked_at__isnull=False)
    connections = BlingConnection.objects.filter(
        status=ConnectionStatus.CONNECTED, tenant__is_active=True, titles__last_read__in=asked
    ).defer("client_secret")
    connections = connections.distinct()
    if tenant_ids is not None:
        connections = connections.filter(tenant__in=tenant_ids)
    worked = False
    for connection in connections:
        try:
            worked |= _read_asked_of(connection, clock, deadline)
        except Exception as error:
            if not isinstance(error, ApiError):
                log.exception("asked titles crashed", connection=connection.pk)
                error = InternalError(type(error).__name__, service="Bling")
            log.warning("asked titles not read", connection=connection.pk, error=str(error))
            titles = Title.objects.filter(connection=connection, last_read__asked_at__isnull=False)
            _stop_asking(titles, error)
    return worked


def _read_asked_of(connection: BlingConnection, clock: Clock, deadline: datetime) -> bool:
    wanted = pull.asked_titles(connection, 100)
    if not wanted:
        return False
    client = open_bling(connection, clock=clock)
    triples = ((direction, bling_id, "") for direction, bling_id in wanted)
    for chunk in pull.read_titles(client, connection, triples, clock=clock):
        read = [title.bling_id for title in chunk.titles]
        milestones.passed("asked.read")
        with transaction.atomic():
            mirror.save_chunk(connection, chunk, now=clock(), run=None)
            titles = Title.objects.filter(connection=connection, bling_id__in=read)
            request_plans(titles, now=clock(), priority=Priority.PERSON)
        milestones.passed("asked.saved")
        for failure in chunk.failures:
            failed = Title.objects.filter(connection=connection, direction=failure.direction, bling_id=failure.bling_id)
            TitleRead.objects.filter(title__in=failed).update(asked_at=None)
            Posting.objects.filter(title__in=failed).update(message=failure.message)
        if clock() >= deadline:
            break
    return True


def _stop_asking(titles: QuerySet[Title], error: ApiError) -> None:
    """Say on the titles why they could not be read; the person may ask again."""
    Posting.objects.filter(title__in=titles).update(message=error_text(error))
    TitleRead.objects.filter(title__in=titles).update(asked_at=None)


def _read_kamino_registers(clock: Clock, tenant_ids: Sequence[int] | None) -> bool:
    """Read the registers of companies that titles wait for; errors pause that company only."""
    companies = _companies(tenant_ids).filter(tenant__bling_connections__titles__isnull=False).distinct()
    stale = [company for company in companies if registers_are_stale(company, clock())]
    company, _wait = lease_company(stale, clock(), waits_itself=True)
    if company is None:
        return False
    try:
        if refresh_registers(open_kamino(company, clock=clock), company, clock=clock):
            resolve_pending(company.tenant, now=clock())
            waiting = Posting.objects.filter(company=company).exclude(problems=[])
            request_plans(Title.objects.filter(posting__in=waiting), now=clock())
    except Exception as error:
        _company_failed(company, error, clock())
    finally:
        free_company(company)
    return True


def _reconcile_one(clock: Clock, deadline: datetime, tenant_ids: Sequence[int] | None) -> bool:
    """Give one company's daily reconciliation a slice, once nothing waits to be sent for it."""
    busy = Posting.objects.filter(state__in=(DeliveryState.READY, DeliveryState.SENDING)).values("company")
    companies = _companies(tenant_ids).filter(registers_read_at__isnull=False).exclude(pk__in=busy)
    unplanned = PlanRequest.objects.values("title__connection__tenant")
    running = SyncRun.objects.filter(state=SyncRun.State.OPEN, not_before__isnull=True).values("connection__tenant")
    companies = companies.exclude(tenant__in=unplanned).exclude(tenant__in=running)
    due = [company for company in companies if is_due(company, clock())]
    company, _wait = lease_company(due, clock(), waits_itself=True)
    if company is None:
        return False
    try:
        reconcile_slice(open_kamino(company, clock=clock), company, clock=clock, deadline=deadline)
    except Exception as error:
        _company_failed(company, error, clock())
    finally:
        free_company(company)
    return True


def _companies(tenant_ids: Sequence[int] | None) -> QuerySet[KaminoConnection]:
    query = KaminoConnection.objects.filter(tenant__is_active=True, is_paused=False).select_related("tenant")
    query = query.defer(*KaminoConnection.SECRETS)  # read when a client is opened: one that is unreadable stops one
    return query if tenant_ids is None else query.filter(tenant__in=tenant_ids)


def _company_failed(company: KaminoConnection, error: Exception, now: datetime) -> None:
    """Pause one company after a failure, so that the others go on."""
    if not isinstance(error, ApiError):
        log.exception("company crashed", company=company.pk)
        error = InternalError(type(error).__name__, service="Kamino")
    log.warning("company not read", company=company.pk, kind=error.kind, error=str(error))
    if isinstance(error, ConfigError) or error.kind in ("rejected", "internal"):
        pause_company(company.pk, error_text(error), until=now + CONFIG_PAUSE)
    elif isinstance(error, RateLimitedError):
        pause_company(company.pk, "", until=now + timedelta(seconds=error.seconds))
    else:
        pause_company(company.pk, error_text(error), until=now + FIRST_PAUSE)
