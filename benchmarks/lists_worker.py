"""A worker that fills a company with titles and discrepancies, opens every list, or exports all titles.

`fill` makes the rows; `pages` prints, for each list page, the median of its server time in milliseconds and its
queries; `xlsx` and `csv` order the export of all titles and make it as the tick does, and print what that cost.
"""

import json
import logging
import sys
from array import array
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import django

from benchmarks.measure import page_cost, report_cost

TITLES, DISCREPANCIES, PERSONS, BATCH = 200_000, 20_000, 4_000, 5_000
CATEGORIES = 20
"""The last one is confidential: staff does not see its titles."""

ROUNDS = 7
SLUG = "listas"
STATES = ("delivered",) * 17 + ("held", "needs_human", "ready")


def main() -> None:
    django.setup()
    if sys.argv[1] == "fill":
        _fill()
    elif sys.argv[1] == "pages":
        print(json.dumps(dict(_pages())), flush=True)
    else:
        _export(sys.argv[1])


def _fill() -> None:
    from django.contrib.auth.models import Group, User
    from django.db import connection as database
    from django.utils import timezone

    from integrations.models import BlingConnection, CatalogItem, ConfidentialCategory, Person, PersonPosting

    User.objects.create_superuser("chefe")
    now, connection = timezone.now(), BlingConnection.objects.get(tenant__slug=SLUG)
    staff = User.objects.create_user("equipe", is_staff=True)
    staff.groups.set(Group.objects.filter(name="Operação"))
    connection.tenant.members.add(staff)
    categories = CatalogItem.objects.bulk_create(
        CatalogItem(
            connection=connection, kind="category", bling_id=number + 1, name=f"Categoria {number}", read_at=now
        )
        for number in range(CATEGORIES)
    )
    ConfidentialCategory.objects.create(connection=connection, item=categories[-1])
    company = connection.tenant.kamino_connection
    persons = Person.objects.bulk_create(
        Person(
            connection=connection, bling_id=number + 1, name=f"Fornecedor {number:05d} Ltda",
            document=f"{number:014d}", read_at=now,
        )
        for number in range(PERSONS)
    )  # fmt: skip
    PersonPosting.objects.bulk_create(
        PersonPosting(
            person=person, kamino_connection=company, state="delivered", ready_at=now, planned_at=now, kamino_id=pk
        )
        for pk, person in enumerate(persons, start=1)
    )
    for first in range(0, TITLES, BATCH):
        _fill_batch(connection, company, persons, first, now)
    with database.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _fill_batch(connection: Any, company: Any, persons: list[Any], first: int, now: Any) -> None:
    from benchmarks.fleet_rows import PROBLEMS, sent_body
    from integrations.models import Attempt, Posting, StoredDiscrepancy, Title

    numbers = range(first, first + BATCH)
    titles = Title.objects.bulk_create(
        Title(
            connection=connection, direction="payable" if number % 2 else "receivable", bling_id=number + 1,
            status="open" if number % 3 else "settled", shown_status="open", status_number=1,
            value=Decimal(number % 90_000 + 1),
            due_date=date(2026, 1, 1) + timedelta(days=number % 500), document_number=f"NF {number:06d}",
            person=persons[number % PERSONS], contact_id=number % PERSONS + 1, is_released=True,
            category_id=number % CATEGORIES + 1, first_seen_at=now, read_at=now, changed_at=now,
        )
        for number in numbers
    )  # fmt: skip
    postings = Posting.objects.bulk_create(
        Posting(
            title=title, kamino_connection=company, direction=title.direction, due_date=title.due_date, ready_at=now,
            state=STATES[title.bling_id % len(STATES)], planned_at=now - timedelta(hours=title.bling_id % 500),
            kamino_id=title.bling_id, desired=sent_body(title), delivered=sent_body(title),
            problems=PROBLEMS if STATES[title.bling_id % len(STATES)] == "held" else [],
        )
        for title in titles
    )  # fmt: skip
    Attempt.objects.bulk_create(
        Attempt(
            kamino_connection=company, posting=posting, operation="create", body={}, fingerprint="x", fence=1,
            started_at=now, ended_at=now, outcome="delivered", kamino_id=posting.kamino_id,
        )
        for posting in postings
    )  # fmt: skip
    every = TITLES // DISCREPANCIES
    StoredDiscrepancy.objects.bulk_create(
        StoredDiscrepancy(
            posting=posting, kind="value" if number % 2 else "partial", bling_value="10.00",
            kamino_value="9.00", difference=Decimal("-1.00"), opened_at=now, seen_at=now,
        )
        for number, posting in enumerate(postings[::every])
    )  # fmt: skip


def _pages() -> Iterator[tuple[str, list[float]]]:
    """Open each page some times, by its name: every list as it opens, and the long ones as people search them; as
    somebody who sees everything, and as staff of the company, who does not see what is confidential."""
    from django.contrib import admin
    from django.contrib.auth.models import User
    from django.test import Client
    from django.urls import reverse

    from integrations.models import Title

    pages = {
        model._meta.model_name or "": reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for model in admin.site._registry
    }
    logging.disable(logging.WARNING)  # staff may not open every list, and Django says so
    some = Title.objects.exclude(category_id=CATEGORIES).latest("pk")
    for name in ("title", "posting", "discrepancy"):
        for what, term in {"name": "Fornecedor 00123", "number": some.document_number, "id": some.bling_id}.items():
            pages[f"{name}, searched by {what}"] = f"{pages[name]}?q={term}"
    pages["title, last month, by value"] = f"{pages['title']}?due_date_from=01/11/2026&due_date_to=30/11/2026&o=5"
    pages["title page"] = reverse("admin:integrations_title_change", args=[some.pk])
    for user, suffix in (("chefe", ""), ("equipe", ", staff")):
        client = Client(headers={"host": "localhost"})
        client.force_login(User.objects.get(username=user))
        for name, url in pages.items():
            status = client.get(url).status_code
            if suffix and status == 403:
                continue
            if status != 200:
                raise RuntimeError(f"{url} answered {status}")
            yield f"{name}{suffix}", list(page_cost(client, url, ROUNDS))


def _export(file_format: str) -> None:
    from django.contrib.auth.models import User
    from django.utils import timezone

    from integrations.models import Title
    from integrations.resources import exporting

    rows, user = Title.objects.all(), User.objects.get(username="chefe")
    ids = array("q", rows.values_list("pk", flat=True).iterator(chunk_size=exporting.CHUNK))
    exporting.order(table="titulos", file_format=file_format, rows=rows, ids=ids, user=user, now=timezone.now())

    def work() -> None:
        while exporting.advance_exports(clock=timezone.now):
            pass

    report_cost(work)


if __name__ == "__main__":
    main()
