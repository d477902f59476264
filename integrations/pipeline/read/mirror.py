"""Mirror: write what was read from Bling, and ask for a plan of every title whose inputs changed.

The only writer of Title, Person, SalesOrder, CatalogItem, TitleRead and SeenRow; payments are derived in
`read/payments`. Older data never replaces newer; what did not change is not written; every write of a run checks that
the run is still ours (its fence).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_noop

from integrations.domain.titles import (
    Direction,
    PersonFacts,
    SalesOrderFacts,
    TitleFacts,
    row_fingerprint,
)
from integrations.models import (
    BlingConnection,
    CatalogItem,
    Person,
    SalesOrder,
    SeenRow,
    SyncRun,
    Title,
    TitleRead,
)
from integrations.models.registers import CatalogKind
from integrations.pipeline.handover import sales_orders
from integrations.pipeline.handover.plan_requests import request_plans, titles_using
from integrations.pipeline.read import change_log
from integrations.pipeline.read.batch import Chunk, Failed, Page, RegisterReading, Registers, TitleReading
from integrations.pipeline.read.payments import derive, derive_payments, save_borderos
from integrations.rest.errors import ConflictError

NO_CATEGORY = gettext_noop("(sem categoria)")
NO_ACCOUNT = gettext_noop("(sem conta)")
UNREADABLE_ROW = "?"
"""The fingerprint of a row that cannot be read: no detail has it."""


class LostLeaseError(Exception):
    """Another worker took the run over; what this one read is not written."""


def hold_lease(run: SyncRun, *, lease_until: datetime, **changes: Any) -> None:
    """Prolong the run's lease and store its progress; to be called inside the transaction of each write.

    Raises `LostLeaseError` when the run is no longer ours.
    """
    updated = SyncRun.objects.filter(pk=run.pk, fence=run.fence, state=SyncRun.State.OPEN).update(
        lease_until=lease_until, **changes
    )
    if not updated:
        raise LostLeaseError(f"run {run.pk}")


_NAMES_DECIDE = (CatalogKind.CATEGORY, CatalogKind.BANK_ACCOUNT)
"""Kinds that are matched by identical name, so that a new or renamed register changes plans."""


def save_registers(connection: BlingConnection, registers: Registers, *, now: datetime) -> None:
    """Store Bling's registers; a rename is noted and asks for new plans, a vanished register is kept and marked. To be
    called in a transaction."""
    nothing = [
        RegisterReading(CatalogKind.CATEGORY, 0, NO_CATEGORY, NO_CATEGORY),
        RegisterReading(CatalogKind.BANK_ACCOUNT, 0, NO_ACCOUNT, NO_ACCOUNT),
    ]
    known = {(item.kind, item.bling_id): item for item in CatalogItem.objects.filter(connection=connection)}
    is_first = not known
    changed: list[CatalogItem] = []
    for reading in [*nothing, *registers.readings]:
        item = known.pop((reading.kind, reading.bling_id), None)
        shown = (reading.name, reading.path, reading.nature, reading.is_active, False)
        if item is None or (item.name, item.path, item.nature, item.is_active, item.is_gone) != shown:
            item = item or CatalogItem(connection=connection, kind=reading.kind, bling_id=reading.bling_id)
            if item.name not in ("", reading.name):
                item.renamed_from, item.renamed_at = item.name, now
            item.name, item.path, item.nature, item.is_active, item.is_gone = shown
            item.read_at = now
            changed.append(item)
    for vanished in known.values():
        if not vanished.is_gone and vanished.kind in registers.kinds:
            vanished.is_gone = True
            changed.append(vanished)
    CatalogItem.objects.bulk_create(
        changed,
        update_conflicts=True,
        unique_fields=["connection", "kind", "bling_id"],
        update_fields=["name", "path", "nature", "is_active", "is_gone", "renamed_from", "renamed_at", "read_at"],
    )
    if not is_first:  # titles are read after registers
        renamed = [item for item in changed if item.kind in _NAMES_DECIDE]
        request_plans(titles_using(connection, renamed), now=now)
    if not registers.unread:
        BlingConnection.objects.filter(pk=connection.pk).update(registers_read_at=now)


def mark_seen(run: SyncRun, pages: Iterable[Page]) -> None:
    """Remember that this run's listings showed these titles, asked for or not, and which details are wanted.

    The detail of a row that cannot be read is wanted.
    """
    rows: dict[tuple[str, int], tuple[str, int, str, int | None]] = {}
    for page in pages:
        direction = page.direction.value
        for row in (*page.rows, *page.rows.strays):
            earlier = rows.get((direction, row.bling_id))
            urgency = page.urgencies.get(row.bling_id, earlier[3] if earlier else None)
            rows[direction, row.bling_id] = (direction, row.bling_id, row_fingerprint(row), urgency)
        for odd in page.rows.odd:
            if odd.bling_id:
                rows[direction, odd.bling_id] = (direction, odd.bling_id, UNREADABLE_ROW, 0)
    if rows:
        SeenRow.objects.mark(run.pk, list(rows.values()))


def note_rows(run: SyncRun, chunk: Chunk) -> None:
    """Note on a chunk how this run's listings showed its titles, and which of them Bling says that it does not have."""
    listed = run.seen.filter(bling_id__in=[title.bling_id for title in chunk.titles]).exclude(row_fingerprint="")
    found = listed.values_list("direction", "bling_id", "row_fingerprint")
    chunk.rows = {(Direction(direction), bling_id): row for direction, bling_id, row in found}
    chunk.failures += [
        Failed.of_title(reading.key, ConflictError("", service="Bling", code="listed_not_found"))
        for reading in chunk.titles
        if reading.facts is None and reading.key in chunk.rows
    ]


