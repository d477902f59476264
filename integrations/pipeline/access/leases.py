"""Leases on companies: at most one call is in flight for each Kamino company, whoever makes it."""

from datetime import datetime, timedelta

from django.db.models import Exists, F, Min, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Concat

from integrations.models import KaminoConnection, RateLimit
from integrations.pipeline.access.rate_limits import KAMINO_KEY

LEASE = timedelta(seconds=200)
"""Longer than every call of one delivery together (reads with retries, one write)."""
CONFIG_PAUSE = timedelta(minutes=15)
MOST_TRIED = 10


def lease_first(kaminos: QuerySet[KaminoConnection], now: datetime) -> KaminoConnection | None:
    """Lease the first company that has no call in flight, whatever its slots: its reads wait for them."""
    waiting = kaminos.filter(_is_free(now)).order_by(F("served_at").asc(nulls_first=True), "pk")
    return next((kamino for kamino in waiting[:MOST_TRIED] if _lease(kamino, now)), None)


def lease_next(kaminos: QuerySet[KaminoConnection], now: datetime) -> tuple[KaminoConnection | None, float | None]:
    """Lease the first of `companies` that has a free slot.

    Returns it, or `None` and the seconds until the next slot of one of them (`None` when there is none at all).
    """
    slot = RateLimit.objects.filter(key=Concat(Value(KAMINO_KEY), OuterRef("cn")))
    kaminos = kaminos.filter(_is_free(now))
    for kamino in kaminos.exclude(Exists(slot.filter(next_at__gt=now)))[:MOST_TRIED]:
        if _lease(kamino, now):
            return kamino, None
    next_at = kaminos.order_by().aggregate(first=Min(Subquery(slot.values("next_at"))))["first"]
    return None, max(0.0, (next_at - now).total_seconds()) if next_at else None


def _is_free(now: datetime) -> Q:
    return Q(lease_until__isnull=True) | Q(lease_until__lt=now)


def _lease(kamino: KaminoConnection, now: datetime) -> bool:
    leased = KaminoConnection.objects.filter(_is_free(now), pk=kamino.pk, fence=kamino.fence).update(
        lease_until=now + LEASE, fence=kamino.fence + 1, served_at=now
    )
    kamino.fence += leased
    return bool(leased)


def free_kamino(kamino: KaminoConnection) -> None:
    """Give a company's lease back, unless somebody took it over meanwhile."""
    KaminoConnection.objects.filter(pk=kamino.pk, fence=kamino.fence).update(lease_until=None)


def pause_kamino(kamino_connection_id: int, text: str, *, until: datetime) -> None:
    """Keep everybody away from a company for a while: with wrong keys, each call would be one more error."""
    KaminoConnection.objects.filter(pk=kamino_connection_id).update(error=text, lease_until=until, fence=F("fence") + 1)
