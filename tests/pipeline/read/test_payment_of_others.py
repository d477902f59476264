"""A borderô's line that names another contact than its title, or none."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.test import Client

from integrations.models import Payment
from tests.flows.helpers import Company
from tests.pipeline.read.test_moments import BOTH

SETTLED = {"payable": "Situacao", "receivable": "SitConta"}


def other(company: Company) -> int:
    return int(company.bling.add_contact(name="Outro fornecedor", document="", kind="J"))


def paid_by_another(company: Company, direction: str = "payable", contact: int = 0, number: str = "NF 12") -> int:
    title = company.add_title(direction, value="350.00", document_number="NF 12")
    company.sync()
    line = company.bling.borderos[company.bling.pay(title, account=company.bank)].lines[0]
    line.contact, line.document_number = contact, number
    return title


@pytest.mark.some(9)
@BOTH
@pytest.mark.parametrize("is_named", [True, False])
@pytest.mark.parametrize("number", ["NF 12", ""])
def test_where_it_can_only_be_this_title_it_is_settled(
    company: Company, direction: str, is_named: bool, number: str
) -> None:
    title = paid_by_another(company, direction, other(company) if is_named else 0, number)
    company.sync()
    assert company.problems(title) == []
    assert company.in_kamino(direction, title)[SETTLED[direction]] == 2
    assert Payment.objects.get().amount == Decimal("350.00")


def test_a_person_is_told_and_may_correct_it_in_bling(company: Company, client: Client, user: User) -> None:
    contact = other(company)
    title = paid_by_another(company, contact=contact, number="NF 99")
    company.sync()
    assert company.problems(title) == ["payment_of_others"]
    assert company.in_kamino("payable", title)["Situacao"] == 1
    client.force_login(user)
    page = client.get(f"/admin/integrations/title/{company.title(title).pk}/change/", follow=True).content.decode()
    assert f"(contatos no Bling: {contact})" in page
    [bordero] = company.bling.borderos.values()
    bordero.lines[0].contact = company.bling.titles[title].contact
    company.sync()
    assert company.problems(title) == []
    assert company.in_kamino("payable", title)["Situacao"] == 2


def test_another_title_of_the_same_bordero_takes_it_back(company: Company) -> None:
    """It was read first and looked alone: the line may be the other one's."""
    company.to_shadow()
    title = paid_by_another(company, contact=other(company), number="")
    company.sync()
    assert company.problems(title) == []
    [bordero] = company.bling.borderos
    second = company.add_title("payable", value="350.00")
    company.bling.titles[second].borderos.append(bordero)
    company.bling._settle_up(company.bling.titles[second])  # partly paid: nothing of it is in the line
    company.sync()
    company.go_live()
    company.work()
    assert Payment.objects.count() == 0
    assert company.problems(title) == ["payment_of_others"]
    assert company.in_kamino("payable", title) is None
