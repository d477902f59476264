"""Linking: a person says which title of Kamino a title of Bling is, chosen among the rows that were seen there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q

from integrations.domain.desired import DesiredTitle
from integrations.domain.matching import KaminoTitle, as_shown
from integrations.domain.names import typed_pattern
from integrations.domain.titles import TitleStatus
from integrations.models import KaminoSnapshot, Posting
from integrations.models.confidential import Sight

MOST_FOUND = 50


@dataclass(frozen=True)
class Search:
    """What a person knows of the Kamino title; what is empty says nothing."""

    person: str = ""
    value_from: object = None
    value_to: object = None
    due_from: date | None = None
    due_to: date | None = None
    number: str = ""
    kamino_id: int | None = None


@dataclass(frozen=True)
class Found:
    """One row as it was seen in Kamino at `read_at`; `holder` is another title of Bling that is linked to it."""

    row: KaminoTitle
    read_at: datetime
    holder: Posting | None


def find(posting: Posting, search: Search, sight: Sight) -> list[Found]:
    """Return the rows of this company and direction that fit and that a reader sees, nearest due date first, at most
    `MOST_FOUND`."""
    rows = KaminoSnapshot.objects.filter(kamino_connection=posting.kamino_connection_id, direction=posting.direction)
    if search.person:
        name = Q(row__NomePessoa__iregex=typed_pattern(search.person))
        rows = rows.filter(name | Q(person_document=search.person))
    if search.kamino_id:
        rows = rows.filter(kamino_id=search.kamino_id)
    if search.number:
        rows = rows.filter(document_number__icontains=search.number)
    spans = {"value__gte": search.value_from, "value__lte": search.value_to,
             "due_date__gte": search.due_from, "due_date__lte": search.due_to}  # fmt: skip
    rows = rows.filter(**{name: bound for name, bound in spans.items() if bound is not None})
    return _found(posting, list(rows.order_by("due_date", "kamino_id")[:MOST_FOUND]), sight)


def chosen(posting: Posting, kamino_id: int, sight: Sight) -> Found | None:
    """Return the one row with this id, as it was last seen, where the reader sees it."""
    rows = KaminoSnapshot.objects.filter(
        kamino_connection=posting.kamino_connection_id, direction=posting.direction, kamino_id=kamino_id
    )
    return next(iter(_found(posting, list(rows), sight)), None)


def _found(posting: Posting, rows: Sequence[KaminoSnapshot], sight: Sight) -> list[Found]:
    held = Posting.objects.filter(
        kamino_connection=posting.kamino_connection_id,
        direction=posting.direction,
        kamino_id__in=[row.kamino_id for row in rows],
    ).exclude(Q(pk=posting.pk) | Q(title__status=TitleStatus.DELETED, title__connection=posting.title.connection_id))
    holders = {holder.kamino_id: holder for holder in held.select_related("title")}
    found = [Found(row.to_title(), row.read_at, holders.get(row.kamino_id)) for row in rows]
    charts = sight.charts(posting.kamino_connection.tenant)
    shown = set(sight.of(held).values_list("kamino_id", flat=True))
    return [
        hit
        for hit in found
        if hit.row.chart_account not in charts and (hit.holder is None or hit.row.kamino_id in shown)
    ]


def as_kamino_has_it(found: Found, posting: Posting) -> DesiredTitle | None:
    """Return a row in the words of the title that would be linked to it; `None` while that is held back."""
    return as_shown(found.row, posting.get_desired()) if posting.desired else None
