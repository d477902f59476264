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

from integrations.domain.delivery import IN_FLIGHT
from integrations.domain.desired import KaminoStatus
from integrations.domain.money import ZERO
from integrations.domain.reasons import Reason
from integrations.models import BlingConnection, CatalogItem, Posting, Tenant, Title
from integrations.models.confidential import Sight
from integrations.models.mapping_changes import Reach
from integrations.models.mappings import PERSON_KINDS
from integrations.models.registers import CatalogKind
from integrations.pipeline.handover.plan_requests import request_plans, titles_of_persons, titles_using
from integrations.pipeline.mapping.edits import ChangedRow

BATCH = 1000
_SENT = Q(posting__delivered__isnull=False) | Q(posting__state__in=IN_FLIGHT)
_IS_SETTLED = Q(posting__delivered__isnull=False) & ~Q(last_status=KaminoStatus.PENDING.value)
_NEVER_SENT = (Reason.BEFORE_SETTLED_FROM, Reason.FILTERED, Reason.CANCELLED_BEFORE_SENDING)


@dataclass(frozen=True)
class Measure:
    """How many titles a reach touches, their sum, and how many of them Kamino already has."""

    titles: int
    total: Decimal
    in_kamino: int


@dataclass(frozen=True)
class Affected:
    """The titles that some rows concern: those they classify, and those whose settlement waits for an account.

    Only classification has a reach: a settlement that was not sent always goes to the account that is mapped now.
    """

    classified: QuerySet[Title]
    to_settle: QuerySet[Title]


def affected(rows: Sequence[ChangedRow]) -> Affected:
    """Return the titles of some rows, of all their connections, without those that are never sent anyway."""
    classified, to_settle = Title.objects.none(), Title.objects.none()
    for connection in BlingConnection.objects.filter(pk__in=[row.connection for row in rows]):
        mine = [row for row in rows if row.connection == connection.pk]
        items = CatalogItem.objects.filter(pk__in=[row.source for row in mine])
        classified |= titles_using(connection, items.exclude(kind=CatalogKind.BANK_ACCOUNT))
        to_settle |= titles_using(connection, items.filter(kind=CatalogKind.BANK_ACCOUNT))
        for kind in PERSON_KINDS:
            persons = [row.person for row in mine if row.kind == kind and row.person]
            classified |= titles_of_persons(connection, kind, persons)
    return Affected(_sendable(classified), _sendable(to_settle).filter(~_IS_SETTLED))


def _sendable(titles: QuerySet[Title]) -> QuerySet[Title]:
    left_out = Q()
    for code in _NEVER_SENT:
        left_out |= Q(posting__problems__contains=[{"code": code.value}])
    last_status = Coalesce(
        KeyTextTransform("status", "posting__delivered"), KeyTextTransform("status", "posting__desired")
    )
    titles = titles.filter(is_released=True, replaced_by=None).annotate(last_status=last_status)
    return titles.exclude(pk__in=Title.objects.filter(left_out, posting__delivered__isnull=True).values("pk"))


def within(titles: QuerySet[Title], tenant: Tenant, reach: str, since: date | None) -> QuerySet[Title]:
    """Return which of the classified titles a reach touches."""
    titles = titles.annotate(
        month=Coalesce(
            Cast(KeyTextTransform("competence_date", "posting__delivered"), DateField()),
            "issue_date", "competence_date", "due_date",
        )
    )  # fmt: skip
    touches = Q(last_status=KaminoStatus.PENDING.value) if reach == Reach.OPEN else Q(month__gte=since)
    if tenant.closed_until is not None:
        touches &= Q(month__gt=tenant.closed_until)
    unsent = Q(posting__isnull=True) | Q(posting__delivered__isnull=True) & ~Q(posting__state__in=IN_FLIGHT)
    return titles.filter(unsent) if reach == Reach.NEW else titles.filter(unsent | touches)


def _touched(found: Affected, tenant: Tenant, reach: str, since: date | None) -> QuerySet[Title]:
    classified = within(found.classified, tenant, reach, since).order_by().values("pk")
    return Title.objects.filter(Q(pk__in=classified) | Q(pk__in=found.to_settle.order_by().values("pk")))


def measure(found: Affected, tenant: Tenant, reach: str, since: date | None, sight: Sight) -> Measure:
    """Count what a reach touches, of what a reader sees, before anybody decides."""
    row = sight.of(_touched(found, tenant, reach, since)).order_by().aggregate(
        titles=Count("pk"), total=Sum("value"), in_kamino=Count("pk", filter=_SENT)
    )  # fmt: skip
    return Measure(row["titles"], row["total"] or ZERO, row["in_kamino"])


def touch(found: Affected, tenant: Tenant, reach: str, since: date | None, *, now: datetime) -> int:
    """Ask for plans of what a reach touches, and let the others keep their classification. Returns how many are
    planned. To be called in the transaction that changes the mappings."""
    touched = _touched(found, tenant, reach, since)
    kept = found.classified.filter(_SENT).exclude(pk__in=touched.values("pk"))
    count = request_plans(touched, now=now)  # requests first: planning locks in the same order
    # A title that waited for a name and now keeps what was sent waits for nothing.
    request_plans(kept.exclude(posting__problems=[]), now=now)
    _mark(kept, kept=True)
    _mark(touched.filter(pk__in=found.classified.values("pk"), posting__kept_for_category__isnull=False), kept=False)
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
