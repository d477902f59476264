"""What counts as a success of a write: over a real connection, whatever an answer says."""

import json
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.domain.desired import DesiredPayment, DesiredTitle, KaminoStatus
from integrations.domain.persons import DesiredPerson
from integrations.domain.titles import Direction
from integrations.kamino.client import KaminoClient, Keys
from integrations.rest import errors
from integrations.rest.limits import NoSlots
from tests.addresses import local
from tests.kamino.lists import LISTS

OURS = 100032
PAID = DesiredPayment(date(2026, 11, 20), Decimal("10.00"), "11004")


class _Server(ThreadingHTTPServer):
    """Answers every request with the same status and bytes."""

    daemon_threads = True
    status, answer = 200, b""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _reply(self) -> None:
        server = self.server
        assert isinstance(server, _Server)
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(server.status)
        body = b"" if server.status == 204 else server.answer
        if server.status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_DELETE = _reply

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def kamino() -> Iterator[_Server]:
    server = _Server(("127.0.0.1", 0), _Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def client_of(server: _Server) -> KaminoClient:
    return KaminoClient(
        address=local(f"http://127.0.0.1:{server.server_port}"), keys=Keys("a", "b", "c", "d", "e"), slots=NoSlots(),
        allow_unconfirmed=True, title_lists=LISTS,
    )  # fmt: skip


def title(direction: Direction, payment: DesiredPayment | None = None) -> DesiredTitle:
    return DesiredTitle(
        direction=direction, code="7", description="Teste [Bling 7]", document_number="1", due_date=date(2026, 11, 30),
        competence_date=date(2026, 11, 1), value=Decimal("10.00"), chart_account="30020", cost_center=None,
        business_unit=None, status=KaminoStatus.SETTLED if payment else KaminoStatus.PENDING, payment=payment,
    )  # fmt: skip


Write = Callable[[KaminoClient], int | None]
PERSON = DesiredPerson(code="1", name="Sol")
CREATIONS: dict[str, Write] = {
    "create": lambda client: client.save_title(title(Direction.PAYABLE), person_id=1),
    "create_receivable_paid": lambda client: client.save_title(title(Direction.RECEIVABLE, PAID), person_id=1),
    "create_person": lambda client: client.save_person(PERSON),
}
SAVES: dict[str, Write] = {
    "update": lambda client: client.save_title(title(Direction.RECEIVABLE), person_id=1, kamino_id=OURS),
    "settle": lambda client: client.save_title(title(Direction.PAYABLE, PAID), person_id=1, kamino_id=OURS),
    "update_person": lambda client: client.save_person(PERSON, kamino_id=OURS, current={}),
}
CANCELS: dict[str, Write] = {
    "cancel": lambda client: client.cancel_title(Direction.PAYABLE, OURS),
    "cancel_receivable": lambda client: client.cancel_title(Direction.RECEIVABLE, OURS),
}
WRITES = CREATIONS | SAVES | CANCELS

SUCCESS = {
    **dict.fromkeys(CREATIONS, ({"ID": 9}, {"Sucesso": True, "Objeto": {"ID": 9}}, {"ID": 0, "Objeto": {"ID": 9}})),
    **dict.fromkeys(SAVES, ({"ID": OURS}, {"Sucesso": True}, {"Sucesso": True, "Objeto": {"ID": OURS}})),
    **dict.fromkeys(CANCELS, ({"Sucesso": True, "Mensagem": None, "Objeto": None},)),
}
ODD: tuple[Any, ...] = (
    False, [], "erro", None, {}, 0, OURS, True, [{"ID": OURS}],
    {"Sucesso": "false", "Mensagem": "Periodo bloqueado"}, {"Sucesso": 0}, {"sucesso": False}, {"Sucesso": None},
    {"Sucesso": 1}, {"Sucesso": "true"}, {"sucesso": True}, {"Sucesso": 0, "ID": OURS}, {"SUCESSO": False, "ID": OURS},
    {"Message": "An error has occurred."}, {"Erro": "Lançamento bloqueado"}, {"Erro": "x", "ID": OURS},
    {"Sucesso": True, "Message": "An error has occurred."}, {"ID": "x"}, {"ID": -1}, {"ID": True}, {"ID": 1.5},
    {"ID": str(OURS)}, {"ID": 2**63}, {"ID": OURS, "Objeto": {"ID": OURS + 1}}, {"Objeto": OURS},
)  # fmt: skip


def outcome(server: _Server, write: str, body: Any, status: int = 200) -> int | None:
    server.status, server.answer = status, body if isinstance(body, bytes) else json.dumps(body).encode()
    return WRITES[write](client_of(server))


@pytest.mark.parametrize("write", WRITES)
def test_a_success_is_recognised(kamino: _Server, write: str) -> None:
    expected = 9 if write in CREATIONS else OURS if write in SAVES else None
    assert [outcome(kamino, write, body) for body in SUCCESS[write]] == [expected] * len(SUCCESS[write])


@pytest.mark.parametrize("write", WRITES)
def test_what_is_no_success_that_we_know_is_uncertain(kamino: _Server, write: str) -> None:
    for body in (*ODD, b"", b" ", b"nada", b'{"Sucesso": tr'):
        with pytest.raises(errors.UncertainError):
            outcome(kamino, write, body)


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("status", [202, 204, 301, 303, 307, 418, 500])
def test_a_status_that_is_neither_success_nor_refusal_is_uncertain(kamino: _Server, write: str, status: int) -> None:
    with pytest.raises(errors.UncertainError):
        outcome(kamino, write, SUCCESS[write][0], status)


@pytest.mark.parametrize("write", WRITES)
def test_kamino_s_own_refusal_stays_one(kamino: _Server, write: str) -> None:
    with pytest.raises(errors.RejectedError, match="Período"):
        outcome(kamino, write, {"Sucesso": False, "Mensagem": "Período bloqueado", "Objeto": None})


@pytest.mark.parametrize("write", SAVES)
@pytest.mark.parametrize("body", [{"ID": 999}, {"Sucesso": True, "Objeto": {"ID": 999}}])
def test_another_id_than_was_sent_is_named(kamino: _Server, write: str, body: Any) -> None:
    with pytest.raises(errors.OtherObjectError) as caught:
        outcome(kamino, write, body)
    assert caught.value.remote_id == 999


_leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.sampled_from([OURS])
_names = st.sampled_from(["ID", "Sucesso", "sucesso", "Objeto", "Mensagem", "Message", "Erro"]) | st.text()
_bodies = st.recursive(_leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=4))


def says_so(write: str, body: Any) -> bool:
    """Say, in other words than the client's, whether a body may count as a success of a write at all."""
    if not isinstance(body, dict):
        return False
    inner = body.get("Objeto") if isinstance(body.get("Objeto"), dict) else {}
    ids = [value for value in (body.get("ID"), inner.get("ID")) if type(value) is int and value > 0]
    if write in CREATIONS:
        return bool(ids) and body.get("Sucesso", True) is True
    return body.get("Sucesso") is True or (write in SAVES and OURS in ids and "Sucesso" not in body)


@pytest.mark.some(3)
@pytest.mark.parametrize("write", WRITES)
@given(body=_bodies)
def test_nothing_else_is_ever_taken_for_a_success(kamino: _Server, write: str, body: Any) -> None:
    try:
        outcome(kamino, write, body)
    except errors.UncertainError:
        return
    except errors.RejectedError:
        is_right = body.get("Sucesso") is False
    else:
        is_right = says_so(write, body)
    assert is_right, body