def take_off(run: SyncRun, keys: Sequence[tuple[Direction, int]]) -> None:
    """Note that these details were asked for: what could not be read is wanted again by the next run."""
    for direction in Direction:
        ids = [bling_id for given, bling_id in keys if given == direction]
        run.seen.filter(direction=direction, bling_id__in=ids, is_wanted=True).update(is_wanted=False)


def save_chunk(connection: BlingConnection, chunk: Chunk, *, now: datetime, run: SyncRun | None) -> int:
    """Mirror one chunk; to be called in a transaction. Returns how many titles are new or different.

    In a `run`, new titles wait until vanished ones were looked for, and a title that Bling does not have is noted as
    missing in it; outside of one (`None`) new titles are planned at once, and nothing is missing.
    """
    persons = save_persons(connection, chunk.persons, now=now)
    named_borderos = [bordero for title in chunk.titles if title.facts for bordero in title.facts.bordero_ids]
    other_borderos = save_borderos(connection, chunk.borderos, named=named_borderos)
    ids = [title.bling_id for title in chunk.titles]
    concerned = Q(bling_id__in=ids)
    if borderos := other_borderos.union(named_borderos):
        concerned |= Q(bordero_ids__overlap=sorted(borderos))
    existing = {
        (title.direction, title.bling_id): title
        for title in Title.objects.select_for_update(of=("self",), no_key=True)
        .filter(concerned, connection=connection)
        .order_by("pk")
    }
    reads = {read.pk: read for read in TitleRead.objects.filter(title__in=existing.values())}
    named = {title.facts.contact_id for title in chunk.titles if title.facts} - persons.keys()
    rows = Person.objects.filter(connection=connection, bling_id__in=named)
    persons |= dict(rows.values_list("bling_id", "pk"))
    before = change_log.shown(existing.values())
    releases = run is None or _is_first(run)
    changed: list[Title] = []
    fresh: list[TitleReading] = []
    for reading in chunk.titles:
        title = existing.get((reading.direction, reading.bling_id))
        last_read = reads.get(title.pk) if title is not None else None
        if title is not None and (last_read or title).read_at >= reading.read_at:
            continue
        fresh.append(reading)
        if reading.facts is not None:
            changed += _apply(connection, title, reading, reading.facts, persons, release=releases)
        elif title is not None and run is not None:
            Title.objects.filter(pk=title.pk).update(missing_in_run=run.pk)
    # Outside of a run nothing is decided about what is gone: the next run has to read that title itself.
    decided = [reading for reading in fresh if reading.facts is not None or run is not None]
    written = {title.pk for title in changed}
    others = [title for title in existing.values() if title.pk not in written]
    read_at = max((at for _facts, at in chunk.borderos), default=now)
    follow = _store(connection, changed, others, other_borderos, now=now, read_at=read_at)
    pks = {(title.direction, title.bling_id): title.pk for title in [*existing.values(), *changed]}
    _note_read(chunk, decided, pks)
    change_log.keep(before, [*changed, *follow])
    if fresh and any(read.asked_at for read in reads.values()):  # a request from now on wants a newer reading
        _stop_asking(connection, fresh)
    save_orders(connection, chunk.orders, now=now)
    return len(changed)


