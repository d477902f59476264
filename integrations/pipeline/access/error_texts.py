"""Errors of calls as reasons: what is stored of one, and the sentence for a person who waits for it."""

from dataclasses import asdict
from typing import Any

from integrations.domain.reasons import Problem, Reason
from integrations.rest.errors import (
    AmbiguousError,
    ApiError,
    ConfigError,
    ConflictError,
    IncompleteError,
    InternalError,
    NamedConflictError,
    RateLimitedError,
    RejectedError,
    SoughtError,
    TransientError,
    UncertainError,
    UnusableListError,
)
from integrations.words.errors import call_text, live_call_text


def reason_of(error: ApiError) -> Problem:
    """Return what a failed delivery met, as a reason with the parameters of its sentence."""
    if isinstance(error, ConflictError):
        code = Reason(error.code) if error.code else Reason.AMBIGUOUS
        named = {AmbiguousError: "ids", NamedConflictError: "name"}.get(type(error))
        return Problem(code, {named: error.message} if named else {})
    if isinstance(error, UncertainError):
        return Problem(Reason.UNCONFIRMED)
    if isinstance(error, RejectedError):
        return Problem(Reason.REFUSED, {"message": error.message})
    if isinstance(error, RateLimitedError):
        return Problem(Reason.LIMITED)
    if isinstance(error, UnusableListError):
        return Problem(Reason.LIST_UNKNOWN if error.code == "list_unknown" else Reason.LIST_FAILED)
    if isinstance(error, SoughtError):
        return Problem(Reason.SOUGHT)
    if isinstance(error, IncompleteError):
        return Problem(Reason.LIST_INCOMPLETE)
    if isinstance(error, TransientError):
        return Problem(Reason.NO_ANSWER, failure_of(error))
    if isinstance(error, ConfigError):
        return (
            Problem(Reason.NOT_CONFIRMED)
            if error.code == "unconfirmed"
            else Problem(Reason.ACCESS_REFUSED, failure_of(error))
        )
    return Problem(Reason.INTERNAL, failure_of(error))


def crash(error: Exception) -> dict[str, str]:
    """Return what is stored of a bug of ours."""
    return failure_of(InternalError.of_bug(error))


def unread(error: ApiError) -> Problem:
    """Return why a title could not be read in Bling."""
    return Problem(Reason.UNREAD, failure_of(error))


def error_text(error: ApiError) -> str:
    """Return one sentence for an error: what happened and what to do next."""
    return call_text(failure_of(error))


def live_error_text(error: ApiError) -> str:
    """Return the same for a person who waits for an answer now: it is not tried again by itself."""
    return live_call_text(failure_of(error))


def failure_of(error: ApiError) -> dict[str, str]:
    """Return what is stored of a failed call; `words/errors` makes its sentence when it is shown."""
    known = error.because if isinstance(error, UnusableListError) else error
    failure = {"kind": known.kind, "code": known.code, "service": known.service, "message": known.message}
    until = known.until if isinstance(known, RateLimitedError) else None
    return {**failure, "until": until.isoformat()} if until else failure


def answer_to_write(error: ApiError) -> dict[str, Any]:
    """Return what is stored of a failed write: the same, and `fields`, those that a refusal named."""
    fields = [asdict(field) for field in error.fields] if isinstance(error, RejectedError) else []
    return {**failure_of(error), "fields": fields} if fields else failure_of(error)
