"""Reconcile: read Kamino's registers and titles, and let them be compared with what we delivered.

The only writer of KaminoItem. Titles are read page by page into snapshots with a cursor, so a slice
may end anywhere; the comparison runs when all pages of a direction were read.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from integrations.domain.delivery import DeliveryState
from integrations.domain.desired import KaminoStatus
from integrations.domain.matching import KaminoTitle
from integrations.domain.reasons import Reason
from integrations.domain.titles import Direction, TitleStatus
from integrations.kamino.client import KaminoClient, title_id
from integrations.kamino.listing import Listing, Page
from integrations.models import KaminoConnection, KaminoItem, KaminoSnapshot, Posting, RestoreHold, Title
from integrations.models.registers import KaminoKind
from integrations.models.title_lists import waits_no_more
from integrations.pipeline.access import failpoints
from integrations.pipeline.compare.discrepancies import compare_all
from integrations.pipeline.compare.shown_in_kamino import Seen, not_shown
from integrations.pipeline.handover.kamino_absence import ALWAYS, keep_proof, prove
from integrations.pipeline.handover.kamino_rows import forget_rows, store_rows
from integrations.pipeline.handover.restore_holds import unread_connections
from integrations.pipeline.handover.title_lists import find_list, title_page
from integrations.rest.errors import NO_TIME_LEFT, IncompleteError, TransientError, UnusableListError

log = structlog.get_logger(__name__)

_HOLDS = RestoreHold.objects.filter(RestoreHold.OPEN, kamino_connection=OuterRef("pk"))

Clock = Callable[[], datetime]
EVERY = timedelta(hours=24)
LISTS_EVERY = timedelta(minutes=45)
"""How long after its pause a list that could not be read is tried again, if no title needed it before."""
REGISTERS_STALE = timedelta(hours=24)
MOST_LOOKS = 10
"""Due dates that one comparison asks for again: half a minute of Kamino's requests."""


class TakenOverError(Exception):
    """Another worker took the company over, or it was changed; what this one read is not kept."""


def registers_are_stale(now: datetime) -> Q:
    """Return which companies' registers were never read or are older than a day."""
    return Q(registers_read_at__isnull=True) | Q(registers_read_at__lt=now - REGISTERS_STALE)


def refresh_registers(client: KaminoClient, kamino: KaminoConnection, *, clock: Clock) -> bool:
    """Read Kamino's registers; return whether anything changed. Raises `ApiError` kinds, and then writes nothing."""
    read_at = clock()
    registers = {
        KaminoKind.CHART_ACCOUNT: client.chart_accounts(),
        KaminoKind.COST_CENTER: client.cost_centers(),
        KaminoKind.BUSINESS_UNIT: client.business_units(),
        KaminoKind.BANK_ACCOUNT: client.bank_accounts(),
    }
    known = {(item.kind, item.kamino_id): item for item in KaminoItem.objects.filter(connection=kamino)}
    changed: list[KaminoItem] = []
    for kind, register in registers.items():
        for row in {row.kamino_id: row for row in register.rows}.values():
            item = known.pop((kind, row.kamino_id), None)
            shown = (row.name, row.path, row.active, row.takes_postings, row.nature)
            if item is None or (item.name, item.path, item.is_active, item.takes_postings, item.nature) != shown:
                item = item or KaminoItem(connection=kamino, kind=kind, kamino_id=row.kamino_id)
                item.name, item.path, item.is_active, item.takes_postings, item.nature = shown
                changed.append(item.fold_name())
        if register.unread:
            log.warning("rows of a register not read", kamino_connection=kamino.pk, register=kind, rows=register.unread)
    for vanished in known.values():
        if vanished.is_active and not registers[KaminoKind(vanished.kind)].unread:
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
        KaminoConnection.objects.filter(pk=kamino.pk).update(registers_read_at=read_at, failure={})
    return bool(changed)


def is_due(now: datetime) -> Q:
    """Return which companies' reconciliation is under way, a day old, asked for since it began, or lacked a list that
    may be there by now."""
    is_asked = Q(reconcile_asked_at__gte=F("reconciled_at"))
    is_old = Q(reconciled_at__isnull=True) | Q(reconciled_at__lt=now - EVERY)
    is_tried_again = waits_no_more(now - LISTS_EVERY)
    return ~Q(reconcile_cursor={}) | is_old | is_asked | is_tried_again | is_unread_after_restore()


