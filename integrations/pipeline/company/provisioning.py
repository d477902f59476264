"""Set companies up from a document, idempotently: the same document twice changes nothing."""

from collections.abc import Mapping as MappingType
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from integrations.bling.auth import KIND_JWT, KIND_OPAQUE, TokenPair
from integrations.models import BlingConnection, BlingToken, KaminoConnection, Mapping, Tenant
from integrations.models.mappings import TARGET_KINDS, MappingKind
from integrations.pipeline.access.tokens import store_tokens
from integrations.pipeline.handover.pending_mappings import resolve_pending


class DocumentError(Exception):
    """Something in the document is wrong; `where` is the path of the key, for example `tenants[0].bling[1].label`."""

    def __init__(self, where: str, message: str) -> None:
        super().__init__(f"{where}: {message}")
        self.where = where
        self.message = message


@dataclass(frozen=True)
class _Node:
    """One object of the document, with its path for errors."""

    data: MappingType[str, Any]
    where: str

    def text(self, key: str, default: str | None = None) -> str:
        value = self.data.get(key, default)
        if value is None:
            raise DocumentError(f"{self.where}.{key}", "is missing")
        if not isinstance(value, str | int):
            raise DocumentError(f"{self.where}.{key}", "must be text")
        return str(value)

    def day(self, key: str, default: date | None = None) -> date:
        value = self.data.get(key)
        if value is None and default is not None:
            return default
        try:
            return date.fromisoformat(self.text(key))
        except ValueError:
            raise DocumentError(f"{self.where}.{key}", "must be a date like 2026-01-31") from None

    def choice(self, key: str, allowed: Sequence[str], default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in allowed:
            raise DocumentError(f"{self.where}.{key}", f"must be one of {', '.join(allowed)}, not {value!r}")
        return value

    def children(self, key: str) -> list["_Node"]:
        value = self.data.get(key, [])
        if not isinstance(value, list):
            raise DocumentError(f"{self.where}.{key}", "must be a list")
        return [_node(item, f"{self.where}.{key}[{index}]") for index, item in enumerate(value)]

    def only(self, *allowed: str) -> "_Node":
        unknown = sorted(set(self.data) - set(allowed))
        if unknown:
            raise DocumentError(f"{self.where}.{unknown[0]}", f"is not a known key (known: {', '.join(allowed)})")
        return self


def _node(data: Any, where: str) -> _Node:
    if not isinstance(data, MappingType):
        raise DocumentError(where, "must be an object")
    return _Node(data, where)


def provision(document: Any, *, now: datetime) -> list[Tenant]:
    """Create or update the companies of `document`, all or none. Raises `DocumentError` naming the key."""
    root = _node(document, "$").only("tenants")
    with transaction.atomic():
        return [_tenant(node, now) for node in root.children("tenants")]


def _tenant(node: _Node, now: datetime) -> Tenant:
    node.only("slug", "name", "cnpj", "delivery_mode", "sync_from", "settled_from", "bling", "kamino", "mappings")
    sync_from = node.day("sync_from")
    tenant, _created = Tenant.objects.update_or_create(
        slug=node.text("slug"),
        defaults={
            "name": node.text("name"),
            "cnpj": node.text("cnpj", ""),
            "delivery_mode": node.choice("delivery_mode", ("live", "shadow"), "shadow"),
            "sync_from": sync_from,
            "settled_from": node.day("settled_from", sync_from),
        },
    )
    connections = [_bling(tenant, child, now) for child in node.children("bling")]
    if "kamino" in node.data:
        _kamino(tenant, _node(node.data["kamino"], f"{node.where}.kamino"))
    for child in node.children("mappings"):
        for connection in connections:
            _mapping(connection, child)
    resolve_pending(tenant, now=now)
    return tenant


def _bling(tenant: Tenant, node: _Node, now: datetime) -> BlingConnection:
    node.only("label", "client_id", "client_secret", "access_token", "refresh_token", "expires_in", "token_kind")
    label = node.text("label", "Bling")
    connection = BlingConnection.objects.filter(tenant=tenant, label=label).first()
    if connection is None:
        connection = BlingConnection(tenant=tenant, label=label, code_prefix=_free_prefix(tenant))
    connection.client_id = node.text("client_id", "")
    connection.client_secret = node.text("client_secret", "")
    connection.save()
    refresh = node.text("refresh_token", "")
    if refresh and not _is_known(connection, refresh):
        pair = TokenPair(
            access_token=node.text("access_token"),
            refresh_token=refresh,
            expires_in=int(node.text("expires_in", "21600")),
            kind=node.choice("token_kind", (KIND_OPAQUE, KIND_JWT), KIND_OPAQUE),
        )
        store_tokens(connection, pair, now=now, given=True)
    return connection


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


def _kamino(tenant: Tenant, node: _Node) -> None:
    node.only(
        "base_url", "app", "cn", "id_usr", "usr", "hash", "requests_per_minute", "allow_unconfirmed",
        "lists_are_complete",
    )  # fmt: skip
    per_minute = node.data.get("requests_per_minute")
    if per_minute is not None and (not isinstance(per_minute, int) or per_minute < 1):
        raise DocumentError(f"{node.where}.requests_per_minute", "must be a whole number above 0")
    KaminoConnection.objects.update_or_create(
        tenant=tenant,
        defaults={
            **{key: node.text(key) for key in ("base_url", "app", "cn", "id_usr", "usr", "hash")},
            "requests_per_minute": per_minute,
            "allow_unconfirmed": bool(node.data.get("allow_unconfirmed", False)),
            "lists_are_complete": bool(node.data.get("lists_are_complete", False)),
            "failure": {},
            "lease_until": None,
        },
    )


def _mapping(connection: BlingConnection, node: _Node) -> None:
    node.only("kind", "bling_name", *TARGET_KINDS)
    kind = node.choice("kind", MappingKind.values)
    name = node.text("bling_name")
    targets = {field: node.text(field) for field in TARGET_KINDS if node.data.get(field)}
    if not targets:
        raise DocumentError(node.where, f"names no target ({', '.join(TARGET_KINDS)})")
    mapping = Mapping.objects.filter(connection=connection, kind=kind, bling_name=name).first()
    if mapping is None:
        Mapping.objects.create(connection=connection, kind=kind, bling_name=name, pending=targets)
        return
    for field, target in targets.items():
        item = getattr(mapping, field)
        if item is None or target not in (item.name, item.kamino_id):
            mapping.pending[field] = target
    mapping.save()
