"""Closing: a company's account ends. It stops at once, can be reopened for a time, and is then deleted whole."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Model, Q
from django.utils.translation import gettext as _

from integrations.domain.calendar import day_of
from integrations.models import (
    BlingConnection,
    BlingToken,
    BlingWriting,
    ConfidentialCategory,
    CustomerWrite,
    Export,
    FilterRule,
    KaminoConnection,
    Mapping,
    OrderWrite,
    PayableWrite,
    Person,
    SettlementWrite,
    Tenant,
    Title,
)
from integrations.pipeline.company.activation import change_company
from integrations.pipeline.company.connection_state import disconnect
from integrations.pipeline.desk.refusal import Refused

log = structlog.get_logger(__name__)

KEPT_FOR = timedelta(days=90)
"""How long a closed company can be reopened (docs/lgpd.md)."""
BATCH = 500
_HISTORIES = (BlingConnection, KaminoConnection)


def close(*, tenant: Tenant, reason: str, user: User, now: datetime) -> None:
    """Stop a company, revoke its authorization at Bling, and have it deleted after `KEPT_FOR`. Raises `Refused` without
    a reason, or when it is closed already."""
    delete_on = day_of(now) + KEPT_FOR
    stopped = {"is_active": False, "delivery_mode": Tenant.DeliveryMode.SHADOW, "delete_on": delete_on}
    if not change_company(tenant, Q(delete_on=None), stopped, reason=reason, user=user, now=now):
        raise Refused("changed", _("This company is closed already."))
    # A worker killed here leaves tokens that nothing uses; the deletion revokes them.
    for connection in BlingConnection.objects.filter(tenant=tenant):
        disconnect(connection=connection, user=user, now=now)


def reopen(*, tenant: Tenant, reason: str, user: User, now: datetime) -> None:
    """Reopen a closed company, in simulation; Bling has to be connected again. Raises `Refused` without a reason,
    when it is not closed, or when its deletion has begun."""
    again = {"is_active": True, "delete_on": None}
    if not change_company(tenant, Q(delete_on__gt=day_of(now)), again, reason=reason, user=user, now=now):
        raise Refused("changed", _("This company is not closed, or its deletion has begun."))


def delete_closed(*, clock: Callable[[], datetime], deadline: datetime) -> None:
    """Delete the companies whose time is over, until the deadline; what is left follows the next night. One that
    fails does not stop the others."""
    today = day_of(clock())
    for tenant in Tenant.objects.filter(is_active=False, delete_on__lte=today).order_by("delete_on", "pk"):
        try:
            _delete(tenant, clock, deadline)
        except Exception:
            log.exception("company not deleted", tenant=tenant.pk)
        if clock() >= deadline:
            return


def _delete(tenant: Tenant, clock: Callable[[], datetime], deadline: datetime) -> None:
    for connection in BlingConnection.objects.filter(pk__in=_token_holders(tenant)):
        disconnect(connection=connection, user=None, now=clock())
    for model in (Title, Person):
        if model is Person:
            _forget_mappings(tenant)  # they hold on to persons
        rows = model.objects.filter(connection__tenant=tenant).order_by("pk")
        while keys := list(rows.values_list("pk", flat=True)[:BATCH]):
            if clock() >= deadline:
                return
            model.objects.filter(pk__in=keys).delete()
    with transaction.atomic():
        for held in _OF_CONTACTS:
            held._default_manager.filter(connection__tenant=tenant).delete()
        KaminoConnection.objects.filter(tenant=tenant).update(default_cost_center=None, default_business_unit=None)
        BlingWriting.history.filter(connection__tenant=tenant).delete()
        for connections in _HISTORIES:
            own = list(connections.objects.filter(tenant=tenant).values_list("pk", flat=True))
            connections.objects.filter(pk__in=own).delete()
            connections.history.filter(id__in=own).delete()  # afterwards: the deletion is a line of it
        Export.objects.filter(tenant_ids__contains=[tenant.pk]).delete()
        tenant_id = tenant.pk
        tenant.delete()
        Tenant.history.filter(id=tenant_id).delete()
    log.info("company deleted", tenant=tenant.slug)


_OF_CONTACTS: tuple[type[Model], ...] = (SettlementWrite, PayableWrite, OrderWrite, CustomerWrite)
"""What holds on to contacts for Bling."""


def _token_holders(tenant: Tenant) -> list[int]:
    return list(BlingToken.objects.filter(connection__tenant=tenant).values_list("connection", flat=True))


def _forget_mappings(tenant: Tenant) -> None:
    own = list(BlingConnection.objects.filter(tenant=tenant).values_list("pk", flat=True))
    for model in (Mapping, FilterRule, ConfidentialCategory):
        model.objects.filter(connection__in=own).delete()
        model.history.filter(connection__in=own).delete()
