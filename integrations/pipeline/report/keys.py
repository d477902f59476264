"""What is wrong with keys of the bridge, for the alerts: refused again and again, or used by nobody."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from django.db.models import QuerySet

from integrations.domain.alerts import AlertCause
from integrations.domain.delivery import Outcome
from integrations.models import ApiKey, BlingAttempt
from integrations.models.payable_queries import refused_whole

UNUSED_AFTER = timedelta(days=90)
REFUSED_WITHIN, MOST_REFUSED = timedelta(days=1), 5
"""So many requests of one key that Bling refused within so long are told: its program does not learn from answers."""
MOST_NAMED = 5

Found = tuple[int, AlertCause, dict[str, object]]


def causes_of_keys(tenants: Collection[int], now: datetime) -> Iterator[Found]:
    """Yield by company which keys are refused again and again, and which nobody uses."""
    valid = list(_valid(tenants))
    refused = _refused(valid, now) if valid else Counter[int]()
    told = {
        AlertCause.KEY_REFUSED: [key for key in valid if refused[key.pk] >= MOST_REFUSED],
        AlertCause.KEY_UNUSED: [key for key in valid if _used_at(key) < now - UNUSED_AFTER],
    }
    for cause, keys in told.items():
        for tenant in sorted({key.connection.tenant_id for key in keys}):
            mine = [key for key in keys if key.connection.tenant_id == tenant]
            yield tenant, cause, {"keys": _named(mine)}


def next_unused(tenants: Collection[int]) -> Iterator[tuple[int, datetime]]:
    """Return when time alone lets a key of some companies count as unused."""
    for key in _valid(tenants):
        yield key.connection.tenant_id, _used_at(key) + UNUSED_AFTER


def _valid(tenants: Collection[int]) -> QuerySet[ApiKey]:
    rows = ApiKey.objects.filter(connection__tenant__in=tenants, revoked_at=None)
    return rows.select_related("connection").order_by("label", "pk")


def _used_at(key: ApiKey) -> datetime:
    return key.last_used_at or key.created_at


def _refused(keys: Collection[ApiKey], now: datetime) -> Counter[int]:
    """Count the requests of some keys that Bling refused lately, by the key; found by their accounts, whose indexes go
    by time."""
    since, accounts = now - REFUSED_WITHIN, {key.connection_id for key in keys}
    batches = refused_whole().filter(connection__in=accounts, created_at__gt=since, api_key__in=keys)
    settlements = BlingAttempt.objects.filter(
        connection__in=accounts, started_at__gt=since, settlement__api_key__in=keys,
        outcome__in=(Outcome.REJECTED, Outcome.CONFLICT),
    )  # fmt: skip
    found = Counter[int](batches.order_by().values_list("api_key", flat=True))
    found.update(settlements.order_by().values_list("settlement__api_key", flat=True))
    return found


def _named(keys: Iterable[ApiKey]) -> str:
    names = [str(key) for key in keys]
    return ", ".join(names[:MOST_NAMED]) + (" …" if len(names) > MOST_NAMED else "")
