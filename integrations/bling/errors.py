"""Bling's answers that are no success, turned into our errors: one table, closed by default."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from integrations.rest.errors import (
    DAILY_LIMIT,
    ApiError,
    ConfigError,
    InternalError,
    RateLimitedError,
    RefusedField,
    RejectedError,
    TransientError,
    UnauthorizedError,
    UncertainError,
    refusal_kind,
)
from integrations.rest.redaction import excerpt
from integrations.rest.session import Answer

Body = Mapping[str, Any]

SERVICE = "Bling"
NOT_FOUND = "RESOURCE_NOT_FOUND"
INSUFFICIENT_SCOPE = "insufficient_scope"
INVALID_GRANT = "invalid_grant"
_CLIENT_CODES = ("invalid_client", "unauthorized_client")
"""Bling, OAuth 2.0 (RFC 6749, 5.2): what says that client id and secret are wrong, whatever the status."""
SECONDS_AFTER_BURST = 2.0
SECONDS_OF_A_DAY = 86_400.0
MOST_FIELDS, MOST_DEPTH = 50, 3
"""So many refused fields are kept of one answer, and rows within rows."""


class NeedsReconnectionError(ConfigError):
    """The authorization is gone (revoked, expired, inactive company); only its owner can renew it."""


class ForbiddenError(ConfigError):
    """Bling refuses what was asked for (403) for a reason of its own words: the account, its plan, the address."""


class MissingScopeError(ForbiddenError):
    """The app has no permission for what was asked for; whatever else it was given keeps working."""


class NothingShownError(InternalError):
    """A detail that was answered and shows no object: nobody has said that it is gone."""


class InvalidGrantError(ConfigError):
    """The refresh token or code was not accepted; means "reconnect" only if nobody else refreshed meanwhile."""


class NoRefreshTokenError(ConfigError):
    """A code was exchanged for an access token alone: such an authorization would end within hours."""


def error_of(answer: Answer, operation: str, *, is_write: bool) -> ApiError:
    """Return the error for an unsuccessful answer (Bling: error envelope and OAuth error bodies).

    A write is refused only by a status that says so; after every other one Bling may have done it.
    """
    unknown = UncertainError if is_write else TransientError
    if answer.is_html:
        return unknown(
            "HTML instead of JSON: an outage, or this address is blocked",
            service=SERVICE, operation=operation, status=answer.status, code="html",
        )  # fmt: skip
    code, message, limit_period, fields = _envelope(answer)
    where: dict[str, Any] = {"service": SERVICE, "operation": operation}
    if answer.status == 429 or code == "TOO_MANY_REQUESTS":
        seconds = SECONDS_OF_A_DAY if limit_period == "day" else SECONDS_AFTER_BURST
        return RateLimitedError(
            message, seconds=seconds, code=DAILY_LIMIT if limit_period == "day" else "limit", **where
        )
    if code == INVALID_GRANT:
        return InvalidGrantError(message, status=answer.status, code=code, **where)
    if code == "UNAUTHORIZED_ERROR" or code == "app_inativo":
        return NeedsReconnectionError(message, status=answer.status, code=code, **where)
    if answer.status in (403, 404) and not _is_own(answer):
        return unknown("an answer that is not Bling's", status=answer.status, code="foreign", **where)
    if code in _CLIENT_CODES:
        return UnauthorizedError(message, status=answer.status, code=code, **where)
    if answer.status == 403:
        is_scope = code == INSUFFICIENT_SCOPE or INSUFFICIENT_SCOPE in message
        kind = MissingScopeError if is_scope else ForbiddenError
        return kind(message, status=answer.status, code=code, **where)
    if answer.status == 404 and code != NOT_FOUND:
        return InternalError(message, status=answer.status, code=code, **where)
    if answer.status == 200:
        return unknown(f"no success and no error ({len(answer.body)} bytes)", status=200, code="says_nothing", **where)
    if answer.status >= 500:
        return unknown(message, status=answer.status, code=code, **where)
    if is_write and refusal_kind(answer.status) is InternalError:
        return UncertainError(message, status=answer.status, code=code, **where)
    if 300 <= answer.status < 400:
        return ConfigError("redirect refused", status=answer.status, code="redirect", **where)
    refusal = refusal_kind(answer.status)
    if issubclass(refusal, RejectedError):
        return refusal(message, status=answer.status, code=code, fields=fields, **where)
    return refusal(message, status=answer.status, code=code, **where)


def body_of(answer: Answer, *, statuses: tuple[int, ...] = (200,)) -> Body | None:
    """Return the object of a success; `None` where it is none, whatever its status says."""
    body = _parsed(answer)
    return None if answer.status not in statuses or not isinstance(body, Mapping) or body.get("error") else body


def _is_own(answer: Answer) -> bool:
    """Say whether an error has Bling's form: a gateway's 404 deletes nothing, and its 403 takes no permission."""
    body = _parsed(answer)
    allowed = (Mapping, str) if answer.status == 403 else Mapping  # OAuth's own errors are text
    return isinstance(body, Mapping) and isinstance(body.get("error"), allowed)


def _parsed(answer: Answer) -> Any:
    try:
        return answer.json()
    except InternalError:
        return None


def _envelope(answer: Answer) -> tuple[str, str, str, list[RefusedField]]:
    """Read type, message, limit period and refused fields; tolerant, because Bling's envelopes differ between
    endpoints."""
    try:
        body = answer.json()
    except InternalError:
        return "", excerpt(answer.text, 120), "", []
    error = body.get("error", body) if isinstance(body, dict) else {}
    if not isinstance(error, dict):
        return excerpt(str(error), 60), excerpt(str(body.get("error_description", ""))), "", []
    fields = list(islice(_refused(error.get("fields"), depth=0), MOST_FIELDS))
    texts = [str(error.get("message", "")), str(error.get("description", "")), *(field.text for field in fields)]
    message = excerpt(". ".join(dict.fromkeys(text.strip().rstrip(".") for text in texts if text)))
    return str(error.get("type", "")), message, str(error.get("period", "")), fields


def _refused(fields: Any, depth: int) -> Iterator[RefusedField]:
    """Yield the fields of an envelope, each before those of its own rows (`collection`)."""
    for field in fields if isinstance(fields, list) and depth < MOST_DEPTH else []:
        if not isinstance(field, dict):
            continue
        told = {name: excerpt(str(value)) for name, value in field.items() if isinstance(value, str | int)}
        yield RefusedField(
            namespace=told.get("namespace", ""), code=told.get("code", ""), element=told.get("element", ""),
            text=told.get("msg", ""), index=told.get("index", ""),
        )  # fmt: skip
        yield from _refused(field.get("collection"), depth + 1)
