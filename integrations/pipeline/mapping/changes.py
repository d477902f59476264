"""Changes of the De/Para: proposed, shown, confirmed by a person, carried out in one transaction.

However a change begins (a spreadsheet, the screen, suggestions, a copy), it becomes a `MappingChange`, and only
`carry_out` writes mappings. Small ones are worked off in the request, large ones by the tick; both take the same way,
and a worker that is killed leaves the work to the next.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import override
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from integrations.models import BlingConnection, Mapping, MappingChange, Person, Tenant
from integrations.models.confidential import Sight, marks_of, sight_of
from integrations.models.mapping_changes import Reach, fault
from integrations.models.mappings import ORDER_KINDS, TARGET_KINDS, TARGETS, MappingKind
from integrations.pipeline.desk.commands import read_orders_soon
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.mapping.edits import ChangedRow
from integrations.pipeline.mapping.reach import Measure, affected, measure, touch
from integrations.pipeline.mapping.rows import desk_rows, values_of
from integrations.pipeline.mapping.sheet import LANGUAGE, SHEET_TITLE, SIGN, header, read_rows
from integrations.pipeline.mapping.targets import KaminoTargets
from integrations.sheets.apart import read_apart
from integrations.sheets.reading import MAX_BYTES
from integrations.sheets.tables import SheetError, Table

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
State = MappingChange.State
CLAIM = timedelta(seconds=90)
SMALL_FILE = 64 * 1024
SMALL_CHANGE = 500
"""Bytes and rows that a person's request works off at once, in a second or two."""
AT_ONCE_S, IN_TURN_S = 3, 20
"""Seconds of a processor that a file may take while a person waits, and in its turn; the largest takes about five."""


def propose(
    *, tenant: Tenant, origin: str, rows: Sequence[ChangedRow], looked_at: int, user: User, now: datetime
) -> MappingChange:
    """Keep a proposal for its preview. `looked_at` is how many rows the person went through."""
    return MappingChange.objects.create(
        tenant=tenant, origin=origin, state=State.PROPOSED, rows=[row.to_json() for row in rows],
        total_rows=looked_at, rows_done=looked_at, user=user, created_at=now,
    )  # fmt: skip


def propose_file(*, tenant: Tenant, name: str, content: bytes, user: User, clock: Clock) -> MappingChange:
    """Keep a file and read it: at once when it is small, else by the tick. Raises `Refused` for one that is too large
    to be kept."""
    refuse_large(len(content))
    change = MappingChange.objects.create(
        tenant=tenant, origin=MappingChange.Origin.FILE, file_name=name[:255], content=content,
        state=State.READING, user=user, created_at=clock(),
    )  # fmt: skip
    if len(content) <= SMALL_FILE:
        read(change, clock=clock, seconds=AT_ONCE_S)
        change.refresh_from_db()
    return change


