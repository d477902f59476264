"""Drain: serve Kamino's companies in turn, until nothing is due or time is up."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from integrations.domain.delivery import DeliveryState
from integrations.kamino.client import KaminoClient
from integrations.models import DELIVERY_UNITS, KaminoConnection, PersonPosting
from integrations.models.outbox import DeliveryUnit, Priority
from integrations.pipeline.access import restores
from integrations.pipeline.access.clients import open_kamino
from integrations.pipeline.access.leases import free_kamino, in_turn, lease_next
from integrations.pipeline.deliver.kamino import KAMINO
from integrations.pipeline.deliver.persons import PersonDirectory, deliver_person, directory_of
from integrations.pipeline.deliver.ready import (
    DELIVER,
    PEOPLE_DELIVER,
    kaminos_to_serve,
    next_part,
    next_person,
    next_posting,
    next_stuck,
    next_stuck_person,
)
from integrations.pipeline.deliver.resolve import resolve
from integrations.pipeline.deliver.stuck import look_at_stuck
from integrations.pipeline.deliver.stuck_persons import look_at_stuck_person
from integrations.pipeline.deliver.titles import deliver_part, deliver_title
from integrations.pipeline.deliver.waiting import Waiting, what_waits
from integrations.pipeline.handover.due import rows_of
from integrations.pipeline.outbox import drain as outbox
from integrations.pipeline.outbox.destination import Clock

_TO_SERVE = {
    for_people: lambda now, tenants, for_people=for_people: in_turn(
        kaminos_to_serve(now, tenants, for_people=for_people), now
    )
    for for_people in (False, True)
}
_WAITERS = outbox.Waiters()
is_waiting = _WAITERS.is_waiting


class Companies:
    """The companies that have something to send or to look up, as the outbox serves them."""

    to = KAMINO
    stage = "deliver"

    def __init__(self, clock: Clock, deadline: datetime, tenant_ids: Sequence[int] | None, *, for_people: bool) -> None:
        self._clock = clock
        self._deadline = deadline
        self._tenant_ids = tenant_ids
        self._for_people = for_people
        self._clients: dict[tuple[object, ...], KaminoClient] = {}
        self._slots: list[datetime] = []

    def lease_next(self, now: datetime) -> tuple[KaminoConnection | None, float | None]:
        if self._tenant_ids is not None:
            return self._lease_next_of(self._tenant_ids, now)
        rhythm = PEOPLE_DELIVER if self._for_people else DELIVER
        for tenants in rhythm.looks(lambda: now, self._deadline):
            kamino, wait = self._lease_next_of(tenants, now)
            if kamino is not None:
                return kamino, None
            if wait is not None:
                self._slots.append(now + timedelta(seconds=wait))
            rhythm.settle(tenants, now)
        # What has work and waits for its slot is not looked at before; until then it is waited for.
        self._slots = [at for at in self._slots if at > now]
        return None, min(((at - now).total_seconds() for at in self._slots), default=None)

    def _lease_next_of(self, tenant_ids: Sequence[int], now: datetime) -> tuple[KaminoConnection | None, float | None]:
        return lease_next(rows_of(_TO_SERVE[self._for_people], now, tenant_ids), now)

    def open(self, account: KaminoConnection) -> outbox.Step:
        restores.look(self._clock())
        # One that was opened with other keys, or for another place, is used no more.
        keys = (account.base_url, account.cn, *(getattr(account, name) for name in account.SECRETS))
        key = (account.pk, *keys, account.allow_unconfirmed, *account.title_lists.values())
        client, directory = self._clients.get(key), directory_of(account)
        if client is None:
            client = self._clients[key] = open_kamino(account, clock=self._clock)
        # Nothing begins that might not end within the lease: no unit, and no page of a long look-up.
        until = min(self._deadline, self._clock() + self.to.lease - self.to.longest_call)

        def step(working_on: list[DeliveryUnit]) -> bool:
            waiting = what_waits(account, self._clock())
            if not waiting.may_go_on or self._clock() >= until:
                return False
            return _work_on_one(client, account, directory, self._clock, working_on, waiting, until)

        return step

    def free(self, account: KaminoConnection) -> None:
        free_kamino(account)


def drain(
    *, clock: Clock, deadline: datetime, tenant_ids: Sequence[int] | None = None, for_people: bool = False
) -> outbox.DrainResult:
    """Work until `deadline` or until nothing is due.

    `for_people`: serve only companies with a title that a person asked for, which is then their most urgent one.
    """
    companies = Companies(clock, deadline, tenant_ids, for_people=for_people)
    waiters = _WAITERS if tenant_ids is None and not for_people else None
    return outbox.drain(companies, clock=clock, deadline=deadline, waiters=waiters)


def _work_on_one(
    client: KaminoClient,
    kamino: KaminoConnection,
    directory: PersonDirectory,
    clock: Clock,
    working_on: list[DeliveryUnit],
    waiting: Waiting,
    until: datetime,
) -> bool:
    """Look up, deliver a part or a title (its person first), deliver a changed person, or look at a stuck title; false
    when nothing is due. What a person asked for goes before everything else."""
    now = clock()
    posting = next_posting(kamino, now) if waiting.posting else None
    part = next_part(kamino, now) if waiting.part else None
    is_asked = any(unit is not None and unit.priority == Priority.PERSON for unit in (posting, part))
    for model in () if is_asked else waiting.uncertain:
        uncertain = model.objects.due(DeliveryState.UNCERTAIN, now).filter(kamino_connection=kamino)
        unit = uncertain.order_by("ready_at").first()
        if unit is not None:
            working_on.append(unit)
            resolve(client, kamino, unit, clock=clock, until=until)
            return True
    if part is not None and (posting is None or part.priority <= posting.priority):
        working_on.append(part)
        deliver_part(client, part, clock=clock)
        return True
    if posting is not None and posting.title.person is not None:
        person: PersonPosting = posting.title.person.posting
        working_on.append(posting)
        if posting.kamino_person_id is None:
            deliver_person(client, person, directory, clock=clock)
        else:
            deliver_title(client, posting, posting.kamino_person_id, clock=clock)
        return True
    changed = next_person(kamino, now) if waiting.person else None
    if changed is not None:
        working_on.append(changed)
        deliver_person(client, changed, directory, clock=clock)
        return True
    stuck = next_stuck(kamino, now) if waiting.stuck else None
    if stuck is not None:
        working_on.append(stuck)
        look_at_stuck(client, kamino, stuck, clock=clock, until=until)
        return True
    several = next_stuck_person(kamino, now) if waiting.stuck_person else None
    if several is not None:
        working_on.append(several)
        look_at_stuck_person(client, several, directory, clock=clock)
        return True
    return False


def sweep(*, now: datetime) -> int:
    """Make titles, persons and parts of dead workers visible."""
    return outbox.sweep(DELIVERY_UNITS, now=now)
