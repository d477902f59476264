"""States and outcomes of a delivery: what each is called. Their colours are in `colours`."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from integrations.domain.delivery import DeliveryState, Outcome

_NAMES = {
    DeliveryState.HELD: _("Waiting"),
    DeliveryState.READY: _("Ready to send"),
    DeliveryState.SENDING: _("Sending"),
    DeliveryState.DELIVERED: _("Sent to Kamino"),
    DeliveryState.UNCERTAIN: _("Unconfirmed delivery"),
    DeliveryState.NEEDS_HUMAN: _("Needs action"),
    DeliveryState.IGNORED: _("Not to be synced"),
}
_OUTCOMES = {
    Outcome.IN_FLIGHT: _("In flight"),
    Outcome.DELIVERED: _("Delivered"),
    Outcome.ADOPTED: _("Found in Kamino"),
    Outcome.UNCHANGED: _("Compared, nothing to send"),
    Outcome.TRANSIENT: _("Temporary failure"),
    Outcome.REJECTED: _("Refused by Kamino"),
    Outcome.CONFIG: _("Connection settings"),
    Outcome.CONFLICT: _("Conflict"),
    Outcome.UNCERTAIN: _("Outcome unknown"),
    Outcome.INTERNAL: _("Internal error"),
}


def state_choices() -> list[tuple[str, Any]]:
    """Return the states with their names; a function, so that a new one needs no migration."""
    return [(state.value, _NAMES[state]) for state in DeliveryState]


def outcome_choices() -> list[tuple[str, Any]]:
    """Return the outcomes of an attempt with their names."""
    return [(outcome.value, _OUTCOMES[outcome]) for outcome in Outcome]
