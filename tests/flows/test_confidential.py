"""Confidential categories where both systems are asked: the live search in Bling, and what Kamino's lists showed."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from integrations.models import CatalogItem, ConfidentialCategory, KaminoConnection
from integrations.pipeline.desk import kamino_search, live_kamino
from tests.admin.world import make_user
from tests.flows.helpers import Company


@pytest.fixture
def payroll(company: Company) -> int:
    """A confidential category of Bling, with a chart account of the same name."""
    category = company.bling.add_category("Salários", kind=1)
    company.kamino.add_chart_account("Salários")
    company.add_title("payable")
    company.sync()
    item = CatalogItem.objects.get(kind="category", bling_id=category)
    ConfidentialCategory.objects.create(connection=company.connection, item=item)
    return int(category)


def staff(company: Company, *more: str) -> Client:
    user: User = make_user("op", "Operação")
    user.user_permissions.set(Permission.objects.filter(codename__in=more))
    company.tenant.members.add(user)
    client = Client(headers={"accept-language": "pt-BR"})
    client.force_login(user)
    return client


def look_in_bling(client: Client, company: Company, **wanted: Any) -> str:
    form = {"connection": company.connection_pk, **wanted}
    return client.post("/admin/integrations/title/procurar-no-bling/", form).content.decode()


@pytest.mark.parametrize("may", [False, True])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.some(3)
def test_the_live_search_shows_no_confidential_title(company: Company, payroll: int, may: bool, mirrored: bool) -> None:
    contact = company.bling.add_contact(name="Joana Prado", document="", kind="F")
    title = company.add_title("payable", contact=contact, category=payroll, value="4321.09")
    if mirrored:
        company.sync()
    client = staff(company, *(["view_confidential"] if may else []))
    for wanted in ({"bling_id": title}, {"person": "Joana"}, {"value": "4.321,09"}):
        page = look_in_bling(client, company, **wanted)
        # What was typed stands in the form; what was found in the table.
        found = page.split('<form method="post" class="ik-form"')[0]
        assert ("4.321,09" in found) == may, wanted
        assert ("Joana Prado" in found) == may, wanted
        assert ("1 título de categoria confidencial" in found) != may, wanted


@pytest.mark.parametrize("default", [False, True])
def test_nor_one_whose_contact_has_such_a_default(company: Company, payroll: int, default: bool) -> None:
    contact = company.bling.add_contact(name="Joana Prado", document="", kind="F", category=payroll if default else 0)
    title = company.add_title("payable", contact=contact, category=0, value="4321.09")
    found = look_in_bling(staff(company), company, bling_id=title)
    assert ("4.321,09" in found) != default


def test_nor_the_search_in_kamino(company: Company, payroll: int) -> None:
    company.bling.world.generous = True
    KaminoConnection.objects.update(lists_are_complete=True)
    theirs = company.add_title("payable", category=payroll, value="4321.09")
    ours = company.add_title("payable", category=0, value="4321.09")
    company.sync()
    posting, due = company.posting(ours), company.bling.world.today
    there = company.in_kamino("payable", theirs)["ID"]
    by_hand = company.kamino.add_title(
        "payable", company.in_kamino("payable", theirs)["IDPessoa"], "50.00", due, "Hora"
    )
    chart = company.in_kamino("payable", theirs)["IDPlanoContaClassificacao"]
    company.kamino.edit_title("payable", by_hand, IDPlanoContaClassificacao=chart)
    span = posting.title.due_date
    live_kamino.read_due(posting, start=due, end=max(span, due), clock=timezone.now)
    for whole in (True, False):
        found = {hit.row.kamino_id for hit in kamino_search.find(posting, kamino_search.Search(), whole=whole)}
        assert ({there, by_hand} <= found) == whole
        assert (kamino_search.chosen(posting, there, whole=whole) is not None) == whole
