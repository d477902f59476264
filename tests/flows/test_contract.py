"""Whole runs and Bling's official contract: what is asked of Bling is in it, and odd pages cost what they show."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.models import CatalogItem, SyncRun, Title
from integrations.pipeline.company.probes import probe_bling
from integrations.pipeline.desk import live_search
from sandbox.faults import Fault
from sandbox.server import SandboxServer
from sandbox.world import World
from tests.contract import contract, faults_of, odd_pages
from tests.flows.helpers import Company, in_days
from tests.flows.systems import bill_sent, billed, served
from tests.pipeline.plan.test_rules import UNIT, Shop
from tests.pipeline.read.test_left_out import sync_through

__all__ = ["billed", "served"]
PAGES = 6
LISTS = (
    "/contas/pagar", "/contas/receber", "/contatos", "/contatos/tipos", "/categorias/receitas-despesas",
    "/contas-contabeis", "/formas-pagamentos", "/canais-venda",
)  # fmt: skip


@pytest.fixture
def asked(server: SandboxServer) -> list[tuple[str, list[tuple[str, str]]]]:
    """What the sandbox is asked of Bling's API: the path and the query of each request."""
    contract()
    found: list[tuple[str, list[tuple[str, str]]]] = []
    serve, base = server._server.app, urlsplit(server.bling_url).path

    def noting(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        path = environ["PATH_INFO"]
        if path.startswith(base) and "/oauth/" not in path:
            query = parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)
            found.append((path.removeprefix(base), query))
        return serve(environ, start_response)

    server._server.app = noting
    return found


def test_all_that_is_asked_of_bling_is_in_its_contract(
    company: Company, world: World, user: User, asked: list[tuple[str, list[tuple[str, str]]]]
) -> None:
    shop = Shop(company)
    sale = shop.sell()
    shop.map("sales_channel", shop.channel.id, business_unit=UNIT)
    paid, deleted = company.add_title("payable"), company.add_title("receivable")
    company.bling.pay(paid, account=company.bank)
    contact = company.bling.titles[paid].contact
    company.sync(full=True)
    company.bling.delete(deleted)
    company.bling.edit_contact(contact, email="novo@example.com")
    company.bling.edit_title(sale, due=in_days(world, 30))
    company.forget_registers()
    company.sync()
    company.sync(full=True)
    company.resync(paid, user)
    company.resync(sale, user)
    for wanted in (
        {"bling_id": paid}, {"value": company.title(paid).value}, {"person": "Fornecedor"},
        {"person": "11.222.333/0001-81"}, {"number": "1", "due_from": world.today, "due_to": in_days(world, 30)},
    ):  # fmt: skip
        search(company, **wanted)
    assert all(line.ok for line in probe_bling(company.connection, clock=timezone.now))
    found = sorted({fault for path, query in asked for fault in faults_of("GET", path, query)})
    assert found == []
    kinds = {"".join(part for part in path if not part.isdigit()) for path, _query in asked}
    assert len(kinds) == 16, kinds


def test_all_that_bills_ask_of_bling_is_in_its_contract(
    billed: Company, asked: list[tuple[str, list[tuple[str, str]]]]
) -> None:
    assert bill_sent(billed)["estado"] == bill_sent(billed, version=2, frete=9)["estado"] == "gravado"
    assert sorted({fault for path, query in asked for fault in faults_of("GET", path, query)}) == []
    names = {name for _path, query in asked for name, _value in query}
    assert {"codigos[]", "criterio", "idContato", "dataInicial"} <= names


def search(company: Company, **wanted: Any) -> live_search.Answer:
    return live_search.search(
        company.connection, live_search.Search(**wanted), visible=Title.objects.all(), hidden=frozenset(),
        clock=timezone.now,
    )  # fmt: skip


@pytest.mark.some(PAGES, drawn=PAGES)
@pytest.mark.parametrize("number", range(PAGES))
@pytest.mark.parametrize("path", LISTS)
def test_an_odd_page_costs_what_it_shows(
    new_company: Callable[..., Company], world: World, path: str, number: int
) -> None:
    contract()
    struck, other = new_company("azul"), new_company("verde")
    for company in (struck, other):
        company.sync()
    registers = CatalogItem.objects.filter(is_gone=False).count()
    struck.forget_registers()
    fresh = [
        (company, kind, company.add_title(kind)) for company in (struck, other) for kind in ("payable", "receivable")
    ]
    page = list(odd_pages(path, PAGES))[number]
    world.faults.add(Fault("bling", "answer", "GET", path, 10_000, account="azul", status=200, answer=json.dumps(page),
                           asks="" if path == "/contatos/tipos" else "pagina="))  # fmt: skip

    for company in (struck, other):
        sync_through(company)

    for company, kind, title in fresh:
        is_unread = company is struck and path == ("/contas/pagar" if kind == "payable" else "/contas/receber")
        assert is_unread or company.in_kamino(kind, title) is not None, (company.tenant.slug, kind)
    ended = SyncRun.objects.exclude(state=SyncRun.State.OPEN)
    assert ended.filter(connection=other.connection).latest("pk").state == SyncRun.State.DONE
    run = ended.filter(connection=struck.connection).latest("pk")
    named = [note for note in run.failure_notes if path in f"{note['operation']}{note.get('message', '')}"]
    assert named or run.failures == 0
    # Rows that can be read are all that there is; nobody knows what the others stand for.
    assert run.failures == 0 or CatalogItem.objects.filter(is_gone=False).count() >= registers
    if run.state == SyncRun.State.FAILED:
        assert path in run.failure["operation"]
        again = SyncRun.objects.get(connection=struck.connection, state=SyncRun.State.OPEN)
        assert again.due_at <= timezone.now() + timedelta(hours=1)

    world.faults.clear()
    struck.forget_registers()
    sync_through(struck)
    assert ended.filter(connection=struck.connection).latest("pk").state == SyncRun.State.DONE
    for company, kind, title in fresh:
        assert company.in_kamino(kind, title) is not None, (company.tenant.slug, kind)
