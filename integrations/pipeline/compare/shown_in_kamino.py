"""What Kamino was seen to hold: when a list is newer than our own writes, the parts of titles, and unlinked titles that
carry our marker."""

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


def last_sent() -> Combinable:
    """Return, for postings, when they were last sent or linked: a list that was read before says less."""
    links = Q(person_actions__kind=PersonAction.Kind.LINK)
    return Greatest(Max("attempts__ended_at"), Max("person_actions__at", filter=links))


def unlinked(snapshots: QuerySet[KaminoSnapshot]) -> QuerySet[KaminoSnapshot]:
    """Return the rows that no posting and no part of the company is linked to."""
    same = {name: OuterRef(name) for name in ("kamino_connection", "direction", "kamino_id")}
    taken, parts = Posting.objects.filter(**same), PartPosting.objects.filter(**same)
    return snapshots.filter(~Exists(taken), ~Exists(parts))


def may_compare(unit: Posting | PartPosting, started_at: datetime) -> bool:
    """Say whether a unit was sent or linked (`last_sent_at`) before the reading began: later writes are not in it."""
    told_at: datetime | None = getattr(unit, "last_sent_at", None)
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
    sent = rows.annotate(last_sent_at=last_sent(), due=KT("delivered__due_date"))
    absent = sent.filter(~Exists(seen), last_sent_at__lt=started_at).order_by("direction", "due")
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
    sent_at = Max("attempts__ended_at")
    parts = list(PartPosting.objects.filter(posting__in=batch).annotate(last_sent_at=sent_at).order_by("pk"))
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
    """Return the Kamino ids of unlinked titles, whatever their status, that carry a posting's marker or a part's."""
    owners = {
        (posting.direction, delivered.code): posting.pk for posting in batch if (delivered := posting.get_delivered())
    }
    for part in parts:
        if delivered := part.get_delivered():
            owners[part.direction, delivered.code] = part.posting_id
    codes = {code for _direction, code in owners}
    found: dict[int, list[int]] = defaultdict(list)
    for (direction, kamino_id), row in translated(
        unlinked(KaminoSnapshot.objects.filter(kamino_connection=batch[0].kamino_connection_id, code__in=codes))
    ).items():
        owner = owners.get((direction, row.marked_code))
        if owner is not None and row.carries_marker:
            found[owner].append(kamino_id)
    return found
