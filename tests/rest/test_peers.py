"""Answers that drip, and names that lead into our own network."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from django.utils.translation import override

from integrations.bling import auth
from integrations.pipeline.access.error_texts import error_text
from integrations.rest import session as rest
from integrations.rest.address import Address
from integrations.rest.errors import ConfigError, InternalError, TransientError, UncertainError
from integrations.rest.session import Patience, Session, send
from tests.addresses import local

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
DRIP = 0.05


class Server:
    """Listens on loopback, keeps what it receives and answers each connection by a function of its socket."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.received, self.closed = [], threading.Event()
        self.answer: Callable[[socket.socket], None] = lambda _peer: None
        threading.Thread(target=self._serve, daemon=True).start()

    def drip(self, *parts: bytes) -> None:
        """Answer with the last part again and again, until somebody hangs up."""

        def answer(peer: socket.socket) -> None:
            for part in parts[:-1]:
                peer.sendall(part)
            while not self.closed.wait(DRIP):
                peer.sendall(parts[-1])

        self.answer = answer

    def stop(self) -> None:
        self.closed.set()
        self._socket.close()

    def _serve(self) -> None:
        while not self.closed.is_set():
            try:
                peer, _address = self._socket.accept()
            except OSError:
                return
            with peer:
                self.received.append(peer.recv(65536))
                try:
                    self.answer(peer)
                except OSError:
                    continue  # it hung up


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


def ask(server: Server, *, is_write: bool = False) -> rest.Answer:
    address = local(server.url)
    return send(
        Session(address), "GET", f"{address}/x", service="test", operation="x", is_write=is_write,
        patience=Patience(10 * DRIP),
    )  # fmt: skip


DRIPS = {
    "headers": (HEAD, b"X: 1\r\n"),
    "status": (b"H",),
    "length": (HEAD + b"Content-Length: 100000\r\n\r\n", b" "),
    "until the end": (HEAD + b"\r\n", b" "),
    "chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
}


@pytest.mark.parametrize("what", DRIPS)
def test_an_answer_that_drips_ends_in_time(server: Server, what: str) -> None:
    server.drip(*DRIPS[what])
    with pytest.raises(TransientError):
        ask(server)
    with pytest.raises(UncertainError):
        ask(server, is_write=True)


def app(server: Server) -> auth.App:
    address = local(f"{server.url}/token")
    return auth.App("id", "secret", token_url=address, authorize_url=address, revoke_url=address)


@pytest.mark.parametrize("what", DRIPS)
def test_so_does_one_with_tokens(server: Server, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "READ_TIMEOUT", 10 * DRIP)
    server.drip(*DRIPS[what])
    with pytest.raises(UncertainError):
        auth.refresh(app(server), "r")


def test_an_answer_without_end_is_cut_also_one_with_tokens(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "MAX_ANSWER_BYTES", 100_000)
    server.answer = lambda peer: [peer.sendall(part) for part in (HEAD + b"\r\n", *([b" " * 65536] * 100))]  # type: ignore[assignment, return-value, func-returns-value]
    with pytest.raises(TransientError):
        ask(server)
    with pytest.raises(UncertainError):
        auth.refresh(app(server), "r")


def test_arrays_within_arrays_are_an_answer_that_cannot_be_read() -> None:
    with pytest.raises(InternalError) as caught:
        rest.Answer(200, {}, b"[" * 200_000, "x").json()
    assert caught.value.code == "not_json"


def test_a_name_that_leads_to_a_private_peer_gets_no_keys(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a name leads to is known only once connected: here it leads to this machine."""
    port = int(server.url.rpartition(":")[2])
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest: resolve("127.0.0.1", *rest))
    address = Address("http", "sol.kamino.tech", port, service="Kamino")
    with pytest.raises(ConfigError) as caught:
        send(
            Session(address), "GET", f"{address}/x", service="Kamino", operation="x", is_write=False,
            headers={"Hash": "segredo"},
        )  # fmt: skip
    assert (caught.value.code, caught.value.service) == ("private_host", "Kamino")
    with override("pt-br"):
        assert error_text(caught.value).startswith("O endereço da Kamino leva a uma rede privada")
    assert b"".join(server.received) == b""


def test_one_of_a_named_sandbox_does(server: Server) -> None:
    server.answer = lambda peer: peer.sendall(HEAD + b"Content-Length: 2\r\n\r\n{}")
    assert ask(server).json() == {}
