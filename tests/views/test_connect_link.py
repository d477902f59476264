"""The customer's link: opening it changes nothing, its button begins an authorization, and it ends as promised."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.models import AuthorizationRequest, BlingConnection, ConnectionEvent, ConnectLink
from integrations.pipeline.company import authorization
from integrations.pipeline.company.authorization import Outcome
from integrations.views.outcomes import AGAIN, OUTCOMES
from tests.admin.connections.test_secrets import assert_no_secret
from tests.admin.world import Rows

CALLBACK = "/bling/callback"


@pytest.fixture
def token(ours: Rows, root: User) -> str:
    return authorization.create_link(connection=ours.bling, user=root, now=timezone.now())


def address(token: str) -> str:
    return reverse("connect-by-link", args=[token])


def state_of(response: Any) -> str:
    return parse_qs(urlsplit(response["Location"]).query)["state"][0]


def test_the_page_says_in_portuguese_what_it_is_for(token: str, client: Client, settings: Any) -> None:
    settings.SUPPORT_EMAILS = ["suporte@example.com", "outro@example.com"]
    response = client.get(address(token), headers={"accept-language": "en"})
    page = response.content.decode()
    assert response.status_code == 200
    for words in ("Empresa nossa", "O que será lido", "Contas a pagar e a receber", "Continuar no Bling"):
        assert words in page, words
    assert "suporte@example.com" in page
    assert "outro@example.com" not in page
    assert "/admin/" not in page
    assert 'content="noindex, nofollow"' in page
    assert (response["Cache-Control"], response["X-Robots-Tag"]) == ("no-store", "noindex, nofollow")
    assert response["Referrer-Policy"] == "same-origin"
    assert_no_secret(page, "link")


def test_previews_reloads_and_head_change_nothing(token: str, client: Client) -> None:
    before = ConnectLink.objects.values().get(), BlingConnection.objects.values().get(), ConnectionEvent.objects.count()
    for _preview in range(3):
        assert client.get(address(token), headers={"user-agent": "WhatsApp/2.23"}).status_code == 200
    head = client.head(address(token))
    assert (head.status_code, head.content) == (200, b"")
    assert client.put(address(token)).status_code == 405
    assert not AuthorizationRequest.objects.exists()
    after = ConnectLink.objects.values().get(), BlingConnection.objects.values().get(), ConnectionEvent.objects.count()
    assert after == before


def test_the_button_leads_to_bling_bound_to_this_browser(token: str, client: Client, settings: Any) -> None:
    response = client.post(address(token))
    assert response["Location"].startswith(settings.BLING_ADDRESSES["BLING_AUTHORIZE_URL"])
    assert (response["Referrer-Policy"], response["Cache-Control"]) == ("no-referrer", "no-store")
    for name in ("bling_authorization", "bling_link"):
        cookie = response.cookies[name]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", CALLBACK)
    request = AuthorizationRequest.objects.get()
    assert (request.user, request.link) == (None, ConnectLink.objects.get())
    assert ConnectLink.objects.get().used_at is None


def test_the_button_needs_the_page_s_own_token(token: str) -> None:
    assert Client(enforce_csrf_checks=True).post(address(token)).status_code == 403
    assert not AuthorizationRequest.objects.exists()


def spoil_age(token: str) -> str:
    ConnectLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    return token


def spoil_use(token: str) -> str:
    ConnectLink.objects.update(used_at=timezone.now())
    return token


@pytest.mark.parametrize(
    "spoil", [spoil_age, spoil_use, lambda token: token[:-3] + "xxx", lambda _token: "nonsense", lambda _token: "a:b:c"]
)
@pytest.mark.parametrize("method", ["get", "head", "post"])
def test_a_link_that_ended_or_was_forged_is_told_so(
    method: str, spoil: Callable[[str], str], token: str, client: Client
) -> None:
    response = getattr(client, method)(address(spoil(token)))
    assert response.status_code == 410
    assert response["Cache-Control"] == "no-store"
    if method != "head":
        page = response.content.decode()
        assert "Este link não vale mais" in page
        assert "Empresa nossa" not in page
    assert not AuthorizationRequest.objects.exists()


def test_a_newer_link_ends_the_older_one(token: str, ours: Rows, root: User, client: Client) -> None:
    newer = authorization.create_link(connection=ours.bling, user=root, now=timezone.now())
    assert client.get(address(token)).status_code == 410
    assert client.get(address(newer)).status_code == 200


def test_a_connection_without_an_app_sends_nobody_to_bling(
    token: str, ours: Rows, client: Client, settings: Any
) -> None:
    settings.BLING_CLIENT_ID = ""
    BlingConnection.objects.filter(pk=ours.bling.pk).update(client_id="")
    response = client.post(address(token))
    assert response.status_code == 200
    assert not AuthorizationRequest.objects.exists()
    assert "Avise o suporte" in response.content.decode()


@pytest.mark.parametrize("code", sorted(AGAIN))
def test_after_a_failure_the_customer_is_led_back_to_the_link(
    code: str, token: str, client: Client, ours: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.post(address(token))
    outcome = Outcome(code, ours.bling)
    monkeypatch.setattr("integrations.views.connect.authorization.complete_authorization", lambda **_kwargs: outcome)
    page = client.get(CALLBACK, {"state": "s", "code": "c"}).content.decode()
    assert f'href="{address(token)}"' in page
    assert "página da conexão" not in page


@pytest.mark.parametrize("code", sorted(OUTCOMES))
def test_a_customer_is_never_told_to_look_at_our_pages(
    code: str, token: str, login: Callable[[str], Client], ours: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = login("suporte")  # even where somebody of ours tries the link in a browser that is logged in
    client.post(address(token))
    outcome = Outcome(code, ours.bling)
    monkeypatch.setattr("integrations.views.connect.authorization.complete_authorization", lambda **_kwargs: outcome)
    page = client.get(CALLBACK, {"state": "s", "code": "c"}).content.decode()
    for words in ("/admin/", "página da conexão", "Conexões com o Bling", "client id", "Ir para a conexão"):
        assert words not in page, words


def test_a_refusal_keeps_the_link_and_the_way_back(token: str, client: Client) -> None:
    state = state_of(client.post(address(token)))
    page = client.get(CALLBACK, {"state": state, "error": "access_denied"}).content.decode()
    assert 'data-outcome="refused"' in page
    assert address(token) in page
    assert client.get(address(token)).status_code == 200
    event = ConnectionEvent.objects.first()
    assert event is not None
    assert (event.code, event.user) == ("refused", None)


def test_staff_s_own_start_forgets_an_earlier_link(token: str, login: Callable[[str], Client], ours: Rows) -> None:
    client = login("suporte")
    client.post(address(token))
    state = state_of(client.post(reverse("bling-connect", args=[ours.bling.pk])))
    page = client.get(CALLBACK, {"state": state, "error": "access_denied"}).content.decode()
    assert address(token) not in page
    assert "/admin/integrations/blingconnection/" in page
