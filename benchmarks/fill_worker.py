"""Fills the mirror of every company of `scale` as a first run does, but without HTTP.

Each detail goes through the product's own client, translation and mirror; only the session answers from a copy of the
sandbox's world in this process. The sync that follows over HTTP proves that it fits: it must find nothing to write.
"""

import io
import os
from collections.abc import Callable
from datetime import date
from typing import Any

import django
import requests

from benchmarks.scale import make_world
from integrations.rest.session import Session
from sandbox.bling import wire_forms
from sandbox.wire import dump
from sandbox.world import Account

URL = "http://world"


def main() -> None:
    django.setup()
    for account in make_world(date.fromisoformat(os.environ["WORLD_TODAY"])).accounts.values():
        _fill(account)


class WorldSession(Session):
    """Answers GET of single titles, borderôs and contacts with what the sandbox would have sent."""

    def __init__(self, account: Account) -> None:
        super().__init__()
        bling = account.bling
        self._details: dict[str, Callable[[int], dict[str, Any]]] = {
            "contas/pagar": bling.title,
            "contas/receber": bling.title,
            "borderos": lambda id: wire_forms.bordero_detail(bling.borderos[id], paid_is_net=False),
            "contatos": lambda id: wire_forms.contact_detail(bling.contacts[id]),
        }

    def request(self, method: str | bytes, url: str | bytes, *_args: Any, **_options: Any) -> requests.Response:
        """Return an answer as if it had come over HTTP."""
        path, _slash, number = str(url).removeprefix(f"{URL}/").rpartition("/")
        response = requests.Response()
        response.status_code = 200
        response.raw = io.BytesIO(dump({"data": self._details[path](int(number))}))
        return response


def _fill(account: Account) -> None:
    """Mirror one company's titles, and note that as its first complete run."""
    from django.db import transaction
    from django.utils import timezone

    from integrations.bling.auth import KIND_OPAQUE
    from integrations.bling.client import Access, BlingClient
    from integrations.domain.titles import Direction
    from integrations.models import BlingConnection, SyncRun
    from integrations.pipeline import mirror, pull
    from integrations.rest.limits import NoSlots

    access = Access("", KIND_OPAQUE)
    client = BlingClient(
        base_url=URL, access=access, slots=NoSlots(), renew=lambda: access, session=WorldSession(account)
    )
    connection = BlingConnection.objects.select_related("tenant").get(tenant__slug=account.slug)
    now = timezone.now()
    run = SyncRun.objects.create(connection=connection, due_at=now, started_at=now, is_full=True)
    wanted = ((Direction(title.direction), title.id, "") for title in account.bling.titles.values())
    for chunk in pull.read_titles(client, connection, wanted, clock=timezone.now):
        with transaction.atomic():
            mirror.save_chunk(connection, chunk, now=timezone.now(), run=None)
    mirror.finish_run(run, now=timezone.now())


if __name__ == "__main__":
    main()
