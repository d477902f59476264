"""Plan requests: how any stage, or a person, says that the inputs of some titles changed."""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice

from django.db.models import Q, QuerySet

from integrations.domain.titles import Direction
from integrations.models import BlingConnection, CatalogItem, Payment, PlanRequest, SalesOrder, Title
from integrations.models.mappings import MappingKind
from integrations.models.registers import CatalogKind
from integrations.pipeline.handover import sales_orders

BATCH = 1000


def request_plans(titles: QuerySet[Title], *, now: datetime, priority: int | None = None) -> int:
    """Ask for a plan of released titles that no other one replaced; a request that is already there is renewed."""
    fields = ["asked_at"] if priority is None else ["asked_at", "priority"]
    count = 0
    released = titles.filter(is_released=True, replaced_by=None).order_by("pk").values_list("pk", flat=True)
    pks = released.iterator(chunk_size=BATCH)  # a company's rule may concern all of its titles
    while batch := [PlanRequest(title_id=pk, asked_at=now, priority=priority) for pk in islice(pks, BATCH)]:
        PlanRequest.objects.bulk_create(batch, update_conflicts=True, unique_fields=["title"], update_fields=fields)
        count += len(batch)
    return count


_DIRECTIONS = {MappingKind.CUSTOMER: Direction.RECEIVABLE, MappingKind.SUPPLIER: Direction.PAYABLE}


def titles_using(connection: BlingConnection, items: Iterable[CatalogItem]) -> QuerySet[Title]:
    """Return the titles that some of these registers classify.

    A sales channel or business unit: those whose sales order names it, or whose order nobody read yet.
    """
    by_kind: dict[str, list[int]] = {}
    for item in items:
        by_kind.setdefault(item.kind, []).append(item.bling_id)
    categories = by_kind.get(CatalogKind.CATEGORY, [])
    accounts = by_kind.get(CatalogKind.BANK_ACCOUNT, [])
    found = (
        Q(category_id__in=categories)
        | Q(category_id=0, person__category_id__in=[bling_id for bling_id in categories if bling_id])
        | Q(pk__in=Payment.objects.filter(account_id__in=accounts).values("title"))
    )
    channels, units = by_kind.get(CatalogKind.SALES_CHANNEL, []), by_kind.get(CatalogKind.BUSINESS_UNIT, [])
    if channels or units:
        sold_there = SalesOrder.objects.filter(
            Q(channel_id__in=channels) | Q(unit_id__in=units), connection=connection
        ).values("bling_id")
        found |= Q(pk__in=sales_orders.of_sales(connection).filter(origin_id__in=sold_there).values("pk"))
        found |= Q(pk__in=sales_orders.unread(connection).values("pk"))
    return Title.objects.filter(found, connection=connection)


def titles_of_persons(connection: BlingConnection, kind: MappingKind, persons: Iterable[int]) -> QuerySet[Title]:
    """Return the titles that rows of these customers or suppliers (keys of `Person`) classify."""
    return Title.objects.filter(connection=connection, person__in=persons, direction=_DIRECTIONS[kind])
