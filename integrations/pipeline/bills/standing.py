"""Where a bill of another system stands, and why it goes no further: one answer for people and for its system."""

from datetime import datetime

from integrations.domain.delivery import DeliveryState
from integrations.models import OrderWrite, WriteMode
from integrations.pipeline.customers.standing import BY_STATE, Answer, Standing, of_waiting


def standing_of_bill(bill: OrderWrite, now: datetime) -> Answer:
    """Return where a bill stands; its key, contact, customer and its connection's `writing` are read with it."""
    state, why = DeliveryState(bill.state), bill.get_reason()
    if state in BY_STATE:
        return Answer(BY_STATE[state], why)
    writing = getattr(bill.connection, "writing", None)
    mode = writing.mode if writing else WriteMode.OFF
    if writing is None or mode == WriteMode.OFF or (mode == WriteMode.LIVE and not writing.writes_orders):
        return Answer(Standing.SWITCHED_OFF)
    if mode == WriteMode.SIMULATION:
        return Answer(Standing.SIMULATION)
    if not bill.api_key.may_send_bills:
        return Answer(Standing.KEY_OVER)
    return of_waiting(
        bill, now, is_stale=bill.is_stale(now), wait_until=writing.orders_wait_until,
        is_of_another=bill.is_of_another,
    )  # fmt: skip
