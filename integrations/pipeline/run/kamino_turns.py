"""Companies: the turns of a Kamino company that are no deliveries: its registers, and its daily reconciliation."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.db.models import Exists, OuterRef, Q, QuerySet

from integrations.domain.delivery import DeliveryState
from integrations.domain.reasons import Reason
from integrations.domain.titles import Origin
from integrations.models import (
    BlingConnection,
    KaminoConnection,
    PlanRequest,
    Posting,
    SyncRun,
    Tenant,
    Title,
    WakeUpKind,
)
from integrations.models.subqueries import has_any
from integrations.models.title_lists import of_known_lists, of_waiting_lists
from integrations.pipeline.access.clients import open_kamino
from integrations.pipeline.access.error_texts import failure_of
from integrations.pipeline.access.leases import CONFIG_PAUSE, free_kamino, is_free, lease_first, pause_kamino
from integrations.pipeline.compare.reconcile import (
    REGISTERS_STALE,
    TakenOverError,
    due_moments,
    is_due,
    is_unread_after_restore,
    reconcile_slice,
    refresh_registers,
    registers_are_stale,
    with_holds,
)
from integrations.pipeline.deliver.ready import kaminos_with_work
from integrations.pipeline.deliver.simulated import kaminos_to_look_at, look_for_persons
from integrations.pipeline.desk.commands import read_orders_soon
from integrations.pipeline.handover.pending_mappings import resolve_pending
from integrations.pipeline.handover.plan_requests import request_plans
from integrations.pipeline.handover.restore_holds import unread_connections
from integrations.pipeline.handover.wake_ups import Moments, Rhythm, next_after_calls
from integrations.rest.errors import ApiError, ConfigError, InternalError, RateLimitedError

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
QUIET_IN = timedelta(seconds=15)
"""When a company is looked at again whose comparison waits for what else is done for it."""
FAILURE_PAUSE = timedelta(seconds=15)
LATE = timedelta(hours=25)
"""A reconciliation this old no longer waits for an idle moment: without it, delivery would stop (`KNOWN_FOR`)."""


def kaminos_to_read(now: datetime, tenant_ids: Sequence[int] | None) -> QuerySet[KaminoConnection]:
    """Return the companies whose registers are stale while titles wait for them, or the end of a restore; before a run
    reads titles, so that it knows whether their sales orders are needed."""
    has_titles = Q(_of_tenant(Title.objects.all()))
    runs = SyncRun.objects.under_way(now).filter(connection__tenant=OuterRef("tenant"))
    is_needed = has_titles | Q(Exists(runs)) | is_unread_after_restore()
    return _kaminos(tenant_ids).filter(registers_are_stale(now), is_free(now), is_needed)


def read_kamino_registers(clock: Clock, tenant_ids: Sequence[int] | None) -> bool:
    """Read the registers of companies that titles wait for; errors pause that company only."""
    now = clock()
    sales = Title.objects.filter(origin=Origin.SALE, origin_id__gt=0)
    has = {"has_titles": _of_tenant(Title.objects.all()), "has_sales": _of_tenant(sales)}
    kamino = lease_first(kaminos_to_read(now, tenant_ids).annotate(**has), now)
    if kamino is None:
        return False
    has_titles, has_sales = getattr(kamino, "has_titles", True), getattr(kamino, "has_sales", True)
    try:
        if refresh_registers(open_kamino(kamino, clock=clock), kamino, clock=clock):
            resolve_pending(kamino.tenant, now=clock())
            if has_titles:
                waiting = Posting.objects.filter(kamino_connection=kamino).exclude(problems=[])
                request_plans(Title.objects.filter(posting__in=waiting), now=clock())
            if has_sales:  # a business unit there may have the name of one of Bling
                for connection in kamino.tenant.bling_connections.all():
                    read_orders_soon(connection, now=clock())
    except Exception as error:
        _kamino_failed(kamino, error, clock())
    finally:
        free_kamino(kamino)
    return True


def _of_tenant(titles: QuerySet[Title]) -> Exists:
    """Return whether some of these titles are of an outer query's company: its connections are found first, by its
    key."""
    mine = BlingConnection.objects.filter(tenant=OuterRef("tenant"))
    return Exists(mine.filter(Exists(titles.filter(connection=OuterRef("pk")))))


def _reads_next(tenant_ids: Sequence[int], now: datetime) -> Moments:
    for kamino in _used(tenant_ids):
        at = kamino.registers_read_at
        yield kamino.tenant_id, next_after_calls(kamino, now, at + REGISTERS_STALE if at else None)


REGISTERS = Rhythm(WakeUpKind.REGISTERS, kaminos_to_read, "tenant", _reads_next, is_leased=True)


def seek_persons(clock: Clock, deadline: datetime, tenant_ids: Sequence[int] | None) -> bool:
    """Look for the new customers and suppliers of one company that is in simulation; false when none has any."""
    now = clock()
    kamino = lease_first(kaminos_to_look_at(now, tenant_ids), now)
    if kamino is None:
        return False
    try:
        look_for_persons(kamino, clock=clock, deadline=deadline)
    except Exception as error:
        _kamino_failed(kamino, error, clock())
    finally:
        free_kamino(kamino)
    return True


SIMULATED = Rhythm(
    WakeUpKind.SIMULATED, kaminos_to_look_at, "tenant",
    lambda tenants, now: [(kamino.tenant_id, next_after_calls(kamino, now, None)) for kamino in _used(tenants)],
    is_leased=True,
)  # fmt: skip


def kaminos_to_reconcile(now: datetime, tenant_ids: Sequence[int] | None) -> QuerySet[KaminoConnection]:
    """Return the companies whose daily reconciliation is due, once nothing waits to be sent for them; the first one
    comes before anything is sent, so that nothing is created that exists there already."""
    mine = {"connection__tenant": OuterRef("tenant")}
    # What waits for a list waits for this, not this for it.
    may_go = of_known_lists(KaminoConnection.objects) & ~of_waiting_lists(KaminoConnection.objects, now)
    to_send = Posting.objects.filter(
        Q(state=DeliveryState.SENDING) | may_go,
        kamino_connection=OuterRef("pk"), state__in=(DeliveryState.READY, DeliveryState.SENDING),
    ).exclude(reason=Reason.SOUGHT)  # fmt: skip
    # In simulation what is ready is never sent, so waiting for that would never end.
    is_busy = Q(Exists(to_send), tenant__delivery_mode=Tenant.DeliveryMode.LIVE)
    unplanned = Exists(PlanRequest.objects.filter(connection__tenant=OuterRef("tenant")))
    running = Exists(SyncRun.objects.under_way(now).filter(not_before__isnull=True, **mine))
    is_quiet = ~is_busy & ~Q(unplanned) & ~Q(running)
    due = _kaminos(tenant_ids).filter(is_due(now), is_free(now), registers_read_at__isnull=False)
    is_late = Q(reconciled_at__isnull=True) | Q(reconciled_at__lt=now - LATE) | is_unread_after_restore()
    # After a restore nothing is sent before Bling was read: Kamino is read after that, once.
    return due.filter(is_late | is_quiet).exclude(has_any(unread_connections().filter(tenant=OuterRef("tenant"))))


def _reconciles_next(tenant_ids: Sequence[int], now: datetime) -> Moments:
    for kamino in _used(tenant_ids).filter(registers_read_at__isnull=False):
        at = min(due_moments(kamino), default=now)
        yield kamino.tenant_id, next_after_calls(kamino, now, at if at > now else now + QUIET_IN)


RECONCILE = Rhythm(WakeUpKind.RECONCILE, kaminos_to_reconcile, "tenant", _reconciles_next, is_leased=True)


def reconcile_one(clock: Clock, deadline: datetime, tenant_ids: Sequence[int] | None) -> bool:
    """Give one company's daily reconciliation a slice; false when nothing was read."""
    now = clock()
    kamino = lease_first(with_holds(kaminos_to_reconcile(now, tenant_ids)), now)
    if kamino is None:
        return False
    try:
        client = open_kamino(kamino, clock=clock)
        people_wait = partial(_people_wait, kamino)
        return reconcile_slice(client, kamino, clock=clock, deadline=deadline, people_wait=people_wait)
    except TakenOverError as error:
        log.warning("comparison lost its lease", kamino_connection=kamino.pk, error=str(error))
        return True
    except Exception as error:
        _kamino_failed(kamino, error, clock())
        return True
    finally:
        free_kamino(kamino)


