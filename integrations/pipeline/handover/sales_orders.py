"""Orders: which sales orders behind receivables have to be read, because a mapping asks where the sale was made."""

from collections.abc import Iterable

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from integrations.domain.reasons import Reason
from integrations.domain.titles import UNSETTLED, Direction, Origin, SalesOrderFacts, TitleStatus
from integrations.models import BlingConnection, Mapping, SalesOrder, Title
from integrations.models.mappings import ORDER_KINDS

_NEVER_SENT = (Reason.BEFORE_SETTLED_FROM, Reason.FILTERED)


def are_needed(connection: BlingConnection) -> bool:
    """Say whether a sales channel or business unit of this connection stands for something."""
    return Mapping.objects.filter(connection=connection, kind__in=ORDER_KINDS, source__isnull=False).exists()


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
    """Return the titles whose sales order is worth a call: those that may still be created in Kamino, and those that
    are open there, unless they keep the classification that was sent."""
    if not are_needed(connection):
        return Title.objects.none()
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