def due_moments(kamino: KaminoConnection) -> list[datetime]:
    """Return when, as far as time alone decides, a company's comparison is due; none where it never was compared."""
    if kamino.reconciled_at is None:
        return []
    waits = [kamino.payable_list_waits_until, kamino.receivable_list_waits_until]
    return [kamino.reconciled_at + EVERY, *(until + LISTS_EVERY for until in waits if until)]


def is_unread_after_restore() -> Q:
    """Return which companies' lists were not read yet since the database was restored."""
    return Q(Exists(_HOLDS.filter(looked_at=None)))


def with_holds(kaminos: QuerySet[KaminoConnection]) -> QuerySet[KaminoConnection]:
    """Let each company say whether anything of it is held (`is_held`), for `reconcile_slice`."""
    return kaminos.annotate(is_held=Exists(_HOLDS))


def reconcile_slice(
    client: KaminoClient,
    kamino: KaminoConnection,
    *,
    clock: Clock,
    deadline: datetime,
    people_wait: Callable[[datetime], bool],
) -> bool:
    """Read pages until `deadline`, or one while a person waits; when all are read, compare. Returns whether it did any
    of that. Raises `TakenOverError`."""
    if kamino.reconciled_at is None and kamino.reconcile_asked_at and not kamino.reconcile_cursor:
        forget_rows(kamino.pk)  # a worker may have stored more of where the company was before
    worked, found = False, dict[str, Any]()
    cursor = kamino.reconcile_cursor or {"started_at": clock().isoformat(), "direction": Direction.PAYABLE, "page": 1}
    started_at = datetime.fromisoformat(cursor["started_at"])
    while cursor["direction"] and clock() < deadline and not (worked and people_wait(clock())):
        direction = Direction(cursor["direction"])
        read_at = clock()
        page: Page[KaminoTitle] | None
        if kamino.has_list(direction):
            page = _read_page(client, kamino, direction, cursor["page"], clock=clock)
        else:
            cursor = {**cursor, "page": 1}  # what was read before was another list
            changes, page = find_list(client, kamino, direction, clock=clock)
            found.update(changes)
        if page is None:
            cursor = _next_direction({**cursor, "unread": [*cursor.get("unread", []), direction]})
        else:
            store_rows(kamino.pk, direction, page.rows, read_at=read_at)
            if page.number == 1 and Listing.of([page], title_id).is_proof:
                keep_proof(kamino.pk, direction, ALWAYS, read_at=read_at)
            cursor = _after_page(cursor, page)
        if page is not None and (page.rows or page.unread):
            _save_cursor(kamino, cursor, **found)
        worked = True
        failpoints.passed("reconcile.page_read")
    is_read = not cursor["direction"] and _look_again(client, kamino, cursor, clock=clock, deadline=deadline)
    if not is_read or not _prove_what_is_held(client, kamino, clock=clock, deadline=deadline):
        if worked and cursor != kamino.reconcile_cursor:
            _save_cursor(kamino, cursor, **found)
        return worked
    compare_all(kamino, seen=_seen(cursor), now=clock())
    failpoints.passed("reconcile.compared")
    _save_cursor(kamino, {}, reconciled_at=started_at, **found)
    if kamino.reconcile_asked_at:
        sought = Posting.objects.filter(kamino_connection=kamino, state=DeliveryState.READY, reason=Reason.SOUGHT)
        sought.update(ready_at=clock())
    return True


def _read_page(
    client: KaminoClient, kamino: KaminoConnection, direction: Direction, number: int, *, clock: Clock
) -> Page[KaminoTitle] | None:
    try:
        return title_page(client, kamino.pk, direction, number, clock=clock)
    except UnusableListError as error:
        log.warning("list not read", kamino_connection=kamino.pk, direction=direction, error=str(error))
        return None


def _after_page(cursor: dict[str, Any], page: Page[KaminoTitle]) -> dict[str, Any]:
    """Return where to go on. A direction that takes several pages, or has rows without an id, proves nothing by itself;
    `odd` are those of the second kind."""
    direction = cursor["direction"]
    listing = Listing.of([page], title_id)
    if not (cursor["page"] == 1 and listing.is_proof):
        cursor = {**cursor, "paged": sorted({*cursor.get("paged", []), direction})}
    if page.unread:
        cursor = {**cursor, "odd": sorted({*cursor.get("odd", []), direction})}
    return _next_direction(cursor) if page.is_last else {**cursor, "page": cursor["page"] + 1}


