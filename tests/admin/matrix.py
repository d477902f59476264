"""Every address of the site with every body that its pages send, for the rows of one company.

New addresses are in it by themselves: an argument that nobody told how to fill fails the test that asks for it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import URLResolver, get_resolver
from django.utils import timezone

from integrations.admin.kit.scope import TENANT_PATHS
from integrations.models import BlingConnection, BulkOrder, ConfidentialCategory, ConnectLink, Export, RateLimit
from tests.admin.cases import REASON, forced
from tests.admin.world import Rows
from tests.drawn import seeded

OUTSIDE = re.compile(
    r"^(conta/(?!sessoes)|conectar/|bling/callback|health/|api/v1/|i18n/|.*Api/v2/contapagar|admin/log(in|out)/|admin/password_change)"
)
"""One's own account, what is public, and what programs use with a key (`tests/api`): no person reaches a company so."""
_WRITES = re.compile(r'^\s*(INSERT INTO|UPDATE|DELETE FROM) "?(integrations|auth)_')


@dataclass(frozen=True)
class Ask:
    """One request, which a test can name."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.query or ''} {self.body.get('action', '')}".strip()


@dataclass(frozen=True)
class Answer:
    """What came of a request; `wrote` tells whether any row of ours was touched, `changed` whether one of a company."""

    status: int
    text: str
    wrote: bool
    changed: bool


def routes() -> list[str]:
    """Return every pattern of the site, from its root on."""
    return sorted(set(_walk(get_resolver(), "")))


def _walk(resolver: URLResolver, before: str) -> Iterator[str]:
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            yield from _walk(one, before + str(one.pattern))
        else:
            yield before + str(one.pattern)


def asks(rows: Rows, user: Any, *, queries: int = 0) -> Iterator[Ask]:
    """Return the requests for a company's rows: each address opened and sent to, and opened with so many of the
    `queries`, drawn by a seed, which make it a popup, filter, search and sort it by what is the company's."""
    target = _Target(rows, user)
    for route in routes():
        if OUTSIDE.match(route):
            continue
        for path in target.paths(route):
            yield Ask("GET", path)
            yield Ask("POST", path, body=target.body)
            if route.endswith("_changelist") or (route.count("/") == 3 and route.startswith("admin/")):
                yield from _of_list(path, target, queries)
            else:
                yield from _asked_for(path, target.queries[:2], queries)


def _asked_for(path: str, queries: list[dict[str, str]], most: int) -> Iterator[Ask]:
    yield from (Ask("GET", path, query) for query in seeded(path).sample(queries, min(most, len(queries))))


def _of_list(path: str, target: "_Target", queries: int) -> Iterator[Ask]:
    model = next((one for one in admin.site._registry if path.endswith(f"/{one._meta.model_name}/")), None)
    if model is None:
        return
    for name in admin.site._registry[model].get_actions(target.request):
        selected = {"action": name, "_selected_action": [str(target.key_of(model))], "select_across": "1"}
        yield Ask("POST", path, body={**target.body, **selected})
    yield from _asked_for(path, target.queries, queries)


