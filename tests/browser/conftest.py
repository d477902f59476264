"""A real Chromium in front of our live server, and the sandbox behind both.

`UPDATE_SCREENSHOTS=1` renews the pictures in docs/images.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from integrations.domain.calendar import day_of
from integrations.models import BlingConnection, BlingToken
from integrations.models.connections import ConnectionStatus
from sandbox.world import World
from tests.admin.world import make_user
from tests.flows.helpers import Company

CHROMIUM = Path("/usr/bin/chromium")
FIRST_PAGE = re.compile(r"^[^?]*/admin/$")  # the log-in's own address names it, too
POLICY = "Content Security Policy"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PICTURES = Path(__file__).resolve().parents[2] / "docs" / "images"
PASSWORD = "uma senha bem longa"
GROUPS = {"suporte": "Suporte", "financeiro": "Financeiro", "operacao": "Operação"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if not CHROMIUM.exists():
                item.add_marker(pytest.mark.skip(reason="chromium is not installed"))


@pytest.fixture
def world(live_server: Any, settings: Any) -> World:
    """A sandbox whose apps send browsers back to the live server."""
    settings.PUBLIC_URL = live_server.url
    settings.SUPPORT_EMAILS = ["suporte@example.com"]
    return World(today=day_of(timezone.now()), unlimited=True, redirect_uri=f"{live_server.url}/bling/callback")


@pytest.fixture(autouse=True)
def allow_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Playwright keeps an event loop in this thread; Django would refuse every query beside one."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture
def browser(allow_waiting: None, transactional_db: None) -> Iterator[Any]:
    """A Chromium of its own per test: its event loop must be gone before tests without a browser go on."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield chromium
        chromium.close()
        # Beside a running event loop Django keeps connections apart; nobody would ever close these.
        connections.close_all()


@pytest.fixture
def new_page(browser: Any, live_server: Any) -> Iterator[Callable[[], Any]]:
    """Return a function that opens a window with cookies of its own, as somebody in Brazil has it."""

    def make() -> Any:
        context = browser.new_context(
            base_url=live_server.url,
            locale="pt-BR",
            timezone_id="America/Sao_Paulo",
            viewport={"width": 1500, "height": 950},
            permissions=["clipboard-read", "clipboard-write"],
        )
        context.set_default_timeout(15_000)
        page = context.new_page()
        context.on("console", lambda message: refused.append(message.text) if POLICY in message.text else None)
        return page

    refused: list[str] = []
    yield make
    assert refused == [], "a page needs what its Content-Security-Policy refuses"


@pytest.fixture
def people(transactional_db: None) -> dict[str, User]:
    """One person per role."""
    made = {}
    for name, group in GROUPS.items():
        made[name] = make_user(name, group)
        made[name].set_password(PASSWORD)
        made[name].save()
    return made


@pytest.fixture
def log_in(new_page: Callable[[], Any], people: dict[str, User]) -> Callable[[str], Any]:
    """Return a function that logs a role in through the log-in page and returns the window."""

    def make(role: str) -> Any:
        page = new_page()
        give_password(page, role)
        page.wait_for_url(FIRST_PAGE)
        return page

    return make


def give_password(page: Any, role: str) -> None:
    """Fill in the log-in, by keyboard."""
    page.goto("/admin/")
    page.get_by_label("Nome de usuário").fill(role)
    page.get_by_label("Senha").fill(PASSWORD)
    page.keyboard.press("Enter")


@pytest.fixture
def unconnected(company: Company) -> Company:
    """A company whose Bling connection was set up and never authorized."""
    BlingToken.objects.all().delete()
    BlingConnection.objects.update(status=ConnectionStatus.NEVER, company_id="")
    return company


def picture(page: Any, name: str, **options: Any) -> None:
    """Save a picture for the documents, when asked to."""
    if os.environ.get("UPDATE_SCREENSHOTS") == "1":
        PICTURES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=PICTURES / name, animations="disabled", **options)
