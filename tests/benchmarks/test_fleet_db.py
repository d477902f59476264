"""A fleet on real rows, small: what a tick reads when nothing is due does not grow with what there is."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from benchmarks.fleet_rows import Fleet, fill
from benchmarks.plans import Plan, plans_of_all_threads
from integrations.models import Posting, SyncRun, Title, WakeUp
from integrations.pipeline.handover.due import due
from integrations.pipeline.run import tick
from tests.flows.helpers import Company

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


def test_companies_that_sync_read_what_is_theirs(new_company: Callable[..., Company]) -> None:
    companies = [new_company(f"viva-{number}") for number in range(2)]
    for company in companies:
        for direction in ("payable", "receivable", "payable", "receivable"):
            company.bling.pay(company.add_title(direction), account=company.bank)
            company.add_title(direction)
    fill(Fleet(1_000, 10, runs=3))
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {connection.settings_dict['NAME']} SET random_page_cost = 1.1")
    try:
        with plans_of_all_threads() as plans:
            come_to_rest()
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {connection.settings_dict['NAME']} RESET random_page_cost")
    assert Posting.objects.filter(state="delivered", kamino_connection__tenant__slug="viva-1").count() == 8
    # The audit record holds what other tests left: a few rows, which PostgreSQL reads rather than an index.
    others = [plan for plan in plans if "integrations_audit" not in plan.sql]
    assert [f"{plan.read} of {plan.out}: {plan.sql}" for plan in others if not plan.is_cheap] == []


def test_the_plans_show_what_a_statement_reads() -> None:
    """A fleet's history is read where a statement asks for it: what holds the rest can fail."""
    fill(Fleet(5, 100, runs=50))
    with plans_of_all_threads() as plans, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM integrations_syncrun WHERE titles_read = 1")
    assert [(plan.read, plan.out, plan.is_cheap) for plan in plans] == [(SyncRun.objects.count(), 0, False)]
