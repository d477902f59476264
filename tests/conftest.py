"""Fixtures shared by all tests: a sandbox over real HTTP, and a company that is connected to it."""

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

import pytest
from django.utils import timezone

from integrations.domain.calendar import day_of
from sandbox.server import SandboxServer
from sandbox.world import World
from tests.flows.helpers import Company, provision_company

WAITING = (
    "tests/test_two_clusters", "tests/browser/", "tests/management/test_supervise", "tests/pipeline/access/test_b",
    "tests/pipeline/access/test_refresh_p", "tests/sandbox/test_process", "tests/project/",
)  # fmt: skip
"""Tests that mostly wait for processes of their own."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the files of tests that wait among those that compute: on few cores side by side, they cost nothing. What
    pytest-django put before them keeps its place: it needs what migrations wrote, which they delete."""
    files = [list(group) for _path, group in groupby(items, key=lambda item: item.path)]
    waiting = [group for group in files if group[0].nodeid.startswith(WAITING)]
    first = files.index(waiting[0]) if waiting else 0
    rest = [group for group in files if group not in waiting]
    for number, group in enumerate(waiting):
        rest.insert(first + number * (len(files) - first) // (len(waiting) + 1), group)
    items[:] = [item for group in rest for item in group]


@pytest.fixture
def world() -> World:
    """An empty, unlimited sandbox; each test adds the accounts it needs."""
    return World(today=day_of(timezone.now()), unlimited=True)


@pytest.fixture
def server(world: World, settings: Any) -> Iterator[SandboxServer]:
    """Serve the sandbox and point the settings at it."""
    with SandboxServer(world) as server:
        settings.BLING_API_URL = server.bling_url
        settings.BLING_TOKEN_URL = f"{server.bling_url}/oauth/token"
        settings.BLING_AUTHORIZE_URL = f"{server.bling_url}/oauth/authorize"
        settings.BLING_REVOKE_URL = f"{server.bling_url}/oauth/revoke"
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