def _seen(cursor: dict[str, Any]) -> Seen:
    return Seen(
        since=datetime.fromisoformat(cursor["started_at"]),
        unread=frozenset(cursor.get("unread", [])),
        paged=frozenset(cursor.get("paged", [])),
        odd=frozenset(cursor.get("odd", [])),
        days=frozenset((direction, due) for direction, due, is_proved in cursor.get("looked", []) if is_proved),
    )


def _look_again(
    client: KaminoClient, kamino: KaminoConnection, cursor: dict[str, Any], *, clock: Clock, deadline: datetime
) -> bool:
    """Ask by due date for titles that no page showed: pages are numbered, so that a title which somebody deletes
    meanwhile moves another one past us. Returns whether there was time for all; of many, only some are asked for, and
    the others are not called missing."""
    looked = cursor.get("looked", [])
    tried = {(direction, due) for direction, due, _is_proved in looked}
    seen = _seen(cursor)
    for direction, due in not_shown(kamino, seen=seen, most=MOST_LOOKS):
        if (direction, due) in tried:
            continue
        if len(looked) >= MOST_LOOKS:
            break
        if clock() >= deadline:
            return False
        day = date.fromisoformat(due)
        try:
            is_proved = prove(
                client, kamino.pk, Direction(direction), (day, day), since=seen.since, clock=clock, until=deadline
            )
        except TransientError as error:
            if not isinstance(error, IncompleteError) and error.code != NO_TIME_LEFT:
                raise
            is_proved = False
        looked.append([direction, due, is_proved])
        _save_cursor(kamino, {**cursor, "looked": looked})
        cursor["looked"] = looked
    return True


def _prove_what_is_held(client: KaminoClient, kamino: KaminoConnection, *, clock: Clock, deadline: datetime) -> bool:
    """After a restore, and once Bling was read, read until each title of a held direction was shown since then, and end
    its hold. Returns whether there was time for that; where a list proves nothing, a person is asked."""
    if not getattr(kamino, "is_held", True) or unread_connections().filter(tenant=kamino.tenant_id).exists():
        return True
    for hold in RestoreHold.objects.filter(RestoreHold.OPEN, kamino_connection=kamino):
        direction = Direction(hold.direction)
        try:
            is_proved = prove(client, kamino.pk, direction, ALWAYS, since=hold.since, clock=clock, until=deadline)
            is_proved = is_proved and not _may_hide_what_was_paid(kamino, hold)
        except TransientError as error:
            if error.code == NO_TIME_LEFT:
                return False
            if not isinstance(error, IncompleteError):
                raise
            is_proved = False
        ended = {"ended_at": clock()} if is_proved else {}
        # One that was found anew meanwhile is read anew.
        same = RestoreHold.objects.filter(RestoreHold.OPEN, pk=hold.pk, since=hold.since)
        same.update(looked_at=clock(), **ended)
    return True


def _may_hide_what_was_paid(kamino: KaminoConnection, hold: RestoreHold) -> bool:
    """Say whether a title that is paid in Bling may have been settled in Kamino already, and hidden by its list: nobody
    proved that it shows every status, and it shows none that is paid."""
    if kamino.lists_are_complete:
        return False
    of_hold = {"kamino_connection": kamino, "direction": hold.direction}
    shown = KaminoSnapshot.objects.filter(status=KaminoStatus.SETTLED, read_at__gte=hold.since, **of_hold)
    settled = Posting.objects.filter(title=OuterRef("pk"), delivered__status=KaminoStatus.SETTLED.value)
    paid = Title.objects.filter(connection__tenant=kamino.tenant_id, direction=hold.direction, replaced_by=None)
    return paid.filter(~Exists(settled), status=TitleStatus.SETTLED).exists() and not shown.exists()


def _next_direction(cursor: dict[str, object]) -> dict[str, object]:
    following = Direction.RECEIVABLE if cursor["direction"] == Direction.PAYABLE else ""
    return {**cursor, "direction": following, "page": 1}


def _save_cursor(kamino: KaminoConnection, cursor: dict[str, object], **changes: Any) -> None:
    """Keep how far the reading got. Raises `TakenOverError` when the company is not leased to this worker any more: it
    may be another one by now."""
    mine = KaminoConnection.objects.filter(pk=kamino.pk, fence=kamino.fence)
    if not mine.update(reconcile_cursor=cursor, **changes):
        raise TakenOverError(f"company {kamino.pk}")
    kamino.reconcile_cursor = cursor
