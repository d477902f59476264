"""Restores: a database that is older than what was sent from it sends nothing before Kamino was read again.

It is asked for before an account is served: whether the server still is the one that the last worker knew, and whether
anybody noted (in the journal of this host, or in this process) a delivery that it does not have.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from uuid import uuid4

import structlog
from django.db import DatabaseError, transaction
from django.db import connection as database

from integrations.domain.restores import RestoreSignal
from integrations.domain.titles import Direction
from integrations.models import (
    BlingWriting,
    KaminoConnection,
    KaminoSnapshot,
    KnownDatabase,
    ListedSpan,
    RestoreHold,
)
from integrations.models.bling_writing import SWITCHED_OFF
from integrations.pipeline.access import journal

log = structlog.get_logger(__name__)

_NUMBERS = "integrations_attempt_id_seq"
"""Numbers the deliveries; a backup brings back the number that it had then."""
_IDENTITY: Mapping[RestoreSignal, str] = {
    RestoreSignal.SERVER: "(SELECT system_identifier::text FROM pg_control_system())",
    RestoreSignal.TIMELINE: "left(pg_walfile_name(pg_current_wal_lsn()), 8)",
    RestoreSignal.DATABASE: "(SELECT oid::text FROM pg_database WHERE datname = current_database())",
}
"""What tells one database from another. A role may be kept from some of them; the others then have to do."""

_unreadable: set[RestoreSignal] = set()
_numbered: dict[str, int] = {}
"""The highest number that this process saw of each database."""
_began: list[datetime] = []
_restored: list[datetime | None] = [None]


def look(now: datetime) -> bool:
    """Hold everything back if this database was restored or is another one; returns whether it did so now. Raises
    `JournalError`: without its journal a host sends nothing."""
    took_part(now)
    here = _here()
    if here.key is None and not journal.knows_any():
        _begin(here)
        return False
    if here.key is None or _signals(here) or here.identity.keys() - here.known.keys():
        return bool(_settle(now))
    _numbered[here.key] = max(here.number, _numbered.get(here.key, 0))
    if journal.is_kept() and journal.last_number(here.key) < here.number:
        journal.note(here.key, here.number, now)
    return False


def note_sending(number: int, now: datetime) -> None:
    """Note the number of a delivery outside of the database, before it is sent. Raises `JournalError`."""
    if not journal.is_kept():
        return
    key = KnownDatabase.objects.values_list("key", flat=True).first()
    if key is None:
        raise journal.JournalError("nobody looked which database this is")
    journal.note(key, number, now)


def after_restore(now: datetime) -> None:
    """Hold everything back because a person says that the database was restored."""
    _settle(now, RestoreSignal.ASKED)


def restored_at() -> datetime | None:
    """Return when this database was last found to be restored, as this process last saw it."""
    return _restored[0]


def unread_identity() -> list[RestoreSignal]:
    """Return what this role may not read of the database's identity."""
    found = _here().identity
    return [signal for signal in _IDENTITY if signal not in found]


def took_part(now: datetime) -> None:
    """Say that this process lived at a moment."""
    _began[:] = [min([now, *_began])]


def believable_since(oldest: datetime) -> datetime:
    """Return since when readings of Kamino count that would count since `oldest`. What the database says was read
    before this process lived may come from a backup that is younger than a reading is believed."""
    return max([oldest, *_began])


@dataclass(frozen=True)
class _Here:
    """This database: what the last worker knew of it (`key`, `known`), the last number that it gave to a delivery, and
    what its server says of it now."""

    key: str | None
    known: Mapping[str, str]
    number: int
    identity: Mapping[str, str]


