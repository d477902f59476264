"""Leases on companies: at most one call is in flight for each Kamino company, whoever makes it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import F, Q

from integrations.models import KaminoConnection, RateLimit
from integrations.pipeline.limits import kamino_key

LEASE = timedelta(seconds=200)
"""Longer than every call of one delivery together (reads with retries, one write)."""
CONFIG_PAUSE = timedelta(minutes=15)


def lease_company(
    companies: Sequence[KaminoConnection], now: datetime, *, waits_itself: bool = False
) -> tuple[KaminoConnection | None, float]:
    """Lease the first company that has a free slot and no call in flight (`waits_itself`: whatever its slots).

    Returns it, or `None` and the seconds until the next slot of a company that only waits for one.
    """
    slots = dict(
        RateLimit.objects.filter(key__in=[kamino_key(company) for company in companies]).values_list("key", "next_at")
    )
    next_free: list[float] = []
    for company in companies:
        free_at = slots.get(kamino_key(company))
        if not waits_itself and free_at is not None and free_at > now:
            next_free.append((free_at - now).total_seconds())
            continue
        leased = KaminoConnection.objects.filter(
            Q(lease_until__isnull=True) | Q(lease_until__lt=now), pk=company.pk, fence=company.fence
        ).update(lease_until=now + LEASE, fence=company.fence + 1, served_at=now)
        if leased:
            company.fence += 1
            return company, 0.0
    return None, min(next_free, default=-1.0)


def free_company(company: KaminoConnection) -> None:
    """Give a company's lease back, unless somebody took it over meanwhile."""
    KaminoConnection.objects.filter(pk=company.pk, fence=company.fence).update(lease_until=None)


def pause_company(company_id: int, text: str, *, until: datetime) -> None:
    """Keep everybody away from a company for a while: with wrong keys, each call would be one more error."""
    KaminoConnection.objects.filter(pk=company_id).update(error=text, lease_until=until, fence=F("fence") + 1)
