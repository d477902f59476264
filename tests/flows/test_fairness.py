"""Who is served when: people before any backlog, and no company waits for more than a slice of another's."""

import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.domain.delivery import DeliveryState
from integrations.models import KaminoConnection, Posting, SyncRun, Title
from integrations.pipeline.desk.commands import request_resync, request_sync, tenant_changed
from integrations.pipeline.plan.planner import plan_turn
from integrations.pipeline.run import tick
from tests.flows.helpers import Company


def soon(seconds: float = 60) -> Any:
    return timezone.now() + timedelta(seconds=seconds)


def test_a_tick_serves_several_companies_until_nothing_is_due(new_company: Callable[..., Company]) -> None:
    companies = [new_company(slug) for slug in ("azul", "verde", "preto")]
    titles = [[company.add_title("payable") for _ in range(8)] for company in companies]
    beats: list[int] = []
    tick.run_tick(clock=timezone.now, deadline=soon(120), beat=lambda: beats.append(1))
    for company, ids in zip(companies, titles, strict=True):
        assert all(company.in_kamino("payable", bling_id) for bling_id in ids)
    assert beats
    assert not SyncRun.objects.filter(state=SyncRun.State.OPEN).exists()


def test_what_a_person_asked_for_is_sent_before_the_backlog(company: Company, django_user_model: Any) -> None:
    company.to_shadow()
    for _ in range(12):
        company.add_title("payable", due=company.bling.world.today)
    late = company.add_title("payable", due=company.bling.world.today + timedelta(days=300))
    company.sync()
    assert Posting.objects.filter(state=DeliveryState.READY).count() == 13
    company.go_live()
    user = django_user_model.objects.create_user("staff")
    request_resync(titles=Title.objects.filter(bling_id=late), user=user, now=timezone.now())
    tick.serve_people(clock=timezone.now, deadline=soon())
    assert company.in_kamino("payable", late) is not None
    first = min(company.kamino.titles("payable"), key=lambda row: row["ID"])
    assert first["ID"] == company.in_kamino("payable", late)["ID"]


def test_settled_history_is_sent_last(company: Company) -> None:
    company.to_shadow()
    today = company.bling.world.today
    settled = company.add_title("payable", due=today - timedelta(days=30))
    company.bling.pay(settled, date=today - timedelta(days=20), account=company.bank)
    opened = company.add_title("payable", due=today + timedelta(days=100))
    company.sync()
    company.go_live()
    company.work()
    assert company.in_kamino("payable", opened)["ID"] < company.in_kamino("payable", settled)["ID"]


def test_a_thread_for_people_does_nothing_else(company: Company) -> None:
    company.to_shadow()
    company.add_title("payable")
    company.sync()
    company.go_live()
    assert not tick.serve_people(clock=timezone.now, deadline=soon())
    assert company.kamino.titles("payable") == []


def test_a_big_first_load_delays_nobody_by_more_than_a_slice(
    new_company: Callable[..., Company], settings: Any
) -> None:
    settings.RUN_SLICE_SECONDS = 0.5
    big, small = new_company("grande", payables=600, receivables=600), new_company("pequena")
    bling_id = small.add_title("payable")
    for company in (big, small):
        request_sync(connections=[company.connection], user=None, now=timezone.now())
    for _ in range(30):  # how much fits into a slice depends on the machine; that the big one is not done does not
        tick.work_once(clock=timezone.now, deadline=soon())
        if small.in_kamino("payable", bling_id) is not None:
            break
    assert small.in_kamino("payable", bling_id) is not None
    assert big.connection.runs.get().state == SyncRun.State.OPEN


def test_planning_takes_a_batch_of_each_connection_in_turn(
    new_company: Callable[..., Company], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "integrations.pipeline.plan.planner.plan_batch.__kwdefaults__", {"for_people": False, "limit": 5}
    )
    first, second = new_company("azul"), new_company("verde")
    for company, count in ((first, 20), (second, 1)):
        for _ in range(count):
            company.add_title("payable")
        company.to_shadow()
        company.sync()
    tenant_changed(tenant_id=first.tenant.pk, now=timezone.now())
    tenant_changed(tenant_id=second.tenant.pk, now=timezone.now())
    plan_turn(clock=timezone.now, deadline=soon(), tenant_ids=None)
    assert not Title.objects.filter(connection=second.connection, plan_request__isnull=False).exists()
    assert Title.objects.filter(connection=first.connection, plan_request__isnull=False).count() == 15


def test_a_deadline_that_lets_one_batch_through_lets_another_connection_through_the_next_time(
    new_company: Callable[..., Company], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "integrations.pipeline.plan.planner.plan_batch.__kwdefaults__", {"for_people": False, "limit": 2}
    )
    companies = [new_company(slug) for slug in ("azul", "verde", "preto")]
    for company in companies:
        for _ in range(6):
            company.add_title("payable")
        company.to_shadow()
        company.sync()
        tenant_changed(tenant_id=company.tenant.pk, now=timezone.now())
    requested = Title.objects.filter(plan_request__isnull=False)
    for left in (4, 2, 0):
        for _ in companies:
            assert plan_turn(clock=timezone.now, deadline=soon(-1), tenant_ids=None)
        assert [requested.filter(connection=company.connection).count() for company in companies] == [left] * 3


def test_a_first_load_reads_what_is_due_soon_before_what_was_settled_long_ago(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.pipeline.read.fetch.FIRST_CHUNK", 1)
    monkeypatch.setattr("integrations.pipeline.read.fetch.LARGEST_CHUNK", 1)
    today = company.bling.world.today
    days = (-700, -300, 200, 2, -20, 60)
    by_due = {day: company.add_title("receivable", due=today + timedelta(days=day)) for day in days}
    for day in (-700, -300):
        company.bling.pay(by_due[day], account=company.bank)
    request_sync(connections=[company.connection], user=None, now=timezone.now())
    tick.work_once(clock=timezone.now, deadline=soon())
    order = list(Title.objects.order_by("pk").values_list("bling_id", flat=True))
    assert order == [by_due[day] for day in (2, -20, 60, 200, -300, -700)]


def test_a_company_that_was_paused_meanwhile_gets_nothing_more(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(6):
        company.add_title("payable")
    company.to_shadow()
    company.sync()
    company.go_live()
    module = sys.modules["integrations.pipeline.deliver.drain"]
    original, served = module.deliver_title, []

    def pausing(*args: Any, **options: Any) -> None:
        original(*args, **options)
        served.append(1)
        company.to_shadow()

    monkeypatch.setattr(module, "deliver_title", pausing)
    tick.work_once(clock=timezone.now, deadline=soon())
    assert len(served) == len(company.kamino.titles("payable")) == 1


def test_a_person_who_asks_before_the_first_comparison_does_not_stop_everything(company: Company) -> None:
    """The comparison made way for the person's title, which waited for the comparison: for ever, at full speed."""
    title = company.add_title("payable")
    company.sync()
    KaminoConnection.objects.update(reconciled_at=None)
    company.bling.edit_title(title, value="321.00")
    titles = company.connection.titles.all()
    request_resync(titles=titles, user=User.objects.create_user("equipe"), now=timezone.now())
    for _ in range(20):
        tick.work_once(clock=timezone.now, deadline=timezone.now() + tick.DRAIN_SLICE)
    assert company.in_kamino("payable", title)["ValorVencimento"] == 321
    assert company.posting(title).state == DeliveryState.DELIVERED
