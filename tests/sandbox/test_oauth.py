"""Consent, codes, tokens, rotation, scopes."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from sandbox.account import Account
from sandbox.server import SandboxServer
from sandbox.world import World

TOKEN = "/oauth/token"


@pytest.fixture
def token_call(server: SandboxServer, account: Account) -> Any:
    def call(jwt: bool = False, auth: Any = None, **form: str) -> requests.Response:
        headers = {"enable-jwt": "1"} if jwt else {}
        keys = auth or (account.bling.client_id, account.bling.client_secret)
        return requests.post(server.bling_url + TOKEN, data=form, auth=keys, headers=headers, timeout=5)

    return call


@pytest.fixture
def consent(server: SandboxServer, account: Account) -> Any:
    def ask(**query: str) -> dict[str, str]:
        wanted = {"response_type": "code", "client_id": account.bling.client_id, "state": "xyz", "auto": "approve"}
        answer = requests.get(
            f"{server.bling_url}/oauth/authorize", params=wanted | query, allow_redirects=False, timeout=5
        )
        assert answer.status_code == 302, answer.text
        assert answer.headers["Location"].startswith(account.bling.redirect_uri)
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}

    return ask


def code_error(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["type"]


def test_the_consent_page_offers_both_buttons_and_every_company(
    server: SandboxServer, account: Account, world: World
) -> None:
    world.add_account("verde")
    page = requests.get(
        f"{server.bling_url}/oauth/authorize",
        params={"response_type": "code", "client_id": account.bling.client_id, "state": "s"},
        timeout=5,
    )
    assert page.status_code == 200
    for text in ("Autorizar", "Recusar", account.name, world.account("verde").name):
        assert text in page.text


def test_consent_gives_a_code_that_becomes_tokens(consent: Any, token_call: Any, account: Account) -> None:
    answer = consent()
    assert answer["state"] == "xyz"
    tokens = token_call(grant_type="authorization_code", code=answer["code"]).json()
    assert tokens["expires_in"] == 21600
    assert tokens["token_type"] == "Bearer"
    assert all(part.isdigit() for part in tokens["scope"].split())
    assert account.bling.calls == {"POST /oauth/token": 1}


def test_another_company_may_consent_to_the_same_app(
    consent: Any, token_call: Any, world: World, server: SandboxServer
) -> None:
    other = world.add_account("verde")
    code = consent(company="verde")["code"]
    token = token_call(grant_type="authorization_code", code=code).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    company = requests.get(f"{server.bling_url}/empresas/me/dados-basicos", headers=headers, timeout=5)
    assert company.json()["data"]["id"] == other.bling.company_id


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"auto": "deny"}, "access_denied"),
        ({"state": ""}, "invalid_request"),
        ({"response_type": "x"}, "invalid_request"),
    ],
)
def test_refusals_come_back_to_the_callback(consent: Any, query: dict[str, str], error: str) -> None:
    answer = consent(**query)
    assert answer["error"] == error
    assert "code" not in answer


def test_inactive_apps_and_companies_are_refused(consent: Any, account: Account) -> None:
    account.bling.inactive = True
    assert consent()["error"] == "UNAUTHORIZED_ERROR"
    account.bling.app_inactive = True
    assert consent()["error"] == "app_inativo"


def test_an_unknown_app_gets_a_page_and_no_redirect(server: SandboxServer, account: Account) -> None:
    answer = requests.get(
        f"{server.bling_url}/oauth/authorize", params={"client_id": "nobody"}, allow_redirects=False, timeout=5
    )
    assert answer.status_code == 400
    assert "não encontrado" in answer.text


def test_a_code_used_twice_revokes_its_tokens(
    consent: Any, token_call: Any, server: SandboxServer, account: Account
) -> None:
    code = consent()["code"]
    token = token_call(grant_type="authorization_code", code=code).json()
    again = token_call(grant_type="authorization_code", code=code)
    assert code_error(again) == (400, "VALIDATION_ERROR")
    call = requests.get(
        f"{server.bling_url}/contas/pagar", headers={"Authorization": f"Bearer {token['access_token']}"}, timeout=5
    )
    assert code_error(call) == (401, "invalid_token")
    refresh = token_call(grant_type="refresh_token", refresh_token=token["refresh_token"])
    assert code_error(refresh) == (400, "invalid_grant")


def test_a_code_lives_one_minute(consent: Any, token_call: Any, world: World) -> None:
    code = consent()["code"]
    world.advance(61)
    assert code_error(token_call(grant_type="authorization_code", code=code)) == (400, "invalid_grant")


def test_credentials_count_only_as_basic_auth(server: SandboxServer, account: Account) -> None:
    form = {
        "grant_type": "refresh_token", "refresh_token": account.bling.issue_tokens()["refresh_token"],
        "client_id": account.bling.client_id, "client_secret": account.bling.client_secret,
    }  # fmt: skip
    answer = requests.post(server.bling_url + TOKEN, data=form, timeout=5)
    assert code_error(answer) == (401, "invalid_client")


def test_refreshing_rotates_the_refresh_token(token_call: Any, account: Account) -> None:
    old = account.bling.issue_tokens()["refresh_token"]
    new = token_call(grant_type="refresh_token", refresh_token=old).json()["refresh_token"]
    assert new != old
    assert code_error(token_call(grant_type="refresh_token", refresh_token=old)) == (400, "invalid_grant")
    assert token_call(grant_type="refresh_token", refresh_token=new).status_code == 200


def test_a_refresh_token_dies_after_30_days(token_call: Any, account: Account, world: World) -> None:
    token = account.bling.issue_tokens()["refresh_token"]
    world.advance(30 * 86400 + 1)
    assert code_error(token_call(grant_type="refresh_token", refresh_token=token)) == (400, "invalid_grant")


def test_an_inactive_company_cannot_refresh(token_call: Any, account: Account) -> None:
    token = account.bling.issue_tokens()["refresh_token"]
    account.bling.inactive = True
    answer = token_call(grant_type="refresh_token", refresh_token=token)
    assert code_error(answer) == (401, "UNAUTHORIZED_ERROR")
    assert answer.json()["error"]["message"] == "Empresa inativa"


@pytest.mark.parametrize(("kind", "header", "status"), [
    ("opaque", None, 200), ("opaque", "1", 401), ("jwt", "1", 200), ("jwt", None, 401),
])  # fmt: skip
def test_the_jwt_header_must_match_the_token(
    server: SandboxServer, account: Account, kind: Any, header: str | None, status: int
) -> None:
    token = account.bling.issue_tokens(kind)["access_token"]
    headers = {"Authorization": f"Bearer {token}"} | ({"enable-jwt": header} if header else {})
    assert requests.get(f"{server.bling_url}/contas/pagar", headers=headers, timeout=5).status_code == status


def test_enable_jwt_yields_a_long_token(token_call: Any, account: Account) -> None:
    token = account.bling.issue_tokens()["refresh_token"]
    access = token_call(jwt=True, grant_type="refresh_token", refresh_token=token).json()["access_token"]
    assert len(access) > 951
    assert access.count(".") == 2


def test_expired_and_revoked_tokens_say_which(bling: Any, account: Account) -> None:
    account.bling.expire_access_tokens()
    assert "expired" in bling.get("/contas/pagar").json()["error"]["description"]
    account.bling.revoke_all()
    assert "is invalid" in bling.get("/contas/pagar").json()["error"]["description"]


def test_revoking_ends_a_token(server: SandboxServer, account: Account, bling: Any) -> None:
    token = bling.session.headers["Authorization"].split()[1]
    keys = (account.bling.client_id, account.bling.client_secret)
    answer = requests.post(f"{server.bling_url}/oauth/revoke", data={"token": token}, auth=keys, timeout=5)
    assert answer.status_code == 200
    assert bling.get("/contas/pagar").status_code == 401


def test_a_missing_scope_is_refused_for_its_resource_only(bling: Any, account: Account) -> None:
    account.bling.missing_scopes = {"borderos"}
    assert code_error(bling.get("/borderos/1")) == (403, "insufficient_scope")
    assert bling.get("/contas/pagar").status_code == 200


def test_a_malformed_header_is_an_invalid_request(server: SandboxServer, account: Account) -> None:
    answer = requests.get(f"{server.bling_url}/contas/pagar", headers={"Authorization": "Basic x"}, timeout=5)
    assert answer.json()["error"]["message"] == "Malformed auth header"


def test_an_app_gets_what_was_ticked_in_it_and_its_tokens_are_its_own(
    server: SandboxServer, account: Account, consent: Any, token_call: Any
) -> None:
    reader = account.bling.add_app("contas-pagar:write")
    keys = (reader.client_id, reader.client_secret)
    code = consent(client_id=reader.client_id)["code"]
    pair = token_call(auth=keys, grant_type="authorization_code", code=code).json()
    assert {"98309", "98310"} & set(pair["scope"].split()) == {"98309"}
    bearer = {"Authorization": f"Bearer {pair['access_token']}"}
    path = f"{server.bling_url}/contas/pagar"
    assert requests.get(path, headers=bearer, timeout=5).status_code == 200
    assert code_error(requests.post(path, json={}, headers=bearer, timeout=5)) == (403, "insufficient_scope")
    refresh = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
    assert code_error(token_call(**refresh)) == (400, "invalid_grant")
    assert token_call(auth=keys, **refresh).status_code == 200
