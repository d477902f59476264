"""The client against a Bling made from the official contract: whatever lacks in an answer, it costs that row."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from integrations.bling.client import Access, BlingClient, Listing
from integrations.bling.rows import Rows
from integrations.domain.titles import Direction
from integrations.rest.errors import ApiError
from tests.addresses import local
from tests.bling.test_reading_ahead import CountedSlots
from tests.contract import NOTHING, Answers, answer_schema, contract, faults_of

ANSWERS = 200
ONE = 4711
BEGIN, END = date(2026, 1, 1), date(2026, 12, 31)
MOMENTS = datetime(2026, 1, 1), datetime(2026, 12, 31)
WHOLE = {"vencimento": "2026-06-15", "situacao": 1, "valor": 12.5, "data": "2026-06-15"}
"""What makes a row of some list one that was asked for."""

Call = Callable[[BlingClient], Any]
LISTS: dict[str, Call] = {
    "/contas/pagar": lambda client: next(client.title_pages(Listing(Direction.PAYABLE, "due", BEGIN, END))),
    "/contas/receber": lambda client: next(client.title_pages(Listing(Direction.RECEIVABLE, "due", BEGIN, END))),
    "/contatos": lambda client: client.changed_contacts(*MOMENTS),
    "/contatos/tipos": lambda client: client.contact_types(),
    "/categorias/receitas-despesas": lambda client: client.categories(),
    "/contas-contabeis": lambda client: client.accounts(),
    "/formas-pagamentos": lambda client: client.payment_forms(),
    "/canais-venda": lambda client: client.sales_channels(),
    "/caixas": lambda client: client.cash_entries(BEGIN, END, Decimal("12.50")),
}
DETAILS: dict[str, Call] = {
    "/contas/pagar/{idContaPagar}": lambda client: client.title(Direction.PAYABLE, ONE),
    "/contas/receber/{idContaReceber}": lambda client: client.title(Direction.RECEIVABLE, ONE),
    "/borderos/{idBordero}": lambda client: client.bordero(ONE),
    "/contatos/{idContato}": lambda client: client.contact(ONE),
    "/pedidos/vendas/{idPedidoVenda}": lambda client: client.order(ONE),
    "/canais-venda/{idCanalVenda}": lambda client: client.sales_channels(),
    "/empresas/me/dados-basicos": lambda client: client.company(),
}


class Bling:
    """A Bling that answers what it is told, by the beginning of the path, and notes what the contract says against the
    requests."""

    def __init__(self) -> None:
        self.bodies: dict[str, Any] = {}
        self.faults: list[str] = []
        bling = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # one write an answer: else each waits for an acknowledgement

            def do_GET(self) -> None:
                where = urlsplit(self.path)
                bling.faults += faults_of("GET", where.path, parse_qsl(where.query))
                body = json.dumps(bling.body_of(where.path)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.client = BlingClient(
            address=local(f"http://127.0.0.1:{self._server.server_port}"), access=Access("t", "opaque"),
            slots=CountedSlots(10**9), renew=lambda: Access("t", "opaque"),
        )  # fmt: skip

    def body_of(self, path: str) -> Any:
        return self.bodies[max((begin for begin in self.bodies if path.startswith(begin)), key=len)]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def bling() -> Iterator[Bling]:
    contract()
    bling = Bling()
    yield bling
    bling.close()


def outcome(bling: Bling, call: Call) -> Any:
    """Return what a call gives; any `ApiError` is an outcome, and nothing else is."""
    try:
        return call(bling.client)
    except ApiError as error:
        return error


@pytest.mark.parametrize("path", LISTS)
def test_a_row_that_lacks_anything_costs_that_row(bling: Bling, path: str) -> None:
    schema = answer_schema(path)["properties"]["data"]["items"]
    detail = Answers("detail").row(answer_schema("/canais-venda/{idCanalVenda}")["properties"]["data"], id=1)
    bling.bodies["/canais-venda/"] = {"data": detail}
    for number in range(ANSWERS):
        answers = Answers(f"{path} {number}")
        good, odd = answers.row(schema, id=1, **WHOLE), answers.odd_row(schema, number)
        bling.bodies[path] = {"data": [good, odd, good]}
        found = outcome(bling, LISTS[path])
        assert isinstance(found, Rows), (odd, found)
        assert found.size == 3, odd
        assert sum(row_id(row) == 1 for row in found) == 2, odd
    assert bling.faults == []


@pytest.mark.parametrize("path", DETAILS)
def test_a_detail_that_lacks_anything_is_read_or_refused(bling: Bling, path: str) -> None:
    schema = answer_schema(path)["properties"]["data"]
    bling.bodies["/canais-venda"] = {"data": [{"id": ONE, "descricao": "Loja"}]}
    read = 0
    for number in range(ANSWERS):
        odd = Answers(f"{path} {number}").odd_row(schema, number)
        if number >= ANSWERS / 2:
            odd["id"] = ONE  # else most would only be another one's
        bling.bodies[path.partition("{")[0]] = {"data": odd}
        found = outcome(bling, DETAILS[path])
        read += not isinstance(found, ApiError)
    assert read, "none could be read"
    assert bling.faults == []


@pytest.mark.parametrize("path", LISTS)
def test_a_list_without_its_content_is_a_named_error(bling: Bling, path: str) -> None:
    for body in ({}, {"data": None}, {"data": ""}, {"data": {}}, *NOTHING, [{}]):
        bling.bodies[path] = body
        found = outcome(bling, LISTS[path])
        assert isinstance(found, ApiError), body
        assert found.operation == f"GET {path}", body
    for rows in ([], [None], ["", 1, []]):
        bling.bodies[path] = {"data": rows}
        found = outcome(bling, LISTS[path])
        assert (list(found), len(found.odd)) == ([], len(rows))


@pytest.mark.parametrize("path", [path for path in DETAILS if not path.startswith("/canais-venda")])
def test_a_detail_without_its_content_is_a_named_error(bling: Bling, path: str) -> None:
    for body in ({}, *({"data": nothing} for nothing in NOTHING), *NOTHING, [{}], {"data": [None]}, {"data": [[]]}):
        bling.bodies[path.partition("{")[0]] = body
        found = outcome(bling, DETAILS[path])
        assert isinstance(found, ApiError), body
        assert f"GET {path.partition('{')[0]}" in str(found), body


def test_a_sales_channel_that_cannot_be_read_costs_that_channel(bling: Bling) -> None:
    bling.bodies["/canais-venda"] = {"data": [{"id": number, "descricao": "Loja"} for number in (1, 2, 3)]}
    for number in (1, 3):
        bling.bodies[f"/canais-venda/{number}"] = {"data": {"id": number, "descricao": "Loja", "filiais": None}}
    bling.bodies["/canais-venda/2"] = {"data": {"id": None}}
    found = bling.client.sales_channels()
    assert ([row.id for row in found], [odd.bling_id for odd in found.odd]) == ([1, 3], [2])


def row_id(row: Any) -> int:
    return int(getattr(row, "bling_id", 0) or getattr(row, "id", 0))
