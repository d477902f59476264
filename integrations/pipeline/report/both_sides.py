"""Both sides of titles, a batch at a time: what Bling shows, and what Kamino holds of each title and its parts: as its
lists showed it last, or as it was told where they know less."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import Max, Q, QuerySet

from integrations.domain.desired import DesiredTitle, KaminoStatus
from integrations.domain.discrepancies import DiscrepancyKind
from integrations.domain.matching import KaminoTitle, as_told
from integrations.domain.titles import Direction
from integrations.models import Discrepancy, KaminoConnection, KaminoSnapshot, PartPosting, Posting, Tenant, Title
from integrations.pipeline.compare.shown_in_kamino import last_told, nobodys, translated

BATCH = 1_000


@dataclass(frozen=True)
class Standing:
    """A title as it stands in Kamino. `told_at`: our last write; `is_edited`: Kamino shows it otherwise than told."""

    kamino_id: int
    body: DesiredTitle
    told_at: datetime | None
    is_edited: bool = False


@contextmanager
def one_moment() -> Iterator[None]:
    """Let all that is read inside be as it was at one moment: a title that is delivered meanwhile would be counted with
    parts that it did not have yet. Inside a transaction, that one's rules hold."""
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


def standing_of(tenant: Tenant, batch: Sequence[Title]) -> dict[int, list[Standing]]:
    """Return what Kamino holds of each title and of its parts, by title; deleted there, it is not among them."""
    held = {"kamino_id__isnull": False, "delivered__isnull": False}
    units: list[tuple[int, Posting | PartPosting]] = [
        (row.title_id, row)
        for row in Posting.objects.filter(title__in=batch, **held).annotate(last_told_at=last_told())
    ]
    parts = PartPosting.objects.filter(posting__title__in=batch, **held).select_related("posting").order_by("pk")
    told = Max("attempts__ended_at")
    units += [(row.posting.title_id, row) for row in parts.annotate(last_told_at=told)]
    kamino = KaminoConnection.objects.filter(tenant=tenant).defer(*KaminoConnection.SECRETS).first()
    ids = [unit.kamino_id for _title, unit in units if unit.kamino_id]
    snapshots = list(KaminoSnapshot.objects.filter(kamino_connection=kamino, kamino_id__in=ids))
    rows = translated(snapshots)
    read = {(row.direction, row.kamino_id): row.read_at for row in snapshots}
    missing = Discrepancy.objects.filter(
        posting__title__in=batch, kind=DiscrepancyKind.MISSING_IN_KAMINO, closed_at=None
    )
    lacking = set(missing.values_list("posting__title", flat=True))
    found: dict[int, list[Standing]] = defaultdict(list)
    for title_id, unit in units:
        key = unit.direction, unit.kamino_id or 0
        since = kamino.reconciled_at if kamino and title_id in lacking and key not in rows else None
        standing = _standing(unit, rows.get(key), read.get(key), gone_since=since)
        if standing is not None:
            found[title_id].append(standing)
    return found


def _standing(
    unit: Posting | PartPosting, row: KaminoTitle | None, read_at: datetime | None, *, gone_since: datetime | None
) -> Standing | None:
    told_at: datetime | None = getattr(unit, "last_told_at", None)
    told = DesiredTitle.from_json(unit.delivered or {})
    if gone_since is not None and told_at is not None and told_at < gone_since:
        return None
    if row is None or read_at is None or (told_at is not None and told_at >= read_at):
        return Standing(unit.kamino_id or 0, told, told_at)
    seen = _as_seen(row, told)
    return Standing(unit.kamino_id or 0, seen, told_at, is_edited=_booked(seen) != _booked(told))


def _as_seen(row: KaminoTitle, told: DesiredTitle) -> DesiredTitle:
    """Return what a list shows; what its rows leave out is as it was told."""
    seen, payment = as_told(row, told), told.payment
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
    rows = nobodys(KaminoSnapshot.objects.filter(kamino_connection__tenant=tenant, is_in_force=True))
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