class _Target:
    """The company that is asked about."""

    def __init__(self, rows: Rows, user: Any) -> None:
        self.rows, tenant = rows, rows.tenant
        self.request = RequestFactory().get("/admin/")
        self.request.user = user
        now = timezone.now()
        mark = ConfidentialCategory.objects.create(connection=rows.bling, item=rows.free_category)
        export = Export.objects.create(
            user=rows.forced.user, table="titulos", file_format="csv", created_at=now, packed_ids=b"", counted=0,
            fingerprint=tenant.slug, tenant_ids=[tenant.pk], finished_at=now,
        )  # fmt: skip
        limit = RateLimit.objects.create(key=f"kamino:{rows.kamino.cn}", next_at=now, total=1, day=now.date())
        link = ConnectLink.objects.filter(connection=rows.bling).first()
        found = [*rows.all(), mark, export, limit, rows.forced.user, *filter(None, [link])]
        self._keys: dict[type[Model], Any] = {type(row): row.pk for row in reversed(found)}
        self.body = {
            **REASON, **forced(rows), "tenant": str(tenant.pk), "connection": str(rows.bling.pk), "choice": "accept",
            "titulos": str(rows.title.pk), "find": f"category-{rows.category.bling_id}", "q": str(rows.title.bling_id),
            "file_format": "csv", "format": "0", "month": "11/2026", "name": "x", "post": "yes",
        }  # fmt: skip
        self.queries = [
            {"_popup": "1", "_to_field": "id"}, {"tenant": str(tenant.pk)}, {"q": str(rows.title.bling_id)}, {"o": "1"},
            {"tenant": str(tenant.pk), "o": "-2", "p": "1"}, {"find": f"category-{rows.category.bling_id}"},
            {"connection__tenant__id__exact": str(tenant.pk)}, {"titulos": str(rows.title.pk)}, {"month": "11/2026"},
        ]  # fmt: skip

    def key_of(self, model: type[Model]) -> Any:
        return self._keys.get(model, 1)

    def paths(self, route: str) -> Iterator[str]:
        """Return the addresses of a pattern. Raises `AssertionError` for an argument that is not known here."""
        plain = re.sub(r"\(\?P<(\w+)>[^()]*(\([^()]*\)[^()]*)*\)", r"<str:\1>", route)
        plain = (
            plain.replace("([^/]+)", "<object_id>", 1).replace("([^/]+)", "<version>").replace("^", "").replace("$", "")
        )
        names = [name.rpartition(":")[2] for name in re.findall(r"<([^>]+)>", plain)]
        found = [plain]
        for name in names:
            told = self._values(name, route)
            assert told, f"{route}: say in tests/admin/matrix.py what <{name}> may be"
            found = [re.sub(rf"<(\w+:)?{name}>", str(value), path, count=1) for path in found for value in told]
        yield from (f"/{path}" for path in found)

    def _values(self, name: str, route: str) -> list[Any]:
        model = next((one for one in admin.site._registry if f"/{one._meta.model_name}/" in route), None)
        if name in ("object_id", "id", "pk") and model is not None:
            return [self.key_of(model)]
        fixed: dict[str, list[Any]] = {
            "tenant_id": [self.rows.tenant.pk],
            "kind": list(BulkOrder.Kind.values),
            "file_format": ["xlsx", "csv"],
            "app_label": ["integrations", "auth"],
            "url": ["nothing"],
            "version": [1],
            "pk": [self.key_of(BlingConnection)],
            "content_type_id": [ContentType.objects.get_for_model(type(self.rows.title)).pk],
            "object_id": [self.rows.title.pk],
        }
        return fixed.get(name, [])


def answer(client: Client, ask: Ask, rows: Rows, before: dict[str, Any]) -> Answer:
    """Ask, and put back what it changed; a redirect within the site is followed. `before` is the rows' `signature`."""
    writes: list[str] = []

    def told(execute: Any, sql: str, *others: Any) -> Any:
        if _WRITES.match(sql):
            writes.append(sql)
        return execute(sql, *others)

    with transaction.atomic(), connection.execute_wrapper(told):
        kind = {"data": ask.query} if ask.method == "GET" else {"data": ask.body, "query_params": ask.query}
        response = getattr(client, ask.method.lower())(ask.path, **kind)
        if response.status_code == 302 and response["Location"].startswith("/"):
            response = client.get(response["Location"])
        text = response.getvalue().decode(errors="replace")
        changed = bool(writes) and signature(rows) != before
        transaction.set_rollback(True)
    return Answer(response.status_code, text, bool(writes), changed)


def signature(rows: Rows) -> dict[str, Any]:
    """Return all that is stored of a company, by table."""
    found: dict[str, Any] = {}
    for model, path in TENANT_PATHS.items():
        of_company = model._default_manager.filter(**{path: rows.tenant.pk}).order_by("pk")
        found[model.__name__] = [tuple(map(repr, values)) for values in of_company.values_list()]
    return found
