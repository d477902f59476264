"""Discrepancies: compare what we delivered with what Kamino was seen to show, and open, renew and close differences."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from integrations.domain.delivery import DeliveryState
from integrations.domain.desired import KaminoStatus
from integrations.domain.discrepancies import Difference, DiscrepancyKind, compare
from integrations.domain.reasons import Reason
from integrations.domain.rules import has_cancelled_invoice
from integrations.domain.titles import TitleStatus
from integrations.models import (
    ForcedSettlement,
    KaminoConnection,
    KaminoItem,
    KaminoSnapshot,
    Posting,
    StoredDiscrepancy,
)
from integrations.models.registers import KaminoKind
from integrations.pipeline.compare.shown_in_kamino import (
    Seen,
    differences_beside,
    last_sent,
    may_compare,
    names_of,
    tolerance_of,
)

BATCH = 500
OWN_KINDS = (
    DiscrepancyKind.INVOICE_CANCELLED,
    DiscrepancyKind.MISSING_IN_BLING,
    DiscrepancyKind.PARTIAL,
    DiscrepancyKind.FORCED_SETTLEMENT,
    DiscrepancyKind.POSSIBLE_DUPLICATE,
)
"""Stored kinds that our own tables show; the others need Kamino's lists."""
_LACKING = (DiscrepancyKind.DOUBLE_PAYMENT_RISK, DiscrepancyKind.SETTLED_ONLY_IN_BLING)
"""A payment that Kamino lacks: our own tables may tell it, and its lists too."""


def compare_all(kamino: KaminoConnection, *, seen: Seen, now: datetime) -> None:
    """Compare every posting of a company with the snapshots that were just read (`seen`). What was neither shown nor
    proved absent stays as it was."""
    gone = KaminoSnapshot.objects.filter(kamino_connection=kamino, read_at__lt=seen.since)
    # Nothing hangs on these rows: no transaction of its own around one statement.
    gone.exclude(direction__in=seen.unread | seen.odd)._raw_delete(gone.db)
    accounts: dict[str, str] = {}

    for batch in _batches(Posting.objects.filter(kamino_connection=kamino)):
        rows = {
            (row.direction, row.kamino_id): row
            for row in KaminoSnapshot.objects.filter(
                kamino_connection=kamino,
                kamino_id__in=[posting.kamino_id for posting in batch if posting.kamino_id],
                read_at__gte=seen.since,
            )
        }
        compared = {
            posting.pk
            for posting in batch
            if (delivered := posting.get_delivered()) is not None
            and may_compare(posting, seen.since)
            and (
                (posting.direction, posting.kamino_id or 0) in rows
                or seen.proves_absence(posting.direction, delivered.due_date)
            )
        }
        if not accounts and compared:
            accounts = _account_names(kamino)
        beside = differences_beside(batch, accounts, seen=seen)
        found = {}
        for posting in batch:
            snapshot = rows.get((posting.direction, posting.kamino_id or 0))
            differences = _own_state(posting)
            if posting.pk in compared:
                differences += _compare(posting, snapshot, accounts) + beside[posting.pk]
            found[posting.pk] = differences
        kept = [row for row in batch if row.kamino_id and row.delivered and row.pk not in compared]
        shown = _open_rows(batch)
        _store([row for row in batch if row not in kept], shown, found, now)
        _store(kept, shown, found, now, kinds=OWN_KINDS)  # what was not looked at is neither there nor gone
        _close_compared(kept, shown, found, now)


def postings_to_review(tenant_ids: Sequence[int] | None) -> QuerySet[Posting]:
    """Return the postings that changed since their last review."""
    due = Posting.objects.filter(
        is_review_due=True,
        kamino_connection__tenant__is_active=True,
        kamino_connection__registers_read_at__isnull=False,
    )
    return due if tenant_ids is None else due.filter(kamino_connection__tenant__in=tenant_ids)


def kaminos_to_review(tenant_ids: Sequence[int] | None) -> QuerySet[KaminoConnection]:
    """Return the companies of such postings."""
    return KaminoConnection.objects.filter(pk__in=postings_to_review(tenant_ids).values("kamino_connection"))


