"""A served world per test, and small clients for both sides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import jsonschema
import pytest
import requests

from sandbox.account import Account
from sandbox.server import SandboxServer
from sandbox.world import World
from tests.contract import answer_schema, contract

TODAY = date(2026, 11, 20)


class Side:
    """A session with a base address; counts nothing, retries nothing."""

    def __init__(self, base: str, headers: dict[str, str]) -> None:
        self.base = base
        self.session = requests.Session()
        self.session.headers.update(headers)

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.session.get(self.base + path, params=query, timeout=5)

    def post(self, path: str, body: Any = None) -> requests.Response:
        return self.session.post(self.base + path, json=body, timeout=5)

    def put(self, path: str, body: Any = None) -> requests.Response:
        return self.session.put(self.base + path, json=body, timeout=5)

    def delete(self, path: str) -> requests.Response:
        return self.session.delete(self.base + path, timeout=5)

    def data(self, path: str, **query: Any) -> Any:
        """Return the content of a Bling answer; list parameters are given without their brackets."""
        named = {f"{name}[]" if isinstance(value, list) else name: value for name, value in query.items()}
        answer = self.get(path, **named)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]


@pytest.fixture
def world() -> World:
    return World(today=TODAY, unlimited=True, receivable_list="")


@pytest.fixture
def account(world: World) -> Account:
    return world.add_account("azul")


@pytest.fixture
def server(world: World) -> Iterator[SandboxServer]:
    with SandboxServer(world) as running:
        yield running


@pytest.fixture
def connect() -> Iterator[Callable[[SandboxServer, Account], tuple[Side, Side]]]:
    opened: list[Side] = []

    def both(server: SandboxServer, account: Account) -> tuple[Side, Side]:
        token = account.bling.issue_tokens()["access_token"]
        sides = (
            Side(server.bling_url, {"Authorization": f"Bearer {token}"}),
            Side(f"{server.kamino_url}/api", account.kamino.headers()),
        )
        opened.extend(sides)
        return sides

    yield both
    for side in opened:
        side.session.close()


@pytest.fixture
def bling(server: SandboxServer, account: Account, connect: Any) -> Side:
    return connect(server, account)[0]


@pytest.fixture
def kamino(server: SandboxServer, account: Account, connect: Any) -> Side:
    return connect(server, account)[1]


@pytest.fixture
def contact(account: Account) -> int:
    return next(iter(account.bling.contacts))


@pytest.fixture
def conforms() -> Callable[[str, Any], None]:
    """Check an answer against the official contract; skips when BLING_OPENAPI names no copy of it."""
    components = contract()["components"]

    def check(path: str, body: Any) -> None:
        validator = jsonschema.Draft7Validator({"components": components, "allOf": [answer_schema(path)]})
        assert next(validator.iter_errors(body), None) is None

    return check
