"""Which answers to a write say that it happened. Everything else is uncertain, and is looked up before anything else.

Kamino's commands answer with `{Sucesso, Mensagem, InfoAdicional, Objeto}`, its saves also with the saved object. A
deletion is known to answer with the first form only, so an empty answer to one proves nothing either.
"""

from collections.abc import Iterator
from typing import Any

from integrations.kamino.errors import SERVICE, refusal
from integrations.rest.errors import OtherObjectError, UncertainError
from integrations.rest.fields import LARGEST

_SAYS_NO = {"erro", "erros", "error", "errors", "message", "exceptionmessage", "exceptiontype", "modelstate"}
"""Names, in small letters, under which ASP.NET and its like tell an error; `Mensagem` is part of a success too."""


def saved(body: Any, operation: str, *, sent: int) -> int:
    """Return the id of an object that was saved. `sent` is the id that was sent, 0 for a creation.

    Raises `RejectedError` for Kamino's own refusal, `OtherObjectError` when the answer names another object than was
    sent, `UncertainError` for every other answer.
    """
    answer = _success(body, operation)
    named = set(_ids(answer, operation))
    if len(named) > 1:
        raise _unrecognised("the answer names several ids", operation)
    found = named.pop() if named else 0
    if sent and found and found != sent:
        message = f"the answer names {found} where {sent} was sent"
        raise OtherObjectError(message, remote_id=found, service=SERVICE, operation=operation)
    if not found and not (sent and answer.get("Sucesso") is True):
        raise _unrecognised("the answer names no id", operation)
    return found or sent


def cancelled(body: Any, operation: str) -> None:
    """Accept the answer to a cancellation. Raises as `saved` does."""
    if _success(body, operation).get("Sucesso") is not True:
        raise _unrecognised("the answer does not say that it happened", operation)


def _success(body: Any, operation: str) -> dict[str, Any]:
    """Return an answer in which nothing says that it failed."""
    if not isinstance(body, dict):
        raise _unrecognised(f"an object was expected, not {type(body).__name__}", operation)
    refused = refusal(body, operation)
    if refused:
        raise refused
    for name, value in body.items():
        word = name.casefold()
        if word == "sucesso" and (name != "Sucesso" or value is not True):
            raise _unrecognised("the answer does not say plainly whether it happened", operation)
        if word in _SAYS_NO and value:
            raise _unrecognised("the answer tells an error", operation)
    return body


def _ids(answer: dict[str, Any], operation: str) -> Iterator[int]:
    inner = answer.get("Objeto")
    for holder in (answer, inner if isinstance(inner, dict) else {}):
        value = holder.get("ID")
        if value in (None, 0) and not isinstance(value, bool):
            continue
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= LARGEST:
            raise _unrecognised("the answer's id is none", operation)
        yield value


def _unrecognised(message: str, operation: str) -> UncertainError:
    return UncertainError(message, service=SERVICE, operation=operation, status=200, code="unrecognised")