def _is_first(run: SyncRun) -> bool:
    """Say whether nothing was mirrored before this run: then nothing can be replaced, and all may leave at once."""
    if run.connection.swept_at is not None:
        return False
    return not Title.objects.filter(connection=run.connection_id, first_seen_at__lt=run.started_at).exists()


def _apply(
    connection: BlingConnection,
    title: Title | None,
    reading: TitleReading,
    facts: TitleFacts,
    persons: dict[int, int],
    *,
    release: bool,
) -> list[Title]:
    values: dict[str, Any] = {name: getattr(facts, name) for name in Title.FACT_FIELDS if name != "category_id"}
    values |= {
        "status": facts.status.value,
        "shown_status": facts.status.value,
        "origin": facts.origin.value,
        "invoice_status": facts.invoice_status.value,
        "bordero_ids": list(facts.bordero_ids),
        "own_category_id": facts.category_id,
        "split_categories": list(facts.split_category_ids) or None,
        "person_id": persons.get(facts.contact_id),
        "missing_runs": 0,
        "missing_in_run": None,
        "replaced_by_id": None,
    }
    if title is None:
        title = Title(
            connection=connection, direction=reading.direction, first_seen_at=reading.read_at, is_released=release
        )
    else:
        if title.own_category_id is None:
            title.own_category_id = title.category_id
        if all(getattr(title, name) == value for name, value in values.items()):
            return []
    for name, value in values.items():
        setattr(title, name, value)
    title.read_at = title.changed_at = reading.read_at
    return [title]


_TITLE_COLUMNS = [
    *Title.FACT_FIELDS, "status", "shown_status", "origin", "invoice_status",
    "bordero_ids", "own_category_id", "split_categories", "disputed_categories", "person", "missing_runs",
    "missing_in_run", "replaced_by", "read_at", "changed_at",
]  # fmt: skip


def _store(
    connection: BlingConnection, changed: list[Title], others: Sequence[Title], other_borderos: set[int], *,
    now: datetime, read_at: datetime,
) -> list[Title]:  # fmt: skip
    """Store titles that `changed`, and what these and those of the `others` that follow them, or `other_borderos` (read
    at `read_at`), derive from borderôs. Returns the followers."""
    found = derive(connection, changed, others, other_borderos, read_at=read_at)
    changed.sort(key=lambda title: (title.pk or 0, title.direction, title.bling_id))
    new = [title for title in changed if title.pk is None]
    old = [title for title in changed if title.pk is not None]
    Title.objects.bulk_create(new)
    Title.objects.bulk_update([*old, *found.recategorised], _TITLE_COLUMNS)
    derive_payments([*changed, *found.follow], found, may_have=[*old, *found.follow])
    request_plans(Title.objects.filter(pk__in=[title.pk for title in [*changed, *found.follow]]), now=now)
    return found.follow


def _note_read(chunk: Chunk, readings: Sequence[TitleReading], pks: Mapping[tuple[str, int], int]) -> None:
    reads = [
        TitleRead(title_id=pks[reading.key], read_at=reading.read_at, is_doubted=chunk.is_doubted(reading))
        for reading in readings
        if reading.key in pks
    ]
    TitleRead.objects.bulk_create(
        reads, update_conflicts=True, unique_fields=["title"], update_fields=["read_at", "is_doubted", "failure"]
    )


def _stop_asking(connection: BlingConnection, readings: Sequence[TitleReading]) -> None:
    """Note that asked titles were read; who asked while they were being read asks for a newer reading."""
    oldest = min(reading.read_at for reading in readings)
    ids = [reading.bling_id for reading in readings]
    asked = TitleRead.objects.filter(title__connection=connection, title__bling_id__in=ids)
    asked.filter(asked_at__lte=oldest).update(asked_at=None, is_asked_by_person=False)


