"""Titles of confidential categories are on no page, in no file and behind no search of people who may not see them."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.test import Client
from django.utils import timezone

from integrations.models import (
    CatalogItem,
    ConfidentialCategory,
    Discrepancy,
    MonthClosing,
    Person,
    Posting,
    StoredDiscrepancy,
    Title,
)
from tests.admin.kit.test_pages import url
from tests.admin.kit.test_scope import SCOPED
from tests.admin.marked import mark_of, ordered
from tests.admin.world import Rows, make_title

SECRETS = ("Pessoa nossa", "NF 11001", "NF 11002", "Conta nossa", "Causa nossa", "4.321,09", "NF 1 nossa")


@pytest.fixture(autouse=True)
def hidden(ours: Rows) -> ConfidentialCategory:
    """Let the category of all our titles be confidential, and their value be like no other's."""
    Title.objects.filter(connection=ours.bling).update(value="4321.09")
    StoredDiscrepancy.objects.filter(pk=ours.discrepancy.pk).update(bling_value="4321.09")
    CatalogItem.objects.filter(pk=ours.category.pk).update(name="Categoria nossa")
    return ConfidentialCategory.objects.create(connection=ours.bling, item=ours.category)


def shown_in(page: str) -> list[str]:
    return [secret for secret in SECRETS if secret in page]


@pytest.mark.some(2)
@pytest.mark.parametrize("role", ["operacao", "suporte"])
def test_no_list_and_no_page_shows_them(role: str, login: Callable[[str], Client], ours: Rows) -> None:
    client = login(role)
    for model in SCOPED:
        assert shown_in(client.get(url(model, "changelist"), follow=True).content.decode()) == [], model
    for row in ours.all():
        for page in ("change", "history"):
            assert shown_in(client.get(url(type(row), page, row.pk), follow=True).content.decode()) == [], (row, page)


def test_who_may_see_them_does(login: Callable[[str], Client], ours: Rows) -> None:
    client = login("financeiro")
    assert shown_in(client.get(url(Title, "changelist")).content.decode()) == [
        "Pessoa nossa", "NF 11001", "NF 11002", "4.321,09"
    ]  # fmt: skip
    assert "NF 1 nossa" in client.get(url(MonthClosing, "change", ours.closing.pk)).content.decode()


@pytest.mark.parametrize("term", ["Pessoa", "4.321,09", "NF 11001", "11001"])
def test_a_search_does_not_find_them(term: str, login: Callable[[str], Client]) -> None:
    for model in (Title, Posting, Discrepancy, Person):
        page = login("operacao").get(url(model, "changelist"), {"q": term}).content.decode()
        assert "Pessoa nossa" not in page
        assert "Conta" not in page or shown_in(page.replace(term, "")) == []


def test_orders_for_a_whole_list_leave_them_out(login: Callable[[str], Client]) -> None:
    page = "/admin/integrations/title/lista-inteira/resync/"
    assert "A lista está vazia" in login("operacao").get(page, follow=True).content.decode()
    assert mark_of(login("root"), page)


def test_files_leave_them_out(login: Callable[[str], Client], ours: Rows) -> None:
    for model, name in ((Title, "title"), (Discrepancy, "discrepancy")):
        for role, rows in (("operacao", 1), ("financeiro", 3 if model is Title else 2)):
            form = {"format": "1", "titleresource": True, "discrepancyresource": True}
            answer = ordered(login(role), url(model, "export"), **form, **fields_of(login(role), model))
            assert len(answer.content.decode("utf-8-sig").splitlines()) >= rows, (name, role)
            assert ("Pessoa nossa" in answer.content.decode("utf-8-sig")) == (role == "financeiro")
    for role in ("operacao", "financeiro"):
        answer = login(role).get(f"/admin/integrations/monthclosing/{ours.closing.pk}/planilha/")
        book = openpyxl.load_workbook(BytesIO(answer.content))
        cells = {str(cell) for sheet in book.worksheets for row in sheet.values for cell in row}
        assert ("NF 1 nossa" in cells) == (role == "financeiro")
        answer = login(role).get(
            "/admin/integrations/title/posicao-em-aberto/",
            {"tenant": ours.tenant.pk, "day": "30/11/2026", "planilha": "1"},
        )
        book = openpyxl.load_workbook(BytesIO(answer.content))
        cells = {str(cell) for row in book.worksheets[0].values for cell in row}
        assert ("Pessoa nossa" in cells) == (role == "financeiro")


def fields_of(client: Client, model: Any) -> dict[str, str]:
    """Return the fields of an export form, all ticked."""
    form = client.get(url(model, "export")).context["form"]
    return {name: "on" for name in form.fields if name.startswith(("titleresource_", "discrepancyresource_"))}


def test_a_contact_with_other_titles_too_is_shown_and_those_titles_are(
    login: Callable[[str], Client], ours: Rows
) -> None:
    other, _posting = make_title(ours.bling, ours.kamino, ours.person, ours.free_category, 11_009)
    Title.objects.update(document_number="NF 11001")
    Title.objects.filter(pk=other.pk).update(document_number="NF 11001", value="7.00")
    page = login("operacao").get(url(Title, "change", other.pk)).content.decode()
    assert "Pessoa nossa" in page
    assert "4.321,09" not in page, "another installment is confidential"
    assert "Pessoa nossa" in login("operacao").get(url(Person, "changelist")).content.decode()


def test_a_title_without_category_is_as_confidential_as_its_contacts_default(
    login: Callable[[str], Client], ours: Rows
) -> None:
    Title.objects.filter(pk=ours.title.pk).update(category_id=0)
    page = login("operacao").get(url(Title, "changelist")).content.decode()
    assert "NF 11001" in page
    Person.objects.filter(pk=ours.person.pk).update(category_id=ours.category.bling_id)
    assert shown_in(login("operacao").get(url(Title, "changelist")).content.decode()) == []


def test_finance_marks_and_unmarks_a_category(
    login: Callable[[str], Client], ours: Rows, hidden: ConfidentialCategory
) -> None:
    add, delete = url(ConfidentialCategory, "add"), url(ConfidentialCategory, "delete", hidden.pk)
    assert login("operacao").get(add).status_code == 403
    client = login("financeiro")
    client.post(add, {"item": ours.free_category.pk})
    assert ConfidentialCategory.objects.filter(item=ours.free_category, connection=ours.bling).exists()
    client.post(delete, {"post": "yes"})
    assert "NF 11001" in login("operacao").get(url(Title, "changelist")).content.decode()
    account = CatalogItem.objects.create(
        connection=ours.bling, kind="bank_account", bling_id=5, name="Banco", read_at=timezone.now()
    )
    client.post(add, {"item": account.pk})
    assert ConfidentialCategory.objects.count() == 1
