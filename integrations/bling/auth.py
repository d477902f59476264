"""Bling's OAuth 2.0: authorization address, code exchange, refresh, revocation. Knows no database.

Source: Bling's developer portal, "Autenticação": Basic credentials only, form body, JSON answer, `enable-jwt: 1`.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any, TypeVar

import requests
from oauthlib.oauth2 import InsecureTransportError, OAuth2Error
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from integrations.bling.errors import (
    INVALID_GRANT,
    SERVICE,
    ForbiddenError,
    InvalidGrantError,
    NoRefreshTokenError,
    error_of,
)
from integrations.rest.address import Address
from integrations.rest.errors import (
    ApiError,
    ConfigError,
    InternalError,
    RejectedError,
    TransientError,
    UnauthorizedError,
    UncertainError,
)
from integrations.rest.fields import whole
from integrations.rest.peers import within
from integrations.rest.redaction import without_secrets
from integrations.rest.session import (
    CONNECT_TIMEOUT,
    READ_TIMEOUT,
    USER_AGENT,
    Answer,
    Bound,
    Session,
    read_body,
    send,
)

E = TypeVar("E", bound=ApiError)
KIND_JWT = "jwt"
KIND_OPAQUE = "opaque"
LIFETIME_S = 21_600
"""Bling: how long an access token lives. Taken where an answer says nothing that can be read."""
_LONGEST_LIFETIME_S = 30 * 86_400
_MOST_SCOPES = 1000
UNKNOWN = "token_unknown"
"""The code of a token call whose outcome nobody knows."""
_GRANT = re.compile(r"\btokens?\b|_token\b|authori[sz]ation code|c[oó]digo de autoriza", re.IGNORECASE)
_ENDED = re.compile(
    r"inv[aá]lid|expir|revok|revog|not found|n[aã]o encontrad|unknown|desconhecid|already used|j[aá] utilizad",
    re.IGNORECASE,
)
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
    token_url: Address
    authorize_url: Address
    revoke_url: Address

    def __repr__(self) -> str:
        return f"App(client_id={self.client_id!r})"


@dataclass(frozen=True, repr=False)
class TokenPair:
    """A fresh pair of tokens; `expires_in` in seconds, `kind` decides whether calls carry `enable-jwt`. `scopes` are
    the numeric ids that the answer named, with blanks between them; empty where it named none that can be read."""

    access_token: str
    refresh_token: str
    expires_in: int
    kind: str
    scopes: str = ""


def authorize_url(app: App, state: str) -> str:
    """Return the address of Bling's consent page; `state` comes back unchanged and must be compared."""
    url, _ = OAuth2Session(app.client_id).authorization_url(str(app.authorize_url), state=state)
    return str(url)


def exchange_code(app: App, code: str) -> TokenPair:
    """Exchange an authorization code, once: a second use revokes the user.

    Raises `UncertainError` when the answer never came or says nothing, `InvalidGrantError`, `NoRefreshTokenError`,
    `UnauthorizedError` (client credentials), `NeedsReconnectionError` or `TransientError`.
    """
    session = _oauth_session(app, "access_token_response", code)
    return _token_call(
        lambda: session.fetch_token(
            str(app.token_url),
            code=code,
            auth=_basic(app),
            headers=dict(_HEADERS),
            timeout=_TIMEOUT,
            include_client_id=False,
        ),
        "exchange",
    )


def refresh(app: App, refresh_token: str) -> TokenPair:
    """Refresh once, explicitly. The old refresh token is dead as soon as Bling has answered with another one; an answer
    without one keeps it.

    Raises `UncertainError` when the answer never came or says nothing: the pair may be lost. Other errors as
    `exchange_code`.
    """
    session = _oauth_session(app, "refresh_token_response", refresh_token)
    return _token_call(
        lambda: session.refresh_token(
            str(app.token_url), refresh_token=refresh_token, auth=_basic(app), headers=dict(_HEADERS), timeout=_TIMEOUT
        ),
        "refresh",
    )


def revoke(app: App, token: str) -> None:
    """Revoke a refresh token at Bling. Raises `ApiError` kinds; an already dead token is no error."""
    answer = send(
        Session(app.revoke_url), "POST", str(app.revoke_url), service=SERVICE, operation="revoke", is_write=False,
        data={"token": token, "token_type_hint": "refresh_token"}, auth=_basic(app), headers=dict(_HEADERS),
    )  # fmt: skip
    if answer.status >= 500 or answer.status == 429:
        raise error_of(_quoting_nothing(answer, (token, app.client_secret)), "revoke", is_write=False)


_TIMEOUT = (CONNECT_TIMEOUT, READ_TIMEOUT)


def _basic(app: App) -> HTTPBasicAuth:
    return HTTPBasicAuth(app.client_id, app.client_secret)


