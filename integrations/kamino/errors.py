"""Kamino's answers that are no success, turned into our errors. HTTP 200 with `Sucesso: false` is a failure."""

from typing import Any

from integrations.rest.errors import (
    ApiError,
    ConfigError,
    InternalError,
    RateLimitedError,
    RejectedError,
    TransientError,
    UncertainError,
    refusal_kind,
)
from integrations.rest.redaction import excerpt
from integrations.rest.session import Answer

SERVICE = "Kamino"
DEFAULT_PAUSE = 60.0
PAUSE_MARGIN = 2.0


def error_of(answer: Answer, operation: str, *, is_write: bool) -> ApiError:
    """Return the error for an answer that is no success.

    A write is refused only by a status that says so; after every other one Kamino may have done it.
    """
    where: dict[str, Any] = {"service": SERVICE, "operation": operation, "status": answer.status}
    if answer.status == 429:
        return RateLimitedError(
            _message(answer), seconds=_pause(answer), service=SERVICE, operation=operation, code="limit"
        )
    if answer.status >= 500 or answer.is_html or answer.status == 200:
        kind = UncertainError if is_write else TransientError
        return kind(_message(answer), code="html" if answer.is_html else "", **where)
    if is_write and refusal_kind(answer.status) is InternalError:
        return UncertainError(_message(answer), **where)
    if 300 <= answer.status < 400:
        return ConfigError("redirect refused", code="redirect", **where)
    return refusal_kind(answer.status)(_message(answer) or f"HTTP {answer.status}", **where)


def refusal(body: dict[str, Any], operation: str) -> RejectedError | None:
    """Return the error inside a 200 answer, if there is one."""
    if body.get("Sucesso") is False:
        return RejectedError(
            excerpt(str(body.get("Mensagem") or "recusado sem mensagem")),
            service=SERVICE, operation=operation, status=200, code="Sucesso:false",
        )  # fmt: skip
    return None


def _message(answer: Answer) -> str:
    if answer.is_html:
        return ""
    try:
        body = answer.json()
    except InternalError:
        return excerpt(answer.text, 120)
    if not isinstance(body, dict):
        return ""
    names = ("Mensagem", "message", "Message", "ExceptionMessage")
    return excerpt(next((str(body[name]) for name in names if body.get(name)), ""))


def _pause(answer: Answer) -> float:
    for header in ("RateLimit-Reset", "Retry-After"):
        value = answer.headers.get(header, "")
        if value.replace(".", "", 1).isdigit():
            # Nobody knows whether the reset is in seconds or an epoch; an epoch would be absurdly far away.
            seconds = float(value)
            return min(seconds, DEFAULT_PAUSE * 5) + PAUSE_MARGIN if seconds < 1e8 else DEFAULT_PAUSE
    return DEFAULT_PAUSE
