"""Accept a bill of another system: it is stored at once, under the account's lock, and sent later."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from integrations.domain.bodies import fingerprint_of
from integrations.domain.delivery import IN_FLIGHT, DeliveryState
from integrations.domain.orders import DesiredOrder, new_reference
from integrations.domain.payables import DesiredContact
from integrations.models import ApiKey, CustomerWrite, OrderWrite
from integrations.models.outbox import NO_REASON, Priority
from integrations.pipeline.customers.accept import (
    NotTaken,
    NotTakenError,
    check_is_on,
    check_rate,
    contact_for,
    is_new_version,
    said_again,
)
from integrations.pipeline.payables.accept import lock
from integrations.pipeline.payables.orders import unresolved


@dataclass(frozen=True, repr=False)
class GivenBill:
    """What a system says of a bill: `ref` is its own name for it, `version` grows with each change. Its customer is one
    that the system has sent (`customer_ref`), or is told along (`customer`). `order` has no reference yet."""

    ref: str
    version: int
    order: DesiredOrder
    customer_ref: str = ""
    customer: DesiredContact | None = None

    @property
    def digest(self) -> str:
        customer = self.customer.to_json() if self.customer else None
        return fingerprint_of([self.order.to_json(), self.customer_ref, customer])


def accept(key: ApiKey, given: GivenBill, now: datetime) -> bool:
    """Store what a system says of one of its bills, and say whether it is new: the same version again changes nothing.
    Raises `NotTakenError`."""
    if not key.may_send_bills:
        raise NotTakenError(NotTaken.NOT_ALLOWED)
    check_is_on(key)
    with transaction.atomic():
        lock(key.connection)
        rows = OrderWrite.objects.select_for_update(of=("self",)).select_related(
            "connection__writing", "contact", "api_key"
        )
        row = rows.filter(connection=key.connection_id, system=key.system, ref=given.ref).first()
        is_known = row is not None and not is_new_version(row, given.version, given.digest)
        if row is not None and is_known and row.desired:  # else its data were erased, and are said again
            if row.is_stale(now) or row.state == DeliveryState.HELD or not row.api_key.may_send_bills:
                said_again(row, key, now)
            return False
        check_rate(OrderWrite.objects.filter(connection=key.connection_id), now)
        whose = _customer(key, given, now)
        if row is None:
            _create(key, given, whose, now)
        else:
            _change(row, key, given, whose, now)
    return True


def _customer(key: ApiKey, given: GivenBill, now: datetime) -> dict[str, Any]:
    """Return the columns that say whose a bill is. Raises `NotTakenError` for a reference that the system did not
    send."""
    if given.customer is not None:
        contact = contact_for(key.connection, given.customer, now)
        return {"customer": None, "contact": contact, "customer_name": given.customer.name}
    mine = CustomerWrite.objects.filter(connection=key.connection_id, system=key.system, ref=given.customer_ref)
    customer = mine.select_related("contact").first()
    if customer is None:
        raise NotTakenError(NotTaken.NO_CUSTOMER)
    return {"customer": customer, "contact": customer.contact, "customer_name": customer.name}


def _create(key: ApiKey, given: GivenBill, whose: dict[str, Any], now: datetime) -> None:
    reference = new_reference()
    OrderWrite.objects.create(
        connection=key.connection, system=key.system, ref=given.ref, reference=reference, state=DeliveryState.READY,
        **whose, **_said(key, given, reference, now),
    )  # fmt: skip


def _change(row: OrderWrite, key: ApiKey, given: GivenBill, whose: dict[str, Any], now: datetime) -> None:
    """Store a newer version. Raises `NotTakenError` for one of another customer of which Bling has, or may have, an
    order: that is another bill."""
    values = {**_said(key, given, row.reference, now), **NO_REASON, **whose}
    if row.state != DeliveryState.IGNORED:
        values["decision"] = ""
    if whose["contact"].pk != row.contact_id:
        if row.bling_id is not None or row.state in IN_FLIGHT or unresolved(row).exists():
            raise NotTakenError(NotTaken.OTHER_CUSTOMER)
        # Who read the row before sends it no more: it would have the customer of before.
        values["fence"] = F("fence") + 1
    OrderWrite.objects.plan(row.pk, state=DeliveryState.READY, **values)


def _said(key: ApiKey, given: GivenBill, reference: str, now: datetime) -> dict[str, Any]:
    wanted = replace(given.order, reference=reference)
    return {
        "api_key": key, "version": given.version, "digest": given.digest, "day": wanted.day, "total": wanted.total,
        "desired": wanted.to_json(), "desired_fingerprint": wanted.fingerprint, "priority": Priority.NEW,
        "accepted_at": now, "ready_at": now, "planned_at": now, "tries": 0,
    }  # fmt: skip
