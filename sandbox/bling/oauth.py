"""Bling: POST /oauth/token and /oauth/revoke. Basic auth only; form bodies; JSON answers."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from sandbox.bling import errors
from sandbox.bling.tokens import TokenKind
from sandbox.wire import Call, HttpError, Reply

if TYPE_CHECKING:
    from sandbox.bling.state import BlingAccount, BlingApp
    from sandbox.world import World


def form_of(call: Call) -> dict[str, str]:
    """Return the form body; the last value of a repeated name."""
    return {name: values[-1] for name, values in parse_qs(call.body.decode(errors="replace")).items()}


def client_of(world: World, call: Call) -> BlingApp:
    """Return the app that calls, by HTTP Basic; credentials in the body do not count."""
    scheme, _, text = call.headers.get("Authorization", "").partition(" ")
    try:
        client_id, _, secret = base64.b64decode(text).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        client_id, secret = "", ""
    app = world.grants.app(client_id) if scheme == "Basic" else None
    if app is None or app.client_secret != secret:
        raise errors.error(401, "invalid_client", "invalid_client", "The client credentials are invalid")
    return app


def kamino_of(world: World, call: Call) -> BlingAccount | None:
    """Return whose tokens a token call is about, for counting; None when that is unknown."""
    form = form_of(call)
    if refresh := world.grants.refresh.get(form.get("refresh_token", "")):
        return refresh.account
    if code := world.grants.codes.get(form.get("code", "")):
        return code.account
    try:
        return client_of(world, call).owner
    except HttpError:
        return None


def give_token(world: World, call: Call) -> Reply:
    """Exchange a code, or rotate a refresh token. `enable-jwt: 1` chooses the kind of the new token."""
    app, form = client_of(world, call), form_of(call)
    kind: TokenKind = "jwt" if call.headers.get("enable-jwt") == "1" else "opaque"
    if form.get("grant_type") == "authorization_code" and form.get("code"):
        return Reply(world.grants.exchange(app.client_id, form["code"], kind))
    if form.get("grant_type") == "refresh_token" and form.get("refresh_token"):
        return Reply(world.grants.rotate(app.client_id, form["refresh_token"], kind))
    raise errors.error(400, "invalid_request", "invalid_request", "Invalid grant_type or missing parameter")


def revoke_token(world: World, call: Call) -> Reply:
    """Forget a token, or with `revoke_target=company` all of its company's. One of another app stays."""
    app, form = client_of(world, call), form_of(call)
    text = form.get("token", "")
    token = world.grants.refresh.get(text) or world.grants.access.get(text)
    if token and token.client_id != app.client_id:
        return Reply({})
    if token and form.get("revoke_target") == "company":
        world.grants.revoke_company(token.account)
    world.grants.revoke(text)
    return Reply({})
