"""Bling API v3 over HTTP: address limits, tokens, account limits, scopes, then the handler."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Flask, Response

from sandbox.bling import errors, oauth, orders, queries, registers, titles, writes
from sandbox.bling.state import BlingAccount
from sandbox.calls import METHODS, call_from, page_number
from sandbox.faults import Fault
from sandbox.gate import respond, with_fault
from sandbox.wire import Call, HttpError, Reply, html

if TYPE_CHECKING:
    from sandbox.world import World

PREFIX = "/bling/Api/v3"
Handler = Callable[..., Reply]


def mount(app: Flask, world: World) -> None:
    """Add Bling's endpoints to the app; every other path below the base is a 404 in Bling's envelope."""
    rules: dict[str, tuple[str, dict[str, Handler]]] = {}
    for resource, rule, handler in (*titles.ROUTES, *registers.ROUTES):
        rules[rule] = resource, {"GET": handler}
    for method, resource, rule, handler in (*writes.ROUTES, *orders.ROUTES):
        rules.setdefault(rule, (resource, {}))[1][method] = handler
    for rule, (resource, handlers) in rules.items():
        _add(app, rule, _resource_view(world, resource, rule, handlers))
    _add(app, "/oauth/token", _oauth_view(world, "/oauth/token", oauth.give_token))
    _add(app, "/oauth/revoke", _oauth_view(world, "/oauth/revoke", oauth.revoke_token))
    _add(app, "/<path:rest>", _resource_view(world, "", "/<path:rest>", dict.fromkeys(METHODS, _unknown)))


def _add(app: Flask, rule: str, view: Callable[..., Response]) -> None:
    app.add_url_rule(PREFIX + rule, endpoint=f"bling {rule}", view_func=view, methods=METHODS)


def _unknown(account: BlingAccount, call: Call, rest: str) -> Reply:
    raise errors.not_found()


def _resource_view(world: World, resource: str, rule: str, handlers: Mapping[str, Handler]) -> Callable[..., Response]:
    """Return the view of one endpoint."""

    def view(**ids: Any) -> Response:
        call = call_from(PREFIX, rule)
        try:
            with world.lock:
                account = _admit(world, call, resource)
                query = urlencode(list(call.query.items(multi=True)))
                call.fault = world.faults.take("bling", call.method, call.path, page_number(call), account.slug, query)
        except HttpError as refusal:
            return respond(_noted(world, call, refusal.reply))

        def serve() -> Reply:
            return _guarded(world, call, account, lambda: _handle(account, call, handlers, ids))

        return with_fault(call.fault, lambda fault: _noted(world, call, refuse(fault), account), serve)

    return view


def _admit(world: World, call: Call, resource: str) -> BlingAccount:
    """Return the account that a request may read, or refuse it."""
    _check_address(world, call, is_token_call=False)
    token = world.grants.token_of(call.headers.get("Authorization", ""), call.headers.get("enable-jwt", ""))
    account, app = token.account, world.grants.app(token.client_id)
    account.calls[f"{call.method} {call.route}"] += 1
    account.request_log.append(world.clock())
    try:
        account.spend_request(world.clock())
    except HttpError:
        account.refused[429] += 1
        raise
    if app is None or not account.may_use(app, resource, is_write=call.method != "GET"):
        account.refused[403] += 1
        raise errors.insufficient_scope()
    return account


def _handle(account: BlingAccount, call: Call, handlers: Mapping[str, Handler], ids: dict[str, Any]) -> Reply:
    handler = handlers.get(call.method)
    if handler is None:
        raise errors.not_found()
    if call.fault and call.fault.kind == "ignore_filter":
        for name in set(call.query) - queries.PAGING:
            call.query.poplist(name)
    return handler(account, call, **ids)


def _oauth_view(world: World, rule: str, handler: Callable[[World, Call], Reply]) -> Callable[..., Response]:
    """Return the view of a token endpoint: counted per address, not against the account's rate."""

    def view() -> Response:
        call = call_from(PREFIX, rule)
        try:
            with world.lock:
                _check_address(world, call, is_token_call=rule == "/oauth/token")
                if call.method != "POST":
                    raise errors.error(405, "METHOD_NOT_ALLOWED", "Método não permitido.", "Utilize POST.")
                account = oauth.kamino_of(world, call)
                if account:
                    account.calls[f"POST {rule}"] += 1
                slug = account.slug if account else None
                call.fault = world.faults.take("bling", call.method, call.path, 1, slug)
        except HttpError as refusal:
            return respond(_noted(world, call, refusal.reply))
        return with_fault(
            call.fault,
            lambda fault: _noted(world, call, refuse(fault), account),
            lambda: _guarded(world, call, account, lambda: handler(world, call)),
        )

    return view


def _check_address(world: World, call: Call, *, is_token_call: bool) -> None:
    """Refuse blocked addresses with a page of HTML, as a firewall in front of the API does."""
    if not world.unlimited and world.addresses.blocks(call.remote, is_token_call=is_token_call, now=world.clock()):
        raise HttpError(html(403, "Acesso bloqueado"))


def _guarded(world: World, call: Call, account: BlingAccount | None, handle: Callable[[], Reply]) -> Reply:
    """Run a handler under the lock and turn its refusal into an answer."""
    with world.lock:
        try:
            return handle()
        except HttpError as refusal:
            return _noted(world, call, refusal.reply, account)


def _noted(world: World, call: Call, reply: Reply, account: BlingAccount | None = None) -> Reply:
    """Count an error answer against the caller's address."""
    if reply.status >= 400:
        if account:
            account.refused[reply.status] += 1
        if not world.unlimited:
            world.addresses.note_error(call.remote, world.clock())
    return reply


def refuse(fault: Fault) -> Reply:
    """Return Bling's own body for a fault that is an error answer."""
    refusals = {
        "429": errors.too_many(3, "second"),
        "429_day": errors.too_many(120_000, "day"),
        "invalid_grant": errors.invalid_grant("Invalid refresh token"),
        "wrong_host": errors.wrong_host(),
        "503": errors.error(503, "SERVER_ERROR", "Serviço indisponível.", "Tente novamente mais tarde."),
    }
    return refusals.get(fault.kind, errors.server_error()).reply
