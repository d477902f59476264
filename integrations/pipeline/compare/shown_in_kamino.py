"""What Kamino was seen to hold: when a list tells more than our own writes, the parts of titles, and titles with our
marker that are nobody's."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KT
from django.db.models.functions import Greatest

from integrations.domain.desired import KaminoStatus
from integrations.domain.discrepancies import Difference, DiscrepancyKind, Names, compare
from integrations.domain.matching import KaminoTitle
from integrations.models import KaminoConnection, KaminoSnapshot, PartPosting, PersonAction, Posting

MOST_OF_A_DAY = 100
Rows = Mapping[tuple[str, int], KaminoTitle]
"""Titles as lists showed them, by direction and Kamino id."""


def last_told() -> Combinable:
    """Return, for postings, when Kamino was last told of them or a person linked them: lists read before know less."""
    links = Q(person_actions__kind=PersonAction.Kind.LINK)
    return Greatest(Max("attempts__ended_at"), Max("person_actions__at", filter=links))


def nobodys(snapshots: QuerySet[KaminoSnapshot]) -> QuerySet[KaminoSnapshot]:
    """Return the rows that no posting and no part of the company is linked to."""
    same = {name: OuterRef(name) for name in ("kamino_connection", "direction", "kamino_id")}
    taken, parts = Posting.objects.filter(**same), PartPosting.objects.filter(**same)
    return snapshots.filter(~Exists(taken), ~Exists(parts))


def may_compare(unit: Posting | PartPosting, started_at: datetime) -> bool:
    """Only what was told, or linked (`last_told_at`), before the reading began: a newer write is not in a snapshot."""
    told_at: datetime | None = getattr(unit, "last_told_at", None)
    return bool(unit.kamino_id and unit.delivered) and told_at is not None and told_at < started_at


def not_shown(
    kamino: KaminoConnection, *, started_at: datetime, unread: Sequence[str], most: int
) -> list[tuple[str, str]]:
    """Return the directions and due dates (ISO) of titles that Kamino should have and that no list since `started_at`
    showed; at most `most` of them."""
    seen = KaminoSnapshot.objects.filter(
        kamino_connection=kamino,
        direction=OuterRef("direction"),
        kamino_id=OuterRef("kamino_id"),
        read_at__gte=started_at,
    )
    rows = Posting.objects.filter(kamino_connection=kamino, kamino_id__isnull=False, delivered__isnull=False)
    rows = rows.exclude(direction__in=unread).exclude(delivered__status=KaminoStatus.CANCELLED.value)
    told = rows.annotate(last_told_at=last_told(), due=KT("delivered__due_date"))
    absent = told.filter(~Exists(seen), last_told_at__lt=started_at).order_by("direction", "due")
    return list(dict.fromkeys(absent.values_list("direction", "due")[: most * MOST_OF_A_DAY]))[:most]


def names_of(posting: Posting, accounts: Mapping[str, str]) -> Names:
    """Return what ids are called in a posting's company."""
    person = posting.title.person
    return Names(accounts, person.posting.kamino_id if person else None, person.name if person else "")


def tolerance_of(posting: Posting) -> Decimal:
    """Return by how much, in reais, amounts may differ and still be equal."""
    return Decimal(posting.kamino_connection.tenant.tolerance_cents) / 100


def differences_beside(
    batch: Sequence[Posting], accounts: Mapping[str, str], *, started_at: datetime
) -> defaultdict[int, list[Difference]]:
    """Return the differences of one company's parts and copies, by posting."""
    found: defaultdict[int, list[Difference]] = defaultdict(list)
    by_pk = {posting.pk: posting for posting in batch}
    told = Max("attempts__ended_at")
    parts = list(PartPosting.objects.filter(posting__in=batch).annotate(last_told_at=told).order_by("pk"))
    ids = [part.kamino_id for part in parts if part.kamino_id]
    rows = translated(KaminoSnapshot.objects.filter(kamino_connection=batch[0].kamino_connection_id, kamino_id__in=ids))
    for part in parts:
        posting, delivered = by_pk[part.posting_id], part.get_delivered()
        if delivered is None or not may_compare(part, started_at):
            continue
        row = rows.get((part.direction, part.kamino_id or 0))
        names, tolerance = names_of(posting, accounts), tolerance_of(posting)
        differences = compare(delivered, row, names=names, tolerance=tolerance)
        found[posting.pk] += [replace(difference, bordero_id=part.bordero_id) for difference in differences]
    for pk, copies in _copies(batch, parts).items():
        value = str(by_pk[pk].title.value)
        found[pk].append(Difference(DiscrepancyKind.DUPLICATED, value, ", ".join(map(str, sorted(copies)))))
    return found


def translated(snapshots: Iterable[KaminoSnapshot]) -> Rows:
    """Read snapshots."""
    return {(row.direction, row.kamino_id): row.to_title() for row in snapshots}


def _copies(batch: Sequence[Posting], parts: Sequence[PartPosting]) -> dict[int, list[int]]:
    """Return the Kamino ids of living titles that carry a posting's marker, or a part's, and are nobody's."""
    owners = {
        (posting.direction, delivered.code): posting.pk for posting in batch if (delivered := posting.get_delivered())
    }
    for part in parts:
        if told := part.get_delivered():
            owners[part.direction, told.code] = part.posting_id
    codes = {code for _direction, code in owners}
    found: dict[int, list[int]] = defaultdict(list)
    for (direction, kamino_id), row in translated(
        nobodys(KaminoSnapshot.objects.filter(kamino_connection=batch[0].kamino_connection_id, code__in=codes))
    ).items():
        owner = owners.get((direction, row.marked_code))
        if owner is not None and row.carries_marker:
            found[owner].append(kamino_id)
    return found
