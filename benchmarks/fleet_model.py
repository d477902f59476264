"""A thousand companies in virtual time: how workers share them under the limits. Discrete events, no sleeping.

The policy is the product's: a worker runs ticks; each thread of a tick takes the due run that was served least
recently for a slice, then drains Kamino, one call in flight per company; one more thread serves what people asked for.
Plans and database statements take no time here; answers do.
"""

import heapq
import math
from collections import deque
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from itertools import count

Waits = Generator[float, None, None]
"""A process in virtual time: it yields how many seconds it waits."""

BLING_ANSWER = 0.3
KAMINO_ANSWER = 0.5
TICK_EVERY = 60.0
"""A tick is put into the queue every minute (`ensure_schedules`), and when somebody presses a button."""


@dataclass(frozen=True)
class Policy:
    """How the product works and what the limits are; times in seconds."""

    workers: int
    threads: int
    tick: float
    slice: float
    drain: float
    drain_nap: float
    idle_nap: float
    people_nap: float
    chunk: int
    under_way: int
    bling_interval: float
    egress_interval: float
    kamino_interval: float
    most_waiting: int


@dataclass
class Crew:
    """The threads of one tick: until when they work, how many still do, and how many have found something."""

    end: float
    at_work: int
    busy: int = 0


@dataclass(eq=False)
class Company:
    """One company, what its run needs, and how far it is. Units to send become known little by little, evenly over the
    first `known_after` calls to Bling."""

    number: int
    due_at: float
    bling_calls: int
    kamino_units: int
    known_after: int
    called: int = 0
    account_free: float = 0.0
    kamino_free: float = 0.0
    pull_served: float = -1.0
    drain_served: float = -1.0
    is_leased: bool = False
    is_in_flight: bool = False
    released_units: int = 0
    ready_units: int = 0
    begun_at: float = math.inf
    done_at: float = math.inf
    asked: deque[float] = field(default_factory=deque)
    """When people asked for titles whose details are not read yet."""
    urgent: deque[float] = field(default_factory=deque)
    """When people asked for titles that now only have to be sent."""

    @property
    def calls_left(self) -> int:
        return self.bling_calls - self.called

    @property
    def kamino_calls(self) -> int:
        """Every second unit needs a fresh look at Kamino before it."""
        return self.kamino_units + self.kamino_units // 2


