"""Staff decide about a possible duplicate, and finance filters a category, in a browser."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from integrations.domain.delivery import DeliveryState
from integrations.models import FilterRule, KaminoConnection, PersonAction, PersonPosting
from tests.browser.conftest import picture
from tests.flows.helpers import Company


@pytest.mark.long
def test_staff_link_a_title_that_somebody_entered_in_kamino(
    company: Company, people: dict[str, Any], log_in: Callable[[str], Any]
) -> None:
    company.tenant.members.add(people["operacao"])
    contact = company.bling.add_contact(name="Fornecedor Exemplo", document="11.222.333/0001-81", kind="J")
    company.add_title("payable", contact=contact, value="1.00")
    company.sync()
    person = PersonPosting.objects.get(person__bling_id=contact).kamino_id
    due = company.bling.world.today + timedelta(days=10)
    theirs = company.kamino.add_title("payable", person, "250.00", due, "Digitado à mão")
    KaminoConnection.objects.update(reconciled_at=None)
    title = company.add_title("payable", contact=contact, value="250.00", document_number="NF 1")
    company.sync()
    page = log_in("operacao")
    page.goto(f"/admin/integrations/title/{company.title(title).pk}/change/")
    page.get_by_text("Vincule-o, ou crie este mesmo assim").first.wait_for()
    page.get_by_role("link", name="Decidir").click()
    page.get_by_label(f"É o lançamento {theirs} da Kamino: vincular").check()
    picture(page, "decidir.png")
    page.get_by_role("button", name="Decidir").click()
    page.locator("[name=reason]").fill("Conferido com o fornecedor")
    page.get_by_role("button", name="Decidir").click()
    page.get_by_text("Decidido. O título será planejado de novo.").wait_for()
    company.work()
    assert company.posting(title).state == DeliveryState.DELIVERED
    assert company.in_kamino("payable", title)["ID"] == theirs
    assert PersonAction.objects.get().reason == f"{theirs}: Conferido com o fornecedor"


@pytest.mark.long
def test_finance_leaves_a_category_out(company: Company, people: dict[str, Any], log_in: Callable[[str], Any]) -> None:
    company.tenant.members.add(people["financeiro"])
    company.sync()
    page = log_in("financeiro")
    page.get_by_role("link", name="Filtros").click()
    page.get_by_role("link", name="Adicionar").first.click()
    page.locator(".select2-selection").first.click()
    page.locator(".select2-search__field").fill("Categoria de teste")
    page.locator(".select2-results__option", has_text="Categoria de teste").first.click()
    page.get_by_role("button", name="Salvar", exact=True).click()
    page.get_by_text("Categoria de teste").first.wait_for()
    assert FilterRule.objects.get().item.bling_id == company.category
    title = company.add_title("payable")
    company.sync()
    assert company.problems(title) == ["filtered"]
