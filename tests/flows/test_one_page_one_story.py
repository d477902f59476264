"""A title's page tells one story: the headline, both sides and the discrepancies below say the same."""

import re
from datetime import date

import pytest
from django.contrib.auth.models import User
from django.test import Client

from integrations.models import Posting
from integrations.pipeline.report.month import month_of
from tests.admin.titles.test_page import answer_of, page_of
from tests.flows.helpers import Company
from tests.pipeline.compare.test_discrepancy_kinds import compare_again, delivered, duplicated, person, refused


@pytest.fixture
def staff(client: Client, company: Company) -> Client:
    client.force_login(User.objects.create_superuser("suporte"))
    return client


def test_the_person_that_kamino_shows_is_shown_and_named(company: Company, staff: Client) -> None:
    person(company)
    compare_again(company)
    title = Posting.objects.get().title
    page = page_of(staff, title)
    line = re.search(r'<tr class="ik-differs">\s*<th>Pessoa</th>.*?</tr>', page, re.DOTALL)
    assert line is not None, "highlighted"
    there = company.in_kamino("payable", title.bling_id)["IDPessoa"]
    assert f"Kamino {there}" in line[0].split("<td")[-1]
    assert "Pessoa (na Kamino" in answer_of(page), "what is copied names it"
    assert "está aberto também no Bling" not in answer_of(page)


def test_a_copy_that_may_be_paid_twice_comes_first(company: Company, staff: Client) -> None:
    duplicated(company)
    compare_again(company)
    said = answer_of(page_of(staff, Posting.objects.get().title))
    assert said.startswith("Em dobro na Kamino")
    assert "aberto também no Bling" not in said


def test_nothing_is_named_where_both_sides_are_equal(company: Company, staff: Client) -> None:
    delivered(company)
    compare_again(company)
    said = answer_of(page_of(staff, Posting.objects.get().title))
    assert "Diferente" not in said
    assert "dobro" not in said


def test_the_month_closing_says_each_sentence_once(company: Company) -> None:
    refused(company)
    compare_again(company)
    today = company.bling.world.today
    differences = month_of(company.tenant, date(today.year, today.month, 1)).competence.differences
    reasons = [reason for row in differences for reason in row.item.reasons]
    sentences = [part for reason in reasons for part in re.split(r"(?<=[.!?]) ", reason)]
    assert len(sentences) == len(set(sentences)) > 0


def test_nothing_is_called_sent_that_was_not(company: Company, staff: Client, user: User) -> None:
    """What is about to be paid in Kamino is not written; what is equal there is compared only."""
    title, there = delivered(company)
    company.kamino.edit_title("payable", there, DataAgendaPagamento=company.bling.world.today)
    company.bling.edit_title(title, value="120.00")
    company.sync()
    assert company.posting(title).state == "needs_human"
    page = page_of(staff, company.title(title))
    assert "Não enviado: atualizar" in page
    assert "Enviado à Kamino: atualizar" not in page
    assert "scheduled" not in page
    company.kamino.edit_title("payable", there, DataAgendaPagamento=None)
    company.bling.edit_title(title, value="100.00")
    company.sync()
    company.resync(title, user)
    page = page_of(staff, company.title(title))
    assert "Conferido com a Kamino, nada a enviar" in page
    assert "Enviado à Kamino: atualizar" not in page


def test_a_payment_s_bank_account_leads_to_its_row_of_the_mappings(company: Company, staff: Client) -> None:
    safe = company.bling.add_account("Cofre", kind="caixa")
    title = company.add_title("payable")
    company.bling.pay(title, date=company.bling.world.today, account=safe)
    company.sync()
    page = page_of(staff, company.title(title))
    assert f"bank_account-{safe}" in page
    assert "Classificar esta conta bancária no De/Para" in page
