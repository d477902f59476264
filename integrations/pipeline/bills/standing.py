"""Where a bill of another system stands, and why it goes no further: one answer for people and for its system."""

from datetime import datetime

from integrations.domain.delivery import DeliveryState
from integrations.models import OrderWrite, WriteMode
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.customers.standing import BY_STATE, Answer, Standing


def standing_of_bill(bill: OrderWrite, now: datetime) -> Answer:
    """Return where a bill stands; its key, contact, customer and its connection's `writing` are read with it."""
    state, why = DeliveryState(bill.state), bill.get_reason()
    if state in BY_STATE:
        return Answer(BY_STATE[state], why)
    writing, contact = getattr(bill.connection, "writing", None), bill.contact
    mode = writing.mode if writing else WriteMode.OFF
    if writing is None or mode == WriteMode.OFF or (mode == WriteMode.LIVE and not writing.writes_orders):
        return Answer(Standing.SWITCHED_OFF)
    if mode == WriteMode.SIMULATION:
        return Answer(Standing.SIMULATION)
    if not bill.api_key.may_send_bills:
        return Answer(Standing.KEY_OVER)
    if bill.connection.status != ConnectionStatus.CONNECTED:
        return Answer(Standing.DISCONNECTED)
    if bill.is_stale(now):
        return Answer(Standing.STALE)
    if bill.is_of_another:
        return Answer(Standing.CUSTOMER_STUCK)
    if contact.state == DeliveryState.NEEDS_HUMAN:
        return Answer(Standing.CONTACT_STUCK, contact.get_reason())
    waits = [writing.paused_until, writing.orders_wait_until]
    waits += [writing.contacts_wait_until] if contact.bling_id is None else []
    if any(until is not None and until > now for until in waits):
        return Answer(Standing.PAUSED)
    return Answer(Standing.QUEUED, why or (contact.get_reason() if contact.bling_id is None else None))
