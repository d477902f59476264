"""What stands in Kamino beside a posting's own title: its parts, and titles with its marker that are nobody's."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from django.db.models import Max

from integrations.domain.desired import KaminoStatus
from integrations.domain.discrepancies import Difference, DiscrepancyKind, Names, compare
from integrations.domain.matching import KaminoTitle
from integrations.domain.titles import Direction
from integrations.kamino import translate
from integrations.models import KaminoSnapshot, PartPosting, Posting

Rows = Mapping[tuple[str, int], KaminoTitle]


def may_compare(unit: Posting | PartPosting, started_at: datetime) -> bool:
    """Only what was told, or linked (`last_told_at`), before the reading began: a newer write is not in a snapshot."""
    told_at: datetime | None = getattr(unit, "last_told_at", None)
    return bool(unit.kamino_id and unit.delivered) and told_at is not None and told_at < started_at


def names_of(posting: Posting, accounts: Mapping[str, str]) -> Names:
    """Return what ids are called in a posting's company."""
    person = posting.title.person
    return Names(accounts, person.posting.kamino_id if person else None, person.name if person else "")


def tolerance_of(posting: Posting) -> Decimal:
    """Return by how much, in reais, amounts may differ and still be equal."""
    return Decimal(posting.company.tenant.tolerance_cents) / 100


def differences_beside(
    batch: Sequence[Posting], accounts: Mapping[str, str], *, started_at: datetime
) -> defaultdict[int, list[Difference]]:
    """Return the differences of one company's parts and copies, by posting."""
    found: defaultdict[int, list[Difference]] = defaultdict(list)
    by_pk = {posting.pk: posting for posting in batch}
    told = Max("attempts__ended_at")
    parts = list(PartPosting.objects.filter(posting__in=batch).annotate(last_told_at=told).order_by("pk"))
    rows = _rows(batch[0].company_id, [part.kamino_id for part in parts if part.kamino_id])
    for part in parts:
        posting, delivered = by_pk[part.posting_id], part.get_delivered()
        if delivered is None or not may_compare(part, started_at):
            continue
        row = rows.get((posting.direction, part.kamino_id or 0))
        names, tolerance = names_of(posting, accounts), tolerance_of(posting)
        differences = compare(delivered, row, names=names, tolerance=tolerance)
        found[posting.pk] += [replace(difference, bordero_id=part.bordero_id) for difference in differences]
    for pk, copies in _copies(batch, parts).items():
        value = str(by_pk[pk].title.value)
        found[pk].append(Difference(DiscrepancyKind.DUPLICATED, value, ", ".join(map(str, sorted(copies)))))
    return found


def _rows(company_id: int, kamino_ids: Sequence[int]) -> Rows:
    return _translated(KaminoSnapshot.objects.filter(company=company_id, kamino_id__in=kamino_ids))


def _translated(snapshots: Iterable[KaminoSnapshot]) -> Rows:
    return {(row.direction, row.kamino_id): translate.title_row(Direction(row.direction), row.row) for row in snapshots}


def _copies(batch: Sequence[Posting], parts: Sequence[PartPosting]) -> dict[int, list[int]]:
    """Return the Kamino ids of living titles that carry a posting's marker, or a part's, and are nobody's."""
    owners = {
        (posting.direction, delivered.code): posting.pk for posting in batch if (delivered := posting.get_delivered())
    }
    directions = {posting.pk: posting.direction for posting in batch}
    for part in parts:
        if told := part.get_delivered():
            owners[directions[part.posting_id], told.code] = part.posting_id
    company = batch[0].company_id
    snapshots = list(KaminoSnapshot.objects.filter(company=company, code__in={code for _direction, code in owners}))
    ids = [row.kamino_id for row in snapshots]
    holders = Posting.objects.filter(company=company, kamino_id__in=ids).values_list("direction", "kamino_id")
    of_parts = PartPosting.objects.filter(company=company, kamino_id__in=ids)
    taken = {*holders, *of_parts.values_list("posting__direction", "kamino_id")}
    found: dict[int, list[int]] = defaultdict(list)
    for snapshot in snapshots:
        key = snapshot.direction, snapshot.kamino_id
        owner = owners.get((snapshot.direction, snapshot.code))
        if owner is None or key in taken:
            continue
        row = _translated([snapshot])[key]
        if row.carries_marker and row.status is not KaminoStatus.CANCELLED:
            found[owner].append(snapshot.kamino_id)
    return found
