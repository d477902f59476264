"""Run: the one place that composes the stages. A tick works on whatever is due, wherever it was left."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

import structlog
from django.conf import settings
from django.db import connections as databases

from integrations.pipeline.access.tokens import refresh_due
from integrations.pipeline.compare.discrepancies import kaminos_to_review, review_changed
from integrations.pipeline.compare.double_payments import guard_one
from integrations.pipeline.deliver import drain, sweep
from integrations.pipeline.desk.bulk import advance_orders
from integrations.pipeline.mapping.changes import advance_changes
from integrations.pipeline.plan.planner import plan_turn
from integrations.pipeline.read.on_demand import read_asked
from integrations.pipeline.read.run_lease import advance_a_run
from integrations.pipeline.read.schedule import open_due_runs
from integrations.pipeline.report.alerts import watch
from integrations.pipeline.report.digest import send_digests
from integrations.pipeline.run.kamino_turns import read_kamino_registers, reconcile_one
from integrations.pipeline.run.progress import Progress, next_due, progress

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
DRAIN_SLICE = timedelta(seconds=15)
NAP = 0.5
PEOPLE_NAP = 1.0
BEAT_SECONDS = 10.0


def run_tick(
    *,
    clock: Clock,
    deadline: datetime,
    beat: Callable[[], None] = lambda: None,
    also: Mapping[str, Callable[[], bool]] = MappingProxyType({}),
) -> bool:
    """Open what the schedule asks for, then work until `deadline` or until nothing is due; `beat` shows life. `also` is
    work of layers above, by name: one step each, false when nothing was due. Returns whether something may be left to
    do."""
    _guarded("schedule", lambda: open_due_runs(now=clock()))
    _guarded("tokens", lambda: refresh_due(clock=clock, deadline=deadline))
    _guarded("alerts", lambda: watch(now=clock()))
    _guarded("digests", lambda: send_digests(now=clock()))
    beat()
    Crew(clock, deadline, also).work(beat)
    return clock() >= deadline


class Crew:
    """Some threads of one tick: most of a turn is waiting for slots and answers, so one process serves many companies.

    Each takes its turns as a worker of its own would. One more serves only people, so that whoever presses a button
    never waits for a slice of somebody's backlog.
    """

    def __init__(self, clock: Clock, deadline: datetime, also: Mapping[str, Callable[[], bool]]) -> None:
        self._clock = clock
        self._also = {"guard": lambda: guard_one(clock), **also}
        self._deadline = deadline
        self._lock = threading.Lock()
        self._busy = 0
        self._at_work = 0

    def work(self, beat: Callable[[], None]) -> None:
        """Work until the deadline, or until no thread finds anything due."""
        self._at_work = settings.TICK_THREADS
        members = [threading.Thread(target=self._member, args=(first,)) for first in range(self._at_work)]
        members.append(threading.Thread(target=self._server_of_people))
        for member in members:
            member.start()
        for member in members:
            while member.is_alive():
                member.join(BEAT_SECONDS)
                beat()

    def _member(self, first: int) -> None:
        try:
            while self._clock() < self._deadline:
                with self._lock:
                    self._busy += 1
                worked = _guarded("turn", lambda: work_once(clock=self._clock, deadline=self._deadline, first=first))
                for name, step in self._also.items():
                    worked |= _guarded(name, step)
                with self._lock:
                    self._busy -= 1
                    others = self._busy
                if not worked and not others:
                    return
                if not worked:
                    time.sleep(NAP)
        finally:
            with self._lock:
                self._at_work -= 1
            databases.close_all()

    def _server_of_people(self) -> None:
        try:
            while self._clock() < self._deadline:
                if serve_people(clock=self._clock, deadline=self._deadline):
                    continue
                if not self._at_work:
                    return
                time.sleep(PEOPLE_NAP)
        finally:
            databases.close_all()


def _guarded(stage: str, work: Callable[[], object]) -> bool:
    """Run one stage; a bug in it is logged, and the other stages and companies go on."""
    try:
        return bool(work())
    except Exception:
        log.exception("stage crashed", stage=stage)
        return False


def work_once(*, clock: Clock, deadline: datetime, tenant_ids: Sequence[int] | None = None, first: int = 0) -> bool:
    """Give each kind of work one turn, beginning with the one at `first`; false when nothing was due."""
    sweep(now=clock())
    stages: list[tuple[str, Callable[[datetime], bool]]] = [
        ("registers", lambda _end: read_kamino_registers(clock, tenant_ids)),
        ("asked", lambda end: read_asked(clock, end, tenant_ids)),
        ("pull", lambda end: advance_a_run(clock, end, tenant_ids)),
        ("plan", lambda end: plan_turn(clock=clock, deadline=end, tenant_ids=tenant_ids)),
        ("deliver", lambda end: _drain(clock, end, tenant_ids)),
        ("reconcile", lambda end: reconcile_one(clock, end, tenant_ids)),
    ]
    first %= len(stages)
    worked = []
    for name, stage in [*stages[first:], *stages[:first]]:
        end = min(deadline, clock() + timedelta(seconds=settings.RUN_SLICE_SECONDS))
        worked.append(_guarded(name, lambda stage=stage, end=end: stage(end)))  # type: ignore[misc]
    if not any(worked):
        for kamino in kaminos_to_review(tenant_ids):
            review_changed(kamino, now=clock())
    return any(worked)


def serve_people(*, clock: Clock, deadline: datetime) -> bool:
    """Work off changes of the De/Para, read, plan and send what people asked for, and nothing else; false when nothing
    was asked."""
    stages: dict[str, Callable[[], bool]] = {
        "mappings": lambda: advance_changes(clock=clock),
        "asked": lambda: read_asked(clock, deadline, None),
        "plan": lambda: plan_turn(clock=clock, deadline=deadline, tenant_ids=None, for_people=True),
        "deliver": lambda: drain(clock=clock, deadline=deadline, for_people=True).worked > 0,
        "bulk": lambda: advance_orders(clock=clock),
    }
    worked = [_guarded(name, stage) for name, stage in stages.items()]
    return any(worked)


def _drain(clock: Clock, deadline: datetime, tenant_ids: Sequence[int] | None) -> bool:
    drained = drain(clock=clock, deadline=min(deadline, clock() + DRAIN_SLICE), tenant_ids=tenant_ids)
    return drained.worked > 0 or not drained.is_empty


def work_until_idle(
    *, clock: Clock, tenant_ids: Sequence[int] | None, report: Callable[[Progress], None] = lambda _progress: None
) -> None:
    """Work in this process until nothing more is due for these tenants; short retries are waited for."""
    while True:
        report(progress(tenant_ids))
        if work_once(clock=clock, deadline=clock() + timedelta(minutes=5), tenant_ids=tenant_ids):
            continue
        due = next_due(tenant_ids, now=clock())
        if due is None:
            return
        time.sleep(max(0.05, min((due - clock()).total_seconds(), 1.0)))
