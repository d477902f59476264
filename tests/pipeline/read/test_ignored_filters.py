"""A filter that Bling does not understand, and rows that nobody asked for: nothing is concluded from them."""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from integrations.bling import client as bling_client
from integrations.bling.client import BlingClient, Listing
from integrations.domain.titles import Direction, TitleStatus
from integrations.models import SyncRun, Tenant, Title
from integrations.pipeline.access.clients import open_bling
from integrations.pipeline.read.steps import listings
from integrations.rest.errors import FilterIgnoredError
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company, in_days, payables
from tests.pipeline.read.test_gone import NOTHING, OWN, answer, last
from tests.pipeline.read.test_one_odd_thing import noted, row

PATHS = {Direction.PAYABLE: "/contas/pagar", Direction.RECEIVABLE: "/contas/receber"}
CNPJ = "65.473.441/0001-56"


@pytest.fixture
def company(company: Company) -> Company:
    """A company that cancels in Kamino what Bling deleted."""
    Tenant.objects.update(cancel_deleted=True)
    return company


def ignore_filters(world: World, path: str) -> None:
    world.faults.add(Fault("bling", "ignore_filter", path=path, times=10_000))


def show_stray(world: World, path: str, shown: dict[str, Any], times: int = 10_000, asks: str = "") -> None:
    world.faults.add(Fault("bling", "stray_row", path=path, times=times, answer=json.dumps(shown), asks=asks))


def of_contact(company: Company, direction: Direction) -> Listing:
    contact = next(title.contact for title in company.bling.titles.values())
    return Listing(direction, "due", in_days(company.bling.world, -300), in_days(company.bling.world, 60), (), contact)


QUESTIONS: dict[str, Callable[[Company, Direction], Listing]] = {
    "due": lambda company, side: Listing(side, "due", *[in_days(company.bling.world, 10)] * 2),
    "status": lambda company, side: Listing(
        side, "due", in_days(company.bling.world, -300), in_days(company.bling.world, 60), (TitleStatus.SETTLED,)
    ),
    "contact": of_contact,
}


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize("question", list(QUESTIONS))
def test_each_list_of_titles_tells_that_it_ignores_its_filter(
    company: Company, world: World, question: str, direction: Direction
) -> None:
    titles = [company.add_title(direction.value, due=in_days(world, days)) for days in (10, 20, 30, 40)]
    company.bling.pay(titles[0], date=in_days(world, -3), account=company.bank)
    client = open_bling(company.connection, clock=timezone.now)
    listing = QUESTIONS[question](company, direction)
    assert [row.bling_id for page in client.title_pages(listing) for row in page] == titles[:1]
    ignore_filters(world, PATHS[direction])
    with pytest.raises(FilterIgnoredError) as caught:
        list(client.title_pages(listing))
    assert (caught.value.code, caught.value.operation) == ("filter_ignored", f"GET {PATHS[direction]}")


def by_document(client: BlingClient) -> list[Any]:
    return client.contacts_like(CNPJ)


def by_value(client: BlingClient) -> list[Any]:
    today = timezone.localdate()
    return client.cash_entries(today, today + timedelta(days=1), Decimal("-250.00"))


@pytest.mark.parametrize(("path", "ask"), [("/contatos", by_document), ("/caixas", by_value)])
def test_other_lists_tell_it_too(
    company: Company, world: World, path: str, ask: Callable[[BlingClient], list[Any]]
) -> None:
    company.bling.add_contact(name="Papelaria", document=CNPJ, kind="J")
    for value in ("250.00", "1.00", "2.00"):
        company.bling.add_contact(name="Outra", document="", kind="J")
        company.bling.add_contact(name="Mais uma", document="529.982.247-25", kind="F")
        company.bling.book_cash(value, "Tarifa", date=world.today)
    client = open_bling(company.connection, clock=timezone.now)
    assert len(ask(client)) == 1
    ignore_filters(world, path)
    with pytest.raises(FilterIgnoredError):
        ask(client)


