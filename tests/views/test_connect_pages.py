"""The way to Bling and back: who may go, what the browser carries, and what it is told at the end."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.models import AuthorizationRequest, BlingConnection, Heartbeat
from integrations.pipeline.company.authorization import Outcome
from integrations.views.outcomes import MISSING_SCOPES, OUTCOMES
from tests.admin.world import Rows
from tests.sealing import seal_all

CALLBACK = "/bling/callback"


def start(client: Client, rows: Rows) -> Any:
    return client.post(reverse("bling-connect", args=[rows.bling.pk]))


def test_the_button_leads_to_bling_with_a_cookie_that_scripts_cannot_read(
    login: Callable[[str], Client], ours: Rows, settings: Any
) -> None:
    response = start(login("suporte"), ours)
    assert response.status_code == 302
    assert response["Location"].startswith(settings.BLING_ADDRESSES["BLING_AUTHORIZE_URL"])
    cookie = response.cookies["bling_authorization"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    nonce = AuthorizationRequest.objects.get().nonce
    assert cookie.value.startswith(nonce)
    assert cookie.value != nonce


@pytest.mark.parametrize("role", ["financeiro", "operacao", "nobody"])
def test_without_the_permission_nobody_goes_to_bling(role: str, login: Callable[[str], Client], ours: Rows) -> None:
    assert start(login(role), ours).status_code == 403
    assert not AuthorizationRequest.objects.exists()


def test_strangers_are_asked_to_log_in_and_a_link_alone_does_nothing(
    login: Callable[[str], Client], ours: Rows
) -> None:
    assert start(Client(), ours).status_code == 302
    assert login("suporte").get(reverse("bling-connect", args=[ours.bling.pk])).status_code == 405
    assert not AuthorizationRequest.objects.exists()


def test_a_connection_without_an_app_says_what_is_missing(
    login: Callable[[str], Client], ours: Rows, settings: Any
) -> None:
    settings.BLING_CLIENT_ID = ""
    BlingConnection.objects.filter(pk=ours.bling.pk).update(client_id="")
    client = login("suporte")
    page = client.get(start(client, ours)["Location"]).content.decode()
    assert "preencha primeiro client id e client secret" in page


def test_the_answer_of_another_browser_is_refused(login: Callable[[str], Client], ours: Rows) -> None:
    state = parse_qs(urlsplit(start(login("suporte"), ours)["Location"]).query)["state"][0]
    page = Client().get(CALLBACK, {"state": state, "code": "c"})
    assert 'data-outcome="not_ours"' in page.content.decode()
    assert AuthorizationRequest.objects.get().used_at is None


def test_a_refusal_is_told_and_a_reload_uses_nothing_again(login: Callable[[str], Client], ours: Rows) -> None:
    client = login("suporte")
    state = parse_qs(urlsplit(start(client, ours)["Location"]).query)["state"][0]
    cookie = client.cookies["bling_authorization"].value
    first = client.get(CALLBACK, {"state": state, "error": "access_denied"})
    assert "Acesso recusado" in first.content.decode()
    client.cookies["bling_authorization"] = cookie
    again = client.get(CALLBACK, {"state": state, "code": "c"})
    assert 'data-outcome="used"' in again.content.decode()


@pytest.mark.parametrize("code", [*OUTCOMES, "something-new"])
def test_every_outcome_is_a_page_in_portuguese(
    code: str, monkeypatch: pytest.MonkeyPatch, ours: Rows, client: Client
) -> None:
    outcome = Outcome(code, ours.bling, "borderos" if code in MISSING_SCOPES else "detail of the service")
    monkeypatch.setattr("integrations.views.connect.authorization.complete_authorization", lambda **_kwargs: outcome)
    response = client.get(CALLBACK, {"state": "s", "code": "c"}, headers={"accept-language": "en"})
    page = response.content.decode()
    assert response.status_code == 200
    assert 'lang="pt-br"' in page
    assert "detail of the service" not in page
    assert "/admin/" not in page
    assert (response["Referrer-Policy"], response["Cache-Control"]) == ("no-referrer", "no-store")
    if code in OUTCOMES:
        assert OUTCOMES[code].title not in page


def test_support_gets_a_link_back_to_the_connection(
    monkeypatch: pytest.MonkeyPatch, login: Callable[[str], Client], ours: Rows
) -> None:
    outcome = Outcome("connected", ours.bling)
    monkeypatch.setattr("integrations.views.connect.authorization.complete_authorization", lambda **_kwargs: outcome)
    page = login("suporte").get(CALLBACK, {"state": "s", "code": "c"}).content.decode()
    assert f"/admin/integrations/blingconnection/{ours.bling.pk}/change/" in page


def test_an_unexpected_error_is_still_a_page(
    monkeypatch: pytest.MonkeyPatch, client: Client, db: None, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(**_kwargs: Any) -> Outcome:
        raise RuntimeError("boom")

    monkeypatch.setattr("integrations.views.connect.authorization.complete_authorization", fail)
    response = client.get(CALLBACK, {"state": "s", "code": "c"})
    assert response.status_code == 200
    assert "boom" not in response.content.decode()
    assert "authorization callback failed" in caplog.text


@pytest.mark.parametrize("query", [{}, {"code": "c"}, {"state": "x" * 5000, "code": "c"}, {"state": "a:b:c"}])
def test_nonsense_is_answered_politely(query: dict[str, str], client: Client, db: None) -> None:
    response = client.get(CALLBACK, query)
    assert response.status_code == 200
    assert "Comece" in response.content.decode()


def test_missing_scopes_are_listed_in_portuguese(monkeypatch: pytest.MonkeyPatch, ours: Rows, client: Client) -> None:
    outcome = Outcome("missing_scopes", ours.bling, "borderos, payables")
    monkeypatch.setattr("integrations.views.connect.authorization.complete_authorization", lambda **_kwargs: outcome)
    page = client.get(CALLBACK, {"state": "s", "code": "c"}).content.decode()
    for words in ("<li>Borderôs</li>", "<li>Contas a Pagar</li>", "Área do integrador", "volte ao link"):
        assert words in page, words


def test_health_says_whether_the_process_can_work(client: Client, db: None) -> None:
    assert client.get("/health/live").content == b"ok"
    assert client.get("/health/ready").json() == {"ok": True}

    with patch("integrations.views.health.connection.cursor", side_effect=OperationalError):
        response = client.get("/health/ready")
        assert (response.status_code, response.json()) == (503, {"ok": False})
        assert client.get("/health/live").status_code == 200


def test_health_asks_for_a_living_worker_only_when_told_to(client: Client, db: None) -> None:
    address = "/health/ready?workers=1"
    seal_all()
    assert client.get(address).status_code == 503
    Heartbeat.objects.create(name="host:1", beat_at=timezone.now() - timedelta(minutes=11))
    assert client.get(address).json() == {"ok": False}
    assert client.get("/health/ready").status_code == 200
    Heartbeat.objects.create(name="host:2", beat_at=timezone.now() - timedelta(minutes=9))
    response = client.get(address)
    assert (response.status_code, response.json()) == (200, {"ok": True})
