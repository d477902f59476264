"""What a key may be told of bills."""

from integrations.models import ApiKey, OrderWrite
from integrations.pipeline.customers.accept import NotTaken, NotTakenError


def bill_of(key: ApiKey, ref: str) -> OrderWrite | None:
    """Return a bill that the key's system has sent; nothing of other systems is told. Raises `NotTakenError`."""
    if not key.may_send_bills:
        raise NotTakenError(NotTaken.NOT_ALLOWED)
    rows = OrderWrite.objects.select_related("api_key", "contact", "customer", "connection__writing")
    return rows.filter(connection=key.connection_id, system=key.system, ref=ref).first()
