"""Faults around a handler: what the switches do to a request before and after it is served."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from flask import Response, request

from sandbox.faults import LIST_KINDS, Fault
from sandbox.wire import Reply, html

#: Keys that the HTTP server looks for in the request's environment.
CUT, HALF = "sandbox.cut", "sandbox.half"


def respond(reply: Reply) -> Response:
    """Return the Flask response of an answer."""
    return Response(
        reply.body(),
        status=reply.status,
        headers=reply.headers,
        content_type=reply.content_type,
    )


def cut() -> Response:
    """Let the server close the connection without a byte of answer."""
    request.environ[CUT] = True
    return Response(b"")


def with_fault(fault: Fault | None, refuse: Callable[[Fault], Reply], serve: Callable[[], Reply]) -> Response:
    """Serve a request as its fault says; `refuse` knows the service's own error bodies."""
    kind = fault.kind if fault else ""
    if fault is None or kind in ("repeat_page", "page_shift", "another_id", *LIST_KINDS):
        return respond(serve())
    if kind == "slow":
        time.sleep(fault.seconds)
        return respond(serve())
    if kind == "cut_before":
        return cut()
    if kind == "html":
        return respond(html(fault.status, "Serviço temporariamente indisponível"))
    if kind in ("cut_after", "token_lost"):
        serve()
        return cut()
    if fault and kind in ("odd_before", "odd_after"):
        if kind == "odd_after":
            serve()
        return respond(Reply(text=fault.answer))
    if fault and kind == "answer":
        return respond(Reply(text=fault.answer, status=fault.status))
    if kind == "truncated":
        response = respond(serve())
        request.environ[HALF] = True
        return response
    return respond(refuse(fault))


def environment_flag(environ: dict[str, Any], key: str) -> bool:
    """Return whether a handler asked the server to spoil the answer."""
    return bool(environ.get(key))