class Fleet:
    """Companies, workers and a clock."""

    def __init__(self, policy: Policy, companies: Iterable[Company], resyncs: Iterable[tuple[float, int]]) -> None:
        self.policy = policy
        self.companies = list(companies)
        self.now = 0.0
        self.waits: list[float] = []
        """How long each resync that somebody asked for took."""
        self._resyncs = sorted(resyncs)
        self._egress_free = 0.0
        self._to_pull = list(self.companies)
        self._to_send: set[Company] = set()
        self._with_asked: set[Company] = set()
        self._left = len(self.companies) + len(self._resyncs)
        self._idle_workers = policy.workers
        self._ticks_waiting = 0
        self._agenda: list[tuple[float, int, Waits]] = []
        self._sequence = count()

    def run(self) -> None:
        """Let time pass until every run is done, everything is sent, and every resync is answered."""
        self._resume(self._schedule())
        self._resume(self._people())
        while self._left and self._agenda:
            self.now, _order, process = heapq.heappop(self._agenda)
            self._resume(process)

    def _resume(self, process: Waits) -> None:
        """Let a process go on until it waits."""
        wait = next(process, None)
        if wait is not None:
            heapq.heappush(self._agenda, (self.now + wait, next(self._sequence), process))

    def _schedule(self) -> Waits:
        while True:
            self._enqueue_tick()
            yield TICK_EVERY

    def _enqueue_tick(self) -> None:
        if self._idle_workers:
            self._idle_workers -= 1
            self._resume(self._tick())
        else:
            self._ticks_waiting = min(self._ticks_waiting + 1, self.policy.most_waiting)

    def _people(self) -> Waits:
        for moment, number in self._resyncs:
            yield moment - self.now
            company = self.companies[number]
            company.asked.append(self.now)
            self._with_asked.add(company)
            self._enqueue_tick()

    def _tick(self) -> Waits:
        """Run one tick's threads; when all have ended, the worker takes the next tick."""
        while True:
            crew = Crew(self.now + self.policy.tick, self.policy.threads)
            for _ in range(self.policy.threads):
                self._resume(self._member(crew))
            while crew.at_work and self.now < crew.end:
                before = self.now
                yield from self._serve_people()
                if self.now == before:
                    yield self.policy.people_nap
            while crew.at_work:
                yield self.policy.people_nap
            if not self._ticks_waiting:
                self._idle_workers += 1
                return
            self._ticks_waiting -= 1

    def _member(self, crew: Crew) -> Waits:
        while self.now < crew.end:
            before = self.now
            crew.busy += 1
            yield from self._pull(crew.end)
            yield from self._drain(crew.end)
            crew.busy -= 1
            if self.now == before:
                if not crew.busy:
                    break
                yield self.policy.idle_nap
        crew.at_work -= 1

    def _due_run(self) -> Company | None:
        due = (one for one in self._to_pull if not one.is_leased and one.due_at <= self.now)
        return min(due, key=lambda one: (one.pull_served, one.due_at), default=None)

    def _pull(self, end: float) -> Waits:
        """Advance one run by a slice; the deadline is looked at after each chunk of details."""
        company = self._due_run()
        if company is None:
            return
        company.is_leased, company.pull_served = True, self.now
        company.begun_at = min(company.begun_at, self.now)
        deadline = min(end, self.now + self.policy.slice)
        under_way: deque[float] = deque()
        while company.calls_left and self.now < deadline:
            for _ in range(min(self.policy.chunk, company.calls_left)):
                company.called += 1
                under_way.append(self._bling_slot(company) + BLING_ANSWER)
                if len(under_way) >= self.policy.under_way:
                    yield max(0.0, under_way.popleft() - self.now)
        yield max(0.0, (under_way[-1] if under_way else self.now) - self.now)
        company.is_leased = False
        if not company.calls_left:
            self._to_pull.remove(company)
        self._release(company)

    def _release(self, company: Company) -> None:
        """Let what is known by now be sent."""
        released = int(company.kamino_units * min(1.0, company.called / company.known_after))
        company.ready_units += released - company.released_units
        company.released_units = released
        self._note_done(company)
        if company.ready_units:
            self._to_send.add(company)

    def _bling_slot(self, company: Company) -> float:
        """Reserve the next slot of the account and of the egress address; the later one counts."""
        account, egress = max(self.now, company.account_free), max(self.now, self._egress_free)
        company.account_free = account + self.policy.bling_interval
        self._egress_free = egress + self.policy.egress_interval
        return max(account, egress)

    def _drain(self, end: float) -> Waits:
        deadline = min(end, self.now + self.policy.drain)
        while self.now < deadline:
            sendable = [one for one in self._to_send if not one.is_in_flight]
            if not sendable:
                return
            free = [one for one in sendable if one.kamino_free <= self.now]
            if free:
                yield from self._send(min(free, key=lambda one: (one.drain_served, one.number)))
            else:
                yield min(self.policy.drain_nap, min(one.kamino_free for one in sendable) - self.now)

    def _send(self, company: Company) -> Waits:
        """Send one unit: what a person asked for first. A change needs a fresh look before it, every second time."""
        company.is_in_flight, company.drain_served = True, self.now
        urgent = company.urgent.popleft() if company.urgent else None
        looks_first = urgent is not None or company.ready_units % 2 == 0
        for _ in range(2 if looks_first else 1):
            yield max(0.0, company.kamino_free - self.now)
            company.kamino_free = self.now + self.policy.kamino_interval
            yield KAMINO_ANSWER
        company.is_in_flight = False
        if urgent is not None:
            self.waits.append(self.now - urgent)
            self._left -= 1
        else:
            company.ready_units -= 1
            self._note_done(company)
        if not company.ready_units and not company.urgent:
            self._to_send.discard(company)

    def _serve_people(self) -> Waits:
        """Read what people asked for, then send it as soon as its company's slot is free."""
        while self._with_asked:
            company = min(self._with_asked, key=lambda one: one.asked[0])
            asked = company.asked.popleft()
            if not company.asked:
                self._with_asked.discard(company)
            yield self._bling_slot(company) + BLING_ANSWER - self.now
            company.urgent.append(asked)
            self._to_send.add(company)
        for company in [one for one in self._to_send if one.urgent and not one.is_in_flight]:
            if company.urgent and not company.is_in_flight:
                yield from self._send(company)

    def _note_done(self, company: Company) -> None:
        if not company.calls_left and not company.ready_units and company.done_at == math.inf:
            company.done_at = self.now
            self._left -= 1
