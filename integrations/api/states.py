"""What other systems are told of what they sent: one word for each standing."""

from collections.abc import Mapping
from typing import Literal

from integrations.pipeline.customers.standing import Standing

Estado = Literal["aguardando", "simulacao", "desligado", "gravado", "divergente", "parado", "ignorado"]
_STATES: Mapping[Standing, Estado] = {
    Standing.SWITCHED_OFF: "desligado", Standing.SIMULATION: "simulacao", Standing.EQUAL: "gravado",
    Standing.LEFT_OUT: "ignorado", Standing.DIFFERS: "divergente", Standing.STUCK: "parado",
    Standing.CONTACT_STUCK: "parado", Standing.CUSTOMER_STUCK: "parado", Standing.STALE: "parado",
    Standing.KEY_OVER: "parado",
}  # fmt: skip


def state_of(standing: Standing) -> Estado:
    """Return the word for a standing; what goes on by itself waits."""
    return _STATES.get(standing, "aguardando")