@pytest.mark.parametrize(("direction", "is_full"), [("payable", False), ("receivable", False), ("receivable", True)])
@pytest.mark.some(3)
def test_a_run_fails_by_name_and_concludes_nothing(
    company: Company, world: World, direction: str, is_full: bool
) -> None:
    paid, gone, opened = (
        [company.add_title(direction, due=in_days(world, days)) for _ in range(count)]
        for days, count in ((-90, 4), (-20, 1), (10, 2))
    )
    for title in paid:
        company.bling.pay(title, date=in_days(world, -80), account=company.bank)
    company.sync()
    there = len(company.kamino.titles(direction))
    company.bling.delete(gone[0])
    ignore_filters(world, PATHS[Direction(direction)])
    for _ in range(3):
        company.sync(full=is_full)
        assert (last().state, last().failure["code"]) == (SyncRun.State.FAILED, "filter_ignored")
    assert {company.title(title).status for title in gone + opened} == {"open"}
    assert not Title.objects.exclude(missing_runs=0).exists()
    assert len(company.kamino.titles(direction)) == there
    world.faults.clear()
    company.sync(full=is_full)
    company.sync(full=is_full)
    assert last().state == SyncRun.State.DONE
    assert company.title(gone[0]).status == "deleted"
    assert company.in_kamino(direction, gone[0]) is None


def test_a_row_that_was_not_asked_for_brings_no_title(company: Company, world: World) -> None:
    titles = [company.add_title("receivable", due=in_days(world, days)) for days in (-200, -100, 10, 20, 400, 500)]
    company.sync()
    far = company.add_title("receivable", due=in_days(world, 900))  # no daily run asks for it
    show_stray(world, "/contas/receber", row(company, far), times=1, asks="tipoFiltroData=V")
    company.sync()
    assert (last().state, world.faults.armed) == (SyncRun.State.DONE, [])
    assert set(Title.objects.values_list("bling_id", flat=True)) == set(titles)


def test_a_title_that_only_such_a_row_shows_is_not_gone(company: Company, world: World) -> None:
    title, *_others = (company.add_title("payable") for _ in range(3))
    company.sync()
    answer(world, f"/contas/pagar/{title}", 404, OWN)
    shown = row(company, title, situacao=2)
    del company.bling.titles[title]  # only the stray row shows it
    company.bling.touch()
    for _ in range(2):
        show_stray(world, "/contas/pagar", shown, times=1, asks="situacao=1")
        company.sync()
        assert (last().state, noted()) == (SyncRun.State.DONE, {title})
    assert company.title(title).status == "open"
    assert payables(company) == 3


@pytest.mark.some(2)
@pytest.mark.parametrize("others", [0, 1])
def test_a_list_with_such_a_row_proves_no_title_gone(company: Company, world: World, others: int) -> None:
    """A detail that shows nothing is believed only with the list of its contact and due date."""
    contact = company.bling.add_contact(name="Fornecedor", document="", kind="J")
    title, *_others = (company.add_title("payable", contact=contact) for _ in range(1 + others))
    company.sync()
    stray = row(company, title, id=77, situacao=7, vencimento=str(in_days(world, 90)))
    company.bling.delete(title)
    answer(world, f"/contas/pagar/{title}", 200, NOTHING)
    show_stray(world, "/contas/pagar", stray)
    for _ in range(3):
        company.sync()
        assert last().state == SyncRun.State.DONE
    assert company.title(title).status == "open"
    world.faults.clear()
    answer(world, f"/contas/pagar/{title}", 200, NOTHING)
    company.sync()
    company.sync()
    assert company.title(title).status == "deleted"


def test_a_page_with_such_a_row_is_a_full_page(company: Company, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (bling_client, listings):
        monkeypatch.setattr(module, "PAGE_SIZE", 3)
    partial, *titles = (company.add_title("payable") for _ in range(6))
    company.bling.pay(partial, amount="40.00", account=company.bank)
    company.sync()
    changed = [(title, in_days(world, 40 + number)) for number, title in enumerate(titles)]
    for title, due in changed:
        company.bling.edit_title(title, due=due)
    new = company.add_title("payable", due=in_days(world, 60))
    show_stray(world, "/contas/pagar", row(company, partial))
    company.sync()
    assert last().state == SyncRun.State.DONE
    assert [(title, company.title(title).due_date) for title in titles] == changed
    assert company.in_kamino("payable", new) is not None
