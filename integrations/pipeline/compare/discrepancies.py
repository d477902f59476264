"""Discrepancies: compare what we delivered with what Kamino was seen to show, and open, renew and close differences."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from integrations.domain.delivery import DeliveryState
from integrations.domain.desired import KaminoStatus
from integrations.domain.discrepancies import (
    ACCEPTABLE,
    PAYMENT_KINDS,
    ROW_KINDS,
    WRITTEN_KINDS,
    Difference,
    DiscrepancyKind,
    Names,
    compare,
)
from integrations.domain.matching import KaminoTitle
from integrations.domain.payment_differences import bling_side, kamino_side, payment_difference
from integrations.domain.reasons import Reason
from integrations.domain.rules import has_cancelled_invoice
from integrations.domain.titles import TitleStatus
from integrations.models import (
    ForcedSettlement,
    KaminoConnection,
    KaminoItem,
    Posting,
    StoredDiscrepancy,
    WakeUpKind,
)
from integrations.models.registers import KaminoKind
from integrations.models.subqueries import has_any
from integrations.pipeline.compare.parts_by_hand import follow_parts
from integrations.pipeline.compare.shown_in_kamino import (
    Seen,
    Shown,
    differences_beside,
    forget_unseen,
    last_sent,
    last_shown,
    names_of,
    shown_by,
    shown_since_sent,
    tolerance_of,
)
from integrations.pipeline.handover.wake_ups import Rhythm

BATCH = 500
OWN_KINDS = (
    DiscrepancyKind.INVOICE_CANCELLED,
    DiscrepancyKind.MISSING_IN_BLING,
    DiscrepancyKind.POSSIBLE_DUPLICATE,
    DiscrepancyKind.SETTLED_VALUE,
    DiscrepancyKind.PAID_FROM,
    *PAYMENT_KINDS,
)
"""Stored kinds that are known without asking Kamino anew; the others need its lists."""
_ALL_KINDS = tuple(DiscrepancyKind)
_RENEWED = (
    "bling_value", "kamino_value", "difference", "days", "bordero_id", "seen_at", "closed_at", "accepted_at"
)  # fmt: skip


def compare_all(kamino: KaminoConnection, *, seen: Seen, now: datetime) -> None:
    """Compare every posting of a company with the snapshots that were just read (`seen`). What was neither shown nor
    proved absent stays as it was."""
    forget_unseen(kamino, seen)
    accounts: dict[str, str] = {}

    for batch in _batches(Posting.objects.filter(kamino_connection=kamino)):
        follow_parts(batch, seen=seen, now=now)
        open_rows = _open_rows(batch)
        shown = shown_since_sent(batch, open_rows)
        looked = {
            posting.pk: now_shown
            for posting in batch
            if (now_shown := shown_by(seen, posting, shown[posting.pk])) is not None
        }
        shown |= looked
        if not accounts and looked:
            accounts = _account_names(kamino, KaminoKind.CHART_ACCOUNT)
        beside = differences_beside(batch, accounts, seen=seen) if looked else {}
        found = _own_states(batch, shown, open_rows)
        for posting in batch:
            if posting.pk in looked:
                found[posting.pk] += _compare(posting, looked[posting.pk].row, accounts) + beside[posting.pk]
        kept = [row for row in batch if row.kamino_id and row.delivered and row.pk not in looked]
        _store([row for row in batch if row not in kept], open_rows, found, now)
        _store(kept, open_rows, found, now, kinds=OWN_KINDS)  # what was not looked at is neither there nor gone


def kaminos_to_review(_now: datetime, tenant_ids: Sequence[int] | None) -> QuerySet[KaminoConnection]:
    """Return the companies with postings that changed since their last review."""
    changed = Posting.objects.filter(is_review_due=True, kamino_connection=OuterRef("pk"))
    kaminos = KaminoConnection.objects.filter(has_any(changed), tenant__is_active=True, registers_read_at__isnull=False)
    return kaminos if tenant_ids is None else kaminos.filter(tenant__in=tenant_ids)


REVIEW = Rhythm(WakeUpKind.REVIEW, kaminos_to_review, "tenant", lambda _tenants, _now: ())


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
            _review(kamino, batch, now)
            Posting.objects.filter(pk__in=locked).update(is_review_due=False)
        last, is_over = max(locked, default=0), len(locked) < BATCH


def _review(kamino: KaminoConnection, batch: Sequence[Posting], now: datetime) -> None:
    """Compare with what lists showed since each was sent; of the others, end what our write ended."""
    open_rows = _open_rows(batch)
    shown = shown_since_sent(batch, open_rows)
    found = _own_states(batch, shown, open_rows)
    looked = [posting for posting in batch if shown[posting.pk].row is not None]
    accounts = _account_names(kamino, KaminoKind.CHART_ACCOUNT) if looked else {}
    for posting in looked:
        found[posting.pk] += _compare(posting, shown[posting.pk].row, accounts)
    _store(looked, open_rows, found, now, kinds=(*OWN_KINDS, *ROW_KINDS))
    _store([posting for posting in batch if posting not in looked], open_rows, found, now, kinds=OWN_KINDS)
    sent_at = {posting.pk: at for posting in batch if (at := getattr(posting, "last_sent_at", None))}
    written = [
        row.pk
        for row in open_rows
        if row.kind in WRITTEN_KINDS
        and row.bordero_id is None
        and row.seen_at < sent_at.get(row.posting_id, row.seen_at)
    ]
    if written:
        StoredDiscrepancy.objects.filter(pk__in=written, closed_at=None).update(closed_at=now)


def _open_rows(batch: Sequence[Posting]) -> list[StoredDiscrepancy]:
    """Return what is open, and what a person accepted as it was then."""
    return list(StoredDiscrepancy.objects.filter(StoredDiscrepancy.STANDS, posting__in=batch))


def open_risk(posting: Posting, *, now: datetime) -> bool:
    """Say that a title may be paid twice; returns whether nobody had said so yet."""
    risk = Difference(DiscrepancyKind.DOUBLE_PAYMENT_RISK, str(posting.title.value), KaminoStatus.PENDING)
    open_rows = _open_rows([posting])
    _store([posting], open_rows, {posting.pk: [risk]}, now, kinds=PAYMENT_KINDS)
    return all(row.kind != DiscrepancyKind.DOUBLE_PAYMENT_RISK for row in open_rows)


def close_risks_of(kamino: KaminoConnection, postings: Sequence[Posting], *, now: datetime) -> None:
    """Close the risks of a company's titles that Kamino was just seen to have paid or cancelled; not those that wait
    for a person, who has to look whether Kamino paid them a second time."""
    over = [posting for posting in postings if not _awaits_a_look(posting)]
    risks = StoredDiscrepancy.objects.filter(posting__in=over, kind=DiscrepancyKind.DOUBLE_PAYMENT_RISK, closed_at=None)
    with StoredDiscrepancy.one_writer(kamino.pk):
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
    rows = rows.annotate(last_sent_at=last_sent(), shown_at=last_shown(), is_forced=Exists(forced))
    return list(rows.order_by("pk")[:BATCH])


def _account_names(kamino: KaminoConnection, kind: KaminoKind) -> dict[str, str]:
    accounts = KaminoItem.objects.filter(connection=kamino, kind=kind)
    return dict(accounts.values_list("kamino_id", "name"))


def _compare(posting: Posting, row: KaminoTitle | None, accounts: Mapping[str, str]) -> list[Difference]:
    delivered = posting.get_delivered()
    if delivered is None or row is None:
        return []
    return compare(delivered, row, names=names_of(posting, accounts), tolerance=tolerance_of(posting))


def _own_states(
    batch: Sequence[Posting], shown: Mapping[int, Shown], open_rows: Sequence[StoredDiscrepancy]
) -> dict[int, list[Difference]]:
    """Return the differences that we know without asking Kamino anew, by posting."""
    risky = {row.posting_id for row in open_rows if row.kind == DiscrepancyKind.DOUBLE_PAYMENT_RISK}
    found = {posting.pk: _own_state(posting, shown[posting.pk], posting.pk in risky) for posting in batch}
    accounts = [each for states in found.values() for each in states if each.kind is DiscrepancyKind.PAID_FROM]
    return _with_bank_names(batch[0].kamino_connection, found) if accounts else found


def _with_bank_names(kamino: KaminoConnection, found: dict[int, list[Difference]]) -> dict[int, list[Difference]]:
    names = Names(_account_names(kamino, KaminoKind.BANK_ACCOUNT))

    def named(difference: Difference) -> Difference:
        if difference.kind is not DiscrepancyKind.PAID_FROM:
            return difference
        return replace(difference, bling=names.account(difference.bling), kamino=names.account(difference.kamino))

    return {pk: [named(difference) for difference in states] for pk, states in found.items()}


def _own_state(posting: Posting, shown: Shown, is_risky: bool) -> list[Difference]:
    """Differences that are more than a state of the title; `is_risky`: it was said that Kamino may pay it again, which
    is over when one of the sides changed."""
    title = posting.title
    value, found = str(title.value), list[Difference]()
    if _awaits_a_look(posting):
        found.append(Difference(DiscrepancyKind.DOUBLE_PAYMENT_RISK, value, ""))
    elif payment := _payment_difference(posting, shown):
        stays = is_risky and payment.kind is DiscrepancyKind.SETTLED_ONLY_IN_BLING
        found.append(replace(payment, kind=DiscrepancyKind.DOUBLE_PAYMENT_RISK) if stays else payment)
    if posting.state == DeliveryState.NEEDS_HUMAN and posting.reason == Reason.POSSIBLE_DUPLICATE:
        ids = ", ".join(str(kamino_id) for kamino_id in posting.candidates)
        found.append(Difference(DiscrepancyKind.POSSIBLE_DUPLICATE, value, ids))
    problems = {problem.code: problem for problem in posting.get_problems()}
    if Reason.DELETED_IN_BLING in problems:
        found.append(Difference(DiscrepancyKind.MISSING_IN_BLING, value, ""))
    if (changed := problems.get(Reason.VALUE_AFTER_SETTLEMENT)) is not None:
        theirs = shown.row.value if shown.row else Decimal(changed.params["kamino"])
        if theirs != title.value:
            apart = theirs - title.value
            found.append(Difference(DiscrepancyKind.SETTLED_VALUE, value, str(theirs), apart))
    if has_cancelled_invoice(title.to_facts()):
        found.append(Difference(DiscrepancyKind.INVOICE_CANCELLED, value, ""))
    return found


def _payment_difference(posting: Posting, shown: Shown) -> Difference | None:
    told, title = posting.get_delivered(), posting.title
    if told is None or not posting.kamino_id:
        return None
    wanted = posting.get_desired() if posting.desired else None
    bling = bling_side(TitleStatus(title.status), title.value, title.balance, told=told, wanted=wanted)
    bling = replace(bling, is_forced=getattr(posting, "is_forced", False))
    kamino = kamino_side(told, shown.row, is_gone=shown.is_gone)
    return payment_difference(bling, kamino, tolerance=tolerance_of(posting))


def _store(
    batch: Sequence[Posting],
    shown: Sequence[StoredDiscrepancy],
    found: dict[int, list[Difference]],
    now: datetime,
    kinds: Sequence[str] = _ALL_KINDS,
) -> None:
    """Open new discrepancies, renew open ones (`shown`), close those of `kinds` that are gone or accepted. What
    parts of titles show is told only where all kinds are."""
    if not any(_changes(batch, shown, found, now, kinds)):
        return
    with StoredDiscrepancy.one_writer(batch[0].kamino_connection_id):
        rows, gone, over = _changes(batch, _open_rows(batch), found, now, kinds)  # what others wrote meanwhile stays
        StoredDiscrepancy.objects.filter(pk__in=gone).update(closed_at=now)
        if over:  # should it be so again, it is told again
            StoredDiscrepancy.objects.filter(pk__in=over).update(accepted_at=None)
        StoredDiscrepancy.objects.bulk_create([row for row in rows if row.pk is None], ignore_conflicts=True)
        StoredDiscrepancy.objects.bulk_update([row for row in rows if row.pk is not None], _RENEWED)


def _changes(
    batch: Sequence[Posting],
    shown: Sequence[StoredDiscrepancy],
    found: dict[int, list[Difference]],
    now: datetime,
    kinds: Sequence[str],
) -> tuple[list[StoredDiscrepancy], list[int], list[int]]:
    """Return the rows to open or renew, those to close, and those whose acceptance is over."""
    mine = {posting.pk for posting in batch}
    told = [
        row
        for row in shown
        if row.posting_id in mine and row.kind in kinds and (row.bordero_id is None or kinds is _ALL_KINDS)
    ]
    accepted = {(row.posting_id, row.bordero_id, *row.shows): row.pk for row in told if row.accepted_at is not None}
    open_rows = {(row.posting_id, row.kind): row for row in told if row.closed_at is None}
    rows, kept, stand = [], set(), set()
    for posting in batch:
        for difference in found[posting.pk]:
            key = (posting.pk, difference.kind.value)
            sides = (posting.pk, difference.bordero_id, key[1], difference.bling, difference.kamino)
            may_be_missing = posting.state == DeliveryState.IGNORED and key[1] == DiscrepancyKind.MISSING_IN_KAMINO
            if sides in accepted and (may_be_missing or key[1] in ACCEPTABLE):
                stand.add(accepted[sides])
                continue
            if key in kept:
                continue
            kept.add(key)
            row = open_rows.get(key) or StoredDiscrepancy(posting=posting, kind=difference.kind, opened_at=now)
            row.bling_value, row.kamino_value = difference.bling, difference.kamino
            row.bordero_id = difference.bordero_id
            row.difference, row.days, row.seen_at = difference.amount, difference.days, now
            if may_be_missing:
                row.closed_at = row.accepted_at = now  # who keeps it from being synced says so
            rows.append(row)
    gone = [row.pk for key, row in open_rows.items() if key not in kept]
    over = [pk for pk in accepted.values() if pk not in stand]
    return rows, gone, over
