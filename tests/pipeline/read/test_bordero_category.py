"""A title without a category takes that of the borderôs that paid it."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.test import Client

from integrations.models import Bordero, Person, Title, TitleChange
from integrations.models.confidential import without_confidential
from tests.flows.helpers import Company
from tests.flows.test_confidential import look_in_bling, payroll, staff
from tests.pipeline.mapping.edits import map_name

__all__ = ["payroll"]
BOTH = pytest.mark.parametrize("direction", ["payable", "receivable"])


def category(company: Company, name: str) -> int:
    """Add a category to Bling, and a chart account of the same name to Kamino."""
    company.kamino.add_chart_account(name)
    company.forget_registers()
    return int(company.bling.add_category(name, kind=3))


def chart_name(company: Company, title: int) -> str:
    desired = company.posting(title).desired
    return str(company.tenant.kamino_connection.items.get(kind="chart_account", kamino_id=desired["chart_account"]))


@BOTH
def test_a_paid_title_is_classified_by_its_bordero(
    company: Company, direction: str, client: Client, user: User
) -> None:
    title = company.add_title(direction, category=0)
    company.bling.pay(title, account=company.bank, category=company.category)
    company.sync()
    assert company.problems(title) == []
    assert company.in_kamino(direction, title)["Situacao" if direction == "payable" else "SitConta"] == 2
    assert company.title(title).category_id == company.category
    client.force_login(user)
    page = client.get(f"/admin/integrations/title/{company.title(title).pk}/change/", follow=True).content.decode()
    assert "Categoria do pagamento (borderô)" in page


def test_its_own_category_is_stronger(company: Company) -> None:
    other = category(company, "Outra")
    title = company.add_title("payable")
    company.bling.pay(title, account=company.bank, category=other)
    company.sync()
    assert company.title(title).category_id == company.category
    assert company.posting(title).rule == "name"


def test_the_bordero_is_stronger_than_the_contact(company: Company) -> None:
    other = category(company, "Outra")
    contact = company.bling.add_contact(name="Fornecedor", document="", kind="J", category=other)
    title = company.add_title("payable", contact=contact, category=0)
    company.sync()
    assert (company.posting(title).rule, company.title(title).category_id) == ("contact", 0)
    assert Person.objects.get().category_id == other
    company.bling.pay(title, account=company.bank, category=company.category)
    company.sync()
    assert (company.posting(title).rule, company.title(title).category_id) == ("bordero", company.category)
    assert "Categoria de Teste" in chart_name(company, title)


def test_borderos_that_disagree_are_a_problem_until_the_title_has_its_own(company: Company) -> None:
    other = category(company, "Outra")
    title = company.add_title("payable", category=0, value="100.00")
    company.bling.pay(title, amount="40.00", account=company.bank, category=company.category)
    company.bling.pay(title, account=company.bank, category=other)
    company.sync()
    assert company.problems(title) == ["category_disputed"]
    assert company.in_kamino("payable", title) is None
    assert company.title(title).category_id == 0
    company.bling.edit_title(title, category=other)
    company.sync()
    assert company.problems(title) == []
    assert company.in_kamino("payable", title)["Situacao"] == 2


def test_only_one_without_any_category_is_held(company: Company) -> None:
    title = company.add_title("payable", category=0)
    company.bling.pay(title, account=company.bank)
    company.sync()
    assert company.problems(title) == ["category_missing"]


def test_a_corrected_category_of_a_bordero_is_followed_by_all_its_titles(company: Company, user: User) -> None:
    other = category(company, "Outra")
    company.to_shadow()
    contact = company.bling.add_contact(name="Fornecedor", document="", kind="J")
    titles = [
        company.add_title("payable", contact=contact, category=0, document_number=f"NF {n}", value=f"{n}0.00")
        for n in (1, 2)
    ]
    bordero = company.bling.pay_together(titles, account=company.bank, category=company.category)
    company.sync()
    company.bling.borderos[bordero].category = other
    company.resync(titles[0], user)
    assert {company.title(title).category_id for title in titles} == {other}
    assert ["Outra" in chart_name(company, title) for title in titles] == [True, True]
    assert set(TitleChange.objects.values_list("title__bling_id", flat=True)) == set(titles)


def test_what_was_read_before_borderos_had_categories_is_read_again(company: Company) -> None:
    title = company.add_title("payable", category=0)
    company.bling.pay(title, account=company.bank, category=company.category)
    company.to_shadow()
    company.sync()
    Bordero.objects.update(category_id=None)
    Title.objects.update(category_id=0, own_category_id=None, changed_at=F("changed_at") - timedelta(hours=1))
    company.posting(title).__class__.objects.update(state="held", desired=None, desired_fingerprint="")
    company.go_live()
    company.sync()
    assert company.title(title).category_id == company.category
    assert company.in_kamino("payable", title)["Situacao"] == 2


def test_an_unchanged_title_of_before_is_not_changed(company: Company, user: User) -> None:
    title = company.add_title("payable")
    company.sync()
    Title.objects.update(own_category_id=None)
    changed_at = company.title(title).changed_at
    company.resync(title, user)
    assert company.title(title).changed_at == changed_at


def test_a_mapping_of_the_category_reaches_it(company: Company) -> None:
    unmapped = company.bling.add_category("Sem conta na Kamino", kind=3)
    title = company.add_title("payable", category=0)
    company.bling.pay(title, account=company.bank, category=unmapped)
    company.sync()
    assert company.problems(title) == ["category_unmapped"]
    map_name(company, "category", unmapped, chart_account="Categoria de Teste")
    company.work()
    assert company.in_kamino("payable", title)["Situacao"] == 2


@pytest.mark.parametrize("more", [False, True])
def test_a_confidential_category_hides_it(company: Company, payroll: int, more: bool) -> None:
    title = company.add_title("payable", category=0, value="4321.09")
    company.sync()
    assert without_confidential(Title.objects.all()).filter(bling_id=title).exists()
    if more:
        company.bling.pay(title, amount="1000.00", account=company.bank, category=company.category)
    company.bling.pay(title, account=company.bank, category=payroll)
    company.sync()
    assert not without_confidential(Title.objects.all()).filter(bling_id=title).exists()


@pytest.mark.parametrize("more", [False, True])
def test_the_live_search_hides_it_too(company: Company, payroll: int, more: bool) -> None:
    contact = company.bling.add_contact(name="Joana Prado", document="", kind="F")
    title = company.add_title("payable", contact=contact, category=0, value="4321.09")
    if more:
        company.bling.pay(title, amount="1000.00", account=company.bank, category=company.category)
    company.bling.pay(title, account=company.bank, category=payroll)
    page = look_in_bling(staff(company), company, bling_id=title).split('<form method="post" class="ik-form"')[0]
    assert "4.321,09" not in page
    assert "1 título de categoria confidencial" in page
