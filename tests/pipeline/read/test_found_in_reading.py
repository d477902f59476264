"""Defects in reading from Bling that a hostile review proved, each kept as a test so that it never comes back."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.bling.client import BlingClient
from integrations.models import SyncRun, Title
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
