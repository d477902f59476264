"""What django-q2 calls: one pipeline call each, with the clock and a deadline inside the queue's timeout."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from integrations.models import Heartbeat
from integrations.pipeline.access import journal
from integrations.pipeline.company import closing, retention
from integrations.pipeline.handover.due import Kind, Turn
from integrations.pipeline.read import schedule
from integrations.pipeline.run.tick import run_tick
from integrations.queue import enqueue_tick
from integrations.resources.exporting import advance_exports, exports_due

CALL_DEADLINE = 60
MARGIN = 10
EXPORT_STEP = 140
"""Seconds that writing the largest file may take: begun later, the queue could kill the deliveries of the same tick."""


def _export(turn: Turn) -> bool:
    latest = turn.deadline + timedelta(seconds=CALL_DEADLINE + MARGIN - EXPORT_STEP)
    return turn.clock() < latest and advance_exports(clock=turn.clock)


ALSO = (Kind("exports", lambda now, _tenants: [exports_due(now)], _export),)
"""What a tick does that the pipeline knows nothing of."""


def tick() -> None:
    """Work on whatever is due until shortly before the queue would kill this task."""
    timeout: int = settings.Q_CLUSTER["timeout"]  # type: ignore[assignment]
    seconds = timeout - CALL_DEADLINE - MARGIN
    deadline = timezone.now() + timedelta(seconds=seconds)
    if run_tick(clock=timezone.now, deadline=deadline, beat=_beat, also=ALSO):
        # The schedule's tick a minute alone would keep fewer than two workers busy, however many there are.
        enqueue_tick()


def _beat() -> None:
    """Show that this cluster lives (the supervisor gave it its name)."""
    now = timezone.now()
    Heartbeat.objects.update_or_create(
        name=settings.HEARTBEAT_NAME, defaults={"beat_at": now, "has_journal": journal.is_kept()}
    )


def open_runs() -> int:
    """Open the runs of the slot that has just come (each with its connection's delay)."""
    return schedule.open_due_runs(now=timezone.now())


def purge() -> None:
    """Delete what is only kept for a time: old bodies of attempts, snapshots, finished tasks, closed companies."""
    timeout: int = settings.Q_CLUSTER["timeout"]  # type: ignore[assignment]
    deadline = timezone.now() + timedelta(seconds=timeout / 2)
    retention.purge(now=timezone.now())
    closing.delete_closed(clock=timezone.now, deadline=deadline)
