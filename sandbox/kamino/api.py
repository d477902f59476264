"""Kamino's API over HTTP: five headers, 20 requests per minute, then the handler."""

from __future__ import annotations

import math
from collections.abc import Callable
from secrets import compare_digest
from typing import Any

from flask import Flask, Response

from sandbox.calls import METHODS, call_from, page_number
from sandbox.faults import Fault
from sandbox.gate import respond, with_fault
from sandbox.kamino import persons, registers, titles
from sandbox.kamino.fields import Row
from sandbox.kamino.registers_book import Rejected
from sandbox.kamino.state import KaminoCompany
from sandbox.kamino.views import Handler, body_of, no_resource
from sandbox.wire import Call, HttpError, Reply, dump
from sandbox.world import World

PREFIX = "/kamino/api"


def mount(app: Flask, world: World) -> None:
    """Add Kamino's endpoints; any other path below the base is ASP.NET's 404."""
    by_rule: dict[str, dict[str, Handler]] = {}
    for method, rule, handler in (*titles.ROUTES, *persons.ROUTES, *registers.ROUTES):
        by_rule.setdefault(rule, {})[method] = handler
    by_rule["/<path:rest>"] = {}
    for rule, handlers in by_rule.items():
        app.add_url_rule(
            PREFIX + rule, endpoint=f"kamino {rule}", view_func=_view(world, rule, handlers), methods=METHODS
        )


def _view(world: World, rule: str, handlers: dict[str, Handler]) -> Callable[..., Response]:
    def view(**ids: Any) -> Response:
        call = call_from(PREFIX, rule)
        try:
            with world.lock:
                company = _admit(world, call)
                call.fault = world.faults.take("kamino", call.method, call.path, page_number(call), company.slug)
        except HttpError as refusal:
            return respond(refusal.reply)

        def serve() -> Reply:
            with world.lock:
                return _handle(company, call, handlers.get(call.method, _missing), ids)

        return with_fault(call.fault, lambda fault: _refuse(company, fault), serve)

    return view


def _admit(world: World, call: Call) -> KaminoCompany:
    """Return the company that the headers open, or refuse with 401 or 429."""
    name = call.headers.get("CN", "")
    company = next((a.kamino for a in world.accounts.values() if a.kamino.cn == name), None)
    if company is None or not all(
        compare_digest(call.headers.get(header, "").encode(), value.encode())
        for header, value in company.headers().items()
    ):
        raise HttpError(Reply({"Mensagem": "Chaves de acesso inválidas."}, 401))
    company.calls[f"{call.method} {call.route}"] += 1
    company.request_log.append(world.clock())
    if not world.unlimited and not company.window.admit(world.clock()):
        company.refused[429] += 1
        raise HttpError(too_many(math.ceil(company.window.reset_in(world.clock()))))
    return company


def too_many(seconds: float) -> Reply:
    """Return a 429 with the seconds until the next request is welcome."""
    return Reply(
        {"Mensagem": "Limite de requisições excedido."}, 429, {"RateLimit-Reset": str(max(1, math.ceil(seconds)))}
    )


def _missing(company: KaminoCompany, call: Call, **ids: Any) -> Reply:
    return no_resource(call)


def _handle(company: KaminoCompany, call: Call, handler: Handler, ids: dict[str, Any]) -> Reply:
    """Run a handler; a business refusal is HTTP 200 with `Sucesso: false`."""
    writes = call.method != "GET" and handler is not _missing
    if call.fault and call.fault.kind == "another_id":
        call.body = dump(body_of(call) | {"ID": 0})
    try:
        if writes:
            company.check_rejections(f"{call.method} {call.path} {call.body.decode(errors='replace')}")
        reply = handler(company, call, **ids)
    except Rejected as refusal:
        company.rejected_count += 1
        return Reply({"Sucesso": False, "Mensagem": str(refusal), "InfoAdicional": None, "Objeto": None})
    if writes and reply.status < 400:
        company.write_count += 1
        company.write_log.append((f"{call.method} {call.path}", _body_or_nothing(call)))
    return reply


def _body_or_nothing(call: Call) -> Row:
    return body_of(call) if call.body else {}


def _refuse(company: KaminoCompany, fault: Fault) -> Reply:
    """Return Kamino's body for a fault that is an error answer."""
    status = {"429": 429, "429_day": 429, "503": 503}.get(fault.kind, 500)
    company.refused[status] += 1
    if status == 429:
        return too_many(fault.seconds)
    return Reply({"Message": "An error has occurred."}, status)