def save_persons(
    connection: BlingConnection, persons: Iterable[tuple[PersonFacts, datetime]], *, now: datetime
) -> dict[int, int]:
    """Store contacts that are new or different; their titles are planned again. Of the others, only when they were
    read: what was read before that is older, whatever it shows. Returns their keys by Bling id."""
    readings = {facts.bling_id: (facts, read_at) for facts, read_at in persons}
    rows = Person.objects.select_for_update(no_key=True).filter(connection=connection, bling_id__in=readings)
    known = {person.bling_id: person for person in rows.order_by("pk")}
    changed, same = [], defaultdict[datetime, list[int]](list)
    for bling_id, (facts, read_at) in sorted(readings.items()):
        person = known.get(bling_id)
        if person is not None and person.read_at >= read_at:
            continue
        if person is not None and person.to_facts() == facts:
            same[read_at].append(person.pk)
        else:
            changed.append(Person(connection=connection, read_at=read_at, changed_at=now, **asdict(facts)))
    for read_at, pks in same.items():
        Person.objects.filter(pk__in=pks).update(read_at=read_at, is_stale=False)
    columns = [name for name in Person.FACT_FIELDS if name != "bling_id"]
    Person.objects.bulk_create(
        changed,
        update_conflicts=True,
        unique_fields=["connection", "bling_id"],
        update_fields=[*columns, "read_at", "changed_at", "is_stale", "forgotten_at"],
    )
    of_known = [person.bling_id for person in changed if person.bling_id in known]  # no title names a new one
    request_plans(Title.objects.filter(connection=connection, person__bling_id__in=of_known), now=now)
    return {bling_id: person.pk for bling_id, person in known.items()} | {row.bling_id: row.pk for row in changed}


def note_stale(connection: BlingConnection, contact_ids: Iterable[int]) -> None:
    """Remember contacts that changed in Bling and could not be read."""
    Person.objects.filter(connection=connection, bling_id__in=list(contact_ids)).update(is_stale=True)


def save_orders(
    connection: BlingConnection, readings: Iterable[tuple[SalesOrderFacts, datetime]], *, now: datetime
) -> None:
    """Store sales orders as they were just read; titles of new and different ones are planned. In one transaction."""
    if not (found := {facts.bling_id: (facts, read_at) for facts, read_at in readings}):
        return
    rows = SalesOrder.objects.select_for_update(no_key=True).filter(connection=connection, bling_id__in=found)
    known = {row.bling_id: row for row in rows.order_by("bling_id")}
    fresh = {
        bling_id: (facts, read_at)
        for bling_id, (facts, read_at) in sorted(found.items())
        if bling_id not in known or known[bling_id].read_at < read_at
    }
    SalesOrder.objects.bulk_create(
        [SalesOrder(connection=connection, read_at=read_at, **asdict(facts)) for facts, read_at in fresh.values()],
        update_conflicts=True,
        unique_fields=["connection", "bling_id"],
        update_fields=["channel_id", "unit_id", "read_at"],
    )
    changed = [key for key, (facts, _at) in fresh.items() if key not in known or known[key].to_facts() != facts]
    request_plans(sales_orders.of_sales(connection).filter(origin_id__in=changed), now=now)


def has_new_titles(run: SyncRun) -> bool:
    """Say whether titles that this run found wait for their release."""
    waiting = Title.objects.filter(connection=run.connection_id, is_released=False)
    return waiting.exclude(missing_in_run=run.pk).exists()


def release_new_titles(run: SyncRun, *, now: datetime) -> int:
    """Release to planning the titles that a run found and that still exist, now that vanished ones were looked for. In
    one transaction."""
    with transaction.atomic():
        waiting = list(
            Title.objects.filter(connection=run.connection_id, is_released=False)
            .exclude(missing_in_run=run.pk)
            .order_by("pk")
            .values_list("pk", flat=True)
        )
        Title.objects.filter(pk__in=waiting).update(is_released=True)
        request_plans(Title.objects.filter(pk__in=waiting), now=now)
    return len(waiting)
