"""Bling's error bodies, each with what to do next."""

import json

import pytest

from integrations.bling.errors import error_of
from integrations.rest.errors import RateLimitedError
from integrations.rest.session import Answer


def answer(status: int, **error: object) -> Answer:
    return Answer(status, {}, json.dumps({"error": error}).encode(), "test")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (answer(401, type="invalid_token", message="invalid_token"), "UnauthorizedError"),
        (answer(403, type="insufficient_scope", message="insufficient_scope"), "MissingScopeError"),
        (answer(404, type="RESOURCE_NOT_FOUND", message="x"), "NotFoundError"),
        (answer(404, type="SOMETHING_ELSE", message="x"), "InternalError"),
        (Answer(404, {}, b'{"message": "no Route matched with those values"}', "t"), "TransientError"),
        (Answer(404, {}, b'{"type": "RESOURCE_NOT_FOUND"}', "t"), "TransientError"),
        (Answer(404, {}, b'{"error": "RESOURCE_NOT_FOUND"}', "t"), "TransientError"),
        (Answer(404, {}, b"", "t"), "TransientError"),
        (Answer(403, {}, b'{"message": "Forbidden"}', "t"), "TransientError"),
        (Answer(403, {}, b'{"error": "insufficient_scope"}', "t"), "MissingScopeError"),
        (answer(200, type="SERVER_ERROR", message="x"), "TransientError"),
        (answer(200, type="TOO_MANY_REQUESTS", message="x"), "RateLimitedError"),
        (answer(200, type="RESOURCE_NOT_FOUND", message="x"), "TransientError"),
        (Answer(200, {}, b"[]", "t"), "TransientError"),
        (Answer(200, {}, b"half", "t"), "TransientError"),
        (answer(400, type="VALIDATION_ERROR", message="x"), "RejectedError"),
        (answer(400, type="VALIDATION_ERROR", message="Invalid authorization code"), "InvalidGrantError"),
        (answer(400, type="invalid_grant", message="x"), "InvalidGrantError"),
        (answer(401, type="invalid_client", message="x"), "UnauthorizedError"),
        (answer(401, type="UNAUTHORIZED_ERROR", message="Empresa inativa"), "NeedsReconnectionError"),
        (answer(500, type="SERVER_ERROR", message="x"), "TransientError"),
        (Answer(403, {}, b"<html>bloqueado</html>", "t"), "TransientError"),
        (Answer(200, {}, b"<!doctype html>", "t"), "TransientError"),
        (Answer(301, {}, b"", "t"), "ConfigError"),
        (Answer(418, {}, b"{}", "t"), "InternalError"),
    ],
)
def test_each_answer_becomes_its_error(given: Answer, name: str) -> None:
    assert type(error_of(given, "GET /x")).__name__ == name


@pytest.mark.parametrize(("period", "seconds"), [("second", 2), ("day", 86_400)])
def test_the_two_limits_are_told_apart(period: str, seconds: float) -> None:
    error = error_of(answer(429, type="TOO_MANY_REQUESTS", message="x", limit=3, period=period), "GET /x")
    assert isinstance(error, RateLimitedError)
    assert error.seconds == seconds


def test_every_field_error_is_in_the_message() -> None:
    error = error_of(answer(400, type="VALIDATION_ERROR", message="Erro", fields=[{"code": 1, "msg": "Valor"}]), "x")
    assert "Valor" in error.message
