"""The buttons of a title's page, against a real company."""

from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from integrations.models import (
    BlingConnection,
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
        "Ressincronização: 0 título na fila, 1 não alterado: Bling não conectado."
    ]
    assert not TitleRead.objects.filter(asked_at__isnull=False).exists()


def test_a_number_that_no_key_holds_is_asked_for_again(company: Company, title: int, user: User) -> None:
    posting = company.posting(title)
    posting.attempts.update(outcome="uncertain")
    Posting.objects.filter(pk=posting.pk).update(state="needs_human", reason="no_list", kamino_id=None, delivered=None)
    page = page_action(user, "decide_this", posting.title, choice="0", number="9" * 25, reason="Visto lá")
    assert page.status_code == 200
    assert company.posting(title).kamino_id is None
