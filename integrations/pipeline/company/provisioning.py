"""Set companies up from a document, idempotently: the same document twice changes nothing.

What a key says is held to the rules that a person's form is held to, and what it does not say stays as people left it.
Some decisions of people are never undone by a document: it is refused, and says where they are undone.
"""

from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from integrations.bling.auth import KIND_JWT, KIND_OPAQUE, TokenPair
from integrations.models import (
    BlingAccess,
    BlingConnection,
    BlingToken,
    ConnectionEvent,
    KaminoConnection,
    Mapping,
    Tenant,
)
from integrations.models.confidential import PUBLIC
from integrations.models.connections import DISCONNECTED, ConnectionStatus, PaidAmountChoice, PayableNumberChoice
from integrations.models.fields import SecretUnreadableError, kept_secrets
from integrations.models.mappings import TARGET_KINDS, MappingKind
from integrations.pipeline.access.apps import platform_app
from integrations.pipeline.access.tokens import store_tokens
from integrations.pipeline.company import activation
from integrations.pipeline.company.bling_access import was_for_writing
from integrations.pipeline.company.checklist import GREEN, checklist
from integrations.pipeline.company.provision_document import DocumentError, Node, node_of
from integrations.pipeline.company.saving import RefusedPlaceError, place_of, save_bling, save_kamino, save_tenant
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.handover.pending_mappings import resolve_pending

REASON = "provision"
"""Written into the history beside what a document changed."""
_APP = ("client_id", "client_secret")
_STAYS = (ConnectionStatus.PAUSED, ConnectionStatus.HELD)
LIVE, SHADOW = Tenant.DeliveryMode.LIVE, Tenant.DeliveryMode.SHADOW


@dataclass
class Provisioned:
    """A company of the document, and sentences on what was left as people had decided it."""

    tenant: Tenant
    kept: list[str] = field(default_factory=list)


def provision(document: Any, *, now: datetime) -> list[Provisioned]:
    """Create or update the companies of `document`, all or none. Raises `DocumentError` naming the key."""
    root = node_of(document, "$").only("tenants")
    with transaction.atomic():
        return [_company(node, now) for node in root.children("tenants")]


def _company(node: Node, now: datetime) -> Provisioned:
    node.only("slug", "name", "cnpj", "delivery_mode", "sync_from", "settled_from", "bling", "kamino", "mappings")
    mode = node.choice("delivery_mode", (LIVE, SHADOW)) if "delivery_mode" in node else ""
    tenant, changed = _tenant(node, now)
    if mode == SHADOW and tenant.is_live:
        raise DocumentError(f"{node.where}.delivery_mode", _("The company is live: it goes back on its own page."))
    made = Provisioned(tenant)
    connections = [_bling(made, child, now, changed) for child in node.children("bling")]
    if "kamino" in node:
        changed += _kamino(tenant, node_of(node.data["kamino"], f"{node.where}.kamino"), now)
    if changed:
        _note(BlingConnection.objects.filter(tenant=tenant), changed, now)
    for child in node.children("mappings"):
        for connection in connections:
            made.kept += _mapping(connection, child)
    resolve_pending(tenant, now=now)
    if mode == LIVE and not tenant.is_live:
        _go_live(tenant, f"{node.where}.delivery_mode", now)
    return made


def _tenant(node: Node, now: datetime) -> tuple[Tenant, list[str]]:
    """Create a company, or change what the document names of it; returns what was changed of one that existed."""
    slug = node.text("slug")
    tenant = Tenant.objects.select_for_update(no_key=True).filter(slug=slug).first()
    if tenant is None:
        start = node.day("sync_from")
        tenant = Tenant(
            slug=slug, name=node.text("name"), cnpj=node.text("cnpj", ""), sync_from=start,
            settled_from=node.day("settled_from", start),
        )  # fmt: skip
        _validate(tenant, node)
        tenant.save()
        return tenant, []
    if tenant.delete_on:
        raise DocumentError(f"{node.where}.slug", _("The company is closed: it is reopened on its own page."))
    wanted: dict[str, Any] = {key: node.text(key) for key in ("name", "cnpj") if key in node}
    wanted |= {key: node.day(key) for key in ("sync_from", "settled_from") if key in node}
    changed = _fill(tenant, wanted)
    _validate(tenant, node)
    save_tenant(tenant, changed, user=None, now=now, reason=REASON)
    return tenant, changed


