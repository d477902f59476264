"""A fleet on real rows, small: what a tick reads when nothing is due does not grow with what there is."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from benchmarks.fleet_rows import Fleet, fill
from benchmarks.plans import Plan, plans_of_all_threads
from integrations.models import SyncRun, Title, WakeUp
from integrations.pipeline.handover.due import due
from integrations.pipeline.run import tick

MOST_READ = 240
"""A fifth of their wake-ups: of few rows PostgreSQL may rather read some than go through an index."""
pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True)]


def run_tick() -> None:
    tick.run_tick(clock=timezone.now, deadline=timezone.now() + timedelta(minutes=1))


def come_to_rest() -> None:
    """Let companies be looked at that are new; nothing is due for them."""
    for _ in range(20):
        run_tick()
        if not due(tick.KINDS, timezone.now()):
            return
    raise AssertionError(due(tick.KINDS, timezone.now()))


def plans_of_an_idle_tick() -> list[Plan]:
    run_tick()  # prepares the statements
    with plans_of_all_threads() as plans:
        run_tick()
    return plans


@pytest.mark.parametrize(("companies", "titles"), [(100, 100), (100, 1_000)])
def test_an_idle_tick_reads_next_to_nothing_whatever_there_is(companies: int, titles: int) -> None:
    fill(Fleet(companies, titles, runs=100))
    assert Title.objects.count() == (companies - 1) * titles + 1
    WakeUp.objects.filter(kind="alerts").update(due_at=timezone.now())
    come_to_rest()
    plans = plans_of_an_idle_tick()
    assert len(plans) == 2
    assert [plan.sql[:300] for plan in plans if plan.read > MOST_READ] == []


def test_the_plans_show_what_a_statement_reads() -> None:
    """A fleet's history is read where a statement asks for it: what holds the rest can fail."""
    fill(Fleet(5, 100, runs=50))
    with plans_of_all_threads() as plans, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM integrations_syncrun WHERE titles_read = 1")
    assert [(plan.read, plan.out, plan.is_cheap) for plan in plans] == [(SyncRun.objects.count(), 0, False)]
