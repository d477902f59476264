"""A customer who is asked for access: their company, and their way through the link and Bling's consent page."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.models import BlingConnection, ConnectionEvent
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.company import authorization, bling_access
from tests.flows.helpers import Company

WRITE_SCOPES = ["98302", "98310"]


@dataclass
class Customer:
    """A company that reads by the platform's app, and whoever opens its link."""

    company: Company
    person: User
    reader: Any
    writer: Any

    @property
    def connection(self) -> BlingConnection:
        return self.company.connection

    def ask(self, access: str = "write", **own: str) -> None:
        own = {"client_id": "", "client_secret": "", **own}
        bling_access.ask(
            connection=self.connection, access=access, **own, reason="contrato", user=self.person, now=timezone.now()
        )

    def link(self) -> str:
        token = authorization.create_link(connection=self.connection, user=self.person, now=timezone.now())
        return reverse("connect-by-link", args=[token])

    def begin(self, browser: Client, shown: str = "write") -> str:
        """Press the link's button; returns Bling's consent page."""
        response = browser.post(self.link(), {"access": shown})
        assert response.status_code == 302, response.content.decode()
        return str(response["Location"])

    def consent(self, page: str, answer: str = "approve", **query: str) -> str:
        """Answer Bling's consent page; returns the callback."""
        response = requests.get(page, params={"auto": answer, **query}, allow_redirects=False, timeout=10)
        where = urlsplit(response.headers["Location"])
        return f"{where.path}?{where.query}"

    def authorize(self, answer: str = "approve", shown: str = "write", **query: str) -> str:
        """Go the whole way in one browser; returns the last page."""
        browser = Client()
        return browser.get(self.consent(self.begin(browser, shown), answer, **query)).content.decode()

    def events(self) -> list[str]:
        return list(ConnectionEvent.objects.order_by("pk").values_list("code", flat=True))

    def reads(self) -> None:
        """Read a new title, after a renewal of the token: nothing of the authorization was lost."""
        self.company.bling.expire_access_tokens()
        title = self.company.add_title("payable")
        self.company.sync()
        assert self.company.in_kamino("payable", title) is not None
        assert self.connection.status == ConnectionStatus.CONNECTED
