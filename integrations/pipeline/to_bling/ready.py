"""What may be sent to Bling now, or is to be looked up there. All rows are found by partial indexes of their state."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from integrations.domain.delivery import DeliveryState
from integrations.models import (
    WRITE_UNITS,
    ApiKey,
    BlingConnection,
    BlingWriting,
    ContactWrite,
    CustomerWrite,
    OrderWrite,
    PayableWrite,
    SettlementWrite,
    WriteMode,
    WriteUnit,
)
from integrations.models.bling_units import STALE_AFTER, BlingUnit
from integrations.models.connections import ConnectionStatus
from integrations.models.subqueries import has_any, is_among

MOST_UNKNOWN = 2
"""Writes of one account whose outcome is not known, from which on nothing more is sent to it: it is out of order."""


def ready_payables(now: datetime) -> QuerySet[PayableWrite]:
    """Return the payables that may be sent now: their account is written to, their supplier is in Bling."""
    has_supplier = Q(contact_id__isnull=False) | Q(supplier__bling_id__isnull=False)
    rows = PayableWrite.objects.due(DeliveryState.READY, now).filter(
        ~PayableWrite.waited_too_long(now), PayableWrite.may_be_claimed(), _is_let("payables", now),
        connection__writing__mode=WriteMode.LIVE,
    )  # fmt: skip
    return rows.filter(has_supplier)


def _is_let(kind: str, now: datetime) -> Q:
    """Bling did not refuse lately to let anybody write this kind."""
    until = f"connection__writing__{kind}_wait_until"
    return Q(**{until: None}) | Q(**{f"{until}__lte": now})


def ready_contacts(now: datetime) -> QuerySet[ContactWrite]:
    """Return the contacts that may be sent now: a payable that may be sent needs them."""
    waiting = PayableWrite.objects.filter(
        ~PayableWrite.waited_too_long(now), PayableWrite.may_be_claimed(), _is_let("payables", now),
        _is_let("contacts", now), supplier=OuterRef("pk"), state=DeliveryState.READY,
        connection__writing__mode=WriteMode.LIVE,
    )  # fmt: skip
    rows = ContactWrite.objects.due(DeliveryState.READY, now).filter(bling_id__isnull=True)
    return rows.filter(has_any(waiting))


def ready_customers(now: datetime) -> QuerySet[CustomerWrite]:
    """Return the customers of other systems that may be compared and sent now: their contact is in Bling."""
    return CustomerWrite.objects.due(DeliveryState.READY, now).filter(CustomerWrite.may_be_claimed(), _is_sent(now))


def ready_orders(now: datetime) -> QuerySet[OrderWrite]:
    """Return the bills that may be sent now: their customer's contact is in Bling."""
    rows = OrderWrite.objects.due(DeliveryState.READY, now)
    return rows.filter(OrderWrite.may_be_claimed(), _is_let("orders", now), ~OrderWrite.waited_too_long(now))


def ready_contacts_of_bills(now: datetime) -> QuerySet[ContactWrite]:
    """Return the contacts that may be sent now: a bill that may be sent needs them."""
    keys = ApiKey.objects.that_send_bills().filter(pk=OuterRef("api_key"))
    waiting = OrderWrite.objects.filter(
        Q(has_any(keys)), ~OrderWrite.waited_too_long(now), _is_let("orders", now), _is_let("contacts", now),
        connection__writing__mode=WriteMode.LIVE, connection__writing__writes_orders=True, contact=OuterRef("pk"),
        state=DeliveryState.READY,
    )  # fmt: skip
    return _ready_contacts(now).filter(has_any(waiting))


def ready_contacts_of_customers(now: datetime) -> QuerySet[ContactWrite]:
    """Return the contacts that may be sent now: a customer that may be sent needs them."""
    keys = ApiKey.objects.that_send_customers().filter(pk=OuterRef("api_key"))
    waiting = CustomerWrite.objects.filter(
        Q(has_any(keys)), _is_sent(now), _is_let("contacts", now), contact=OuterRef("pk"), state=DeliveryState.READY
    )
    return _ready_contacts(now).filter(has_any(waiting))


def _ready_contacts(now: datetime) -> QuerySet[ContactWrite]:
    rows = ContactWrite.objects.due(DeliveryState.READY, now)
    return rows.filter(BlingUnit.may_be_claimed(), bling_id__isnull=True)


def _is_sent(now: datetime) -> Q:
    """An account is written to, and lets customers be changed, since before a customer was accepted."""
    is_live = Q(connection__writing__mode=WriteMode.LIVE) & _is_let("customers", now)
    return is_live & ~CustomerWrite.WAITED_TOO_LONG


def ready_settlements(now: datetime) -> QuerySet[SettlementWrite]:
    """Return the settlements that may be sent now."""
    rows = SettlementWrite.objects.due(DeliveryState.READY, now)
    return rows.filter(
        ~SettlementWrite.waited_too_long(now), SettlementWrite.may_be_claimed(), _is_let("settlements", now)
    )


def is_mine(writing: BlingWriting, now: datetime) -> bool:
    """Say whether the holder of an account's lease may still write to it, and there is something to do."""
    return _with_work(now).filter(pk=writing.pk, fence=writing.fence).exists()


