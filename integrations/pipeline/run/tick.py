"""Run: the one place that composes the stages. A tick works on whatever is due, wherever it was left."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from django.conf import settings

from integrations.models import DELIVERY_UNITS, WRITE_UNITS, WakeUpKind
from integrations.pipeline.access import tokens
from integrations.pipeline.access.token_line import tokens_due
from integrations.pipeline.audit.seal import pending, seal
from integrations.pipeline.compare import double_payments
from integrations.pipeline.compare.discrepancies import REVIEW as REVIEW_RHYTHM
from integrations.pipeline.compare.discrepancies import kaminos_to_review, review_changed
from integrations.pipeline.deliver import drain, sweep
from integrations.pipeline.deliver.drain import is_waiting
from integrations.pipeline.deliver.ready import DELIVER, PEOPLE_DELIVER
from integrations.pipeline.desk.bulk import advance_orders, orders_due
from integrations.pipeline.handover.due import Kind, Turn, due, names_of
from integrations.pipeline.handover.wake_ups import Rhythm
from integrations.pipeline.mapping.changes import advance_changes, changes_due
from integrations.pipeline.plan.planner import PEOPLE_PLAN, PLAN, plan_turn
from integrations.pipeline.read import schedule
from integrations.pipeline.read.before_settling import checks_due, checks_of_people, read_before_settling
from integrations.pipeline.read.on_demand import connections_asked, read_asked
from integrations.pipeline.read.run_lease import advance_a_run, runs_due
from integrations.pipeline.report import alerts, audit_heads, digest
from integrations.pipeline.run.after_restore import holds_unread, read_held
from integrations.pipeline.run.crew import Crew, Member
from integrations.pipeline.run.kamino_turns import (
    RECONCILE,
    REGISTERS,
    SIMULATED,
    read_kamino_registers,
    reconcile_one,
    seek_persons,
)
from integrations.pipeline.run.progress import Progress, next_due, progress
from integrations.pipeline.to_bling import drain as to_bling
from integrations.pipeline.to_bling.ready import writings_due

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
DRAIN_SLICE = timedelta(seconds=15)
REVIEW_EVERY = timedelta(seconds=20)
"""How long reviews wait for an idle moment. After that a process makes them beside other work: what a title's state
says of a discrepancy is a minute old at most, however much there is to do."""
NAP = 0.5
"""Seconds between two looks for due work: what a person asked for begins within a second."""


def _drain(turn: Turn) -> bool:
    deadline = min(turn.deadline, turn.clock() + DRAIN_SLICE)
    drained = drain(clock=turn.clock, deadline=deadline, tenant_ids=turn.tenant_ids)
    return drained.worked > 0 or not drained.is_empty


def _drain_for_people(turn: Turn) -> bool:
    return drain(clock=turn.clock, deadline=turn.deadline, for_people=True).worked > 0


def _kind(rhythm: Rhythm, step: Callable[[Turn], bool], is_attended: Callable[[], bool] = lambda: False) -> Kind:
    """Return the kind of work that a rhythm finds. `step` works for the companies of its turn."""
    return Kind(str(rhythm.kind), rhythm.due, rhythm.woken(step), is_attended)


def _plan(turn: Turn, *, for_people: bool = False) -> bool:
    return plan_turn(clock=turn.clock, deadline=turn.deadline, tenant_ids=turn.tenant_ids, for_people=for_people)


def _sweep(turn: Turn) -> bool:
    """Make units of killed workers visible; what follows from that is the work."""
    now = turn.clock()
    return sweep(now=now) + to_bling.sweep(now=now) > 0


def _review(turn: Turn) -> bool:
    for kamino in kaminos_to_review(turn.clock(), turn.tenant_ids):
        _guarded("review", lambda kamino=kamino: review_changed(kamino, now=turn.clock()))  # type: ignore[misc]
        if turn.clock() >= turn.deadline:
            break
    return False  # nothing follows from it


def _mail(turn: Turn) -> bool:
    is_mine = alerts.mail_in_time(now=turn.clock())
    if is_mine:
        audit_heads.look(now=turn.clock())
    return is_mine


FIRST = (
    _kind(schedule.SCHEDULE, lambda turn: schedule.open_due_runs(now=turn.clock(), tenant_ids=turn.tenant_ids) > 0),
)  # fmt: skip
"""What a tick does once, before anything else."""
LETTERS = (
    Kind(
        str(alerts.WATCH.kind), alerts.WATCH.due,
        alerts.WATCH.by_looking(lambda tenants, now: alerts.review_alerts(now=now, tenant_ids=tenants)),
    ),
    Kind("mails", lambda now, _: [alerts.companies_to_mail_of(now)], _mail),
    Kind("digests", lambda now, _: [digest.companies_due(now)], lambda t: digest.send_digests(now=t.clock()) > 0),
)  # fmt: skip
"""What is told to people. Has a thread of its own: a mail server may take its time."""

REFRESHING = Rhythm(WakeUpKind.TOKENS, tokens_due, "connection__tenant", tokens.next_refreshes, rotates=False)
TOKENS = _kind(
    REFRESHING,
    lambda turn: tokens.refresh_line(clock=turn.clock, deadline=turn.deadline) > 0,
)
"""Has a thread of its own: a thousand companies wait an hour for their slots after an outage. It serves the whole line,
whichever company was found to be due: a person's company may be far behind by its age."""
SWEEP = Kind(
    "sweep", lambda now, _: [model.objects.expired(now) for model in (*DELIVERY_UNITS, *WRITE_UNITS)],
    _sweep,
)  # fmt: skip
REVIEW = _kind(REVIEW_RHYTHM, _review)
STAGES = (
    Kind(
        "asked", lambda now, tenants: [connections_asked(now, tenants)],
        lambda turn: read_asked(turn.clock, turn.deadline, turn.tenant_ids),
    ),
    Kind(
        "restored", lambda _, tenants: [holds_unread(tenants)],
        lambda turn: read_held(now=turn.clock(), tenant_ids=turn.tenant_ids),
    ),
    Kind(
        "checks", checks_due,
        lambda turn: read_before_settling(turn.clock, turn.deadline, turn.tenant_ids),
    ),
    _kind(REGISTERS, lambda turn: read_kamino_registers(turn.clock, turn.tenant_ids)),
    Kind(
        "pull", lambda now, tenants: [runs_due(now, tenants)],
        lambda turn: advance_a_run(turn.clock, turn.deadline, turn.tenant_ids),
    ),
    _kind(PLAN, _plan),
    _kind(RECONCILE, lambda turn: reconcile_one(turn.clock, turn.deadline, turn.tenant_ids)),
    _kind(SIMULATED, lambda turn: seek_persons(turn.clock, turn.deadline, turn.tenant_ids)),
    Kind(str(DELIVER.kind), DELIVER.due, _drain, is_waiting),
)  # fmt: skip
"""What a turn gives one step each, in the order in which one leads to the next."""
WRITES = Kind(
    "writes", lambda now, tenants: [writings_due(now, tenants)],
    lambda turn: to_bling.drain(clock=turn.clock, deadline=turn.deadline, tenant_ids=turn.tenant_ids).worked > 0,
)  # fmt: skip
"""What people entered for Bling. Has a thread of its own: a spreadsheet takes minutes."""
TURN = (SWEEP, *STAGES, WRITES, REVIEW)