def review_changed(kamino: KaminoConnection, *, now: datetime) -> None:
    """Open and close what we know without asking Kamino, for postings that changed since their last review. Those that
    another worker holds stay due."""
    due = Posting.objects.filter(kamino_connection=kamino, is_review_due=True).order_by("pk")
    last, is_over = 0, False
    while not is_over:
        with transaction.atomic():
            # Locked first and read then: what commits in between is read too.
            rows = due.filter(pk__gt=last).select_for_update(no_key=True, skip_locked=True)
            locked = list(rows.values_list("pk", flat=True)[:BATCH])
            batch = _batch(Posting.objects.filter(pk__in=locked))
            found = {posting.pk: _own_state(posting) for posting in batch}
            shown = _open_rows(batch)
            _store(batch, shown, found, now, kinds=OWN_KINDS)
            _close_compared(batch, shown, found, now)
            Posting.objects.filter(pk__in=locked).update(is_review_due=False)
        last, is_over = max(locked, default=0), len(locked) < BATCH


def _open_rows(batch: Sequence[Posting]) -> list[StoredDiscrepancy]:
    return list(StoredDiscrepancy.objects.filter(posting__in=batch, closed_at=None))


def _close_compared(
    batch: Sequence[Posting], shown: Sequence[StoredDiscrepancy], found: Mapping[int, list[Difference]], now: datetime
) -> None:
    """Close payments that Kamino lacked where our own doings ended that: Bling no longer shows a payment, or Kamino
    took over what we sent after the difference was last seen."""
    own = {(pk, row.kind.value) for pk, rows in found.items() for row in rows}
    sent_at = {
        posting.pk: getattr(posting, "last_sent_at", None)
        for posting in batch
        if posting.state == DeliveryState.DELIVERED
    }
    unpaid = {posting.pk for posting in batch if posting.title.status != TitleStatus.SETTLED}
    mine = {posting.pk for posting in batch}
    for row in shown:
        at = sent_at.get(row.posting_id)
        if row.posting_id not in mine or row.kind not in _LACKING or (row.posting_id, row.kind) in own:
            continue
        if row.posting_id in unpaid or (at is not None and at > row.seen_at):
            StoredDiscrepancy.objects.filter(pk=row.pk, closed_at=None).update(closed_at=now)


def open_risk(posting: Posting, *, now: datetime) -> bool:
    """Say that a title may be paid twice; returns whether nobody had said so yet."""
    risks = StoredDiscrepancy.objects.filter(posting=posting, kind=DiscrepancyKind.DOUBLE_PAYMENT_RISK, closed_at=None)
    if risks.update(seen_at=now):
        return False
    row = StoredDiscrepancy(
        posting=posting, kind=DiscrepancyKind.DOUBLE_PAYMENT_RISK, bling_value=str(posting.title.value),
        kamino_value=KaminoStatus.PENDING, opened_at=now, seen_at=now,
    )  # fmt: skip
    StoredDiscrepancy.objects.bulk_create([row], ignore_conflicts=True)
    return True


def close_risks_of(postings: Sequence[Posting], *, now: datetime) -> None:
    """Close the risks of titles that Kamino was just seen to have paid or cancelled; not those that wait for a person,
    who has to look whether Kamino paid them a second time."""
    over = [posting for posting in postings if not _awaits_a_look(posting)]
    risks = StoredDiscrepancy.objects.filter(posting__in=over, kind=DiscrepancyKind.DOUBLE_PAYMENT_RISK, closed_at=None)
    risks.update(closed_at=now)


def _awaits_a_look(posting: Posting) -> bool:
    """Say whether a settlement was kept back because Kamino was about to pay the title itself."""
    return posting.state == DeliveryState.NEEDS_HUMAN and posting.reason in (Reason.SCHEDULED, Reason.PAID_AS_SCHEDULED)


def _batches(postings: QuerySet[Posting]) -> Iterator[Sequence[Posting]]:
    last = 0
    while True:
        batch = _batch(postings.filter(pk__gt=last))
        if batch:
            yield batch
        if len(batch) < BATCH:
            return
        last = batch[-1].pk


def _batch(postings: QuerySet[Posting]) -> Sequence[Posting]:
    forced = ForcedSettlement.objects.in_force().filter(posting=OuterRef("pk"))
    rows = postings.select_related("title__person__posting", "kamino_connection__tenant")
    return list(rows.annotate(last_sent_at=last_sent(), is_forced=Exists(forced)).order_by("pk")[:BATCH])


def _account_names(kamino: KaminoConnection) -> dict[str, str]:
    accounts = KaminoItem.objects.filter(connection=kamino, kind=KaminoKind.CHART_ACCOUNT)
    return dict(accounts.values_list("kamino_id", "name"))


