"""One HTTP server for both services, the human page and the control API; usable as its own process or a thread."""

from __future__ import annotations

import contextlib
import io
import socket
from functools import cache
from threading import Lock, Thread
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, request
from werkzeug.local import LocalProxy
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox import control, page
from sandbox.bling import api as bling_api
from sandbox.bling import consent
from sandbox.gate import CUT, HALF
from sandbox.kamino import api as kamino_api
from sandbox.wire import money

if TYPE_CHECKING:
    from sandbox.world import World


WORLD = "sandbox.world"
"""The key of the world that a request is about, in its environment."""


@cache
def build_app() -> Flask:
    """Return the WSGI application over the world of each request: one for all servers of a process, since its routes
    cost more than most of what is asked of one server in a test."""
    world = cast("World", LocalProxy(lambda: request.environ[WORLD]))
    app = Flask("sandbox")
    app.config["TRAP_HTTP_EXCEPTIONS"] = False
    app.jinja_env.filters["money"] = lambda value: f"{money(value):.2f}"
    app.jinja_env.filters["reais"] = page.reais
    app.jinja_env.filters["dia"] = page.brazilian_day
    consent.mount(app, world)
    bling_api.mount(app, world)
    kamino_api.mount(app, world)
    control.mount(app, world)
    page.mount(app, world)
    return app


class Connections:
    """The open client connections of a server, so that stopping it ends them too."""

    def __init__(self) -> None:
        self._open: set[socket.socket] = set()
        self._lock = Lock()

    def add(self, connection: socket.socket) -> None:
        """Remember a connection."""
        with self._lock:
            self._open.add(connection)

    def remove(self, connection: socket.socket) -> None:
        """Forget a connection that ended."""
        with self._lock:
            self._open.discard(connection)

    def close_all(self) -> None:
        """End every connection: kept-alive ones would go on talking to a world that has been stopped."""
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class Handler(WSGIRequestHandler):
    """HTTP/1.1 with keep-alive, which werkzeug's own handler refuses, and answers that faults may spoil.

    The body is read before the application runs, so the next request on the connection starts where it should.
    """

    protocol_version = "HTTP/1.1"
    # Head and body leave in one write; without Nagle no answer waits for the client's acknowledgement.
    disable_nagle_algorithm = True

    def setup(self) -> None:
        """Note the connection."""
        super().setup()
        self._connections().add(self.connection)

    def finish(self) -> None:
        """Forget the connection."""
        self._connections().remove(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def _connections(self) -> Connections:
        found: Connections = self.server.connections  # type: ignore[attr-defined]
        return found

    def run_wsgi(self) -> None:
        """Answer one request."""
        environ = self.make_environ()
        length = int(self.headers.get("Content-Length") or 0)
        environ[WORLD] = self.server.world  # type: ignore[attr-defined]
        environ["wsgi.input"] = io.BytesIO(self.rfile.read(length) if length else b"")
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Any:
            started[:] = [status, headers]
            return started.append

        answer = self.server.app(environ, start_response)
        body = b"".join(answer)
        if environ.get(CUT):
            self._cut()
        else:
            self._send(started[0], started[1], body, half=bool(environ.get(HALF)))

    def _send(self, status: str, headers: list[tuple[str, str]], body: bytes, *, half: bool) -> None:
        """Write the answer at once; `half` announces all of it, sends half, and closes."""
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        if int(code) != 204:
            self.send_header("Content-Length", str(len(body)))
        if self.command == "HEAD":
            body = b""
        if half:
            body = body[: len(body) // 2]
        head = getattr(self, "_headers_buffer", [])
        head.append(b"\r\n" + body)
        self.flush_headers()
        if half:
            self._cut()

    def _cut(self) -> None:
        """Close the connection under the client."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Stay quiet."""


def bling_addresses(bling_url: str) -> dict[str, str]:
    """Return the settings that lead the service to the sandbox's Bling instead of the real one."""
    return {
        "BLING_API_URL": bling_url,
        "BLING_AUTHORIZE_URL": f"{bling_url}/oauth/authorize",
        "BLING_TOKEN_URL": f"{bling_url}/oauth/token",
        "BLING_REVOKE_URL": f"{bling_url}/oauth/revoke",
    }


class SandboxServer:
    """A world behind a port. `port=0` takes a free one; raises OSError when the port is in use."""

    def __init__(self, world: World, port: int = 0, host: str = "127.0.0.1") -> None:
        self.world = world
        self._socket = socket.create_server((host, port), backlog=256)
        self._server: BaseWSGIServer = make_server(
            host,
            self._socket.getsockname()[1],
            build_app(),
            threaded=True,
            request_handler=Handler,
            fd=self._socket.fileno(),
        )
        self._server.connections = Connections()  # type: ignore[attr-defined]
        self._server.world = world  # type: ignore[attr-defined]
        self.port = self._socket.getsockname()[1]
        self.url = f"http://{host}:{self.port}"
        world.base_url = self.url
        self._thread: Thread | None = None

    @property
    def bling_url(self) -> str:
        """Return the base of Bling's API."""
        return f"{self.url}{bling_api.PREFIX}"

    @property
    def kamino_url(self) -> str:
        """Return what a Kamino connection calls its base; the API is below /api."""
        return f"{self.url}/kamino"

    def start(self) -> SandboxServer:
        """Serve in a thread."""
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), name="sandbox", daemon=True)
        self._thread.start()
        return self

    def serve_forever(self) -> None:
        """Serve in this thread until interrupted."""
        self._server.serve_forever()

    def stop(self) -> None:
        """Stop serving and close every connection."""
        if self._thread:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.connections.close_all()  # type: ignore[attr-defined]
        self._server.server_close()
        self._socket.close()

    def __enter__(self) -> SandboxServer:
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()
