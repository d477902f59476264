"""What a change of the De/Para may touch: only new titles, also open ones, or all since a competence.

Titles that Kamino does not have yet always follow the mapping; titles of closed months never do. What is left alone
keeps its classification (`Posting.kept_for_category`), whatever is planned for it later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import islice

from django.db.models import Count, DateField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce

from integrations.domain.desired import KaminoStatus
from integrations.domain.money import ZERO
from integrations.models import BlingConnection, CatalogItem, Posting, Tenant, Title
from integrations.models.deliveries import DeliveryState
from integrations.models.mapping_changes import Reach
from integrations.models.mappings import PERSON_KINDS
from integrations.pipeline.mapping_edits import ChangedRow
from integrations.pipeline.requests import request_plans, titles_of_persons, titles_using

BATCH = 1000
_IN_FLIGHT = (DeliveryState.SENDING, DeliveryState.UNCERTAIN)
_SENT = Q(posting__delivered__isnull=False) | Q(posting__state__in=_IN_FLIGHT)


@dataclass(frozen=True)
class Measure:
    """How many titles a reach touches, their sum, and how many of them Kamino already has."""

    titles: int
    total: Decimal
    in_kamino: int


def affected(rows: Sequence[ChangedRow]) -> QuerySet[Title]:
    """Return the titles that some rows classify, of all their connections."""
    found = Title.objects.none()
    for connection in BlingConnection.objects.filter(pk__in=[row.connection for row in rows]).defer("client_secret"):
        mine = [row for row in rows if row.connection == connection.pk]
        found |= titles_using(connection, CatalogItem.objects.filter(pk__in=[row.source for row in mine]))
        for kind in PERSON_KINDS:
            persons = [row.person for row in mine if row.kind == kind and row.person]
            found |= titles_of_persons(connection, kind, persons)
    return found.filter(is_released=True, replaced_by=None)


def within(titles: QuerySet[Title], tenant: Tenant, reach: str, since: date | None) -> QuerySet[Title]:
    """Return which of these titles a reach touches."""
    told = KeyTextTransform("status", "posting__delivered")
    titles = titles.annotate(
        month=Coalesce(
            Cast(KeyTextTransform("competence_date", "posting__delivered"), DateField()),
            "issue_date", "competence_date", "due_date",
        ),
        told=Coalesce(told, KeyTextTransform("status", "posting__desired")),
    )  # fmt: skip
    touches = Q(told=KaminoStatus.PENDING.value) if reach == Reach.OPEN else Q(month__gte=since)
    if tenant.closed_until is not None:
        touches &= Q(month__gt=tenant.closed_until)
    unsent = Q(posting__isnull=True) | Q(posting__delivered__isnull=True) & ~Q(posting__state__in=_IN_FLIGHT)
    return titles.filter(unsent) if reach == Reach.NEW else titles.filter(unsent | touches)


def measure(titles: QuerySet[Title], tenant: Tenant, reach: str, since: date | None) -> Measure:
    """Count what a reach touches, before anybody decides."""
    row = within(titles, tenant, reach, since).order_by().aggregate(
        titles=Count("pk"), total=Sum("value"), in_kamino=Count("pk", filter=_SENT)
    )  # fmt: skip
    return Measure(row["titles"], row["total"] or ZERO, row["in_kamino"])


def touch(titles: QuerySet[Title], tenant: Tenant, reach: str, since: date | None, *, now: datetime) -> int:
    """Ask for plans of what a reach touches, and let the others keep their classification. Returns how many are
    planned. To be called in the transaction that changes the mappings."""
    touched = within(titles, tenant, reach, since)
    count = request_plans(touched, now=now)  # requests first: planning locks in the same order
    _mark(titles.filter(_SENT).exclude(pk__in=touched.values("pk")), kept=True)
    _mark(touched.filter(posting__kept_for_category__isnull=False), kept=False)
    return count


def _mark(titles: QuerySet[Title], *, kept: bool) -> None:
    """Set or clear the mark in batches, each locked in the order that planning uses."""
    category = Title.objects.filter(pk=OuterRef("title")).values("category_id")
    postings = Posting.objects.filter(title__in=titles.order_by().values("pk")).order_by("pk")
    pks = iter(list(postings.values_list("pk", flat=True)))
    while batch := list(islice(pks, BATCH)):
        locked = Posting.objects.select_for_update(of=("self",)).filter(pk__in=batch).order_by("pk")
        locked_pks = list(locked.values_list("pk", flat=True))
        Posting.objects.filter(pk__in=locked_pks).update(kept_for_category=Subquery(category[:1]) if kept else None)
