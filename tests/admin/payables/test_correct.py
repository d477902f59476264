"""The page where rows of a spreadsheet are corrected: what it shows, keeps, and to whom."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.models import ConfidentialCategory, PayableSheet
from integrations.pipeline.payables.sheet import take_sheet
from tests.admin.world import Rows, make_user
from tests.pipeline.payables.test_sheet import GOOD, written

BAD = {**GOOD, "category": "Categoria 2 nosa", "due_date": "31/02/2027"}


@pytest.fixture
def login(rows: Rows) -> Callable[[str], Client]:
    def logged_in(group: str) -> Client:
        user = make_user(group.lower(), group)
        rows.tenant.members.add(user)
        client = Client()
        client.force_login(user)
        return client

    return logged_in


def sent(rows: Rows, *lines: dict[str, Any]) -> str:
    """Return the address of the page for a sheet of these rows."""
    user = User.objects.get(username="financeiro")
    sheet = take_sheet(
        connection=rows.bling, name="contas.xlsx", content=written(*lines), user=user, now=timezone.now()
    )
    return reverse("admin:integrations_payablesheet_correct", args=[sheet.pk])


def typed(page: str, **changes: str) -> dict[str, Any]:
    """Return the form of a page as a browser sends it, with other texts in some columns of every row."""
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', page))
    numbers = re.findall(r'name="row" value="(\d+)"', page)
    return {**fields, "row": numbers, **{f"{number}-{name}": text for number in numbers for name, text in
                                         changes.items()}}  # fmt: skip


def test_a_row_is_corrected_and_leaves_the_page(rows: Rows, login: Any) -> None:
    client = login("Financeiro")
    address = sent(rows, GOOD, BAD)
    page = client.get(address).content.decode()
    assert "não é um dia que existe" in page
    assert "Categoria 2 nossa" in page
    assert [name for name, rest in re.findall(r'name="3-(\w+)"([^>]*)>', page) if "aria-invalid" in rest] == [
        "due_date", "category"
    ]  # fmt: skip
    answer = client.post(address, typed(page, due_date="28/02/2027", category="Categoria 2 nossa"), follow=True)
    assert "1 linha alterada" in answer.content.decode()
    assert 'id="bad"' not in answer.content.decode()
    assert client.get(address).status_code == 302


def test_a_form_that_is_older_than_the_rows_changes_nothing(rows: Rows, login: Any) -> None:
    client = login("Financeiro")
    address = sent(rows, BAD)
    page = client.get(address).content.decode()
    client.post(address, typed(page, due_date="30/02/2027"))
    answer = client.post(address, typed(page, due_date="28/02/2027"), follow=True)
    assert "diferente do que foi mostrado" in answer.content.decode()
    assert PayableSheet.objects.latest("pk").rows[0][1]["due_date"] == "30/02/2027"


def test_many_rows_are_corrected_some_at_a_time(rows: Rows, login: Any) -> None:
    client = login("Financeiro")
    address = sent(rows, *[{**BAD, "document_number": f"NF {number}"} for number in range(53)])
    page = client.get(address).content.decode()
    assert "mais 3 linhas com erro" in page
    client.post(address, typed(page, due_date="28/02/2027", category="Categoria 2 nossa"))
    page = client.get(address).content.decode()
    assert re.findall(r'name="row" value="(\d+)"', page) == ["52", "53", "54"]


def test_who_may_not_enter_payables_corrects_none(rows: Rows, login: Any) -> None:
    client = login("Financeiro")
    address = sent(rows, BAD)
    page = client.get(address).content.decode()
    other = login("Operação")
    assert other.get(address).status_code == 403
    assert other.post(address, typed(page, due_date="28/02/2027")).status_code == 403
    assert PayableSheet.objects.latest("pk").rows[0][1]["due_date"] == "31/02/2027"


def test_no_confidential_category_is_offered_to_who_may_not_see_it(rows: Rows, login: Any) -> None:
    client = login("Financeiro")
    address = sent(rows, {**BAD, "category": "Outra coisa"})
    assert 'value="Categoria 2 nossa"' in client.get(address).content.decode()
    user = User.objects.get(username="financeiro")
    user.groups.clear()
    names = ["view_payablesheet", "enter_payable", "view_payablewrite"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    ConfidentialCategory.objects.create(connection=rows.bling, item=rows.category)
    page = client.get(address).content.decode()
    assert "Outra coisa" in page
    assert str(rows.category) not in re.findall(r'<option value="([^"]*)"', page)
