"""Leases on companies: at most one call is in flight for each Kamino company, from any worker."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Concat

from integrations.domain.delivery import DeliveryState
from integrations.domain.reasons import Reason
from integrations.domain.titles import Direction
from integrations.models import DELIVERY_UNITS, KaminoConnection, RateLimit
from integrations.models.outbox import NO_REASON
from integrations.models.title_lists import waits_field
from integrations.pipeline.access.rate_limits import KAMINO_KEY

LEASE = timedelta(seconds=200)
"""Longer than every call of one delivery together (reads with retries, one write)."""
CONFIG_PAUSE = timedelta(minutes=15)
MOST_TRIED = 10


def lease_first(kaminos: QuerySet[KaminoConnection], now: datetime) -> KaminoConnection | None:
    """Lease the first of some free companies, whatever its slots: its reads wait for them."""
    waiting = kaminos.order_by(F("served_at").asc(nulls_first=True), "pk")
    return next((kamino for kamino in waiting[:MOST_TRIED] if _lease(kamino, now)), None)


Turns = Iterable[tuple[int, int, datetime | None]]
"""Companies: key, fence, and when the next slot is (`None`: now)."""


def in_turn(kaminos: QuerySet[KaminoConnection], now: datetime) -> QuerySet[KaminoConnection, Any]:
    """Return the `Turns` of the first of some free companies, those with a free slot first."""
    waiting = kaminos.annotate(slot_at=Subquery(taken_slots(now).values("next_at")))
    order = (F("slot_at").asc(nulls_first=True), F("served_at").asc(nulls_first=True), "pk")
    return waiting.order_by(*order).values_list("pk", "fence", "slot_at")[:MOST_TRIED]


def lease_next(turns: Turns, now: datetime) -> tuple[KaminoConnection | None, float | None]:
    """Lease the first of some free companies that has a free slot.

    Returns it, or `None` and the seconds until the next slot of one of them (`None` when there is none at all).
    """
    wait = None
    for pk, fence, slot_at in turns:
        if slot_at is not None:
            return None, (slot_at - now).total_seconds()
        kamino = KaminoConnection.objects.select_related("tenant").filter(pk=pk, fence=fence).first()
        if kamino is not None and _lease(kamino, now):
            return kamino, None
        wait = 0.0  # somebody was faster
    return None, wait


def taken_slots(now: datetime) -> QuerySet[RateLimit]:
    """Return the row of an outer query's company whose next slot is not free yet."""
    return RateLimit.objects.filter(key=Concat(Value(KAMINO_KEY), OuterRef("cn")), next_at__gt=now)


def is_free(now: datetime) -> Q:
    """Return which companies have no call in flight, and are not paused."""
    return Q(lease_until__isnull=True) | Q(lease_until__lt=now)


def _lease(kamino: KaminoConnection, now: datetime) -> bool:
    leased = KaminoConnection.objects.filter(is_free(now), pk=kamino.pk, fence=kamino.fence).update(
        lease_until=now + LEASE, fence=kamino.fence + 1, served_at=now
    )
    kamino.fence += leased
    return bool(leased)


def free_kamino(kamino: KaminoConnection) -> None:
    """Give a company's lease back, unless somebody took it over meanwhile."""
    KaminoConnection.objects.filter(pk=kamino.pk, fence=kamino.fence).update(lease_until=None)


def lift_pause(kamino_connection_id: int, now: datetime) -> None:
    """Forget a failure whose cause is gone, and let calls go on at once, also those of titles and lists that wait
    because of it. A lease that may belong to a call in flight is left alone: it ends by itself, soon."""
    row = KaminoConnection.objects.filter(pk=kamino_connection_id).exclude(failure={})
    row.filter(lease_until__gt=now + LEASE).update(lease_until=None, fence=F("fence") + 1)
    row.update(failure={})
    for model in DELIVERY_UNITS:
        refused = model.objects.filter(kamino_connection=kamino_connection_id, state=DeliveryState.READY)
        refused.filter(reason=Reason.ACCESS_REFUSED, ready_at__gt=now).update(ready_at=now, **NO_REASON)
    for direction in Direction:
        waits = waits_field(direction)
        KaminoConnection.objects.filter(pk=kamino_connection_id, **{f"{waits}__gt": now}).update(**{waits: now})


def pause_kamino(kamino_connection_id: int, failure: dict[str, str], *, until: datetime) -> None:
    """Keep everybody away from a company for a while: with wrong keys, each call would be one more error. `failure`
    is what a person sees (`failure_of`), empty when nobody needs to."""
    KaminoConnection.objects.filter(pk=kamino_connection_id).update(
        failure=failure, lease_until=until, fence=F("fence") + 1
    )
