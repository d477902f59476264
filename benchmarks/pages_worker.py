"""A worker that opens every page of the admin on a fleet's rows and prints what that took and read.

It opens each list as it opens, the long ones as people search and filter them, the first page, the health page, a
title's page, the position and the months; as somebody who sees every company and as a member of a few.
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import django

from benchmarks.measure import page_cost
from benchmarks.plans import EACH, FREE, plans_of_all_threads

ROUNDS = 5
MEMBERSHIPS = 3


@dataclass(frozen=True)
class Opened:
    """A page: the median of its server time, its queries, the rows that it read and that the worst of its statements
    read, and those statements that read more than they may for what the page shows."""

    name: str
    milliseconds: float
    queries: int
    read: int
    worst: int
    dear: list[str]


def main() -> None:
    django.setup()
    logging.disable(logging.WARNING)  # a member may not open every list, and Django says so
    print(json.dumps([asdict(page) for page in opened(ROUNDS)]), flush=True)


def opened(rounds: int, *, free: int = FREE) -> Iterator[Opened]:
    """Open every page so many times, and tell of each that may be opened what it cost. Raises `RuntimeError` for any
    other answer than the page. `free`: rows that a statement may read whatever the page shows."""
    from django.test import Client

    for user, suffix in _users():
        for name, url in _addresses().items():
            client = Client(headers={"host": "localhost"})
            client.force_login(user)
            if (status := client.get(url).status_code) == 403 and suffix:
                continue
            if status != 200:
                raise RuntimeError(f"{url} answered {status}")
            yield _cost(client, f"{name}{suffix}", url, rounds, free)


def _users() -> Iterator[tuple[Any, str]]:
    from django.contrib.auth.models import Group, User

    yield User.objects.create_superuser("chefe"), ""
    member = User.objects.create_user("equipe", is_staff=True)
    member.groups.set(Group.objects.filter(name__in=["Operação", "Financeiro"]))
    for tenant in _companies()[:MEMBERSHIPS]:
        tenant.members.add(member)
    yield member, ", a member"


def _companies() -> Any:
    from benchmarks.fleet_rows import FIRST
    from integrations.models import Tenant

    return Tenant.objects.filter(pk__gte=FIRST).order_by("pk")


def _addresses() -> dict[str, str]:
    from django.contrib import admin
    from django.urls import reverse

    from integrations.models import Title

    def listed(name: str) -> str:
        return reverse(f"admin:integrations_{name}_changelist")

    found = {"first page": reverse("admin:index")}
    for model in admin.site._registry:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        found[str(model._meta.model_name)] = reverse(f"admin:{name}_changelist")
    company = _companies()[0].pk
    title = Title.objects.filter(connection__tenant=company).latest("pk")
    for name in ("title", "posting", "discrepancy"):
        for what, term in {"name": "Fornecedor", "number": title.document_number, "id": title.bling_id}.items():
            found[f"{name}, searched by {what}"] = f"{listed(name)}?q={term}"
        found[f"{name} of a company"] = f"{listed(name)}?tenant={company}"
    found["title, of a month, by value"] = f"{listed('title')}?due_date_from=01/11/2026&due_date_to=30/11/2026&o=5"
    found["title, page 9"] = f"{listed('title')}?p=9"
    found["person, searched"] = f"{listed('person')}?q=Fornecedor"
    found["title page"] = reverse("admin:integrations_title_change", args=[title.pk])
    return found


def _cost(client: Any, name: str, url: str, rounds: int, free: int) -> Opened:
    milliseconds, queries = page_cost(client, url, rounds)
    with plans_of_all_threads() as plans:
        response = client.get(url)
    shown = len(found.result_list) if (found := (response.context or {}).get("cl")) else 0
    dear = [plan for plan in plans if plan.read > free + EACH * max(shown, plan.out)]
    return Opened(
        name, milliseconds, queries, sum(plan.read for plan in plans), max(plan.read for plan in plans),
        [f"{plan.read} for {shown}: {plan.sql}" for plan in dear],
    )  # fmt: skip


if __name__ == "__main__":
    main()
