"""Drain: serve companies in turn, one call in flight each, until nothing is due or time is up."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from integrations.kamino.client import KaminoClient
from integrations.models import DELIVERY_UNITS, KaminoConnection, PersonPosting
from integrations.models.deliveries import Priority
from integrations.pipeline.access import failpoints
from integrations.pipeline.access.clients import open_kamino
from integrations.pipeline.access.error_texts import failure_of
from integrations.pipeline.access.leases import CONFIG_PAUSE, free_kamino, lease_next, pause_kamino
from integrations.pipeline.deliver import record
from integrations.pipeline.deliver.claim import (
    Unit,
    kaminos_to_serve,
    next_part,
    next_person,
    next_posting,
    uncertain_units,
)
from integrations.pipeline.deliver.persons import PersonDirectory, deliver_person
from integrations.pipeline.deliver.resolve import resolve
from integrations.pipeline.deliver.titles import deliver_part, deliver_title
from integrations.pipeline.deliver.waiting import Waiting, what_waits
from integrations.rest.errors import ApiError

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
LONGEST_NAP = 1.0
MOST_IN_A_ROW = 20
"""Units of one company before the others get their turn (fewer when its slots are taken)."""


_DIRECTORIES: dict[int, PersonDirectory] = {}
"""A cache of this process: losing it costs requests, never correctness."""


_WAITING = threading.Lock()


def is_waiting() -> bool:
    """Say whether a thread of this process waits for the next slot of any company."""
    return _WAITING.locked()


class _Waiter:
    """Lets one thread of this process wait for slots, unless it serves only some companies: the others would do no more
    than ask for the same slots."""

    def __init__(self, *, is_shared: bool) -> None:
        self._is_shared = is_shared
        self._is_mine = False

    def may_wait(self) -> bool:
        if self._is_shared and not self._is_mine:
            self._is_mine = _WAITING.acquire(blocking=False)
        return self._is_mine or not self._is_shared

    def stop(self) -> None:
        if self._is_mine:
            _WAITING.release()
        self._is_mine = False


@dataclass
class DrainResult:
    """How many units were worked on, and whether something still waits only for a slot."""

    worked: int = 0
    is_empty: bool = False


def drain(
    *, clock: Clock, deadline: datetime, tenant_ids: Sequence[int] | None = None, for_people: bool = False
) -> DrainResult:
    """Work until `deadline` or until nothing is due. Companies that wait for a slot are waited for, unless another
    thread of this process does.

    `for_people`: serve only companies with a title that a person asked for, which is then their most urgent one.
    """
    waiter = _Waiter(is_shared=tenant_ids is None and not for_people)
    try:
        return _drain(clock, deadline, tenant_ids, waiter, for_people=for_people)
    finally:
        waiter.stop()


def _drain(
    clock: Clock, deadline: datetime, tenant_ids: Sequence[int] | None, waiter: _Waiter, *, for_people: bool
) -> DrainResult:
    result = DrainResult()
    clients: dict[int, KaminoClient] = {}
    while (now := clock()) < deadline:
        kaminos = kaminos_to_serve(now, tenant_ids, for_people=for_people).select_related("tenant")
        kamino, wait = lease_next(kaminos, now)
        if kamino is None:
            if wait is None or not waiter.may_wait():
                result.is_empty = True
                return result
            time.sleep(min(wait, LONGEST_NAP))
            continue
        waiter.stop()
        failpoints.passed("deliver.leased")
        try:
            if kamino.pk not in clients:
                clients[kamino.pk] = open_kamino(kamino, clock=clock)
            directory = _DIRECTORIES.setdefault(kamino.pk, PersonDirectory())
            result.worked += _serve(clients[kamino.pk], kamino, directory, clock, deadline)
        except ApiError as error:
            log.warning("company not served", kamino_connection=kamino.pk, error=str(error))
            pause_kamino(kamino.pk, failure_of(error), until=now + CONFIG_PAUSE)
        finally:
            free_kamino(kamino)
        failpoints.passed("deliver.freed")
    return result


def _serve(
    client: KaminoClient, kamino: KaminoConnection, directory: PersonDirectory, clock: Clock, deadline: datetime
) -> int:
    """Work on a few units of a leased company; stop when it has to wait for a slot."""
    worked = 0
    while worked < MOST_IN_A_ROW and (now := clock()) < deadline:
        waiting = what_waits(kamino, now)
        if not waiting.may_go_on:
            break
        unit: list[Unit] = []
        try:
            if not _work_on_one(client, kamino, directory, clock, unit, waiting):
                break
        except Exception:
            # One unit that makes us stumble must not keep the others waiting, nor be tried without end.
            log.exception("unit crashed", unit=[str(item.pk) for item in unit])
            for item in unit:
                type(item).objects.filter(pk=item.pk).update(ready_at=clock() + CONFIG_PAUSE)
            if not unit:
                raise
        worked += 1
    return worked


def _work_on_one(
    client: KaminoClient,
    kamino: KaminoConnection,
    directory: PersonDirectory,
    clock: Clock,
    working_on: list[Unit],
    waiting: Waiting,
) -> bool:
    """Look up, deliver a part or a title (its person first), or deliver a changed person; false when nothing is due.
    What a person asked for goes before everything else."""
    now = clock()
    posting = next_posting(kamino, now) if waiting.posting else None
    part = next_part(kamino, now) if waiting.part else None
    is_asked = any(unit is not None and unit.priority == Priority.PERSON for unit in (posting, part))
    for model in () if is_asked else waiting.uncertain:
        unit = uncertain_units(model, now).filter(kamino_connection=kamino).order_by("ready_at").first()
        if unit is not None:
            working_on.append(unit)
            resolve(client, kamino, unit, clock=clock)
            return True
    if part is not None and (posting is None or part.priority <= posting.priority):
        working_on.append(part)
        deliver_part(client, part, clock=clock)
        return True
    if posting is not None and posting.title.person is not None:
        person: PersonPosting = posting.title.person.posting
        working_on.append(posting)
        if person.kamino_id is None:
            deliver_person(client, person, directory, clock=clock)
        else:
            deliver_title(client, posting, person.kamino_id, clock=clock)
        return True
    changed = next_person(kamino, now) if waiting.person else None
    if changed is not None:
        working_on.append(changed)
        deliver_person(client, changed, directory, clock=clock)
        return True
    return False


def sweep(*, now: datetime) -> int:
    """Make units of dead workers visible: their outcome is unknown and will be looked up."""
    look_at = record.first_look(now)
    return sum(model.objects.release_expired(now, look_at=look_at) for model in DELIVERY_UNITS)
