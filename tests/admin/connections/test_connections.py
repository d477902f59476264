"""A connection's page: links for customers, held companies, timeline, and forms that refuse what cannot work."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from integrations.admin.connections.event_texts import _EVENTS, event_detail, event_text
from integrations.models import (
    BlingConnection,
    ConnectionEvent,
    ConnectLink,
    PlanRequest,
    Tenant,
    Title,
)
from integrations.models.connections import ConnectionStatus
from integrations.views.outcomes import OUTCOMES
from tests.admin.kit.test_pages import url
from tests.admin.world import CPF, Rows
from tests.mail_backends import UNSENT

DONO = "dono@example.com"
EVENTS = {"events-TOTAL_FORMS": "0", "events-INITIAL_FORMS": "0"}


def action(rows: Rows, name: str) -> str:
    return url(BlingConnection, "change", rows.bling.pk).replace("/change/", f"/{name}/")


def test_a_link_is_shown_once_and_works(login: Callable[[str], Client], ours: Rows, settings: Any) -> None:
    settings.PUBLIC_URL = "https://ponte.example.com"
    client = login("suporte")
    response = client.post(action(ours, "create_link"))
    found = re.search(r'value="https://ponte\.example\.com(/conectar/[^"]+)"', response.content.decode())
    assert found is not None
    assert "no-store" in response["Cache-Control"]
    assert Client().get(found[1]).status_code == 200
    assert found[1] not in client.get(url(BlingConnection, "change", ours.bling.pk)).content.decode()
    event = ConnectionEvent.objects.get(code="link_created")
    assert event.user is not None
    assert event.user.username == "suporte"


def test_the_e_mail_carries_the_link_and_no_personal_data(
    login: Callable[[str], Client], ours: Rows, settings: Any
) -> None:
    settings.PUBLIC_URL = "https://ponte.example.com"
    ours.tenant.alert_emails = "dono@example.com\nfinanceiro@example.com"
    ours.tenant.digest_emails = "b@example.com\ndono@example.com"
    ours.tenant.save()
    client = login("suporte")
    assert "dono@example.com" in client.get(action(ours, "send_link")).content.decode()
    client.post(action(ours, "send_link"), {"addresses": ["dono@example.com", "b@example.com"]})
    message = mail.outbox[0]
    assert message.to == ["dono@example.com", "b@example.com"]
    assert message.subject == "Conecte o Bling de Empresa nossa à Kamino"
    link = re.search(r"https://ponte\.example\.com(/conectar/\S+)", str(message.body))
    assert link is not None
    assert Client().get(link[1]).status_code == 200
    for personal in (CPF, "Pessoa nossa", "suporte"):
        assert personal not in str(message.body)


@pytest.mark.parametrize("addresses", [[], ["ninguém"], ["estranho@example.com"], [DONO, "estranho@example.com"]])
def test_only_the_company_s_own_addresses_get_it(
    addresses: list[str], login: Callable[[str], Client], ours: Rows
) -> None:
    Tenant.objects.update(alert_emails=DONO)
    assert login("suporte").post(action(ours, "send_link"), {"addresses": addresses}).status_code == 200
    assert not mail.outbox
    assert not ConnectLink.objects.exists()


def test_a_company_without_an_address_is_told_to_get_one(login: Callable[[str], Client], ours: Rows) -> None:
    Tenant.objects.update(alert_emails="", digest_emails="")
    response = login("suporte").post(action(ours, "send_link"), {"addresses": [DONO]}, follow=True)
    assert "A empresa não tem e-mail" in response.content.decode()
    assert not mail.outbox


@pytest.mark.parametrize("backend", UNSENT)
def test_a_mail_that_was_not_taken_is_told_honestly(
    backend: str, login: Callable[[str], Client], ours: Rows, settings: Any
) -> None:
    settings.EMAIL_BACKEND = backend
    Tenant.objects.update(alert_emails=DONO)
    response = login("suporte").post(action(ours, "send_link"), {"addresses": "dono@example.com"}, follow=True)
    assert "Não foi possível enviar o e-mail" in response.content.decode()


@pytest.mark.parametrize("name", ["create_link", "send_link"])
def test_without_an_app_there_is_no_link(name: str, login: Callable[[str], Client], ours: Rows, settings: Any) -> None:
    settings.BLING_CLIENT_ID = ""
    BlingConnection.objects.update(client_id="")
    response = login("suporte").post(action(ours, name), {"addresses": "dono@example.com"}, follow=True)
    assert "preencha client id e client secret" in response.content.decode().lower()
    assert not ConnectLink.objects.exists()


LINK = {"connect", "create_link", "send_link"}


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        ("never", LINK),
        ("connected", {*LINK, "sync_this", "test", "write", "access_to_bling", "pause", "disconnect"}),
        ("reconnect", {*LINK, "test", "write", "access_to_bling", "disconnect"}),
        ("paused", {"resume", "connect", "test", "write", "access_to_bling", "disconnect"}),
        ("held", {"accept", "disconnect"}),
    ],
)
def test_each_state_shows_the_buttons_that_can_do_something(
    status: str, shown: set[str], login: Callable[[str], Client], ours: Rows
) -> None:
    BlingConnection.objects.update(status=status)
    page = login("root").get(url(BlingConnection, "change", ours.bling.pk)).content.decode()
    found = set(re.findall(rf"/blingconnection/{ours.bling.pk}/(\w+)/", page)) - {"change", "history", "delete"}
    assert found == shown


def test_the_access_can_be_chosen_where_there_is_an_app_for_it(
    login: Callable[[str], Client], ours: Rows, settings: Any
) -> None:
    page = url(BlingConnection, "change", ours.bling.pk)
    BlingConnection.objects.update(client_id="", client_secret="")
    client = login("root")
    assert "access_to_bling" not in client.get(page).content.decode()
    settings.BLING_WRITE_CLIENT_ID = "escreve"
    assert "access_to_bling" in client.get(page).content.decode()
    BlingConnection.objects.update(next_access="write")
    assert "O que se autoriza: leitura e escrita." in client.get(action(ours, "connect")).content.decode()
    form = client.get(action(ours, "access_to_bling")).content.decode()
    assert "Propostas Comerciais" in form
    assert 'name="client_id"' not in form  # the platform's second app


def test_the_secret_of_the_next_app_is_never_shown(login: Callable[[str], Client], ours: Rows) -> None:
    client, secret = login("suporte"), "canary-next-secret"
    data = {"access": "write", "client_id": "segundo", "client_secret": secret, "reason": "contrato"}
    pages = [client.post(action(ours, "access_to_bling"), data, follow=True)]
    assert BlingConnection.objects.get(pk=ours.bling.pk).next_client_secret == secret
    for name in ("access_to_bling", "change", "history"):
        pages.append(client.get(action(ours, name)))
    for page in pages:
        assert page.status_code == 200
        assert secret not in page.content.decode()
    assert "segundo" in pages[1].content.decode()


def test_every_state_has_its_buttons() -> None:
    from integrations.admin.connections.bling import BUTTONS

    assert set(BUTTONS) == set(ConnectionStatus)


@pytest.mark.parametrize("name", ["pause", "resume", "accept"])
def test_an_order_that_comes_too_late_says_that_nothing_changed(
    name: str, login: Callable[[str], Client], ours: Rows
) -> None:
    BlingConnection.objects.update(status="never")
    response = login("suporte").post(action(ours, name), {"confirmed": "yes"}, follow=True)
    assert "Nada mudou" in response.content.decode()
    assert BlingConnection.objects.get(pk=ours.bling.pk).status == "never"


def test_a_held_connection_says_which_company_was_expected_and_which_came(
    login: Callable[[str], Client], ours: Rows
) -> None:
    BlingConnection.objects.filter(pk=ours.bling.pk).update(company_name="Empresa nossa", company_cnpj="11222333000181")
    held = BlingConnection.objects.create(
        tenant=ours.tenant, label="Bling (Outra)", client_id="x", client_secret="y", status="held", code_prefix="2-",
        status_cause="other_company", company_id="f" * 32, company_name="Outra Ltda", company_cnpj="04252011000110",
    )  # fmt: skip
    client = login("suporte")
    for page in ("change", "accept", "disconnect"):
        address = url(BlingConnection, "change", held.pk).replace("/change/", f"/{page}/")
        text = client.get(address).content.decode()
        for words in ("Esperada: Empresa nossa", "11.222.333/0001-81", "Conectou-se: Outra Ltda", "04.252.011/0001-10"):
            assert words in text, (page, words)


def test_every_code_has_words_on_the_timeline() -> None:
    codes = {
        "connected", "link_created", "paused", "resumed", "accepted", "disconnected", "refresh_lost", "invalid_grant",
        "invalid_client", "missing_scopes", "other_company", "other_cnpj", "no_cnpj", "UNAUTHORIZED_ERROR",
        "app_inativo",
    }  # fmt: skip
    assert codes | (set(OUTCOMES) - {"bad_link", "no_app"}) <= set(_EVENTS)


def test_the_timeline_tells_what_happened_in_portuguese(login: Callable[[str], Client], ours: Rows) -> None:
    now = timezone.now()
    for code, detail in [("refresh_lost", "x"), ("link_created", ""), ("missing_scopes", "borderos"), ("paused", "")]:
        ConnectionEvent.objects.create(connection=ours.bling, at=now, code=code, detail=detail)
    page = login("suporte").get(url(BlingConnection, "change", ours.bling.pk)).content.decode()
    for words in ("se perdeu do nosso lado", "Link para o cliente criado", "Borderôs", "Pausada por uma pessoa"):
        assert words in page, words
    assert event_text("new-code") == "new-code"
    assert event_detail("network", "transient") == ""


def test_what_the_paid_amount_is_plans_the_titles_again_and_the_prefix_of_read_titles_stays(
    login: Callable[[str], Client], ours: Rows
) -> None:
    PlanRequest.objects.all().delete()
    data = {"label": ours.bling.label, "client_id": "", "client_secret": "", "code_prefix": "9-", **EVENTS}
    client, page = login("suporte"), url(BlingConnection, "change", ours.bling.pk)
    assert client.post(page, {**data, "paid_amount": "unknown"}).status_code == 302
    assert not PlanRequest.objects.exists()
    assert client.post(page, {**data, "paid_amount": "net"}).status_code == 302
    saved = BlingConnection.objects.get(pk=ours.bling.pk)
    assert (saved.paid_amount, saved.code_prefix) == ("net", ours.bling.code_prefix)
    assert (
        PlanRequest.objects.filter(title__connection=ours.bling).count()
        == Title.objects.filter(connection=ours.bling).count()
        > 0
    )
    assert saved.history.latest().history_user.username == "suporte"
    new = BlingConnection.objects.create(tenant=ours.tenant, label="Outra", code_prefix="2-")
    data = {**data, "label": "Outra", "code_prefix": "3-", "paid_amount": "unknown"}
    assert client.post(url(BlingConnection, "change", new.pk), data).status_code == 302
    assert BlingConnection.objects.get(pk=new.pk).code_prefix == "3-"


@pytest.mark.parametrize(("length", "refused"), [(40, False), (48, True), (64, True)])
def test_a_key_of_the_old_api_is_refused_with_what_to_do(
    length: int, refused: bool, login: Callable[[str], Client], ours: Rows
) -> None:
    data = {
        "label": "Loja",
        "client_id": "0aF" * 16 + "0" * 16,
        "client_secret": "",
        "paid_amount": "unknown",
        **EVENTS,
    }
    data["client_id"] = data["client_id"][:length]
    response = login("suporte").post(url(BlingConnection, "change", ours.bling.pk), data)
    assert (response.status_code == 200) is refused
    assert ("API v2" in response.content.decode()) is refused