def writings_due(now: datetime, tenant_ids: Sequence[int] | Any | None) -> QuerySet[BlingWriting]:
    """Return the accounts that something is to be sent to, or looked up in, and that nobody writes to now. What became
    of a write is looked up in one that is switched off, too: it is read alone, and may have been paid."""
    usable = BlingConnection.objects.filter(
        pk=OuterRef("connection"), status=ConnectionStatus.CONNECTED, tenant__is_active=True
    )
    found = _with_work(now).filter(
        is_among("connection", _of_units(now)), has_any(usable, "pk"),
        Q(paused_until=None) | Q(paused_until__lte=now), Q(lease_until=None) | Q(lease_until__lt=now),
    )  # fmt: skip
    return found if tenant_ids is None else found.filter(connection__tenant__in=tenant_ids)


def _of_units(now: datetime) -> QuerySet[Any]:
    """Return the accounts that have something which may be due, found by the partial indexes of what there is to do: of
    a thousand that wait for nothing none is read. A supplier is due only with a payable that is not old."""
    fresh = PayableWrite.objects.filter(state=DeliveryState.READY, accepted_at__gte=now - STALE_AFTER)
    # Asked of each row: joined, the database may begin with the accounts, and read them all.
    live = BlingWriting.objects.filter(connection=OuterRef("connection"), mode=WriteMode.LIVE)
    customers = CustomerWrite.objects.due(DeliveryState.READY, now).filter(has_any(live, "connection_id"))
    orders = OrderWrite.objects.due(DeliveryState.READY, now).filter(
        has_any(live.filter(writes_orders=True), "connection_id")
    )
    others: list[Any] = [SettlementWrite.objects.due(DeliveryState.READY, now), customers, orders]
    others += [model.objects.due(DeliveryState.UNCERTAIN, now) for model in WRITE_UNITS]
    return fresh.order_by().values("connection").union(*(rows.order_by().values("connection") for rows in others))


def _with_work(now: datetime) -> QuerySet[BlingWriting]:
    mine = {"connection": OuterRef("connection")}
    to_look_up = Q(pk__in=[])
    unknown: Combinable = Value(0)
    for model in WRITE_UNITS:
        rows = model.objects.filter(state=DeliveryState.UNCERTAIN, **mine)
        to_look_up |= Q(has_any(rows.filter(ready_at__lte=now)))
        counted = rows.order_by().values("connection").annotate(found=Count("pk")).values("found")
        unknown = unknown + Coalesce(Subquery(counted), 0)
    to_send = has_any(ready_payables(now).filter(**mine)) | has_any(ready_contacts(now).filter(**mine))
    to_send |= has_any(ready_settlements(now).filter(**mine)) | has_any(ready_customers(now).filter(**mine))
    to_send |= has_any(ready_orders(now).filter(**mine)) | has_any(ready_contacts_of_bills(now).filter(**mine))
    to_send |= has_any(ready_contacts_of_customers(now).filter(**mine))
    found: QuerySet[BlingWriting] = BlingWriting.objects.alias(unknown=unknown)
    return found.filter(to_look_up | (Q(to_send) & Q(unknown__lt=MOST_UNKNOWN)))


def in_turn(writings: QuerySet[BlingWriting]) -> QuerySet[BlingWriting]:
    """Order accounts so that the one comes first that waited longest."""
    return writings.order_by(F("served_at").asc(nulls_first=True), "pk")


def next_uncertain(connection_id: int, now: datetime) -> WriteUnit | None:
    """Return a unit of an account that is to be looked up now."""
    for model in WRITE_UNITS:
        rows = model.objects.due(DeliveryState.UNCERTAIN, now).filter(connection=connection_id)
        unit: WriteUnit | None = rows.order_by("ready_at").first()
        if unit is not None:
            return unit
    return None


def next_contact(connection_id: int, now: datetime) -> ContactWrite | None:
    """Return the supplier of an account whose payable is due first."""
    needed = PayableWrite.objects.filter(supplier=OuterRef("pk"), state=DeliveryState.READY).order_by("due_date")
    rows = ready_contacts(now).filter(connection=connection_id)
    return rows.annotate(needed_on=Subquery(needed.values("due_date")[:1])).order_by("needed_on", "pk").first()


def next_payable(connection_id: int, now: datetime) -> PayableWrite | None:
    """Return the payable of an account that is due first; installments that were entered together in their order."""
    rows = ready_payables(now).filter(connection=connection_id)
    return rows.select_related("supplier", "batch").order_by("due_date", "pk").first()


def next_settlement(connection_id: int, now: datetime) -> SettlementWrite | None:
    """Return the settlement of an account that was asked for first."""
    return ready_settlements(now).filter(connection=connection_id).order_by("accepted_at", "pk").first()


def next_of_systems(connection_id: int, now: datetime) -> OrderWrite | CustomerWrite | ContactWrite | None:
    """Return what other systems sent that is next: the bill that was accepted first, or a contact that one needs, for
    invoices wait for them; then customers, and their contacts."""
    read_with = ("api_key", "contact")
    bills = ready_orders(now).select_related(*read_with, "customer").order_by("accepted_at", "pk")
    customers = ready_customers(now).select_related(*read_with).order_by("accepted_at", "pk")
    contacts = [rows.order_by("pk") for rows in (ready_contacts_of_bills(now), ready_contacts_of_customers(now))]
    in_order: tuple[QuerySet[Any], ...] = (bills, contacts[0], customers, contacts[1])
    found = (rows.filter(connection=connection_id).first() for rows in in_order)
    return next((row for row in found if row is not None), None)
