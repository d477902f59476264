"""When does a connection run? At two fixed hours a day, spread by a stable jitter; at once when it never ran."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, time, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, Max, OuterRef, QuerySet

from integrations.domain.calendar import BRASILIA
from integrations.models import BlingConnection, SyncRun
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.handover.due import derived

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


def open_due_runs(*, now: datetime) -> int:
    """Open a run for each connected connection whose slot has come; missed slots are made up for once."""
    slot = last_slot(now, settings.SYNC_HOURS)
    candidates = connections_due(now).annotate(last_due=Max("runs__due_at")).select_related("tenant")
    opened = 0
    for connection in candidates:
        never_ran = connection.last_due is None
        due_at = now if never_ran else slot + jitter_of(connection.pk)
        if due_at <= now or never_ran:
            opened += open_run(connection, trigger=SyncRun.Trigger.SCHEDULE, due_at=due_at, now=now)
    return opened


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
