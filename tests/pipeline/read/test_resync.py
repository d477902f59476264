"""What a person resyncs is read with all that hangs on it: contact, sales order and invoice as they are now."""

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from integrations.domain.reasons import Problem
from integrations.domain.titles import SalesOrderFacts
from integrations.models import CatalogItem, Discrepancy, Person, PersonPosting, SalesOrder, SyncRun, Title, TitleRead
from integrations.pipeline.access.clients import open_bling
from integrations.pipeline.desk import commands
from integrations.pipeline.read import fetch, mirror
from integrations.pipeline.read.steps.registers import ReadRegisters
from integrations.pipeline.read.steps.work import Work
from integrations.words.reasons import sentence
from sandbox.world import World
from tests.flows.helpers import Company
from tests.pipeline.plan.test_rules import UNIT, Shop
from tests.pipeline.read.test_gone import answer
from tests.pipeline.read.test_one_odd_thing import FORBIDDEN

CONTACT_CALL = "GET /contatos/{id}"


@pytest.fixture
def shop(company: Company) -> Shop:
    """A shop of whose sales the business unit counts."""
    shop = Shop(company)
    shop.map("business_unit", shop.unit, business_unit=UNIT)
    return shop


def failure_of(company: Company, title: int) -> Any:
    return TitleRead.objects.get(title=company.title(title)).failure


@pytest.mark.parametrize("direction", ["payable", "receivable"])
def test_an_edited_contact_is_seen(company: Company, user: User, direction: str) -> None:
    contact = company.bling.add_contact(name="Nome velho", document="11.222.333/0001-81", kind="J")
    titles = [company.add_title(direction, contact=contact) for _ in range(2)]
    company.sync()
    company.bling.edit_contact(contact, name="Nome novo", fantasia="Novo", email="novo@example.com")
    before = company.bling.calls[CONTACT_CALL]
    company.resync(titles[0], user)
    person = Person.objects.get()
    assert (person.name, person.trade_name) == ("Nome novo", "Novo")
    assert PersonPosting.objects.get().get_desired().email == person.email
    assert [row["Nome"] for row in company.kamino.persons.values()] == ["Nome novo"]
    assert company.bling.calls[CONTACT_CALL] == before + 1


def test_many_titles_of_one_contact_cost_one_request(
    company: Company, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "FIRST_CHUNK", 2)
    contact = company.bling.add_contact(name="Fornecedor", document="", kind="J")
    for _ in range(5):
        company.add_title("payable", contact=contact)
    company.sync()
    before = company.bling.calls[CONTACT_CALL]
    commands.request_resync(titles=Title.objects.all(), user=user, now=timezone.now())
    company.work()
    assert not TitleRead.objects.filter(asked_at__isnull=False).exists()
    assert company.bling.calls[CONTACT_CALL] == before + 1


def test_an_edited_sales_order_is_seen_for_all_its_titles(shop: Shop, user: User) -> None:
    title = shop.sell()
    sale = shop.company.bling.titles[title].origin
    other = shop.company.add_title("receivable", origin=sale)
    shop.company.sync()
    assert [shop.unit_in_kamino(each) for each in (title, other)] == [UNIT, UNIT]
    shop.company.bling.sales[sale["id"]].unit = 0
    before = shop.orders_read()
    shop.company.resync(title, user)
    assert SalesOrder.objects.get().unit_id == 0
    assert [shop.unit_in_kamino(each) for each in (title, other)] == [None, None]
    assert shop.orders_read() == before + 1


def test_a_sales_order_that_bling_deleted_says_what_it_said(shop: Shop, user: User) -> None:
    title = shop.sell()
    shop.company.sync()
    shop.company.bling.sales.clear()
    shop.company.resync(title, user)
    assert SalesOrder.objects.get().unit_id == shop.unit
    assert shop.unit_in_kamino(title) == UNIT
    assert failure_of(shop.company, title) is None


def test_a_changed_invoice_is_seen(company: Company, user: User) -> None:
    origin = {"id": 5, "tipoOrigem": "notaFiscal", "numero": "5", "situacao": 6}
    title = company.add_title("receivable", origin=origin)
    company.sync()
    company.bling.edit_title(title, origin={**origin, "situacao": 3})
    company.resync(title, user)
    assert company.title(title).invoice_status == "cancelled"
    assert Discrepancy.objects.filter(kind="invoice_cancelled", closed_at=None).count() == 1


