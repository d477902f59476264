"""The answer on a title's page after real deliveries: staff read it out, so a wrong one is a defect."""

import re
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.models import Tenant
from integrations.pipeline.desk import live_kamino
from integrations.pipeline.desk.commands import set_ignored
from sandbox.world import World
from tests.flows.helpers import Company, in_days
from tests.pipeline.compare.test_discrepancy_kinds import compare_again
from tests.pipeline.desk.test_commands import force


def page_of(company: Company, title: int, user: User) -> str:
    client = Client(headers={"accept-language": "pt-BR,pt;q=0.9"})
    client.force_login(user)
    address = reverse("admin:integrations_title_change", args=[company.title(title).pk])
    return client.get(address).content.decode()


def answer(company: Company, title: int, user: User) -> str:
    found = re.search(r'id="answer"[^>]*>([^<]*)<', page_of(company, title, user))
    assert found
    return found[1]


def marked(company: Company, title: int, user: User) -> list[str]:
    """Return the lines that the page marks as different."""
    return re.findall(r'class="ik-differs">\s*<th>([^<]*)<', page_of(company, title, user))


def read(company: Company, title: int) -> None:
    """Let a person read Kamino's list now."""
    due = company.title(title).due_date
    assert due
    live_kamino.read_due(company.posting(title), start=due, end=due, clock=timezone.now)


def test_kamino_that_shows_what_was_sent_differs_in_nothing(
    company: Company, title: int, user: User, world: World
) -> None:
    company.bling.pay(title, date=world.today, account=company.bank)
    company.sync()
    read(company, title)
    assert marked(company, title, user) == []
    assert answer(company, title, user).startswith("Está baixado nos dois lados.")


def test_a_forced_settlement_that_kamino_shows_as_sent_differs_from_bling_only(
    company: Company, title: int, user: User, world: World
) -> None:
    force(company, title, user)
    company.work()
    read(company, title)
    assert marked(company, title, user) == ["Situação"], "open in Bling, paid in Kamino"
    assert answer(company, title, user).startswith("Foi baixado manualmente na Kamino; no Bling continua em aberto.")
    company.bling.pay(title, date=world.today, account=company.bank)
    company.sync()
    read(company, title)
    assert marked(company, title, user) == []
    assert answer(company, title, user).startswith("Está baixado nos dois lados.")


def test_a_settlement_that_kamino_was_seen_to_have_lost_is_not_called_one(
    company: Company, title: int, user: User
) -> None:
    force(company, title, user)
    company.work()
    company.kamino.reopen_title("payable", company.in_kamino("payable", title)["ID"])
    read(company, title)
    assert answer(company, title, user).startswith("A Kamino mostra algo diferente do que foi enviado")


@pytest.mark.parametrize("paid", [False, True])
def test_a_title_that_is_gone_from_kamino_is_neither_open_nor_settled_there(
    company: Company, title: int, user: User, world: World, paid: bool
) -> None:
    kamino_id = company.in_kamino("payable", title)["ID"]
    if paid:
        company.bling.pay(title, date=world.today, account=company.bank)
        company.sync()
    company.kamino.rows("payable").pop(kamino_id)
    compare_again(company)
    found = answer(company, title, user)
    assert found.startswith("Já não está na lista da Kamino"), found


def test_paid_in_kamino_on_another_day_is_not_called_unsettled(
    company: Company, title: int, user: User, world: World
) -> None:
    company.kamino.pay_title("payable", company.in_kamino("payable", title)["ID"], date=in_days(world, -3))
    company.bling.pay(title, date=world.today, account=company.bank)
    company.sync()
    found = answer(company, title, user)
    assert "Pago na Kamino com outra data ou outro valor que no Bling" in found
    assert "Não está baixado" not in found


def test_a_split_title_is_not_said_to_stand_with_its_whole_value(company: Company, user: User, world: World) -> None:
    company.split_payments()
    title = company.add_title("payable", value="100.00")
    company.sync()
    company.bling.pay(title, amount="40.00", date=in_days(world, -4), account=company.bank)
    company.sync()
    assert company.in_kamino("payable", title)["ValorVencimento"] == Decimal("60.00")
    found = answer(company, title, user)
    assert "pelo valor total" not in found
    assert "Baixado na Kamino" in page_of(company, title, user), "the payment's own delivery is on the timeline"


def test_a_payment_that_kamino_refused_is_not_passed_over(company: Company, user: User, world: World) -> None:
    company.split_payments()
    title = company.add_title("payable", value="100.00")
    company.sync()
    first = company.bling.pay(title, amount="40.00", date=in_days(world, -4), account=company.bank)
    company.bling.pay(title, amount="60.00", date=in_days(world, -2), account=company.bank)
    company.kamino.reject_next("Conta bloqueada", match=f"-{first}", times=9)
    company.sync()
    assert company.in_kamino("payable", title)["Situacao"] == 2
    found = answer(company, title, user)
    assert found.startswith("Nem todos os seus pagamentos estão na Kamino ainda. Motivo:"), found


def test_an_order_that_nobody_approved_is_no_reason_once_bling_was_paid(
    company: Company, title: int, user: User, world: World
) -> None:
    Tenant.objects.update(force_limit=Decimal(1))
    force(company, title, user)
    company.work()
    assert "aguarda a aprovação" in answer(company, title, user)
    company.bling.pay(title, date=world.today, account=company.bank)
    company.sync()
    found = answer(company, title, user)
    assert found.startswith("Está baixado nos dois lados. Última leitura"), found


def test_what_is_to_be_noted_of_an_equal_title_is_no_reason(company: Company, user: User) -> None:
    title = company.add_title("payable", value="100.00", document_number="NF 130")
    company.bling.pay(title, amount="130.00", account=company.bank)
    company.sync()
    found = answer(company, title, user)
    assert found.startswith("Está baixado nos dois lados. Observação: Foram pagos R$")
    assert "Motivo" not in found


def test_a_title_that_is_not_synced_advises_nothing_any_more(company: Company, user: User) -> None:
    title = company.add_title("payable", value="0.00")
    company.sync()
    alerts = r'class="ik-alert">([^<]*)<'
    assert "é zero ou negativo" in " ".join(re.findall(alerts, page_of(company, title, user)))
    set_ignored(posting=company.posting(title), ignored=True, reason="brinde", user=user, now=timezone.now())
    company.work()
    assert re.findall(alerts, page_of(company, title, user)) == []
