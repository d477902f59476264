"""Questions about many customers of other systems."""

from django.db.models import Q

from integrations.domain.delivery import DeliveryState
from integrations.domain.reasons import Reason
from integrations.models.bling_writing import WriteMode
from integrations.models.customer_writes import CustomerWrite


def customers_that_ask() -> Q:
    """Say of customers of live accounts that only a person, or their system, moves them on. Those
    of a revoked key are held. What waits for a switch is
    not asked of the people who decide about customers."""
    is_off = Q(reason=Reason.CONTACT_CHANGES_OFF, connection__writing__changes_contacts=False)
    stuck = (Q(state=DeliveryState.NEEDS_HUMAN) & ~is_off) | Q(state=DeliveryState.HELD)
    waits = Q(state=DeliveryState.READY) & (Q(contact__state=DeliveryState.NEEDS_HUMAN) | CustomerWrite.WAITED_TOO_LONG)
    asks = (DeliveryState.NEEDS_HUMAN, DeliveryState.HELD, DeliveryState.READY)
    return (stuck | waits) & Q(state__in=asks, connection__writing__mode=WriteMode.LIVE)
