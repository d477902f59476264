"""When does a connection run? At two fixed hours a day, spread by a stable jitter; at once when it never ran."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet

from integrations.domain.calendar import BRASILIA
from integrations.models import BlingConnection, SyncRun, WakeUpKind
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.handover.due import Tenants, derived
from integrations.pipeline.handover.wake_ups import Moments, Rhythm

SWEEP_EVERY = timedelta(days=7)


def last_slot(now: datetime, hours: Sequence[int]) -> datetime:
    """Return the latest scheduled moment that is not after `now` (hours of Brasília)."""
    local = now.astimezone(BRASILIA)
    today = [datetime.combine(local.date(), time(hour), BRASILIA) for hour in hours]
    past = [slot for slot in today if slot <= local]
    return max(past) if past else max(today) - timedelta(days=1)


def jitter_of(connection_id: int) -> timedelta:
    """Return a connection's own delay after each slot: always the same, so that its rhythm is regular."""
    digest = hashlib.sha256(str(connection_id).encode()).digest()
    seconds = settings.SYNC_JITTER_MINUTES * 60
    return timedelta(seconds=int.from_bytes(digest[:4]) % seconds if seconds else 0)


def connections_due(now: datetime) -> QuerySet[BlingConnection]:
    """Return the connected connections without a run since the last slot; some of them wait for their jitter."""
    slot = derived(now, lambda now: last_slot(now, settings.SYNC_HOURS))
    return BlingConnection.objects.filter(
        ~Exists(SyncRun.objects.filter(connection=OuterRef("pk"), due_at__gte=slot)),
        status=ConnectionStatus.CONNECTED, tenant__is_active=True, tenant__kamino_connection__isnull=False,
    )  # fmt: skip


def open_due_runs(*, now: datetime, tenant_ids: Sequence[int] | None = None) -> int:
    """Open a run for each connected connection (of some companies) whose slot has come; missed slots are made up for
    once."""
    opened = 0
    for connection, due_at in _moments(now, tenant_ids):
        if due_at <= now:
            opened += open_run(connection, trigger=SyncRun.Trigger.SCHEDULE, due_at=due_at, now=now)
    return opened


def _moments(now: datetime, tenant_ids: Sequence[int] | None) -> Iterator[tuple[BlingConnection, datetime]]:
    """Return the connections without a run since the last slot, each with the moment of its run."""
    slot = last_slot(now, settings.SYNC_HOURS)
    ran = Exists(SyncRun.objects.filter(connection=OuterRef("pk")))
    waiting = connections_due(now) if tenant_ids is None else connections_due(now).filter(tenant__in=tenant_ids)
    for connection in waiting.annotate(ran=ran).select_related("tenant"):
        yield connection, slot + jitter_of(connection.pk) if connection.ran else now


def runs_to_open(now: datetime, tenant_ids: Tenants) -> QuerySet[BlingConnection]:
    """Return the connections whose moment has come."""
    found = [connection.pk for connection, due_at in _moments(now, tenant_ids) if due_at <= now]
    return BlingConnection.objects.filter(pk__in=found)


def next_runs(tenant_ids: Sequence[int], now: datetime) -> Moments:
    """Return when the next run of some companies is to be opened."""
    slot = last_slot(now, settings.SYNC_HOURS)
    following = min(last_slot(slot + timedelta(days=1), [hour]) for hour in settings.SYNC_HOURS)
    connected = BlingConnection.objects.filter(tenant__in=tenant_ids, status=ConnectionStatus.CONNECTED)
    waiting = [(connection.tenant_id, due_at) for connection, due_at in _moments(now, tenant_ids)]
    after = [(connection.tenant_id, following + jitter_of(connection.pk)) for connection in connected]
    return [*waiting, *after]


SCHEDULE = Rhythm(WakeUpKind.SCHEDULE, runs_to_open, "tenant", next_runs)


def open_run(
    connection: BlingConnection,
    *,
    trigger: str,
    due_at: datetime,
    now: datetime,
    is_full: bool = False,
    user_id: int | None = None,
) -> bool:
    """Open a run; false when one is open already (a constraint holds this)."""
    try:
        with transaction.atomic():
            SyncRun.objects.create(
                connection=connection,
                trigger=trigger,
                due_at=due_at,
                is_full=is_full or wants_sweep(connection, now),
                user_id=user_id,
            )
    except IntegrityError:
        return False
    return True


def wants_sweep(connection: BlingConnection, now: datetime) -> bool:
    """Say whether the weekly full sweep is due (always at first: it alone finds statuses that no filter accepts)."""
    return connection.swept_at is None or connection.swept_at < now - SWEEP_EVERY
