"""*Exportar divergências* of one title, of a selection and of a whole filtered list: only theirs, only one's own."""

import csv
import re
from collections.abc import Callable
from html import unescape
from io import StringIO
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.test import Client
from django.utils import timezone

from integrations.models import Discrepancy, Posting, StoredDiscrepancy, Title
from tests.admin.kit.test_pages import url
from tests.admin.marked import ordered
from tests.admin.world import Rows, make_title

Login = Callable[[str], Client]


def differs(posting: Posting) -> None:
    now = timezone.now()
    StoredDiscrepancy.objects.create(posting=posting, kind="due_date", opened_at=now, seen_at=now)


def exported(client: Client, address: str) -> list[str]:
    """Return the documents of the file that the page at an address makes."""
    response = ordered(client, address, format="1")
    assert response.status_code == 200, response
    rows = csv.DictReader(StringIO(response.content.decode("utf-8-sig")), delimiter=";")
    return sorted({row["Documento"] for row in rows})


def link_of(page: Any) -> str:
    found = re.search(r'href="([^"]*/discrepancy/export/[^"]*)"', page.content.decode())
    return unescape(found[1]) if found else ""


def chosen(client: Client, *titles: Title) -> Any:
    data = {"action": "export_discrepancies", ACTION_CHECKBOX_NAME: [str(title.pk) for title in titles]}
    return client.post(url(Title, "changelist"), data)


def test_of_one_title_of_a_selection_and_of_a_filtered_list(login: Login, ours: Rows) -> None:
    client = login("financeiro")
    made = [make_title(ours.bling, ours.kamino, ours.person, ours.category, 50_000 + number)[0] for number in (1, 2)]
    for title in made:
        differs(title.posting)
    assert exported(client, link_of(client.get(url(Title, "change", ours.title.pk)))) == [ours.title.document_number]
    assert exported(client, chosen(client, *made)["Location"]) == sorted(title.document_number for title in made)
    whole = link_of(client.get(url(Title, "changelist"), {"q": made[1].document_number}))
    assert exported(client, whole) == [made[1].document_number]


def test_another_company_stays_out(login: Login, ours: Rows, theirs: Rows) -> None:
    client = login("financeiro")
    both = chosen(client, ours.title)["Location"] + f"%2C{theirs.title.pk}"
    assert exported(client, both) == [ours.title.document_number]


def test_a_filter_that_the_list_of_titles_refuses_means_nothing(login: Login, ours: Rows) -> None:
    client, address = login("financeiro"), url(Discrepancy, "export") + "?titulos=%3F"
    for query in ("nonsense%3D1", "person__document__regex%3D5", "due_date_from%3D30%2F02%2F2026"):
        refused = ordered(client, address + query, format="1")
        assert refused.status_code == 302
        shown = client.get(refused["Location"])
        assert list(shown.context["cl"].queryset) == []
        assert "não foi entendido" in shown.content.decode()


def test_without_the_permission_it_is_neither_shown_nor_done(login: Login, ours: Rows) -> None:
    client = login("nobody")
    for page in (client.get(url(Title, "changelist")), client.get(url(Title, "change", ours.title.pk))):
        assert "Exportar divergências" not in page.content.decode()
    assert "export" not in chosen(client, ours.title).get("Location", "")
