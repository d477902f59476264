"""From a Flask request to a `Call`."""

from __future__ import annotations

import re

from flask import request

from sandbox.wire import Call

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def route_name(rule: str) -> str:
    """Return a rule the way counters show it: `/contas/pagar/{id}`."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)


def call_from(prefix: str, rule: str) -> Call:
    """Return the current request as a call; its path is without the API's base."""
    path = request.path[len(prefix) :]
    unmatched = "<path:" in rule
    return Call(
        method=request.method,
        path=path,
        route=path if unmatched else route_name(rule),
        query=request.args.copy(),
        headers=request.headers,
        body=request.get_data(),
        remote=request.remote_addr or "",
    )


def page_number(call: Call) -> int:
    """Return the page that a listing asks for, 1 when it does not say."""
    text = call.query.get("pagina") or call.query.get("_pagina") or "1"
    return int(text) if text.isdigit() else 1
