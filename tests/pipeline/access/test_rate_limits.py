"""Slots, pauses and breakers: what the database promises to every worker on every host."""

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connections as databases
from django.db import transaction
from django.utils import timezone

from integrations.domain.calendar import BRASILIA
from integrations.models import BlingConnection, Breaker, RateLimit, SyncRun
from integrations.pipeline.access.rate_limits import DatabaseSlots, Fuse, bling_key, egress_key, key_of_connections
from integrations.pipeline.read import schedule
from integrations.pipeline.run import tick
from integrations.rest.errors import RateLimitedError, RejectedError, TransientError
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company

INTERVAL = timedelta(milliseconds=350)
LONG = timedelta(minutes=5)


@pytest.mark.django_db(transaction=True)
def test_slots_of_many_threads_are_never_closer_than_the_interval() -> None:
    def reserve() -> None:
        for _ in range(10):
            RateLimit.objects.reserve([("conta", INTERVAL)], longest=LONG)
        databases.close_all()

    RateLimit.objects.reserve([("conta", INTERVAL)], longest=LONG)
    start = RateLimit.objects.get(key="conta").next_at
    threads = [threading.Thread(target=reserve) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    row = RateLimit.objects.get(key="conta")
    assert (row.total, row.used_today) == (81, 81)
    assert row.next_at - start >= 80 * INTERVAL


@pytest.mark.django_db(transaction=True)
def test_a_slot_is_never_reserved_inside_a_transaction() -> None:
    with pytest.raises(RuntimeError, match="inside a transaction"), transaction.atomic():
        RateLimit.objects.reserve([("conta", INTERVAL)], longest=LONG)


@pytest.mark.django_db(transaction=True)
def test_a_pause_moves_the_next_slot() -> None:
    RateLimit.objects.push_back("conta", timedelta(seconds=50))
    assert (RateLimit.objects.reserve([("conta", INTERVAL)], longest=LONG) or [0])[0] > 45


@pytest.mark.django_db(transaction=True)
def test_who_gives_up_does_not_push_the_slot_further_away() -> None:
    RateLimit.objects.push_back("conta", timedelta(seconds=50))
    before = RateLimit.objects.get(key="conta").next_at
    both = [("endereco", INTERVAL), ("conta", INTERVAL)]
    assert RateLimit.objects.reserve(both, longest=timedelta(seconds=20)) is None
    assert RateLimit.objects.get(key="conta").next_at == before
    assert not RateLimit.objects.filter(key="endereco").exists()


@pytest.mark.django_db(transaction=True)
def test_one_call_waits_for_the_latest_of_its_slots() -> None:
    RateLimit.objects.push_back("endereco", timedelta(seconds=9))
    waits = RateLimit.objects.reserve([("conta", INTERVAL), ("endereco", INTERVAL)], longest=LONG, count=3)
    assert waits is not None
    assert [8 < wait - place * 0.35 <= 9 for place, wait in enumerate(waits)] == [True] * 3
    assert RateLimit.objects.get(key="conta").total == 3


@pytest.mark.long
def test_an_account_at_three_requests_a_second_is_never_refused(new_company: Any, world: World, settings: Any) -> None:
    settings.LIMITS = replace(settings.LIMITS, bling_interval_ms=350)
    company = new_company()
    world.unlimited = False
    for _ in range(3):
        company.add_title("payable")
    schedule.open_due_runs(now=timezone.now())
    tick.work_once(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=6), tenant_ids=[company.tenant.pk])
    times = sorted(company.bling.request_log)
    assert len(times) > 5
    assert max(sum(start <= moment < start + 1 for moment in times) for start in times) <= 3
    assert company.bling.refused[429] == 0


