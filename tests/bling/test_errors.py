"""Bling's error bodies, each with what to do next."""

import json

import pytest

from integrations.bling.errors import MOST_DEPTH, MOST_FIELDS, error_of
from integrations.rest.errors import RateLimitedError, RefusedField, RejectedError, UncertainError
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
        (answer(400, type="invalid_client", message="x"), "UnauthorizedError"),
        (answer(403, type="FORBIDDEN", message="Acesso negado"), "ForbiddenError"),
        (answer(403, type="FORBIDDEN", message="x", description="insufficient_scope"), "MissingScopeError"),
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
    assert type(error_of(given, "GET /x", is_write=False)).__name__ == name


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>x</html>", b'{"error": {"type": "SERVER_ERROR"}}', b"[]"])
@pytest.mark.parametrize("status", [200, 201, 301, 302, 418, 500, 502, 503, 504, 520])
def test_a_write_is_unknown_unless_the_answer_says_that_it_was_refused(status: int, body: bytes) -> None:
    assert type(error_of(Answer(status, {}, body, "t"), "POST /x", is_write=True)) is UncertainError


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429])
def test_a_refused_write_is_refused_unless_a_gateway_says_so(status: int) -> None:
    refused = error_of(answer(status, type="X", message="x"), "POST /x", is_write=True)
    assert not isinstance(refused, UncertainError)
    foreign = Answer(status, {}, b'{"message": "no Route matched"}', "t")
    assert status not in (403, 404) or isinstance(error_of(foreign, "POST /x", is_write=True), UncertainError)
    page = Answer(status, {}, b"<!doctype html><title>x</title>", "t")
    assert isinstance(error_of(page, "POST /x", is_write=True), UncertainError)


@pytest.mark.parametrize(("period", "seconds"), [("second", 2), ("day", 86_400)])
def test_the_two_limits_are_told_apart(period: str, seconds: float) -> None:
    error = error_of(
        answer(429, type="TOO_MANY_REQUESTS", message="x", limit=3, period=period), "GET /x", is_write=False
    )
    assert isinstance(error, RateLimitedError)
    assert error.seconds == seconds


def test_every_field_error_is_in_the_message() -> None:
    error = error_of(
        answer(400, type="VALIDATION_ERROR", message="Erro", fields=[{"code": 1, "msg": "Valor"}]), "x", is_write=True
    )
    assert "Valor" in error.message


def test_each_refused_field_is_kept_with_the_rows_below_it() -> None:
    parcel = {
        "index": 1, "code": 12, "msg": "Id da forma de pagamento inválido.", "element": "formaPagamento",
        "namespace": "VENDAS",
    }  # fmt: skip
    fields: list[object] = [
        {"code": 49, "msg": "Parcelas com erros", "element": "parcelas", "namespace": "VENDAS", "collection": [parcel]},
        "odd", {"code": None, "msg": ["odd"], "collection": {"odd": 1}},
    ]  # fmt: skip
    error = error_of(
        answer(400, type="VALIDATION_ERROR", message="Não foi possível", fields=fields), "POST /x", is_write=True
    )
    assert isinstance(error, RejectedError)
    assert error.fields == (
        RefusedField("VENDAS", "49", "parcelas", "Parcelas com erros"),
        RefusedField("VENDAS", "12", "formaPagamento", "Id da forma de pagamento inválido.", "1"),
        RefusedField("", "", "", ""),
    )
    assert error.message == "Não foi possível. Parcelas com erros. Id da forma de pagamento inválido"


@pytest.mark.parametrize("fields", [None, {}, "x", 5, [[]], [None], [{}] * 5_000])
def test_odd_fields_break_nothing(fields: object) -> None:
    error = error_of(answer(400, type="VALIDATION_ERROR", message="x", fields=fields), "POST /x", is_write=True)
    assert type(error) is RejectedError
    assert len(error.fields) <= MOST_FIELDS


def test_rows_within_rows_end() -> None:
    field: dict[str, object] = {"msg": "x"}
    for _ in range(400):
        field = {"msg": "x", "collection": [field]}
    error = error_of(answer(400, type="VALIDATION_ERROR", message="x", fields=[field]), "POST /x", is_write=True)
    assert isinstance(error, RejectedError)
    assert len(error.fields) == MOST_DEPTH