def refuse_contact(shop: Shop, world: World, title: int) -> None:
    answer(world, f"/contatos/{shop.company.bling.titles[title].contact}", 403, FORBIDDEN)


def refuse_order(shop: Shop, world: World, title: int) -> None:
    answer(world, f"/pedidos/vendas/{shop.company.bling.titles[title].origin['id']}", 500, {})


def refuse_orders(shop: Shop, _world: World, _title: int) -> None:
    shop.company.bling.missing_scopes.add("pedidos-vendas")


@pytest.mark.some(3)
@pytest.mark.parametrize(
    ("refuse", "word"),
    [(refuse_contact, "Contato"), (refuse_order, "Pedido de"), (refuse_orders, "Pedido de")],
)
def test_what_could_not_be_read_again_is_said(
    shop: Shop, world: World, user: User, refuse: Callable[[Shop, World, int], None], word: str
) -> None:
    title = shop.sell()
    shop.company.sync()
    shop.company.bling.edit_title(title, value="77.00")
    refuse(shop, world, title)
    shop.company.resync(title, user)
    assert shop.company.title(title).value == 77
    assert word in sentence(Problem.from_json(failure_of(shop.company, title)))
    world.faults.clear()
    shop.company.bling.missing_scopes.clear()
    shop.company.resync(title, user)
    assert failure_of(shop.company, title) is None


def test_what_nobody_asked_for_costs_no_more_requests(shop: Shop) -> None:
    """The engine asks for titles by itself."""
    title = shop.sell()
    shop.company.sync()
    before = shop.company.bling.calls[CONTACT_CALL], shop.orders_read()
    TitleRead.objects.update(asked_at=timezone.now())
    shop.company.work()
    assert not TitleRead.objects.filter(asked_at__isnull=False).exists()
    assert (shop.company.bling.calls[CONTACT_CALL], shop.orders_read()) == before
    assert failure_of(shop.company, title) is None


def test_a_contact_read_before_it_was_read_unchanged_is_older(company: Company) -> None:
    company.add_title("payable")
    company.sync()
    person, now = Person.objects.get(), timezone.now()
    same = person.to_facts()
    other = replace(same, name="Por um momento")
    with transaction.atomic():
        for facts, read_at in ((same, now), (other, now - timedelta(seconds=1))):
            assert mirror.save_persons(company.connection, [(facts, read_at)], now=now) == {same.bling_id: person.pk}
    person.refresh_from_db()
    assert (person.to_facts(), person.read_at) == (same, now)
    with transaction.atomic():
        mirror.save_persons(company.connection, [(other, now + timedelta(seconds=1))], now=now)
    assert Person.objects.get().name == "Por um momento"


def test_a_sales_order_read_before_another_reading_is_older(company: Company) -> None:
    now = timezone.now()
    newest = SalesOrderFacts(7, 1, 2)
    for facts, seconds in ((newest, 0), (newest, 20), (SalesOrderFacts(7, 3, 4), 10)):
        read_at = now + timedelta(seconds=seconds)
        with transaction.atomic():
            mirror.save_orders(company.connection, [(facts, read_at)], now=now)
    order = SalesOrder.objects.get()
    assert (asdict(order.to_facts()), order.read_at) == (asdict(newest), now + timedelta(seconds=20))


def test_registers_of_a_run_that_was_taken_over_are_not_stored(company: Company) -> None:
    company.add_title("payable")
    company.sync()
    commands.request_sync(connections=[company.connection], user=None, now=timezone.now())
    run = SyncRun.objects.latest("pk")
    work = Work(run, open_bling(run.connection, clock=timezone.now), clock=timezone.now, deadline=timezone.now())
    step = ReadRegisters(work)
    older = step.fetch([run.connection])
    company.bling.edit_category(company.category, name="Nome novo")
    newer = step.fetch([run.connection])
    with transaction.atomic():
        mirror.save_registers(run.connection, newer, now=timezone.now())
    SyncRun.objects.filter(pk=run.pk).update(fence=run.fence + 1)
    with pytest.raises(mirror.LostLeaseError):
        step.save([run.connection], older)
    assert CatalogItem.objects.get(bling_id=company.category).name == "Nome novo"
