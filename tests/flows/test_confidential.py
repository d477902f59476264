"""Confidential categories where both systems are asked: the live search in Bling, and what Kamino's lists showed."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from integrations.models import CatalogItem, ConfidentialCategory, KaminoConnection, KaminoItem
from integrations.models.confidential import Sight
from integrations.pipeline.desk import kamino_search, live_kamino
from integrations.pipeline.report.month import freeze, month_of
from tests.admin.world import make_user
from tests.flows.helpers import Company
from tests.pipeline.compare.test_discrepancy_kinds import compare_again


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
        sight = Sight(is_whole=whole)
        found = {
            hit.row.kamino_id for hit in kamino_search.find(posting, kamino_search.Search(), Sight(is_whole=whole))
        }
        assert ({there, by_hand} <= found) == whole
        assert (kamino_search.chosen(posting, there, sight) is not None) == whole


@pytest.mark.parametrize("may", [False, True])
def test_payroll_that_only_kamino_has_is_in_no_report(company: Company, payroll: int, may: bool) -> None:
    company.bling.world.generous = True
    theirs = company.add_title("payable", category=payroll, value="4321.09")
    company.add_title("payable", value="10.00")
    company.sync()
    there, today = company.in_kamino("payable", theirs), company.bling.world.today
    for value, chart in (("6540.21", there["IDPlanoContaClassificacao"]), ("6541.21", "")):
        by_hand = company.kamino.add_title(
            "payable", there["IDPessoa"], value, today, "Dora", DataCompetencia=str(today)
        )
        company.kamino.edit_title("payable", by_hand, IDPlanoContaClassificacao=chart)
        if chart:
            company.kamino.pay_title("payable", by_hand)
    compare_again(company)
    month = month_of(company.tenant, today.replace(day=1))
    assert Decimal("6540.21") in {row.kamino for row in month.settled.rows}
    closing = freeze(
        tenant=company.tenant, found=month, user=User.objects.get(username="maria"), now=timezone.now(),
        accepts_as_sent=True,
    )  # fmt: skip
    KaminoItem.objects.filter(name="Salários").update(folded_name="outro", name="Outro")
    month_page = f"/admin/integrations/monthclosing/{closing.pk}/change/"
    open_page = f"/admin/integrations/title/posicao-em-aberto/?tenant={company.tenant.pk}&day={today:%d/%m/%Y}"
    client = staff(company, "view_title", "view_monthclosing", *(["view_confidential"] if may else []))
    for address, secrets in (
        (month_page, ("6.540,21", "6.541,21", "4.321,09")),
        (open_page, ("6.541,21", "10.872,30")),
    ):
        page = client.get(address).content.decode()
        assert any(amount in page for amount in secrets) == may, address
        assert may or "10,00" in page