SEAL = Kind("seals", lambda _now, _tenants: [pending()], lambda turn: seal(now=turn.clock()))
"""Chains what people did: within a minute, whatever else there is to do."""
GUARD = _kind(double_payments.GUARD, lambda turn: double_payments.guard_one(turn.clock, turn.tenant_ids))
PEOPLE = (
    Kind("mappings", lambda now, _: [changes_due(now)], lambda turn: advance_changes(clock=turn.clock)),
    Kind(
        "people.asked", lambda now, _: [connections_asked(now, None)],
        lambda turn: read_asked(turn.clock, turn.deadline, None),
    ),
    Kind(
        "people.checks", lambda now, _: [checks_of_people(now)],
        lambda turn: read_before_settling(turn.clock, turn.deadline, None, for_people=True),
    ),
    _kind(PEOPLE_PLAN, lambda turn: _plan(turn, for_people=True)),
    Kind(str(PEOPLE_DELIVER.kind), PEOPLE_DELIVER.due, _drain_for_people),
    Kind("bulk", lambda _now, _: [orders_due()], lambda turn: advance_orders(clock=turn.clock)),
)  # fmt: skip
"""What people wait for: changes of the De/Para, and reading, checking payments, planning and sending what they asked
for."""
KINDS = (*FIRST, TOKENS, *TURN, SEAL, GUARD, *PEOPLE, *LETTERS)
RHYTHMS = (
    schedule.SCHEDULE, REFRESHING, REGISTERS, PLAN, PEOPLE_PLAN, RECONCILE, SIMULATED, DELIVER, PEOPLE_DELIVER,
    double_payments.GUARD, REVIEW_RHYTHM, alerts.WATCH,
)  # fmt: skip
"""What finds the work of companies; each kind of wake-up has one."""


