"""Runs and readings that meet something that Bling cannot show: the rest goes on."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.bling.client import BlingClient
from integrations.models import BlingConnection, SyncRun, Title
from integrations.pipeline.access import tokens
from integrations.pipeline.desk import commands
from integrations.pipeline.run import tick
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company


def test_what_people_ask_for_is_read_once_by_whichever_thread(
    company: Company, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    titles = [company.add_title("payable") for _ in range(10)]
    company.sync()
    read: list[str] = []
    send = BlingClient._send
    monkeypatch.setattr(
        BlingClient, "_send", lambda self, wanted, access: read.append(wanted.path) or send(self, wanted, access)
    )
    world.faults.add(Fault("bling", kind="slow", path="/contas/pagar/", seconds=0.2, times=1000))
    user = User.objects.create_user("maria")
    commands.request_resync(titles=Title.objects.filter(bling_id__in=titles), user=user, now=timezone.now())
    tick.run_tick(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=60))
    assert len([path for path in read if path.startswith("/contas/pagar/")]) == len(titles)


def one_run(company: Company) -> SyncRun:
    """Work on one run as often as it may be tried, without waiting for the pauses between."""
    commands.request_sync(connections=[company.connection], user=None, now=timezone.now())
    for _ in range(14):
        company.forget_waits()
        tick.work_once(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=20))
    return SyncRun.objects.latest("pk")


def test_a_bordero_that_bling_cannot_show_stops_only_its_title(company: Company, world: World) -> None:
    stuck, paid = (company.add_title("payable") for _ in range(2))
    company.sync()
    bordero = company.bling.pay(stuck, account=company.bank)
    company.bling.pay(paid, account=company.bank)
    world.faults.add(Fault("bling", kind="500", path=f"/borderos/{bordero}", times=10_000))
    last = one_run(company)
    assert last.state == SyncRun.State.DONE
    assert {note["bling_id"] for note in last.failure_notes} == {stuck}
    assert company.in_kamino("payable", paid)["Situacao"] == 2
    assert company.title(stuck).status == "open"
    world.faults.clear()
    company.sync()
    assert company.in_kamino("payable", stuck)["Situacao"] == 2


def test_a_contact_that_bling_cannot_show_stops_only_its_titles(company: Company, world: World) -> None:
    known, unknown = (company.bling.add_contact(name="Fornecedor Exemplo", document="", kind="J") for _ in range(2))
    company.add_title("payable", contact=known)
    company.sync()
    company.bling.edit_contact(known, name="Outro nome")
    stuck, other = company.add_title("payable", contact=unknown), company.add_title("payable")
    for contact in (known, unknown):
        world.faults.add(Fault("bling", kind="500", path=f"/contatos/{contact}", times=10_000))
    last = one_run(company)
    assert last.state == SyncRun.State.DONE
    assert {note["bling_id"] for note in last.failure_notes} == {known, unknown}
    assert company.problems(stuck) == ["person_unread"]
    assert company.in_kamino("payable", other) is not None


def test_a_second_connection_to_a_mirrored_company_is_held(company: Company) -> None:
    title = company.add_title("payable", value="100.00")
    company.sync()
    BlingConnection.objects.update(status="never")
    second = BlingConnection.objects.create(
        tenant=company.tenant, label="De novo", client_id=company.bling.client_id,
        client_secret=company.bling.client_secret, code_prefix="2-",
    )  # fmt: skip
    pair = company.bling.issue_tokens()
    tokens.store_tokens(second, company.token_pair(pair), now=timezone.now())
    commands.request_sync(connections=[second], user=None, now=timezone.now())
    company.work()
    second.refresh_from_db()
    assert second.status == "held"
    assert len(company.kamino.titles("payable")) == 1
    assert company.in_kamino("payable", title) is not None


def test_titles_that_always_fail_do_not_end_later_runs(company: Company, world: World) -> None:
    bad = [company.add_title("payable") for _ in range(4)]
    for title in bad:
        world.faults.add(Fault(side="bling", method="GET", path=f"/contas/pagar/{title}", kind="500", times=10_000))
    company.sync()
    good = company.add_title("payable")
    company.forget_waits()
    report = company.sync_and_report()
    assert company.in_kamino("payable", good) is not None
    assert report.is_synced


def test_a_listing_that_repeats_its_pages_ends_with_an_error(company: Company, world: World) -> None:
    for _ in range(101):
        company.add_title("payable")
    world.faults.add(Fault(side="bling", method="GET", path="/contas/pagar", kind="repeat_page", times=10_000))
    company.sync()
    row = SyncRun.objects.exclude(state=SyncRun.State.OPEN).get()
    assert (row.state, row.failure["kind"]) == ("failed", "internal")


def test_a_paused_connection_s_open_run_is_not_waited_for(company: Company) -> None:
    SyncRun.objects.create(
        connection=company.connection, due_at=timezone.now(), not_before=timezone.now() - timedelta(minutes=1)
    )
    BlingConnection.objects.update(status="paused")
    company.work()
