"""Large exports: made in the background, step by step, for one person, and for a day."""

import csv
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from io import BytesIO, StringIO
from typing import Any

import openpyxl
import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from integrations.models import ConfidentialCategory, Discrepancy, Export, ExportChunk, Person, Title
from integrations.pipeline.access import failpoints
from integrations.pipeline.company.retention import purge
from integrations.resources import exporting
from tests.admin.kit.test_pages import url
from tests.admin.marked import ordered
from tests.admin.world import Rows, make_title

Login = Callable[[str], Client]
TITLES = 12


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of more than five rows is long, and five rows are a step."""
    monkeypatch.setattr(exporting, "MOST_AT_ONCE", 5)
    monkeypatch.setattr(exporting, "CHUNK", 5)


@pytest.fixture
def many(ours: Rows, theirs: Rows) -> list[Title]:
    """Titles of our company with amounts of their own, and some of another one."""
    for number in range(3):
        make_title(theirs.bling, theirs.kamino, theirs.person, theirs.category, 90_000 + number)
    return [
        make_title(ours.bling, ours.kamino, ours.person, ours.category, 50_000 + number)[0] for number in range(TITLES)
    ]


def order(client: Client, file_format: str = "1", query: str = "?q=Pessoa nossa") -> str:
    """Order the file of the titles' list, and return where the browser was sent."""
    response = ordered(client, url(Title, "export") + query, format=file_format)
    assert response.status_code == 302, response.content.decode()[:300]
    return str(response["Location"])


def finish() -> None:
    while exporting.advance_exports(clock=timezone.now):
        pass