def run_tick(
    *, clock: Clock, deadline: datetime, beat: Callable[[], None] = lambda: None, also: tuple[Kind, ...] = ()
) -> bool:
    """Open what the schedule asks for, then work until `deadline` or until nothing is due; `beat` shows life. `also` is
    work of layers above. Returns whether something may be left to do.

    Several threads take turns, each as a worker of its own would. One more serves only people, so that a person who
    presses a button never waits for a slice of a backlog, one refreshes tokens, and one tells people what happened.
    """
    turn = Turn(clock, deadline)
    found = _due(FIRST, turn)
    for kind in FIRST:
        if kind.name in found:
            while _guarded(kind.name, lambda kind=kind: kind.step(turn)) and clock() < deadline:  # type: ignore[misc]
                pass  # a thousand companies may be due at once
    beat()
    work = (SEAL, SWEEP, *STAGES, GUARD, *also, REVIEW)
    reviews = Pace(REVIEW_EVERY, turn.clock())
    members = [
        Member(names_of(work), lambda first=first: _guarded("turn", lambda: _give_turns(work, turn, first, reviews)))  # type: ignore[misc]
        for first in range(settings.TICK_THREADS)
    ]
    members += [
        Member(names_of(kinds), lambda name=name, kinds=kinds: _guarded(name, lambda: _give_turns(kinds, turn)))  # type: ignore[misc]
        for name, kinds in (("people", PEOPLE), ("writes", (WRITES,)), ("tokens", (TOKENS,)), ("letters", LETTERS))
    ]
    everything = (TOKENS, *work, WRITES, *PEOPLE, *LETTERS)

    def look() -> frozenset[str]:
        return _due(everything, turn) - {kind.name for kind in everything if kind.is_attended()}

    Crew(members, look, clock=clock, deadline=deadline, nap=NAP).work(beat)
    return clock() >= deadline


def _due(kinds: tuple[Kind, ...], turn: Turn) -> frozenset[str]:
    """Return the names of those kinds that are due: all of them when the question fails, so that none is lost."""
    try:
        return due(kinds, turn.clock(), turn.tenant_ids)
    except Exception:
        log.exception("gate crashed")
        return names_of(kinds)


def _guarded(stage: str, work: Callable[[], object]) -> bool:
    """Run one stage; a bug in it is logged, and the other stages and companies go on."""
    try:
        return bool(work())
    except Exception:
        log.exception("stage crashed", stage=stage)
        return False


class Pace:
    """When something is done next that otherwise waits for an idle moment. Shared by the threads of one tick."""

    def __init__(self, every: timedelta, now: datetime) -> None:
        self._every = every
        self._next = now + every
        self._lock = threading.Lock()

    def take(self, now: datetime) -> bool:
        """Say whether its moment has come; true for one thread only."""
        with self._lock:
            has_come = now >= self._next
            if has_come:
                self._next = now + self._every
        return has_come


def _give_turns(kinds: tuple[Kind, ...], turn: Turn, first: int = 0, reviews: Pace | None = None) -> bool:
    """Give each due kind one step, the stages beginning with the one at `first`; false when nothing was done. What is
    due is asked again after each step that did something. Reviews are made when nothing else was, or at their pace."""
    first %= len(STAGES)
    rotated = iter([*STAGES[first:], *STAGES[:first]])
    found: frozenset[str] | None = None
    worked = False
    for kind in [next(rotated) if kind in STAGES else kind for kind in kinds]:
        if kind is REVIEW and worked and not (reviews and reviews.take(turn.clock())):
            break
        if found is None:
            found = _due(kinds, turn)
        if kind.name not in found:
            continue
        end = turn.clock() + timedelta(seconds=settings.RUN_SLICE_SECONDS) if kind in STAGES else turn.deadline
        mine = replace(turn, deadline=min(turn.deadline, end))
        if _guarded(kind.name, lambda kind=kind, mine=mine: kind.step(mine)):  # type: ignore[misc]
            worked, found = True, None
    return worked


def work_once(*, clock: Clock, deadline: datetime, tenant_ids: Sequence[int] | None = None, first: int = 0) -> bool:
    """Give each stage that is due one turn, beginning with the one at `first`; false when nothing was due."""
    tenants = None if tenant_ids is None else tuple(tenant_ids)
    return _give_turns(TURN, Turn(clock, deadline, tenants), first)


def serve_people(*, clock: Clock, deadline: datetime) -> bool:
    """Work off changes of the De/Para, read, plan and send what people asked for, and nothing else; false when nothing
    was asked."""
    return _give_turns(PEOPLE, Turn(clock, deadline))


def work_until_idle(
    *, clock: Clock, tenant_ids: Sequence[int] | None, report: Callable[[Progress], None] | None = None
) -> None:
    """Work in this process until nothing more is due for these tenants; short retries are waited for."""
    while True:
        if report is not None:
            report(progress(tenant_ids, now=clock()))
        if work_once(clock=clock, deadline=clock() + timedelta(minutes=5), tenant_ids=tenant_ids):
            continue
        at = next_due(tenant_ids, now=clock())
        if at is None:
            return
        time.sleep(max(0.05, min((at - clock()).total_seconds(), 1.0)))
