"""Connections that end in time, and that lead to no machine of our own network: an adapter for HTTP sessions."""

import io
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import HTTPResponse
from ipaddress import ip_address
from typing import Any, cast

import requests.adapters
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_ENDS: ContextVar[float | None] = ContextVar("ends", default=None)


class PrivatePeerError(Exception):
    """A connection led to a machine of our own network; nothing was sent."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let no answer that is read in this block take longer than `seconds`, however slowly it drips in: the library's
    own limit begins anew with each byte."""
    mark = _ENDS.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ENDS.reset(mark)


class _InTime(io.RawIOBase):
    """What a socket receives until a moment."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, ends: float) -> None:
        self._raw, self._sock, self._ends = raw, sock, ends

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("total time exceeded")
        limit = self._sock.gettimeout()
        self._sock.settimeout(left if limit is None else min(limit, left))
        return cast(int | None, self._raw.readinto(buffer))

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        ends = _ENDS.get()
        if ends is not None:
            raw = self.fp.detach()
            self.fp = io.BufferedReader(_InTime(raw, sock, ends))


def _refuse_private(sock: socket.socket | None) -> None:
    peer = str(sock.getpeername()[0]) if sock is not None else ""
    if not peer or not ip_address(peer.partition("%")[0]).is_global:
        raise PrivatePeerError(f"the host leads to a private address: {peer}")


class _Plain(HTTPConnection):
    response_class = _Answer


class _Secure(HTTPSConnection):
    response_class = _Answer


class _PublicPlain(_Plain):
    def connect(self) -> None:
        super().connect()
        _refuse_private(self.sock)


class _PublicSecure(_Secure):
    def connect(self) -> None:
        super().connect()
        _refuse_private(self.sock)


def _pools(plain: type[HTTPConnection], secure: type[HTTPSConnection]) -> dict[str, type[HTTPConnectionPool]]:
    return {
        "http": type("Pool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("Pool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
    }


_ANY, _PUBLIC = _pools(_Plain, _Secure), _pools(_PublicPlain, _PublicSecure)


class Adapter(requests.adapters.HTTPAdapter):
    """Connects; with `public_only` to no loopback, link-local or private peer, which is looked at once connected and
    before any header is sent: what a name leads to is only known then."""

    def __init__(self, *, public_only: bool) -> None:
        self._public_only = public_only
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _PUBLIC if self._public_only else _ANY
