"""Reconcile: read Kamino's registers and titles, compare with what we delivered, open and close discrepancies.

The only writer of KaminoItem and Discrepancy. Titles are read page by page into snapshots with a cursor, so a slice
may end anywhere; the comparison runs when all pages of a direction were read.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Greatest
from django.utils import formats

from integrations.domain.desired import KaminoStatus
from integrations.domain.discrepancies import Difference, DiscrepancyKind, compare
from integrations.domain.matching import KaminoTitle
from integrations.domain.problems import Problem, ProblemCode
from integrations.domain.titles import Direction, TitleStatus
from integrations.kamino import translate
from integrations.kamino.client import KaminoClient
from integrations.models import (
    Discrepancy,
    ForcedSettlement,
    KaminoConnection,
    KaminoItem,
    KaminoSnapshot,
    PersonAction,
    Posting,
)
from integrations.models.deliveries import POSSIBLE_DUPLICATE, DeliveryState
from integrations.models.problem_texts import problem_text
from integrations.models.registers import KaminoKind
from integrations.pipeline import milestones
from integrations.pipeline.snapshots import store_rows
from integrations.rest.errors import ConfigError, NotFoundError

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
EVERY = timedelta(hours=24)
REGISTERS_STALE = timedelta(hours=24)
BATCH = 500
_OWN_KINDS = (
    DiscrepancyKind.UNCONFIRMED,
    DiscrepancyKind.REFUSED,
    DiscrepancyKind.HELD,
    DiscrepancyKind.PARTIAL,
    DiscrepancyKind.SETTLED_ONLY_IN_BLING,
    DiscrepancyKind.FORCED_SETTLEMENT,
    DiscrepancyKind.POSSIBLE_DUPLICATE,
)
"""What our own tables tell; the other kinds need Kamino's lists."""
_PART_CODES = {ProblemCode.PART_REVERSED, ProblemCode.PART_DIFFERS, ProblemCode.PART_STUCK}
"""A payment that is a title of its own in Kamino needs a person."""
_LINKS = Q(person_actions__kind=PersonAction.Kind.LINK)


def registers_are_stale(now: datetime) -> Q:
    """Return which companies' registers were never read or are older than a day."""
    return Q(registers_read_at__isnull=True) | Q(registers_read_at__lt=now - REGISTERS_STALE)


def refresh_registers(client: KaminoClient, company: KaminoConnection, *, clock: Clock) -> bool:
    """Read Kamino's registers; return whether anything changed. Raises `ApiError` kinds, and then writes nothing."""
    read_at = clock()
    rows = {
        KaminoKind.CHART_ACCOUNT: client.chart_accounts(),
        KaminoKind.COST_CENTER: client.cost_centers(),
        KaminoKind.BUSINESS_UNIT: client.business_units(),
        KaminoKind.BANK_ACCOUNT: client.bank_accounts(),
    }
    known = {(item.kind, item.kamino_id): item for item in KaminoItem.objects.filter(connection=company)}
    changed: list[KaminoItem] = []
    for kind, found in rows.items():
        for row in found:
            item = known.pop((kind, row.kamino_id), None)
            shown = (row.name, row.path, row.active, row.takes_postings, row.nature)
            if item is None or (item.name, item.path, item.is_active, item.takes_postings, item.nature) != shown:
                item = item or KaminoItem(connection=company, kind=kind, kamino_id=row.kamino_id)
                item.name, item.path, item.is_active, item.takes_postings, item.nature = shown
                changed.append(item.fold_name())
    for vanished in known.values():
        if vanished.is_active:
            vanished.is_active = False
            changed.append(vanished)
    for item in changed:
        item.read_at = read_at
    with transaction.atomic():
        KaminoItem.objects.bulk_create(
            changed,
            update_conflicts=True,
            unique_fields=["connection", "kind", "kamino_id"],
            update_fields=["name", "folded_name", "path", "is_active", "takes_postings", "nature", "read_at"],
        )
        KaminoConnection.objects.filter(pk=company.pk).update(registers_read_at=read_at, error="")
    return bool(changed)


def is_due(now: datetime) -> Q:
    """Return which companies' reconciliation is under way, or a day old."""
    return ~Q(reconcile_cursor={}) | Q(reconciled_at__isnull=True) | Q(reconciled_at__lt=now - EVERY)


