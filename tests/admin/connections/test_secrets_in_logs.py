"""No secret reaches a log, even at DEBUG, while a whole connection is made, used, refused, tested and ended."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.models import BlingConnection, BlingToken, KaminoConnection
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.company import authorization
from project.logs import logging_config
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company

CANARY = "canary7f3a9e"
KAMINO_KEYS = {"app": f"{CANARY}app", "usr": f"{CANARY}usr", "hash": f"{CANARY}hash"}


class Written(logging.Handler):
    """Keeps what was logged twice: as a plain handler prints it, and as our own formatter does."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__(logging.DEBUG)
        self.formatter = formatter
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += [str(record.msg), self.format(record)]


@pytest.fixture
def written(settings: Any) -> Iterator[Written]:
    """Listen to every logger at DEBUG, apart from those that the settings pin."""
    formatter = logging_config(level="DEBUG", json=True)["formatters"]["event"]
    made = {key: value for key, value in formatter.items() if key != "()"}
    handler = Written(formatter["()"](**made))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.setLevel(level)
    root.removeHandler(handler)


@pytest.fixture
def planted(company: Company, world: World, settings: Any) -> Company:
    """A company whose every credential carries the canary, on both sides, and which is not connected yet."""
    company.bling.client_secret = f"{CANARY}secret"
    for name, value in KAMINO_KEYS.items():
        setattr(company.kamino, name, value)
    text = world.grants._text
    world.grants._text = lambda length, *rest: CANARY + text(length - len(CANARY), *rest)  # type: ignore[method-assign]
    BlingToken.objects.all().delete()
    connection = company.connection
    connection.client_secret, connection.company_id = f"{CANARY}secret", ""
    connection.status = ConnectionStatus.NEVER
    connection.save()
    kamino = KaminoConnection.objects.get()
    for name, value in KAMINO_KEYS.items():
        setattr(kamino, name, value)
    kamino.save()
    return company


def go_through_bling(client: Client, start: str) -> Any:
    """Press a button that leads to Bling, consent there, and return the callback's page."""
    consent = client.post(start)["Location"]
    answer = requests.get(consent, params={"auto": "approve"}, allow_redirects=False, timeout=10)
    return client.get("/bling/callback?" + answer.headers["Location"].partition("?")[2])


def test_a_whole_life_of_a_connection_leaves_no_secret_in_the_logs(
    planted: Company, written: Written, world: World
) -> None:
    person = User.objects.create_superuser("root")
    now = timezone.now()
    token = authorization.create_link(connection=planted.connection, user=person, now=now)
    link = reverse("connect-by-link", args=[token])
    page = go_through_bling(Client(), link)
    assert 'data-outcome="connected"' in page.content.decode()
    assert CANARY in BlingToken.objects.get().access_token
    title = planted.add_title("payable")
    planted.work()
    assert planted.in_kamino("payable", title) is not None

    client = Client()
    client.force_login(person)
    connection, kamino = planted.connection, KaminoConnection.objects.get()
    pages = [
        reverse("admin:integrations_blingconnection_test", args=[connection.pk]),
        reverse("admin:integrations_kaminoconnection_test", args=[kamino.pk]),
    ]
    texts = [client.post(page).content.decode() for page in pages]
    world.grants.expire_access(planted.bling)
    for kind in ("500", "html", "cut_after"):
        world.faults.add(Fault(side="bling", method="GET", path="/contas/pagar", kind=kind))
    world.faults.add(Fault(side="kamino", method="POST", path="/api/pessoa/grava", kind="500"))
    planted.add_title("payable")
    planted.sync()
    world.grants.revoke_company(planted.bling)
    planted.sync()
    texts.append(go_through_bling(client, reverse("bling-connect", args=[connection.pk])).content.decode())
    BlingConnection.objects.update(client_secret=f"{CANARY}wrong")
    texts.append(go_through_bling(client, reverse("bling-connect", args=[connection.pk])).content.decode())
    KaminoConnection.objects.update(hash=f"{CANARY}wrong")
    planted.add_title("payable")
    planted.sync()
    texts.append(client.post(pages[1]).content.decode())
    Client(enforce_csrf_checks=True).post(link)
    client.post(reverse("admin:integrations_blingconnection_disconnect", args=[connection.pk]), {"confirmed": "yes"})

    assert len(written.lines) > 10
    for line in written.lines:
        assert CANARY not in line
    assert not [line for line in written.lines if line.startswith("{") and token in line]
    for text in texts:
        assert CANARY not in text
