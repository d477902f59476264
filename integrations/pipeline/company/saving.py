"""Saving what was changed of a company or of its connections, by a person on a form or by `provision`: it is
kept in the history, its titles are planned again where a rule changed, and new keys are tried at once."""

from collections.abc import Collection
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Model
from django.utils.translation import gettext as _

from integrations.models import DELIVERY_UNITS, BlingConnection, KaminoConnection, Tenant, Title
from integrations.pipeline.access.addresses import kamino_address
from integrations.pipeline.access.error_texts import error_text
from integrations.pipeline.access.leases import lift_pause
from integrations.pipeline.company.force_limit import ask_or_take
from integrations.pipeline.desk.commands import tenant_changed
from integrations.pipeline.handover.kamino_rows import forget_rows
from integrations.pipeline.handover.plan_requests import request_plans
from integrations.pipeline.handover.title_lists import forget_lists
from integrations.rest.errors import ConfigError

RULES = {
    "settled_from", "closed_until", "cancel_deleted", "sync_payables", "sync_receivables", "release", "sale_release",
    "partial_policy",
}  # fmt: skip
_KAMINO_RULES = {
    "allow_unconfirmed", "lists_are_complete", "payable_number", "default_cost_center", "default_business_unit"
}  # fmt: skip
_KAMINO_PLACE = {"base_url", "cn"}
"""Another company, or the same one somewhere else: its lists are not known any more."""
_BLING_RULES = {"paid_amount"}
KEYS = {"base_url", "cn", *KaminoConnection.SECRETS}


def save_tenant(
    tenant: Tenant, changed: Collection[str], *, user: User | None, now: datetime, reason: str = ""
) -> None:
    """Save the `changed` fields of a company that exists; the others stay as somebody else may have left them. A limit
    that allows more than before is only asked for (`force_limit`)."""
    with transaction.atomic():
        if "force_limit" in changed:
            changed = {*changed, *ask_or_take(tenant, tenant.force_limit, user)}
        _save(tenant, changed, user, reason)
        if not RULES.isdisjoint(changed):
            tenant_changed(tenant_id=tenant.pk, now=now)


def save_kamino(
    kamino: KaminoConnection, changed: Collection[str], *, user: User | None, now: datetime, reason: str = ""
) -> None:
    """Save the `changed` fields of a connection that exists."""
    with transaction.atomic():
        has_moved = not _KAMINO_PLACE.isdisjoint(changed)
        if has_moved:
            changed = {*changed, *forget_lists(kamino, now=now)}
        _save(kamino, changed, user, reason)
        if has_moved:
            forget_rows(kamino.pk)
            # Whoever works on it stops; the lease lasts as long as a call may be under way.
            KaminoConnection.objects.filter(pk=kamino.pk).update(fence=F("fence") + 1)
        if not KEYS.isdisjoint(changed):
            lift_pause(kamino.pk, now)
        if not _KAMINO_RULES.isdisjoint(changed):
            tenant_changed(tenant_id=kamino.tenant_id, now=now)


def save_bling(
    connection: BlingConnection, changed: Collection[str], *, user: User | None, now: datetime, reason: str = ""
) -> None:
    """Save the `changed` fields of a connection that exists."""
    with transaction.atomic():
        _save(connection, changed, user, reason)
        if not _BLING_RULES.isdisjoint(changed):
            request_plans(Title.objects.filter(connection=connection), now=now)


class RefusedPlaceError(Exception):
    """Keys must not be sent to where a connection would lead; `field` is the one to correct, `text` the sentence."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field, self.text = field, text


def place_of(kamino: KaminoConnection, base_url: str, cn: str, *, given: Collection[str]) -> str:
    """Return the address that a connection would have, as it is stored. `given` are the keys that were entered anew.

    Raises `RefusedPlaceError` where keys must not be sent to; where they are not those of this place, because they were
    entered for another one; or where the numbers that are known of its titles and persons would be those of another
    company.
    """
    try:
        address = str(kamino_address(base_url, cn))
    except ConfigError as error:
        if error.code == "sandbox_cn":
            raise RefusedPlaceError("cn", error_text(error)) from error
        hosts = {"hosts": ", ".join(settings.KAMINO_ALLOWED_HOSTS)}
        text = _("Keys are sent only to https addresses of %(hosts)s. Correct the address.") % hosts
        raise RefusedPlaceError("base_url", text) from error
    stored = KaminoConnection.objects.filter(pk=kamino.pk).first()
    if stored is None or (stored.base_url.rstrip("/").lower(), stored.cn) == (address, cn):
        return address
    kept = [name for name in KaminoConnection.SECRETS if name not in given]
    if kept:
        text = _("The address or the CN changed: enter all keys again. They go only where they were entered for.")
        raise RefusedPlaceError(kept[0], text)
    units = (model.objects.filter(kamino_connection=stored, kamino_id__isnull=False) for model in DELIVERY_UNITS)
    if cn != stored.cn and any(unit.exists() for unit in units):
        text = _("What was sent is at the company of this CN: another one needs a company of its own here.")
        raise RefusedPlaceError("cn", text)
    return address


def _save(row: Model, changed: Collection[str], user: User | None, reason: str) -> None:
    columns = {field.name for field in row._meta.concrete_fields} & set(changed)
    if columns:
        row._history_user = user  # type: ignore[attr-defined] # both are read by simple-history
        row._change_reason = reason or None  # type: ignore[attr-defined]
        row.save(update_fields=sorted(columns))
