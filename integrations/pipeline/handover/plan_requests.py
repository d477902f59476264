"""Plan requests: how any stage, or a person, says that the inputs of some titles changed."""

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import EmptyResultSet
from django.db import connection as database
from django.db.models import Q, QuerySet

from integrations.domain.titles import Direction
from integrations.models import BlingConnection, CatalogItem, Payment, SalesOrder, Title
from integrations.models.mappings import MappingKind
from integrations.models.registers import CatalogKind
from integrations.pipeline.handover import sales_orders

_REQUEST = """
INSERT INTO integrations_planrequest (title_id, connection_id, asked_at, priority)
SELECT pk, connection, %s::timestamptz, %s::smallint FROM
"""
_RENEW = "ON CONFLICT (title_id) DO UPDATE SET asked_at = excluded.asked_at"
_RENEW_AS_ASKED = f"{_RENEW}, priority = excluded.priority"


def request_plans(titles: QuerySet[Title], *, now: datetime, priority: int | None = None) -> int:
    """Ask for a plan of released titles that no other one replaced; a request that is already there is renewed."""
    released = titles.filter(is_released=True, replaced_by=None).order_by("pk").values_list("pk", "connection")
    try:
        sql, params = released.query.sql_with_params()
    except EmptyResultSet:
        return 0
    renewed = _RENEW if priority is None else _RENEW_AS_ASKED
    with database.cursor() as cursor:
        # One statement: a company's rule may concern all of its titles.
        cursor.execute(f"{_REQUEST} ({sql}) AS wanted (pk, connection) {renewed}", [now, priority, *params])
        return int(cursor.rowcount)


_DIRECTIONS = {MappingKind.CUSTOMER: Direction.RECEIVABLE, MappingKind.SUPPLIER: Direction.PAYABLE}


def titles_using(connection: BlingConnection, items: Iterable[CatalogItem]) -> QuerySet[Title]:
    """Return the titles that some of these registers classify.

    A sales channel or business unit: those whose sales order names it, or whose order was not read yet.
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
