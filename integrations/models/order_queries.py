"""Questions about many bills of other systems."""

from datetime import datetime, timedelta

from django.db.models import Q

from integrations.domain.delivery import DeliveryState
from integrations.models.bling_writing import WriteMode
from integrations.models.order_writes import OrderWrite

LATE_AFTER = timedelta(minutes=10)
"""Within this a bill that was accepted is in Bling: its invoice waits for that."""
_OF_LIVE = Q(connection__writing__mode=WriteMode.LIVE, connection__writing__writes_orders=True)


def bills_that_ask(now: datetime) -> Q:
    """Say of bills of accounts that are switched on for them that only a person moves them on (or another key: those
    of a revoked one are held), or that they wait for longer than they may."""
    late = Q(accepted_at__lt=now - LATE_AFTER) | OrderWrite.waited_too_long(now)
    waits = Q(state=DeliveryState.READY) & (Q(contact__state=DeliveryState.NEEDS_HUMAN) | late)
    asks = (DeliveryState.NEEDS_HUMAN, DeliveryState.HELD)
    return (Q(state__in=asks) | waits) & _OF_LIVE & Q(state__in=(*asks, DeliveryState.READY))


def bills_in_time(now: datetime) -> Q:
    """Say of bills that they wait, and not yet for too long."""
    return _OF_LIVE & Q(state=DeliveryState.READY, accepted_at__gte=now - LATE_AFTER)