def content(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def table(client: Client) -> list[dict[str, str]]:
    export = Export.objects.latest("pk")
    text = content(client.get(url(Export, "download", export.pk))).decode("utf-8-sig")
    return list(csv.DictReader(StringIO(text), delimiter=";"))


def test_a_long_list_is_made_in_the_background_and_downloaded(login: Login, many: list[Title]) -> None:
    client = login("operacao")
    page = order(client)
    assert "Em andamento: 0 de" in client.get(page).content.decode()
    assert client.get(url(Export, "download", Export.objects.get().pk)).status_code == 404
    finish()
    assert "Baixar titulos-" in client.get(page).content.decode()
    found = table(client)
    listed = set(Title.objects.filter(connection=many[0].connection).values_list("bling_id", flat=True))
    assert {int(row["ID no Bling"]) for row in found} == listed
    assert all(row["Empresa"] == "Empresa nossa" for row in found)
    assert not ExportChunk.objects.filter(is_file=False).exists()


def test_the_order_of_the_list_is_kept_and_the_workbook_has_its_summary(login: Login, many: list[Title]) -> None:
    client = login("financeiro")
    order(client, "0", "?q=Pessoa nossa&o=5")
    finish()
    export = Export.objects.get()
    book = openpyxl.load_workbook(BytesIO(content(client.get(url(Export, "download", export.pk)))))
    header, *rows = ([cell.value for cell in row] for row in book.worksheets[0].iter_rows())
    ids = [row[header.index("ID no Bling")] for row in rows]
    assert ids == [Title.objects.in_bulk(export.ids)[pk].bling_id for pk in export.ids]
    total = [cell.value for cell in list(book["Resumo"].iter_rows())[-1]]
    assert total[:3] == ["A pagar", "Total", len(rows)]


def test_a_second_click_orders_nothing_more(login: Login, many: list[Title]) -> None:
    client = login("operacao")
    assert order(client) == order(client)
    assert Export.objects.count() == 1


def test_a_worker_that_dies_between_two_steps_loses_nothing(
    login: Login, many: list[Title], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = login("operacao")
    order(client)
    deaths = iter([True, False, True, False, False, True])

    def die(name: str) -> None:
        if name == "export.worked" and next(deaths, False):
            raise SystemExit

    monkeypatch.setattr(failpoints, "_listeners", [die])
    now = timezone.now()
    for step in range(12):
        try:
            exporting.advance_exports(clock=lambda step=step: now + step * exporting.LEASE)  # type: ignore[misc]
        except SystemExit:
            continue
    assert len(table(client)) == Export.objects.get().counted


def test_one_that_crashes_is_given_up_with_a_reason(
    login: Login, many: list[Title], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = login("operacao")
    page = order(client)

    def crash(*_args: Any) -> None:
        raise ValueError

    monkeypatch.setattr(exporting, "write_file", crash)
    now = timezone.now()
    for minute in range(10):
        exporting.advance_exports(clock=lambda minute=minute: now + timedelta(minutes=2 * minute))  # type: ignore[misc]
    export = Export.objects.get()
    assert (export.finished_at is not None, export.tries) == (True, exporting.MOST_TRIES)
    assert "Erro interno" in client.get(page).content.decode()


def test_one_that_kills_its_workers_is_given_up_and_its_rows_go(
    login: Login, many: list[Title], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = login("operacao")
    page = order(client)
    exporting.advance_exports(clock=timezone.now)

    def die(*_args: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(exporting, "_keep_file", die)
    now = timezone.now()
    for step in range(12):
        with suppress(SystemExit):
            exporting.advance_exports(clock=lambda step=step: now + step * exporting.LEASE)  # type: ignore[misc]
    assert "Erro interno" in client.get(page).content.decode()
    assert not ExportChunk.objects.exists()


def test_only_who_ordered_it_may_fetch_it(login: Login, many: list[Title]) -> None:
    page = order(login("operacao"))
    finish()
    for other in ("financeiro", "root"):
        response = login(other).get(page)
        assert response.status_code == 404, other
        assert login(other).get(url(Export, "download", Export.objects.get().pk)).status_code == 404
        assert "titulos-" not in login(other).get(url(Export, "changelist")).content.decode()
    assert login("suporte").get(page).status_code in (403, 404)


@pytest.mark.parametrize("when", ["before it is made", "before it is fetched"])
@pytest.mark.parametrize("what", ["company", "permission"])
def test_whoever_lost_the_right_meanwhile_gets_nothing(
    login: Login, many: list[Title], ours: Rows, users: dict[str, User], when: str, what: str
) -> None:
    client = login("operacao")
    page = order(client)
    if when == "before it is fetched":
        finish()
    if what == "company":
        ours.tenant.members.remove(users["operacao"])
    else:
        users["operacao"].groups.clear()
        users["operacao"].user_permissions.add(Permission.objects.get(codename="view_export"))
    finish()
    response = client.get(url(Export, "download", Export.objects.get().pk))
    assert response.status_code == (403 if when == "before it is fetched" else 404)
    if when == "before it is made":
        assert "não pode mais exportar" in client.get(page).content.decode()
        assert not ExportChunk.objects.exists()


def test_a_file_expires_and_is_deleted(login: Login, many: list[Title]) -> None:
    client = login("operacao")
    page = order(client)
    finish()
    Export.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert "Expirado" in client.get(page).content.decode()
    assert client.get(url(Export, "download", Export.objects.get().pk)).status_code == 302
    purge(now=timezone.now())
    assert not ExportChunk.objects.exists()
    assert Export.objects.exists()


def test_a_list_beyond_all_bounds_is_refused(login: Login, many: list[Title], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "MOST_ROWS", 10)
    client = login("operacao")
    assert "No máximo 10 linhas" in client.get(order(client)).content.decode()
    assert not Export.objects.exists()


def test_short_lists_of_discrepancies_are_answered_at_once(login: Login, ours: Rows) -> None:
    response = ordered(login("operacao"), url(Discrepancy, "export"), format="1")
    assert response.status_code == 200
    assert "Pessoa nossa" in response.content.decode()
    assert not Export.objects.exists()


def mark_confidential(rows: Rows) -> ConfidentialCategory:
    return ConfidentialCategory.objects.create(connection=rows.bling, item=rows.category)


def downloaded(client: Client) -> int:
    return int(client.get(url(Export, "download", Export.objects.latest("pk").pk)).status_code)


@pytest.mark.parametrize("finished", [False, True])
def test_what_was_ordered_with_the_permission_is_not_served_without_it(
    login: Login, ours: Rows, many: list[Title], users: dict[str, User], finished: bool
) -> None:
    mark_confidential(ours)
    order(login("financeiro"))
    if finished:
        finish()
    else:
        exporting.advance_exports(clock=timezone.now)
    users["financeiro"].groups.set(users["operacao"].groups.all())
    finish()
    assert downloaded(login("financeiro")) == (403 if finished else 404)
    assert finished or Export.objects.get().failure == "not_allowed"


@pytest.mark.parametrize("finished", [False, True])
def test_what_was_marked_since_is_not_served(login: Login, ours: Rows, many: list[Title], finished: bool) -> None:
    order(login("operacao"))
    if finished:
        finish()
    mark_confidential(ours)
    finish()
    assert downloaded(login("operacao")) == (403 if finished else 404)


def test_what_was_left_out_does_not_hold_a_file_back(login: Login, ours: Rows, many: list[Title]) -> None:
    mark_confidential(ours)
    Title.objects.filter(pk__in=[title.pk for title in many]).update(category_id=0)
    order(login("operacao"))
    Person.objects.filter(pk=ours.person.pk).update(category_id=ours.category.bling_id)
    finish()
    assert table(login("operacao")) == [], "their contact's default became confidential before the file was made"
