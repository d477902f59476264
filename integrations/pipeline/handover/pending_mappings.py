"""Mappings given by name before anything was read: find both sides once the registers are there."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from django.db.models import Q

from integrations.domain.names import fold
from integrations.models import CatalogItem, KaminoItem, Mapping, Tenant
from integrations.models.mappings import TARGET_KINDS
from integrations.pipeline.handover.plan_requests import request_plans, titles_using

Item = TypeVar("Item", CatalogItem, KaminoItem)


def resolve_pending(tenant: Tenant, *, now: datetime) -> list[Mapping]:
    """Find what pending mappings of a company name, and ask for plans of the titles they classify.

    Returns the mappings that changed. A name that fits twice stays open.
    """
    waiting = Mapping.objects.filter(
        Q(source__isnull=True, person__isnull=True) | ~Q(pending={}), connection__tenant=tenant
    )
    changed = []
    for mapping in waiting.select_related("source", "connection"):
        found = [_find_source(mapping), *[_find_target(tenant, mapping, field) for field in list(mapping.pending)]]
        if any(found):
            mapping.save()
            changed.append(mapping)
            if mapping.source is not None:
                request_plans(titles_using(mapping.connection, [mapping.source]), now=now)
    return changed


def _find_source(mapping: Mapping) -> bool:
    if mapping.source is not None or mapping.person_id is not None:
        return False
    items = CatalogItem.objects.filter(connection=mapping.connection_id, kind=mapping.kind, is_gone=False)
    source = _only_one(items, mapping.bling_name, lambda item: (item.path, item.name))
    if source is None or Mapping.objects.filter(source=source).exists():
        return False
    mapping.source = source
    return True


def _find_target(tenant: Tenant, mapping: Mapping, field: str) -> bool:
    items = KaminoItem.objects.filter(connection__tenant=tenant, kind=TARGET_KINDS[field])
    item = _only_one(items, str(mapping.pending[field]), lambda item: (item.kamino_id, item.name))
    if item is None:
        return False
    setattr(mapping, field, item)
    del mapping.pending[field]
    return True


def _only_one(items: Iterable[Item], name: str, keys: Callable[[Item], tuple[str, str]]) -> Item | None:
    """Return the item whose first key (code or path) is `name`, else the only one whose name is the same, folded."""
    rows = list(items)
    exact = [item for item in rows if fold(keys(item)[0]) == fold(name)]
    named = exact or [item for item in rows if fold(keys(item)[1]) == fold(name)]
    return named[0] if len(named) == 1 else None
