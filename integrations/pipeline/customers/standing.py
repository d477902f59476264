"""Where a customer of another system stands, and why it goes no further: one answer for people and for its system."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from integrations.domain.delivery import DeliveryState
from integrations.domain.reasons import Problem, Reason
from integrations.models import CustomerWrite, OrderWrite, WriteMode
from integrations.models.connections import ConnectionStatus


class Standing(StrEnum):
    SWITCHED_OFF = "switched_off"
    SIMULATION = "simulation"
    KEY_OVER = "key_over"
    DISCONNECTED = "disconnected"
    STALE = "stale"
    CONTACT_STUCK = "contact_stuck"
    CUSTOMER_STUCK = "customer_stuck"
    PAUSED = "paused"
    QUEUED = "queued"
    SENDING = "sending"
    UNCONFIRMED = "unconfirmed"
    DIFFERS = "differs"
    STUCK = "stuck"
    EQUAL = "equal"
    LEFT_OUT = "left_out"


ASKS = (Standing.STALE, Standing.CONTACT_STUCK, Standing.DIFFERS, Standing.STUCK)
"""What only a person, or the system with something new, moves on."""


@dataclass(frozen=True)
class Answer:
    """Where it stands, and the reason that is known of it."""

    standing: Standing
    why: Problem | None = None


BY_STATE = {
    DeliveryState.SENDING: Standing.SENDING,
    DeliveryState.UNCERTAIN: Standing.UNCONFIRMED,
    DeliveryState.DELIVERED: Standing.EQUAL,
    DeliveryState.IGNORED: Standing.LEFT_OUT,
    DeliveryState.NEEDS_HUMAN: Standing.STUCK,
}
"""Where what a system sent stands by its state alone."""


def standing_of(customer: CustomerWrite, now: datetime) -> Answer:
    """Return where a customer stands; its key, its contact and its connection's `writing` are read with it."""
    state, why = DeliveryState(customer.state), customer.get_reason()
    if state is DeliveryState.NEEDS_HUMAN and customer.reason in (Reason.FIELDS_DIFFER, Reason.CONTACT_UNSURE):
        return Answer(Standing.DIFFERS, why)
    if state in BY_STATE:
        return Answer(BY_STATE[state], why)
    writing = getattr(customer.connection, "writing", None)
    mode = writing.mode if writing else WriteMode.OFF
    if writing is None or mode != WriteMode.LIVE:
        return Answer(Standing.SIMULATION if mode == WriteMode.SIMULATION else Standing.SWITCHED_OFF)
    if not customer.api_key.may_send_customers:
        return Answer(Standing.KEY_OVER)
    return of_waiting(customer, now, is_stale=customer.is_stale(), wait_until=writing.customers_wait_until)


def of_waiting(
    row: CustomerWrite | OrderWrite, now: datetime, *, is_stale: bool,
    wait_until: datetime | None, is_of_another: bool = False,
) -> Answer:  # fmt: skip
    """Return where something of a key that counts stands that waits for its account, or its contact; Bling refuses its
    kind until `wait_until`."""
    contact, writing = row.contact, row.connection.writing
    if row.connection.status != ConnectionStatus.CONNECTED:
        return Answer(Standing.DISCONNECTED)
    if is_stale:
        return Answer(Standing.STALE)
    if is_of_another:
        return Answer(Standing.CUSTOMER_STUCK)
    if contact.state == DeliveryState.NEEDS_HUMAN:
        return Answer(Standing.CONTACT_STUCK, contact.get_reason())
    waits = [writing.paused_until, wait_until]
    waits += [writing.contacts_wait_until] if contact.bling_id is None else []
    if any(until is not None and until > now for until in waits):
        return Answer(Standing.PAUSED)
    return Answer(Standing.QUEUED, row.get_reason() or (contact.get_reason() if contact.bling_id is None else None))