def _here() -> _Here:
    readable = [signal for signal in _IDENTITY if signal not in _unreadable]
    columns = ["known.key", "known.identity::text", "known.restored_at", "numbers.last_value"]
    asked = ", ".join([*columns, *(_IDENTITY[one] for one in readable)])
    try:
        with database.cursor() as cursor:
            cursor.execute(
                f"SELECT {asked} FROM {_NUMBERS} numbers LEFT JOIN integrations_knowndatabase known ON true"  # noqa: S608
            )
            key, known, at, number, *identity = cursor.fetchone()
    except DatabaseError:
        if _unreadable or not _find_unreadable():
            raise
        return _here()
    said = dict(zip((signal.value for signal in readable), identity, strict=True))
    _restored[:] = [at]
    return _Here(key, json.loads(known or "{}"), number, said)


def _find_unreadable() -> bool:
    """Find out what this role may not read, and leave it out from now on."""
    for signal, expression in _IDENTITY.items():
        try:
            with database.cursor() as cursor:
                cursor.execute(f"SELECT {expression}")
        except DatabaseError:
            _unreadable.add(signal)
    if _unreadable:
        log.warning("identity of the database not readable", parts=sorted(_unreadable))
    return bool(_unreadable)


def _signals(here: _Here) -> list[RestoreSignal]:
    """Return what shows that this is not the database that the last worker knew."""
    signals = [
        one
        for one in _IDENTITY
        if one in here.identity and here.known.get(one, here.identity[one]) != here.identity[one]
    ]
    noted = _noted(here.key)
    if noted > here.number and noted > _here().number:  # another worker may have counted on meanwhile
        signals.append(RestoreSignal.JOURNAL)
    return signals


def _noted(key: str | None) -> int:
    return max(journal.last_number(key), _numbered.get(key, 0)) if key else 0


def _begin(here: _Here) -> None:
    """Know a database in which nobody worked yet, or only a version that did not ask which one it is."""
    with database.cursor() as cursor:
        cursor.execute(
            "INSERT INTO integrations_knowndatabase (id, key, identity, restored_at, signals)"
            " VALUES (%s, %s, %s::jsonb, NULL, '[]'::jsonb) ON CONFLICT DO NOTHING",
            [KnownDatabase.THE_ONE, uuid4().hex, json.dumps(here.identity)],
        )


def _settle(now: datetime, *asked: RestoreSignal) -> list[RestoreSignal]:
    """Decide, for all workers, what this database is, and hold everything back if it is older or another one."""
    here = _here()
    foreign = [RestoreSignal.FOREIGN] if here.key is None and journal.knows_any() else []
    _begin(here)
    with transaction.atomic():
        known = KnownDatabase.objects.select_for_update().get()
        here = _here()
        signals = [*asked, *foreign, *_signals(here)]
        number = max(here.number, _noted(known.key))
        known.identity = {**known.identity, **here.identity}
        if signals:
            _hold_all(now)
            known.restored_at, known.signals = now, [signal.value for signal in signals]
            with database.cursor() as cursor:  # no number is given twice: the next loss is seen as well
                cursor.execute("SELECT setval(%s, %s)", [_NUMBERS, number])
        known.save()
    journal.note(known.key, number, now)
    if signals:
        log.error("database was restored", signals=known.signals, number=number)
    return signals


def _hold_all(now: datetime) -> None:
    """Forget what the database says of Kamino, and let each company be read again before anything is sent to it. Into
    Bling nothing is sent before a person switches that on again."""
    KaminoConnection.objects.update(reconciled_at=None, reconcile_cursor={})
    BlingWriting.objects.update(**SWITCHED_OFF)
    ListedSpan.objects.all().delete()
    KaminoSnapshot.objects.all().delete()
    RestoreHold.objects.filter(RestoreHold.OPEN).update(since=now, looked_at=None)
    kaminos = KaminoConnection.objects.order_by("pk").values_list("pk", flat=True)
    RestoreHold.objects.bulk_create(
        [RestoreHold(kamino_connection_id=pk, direction=way, since=now) for pk, way in product(kaminos, Direction)],
        ignore_conflicts=True,
    )
