"""Authorization codes and tokens: issuing, rotation, expiry and revocation, with no HTTP in it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

from sandbox.bling import errors
from sandbox.bling.state import BlingAccount, BlingApp
from sandbox.bling.tokens import HEX, TokenKind
from sandbox.ground import Ground

CODE_SECONDS = 60
ACCESS_SECONDS = 21_600
REFRESH_SECONDS = 30 * 24 * 3600
BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass
class Code:
    """An authorization code: one minute, one use."""

    client_id: str
    account: BlingAccount
    expires: float
    used: bool = False


@dataclass
class Token:
    """An access or refresh token of one company, given to one app."""

    client_id: str
    account: BlingAccount
    kind: TokenKind
    expires: float


class Company(Protocol):
    """A user of a Bling account."""

    @property
    def bling(self) -> BlingAccount: ...


class Grants:
    """Every code and token of the world; apps are the accounts' own, so any company may consent to any app."""

    def __init__(self, world: Ground, companies: Mapping[str, Company]) -> None:
        self.world = world
        self._companies = companies
        self.rng = Random(f"grants:{world.seed}")
        self.codes: dict[str, Code] = {}
        self.access: dict[str, Token] = {}
        self.refresh: dict[str, Token] = {}

    def _text(self, length: int, alphabet: str = HEX) -> str:
        return "".join(self.rng.choices(alphabet, k=length))

    def app(self, client_id: str) -> BlingApp | None:
        """Return an app that an account registered, or None."""
        return next((app for a in self._companies.values() if (app := a.bling.apps.get(client_id))), None)

    def new_code(self, client_id: str, account: BlingAccount) -> str:
        """Return a code, as the consent page hands it to the redirect address."""
        code = self._text(40)
        self.codes[code] = Code(client_id, account, self.world.clock() + CODE_SECONDS)
        return code

    def exchange(self, client_id: str, text: str, kind: TokenKind) -> dict[str, Any]:
        """Turn a code into tokens. Using a code twice revokes what it gave."""
        code = self.codes.get(text)
        if code is None or code.client_id != client_id:
            raise errors.invalid_grant("The authorization code is invalid")
        if code.used:
            self.revoke_company(code.account)
            raise errors.error(
                400,
                "VALIDATION_ERROR",
                "Invalid authorization code",
                "This authorization code has already been used, for security reasons the user has been revoked.",
            )
        if code.expires <= self.world.clock():
            raise errors.invalid_grant()
        code.used = True
        return self.issue(client_id, code.account, kind)

    def rotate(self, client_id: str, text: str, kind: TokenKind) -> dict[str, Any]:
        """Turn a refresh token into a new pair; the old refresh token stops working at once."""
        token = self.refresh.get(text)
        if token is None or token.client_id != client_id or token.expires <= self.world.clock():
            raise errors.invalid_grant("Invalid refresh token")
        if token.account.inactive:
            raise errors.error(
                401, "UNAUTHORIZED_ERROR", "Empresa inativa", "A empresa vinculada ao token esta inativa."
            )
        del self.refresh[text]
        return self.issue(client_id, token.account, kind)

    def issue(self, client_id: str, account: BlingAccount, kind: TokenKind) -> dict[str, Any]:
        """Return a new pair in the token endpoint's form."""
        now = self.world.clock()
        app = self.app(client_id)
        assert app is not None, "issued to nobody's app"
        scopes = account.scope_ids(app)
        access = self._text(40) if kind == "opaque" else self._jwt(account, scopes)
        refresh = self._text(40)
        self.access[access] = Token(client_id, account, kind, now + ACCESS_SECONDS)
        self.refresh[refresh] = Token(client_id, account, kind, now + REFRESH_SECONDS)
        return {
            "access_token": access,
            "expires_in": ACCESS_SECONDS,
            "token_type": "Bearer",
            "scope": scopes,
            "refresh_token": refresh,
        }

    def _jwt(self, account: BlingAccount, scopes: str) -> str:
        """Return a token that looks like Bling's JWT: user, company and scopes, well over 1,000 characters."""
        claims = {
            "iss": "https://www.bling.com.br",
            "sub": account.slug,
            "company": account.company_id,
            "jti": self._text(64),
            "exp": int(self.world.clock()) + ACCESS_SECONDS,
            "scopes": scopes.split(),
            "padding": self._text(400),
        }
        head = _segment({"typ": "JWT", "alg": "RS256"})
        return f"{head}.{_segment(claims)}.{self._text(512, BASE64URL)}"

    def expire_access(self, account: BlingAccount) -> None:
        """Let every access token of a company be past its life; refresh tokens stay good."""
        for token in self.access.values():
            if token.account is account:
                token.expires = 0

    def revoke(self, text: str) -> None:
        """Forget one token of either kind."""
        self.access.pop(text, None)
        self.refresh.pop(text, None)

    def revoke_company(self, account: BlingAccount) -> None:
        """Forget every token of a company."""
        self.access = {text: token for text, token in self.access.items() if token.account is not account}
        self.refresh = {text: token for text, token in self.refresh.items() if token.account is not account}

    def token_of(self, authorization: str, jwt_header: str) -> Token:
        """Return the token that a bearer shows: whose data it opens, to which app.

        An opaque token sent with `enable-jwt: 1`, or a JWT without it, is refused like a wrong token.
        """
        scheme, _, text = authorization.partition(" ")
        if scheme != "Bearer" or not text.strip():
            raise errors.error(401, "invalid_request", "Malformed auth header", "")
        token = self.access.get(text.strip())
        if token is None or (token.kind == "jwt") != (jwt_header == "1"):
            raise errors.invalid_token()
        if token.expires <= self.world.clock():
            raise errors.invalid_token(expired=True)
        if token.account.inactive:
            raise errors.invalid_token()
        return token


def _segment(claims: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