def refuse_large(size: int) -> None:
    """Raise `Refused` for a file of so many bytes when it is too large to be kept: before it is read into memory."""
    if size > MAX_BYTES:
        limit = {"limit": MAX_BYTES // 1024 // 1024}
        raise Refused("size", _("The file is too large: more than %(limit)s MB. Split it.") % limit)


def read(change: MappingChange, *, clock: Clock, seconds: int = IN_TURN_S) -> bool:
    """Read a proposal's file into rows, within so many seconds of processor time; false when somebody else is at it."""
    claimed_until = clock() + CLAIM
    free = Q(claimed_until=None) | Q(claimed_until__lt=clock())
    mine = MappingChange.objects.filter(pk=change.pk, state=State.READING)
    if not mine.filter(free).update(claimed_until=claimed_until):
        return False
    mine = mine.filter(claimed_until=claimed_until)
    try:
        table = read_apart(bytes(change.content or b""), seconds=seconds, sheet_title=SHEET_TITLE, sign=header(SIGN))
        mine.update(total_rows=len(table.rows))
        rows = _read_rows(change, table, lambda done: mine.update(rows_done=done))
    except SheetError as error:
        mine.update(state=State.FAILED, failure=fault(error.code, error.params), content=None)
        return True
    except Exception as error:
        log.exception("mapping file not read", change=change.pk)
        mine.update(state=State.FAILED, failure=_crash(error), content=None)
        return True
    mine.update(
        state=State.PROPOSED, content=None, headers=table.headers, rows=[row.to_json() for row in rows],
        rows_done=len(table.rows), claimed_until=None,
    )  # fmt: skip
    return True


def _crash(error: Exception) -> dict[str, Any]:
    return fault("crashed", {"name": type(error).__name__})


def _read_rows(change: MappingChange, table: Table, progress: Callable[[int], object]) -> list[ChangedRow]:
    with override(LANGUAGE):
        targets = KaminoTargets.of_tenant(change.tenant_id)
        sight = sight_of(change.user)
        rows = desk_rows(change.tenant_id, targets, sight)
        return read_rows(table, change.tenant, rows, targets, sight, lambda done: (progress(done), None)[1])


def rows_of(change: MappingChange) -> tuple[list[ChangedRow], list[ChangedRow]]:
    """Return a proposal's good rows, and those with errors."""
    rows = [ChangedRow.from_json(data) for data in change.rows]
    return [row for row in rows if not row.errors], [row for row in rows if row.errors]


def shown_rows(change: MappingChange, user: User) -> tuple[list[ChangedRow], list[ChangedRow]]:
    """Return what a user sees of a proposal's good rows, and of those with errors: nothing of persons that only
    confidential titles name. A row that names nothing we know may name anybody: only who sent it sees it."""
    sight, (good, bad) = sight_of(user), rows_of(change)
    if sight.is_whole or not marks_of(change.tenant):
        return good, bad
    persons = [row.person for row in (*good, *bad) if row.person]
    seen = set(sight.of(Person.objects.filter(pk__in=persons)).values_list("pk", flat=True))
    is_theirs = change.state == State.PROPOSED and change.user_id == user.pk

    def is_seen(row: ChangedRow) -> bool:
        return row.person in seen if row.person else bool(row.source) or is_theirs

    return list(filter(is_seen, good)), list(filter(is_seen, bad))


def measures(change: MappingChange, since: date | None, sight: Sight) -> dict[str, Measure]:
    """Count what a proposal would touch, of what a reader sees, by reach; without a day there is no `Reach.SINCE`."""
    titles = affected(rows_of(change)[0])
    reaches = [Reach.NEW, Reach.OPEN, *([Reach.SINCE] if since else [])]
    return {reach: measure(titles, change.tenant, reach, since, sight) for reach in reaches}


def confirm(
    *, change: MappingChange, reach: str, since: date | None, good_rows_only: bool, user: User, clock: Clock
) -> MappingChange:
    """Order a proposal to be carried out: at once when it is small, else by the tick. Raises `Refused`."""
    good, bad = rows_of(change)
    if reach not in Reach.values:
        raise Refused("reach", _("Choose what the change may touch."))
    if reach == Reach.SINCE and since is None:
        raise Refused("since", _("Say since which competence."))
    if bad and not good_rows_only:
        raise Refused("errors", _("Some rows have errors. Correct them, or choose to take only the good ones."))
    if not good:
        raise Refused("empty", _("There is nothing to change."))
    ordered = MappingChange.objects.filter(pk=change.pk, state=State.PROPOSED).update(
        state=State.APPLYING, reach=reach, since=since if reach == Reach.SINCE else None,
        good_rows_only=good_rows_only, user=user,
    )  # fmt: skip
    if not ordered:
        raise Refused("state", _("This change was carried out or discarded meanwhile."))
    if len(good) <= SMALL_CHANGE:
        carry_out(change.pk, now=clock())
    change.refresh_from_db()
    return change


def discard(*, change: MappingChange, user: User) -> None:
    """Throw a proposal away. Raises `Refused` when it is no longer one."""
    waiting = MappingChange.objects.filter(pk=change.pk, state__in=[State.PROPOSED, State.READING])
    if not waiting.update(state=State.DISCARDED, user=user, content=None):
        raise Refused("state", _("This change was carried out or discarded meanwhile."))


class _Outdated(Exception):
    """Somebody else changed some of the rows since they were shown; `names` of registers, and of persons that they are
    ones."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(len(names))
        self.names = names


def carry_out(change_id: int, *, now: datetime) -> bool:
    """Write the mappings of a confirmed change and ask for the plans it may touch, all or nothing; false when somebody
    else is at it or did it."""
    try:
        with transaction.atomic():
            locked = MappingChange.objects.select_for_update(skip_locked=True, of=("self",)).filter(
                pk=change_id, state=State.APPLYING
            )
            change = locked.select_related("tenant", "user").first()
            if change is None:
                return False
            good, _bad = rows_of(change)
            _write(change, good)
            planned = touch(affected(good), change.tenant, change.reach, change.since, now=now)
            connections = {row.connection for row in good if row.kind in ORDER_KINDS}
            for connection in BlingConnection.objects.filter(pk__in=connections):
                read_orders_soon(connection, now=now)
            MappingChange.objects.filter(pk=change_id).update(state=State.DONE, applied_at=now, titles_planned=planned)
    except _Outdated as error:
        _fail(change_id, fault("outdated", {"count": len(error.names), "names": ", ".join(error.names[:3])}))
    except Exception as error:
        log.exception("mapping change crashed", change=change_id)
        _fail(change_id, _crash(error))
    return True


def _fail(change_id: int, failure: dict[str, Any]) -> None:
    MappingChange.objects.filter(pk=change_id, state=State.APPLYING).update(state=State.FAILED, failure=failure)


def _write(change: MappingChange, rows: Sequence[ChangedRow]) -> None:
    """Create, update and delete mappings. Raises `_Outdated` when one no longer is what the person saw."""
    Tenant.objects.select_for_update(no_key=True).get(pk=change.tenant_id)  # one change of a company at a time
    existing = Mapping.objects.filter(connection__tenant=change.tenant_id)
    known = {(row.kind, row.source_id, row.person_id): row for row in existing}
    outdated, new, updated, deleted = [], [], [], []
    for row in rows:
        mapping = known.get((row.kind, row.source, row.person))
        if values_of(mapping, row.kind) != row.old:
            outdated.append(row.name if row.source else str(MappingKind(row.kind).label))
        elif mapping is not None and not any(row.new.values()) and not mapping.pending:
            deleted.append(mapping)
        elif mapping is None:
            new.append(_filled(Mapping(connection_id=row.connection, kind=row.kind), row))
        else:
            updated.append(_filled(mapping, row))
    if outdated:
        raise _Outdated(outdated)
    note: dict[str, Any] = {"default_user": change.user, "default_change_reason": f"#{change.pk}"}
    bulk_create_with_history(new, Mapping, batch_size=500, **note)
    fields = ["bling_name", "pending", *TARGET_KINDS]
    bulk_update_with_history(updated, Mapping, fields, batch_size=500, **note)
    for mapping in deleted:
        # simple-history reads who and why of a deletion from these two.
        vars(mapping).update(_history_user=change.user, _change_reason=f"#{change.pk}")
        mapping.delete()


def _filled(mapping: Mapping, row: ChangedRow) -> Mapping:
    mapping.source_id, mapping.person_id, mapping.bling_name = row.source, row.person, row.name[:600]
    for name in TARGETS[row.kind]:
        setattr(mapping, f"{name}_id", row.new[name])
        if row.new[name] is not None:
            mapping.pending.pop(name, None)
    return mapping


def changes_due(now: datetime) -> QuerySet[MappingChange]:
    """Return the changes to be read, or to be carried out."""
    free = Q(claimed_until=None) | Q(claimed_until__lt=now)
    return MappingChange.objects.filter(Q(free, state=State.READING) | Q(state=State.APPLYING)).order_by("pk")


def advance_changes(*, clock: Clock) -> bool:
    """Work off what is too large for a request, or was left by a worker that was killed; false when nothing was due."""
    worked = False
    for change in changes_due(clock()).filter(state=State.READING).select_related("tenant")[:5]:
        worked |= read(change, clock=clock)
    for pk in changes_due(clock()).filter(state=State.APPLYING).values_list("pk", flat=True)[:5]:
        worked |= carry_out(pk, now=clock())
    return worked
