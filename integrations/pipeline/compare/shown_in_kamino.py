"""What Kamino was seen to hold: when a list is newer than our own writes, the parts of titles, and unlinked titles that
carry our marker."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Exists, Max, OuterRef, Q
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KT
from django.db.models.functions import Greatest

from integrations.domain.desired import KaminoStatus
from integrations.domain.discrepancies import Difference, DiscrepancyKind, Names, compare
from integrations.domain.matching import KaminoTitle
from integrations.models import (
    KaminoConnection,
    KaminoSnapshot,
    PartPosting,
    PersonAction,
    Posting,
    StoredDiscrepancy,
)
from integrations.pipeline.handover.unlinked import unlinked

MOST_OF_A_DAY = 100
Rows = Mapping[tuple[str, int], KaminoTitle]
"""Titles as lists showed them, by direction and Kamino id."""


@dataclass(frozen=True)
class Seen:
    """What the pages of one reading, begun at `since`, say of what they do not show.

    `unread` directions have no list. Of `paged` ones nothing is concluded by itself: they took several pages, or had
    rows without an id (`odd`, so that a single day may prove more than the whole). `days` are directions and due dates
    (ISO) that were asked for again and proved.
    """

    since: datetime
    unread: frozenset[str] = frozenset()
    paged: frozenset[str] = frozenset()
    odd: frozenset[str] = frozenset()
    days: frozenset[tuple[str, str]] = frozenset()

    def proves_absence(self, direction: str, due: date) -> bool:
        """Say whether a title of this due date that was not shown is not there."""
        return direction not in self.unread and (direction not in self.paged or (direction, str(due)) in self.days)


def last_sent() -> Combinable:
    """Return, for postings, when they were last sent or linked: a list that was read before says less."""
    links = Q(person_actions__kind=PersonAction.Kind.LINK)
    return Greatest(Max("attempts__ended_at"), Max("person_actions__at", filter=links))


def may_compare(unit: Posting | PartPosting, started_at: datetime) -> bool:
    """Say whether a unit was sent or linked (`last_sent_at`) before the reading began: later writes are not in it."""
    told_at: datetime | None = getattr(unit, "last_sent_at", None)
    return bool(unit.kamino_id and unit.delivered) and told_at is not None and told_at < started_at


def not_shown(kamino: KaminoConnection, *, seen: Seen, most: int) -> list[tuple[str, str]]:
    """Return the directions and due dates (ISO) of titles and parts that Kamino should have and that no list showed;
    at most `most` of them, those first that are not known to be missing."""
    if not seen.paged:
        return []
    found: list[tuple[bool, str, str]] = []
    for model, posting in ((Posting, "pk"), (PartPosting, "posting")):
        shown = KaminoSnapshot.objects.filter(
            kamino_connection=kamino, direction=OuterRef("direction"), kamino_id=OuterRef("kamino_id"),
            read_at__gte=seen.since,
        )  # fmt: skip
        known = StoredDiscrepancy.objects.filter(
            posting=OuterRef(posting), kind=DiscrepancyKind.MISSING_IN_KAMINO, closed_at=None
        )
        rows = model.objects.filter(kamino_connection=kamino, kamino_id__isnull=False, delivered__isnull=False)
        rows = rows.filter(direction__in=seen.paged).exclude(delivered__status=KaminoStatus.CANCELLED.value)
        sent_at = last_sent() if model is Posting else Max("attempts__ended_at")
        sent = rows.annotate(last_sent_at=sent_at, due=KT("delivered__due_date"), is_known=Exists(known))
        absent = sent.filter(~Exists(shown), last_sent_at__lt=seen.since).order_by("is_known", "direction", "due")
        found += absent.values_list("is_known", "direction", "due")[: most * MOST_OF_A_DAY]
    return list(dict.fromkeys((direction, due) for _is_known, direction, due in sorted(found)))[:most]


def names_of(posting: Posting, accounts: Mapping[str, str]) -> Names:
    """Return what ids are called in a posting's company."""
    person = posting.title.person
    return Names(accounts, posting.kamino_person_id, person.name if person else "")


def tolerance_of(posting: Posting) -> Decimal:
    """Return by how much, in reais, amounts may differ and still be equal."""
    return Decimal(posting.kamino_connection.tenant.tolerance_cents) / 100


def differences_beside(
    batch: Sequence[Posting], accounts: Mapping[str, str], *, seen: Seen
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
        if delivered is None or not may_compare(part, seen.since):
            continue
        row = rows.get((part.direction, part.kamino_id or 0))
        if row is None and not seen.proves_absence(part.direction, delivered.due_date):
            continue
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
