"""Orders: which sales orders behind receivables have to be read, because a mapping asks where the sale was made."""

from collections.abc import Iterable

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject

from integrations.domain.classification import Target, TargetIndex, units_by_name
from integrations.domain.reasons import Reason
from integrations.domain.titles import UNSETTLED, Direction, Origin, SalesOrderFacts, TitleStatus
from integrations.models import BlingConnection, CatalogItem, KaminoItem, Mapping, SalesOrder, Title
from integrations.models.mappings import ORDER_KINDS
from integrations.models.registers import CatalogKind, KaminoKind

_NEVER_SENT = (Reason.BEFORE_SETTLED_FROM, Reason.FILTERED)


def are_needed(connection: BlingConnection) -> bool:
    """Say whether a sales channel or business unit of this connection stands for something: by a mapping, or a unit by
    its name."""
    there = KaminoItem.objects.filter(connection__tenant=connection.tenant_id, kind=KaminoKind.BUSINESS_UNIT)
    shown = JSONObject(kamino_id="kamino_id", name="name", active="is_active", takes_postings="takes_postings")
    rows = CatalogItem.objects.filter(connection=connection, kind__in=ORDER_KINDS).annotate(
        is_mapped=Exists(Mapping.objects.filter(source=OuterRef("pk"))),
        there=ArraySubquery(there.order_by().values(shown=shown)),
    )
    found = list(rows)
    units = {row.bling_id: row.name for row in found if row.kind == CatalogKind.BUSINESS_UNIT and not row.is_gone}
    index = TargetIndex([Target(**values) for values in found[0].there] if found else [])
    return any(row.is_mapped for row in found) or bool(units_by_name(units, index))


def of_sales(connection: BlingConnection) -> QuerySet[Title]:
    """Return the receivables that name a sales order (`TitleFacts.order_id`)."""
    return Title.objects.filter(
        connection=connection, direction=Direction.RECEIVABLE, origin=Origin.SALE, origin_id__gt=0
    )


def unread(connection: BlingConnection) -> QuerySet[Title]:
    """Return the receivables whose sales order was not read."""
    known = SalesOrder.objects.filter(connection=connection, bling_id=OuterRef("origin_id"))
    return of_sales(connection).exclude(Exists(known))


def awaited(connection: BlingConnection) -> QuerySet[Title]:
    """Return the titles whose sales order is to be read; none where nothing asks for one."""
    return worth_reading(connection) if are_needed(connection) else Title.objects.none()


def worth_reading(connection: BlingConnection) -> QuerySet[Title]:
    """Return the titles whose sales order is worth a call where they are needed: those that may still be created in
    Kamino, and those that are open there, unless they keep the classification that was sent."""
    never_sent = Q()
    for code in _NEVER_SENT:
        never_sent |= Q(posting__problems__contains=[{"code": code.value}])
    titles = unread(connection).filter(
        Q(posting__delivered__isnull=True) | Q(posting__delivered__status="pending"),
        status__in=[*UNSETTLED, TitleStatus.SETTLED],
        replaced_by=None,
    )
    keeps = Q(posting__delivered__isnull=False, posting__kept_for_category=F("category_id"))
    return titles.exclude(keeps).exclude(never_sent).exclude(posting__state="ignored")


def known(connection: BlingConnection, order_ids: Iterable[int]) -> dict[int, SalesOrder]:
    """Return those of some sales orders that were read, by id."""
    rows = SalesOrder.objects.filter(connection=connection, bling_id__in=order_ids)
    return {row.bling_id: row for row in rows}


def known_of(titles: Iterable[Title]) -> dict[tuple[int, int], SalesOrderFacts]:
    """Return the orders behind some titles that were read, by connection and id."""
    wanted = {title.origin_id for title in titles if title.origin_id}
    rows = SalesOrder.objects.filter(bling_id__in=wanted)
    return {(row.connection_id, row.bling_id): row.to_facts() for row in rows}
