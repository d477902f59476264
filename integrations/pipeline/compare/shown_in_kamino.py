"""What Kamino was seen to hold: when a list is newer than our own writes, the parts of titles, and the copies of titles
and what looks like them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Exists, Max, OuterRef, Q, Subquery
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KT
from django.db.models.functions import Greatest

from integrations.domain.desired import KaminoStatus
from integrations.domain.discrepancies import Difference, DiscrepancyKind, Names, compare
from integrations.domain.matching import KaminoTitle
from integrations.domain.payment_differences import as_told, kamino_side, payment_difference
from integrations.models import (
    Attempt,
    KaminoConnection,
    KaminoSnapshot,
    PartPosting,
    PersonAction,
    Posting,
    StoredDiscrepancy,
)
from integrations.pipeline.compare.copies import copies_of, look_alikes
from integrations.pipeline.handover.kamino_rows import translated

MOST_OF_A_DAY = 100


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
    return Greatest(last_written(), Max("person_actions__at", filter=links))


def last_shown() -> Subquery:
    """Return, for postings, when a list showed their title last."""
    rows = KaminoSnapshot.objects.filter(
        kamino_connection=OuterRef("kamino_connection"), direction=OuterRef("direction"),
        kamino_id=OuterRef("kamino_id"),
    )  # fmt: skip
    return Subquery(rows.values("read_at"))


def last_written() -> Max:
    """Return, for postings or parts, when they were last sent."""
    return Max("attempts__ended_at", filter=~Q(attempts__outcome__in=Attempt.NOT_WRITTEN))


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
        sent_at = last_sent() if model is Posting else last_written()
        sent = rows.annotate(last_sent_at=sent_at, due=KT("delivered__due_date"), is_known=Exists(known))
        absent = sent.filter(~Exists(shown), last_sent_at__lt=seen.since).order_by("is_known", "direction", "due")
        found += absent.values_list("is_known", "direction", "due")[: most * MOST_OF_A_DAY]
    return list(dict.fromkeys((direction, due) for _is_known, direction, due in sorted(found)))[:most]


def names_of(posting: Posting, accounts: Mapping[str, str]) -> Names:
    """Return what ids are called in a posting's company."""
    person = posting.title.person
    return Names(accounts, posting.kamino_person_id, person.name if person else "")


@dataclass(frozen=True)
class Shown:
    """What Kamino's lists showed of one title since our last write, and when: a row, or that it is not there; `at` is
    `None` where none did."""

    at: datetime | None = None
    row: KaminoTitle | None = None

    @property
    def is_gone(self) -> bool:
        return self.at is not None and self.row is None


def shown_since_sent(batch: Sequence[Posting], known: Iterable[StoredDiscrepancy]) -> dict[int, Shown]:
    """Return what lists showed of postings (with `last_sent_at` and `shown_at`) since each was last written, by
    posting: the newest row, or that it was proved absent later (`known` are open discrepancies)."""
    shown = [posting for posting in batch if (at := getattr(posting, "shown_at", None)) and may_compare(posting, at)]
    rows = KaminoSnapshot.objects.filter(
        kamino_connection__in={posting.kamino_connection_id for posting in shown},
        kamino_id__in=[posting.kamino_id for posting in shown],
    )
    read = {(row.kamino_connection_id, row.direction, row.kamino_id): row for row in rows}
    gone = {
        row.posting_id: row.seen_at
        for row in known
        if row.kind == DiscrepancyKind.MISSING_IN_KAMINO and row.bordero_id is None
    }
    found = {}
    for posting in batch:
        snapshot = read.get((posting.kamino_connection_id, posting.direction, posting.kamino_id or 0))
        last = Shown(snapshot.read_at, snapshot.to_title()) if snapshot is not None else Shown()
        gone_at = gone.get(posting.pk)
        if gone_at is not None and (last.at is None or gone_at > last.at):
            last = Shown(gone_at)
        found[posting.pk] = last if last.at is not None and may_compare(posting, last.at) else Shown()
    return found


def shown_by(seen: Seen, posting: Posting, before: Shown) -> Shown | None:
    """Return what one reading showed of a posting of which `before` is known; `None` where it says nothing."""
    delivered = posting.get_delivered()
    if delivered is None or not may_compare(posting, seen.since):
        return None
    if before.row is not None and before.at is not None and before.at >= seen.since:
        return before
    return Shown(seen.since) if seen.proves_absence(posting.direction, delivered.due_date) else None


def forget_unseen(kamino: KaminoConnection, seen: Seen) -> None:
    """Delete the rows that a reading did not show, except those of directions that it did not read, and of titles of
    ours where it proves nothing by itself."""
    old = KaminoSnapshot.objects.filter(kamino_connection=kamino, read_at__lt=seen.since)
    mine = Posting.objects.filter(
        kamino_connection=kamino, direction=OuterRef("direction"), kamino_id=OuterRef("kamino_id")
    )
    old = old.exclude(direction__in=seen.unread | seen.odd).exclude(Exists(mine), direction__in=seen.paged)
    old._raw_delete(old.db)  # nothing hangs on these rows: no transaction of its own around one statement


def tolerance_of(posting: Posting) -> Decimal:
    """Return by how much, in reais, amounts may differ and still be equal."""
    return Decimal(posting.kamino_connection.tenant.tolerance_cents) / 100


def differences_beside(
    batch: Sequence[Posting], accounts: Mapping[str, str], *, seen: Seen
) -> defaultdict[int, list[Difference]]:
    """Return the differences of one company's parts and copies, by posting."""
    found: defaultdict[int, list[Difference]] = defaultdict(list)
    by_pk = {posting.pk: posting for posting in batch}
    parts = list(PartPosting.objects.filter(posting__in=batch).annotate(last_sent_at=last_written()).order_by("pk"))
    ids = [part.kamino_id for part in parts if part.kamino_id]
    rows = translated(KaminoSnapshot.objects.filter(kamino_connection=batch[0].kamino_connection_id, kamino_id__in=ids))
    for part in parts:
        posting, delivered = by_pk[part.posting_id], part.get_delivered()
        if delivered is None or not may_compare(part, seen.since):
            continue
        if part.bordero_id not in posting.title.bordero_ids:
            continue  # reversed in Bling: whatever Kamino shows of it, its title says what to do
        row = rows.get((part.direction, part.kamino_id or 0))
        if row is None and not seen.proves_absence(part.direction, delivered.due_date):
            continue
        names, tolerance = names_of(posting, accounts), tolerance_of(posting)
        kamino = kamino_side(delivered, row, is_gone=row is None)
        differences = list(filter(None, [payment_difference(as_told(delivered), kamino, tolerance=tolerance)]))
        differences += compare(delivered, row, names=names, tolerance=tolerance) if row is not None else []
        found[posting.pk] += [replace(difference, bordero_id=part.bordero_id) for difference in differences]
    for pk, copies in copies_of(batch, parts).items():
        value = str(by_pk[pk].title.value)
        found[pk].append(Difference(DiscrepancyKind.DUPLICATED, value, ", ".join(map(str, sorted(copies)))))
    for pk, alike in look_alikes(batch).items():
        value = str(by_pk[pk].title.value)
        found[pk].append(Difference(DiscrepancyKind.LOOK_ALIKE, value, ", ".join(map(str, sorted(alike)))))
    return found
