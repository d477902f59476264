"""Fechamento do mês and Posição em aberto as pages: who sees them, who freezes, and what is said of bad input."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.models import (
    BlingConnection,
    CatalogItem,
    Discrepancy,
    KaminoConnection,
    MonthClosing,
    Payment,
    Person,
    Posting,
    Tenant,
    Title,
)
from tests.admin.kit.test_pages import url
from tests.admin.world import DAY, Rows

Login = Callable[[str], Client]
MONTH = f"{DAY:%m/%Y}"


def compare_url() -> str:
    return reverse("admin:integrations_monthclosing_compare")


def position_url() -> str:
    return reverse("admin:integrations_title_open_position")


def seen(page: str) -> str:
    """Return what tells the numbers that a page shows."""
    return re.findall(r'name="seen" value="(\w+)"', page)[0]


def test_what_changed_since_it_was_looked_at_is_not_frozen(login: Login, ours: Rows) -> None:
    client, address = login("financeiro"), f"{compare_url()}?tenant={ours.tenant.pk}&month={MONTH}"
    shown = seen(client.get(address).content.decode())
    Title.objects.filter(pk=ours.title.pk).update(value=99)
    page = client.post(address, {"seen": shown}, follow=True).content.decode()
    assert "mudaram" in page
    assert MonthClosing.objects.filter(tenant=ours.tenant).count() == 1
    assert client.post(address, {"seen": seen(page), "accepts_as_sent": "yes"}).status_code == 302
    assert MonthClosing.objects.filter(tenant=ours.tenant).count() == 2


def test_finance_compares_a_month_and_freezes_it(login: Login, ours: Rows) -> None:
    client = login("financeiro")
    query = f"?tenant={ours.tenant.pk}&month={MONTH}"
    page = client.get(compare_url() + query).content.decode()
    assert "Por competência" in page
    assert "R$\u00a01.234,56" in page
    assert "Congelar este mês" in page
    refused = client.post(compare_url() + query, {"seen": seen(page)}, follow=True).content.decode()
    assert "Parte do lado da Kamino não foi lida" in refused
    assert MonthClosing.objects.filter(tenant=ours.tenant).count() == 1
    response = client.post(compare_url() + query, {"seen": seen(page), "accepts_as_sent": "yes"}, follow=True)
    assert "Aceito como foi enviado por" in response.content.decode()
    assert "Congelado como versão 2." in response.content.decode()
    assert MonthClosing.objects.filter(tenant=ours.tenant).count() == 2


def test_who_may_not_freeze_only_looks(login: Login, ours: Rows) -> None:
    client = login("operacao")
    query = f"?tenant={ours.tenant.pk}&month={MONTH}"
    assert "Congelar" not in client.get(compare_url() + query).content.decode()
    assert client.post(compare_url() + query).status_code == 403
    assert login("suporte").get(compare_url() + query).status_code == 403
    assert MonthClosing.objects.filter(tenant=ours.tenant).count() == 1


@pytest.mark.parametrize("month", ["13/2026", "2026-11", "", "00/2026", "11/1999"])
def test_a_month_that_is_none_is_explained(login: Login, ours: Rows, month: str) -> None:
    page = login("financeiro").get(f"{compare_url()}?tenant={ours.tenant.pk}&month={month}").content.decode()
    assert "10/2026" in page
    assert "Por competência" not in page


def test_another_company_is_no_choice(login: Login, ours: Rows, theirs: Rows) -> None:
    client = login("financeiro")
    for page in (f"{compare_url()}?month={MONTH}", f"{position_url()}?day=21/11/2026"):
        text = client.get(f"{page}&tenant={theirs.tenant.pk}").content.decode()
        assert "Empresa alheia" not in text
        assert "Categoria alheia" not in text
    assert client.get(url(MonthClosing, "sheet", theirs.closing.pk)).status_code == 404


def test_a_frozen_month_is_shown_and_taken_home(login: Login, ours: Rows) -> None:
    client = login("financeiro")
    page = client.get(url(MonthClosing, "change", ours.closing.pk)).content.decode()
    assert "Motivo nossa" in page
    book = openpyxl.load_workbook(BytesIO(client.get(url(MonthClosing, "sheet", ours.closing.pk)).content))
    assert "Motivo nossa" in [cell.value for cell in list(book["Diferenças, baixas"].iter_rows())[-1]]
    assert login("suporte").get(url(MonthClosing, "sheet", ours.closing.pk)).status_code == 403


def test_the_open_position_is_shown_and_taken_home(login: Login, ours: Rows) -> None:
    client = login("operacao")
    query = f"?tenant={ours.tenant.pk}&day=21/11/2026"
    page = client.get(position_url() + query).content.decode()
    assert "A vencer" in page
    assert "R$\u00a02.469,12" in page
    response = client.get(f"{position_url()}{query}&planilha=1")
    book = openpyxl.load_workbook(BytesIO(response.content))
    assert {row[1].value for row in list(book.worksheets[0].iter_rows())[1:]} == {"Pessoa nossa"}
    assert login("suporte").get(f"{position_url()}{query}&planilha=1").status_code == 403
    assert "não é um dia que existe" in client.get(f"{position_url()}?tenant={ours.tenant.pk}&day=x").content.decode()


def test_the_page_says_how_old_kaminos_side_is(login: Login, ours: Rows) -> None:
    address, client = f"{compare_url()}?tenant={ours.tenant.pk}&month={MONTH}", login("financeiro")
    KaminoConnection.objects.update(reconciled_at=None)
    assert "ainda não foram lidas" in client.get(address).content.decode()
    KaminoConnection.objects.update(reconciled_at=datetime(2026, 11, 20, 17, 2, tzinfo=UTC))
    assert "mostraram em 20/11/2026 14:02" in client.get(address).content.decode()
    closing = client.post(address, {"seen": seen(client.get(address).content.decode())}, follow=True).content.decode()
    assert "mostraram em 20/11/2026 14:02" in closing


def test_a_company_without_kamino_is_compared_as_well(login: Login, ours: Rows) -> None:
    alone = Tenant.objects.create(slug="nova", name="Empresa nova", sync_from=DAY)
    bling = BlingConnection.objects.create(tenant=alone, label="Bling novo", client_id="novo", client_secret="x")
    now = timezone.now()
    Title.objects.create(
        connection=bling, direction="payable", bling_id=1, status="open",
        shown_status="open", status_number=1, due_date=DAY, value=12,
        is_released=True, first_seen_at=now, read_at=now, changed_at=now,
    )  # fmt: skip
    Payment.objects.create(
        title=Title.objects.get(connection=bling), bordero_id=1, date=DAY, account_id=1, amount=12, interest=0,
        discount=0, surcharge=0, fee=0,
    )  # fmt: skip
    client = login("root")
    for page in (f"{compare_url()}?month={MONTH}", f"{position_url()}?day=21/11/2026"):
        assert "12,00" in client.get(f"{page}&tenant={alone.pk}").content.decode()


def test_names_and_reasons_are_text_on_the_page(login: Login, ours: Rows) -> None:
    evil = "<script>alert(1)</script>"
    CatalogItem.objects.filter(pk=ours.category.pk).update(name=evil)
    Title.objects.filter(pk=ours.title.pk).update(document_number=evil[:20])
    problem = {"code": "category_unmapped", "params": {"name": evil}}
    Posting.objects.filter(pk=ours.posting.pk).update(problems=[problem], reason_params={"ids": evil})
    Person.objects.filter(pk=ours.person.pk).update(name=evil)
    client = login("financeiro")
    query = f"?tenant={ours.tenant.pk}&month={MONTH}&day=21/11/2026"
    pages = [
        compare_url() + query,
        position_url() + query,
        *(url(model, "changelist") for model in (Title, Discrepancy, Posting)),
    ]
    shown = seen(client.get(compare_url() + query).content.decode())
    client.post(compare_url() + query, {"seen": shown})
    pages.append(url(MonthClosing, "change", MonthClosing.objects.latest("pk").pk))
    for page in pages:
        assert "<script>alert" not in client.get(page).content.decode()