def reconcile_slice(
    client: KaminoClient,
    company: KaminoConnection,
    *,
    clock: Clock,
    deadline: datetime,
    people_wait: Callable[[datetime], bool],
) -> bool:
    """Read pages until `deadline`, or until a person waits; when all are read, compare. Returns whether it did any of
    that."""
    worked = False
    cursor = company.reconcile_cursor or {"started_at": clock().isoformat(), "direction": Direction.PAYABLE, "page": 1}
    started_at = datetime.fromisoformat(cursor["started_at"])
    while cursor["direction"] and clock() < deadline and not people_wait(clock()):
        direction = Direction(cursor["direction"])
        read_at = clock()
        try:
            rows, is_last = client.title_page(direction, cursor["page"])
        except (NotFoundError, ConfigError) as error:
            if isinstance(error, ConfigError) and error.code != "unconfirmed":
                raise
            cursor = _next_direction({**cursor, "unread": [*cursor.get("unread", []), direction]})
        else:
            store_rows(company, direction, rows, read_at=read_at)
            cursor = _next_direction(cursor) if is_last else {**cursor, "page": cursor["page"] + 1}
        _save_cursor(company, cursor)
        worked = True
        milestones.passed("reconcile.page_read")
    if cursor["direction"]:
        return worked
    compare_all(company, started_at=started_at, unread=cursor.get("unread", []), now=clock())
    milestones.passed("reconcile.compared")
    _save_cursor(company, {})
    KaminoConnection.objects.filter(pk=company.pk).update(reconciled_at=started_at)
    return True


def _next_direction(cursor: dict[str, object]) -> dict[str, object]:
    following = Direction.RECEIVABLE if cursor["direction"] == Direction.PAYABLE else ""
    return {**cursor, "direction": following, "page": 1}


def _save_cursor(company: KaminoConnection, cursor: dict[str, object]) -> None:
    company.reconcile_cursor = cursor
    KaminoConnection.objects.filter(pk=company.pk).update(reconcile_cursor=cursor)


def compare_all(company: KaminoConnection, *, started_at: datetime, unread: Sequence[str], now: datetime) -> None:
    """Compare every posting of a company with the snapshots since `started_at`; `unread` directions have none."""
    KaminoSnapshot.objects.filter(company=company, read_at__lt=started_at).exclude(direction__in=unread).delete()
    for batch in _batches(Posting.objects.filter(company=company)):
        rows = {
            (row.direction, row.kamino_id): row
            for row in KaminoSnapshot.objects.filter(
                company=company, kamino_id__in=[posting.kamino_id for posting in batch if posting.kamino_id]
            )
        }
        forced = _forced(batch)
        found = {}
        for posting in batch:
            snapshot = rows.get((posting.direction, posting.kamino_id or 0))
            differences = _own_state(posting, posting.pk in forced)
            if posting.direction not in unread and _may_compare(posting, started_at):
                differences += _compare(posting, snapshot)
            found[posting.pk] = differences
        _store(batch, found, now)


def companies_to_review(tenant_ids: Sequence[int] | None) -> QuerySet[KaminoConnection]:
    """Return the companies some of whose postings changed since their last review."""
    changed = Posting.objects.filter(company=OuterRef("pk")).filter(
        Q(planned_at__gte=OuterRef("reviewed_at")) | Q(attempts__ended_at__gte=OuterRef("reviewed_at"))
    )
    companies = KaminoConnection.objects.filter(tenant__is_active=True, registers_read_at__isnull=False)
    if tenant_ids is not None:
        companies = companies.filter(tenant__in=tenant_ids)
    return companies.filter(Q(reviewed_at__isnull=True) | Exists(changed))


def review_changed(company: KaminoConnection, *, now: datetime) -> None:
    """Open and close what we know without asking Kamino, for postings that changed since the last review."""
    changed = Posting.objects.filter(company=company)
    if company.reviewed_at is not None:
        since = company.reviewed_at
        changed = changed.filter(Q(planned_at__gte=since) | Q(attempts__ended_at__gte=since))
    for batch in _batches(changed.distinct()):
        forced = _forced(batch)
        found = {posting.pk: _own_state(posting, posting.pk in forced) for posting in batch}
        _store(batch, found, now, kinds=_OWN_KINDS)
    KaminoConnection.objects.filter(pk=company.pk).update(reviewed_at=now)


def _forced(batch: Sequence[Posting]) -> set[int]:
    orders = ForcedSettlement.objects.in_force().filter(posting__in=batch)
    return set(orders.values_list("posting_id", flat=True))


def _batches(postings: QuerySet[Posting]) -> Iterator[Sequence[Posting]]:
    last = 0
    while True:
        batch = list(
            postings.filter(pk__gt=last)
            .select_related("title__person__posting")
            .annotate(last_told_at=Greatest(Max("attempts__ended_at"), Max("person_actions__at", filter=_LINKS)))
            .order_by("pk")[:BATCH]
        )
        if not batch:
            return
        yield batch
        last = batch[-1].pk


def _may_compare(posting: Posting, started_at: datetime) -> bool:
    """Only what was told, or linked, before the reading began: a newer write is not in the snapshot."""
    ended: datetime | None = getattr(posting, "last_told_at", None)
    return bool(posting.kamino_id and posting.delivered) and ended is not None and ended < started_at