def _go_live(tenant: Tenant, where: str, now: datetime) -> None:
    """Activate a company as its page does, where the checklist has nothing to warn about: a document cannot be aware of
    a warning. One that people took back to simulation is activated by people."""
    if Tenant.history.filter(id=tenant.pk, delivery_mode=LIVE).exists():
        raise DocumentError(where, _("The company was taken back to simulation: it is activated on its own page."))
    open_lines = [line.text for line in checklist(tenant, PUBLIC, now=now) if line.colour != GREEN]
    if open_lines:
        text = _("The company cannot go live yet; its checklist says: %(lines)s")
        raise DocumentError(where, text % {"lines": " ".join(open_lines)})
    try:
        activation.activate(tenant=tenant, is_aware=False, reason=REASON, user=None, now=now)
    except Refused as error:
        raise DocumentError(where, error.message) from None


def _bling(made: Provisioned, node: Node, now: datetime, changed: list[str]) -> BlingConnection:
    tenant = made.tenant
    node.only(
        "label", "client_id", "client_secret", "access_token", "refresh_token", "expires_in", "token_kind",
        "paid_amount",
    )  # fmt: skip
    label = node.text("label", "Bling")
    connection = BlingConnection.objects.filter(tenant=tenant, label=label).first()
    is_new = connection is None
    if connection is None:
        connection = BlingConnection(tenant=tenant, label=label, code_prefix=_free_prefix(tenant))
    wanted: dict[str, Any] = {key: node.text(key) for key in _APP if key in node}
    is_switched = was_for_writing(connection)
    if wanted and is_switched and wanted.get("client_id") != connection.client_id:
        # The document names the app of before; without the present one's secret its authorization would be lost.
        text = _("“%(label)s” stays with the app that its customer authorized: it is changed on its own page.")
        made.kept.append(text % {"label": label})
        wanted = {}
    if "paid_amount" in node:
        wanted["paid_amount"] = node.choice("paid_amount", PaidAmountChoice.values)
    own = _fill(connection, wanted)
    _validate(connection, node)
    if is_new:
        connection.save()
    else:
        save_bling(connection, own, user=None, now=now, reason=REASON)
    refresh = node.text("refresh_token", "")
    if refresh and not _is_known(connection, refresh):
        if is_switched:
            text = _("“%(label)s” was authorized to write by its customer: it is connected on its own page.")
            raise DocumentError(f"{node.where}.refresh_token", text % {"label": label})
        if connection.status_cause == DISCONNECTED:
            text = _("“%(label)s” was disconnected by a person: it is connected on its own page.")
            raise DocumentError(f"{node.where}.refresh_token", text % {"label": label})
        own.append("refresh_token")
        _take_tokens(connection, node, refresh, now)
    if own and not is_new:
        changed += own
    return connection


def _take_tokens(connection: BlingConnection, node: Node, refresh: str, now: datetime) -> None:
    """Store the tokens of the document. A connection that a person paused, or has to decide about, stays so."""
    expires_in = node.text("expires_in", "21600")
    if not expires_in.isdecimal():
        raise DocumentError(f"{node.where}.expires_in", "must be a number of seconds")
    pair = TokenPair(
        access_token=node.text("access_token"),
        refresh_token=refresh,
        expires_in=int(expires_in),
        kind=node.choice("token_kind", (KIND_OPAQUE, KIND_JWT), KIND_OPAQUE),
    )
    stays = connection.status in _STAYS
    status = connection.status if stays else ConnectionStatus.CONNECTED
    cause = connection.status_cause if stays else ""
    app = connection.client_id or platform_app(BlingAccess.READ)
    store_tokens(connection, pair, now=now, status=status, cause=cause, given=True, client_id=app)


def _free_prefix(tenant: Tenant) -> str:
    """Return a prefix that no other connection of the company puts before Bling's ids; the first one has none."""
    used = set(BlingConnection.objects.filter(tenant=tenant).values_list("code_prefix", flat=True))
    number = 1
    while (prefix := "" if number == 1 else f"{number}-") in used:
        number += 1
    return prefix


