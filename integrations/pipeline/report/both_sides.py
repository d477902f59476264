"""Both sides of titles, a batch at a time: what Bling shows, and what Kamino holds of each title and its parts. That is
what its lists showed last, or what was sent where the lists are older."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from integrations.domain.as_sent import NotRead
from integrations.domain.desired import DesiredTitle, KaminoStatus
from integrations.domain.discrepancies import DiscrepancyKind
from integrations.domain.matching import KaminoTitle, as_shown
from integrations.domain.title_lists import TitleList
from integrations.domain.titles import Direction
from integrations.models import KaminoConnection, KaminoSnapshot, PartPosting, Posting, StoredDiscrepancy, Tenant, Title
from integrations.pipeline.compare.shown_in_kamino import last_sent, last_written
from integrations.pipeline.handover.kamino_rows import translated
from integrations.pipeline.handover.unlinked import unlinked

BATCH = 1_000


@dataclass(frozen=True)
class InKamino:
    """A title as it is in Kamino. `sent_at`: our last write; `is_edited`: Kamino shows something else than was sent;
    `is_read`: the last reading of its lists, or a later one, showed it since our last write."""

    kamino_id: int
    body: DesiredTitle
    sent_at: datetime | None
    is_edited: bool = False
    is_read: bool = False


@contextmanager
def one_moment() -> Iterator[None]:
    """Read everything inside as of one moment: a title delivered meanwhile would be counted with parts that it did not
    have yet. Inside a transaction, its isolation level applies."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def batches(titles: QuerySet[Title]) -> Iterator[list[Title]]:
    """Return titles with their postings and persons, in the order of their keys."""
    rows = titles.select_related("person", "posting").order_by("pk")
    after = 0
    while batch := list(rows.filter(pk__gt=after)[:BATCH]):
        after = batch[-1].pk
        yield batch


def posting_of(title: Title) -> Posting | None:
    return getattr(title, "posting", None)


def held_in_kamino(tenant: Tenant, batch: Sequence[Title]) -> dict[int, list[InKamino]]:
    """Return what Kamino holds of each title and of its parts, by title, without what was deleted there."""
    is_there = {"kamino_id__isnull": False, "delivered__isnull": False}
    units: list[tuple[int, Posting | PartPosting]] = [
        (row.title_id, row)
        for row in Posting.objects.filter(title__in=batch, **is_there).annotate(last_sent_at=last_sent())
    ]
    parts = PartPosting.objects.filter(posting__title__in=batch, **is_there).select_related("posting").order_by("pk")
    units += [(row.posting.title_id, row) for row in parts.annotate(last_sent_at=last_written())]
    kamino = KaminoConnection.objects.filter(tenant=tenant).first()
    ids = [unit.kamino_id for _title, unit in units if unit.kamino_id]
    snapshots = list(KaminoSnapshot.objects.filter(kamino_connection=kamino, kamino_id__in=ids))
    rows = translated(snapshots)
    read = {(row.direction, row.kamino_id): row.read_at for row in snapshots}
    missing = StoredDiscrepancy.objects.filter(
        StoredDiscrepancy.STANDS, posting__title__in=batch, kind=DiscrepancyKind.MISSING_IN_KAMINO
    )
    gone = {tuple(key): at for *key, at in missing.values_list("posting__title", "bordero_id", "seen_at")}
    found: dict[int, list[InKamino]] = defaultdict(list)
    since = kamino.reconciled_at if kamino else None
    for title_id, unit in units:
        key = unit.direction, unit.kamino_id or 0
        gone_at = gone.get((title_id, unit.bordero_id if isinstance(unit, PartPosting) else None))
        held = _in_kamino(unit, rows.get(key), read.get(key), gone_at=gone_at)
        if held is not None:
            is_new = since is not None and read.get(key, since) >= since
            found[title_id].append(replace(held, is_read=held.is_read and is_new))
    return found


def _in_kamino(
    unit: Posting | PartPosting, row: KaminoTitle | None, read_at: datetime | None, *, gone_at: datetime | None
) -> InKamino | None:
    sent_at: datetime | None = getattr(unit, "last_sent_at", None)
    sent = DesiredTitle.from_json(unit.delivered or {})
    is_sent_before = gone_at is not None and sent_at is not None and sent_at < gone_at
    if is_sent_before and (read_at is None or (gone_at is not None and read_at < gone_at)):
        return None
    if row is None or read_at is None or (sent_at is not None and sent_at >= read_at):
        return InKamino(unit.kamino_id or 0, sent, sent_at)
    seen = _as_seen(row, sent)
    return InKamino(unit.kamino_id or 0, seen, sent_at, is_edited=_booked(seen) != _booked(sent), is_read=True)


def unread_directions(tenant: Tenant) -> dict[str, NotRead]:
    """Return the directions of a company that Kamino's lists do not show at present, and why; not those that it does
    not sync."""
    kamino = KaminoConnection.objects.filter(tenant=tenant).first()
    synced = {Direction.PAYABLE: tenant.sync_payables, Direction.RECEIVABLE: tenant.sync_receivables}
    found = {direction: _why_unread(kamino, direction) for direction, is_on in synced.items() if is_on}
    return {direction.value: why for direction, why in found.items() if why is not None}


def _why_unread(kamino: KaminoConnection | None, direction: Direction) -> NotRead | None:
    if kamino is None or kamino.reconciled_at is None:
        return NotRead.NEVER
    if not kamino.has_list(direction):
        return NotRead.ABSENT if kamino.title_lists[direction] is TitleList.ABSENT else NotRead.UNKNOWN
    return NotRead.FAILED if direction in kamino.failing_lists else None


def _as_seen(row: KaminoTitle, sent: DesiredTitle) -> DesiredTitle:
    """Return what a list shows; what its rows leave out is as it was sent."""
    seen, payment = as_shown(row, sent), sent.payment
    if row.status is not KaminoStatus.SETTLED or payment is None:
        return seen
    shown = seen.payment or payment
    return replace(seen, payment=replace(shown, account=shown.account or payment.account))


def _booked(body: DesiredTitle) -> tuple[object, ...]:
    paid = body.payment
    payment = (paid.date, paid.amount, paid.account) if paid else None
    return body.value, body.competence_date, body.chart_account, body.status, payment


def only_in_kamino(tenant: Tenant) -> Iterator[tuple[Direction, KaminoTitle]]:
    """Return the open and paid titles in Kamino's lists that no title of Bling is linked to."""
    rows = unlinked(KaminoSnapshot.objects.filter(kamino_connection__tenant=tenant, is_in_force=True))
    rows = rows.order_by("direction", "kamino_id")
    for snapshot in rows.iterator(chunk_size=BATCH):
        yield Direction(snapshot.direction), snapshot.to_title()


def seen_between(tenant: Tenant, field: str, first: date, end: date) -> Q:
    """Return which titles, or parts of them, Kamino's lists show with a day from `first` to before `end`.

    `field` is a column: "competence_date" or "payment_date".
    """
    found = Q()
    for direction in Direction:
        rows = KaminoSnapshot.objects.filter(kamino_connection__tenant=tenant, direction=direction)
        ids = rows.filter(**{f"{field}__gte": first, f"{field}__lt": end}).values("kamino_id")
        ours = {"kamino_connection__tenant": tenant, "kamino_id__in": ids}
        found |= Q(pk__in=Posting.objects.filter(direction=direction, **ours).values("title"))
        parts = PartPosting.objects.filter(direction=direction, **ours)
        found |= Q(pk__in=parts.values("posting__title"))
    return found
