"""The buttons of a title's page, against a real company."""

from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from integrations.models import (
    BlingConnection,
    KaminoItem,
    Posting,
    Title,
    TitleRead,
)
from tests.flows.helpers import Company


def page_action(user: User, action: str, title: Title, **data: str) -> Any:
    client = Client(headers={"accept-language": "pt-BR,pt;q=0.9"}, raise_request_exception=False)
    client.force_login(user)
    return client.post(reverse(f"admin:integrations_title_{action}", args=[title.pk]), data, follow=True)


def test_a_resync_that_bling_cannot_answer_is_not_called_queued(company: Company, title: int, user: User) -> None:
    BlingConnection.objects.update(status="reconnect")
    page = page_action(user, "resync_this", company.title(title))
    assert [str(message) for message in page.context["messages"]] == [
        "Ressincronização: 0 títulos na fila, 1 não alterado: Bling não está conectado."
    ]
    assert not TitleRead.objects.filter(asked_at__isnull=False).exists()


def test_a_number_that_no_key_holds_is_asked_for_again(company: Company, title: int, user: User) -> None:
    posting = company.posting(title)
    posting.attempts.update(outcome="uncertain")
    Posting.objects.filter(pk=posting.pk).update(state="needs_human", reason="no_list", kamino_id=None, delivered=None)
    page = page_action(user, "decide_this", posting.title, choice="0", number="9" * 25, reason="Visto lá")
    assert page.status_code == 200
    assert company.posting(title).kamino_id is None


def test_a_settlement_that_is_refused_leaves_what_was_typed(company: Company, title: int, user: User) -> None:
    account = KaminoItem.objects.get(name="BANCO DE TESTE")
    page = page_action(
        user, "force_settlement", company.title(title), date="31/12/2099", amount="100,00", account=str(account.pk),
        reason="Pago em dinheiro",
    )  # fmt: skip
    [message] = page.context["messages"]
    assert str(message).startswith("A data do pagamento ainda não chegou")
    assert 'value="31/12/2099"' in page.content.decode()
    assert "Pago em dinheiro" in page.content.decode()


def test_the_day_of_the_last_payment_is_proposed(company: Company, title: int, user: User) -> None:
    company.bling.pay(title, amount="40.00", date=company.bling.world.today, account=company.bank)
    company.sync()
    client = Client(headers={"accept-language": "pt-BR,pt;q=0.9"})
    client.force_login(user)
    address = reverse("admin:integrations_title_force_settlement", args=[company.title(title).pk])
    assert f'value="{company.bling.world.today:%d/%m/%Y}"' in client.get(address).content.decode()
