"""Whose a request to the API is, and where a customer of it stands."""

from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from integrations.bling_v2.codes import RefusedError
from integrations.models import ApiKey, CustomerWrite, OrderWrite
from integrations.models.api_keys import KeyKind
from integrations.pipeline.customers.accept import NotTaken, NotTakenError
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.payables import throttle


def key_of(given: str, address: str, now: datetime) -> ApiKey:
    """Return the row of a key. Raises `NotTakenError` for one that nobody knows, was revoked or is not confirmed yet;
    strangers of one `address` may try a few times a minute."""
    key = ApiKey.objects.known(given, KeyKind.API)
    if key is None:
        try:
            throttle.count_unknown(address)
        except RefusedError as error:
            raise NotTakenError(NotTaken.TOO_MANY) from error
        raise NotTakenError(NotTaken.NO_KEY)
    ApiKey.objects.note_use(key, given, now)
    if not key.connection.tenant.is_active:
        raise NotTakenError(NotTaken.OFF)
    if not key.is_confirmed:
        raise NotTakenError(NotTaken.NOT_CONFIRMED)
    return key


def customer_of(key: ApiKey, ref: str) -> CustomerWrite | None:
    """Return a customer that the key's system has sent; nothing of other systems is told. Raises `NotTakenError`."""
    if not key.may_send_customers:
        raise NotTakenError(NotTaken.NOT_ALLOWED)
    rows = CustomerWrite.objects.select_related("api_key", "contact", "connection__writing")
    return rows.filter(connection=key.connection_id, system=key.system, ref=ref).first()


def live_key(row: CustomerWrite | OrderWrite, keys: QuerySet[ApiKey]) -> ApiKey:
    """Return the key by which a person may let something be sent again: the one that it came by, or another one of its
    system; `keys` are those that may send it. Raises `Refused` where there is none."""
    mine = keys.filter(connection=row.connection_id, system=row.system).order_by("-created_at")
    found = mine.filter(pk=row.api_key_id).first() or mine.first()
    if found is None:
        raise Refused("key", _("No key of its system may send it: the one that it came by was revoked."))
    return found