def _compare(posting: Posting, snapshot: KaminoSnapshot | None) -> list[Difference]:
    delivered = posting.get_delivered()
    if delivered is None:
        return []
    row: KaminoTitle | None = None
    if snapshot is not None:
        row = translate.title_row(Direction(posting.direction), snapshot.row)
    person = posting.title.person.posting.kamino_id if posting.title.person else None
    differences = compare(delivered, row, person_id=person)
    settled_here = posting.title.status == TitleStatus.SETTLED
    if settled_here and row is not None and row.status is KaminoStatus.PENDING:
        kind = DiscrepancyKind.DOUBLE_PAYMENT_RISK if row.scheduled else DiscrepancyKind.SETTLED_ONLY_IN_BLING
        differences.append(Difference(kind, str(posting.title.value), ""))
    return differences


def _own_state(posting: Posting, is_forced: bool) -> list[Difference]:
    """Differences that we know without asking Kamino: held back, refused, unconfirmed, partial, forced."""
    title, found = posting.title, []
    value = formats.localize(title.value)
    if posting.state == DeliveryState.UNCERTAIN:
        found.append(Difference(DiscrepancyKind.UNCONFIRMED, value, ""))
    if posting.state == DeliveryState.NEEDS_HUMAN and posting.failure_code == "scheduled":
        found.append(Difference(DiscrepancyKind.DOUBLE_PAYMENT_RISK, value, ""))
    elif posting.state == DeliveryState.NEEDS_HUMAN and posting.failure_code == POSSIBLE_DUPLICATE:
        ids = ", ".join(str(kamino_id) for kamino_id in posting.candidates)
        found.append(Difference(DiscrepancyKind.POSSIBLE_DUPLICATE, value, ids))
    elif posting.state == DeliveryState.NEEDS_HUMAN:
        found.append(Difference(DiscrepancyKind.REFUSED, value, ""))
    if any(problem["code"] in _PART_CODES for problem in posting.problems):
        found.append(Difference(DiscrepancyKind.REFUSED, value, ""))
    if posting.state == DeliveryState.HELD and any(problem.needs_human for problem in posting.get_problems()):
        found.append(Difference(DiscrepancyKind.HELD, value, ""))
    if title.status == TitleStatus.PARTIAL and posting.kamino_id and not _is_split(posting):
        found.append(Difference(DiscrepancyKind.PARTIAL, formats.localize(title.balance or title.value), value))
    delivered = posting.get_delivered()
    if title.status == TitleStatus.SETTLED and delivered is not None and delivered.status is KaminoStatus.PENDING:
        found.append(Difference(DiscrepancyKind.SETTLED_ONLY_IN_BLING, value, ""))
    if is_forced and title.status != TitleStatus.SETTLED:
        found.append(Difference(DiscrepancyKind.FORCED_SETTLEMENT, title.get_status_display(), ""))
    return found


def _is_split(posting: Posting) -> bool:
    """Say whether Kamino shows just what is open: the payments are titles of their own there."""
    delivered = posting.get_delivered()
    return delivered is not None and delivered.value == posting.title.balance


def _store(
    batch: Sequence[Posting],
    found: dict[int, list[Difference]],
    now: datetime,
    kinds: Sequence[str] = tuple(DiscrepancyKind),
) -> None:
    """Open new discrepancies, renew open ones, close those of `kinds` that are gone."""
    open_rows = {
        (row.posting_id, row.kind): row
        for row in Discrepancy.objects.filter(posting__in=batch, closed_at__isnull=True, kind__in=kinds)
    }
    rows, kept = [], set()
    for posting in batch:
        cause = cause_of(posting)
        for difference in found[posting.pk]:
            key = (posting.pk, difference.kind.value)
            if key in kept:
                continue
            kept.add(key)
            row = open_rows.get(key) or Discrepancy(posting=posting, kind=difference.kind, opened_at=now)
            row.bling_value, row.kamino_value, row.cause = difference.bling, difference.kamino, cause
            row.seen_at = now
            rows.append(row)
    with transaction.atomic():
        Discrepancy.objects.bulk_create([row for row in rows if row.pk is None], ignore_conflicts=True)
        Discrepancy.objects.bulk_update(
            [row for row in rows if row.pk is not None], ["bling_value", "kamino_value", "cause", "seen_at"]
        )
        gone = [row.pk for key, row in open_rows.items() if key not in kept]
        Discrepancy.objects.filter(Q(pk__in=gone), closed_at__isnull=True).update(closed_at=now)


def cause_of(posting: Posting) -> str:
    """Return why a posting is as it is, in one paragraph for a person."""
    sentences = [problem_text(Problem.from_json(problem)) for problem in posting.problems]
    return " ".join(dict.fromkeys(part for part in [*sentences, posting.message] if part))
