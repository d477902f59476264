"""Verifying the audit record: whether a row was changed, taken out or never sealed, as far as the chain can tell."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from django.db import connection

from integrations.domain.audit import COLUMNS, NOTHING, sealed
from integrations.models import AuditEvent, AuditSeal
from integrations.models.audit_tables import EVENT, SEAL
from integrations.models.audit_triggers import WATCHED
from integrations.pipeline.audit.seal import LATE_AFTER

KEPT = timedelta(days=5 * 365)
_MONTH = timedelta(days=31)
_CHUNK = 1000
MOST_NAMED = 20


@dataclass
class Verdict:
    """What was found: `problems`, of which there must be none, and what the chain cannot tell (`notes`)."""

    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    first: AuditSeal | None = None
    last: AuditSeal | None = None
    sealed: int = 0

    def note_problem(self, text: str) -> None:
        self.problems.append(text)


def verify(*, now: datetime, head: tuple[int, str] | None = None) -> Verdict:
    """Walk the whole chain, compare each event with its seal, and the chain with a `head` that was kept elsewhere."""
    verdict = Verdict()
    _walk(verdict, now)
    _compare_ends(verdict, now, head)
    for pk, at in AuditEvent.objects.unsealed().order_by("pk").values_list("pk", "at"):
        if at < now - LATE_AFTER:
            verdict.note_problem(f"event {pk} of {at:%Y-%m-%d %H:%M:%S} has no seal")
        else:
            verdict.notes.append(f"event {pk} waits for its seal")
    verdict.problems += _unguarded()
    return verdict


def _walk(verdict: Verdict, now: datetime) -> None:
    before: AuditSeal | None = None
    seals = AuditSeal.objects.order_by("number", "sealed_at").iterator(chunk_size=_CHUNK)
    while chunk := list(islice(seals, _CHUNK)):
        events = _events(chunk)
        for seal in chunk:
            verdict.first = verdict.first or seal
            verdict.sealed += 1
            for text in _faults(seal, before, events.get((seal.event_id, seal.event_at)), now):
                verdict.note_problem(text)
            before = seal
    verdict.last = before


def _events(chunk: list[AuditSeal]) -> dict[tuple[int, datetime], AuditEvent]:
    moments = [seal.event_at for seal in chunk]
    events = AuditEvent.objects.filter(pk__in=[seal.event_id for seal in chunk])
    found = events.filter(at__gte=min(moments), at__lte=max(moments)).order_by()
    return {(event.pk, event.at): event for event in found}


def _faults(seal: AuditSeal, before: AuditSeal | None, event: AuditEvent | None, now: datetime) -> Iterator[str]:
    if before is not None and seal.number != before.number + 1:
        yield f"seals {before.number + 1} to {seal.number - 1} are missing"
    elif before is not None and seal.previous != before.hash:
        yield f"seal {seal.number} does not follow seal {before.number}"
    if seal.hash != sealed(seal.previous, seal.number, seal.event_id, seal.event_at, seal.digest):
        yield f"seal {seal.number} was changed"
    if before is not None and seal.sealed_at < before.sealed_at:
        yield f"seal {seal.number} is dated before the one that it follows"
    if before is not None and seal.version < before.version:
        yield f"seal {seal.number} is of version {seal.version}, which holds less than the one before"
    if seal.version not in COLUMNS:
        yield f"seal {seal.number} is of version {seal.version}, which this release does not know"
    elif event is None and seal.event_at >= now - KEPT:
        yield f"event {seal.event_id}, sealed as {seal.number}, is missing"
    elif event is not None and event.digest(seal.version) != seal.digest:
        yield f"event {seal.event_id}, sealed as {seal.number}, was changed"


def _compare_ends(verdict: Verdict, now: datetime, head: tuple[int, str] | None) -> None:
    """Compare both ends of the chain with what is known from outside."""
    first, last = verdict.first, verdict.last
    if first is not None and first.number == 1 and first.previous != NOTHING:
        verdict.note_problem("seal 1 follows another one")
    if first is not None and first.number > 1 and first.sealed_at > now - KEPT + _MONTH:
        verdict.note_problem(f"seals before {first.number} are missing, which are not five years old")
    elif first is not None and first.number > 1:
        verdict.notes.append(
            f"the chain begins at seal {first.number} of {first.sealed_at:%Y-%m-%d}: older was dropped"
        )
    if head is None:
        verdict.notes.append("the end is not proved: whether newer rows were removed, only a head kept elsewhere tells")
        return
    number, text = head
    found = AuditSeal.objects.filter(number=number).values_list("hash", flat=True)
    if last is None or number > last.number:
        verdict.note_problem(f"the record ends before seal {number}: rows were removed, or an older database restored")
    elif first is not None and number < first.number:
        verdict.note_problem(f"seal {number} is older than the chain's beginning: give a newer head")
    elif list(found) != [text]:
        verdict.note_problem(f"seal {number} is not the one that was kept elsewhere: the record was made anew")


def _unguarded() -> list[str]:
    """Return which tables have lost a trigger that refuses changes, or that records them."""
    guarded = [(EVENT, "audit_refuse"), (SEAL, "audit_refuse"), (SEAL, "audit_next")]
    guarded += [(EVENT, "audit_pend"), (EVENT, "audit_origin")]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = ANY (%s::regclass[])", [[EVENT, SEAL]]
        )
        guarded += [(month, "audit_refuse") for (month,) in cursor.fetchall()]
        guarded += [(watched.table, "audit") for watched in WATCHED]
        cursor.execute(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger"
            " WHERE tgname LIKE 'audit%' AND tgenabled IN ('O', 'A')"
        )
        found = set(cursor.fetchall())
    return [f"{table} has no trigger {name}" for table, name in guarded if (table, name) not in found]