def _is_known(connection: BlingConnection, refresh: str) -> bool:
    """Say whether this pair was given before: it was rotated since, and must not come back."""
    token = BlingToken.objects.filter(connection=connection).first()
    return token is not None and token.was_given(refresh)


def _kamino(tenant: Tenant, node: Node, now: datetime) -> list[str]:
    """Create the connection to Kamino, or change what the document names of it; returns what was changed."""
    keys = ("base_url", "cn", *KaminoConnection.SECRETS)
    flags = ("allow_unconfirmed", "lists_are_complete")
    node.only(*keys, "requests_per_minute", "payable_number", *flags)
    per_minute = node.data.get("requests_per_minute")
    if per_minute is not None and (isinstance(per_minute, bool) or not isinstance(per_minute, int) or per_minute < 1):
        raise DocumentError(f"{node.where}.requests_per_minute", "must be a whole number above 0")
    kamino = KaminoConnection.objects.filter(tenant=tenant).first()
    is_new = kamino is None
    kamino = kamino or KaminoConnection(tenant=tenant)
    wanted: dict[str, Any] = {key: node.text(key) for key in keys if is_new or key in node}
    wanted |= {key: node.flag(key) for key in flags if key in node}
    if "requests_per_minute" in node:
        wanted["requests_per_minute"] = per_minute
    if "payable_number" in node:
        wanted["payable_number"] = node.choice("payable_number", PayableNumberChoice.values)
    changed = _fill(kamino, wanted)
    try:
        kamino.base_url = place_of(kamino, kamino.base_url, kamino.cn, given=[key for key in keys if key in node])
    except RefusedPlaceError as error:
        raise DocumentError(f"{node.where}.{error.field}", error.text) from error
    _validate(kamino, node)
    if is_new:
        kamino.save()
        return []
    save_kamino(kamino, changed, user=None, now=now, reason=REASON)
    return changed


def _fill(row: Model, wanted: MappingType[str, Any]) -> list[str]:
    """Set what differs on a row; returns the names of these columns."""
    changed = [name for name, value in wanted.items() if _differs(row, name, value)]
    for name in changed:
        setattr(row, name, wanted[name])
    return changed


def _differs(row: Model, name: str, value: object) -> bool:
    try:
        return bool(getattr(row, name) != value)
    except SecretUnreadableError:
        return True  # whatever it was, it is replaced


def _validate(row: Model, node: Node) -> None:
    """Hold a row to what forms hold it to. Raises `DocumentError`."""
    try:
        row.full_clean(exclude=kept_secrets(row))
    except ValidationError as error:
        name, texts = next(iter(error.message_dict.items()))
        raise DocumentError(f"{node.where}.{name}" if name in node else node.where, " ".join(texts)) from None


def _note(connections: Any, changed: list[str], now: datetime) -> None:
    """Leave a line in the timeline of a company's connections: what a document changed."""
    detail = ", ".join(dict.fromkeys(changed))
    for connection in connections:
        ConnectionEvent.objects.create(connection=connection, at=now, code="provisioned", detail=detail)


def _mapping(connection: BlingConnection, node: Node) -> list[str]:
    """Propose what a name means. What people chose meanwhile is kept, and returned as sentences: such a change has a
    reach, which is chosen on the desk."""
    node.only("kind", "bling_name", *TARGET_KINDS)
    kind = node.choice("kind", MappingKind.values)
    name = node.text("bling_name")
    targets = {column: node.text(column) for column in TARGET_KINDS if node.data.get(column)}
    if not targets:
        raise DocumentError(node.where, f"names no target ({', '.join(TARGET_KINDS)})")
    mapping = Mapping.objects.filter(connection=connection, kind=kind, bling_name=name).first()
    if mapping is None:
        Mapping.objects.create(connection=connection, kind=kind, bling_name=name, pending=targets)
        return []
    kept = []
    for column, target in targets.items():
        item = getattr(mapping, column)
        if item is None:
            mapping.pending[column] = target
        elif target not in (item.name, item.kamino_id):
            text = _("“%(name)s” stays mapped to “%(item)s”, not “%(target)s”: change it on the desk.")
            kept.append(text % {"name": name, "item": item.name, "target": target})
    mapping.save()
    return kept