def test_a_spent_day_stops_the_account_until_after_midnight(company: Company, world: World) -> None:
    world.faults.add(Fault(side="bling", method="GET", path="/contas/pagar", kind="429_day", times=100))
    company.add_title("payable")
    schedule.open_due_runs(now=timezone.now())
    tick.work_once(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=30))
    row = SyncRun.objects.get()
    assert row.state == SyncRun.State.OPEN
    free_at = RateLimit.objects.get(key=bling_key(company.connection)).next_at.astimezone(BRASILIA)
    tomorrow = timezone.now().astimezone(BRASILIA).date() + timedelta(days=1)
    assert (free_at.date(), free_at.hour, free_at.minute) == (tomorrow, 0, 5)
    requests = company.bling.request_count
    SyncRun.objects.update(not_before=None)
    tick.work_once(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=30))
    assert company.bling.request_count == requests, "the account was called although its day is spent"


@pytest.mark.django_db(transaction=True)
def test_a_breaker_opens_on_a_burst_lets_one_probe_through_and_closes() -> None:
    now = timezone.now()
    for number in range(4):
        assert Breaker.objects.note_error("saida", now, most=5) is False, number
    assert Breaker.objects.note_error("saida", now, most=5) is True
    assert Breaker.objects.is_open("saida", now)
    later = now + timedelta(seconds=61)
    assert not Breaker.objects.is_open("saida", later), "the first one makes the probe"
    assert Breaker.objects.is_open("saida", later), "the others wait for its result"
    Breaker.objects.note_success("saida")
    assert not Breaker.objects.is_open("saida", later)


@pytest.mark.django_db(transaction=True)
def test_only_the_probe_s_own_answer_closes_a_breaker() -> None:
    now = [timezone.now()]
    fuse = Fuse("saida", 2, (TransientError,))

    def caller() -> DatabaseSlots:
        return DatabaseSlots(lambda: [("conta", timedelta(0))], clock=lambda: now[0], fuse=fuse)

    busy, slow, other = caller(), caller(), caller()
    slow.reserve(1)
    busy.reserve(1)
    for _ in range(2):
        busy.note(TransientError("x"))
    busy.note(None)
    slow.note(None)
    assert Breaker.objects.is_open("saida", now[0]), "these answers are older than the burst"
    now[0] += timedelta(seconds=61)
    slow.reserve(1)
    busy.note(None)
    with pytest.raises(RateLimitedError):
        other.reserve(1)
    slow.note(RejectedError("read, understood and refused"))
    other.reserve(1)


@pytest.mark.django_db(transaction=True)
def test_errors_spread_over_time_open_nothing() -> None:
    now = timezone.now()
    for number in range(50):
        assert not Breaker.objects.note_error("saida", now + timedelta(seconds=11 * number), most=2)


def test_a_burst_of_errors_stops_every_call_to_bling(company: Company, world: World, settings: Any) -> None:
    settings.LIMITS = replace(settings.LIMITS, bling_breaker_errors=5)
    world.faults.add(Fault(side="bling", method="GET", path="/", kind="500", times=1000))
    schedule.open_due_runs(now=timezone.now())
    for _ in range(3):
        SyncRun.objects.update(not_before=None)
        tick.work_once(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=60))
    assert company.bling.refused[500] + len(world.faults.fired) >= 5
    assert len(world.faults.fired) <= 6
    row = Breaker.objects.get(key=egress_key())
    assert row.open_until is not None
    assert row.open_until > timezone.now()


def test_days_are_counted_in_brasilia(company: Company) -> None:
    company.sync()
    row = RateLimit.objects.get(key=bling_key(company.connection))
    assert row.day == datetime.now(BRASILIA).date()
    assert row.used_today > 0


@pytest.mark.parametrize("company_id", ["", "a1b2c3"])
def test_the_key_of_an_account_is_the_same_in_a_query(company: Company, company_id: str) -> None:
    BlingConnection.objects.update(company_id=company_id)
    row = BlingConnection.objects.annotate(key=key_of_connections()).get()
    assert row.key == bling_key(row)
