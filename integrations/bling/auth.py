"""Bling's OAuth 2.0: authorization address, code exchange, refresh, revocation. Knows no database.

Source: Bling's developer portal, "Autenticação": Basic credentials only, form body, JSON answer, `enable-jwt: 1`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from integrations.bling.errors import SERVICE, error_of
from integrations.rest.errors import InternalError, TransientError, UncertainError
from integrations.rest.session import CONNECT_TIMEOUT, READ_TIMEOUT, USER_AGENT, Answer, build_session, send

KIND_JWT = "jwt"
KIND_OPAQUE = "opaque"
_HEADERS = {
    "Accept": "1.0",
    "Content-Type": "application/x-www-form-urlencoded",
    "enable-jwt": "1",
    "User-Agent": USER_AGENT,
}


@dataclass(frozen=True)
class App:
    """A Bling app: the platform's own, or the customer's. `repr` hides the secret."""

    client_id: str
    client_secret: str
    token_url: str
    authorize_url: str = ""
    revoke_url: str = ""

    def __repr__(self) -> str:
        return f"App(client_id={self.client_id!r})"


@dataclass(frozen=True, repr=False)
class TokenPair:
    """A fresh pair of tokens; `expires_in` in seconds, `kind` decides whether calls carry `enable-jwt`."""

    access_token: str
    refresh_token: str
    expires_in: int
    kind: str


def authorize_url(app: App, state: str) -> str:
    """Return the address of Bling's consent page; `state` comes back unchanged and must be compared."""
    url, _ = OAuth2Session(app.client_id).authorization_url(app.authorize_url, state=state)
    return str(url)


def exchange_code(app: App, code: str) -> TokenPair:
    """Exchange an authorization code, once: a second use revokes the user.

    Raises `UncertainError` when the answer never came or says nothing, `InvalidGrantError`, `UnauthorizedError` (client
    credentials), `NeedsReconnectionError` or `TransientError`.
    """
    session = _oauth_session(app, "access_token_response")
    return _token_call(
        lambda: session.fetch_token(
            app.token_url,
            code=code,
            auth=_basic(app),
            headers=dict(_HEADERS),
            timeout=_TIMEOUT,
            include_client_id=False,
        ),
        "exchange",
    )


def refresh(app: App, refresh_token: str) -> TokenPair:
    """Refresh once, explicitly. The old refresh token is dead as soon as Bling has answered.

    Raises `UncertainError` when the answer never came or says nothing: the pair may be lost. Other errors as
    `exchange_code`.
    """
    session = _oauth_session(app, "refresh_token_response")
    return _token_call(
        lambda: session.refresh_token(
            app.token_url, refresh_token=refresh_token, auth=_basic(app), headers=dict(_HEADERS), timeout=_TIMEOUT
        ),
        "refresh",
    )


def revoke(app: App, token: str) -> None:
    """Revoke a refresh token at Bling. Raises `ApiError` kinds; an already dead token is no error."""
    answer = send(
        build_session(), "POST", app.revoke_url, service=SERVICE, operation="revoke", is_write=False,
        data={"token": token, "token_type_hint": "refresh_token"}, auth=_basic(app), headers=dict(_HEADERS),
    )  # fmt: skip
    if answer.status >= 500 or answer.status == 429:
        raise error_of(answer, "revoke", is_write=False)


_TIMEOUT = (CONNECT_TIMEOUT, READ_TIMEOUT)


def _basic(app: App) -> HTTPBasicAuth:
    return HTTPBasicAuth(app.client_id, app.client_secret)


def _oauth_session(app: App, hook: str) -> OAuth2Session:
    session = OAuth2Session(app.client_id)
    session.trust_env = False
    session.max_redirects = 0
    session.register_compliance_hook(hook, _refuse_errors)
    return session


def _refuse_errors(response: requests.Response) -> requests.Response:
    """Map Bling's error envelope before oauthlib sees it: it expects another shape and would print the body."""
    answer = Answer(response.status_code, response.headers, response.content, "token")
    if response.status_code != 200 or answer.is_html:
        raise error_of(answer, "token", is_write=True)
    return response


def _token_call(call: Callable[[], Any], operation: str) -> TokenPair:
    try:
        token = call()
    except requests.exceptions.ConnectTimeout as error:
        raise TransientError("no connection", service=SERVICE, operation=operation) from error
    except requests.RequestException as error:
        raise UncertainError(f"no answer ({type(error).__name__})", service=SERVICE, operation=operation) from None
    except ValueError:
        # Chained, the error would carry the answer's body, and with it the new tokens.
        raise UncertainError("answer is not JSON", service=SERVICE, operation=operation) from None
    access = str(token.get("access_token", ""))
    renewed = str(token.get("refresh_token", ""))
    if not access or not renewed:
        raise InternalError("answer without tokens", service=SERVICE, operation=operation)
    kind = KIND_JWT if access.count(".") == 2 else KIND_OPAQUE
    return TokenPair(access, renewed, int(token.get("expires_in") or 0) or 21_600, kind)
