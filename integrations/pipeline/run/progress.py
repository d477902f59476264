"""Progress: what still waits, and when the next of it is due; for a person who waits in front of a screen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from integrations.domain.delivery import DeliveryState
from integrations.models import DELIVERY_UNITS, WRITE_UNITS, PlanRequest, Posting, SyncRun, Tenant, WriteMode
from integrations.models.connections import ConnectionStatus

PATIENCE = timedelta(seconds=90)
"""How long a waiting command sits out a retry before it says that something is left over."""


@dataclass(frozen=True)
class Progress:
    """What still waits, for a progress bar."""

    open_runs: int
    to_plan: int
    to_send: int
    delivered: int


def next_due(tenant_ids: Sequence[int] | None, *, now: datetime) -> datetime | None:
    """Return when something will be due soon, or `None` when nothing is worth waiting for."""
    runs = SyncRun.objects.filter(
        state=SyncRun.State.OPEN,
        not_before__lte=now + PATIENCE,
        connection__status=ConnectionStatus.CONNECTED,
        connection__tenant__is_active=True,
    )
    ready: dict[str, Any] = {"state": DeliveryState.READY, "ready_at__range": (now, now + PATIENCE)}
    if tenant_ids is not None:
        runs = runs.filter(connection__tenant__in=tenant_ids)
        ready["kamino_connection__tenant__in"] = tenant_ids
    live = {"kamino_connection__tenant__delivery_mode": Tenant.DeliveryMode.LIVE, "kamino_connection__is_paused": False}
    free = Q(kamino_connection__lease_until__isnull=True) | Q(kamino_connection__lease_until__lte=now + PATIENCE)
    units = [model.objects.filter(free, **ready, **live).order_by().values_list("ready_at") for model in DELIVERY_UNITS]
    units += _writes(tenant_ids, now)
    moments = runs.order_by().values_list("not_before").union(*units, all=True)
    first = moments.order_by("not_before").first()
    return first[0] if first else None


def _writes(tenant_ids: Sequence[int] | None, now: datetime) -> list[Any]:
    """Return when something for Bling will be sent soon, as far as it is."""
    soon: dict[str, Any] = {"state": DeliveryState.READY, "ready_at__range": (now, now + PATIENCE)}
    if tenant_ids is not None:
        soon["connection__tenant__in"] = tenant_ids
    live = {"connection__writing__mode": WriteMode.LIVE, "connection__writing__paused_until": None}
    return [model.objects.filter(**soon, **live).order_by().values_list("ready_at") for model in WRITE_UNITS]


def progress(tenant_ids: Sequence[int] | None, *, now: datetime) -> Progress:
    """Count what is left to do."""
    runs = SyncRun.objects.under_way(now)
    requests, postings = PlanRequest.objects.all(), Posting.objects.all()
    if tenant_ids is not None:
        runs = runs.filter(connection__tenant__in=tenant_ids)
        requests = requests.filter(connection__tenant__in=tenant_ids)
        postings = postings.filter(kamino_connection__tenant__in=tenant_ids)
    return Progress(
        open_runs=runs.count(),
        to_plan=requests.count(),
        to_send=postings.filter(state__in=(DeliveryState.READY, DeliveryState.SENDING)).count(),
        delivered=postings.filter(state=DeliveryState.DELIVERED).count(),
    )
