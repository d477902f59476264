"""Fixtures shared by all tests: a sandbox over real HTTP, and a company that is connected to it."""

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

import hypothesis
import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import TransactionTestCase
from django.test import client as test_client
from django.utils import timezone, translation

from integrations.domain.calendar import day_of
from integrations.rest import retrying
from sandbox.server import SandboxServer, bling_addresses
from sandbox.world import World
from tests import cost
from tests.drawn import seeded
from tests.flows.helpers import Company, provision_company

WAITING = (
    "tests/test_two_clusters", "tests/browser/", "tests/management/test_supervise", "tests/pipeline/access/test_b",
    "tests/pipeline/access/test_refresh_p", "tests/sandbox/test_process", "tests/project/",
)  # fmt: skip
"""Tests that mostly wait for processes of their own."""

# A red run has to be red again. New examples are looked for by `make soak`; a slow machine is no failure.
_RULES: dict[str, Any] = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("same", derandomize=True, **_RULES)
hypothesis.settings.register_profile("search", max_examples=2000, print_blob=True, **_RULES)
hypothesis.settings.load_profile("same")

# The ORM leaves so much garbage that looking for it among thousands of collected tests was a tenth of the run.
GARBAGE = (20_000, 20, 100)

_store_everything = test_client.store_rendered_templates


def _store_the_page(store: dict[str, Any], signal: Any, sender: Any, template: Any, context: Any, **more: Any) -> None:
    """Keep what the page itself was given for `response.context`. Django copies the context of every template that a
    page includes, hundreds of them: three tenths of the time of a list."""
    if "context" not in store:
        _store_everything(store, signal, sender, template, context, **more)


test_client.store_rendered_templates = _store_the_page


def _keep_connections(_case: TransactionTestCase) -> bool:
    """Let the next test go on with the connections of the last one, where these are sound. PostgreSQL would prepare,
    plan and look up everything anew: a quarter of its time."""
    for connection in connections.all(initialized_only=True):
        connection.close_if_unusable_or_obsolete()
    return False


TransactionTestCase._should_reload_connections = _keep_connections  # type: ignore[attr-defined]


_begin: dict[str, float] = {}


def pytest_sessionstart(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):  # else one of several that this run has started
        _begin.update(wall=time.monotonic(), postgres=cost.postgres_seconds())


def pytest_terminal_summary(terminalreporter: Any) -> None:
    wall, postgres = time.monotonic() - _begin["wall"], cost.postgres_seconds() - _begin["postgres"]
    python = cost.python_seconds()
    terminalreporter.write_line(f"{wall:.0f} s; processor: {python:.0f} s of Python, {postgres:.0f} s of PostgreSQL")


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)


_cases: Counter[str] = Counter()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Leave all cases of a test but each nth to `make test-long`, where it is marked `some(n)`; with `some(n, drawn=m)`
    `make test-long` runs one of each m of them, and `make soak` the others."""
    mark, name = item.get_closest_marker("some"), item.nodeid.partition("[")[0]
    if mark and _cases[name] % mark.args[0]:
        of = mark.kwargs.get("drawn", 1)
        begin = _cases[name] // of * of
        others = [case for case in range(begin, begin + of) if case % mark.args[0]]
        is_drawn = seeded(name, begin).choice(others) == _cases[name]
        item.add_marker(pytest.mark.long if is_drawn else pytest.mark.soak)
    _cases[name] += 1


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the files of tests that wait among those that compute: on few cores side by side, they cost nothing. What
    pytest-django put before them keeps its place."""
    files = [list(group) for _path, group in groupby(items, key=lambda item: item.path)]
    waiting = [group for group in files if group[0].nodeid.startswith(WAITING)]
    first = files.index(waiting[0]) if waiting else 0
    rest = [group for group in files if group not in waiting]
    for number, group in enumerate(waiting):
        rest.insert(first + number * (len(files) - first) // (len(waiting) + 1), group)
    items[:] = [item for group in rest for item in group]


@pytest.fixture(autouse=True, scope="session")
def _no_waiting() -> Iterator[None]:
    """Let reads be tried again at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retrying, "FIRST_WAIT", 0.001)
        yield


@pytest.fixture(autouse=True)
def _own_language() -> Iterator[None]:
    """Let no test speak the language of the page that another one asked for last."""
    yield
    translation.deactivate()


@pytest.fixture
def world() -> World:
    """An empty, unlimited sandbox; each test adds the accounts it needs."""
    return World(today=day_of(timezone.now()), unlimited=True, receivable_list="")


@pytest.fixture
def server(world: World, settings: Any) -> Iterator[SandboxServer]:
    """Serve the sandbox and point the settings at it."""
    with SandboxServer(world) as server:
        settings.BLING_ADDRESSES = bling_addresses(server.bling_url)
        yield server


@pytest.fixture
def new_company(world: World, server: SandboxServer, transactional_db: None) -> Callable[..., Company]:
    """Return a function that makes a company in the sandbox and connects it."""

    def make(slug: str = "azul", **options: Any) -> Company:
        return provision_company(world, slug, **options)

    return make


@pytest.fixture
def company(new_company: Callable[..., Company]) -> Company:
    """A connected company with small registers and no titles."""
    return new_company()


@pytest.fixture
def contact(company: Company) -> int:
    return int(company.bling.add_contact(name="Fornecedor Exemplo", document="11.222.333/0001-81", kind="J"))


@pytest.fixture
def user(transactional_db: None) -> User:
    return User.objects.create_superuser("maria", password="x")


@pytest.fixture
def title(company: Company) -> int:
    title = company.add_title("payable", value="100.00")
    company.sync()
    return title
