"""What is wrong with what is on its way to Bling, for the alerts."""

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min, Q, QuerySet

from integrations.domain.alerts import AlertCause
from integrations.domain.delivery import DeliveryState
from integrations.models import (
    BlingAttempt,
    BlingWriting,
    CustomerWrite,
    OrderWrite,
    PayableWrite,
    SettlementWrite,
    WriteMode,
)
from integrations.models.confidential import WHOLE, Sight, marked_ids
from integrations.models.customer_queries import customers_that_ask
from integrations.models.order_queries import LATE_AFTER, bills_in_time, bills_that_ask
from integrations.models.payable_queries import asks_somebody
from integrations.rest.errors import DAILY_LIMIT

ASKED_AGAIN = timedelta(hours=1)
"""What Bling refuses to let be written is tried again more often than this, as long as anything waits for it."""
Found = tuple[int, AlertCause, dict[str, object]]


def causes_of_payables(tenants: Collection[int], now: datetime) -> Iterator[Found]:
    """Yield by company what Bling refuses the writing for, and how many payables, customers and bills wait."""
    live = BlingWriting.objects.filter(connection__tenant__in=tenants, mode=WriteMode.LIVE)
    for writing in live.select_related("connection").order_by("pk"):
        is_refused = bool(writing.failure) and writing.failure.get("code") != DAILY_LIMIT
        is_paused = is_refused and writing.paused_until is not None and writing.paused_until > now
        # One alert until it is let, or nothing asks for it any more: what is tried again meanwhile is refused again.
        for failure in [writing.failure] if is_paused else writing.refused_since(now - ASKED_AGAIN)[:1]:
            yield writing.connection.tenant_id, AlertCause.WRITING, {
                "label": writing.connection.label, "failure": failure
            }  # fmt: skip
    every = _waiting(tenants, now, WHOLE)
    marked = marked_ids() if every else {}
    public = _waiting(tenants, now, Sight(is_whole=False, marked=marked)) if marked else every
    for tenant, count in every.items():
        told = {"count": public[tenant]} if public[tenant] else None
        yield tenant, AlertCause.PAYABLES, {"count": count, "public": told}
    customers = CustomerWrite.objects.filter(customers_that_ask(), connection__tenant__in=tenants)
    bills = OrderWrite.objects.filter(bills_that_ask(now), connection__tenant__in=tenants)
    asking: tuple[tuple[AlertCause, QuerySet[Any]], ...] = (
        (AlertCause.CUSTOMERS, customers), (AlertCause.BILLS, bills)
    )  # fmt: skip
    for cause, rows in asking:
        for tenant, count in sorted(Counter[int](rows.order_by().values_list("connection__tenant", flat=True)).items()):
            yield tenant, cause, {"count": count}


def next_late(tenants: Collection[int], now: datetime) -> Iterator[tuple[int, datetime]]:
    """Return when time alone lets a bill of some companies count as late."""
    rows = OrderWrite.objects.filter(bills_in_time(now), connection__tenant__in=tenants).order_by()
    for tenant, first in rows.values_list("connection__tenant").annotate(first=Min("accepted_at")):
        yield tenant, first + LATE_AFTER


def _waiting(tenants: Collection[int], now: datetime, sight: Sight) -> Counter[int]:
    """Count the payables of live accounts, and their settlements, that only a person moves on, by company."""
    mine = {"connection__tenant__in": tenants, "connection__writing__mode": WriteMode.LIVE}
    rows = sight.of(PayableWrite.objects.filter(asks_somebody(now), connection__tenant__in=tenants))
    stuck = Q(state=DeliveryState.NEEDS_HUMAN) | Q(SettlementWrite.waited_too_long(now), state=DeliveryState.READY)
    waiting = (DeliveryState.READY, DeliveryState.NEEDS_HUMAN)
    settlements = sight.of(SettlementWrite.objects.filter(stuck, state__in=waiting, **mine))
    # What may stand in Bling twice, whatever is thought of its row by now, and also where writing was switched off.
    surplus = sight.of(BlingAttempt.objects.filter(BlingAttempt.HAS_SURPLUS, connection__tenant__in=tenants))
    found = Counter[int]()
    for counted in (rows, settlements, surplus):
        found.update(counted.order_by().values_list("connection__tenant", flat=True))
    return found
