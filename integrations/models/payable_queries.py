"""Questions about many payables for Bling."""

from datetime import datetime

from django.db.models import OuterRef, Q, QuerySet

from integrations.domain.delivery import DeliveryState
from integrations.models.bling_units import PayableWrite
from integrations.models.bling_writing import WriteMode
from integrations.models.subqueries import has_any
from integrations.models.write_batches import WriteBatch


def refused_whole() -> QuerySet[WriteBatch]:
    """Return the batches of which Bling refused everything; what a person discarded is none."""
    decided = PayableWrite.objects.filter(batch=OuterRef("pk"), decision=PayableWrite.Decision.IGNORE)
    return WriteBatch.objects.filter(~Q(has_any(decided)), state=WriteBatch.State.DISCARDED)


def asks_somebody(now: datetime) -> Q:
    """Say of payables of live accounts that only a person moves them on."""
    ready = Q(state=DeliveryState.READY)
    asks = Q(state=DeliveryState.NEEDS_HUMAN) | Q(state=DeliveryState.HELD)
    asks |= ready & PayableWrite.waited_too_long(now)
    held_back = Q(batch__state__in=(WriteBatch.State.STOPPED, WriteBatch.State.AWAITING))
    asks |= ready & (Q(supplier__state=DeliveryState.NEEDS_HUMAN) | held_back)
    unfinished = (DeliveryState.READY, DeliveryState.HELD, DeliveryState.NEEDS_HUMAN)
    return asks & Q(state__in=unfinished, connection__writing__mode=WriteMode.LIVE)