def _people_wait(kamino: KaminoConnection, now: datetime) -> bool:
    """Say whether a title that a person asked for can be sent now, and so goes first. It cannot in simulation, before
    the first reconciliation, or while its person is refused."""
    if kamino.reconciled_at is None:
        return False
    return kaminos_with_work(now, None, for_people=True).filter(pk=kamino.pk).exists()


def _used(tenant_ids: Sequence[int]) -> QuerySet[KaminoConnection]:
    used = KaminoConnection.objects.filter(tenant__in=tenant_ids, tenant__is_active=True, is_paused=False)
    return used.order_by()


def _kaminos(tenant_ids: Sequence[int] | None) -> QuerySet[KaminoConnection]:
    query = KaminoConnection.objects.filter(tenant__is_active=True, is_paused=False).select_related("tenant")
    return query if tenant_ids is None else query.filter(tenant__in=tenant_ids)


def _kamino_failed(kamino: KaminoConnection, error: Exception, now: datetime) -> None:
    """Pause one company after a failure, so that the others go on."""
    if not isinstance(error, ApiError):
        log.exception("company crashed", kamino_connection=kamino.pk)
        error = InternalError.of_bug(error, "Kamino")
    log.warning("company not read", kamino_connection=kamino.pk, kind=error.kind, error=str(error))
    if isinstance(error, ConfigError) or error.kind in ("rejected", "internal"):
        pause_kamino(kamino.pk, failure_of(error), until=now + CONFIG_PAUSE)
    elif isinstance(error, RateLimitedError):
        pause_kamino(kamino.pk, {}, until=now + timedelta(seconds=error.seconds))
    else:
        pause_kamino(kamino.pk, failure_of(error), until=now + FAILURE_PAUSE)
