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


def lease_first(companies: QuerySet[KaminoConnection], now: datetime) -> KaminoConnection | None:
    """Lease the first company that has no call in flight, whatever its slots: its reads wait for them."""
    waiting = companies.filter(_is_free(now)).order_by(F("served_at").asc(nulls_first=True), "pk")
    return next((company for company in waiting[:MOST_TRIED] if _lease(company, now)), None)


def lease_next(companies: QuerySet[KaminoConnection], now: datetime) -> tuple[KaminoConnection | None, float | None]:
    """Lease the first of `companies` that has a free slot.

    Returns it, or `None` and the seconds until the next slot of one of them (`None` when there is none at all).
    """
    slot = RateLimit.objects.filter(key=Concat(Value(KAMINO_KEY), OuterRef("cn")))
    companies = companies.filter(_is_free(now))
    for company in companies.exclude(Exists(slot.filter(next_at__gt=now)))[:MOST_TRIED]:
        if _lease(company, now):
            return company, None
    next_at = companies.order_by().aggregate(first=Min(Subquery(slot.values("next_at"))))["first"]
    return None, max(0.0, (next_at - now).total_seconds()) if next_at else None


def _is_free(now: datetime) -> Q:
    return Q(lease_until__isnull=True) | Q(lease_until__lt=now)


def _lease(company: KaminoConnection, now: datetime) -> bool:
    leased = KaminoConnection.objects.filter(_is_free(now), pk=company.pk, fence=company.fence).update(
        lease_until=now + LEASE, fence=company.fence + 1, served_at=now
    )
    company.fence += leased
    return bool(leased)


def free_company(company: KaminoConnection) -> None:
    """Give a company's lease back, unless somebody took it over meanwhile."""
    KaminoConnection.objects.filter(pk=company.pk, fence=company.fence).update(lease_until=None)


def pause_company(company_id: int, text: str, *, until: datetime) -> None:
    """Keep everybody away from a company for a while: with wrong keys, each call would be one more error."""
    KaminoConnection.objects.filter(pk=company_id).update(error=text, lease_until=until, fence=F("fence") + 1)
