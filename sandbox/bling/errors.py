"""Bling's error envelope: `{"error": {"type", "message", "description", "fields"}}`, also at the OAuth layer."""

from __future__ import annotations

from typing import Any

from sandbox.wire import HttpError, Reply


def error(status: int, kind: str, message: str, description: str, **more: Any) -> HttpError:
    """Return a refusal in Bling's envelope; `more` goes beside the description (fields, limit, period)."""
    return HttpError(Reply({"error": {"type": kind, "message": message, "description": description, **more}}, status))


def not_found() -> HttpError:
    """Wrong path, unknown id, or something that was deleted."""
    return error(404, "RESOURCE_NOT_FOUND", "O recurso requisitado não foi encontrado.", "O recurso não existe.")


def invalid(element: str, message: str, code: int = 1) -> HttpError:
    """A parameter that cannot be understood."""
    return error(
        400,
        "VALIDATION_ERROR",
        "Não foi possível realizar a consulta.",
        message,
        fields=[{"code": code, "msg": message, "element": element, "namespace": ""}],
    )


def too_many(limit: int, period: str) -> HttpError:
    """The account's limit per second or per day; no Retry-After is sent."""
    word = "segundo" if period == "second" else "dia"
    when = "mais tarde" if period == "second" else "amanhã"
    return error(
        429,
        "TOO_MANY_REQUESTS",
        "Limite de requisições atingido.",
        f"O limite de requisições por {word} foi atingido, tente novamente {when}.",
        limit=limit,
        period=period,
    )


def invalid_token(*, expired: bool = False) -> HttpError:
    """An access token that is unknown, revoked, of the wrong kind for the header, or expired."""
    text = "has expired" if expired else "is invalid"
    return error(401, "invalid_token", "invalid_token", f"The access token provided {text}")


def wrong_host() -> HttpError:
    """The API was called at the host of Bling's web site."""
    host = "A URL 'www.bling.com.br' está bloqueada para requisições de API."
    return error(
        403, "FORBIDDEN", "Acesso negado", f"{host} Por favor, utilize o endpoint oficial: 'api.bling.com.br'."
    )


def insufficient_scope() -> HttpError:
    """The app was not given the resource."""
    return error(
        403,
        "insufficient_scope",
        "insufficient_scope",
        "The request requires higher privileges than provided by the access token",
    )


def invalid_grant(description: str = "The authorization code has expired") -> HttpError:
    """A dead code or refresh token."""
    return error(400, "invalid_grant", "invalid_grant", description)


def server_error() -> HttpError:
    """Bling's own failure."""
    return error(500, "SERVER_ERROR", "Um erro interno ocorreu.", "Um erro interno ocorreu.")
