"""Does the first run of every company of `scale`, whole, but without HTTP.

The product's own client, pull and mirror do all of it; only the session answers from a copy of the sandbox's world in
this process. The sync that follows over HTTP proves that it fits: it must find nothing to write.
"""

import io
import os
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import django
import requests
from werkzeug.datastructures import Headers, MultiDict
from werkzeug.routing import Map, Rule

from benchmarks.scale import make_world
from integrations.rest.address import Address
from integrations.rest.session import Session
from sandbox.account import Account
from sandbox.bling import registers, titles
from sandbox.wire import Call

HOST = "world"
ADDRESS = Address("http", HOST, 80, is_test=True)
FOREVER = datetime.max.replace(tzinfo=UTC)


def main() -> None:
    django.setup()
    for account in make_world(date.fromisoformat(os.environ["WORLD_TODAY"])).accounts.values():
        _first_run(account)


class WorldSession(Session):
    """Answers with what the sandbox's handlers return for one account, without a connection and without refusals."""

    def __init__(self, account: Account) -> None:
        super().__init__(ADDRESS)
        rules = [Rule(rule, endpoint=handler) for _scope, rule, handler in (*titles.ROUTES, *registers.ROUTES)]
        self._account = account.bling
        self._routes = Map(rules).bind(HOST)

    def request(self, method: str | bytes, url: str | bytes, *_args: Any, **options: Any) -> requests.Response:
        """Return an answer as if it had come over HTTP."""
        path, query = str(url).removeprefix(f"http://{HOST}"), MultiDict[str, str](_pairs(options.get("params")))
        handler, ids = self._routes.match(path)
        call = Call(str(method), path, route=path, query=query, headers=Headers(), body=b"", remote="")
        response = requests.Response()
        response.status_code = 200
        response.raw = io.BytesIO(handler(self._account, call, **ids).body())
        return response


def _pairs(params: Iterable[tuple[str, str]] | None) -> list[tuple[str, str]]:
    return list(params or ())


def _first_run(account: Account) -> None:
    from django.utils import timezone

    from integrations.bling.auth import KIND_OPAQUE
    from integrations.bling.client import Access, BlingClient
    from integrations.models import BlingConnection, SyncRun
    from integrations.pipeline.read.runner import work_on
    from integrations.rest.limits import NoSlots

    access = Access("", KIND_OPAQUE)
    client = BlingClient(
        address=ADDRESS, access=access, slots=NoSlots(), renew=lambda: access, session=WorldSession(account)
    )
    connection = BlingConnection.objects.select_related("tenant").get(tenant__slug=account.slug)
    now = timezone.now()
    run = SyncRun.objects.create(connection=connection, due_at=now, started_at=now, is_full=True)
    work_on(run, client, clock=timezone.now, deadline=FOREVER)


if __name__ == "__main__":
    main()
