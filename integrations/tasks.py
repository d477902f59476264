"""What django-q2 calls: one pipeline call each, with the clock and a deadline inside the queue's timeout."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.utils import timezone

from integrations.models import Heartbeat
from integrations.pipeline.access import clocks, journal, tokens
from integrations.pipeline.company import closing, retention
from integrations.pipeline.handover.due import Kind, Turn
from integrations.pipeline.read import schedule
from integrations.pipeline.run.tick import run_tick
from integrations.queue import enqueue_purge, enqueue_tick
from integrations.resources.exporting import advance_exports, exports_due

log = structlog.get_logger(__name__)

CALL_DEADLINE = 60
MARGIN = 10
EXPORT_STEP = 140
"""Seconds that writing the largest file may take: begun later, the queue could kill the deliveries of the same tick."""


def _export(turn: Turn) -> bool:
    latest = turn.deadline + timedelta(seconds=CALL_DEADLINE + MARGIN - EXPORT_STEP)
    return turn.clock() < latest and advance_exports(clock=turn.clock)


ALSO = (Kind("exports", lambda now, _tenants: [exports_due(now)], _export),)
"""What a tick does that the pipeline knows nothing of."""


def tick(clock: Callable[[], datetime] = timezone.now) -> None:
    """Work on whatever is due until shortly before the queue would kill this task. A host whose clock is wrong does
    nothing, and says so."""
    try:
        clocks.compare_with_database(clock())
    except clocks.WrongClockError as error:
        log.error("clock is wrong", error=str(error))
        _beat(clock_off_by=round(error.ahead.total_seconds()))
        return
    timeout: int = settings.Q_CLUSTER["timeout"]  # type: ignore[assignment]
    seconds = timeout - CALL_DEADLINE - MARGIN
    deadline = clock() + timedelta(seconds=seconds)
    if run_tick(clock=clock, deadline=deadline, beat=_beat, also=ALSO):
        # The schedule's tick a minute alone would keep fewer than two workers busy, however many there are.
        enqueue_tick()


def _beat(clock_off_by: int = 0) -> None:
    """Show that this cluster lives (the supervisor gave it its name), and by how many seconds its clock is wrong."""
    shown = {"beat_at": timezone.now(), "has_journal": journal.is_kept(), "clock_off_by": clock_off_by}
    Heartbeat.objects.update_or_create(name=settings.HEARTBEAT_NAME, defaults=shown)


def open_runs() -> int:
    """Open the runs of the slot that has just come (each with its connection's delay), also of connections whose app is
    known again since the last one."""
    tokens.find_apps_again(timezone.now())
    return schedule.open_due_runs(now=timezone.now())


def purge() -> None:
    """Delete what is only kept for a time, and closed companies; what is left is for the next task."""
    timeout: int = settings.Q_CLUSTER["timeout"]  # type: ignore[assignment]
    deadline = timezone.now() + timedelta(seconds=timeout / 2)
    is_done = retention.purge(now=timezone.now(), clock=timezone.now, deadline=deadline)
    closing.delete_closed(clock=timezone.now, deadline=deadline)
    if not is_done:
        enqueue_purge()