def _compare(posting: Posting, snapshot: KaminoSnapshot | None, accounts: Mapping[str, str]) -> list[Difference]:
    delivered = posting.get_delivered()
    if delivered is None:
        return []
    row = snapshot.to_title() if snapshot is not None else None
    differences = compare(delivered, row, names=names_of(posting, accounts), tolerance=tolerance_of(posting))
    settled_here = posting.title.status == TitleStatus.SETTLED
    if settled_here and row is not None and row.status is KaminoStatus.PENDING:
        kind = DiscrepancyKind.DOUBLE_PAYMENT_RISK if row.may_be_paid else DiscrepancyKind.SETTLED_ONLY_IN_BLING
        differences.append(Difference(kind, str(posting.title.value), KaminoStatus.PENDING))
    elif settled_here and row is not None and row.status is KaminoStatus.UNKNOWN and row.may_be_paid:
        kind = DiscrepancyKind.DOUBLE_PAYMENT_RISK
        differences.append(Difference(kind, str(posting.title.value), KaminoStatus.UNKNOWN))
    return differences


def _own_state(posting: Posting) -> list[Difference]:
    """Differences that we know without asking Kamino and that are more than a state of the title."""
    title = posting.title
    value, found = str(title.value), list[Difference]()
    if _awaits_a_look(posting):
        found.append(Difference(DiscrepancyKind.DOUBLE_PAYMENT_RISK, value, ""))
    if posting.state == DeliveryState.NEEDS_HUMAN and posting.reason == Reason.POSSIBLE_DUPLICATE:
        ids = ", ".join(str(kamino_id) for kamino_id in posting.candidates)
        found.append(Difference(DiscrepancyKind.POSSIBLE_DUPLICATE, value, ids))
    if any(problem.code is Reason.DELETED_IN_BLING for problem in posting.get_problems()):
        found.append(Difference(DiscrepancyKind.MISSING_IN_BLING, value, ""))
    if title.status == TitleStatus.PARTIAL and posting.kamino_id and not _is_split(posting):
        found.append(Difference(DiscrepancyKind.PARTIAL, str(title.balance or title.value), value))
    delivered = posting.get_delivered()
    if title.status == TitleStatus.SETTLED and delivered is not None and delivered.status is KaminoStatus.PENDING:
        found.append(Difference(DiscrepancyKind.SETTLED_ONLY_IN_BLING, value, KaminoStatus.PENDING))
    if getattr(posting, "is_forced", False) and title.status != TitleStatus.SETTLED:
        found.append(Difference(DiscrepancyKind.FORCED_SETTLEMENT, KaminoStatus.PENDING, KaminoStatus.SETTLED))
    if has_cancelled_invoice(title.to_facts()):
        found.append(Difference(DiscrepancyKind.INVOICE_CANCELLED, value, ""))
    return found


def _is_split(posting: Posting) -> bool:
    """Say whether Kamino shows just what is open: the payments are titles of their own there."""
    delivered = posting.get_delivered()
    return delivered is not None and delivered.value == posting.title.balance


def _store(
    batch: Sequence[Posting],
    shown: Sequence[StoredDiscrepancy],
    found: dict[int, list[Difference]],
    now: datetime,
    kinds: Sequence[str] = tuple(DiscrepancyKind),
) -> None:
    """Open new discrepancies, renew open ones (`shown`), close those of `kinds` that are gone."""
    mine = {posting.pk for posting in batch}
    open_rows = {(row.posting_id, row.kind): row for row in shown if row.posting_id in mine and row.kind in kinds}
    rows, kept = [], set()
    for posting in batch:
        for difference in found[posting.pk]:
            key = (posting.pk, difference.kind.value)
            if key in kept:
                continue
            kept.add(key)
            row = open_rows.get(key) or StoredDiscrepancy(posting=posting, kind=difference.kind, opened_at=now)
            row.bling_value, row.kamino_value = difference.bling, difference.kamino
            row.bordero_id = difference.bordero_id
            row.difference, row.days, row.seen_at = difference.amount, difference.days, now
            rows.append(row)
    gone = [row.pk for key, row in open_rows.items() if key not in kept]
    if not rows and not gone:
        return
    with transaction.atomic():
        StoredDiscrepancy.objects.bulk_create([row for row in rows if row.pk is None], ignore_conflicts=True)
        StoredDiscrepancy.objects.bulk_update(
            [row for row in rows if row.pk is not None],
            ["bling_value", "kamino_value", "difference", "days", "bordero_id", "seen_at"],
        )
        StoredDiscrepancy.objects.filter(Q(pk__in=gone), closed_at__isnull=True).update(closed_at=now)