class _TokenSession(Bound, OAuth2Session):  # type: ignore[misc] # requests_oauthlib has no types
    """Reads no answer without end, neither in time nor in size."""

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        with within(READ_TIMEOUT):
            response = super().send(request, **{**kwargs, "stream": True})
            response._content = read_body(response)  # as the library's own compliance fixes do
        return response


def _oauth_session(app: App, hook: str, grant: str) -> OAuth2Session:
    session = _TokenSession(app.client_id)
    session.bind(app.token_url)
    session.max_redirects = 0
    session.register_compliance_hook(hook, partial(_tokens_alone, secrets=(grant, app.client_secret)))
    return session


def _tokens_alone(response: requests.Response, *, secrets: Sequence[str]) -> requests.Response:
    """Leave only the tokens of an answer to the library, which knows none of Bling's errors, prints bodies and breaks
    at odd values beside them. An error shows none of the `secrets` that were sent."""
    answer = Answer(response.status_code, response.headers, response.content, "token", service=SERVICE)
    tokens = _tokens_in(answer)
    if tokens is None:
        raise _refusal(_quoting_nothing(answer, secrets))
    response._content = json.dumps(tokens).encode()  # as the library's own compliance fixes do
    response.encoding = "utf-8"
    return response


def _quoting_nothing(answer: Answer, secrets: Sequence[str]) -> Answer:
    body = without_secrets(answer.body, secrets)
    return Answer(answer.status, answer.headers, body, "token", service=SERVICE)


def _tokens_in(answer: Answer) -> dict[str, Any] | None:
    """Return the tokens of a success; `None` where there is none to use."""
    try:
        body = answer.json()
    except InternalError:
        return None
    is_success = 200 <= answer.status < 300 and isinstance(body, Mapping) and not body.get("error")
    found = {name: body[name] for name in _TOKENS if _is_token(body.get(name))} if is_success else {}
    if "access_token" not in found:
        return None
    # Not as "scope", which the library compares with what was asked for: at Bling nothing is.
    granted = _scopes(body.get("scope"))
    return {**found, "token_type": "Bearer", "expires_in": _lifetime(body.get("expires_in")), "granted": granted}


_TOKENS = ("access_token", "refresh_token")


def _is_token(value: object) -> bool:
    """Say whether a value may be a token: text that a header takes."""
    return isinstance(value, str) and bool(value) and value.isascii() and value.isprintable() and " " not in value


def _scopes(value: object) -> str:
    """Return the ids of scopes (Bling: numbers with blanks between them); empty where one of them is anything else."""
    ids = value.split() if isinstance(value, str) else []
    return " ".join(ids) if len(ids) <= _MOST_SCOPES and all(one.isascii() and one.isdecimal() for one in ids) else ""


def _lifetime(value: object) -> int:
    try:
        seconds = whole(Decimal(str(value)))
    except (InvalidOperation, ValueError):
        return LIFETIME_S
    return seconds if 0 < seconds <= _LONGEST_LIFETIME_S else LIFETIME_S


def _refusal(answer: Answer) -> ApiError:
    """Return the error of an answer without tokens. How Bling words that a grant has ended is documented for one case
    only: a refusal that speaks of a token or code which is invalid, expired or revoked says so too."""
    error = error_of(answer, "token", is_write=True)
    if isinstance(error, UnauthorizedError) and error.code != "invalid_token":
        return error
    is_refused = isinstance(error, RejectedError | ForbiddenError | UnauthorizedError)
    text = f"{error.code} {error.message}"
    if is_refused and _GRANT.search(text) and _ENDED.search(text):
        return InvalidGrantError(
            error.message, service=SERVICE, operation="token", status=error.status, code=INVALID_GRANT
        )
    return error


def _token_call(call: Callable[[], Any], operation: str) -> TokenPair:
    def named(kind: type[E], message: str, code: str = "", status: int | None = None) -> E:
        return kind(message, service=SERVICE, operation=operation, status=status, code=code)

    try:
        token = call()
    except requests.exceptions.ConnectTimeout as error:
        raise named(TransientError, "no connection", "no_answer") from error
    except InsecureTransportError as error:
        raise named(ConfigError, "the address for tokens must begin with https", "https") from error
    except requests.RequestException as error:
        raise named(UncertainError, f"no answer ({type(error).__name__})", UNKNOWN) from None
    except UncertainError as error:
        raise named(UncertainError, error.message, UNKNOWN, error.status) from None
    except (OAuth2Error, ValueError, TypeError) as error:
        # Chained, the error would carry the answer's body, and with it the new tokens.
        raise named(UncertainError, f"no tokens ({type(error).__name__})", UNKNOWN) from None
    access, renewed = str(token["access_token"]), str(token.get("refresh_token") or "")
    if not renewed:
        raise named(NoRefreshTokenError, "no refresh token in the answer", "no_refresh_token")
    kind = KIND_JWT if access.count(".") == 2 else KIND_OPAQUE
    return TokenPair(access, renewed, int(token["expires_in"]), kind, str(token["granted"]))
