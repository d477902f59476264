"""Odd answers of the token endpoint: tokens are kept whatever stands beside them; everything else is an error with a
name, a pause, and the right word on the connection."""

import json
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import BlingConnection, BlingToken, ConnectionEvent, SyncRun
from integrations.pipeline.access.tokens import refresh_token
from integrations.pipeline.read.schedule import open_run
from integrations.pipeline.run import tick
from integrations.rest.errors import ApiError
from integrations.words.errors import failure_text
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company

PAIR = {"access_token": "a.b.c", "refresh_token": "r1"}


def odd_error(type: str, message: str = "", **more: str) -> dict[str, Any]:
    return {"error": {"type": type, "message": message, **more}}


def answer_tokens(world: World, body: Any, status: int = 200, times: int = 1) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    world.faults.add(
        Fault("bling", "answer", method="POST", path="/oauth/token", answer=text, status=status, times=times)
    )


def refresh(company: Company) -> BlingToken:
    return refresh_token(company.connection.pk, BlingToken.objects.get().version, clock=timezone.now)


def later(company: Company) -> None:
    """Let cooldowns and abandoned refreshes be over."""
    past = timezone.now() - timedelta(hours=1)
    BlingToken.objects.update(retry_at=past, refresh_started_at=past)


@pytest.mark.parametrize(
    ("beside", "status", "lifetime"),
    [
        ({"expires_in": 100, "scope": "98309", "token_type": "Bearer"}, 201, 100),
        ({"scope": 318257570}, 200, 21_600), ({"scope": None, "token_type": 7}, 200, 21_600),
        ({"expires_in": "100.0"}, 200, 100), ({"expires_in": None}, 200, 21_600),
        ({"expires_in": "seis horas", "expires_at": "amanhã"}, 200, 21_600), ({"expires_in": -1}, 200, 21_600),
        ({"expires_in": 10**30}, 202, 21_600), ({"error": None, "data": {}}, 200, 21_600),
    ],
)  # fmt: skip
def test_tokens_are_kept_whatever_stands_beside_them(
    company: Company, world: World, beside: dict[str, Any], status: int, lifetime: int
) -> None:
    """The old refresh token is dead: an answer that was thrown away ended the connection."""
    answer_tokens(world, {**PAIR, **beside}, status)
    before = timezone.now()
    token = refresh(company)
    assert (token.access_token, token.refresh_token, token.kind, token.version) == ("a.b.c", "r1", "jwt", 2)
    assert timedelta(seconds=lifetime) <= token.expires_at - before <= timedelta(seconds=lifetime + 60)


@pytest.mark.parametrize("renewed", [{}, {"refresh_token": None}, {"refresh_token": ""}, {"refresh_token": ["x"]}])
def test_a_refresh_without_a_refresh_token_keeps_the_old_one(
    company: Company, world: World, renewed: dict[str, Any]
) -> None:
    old = BlingToken.objects.get().refresh_token
    answer_tokens(world, {"access_token": "opaque", **renewed})
    token = refresh(company)
    assert (token.access_token, token.refresh_token, token.kind) == ("opaque", old, "opaque")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 200), (None, 200), ([], 200), ("", 200), ({"data": PAIR}, 200), ({}, 500),
        ("access_token=a.b.c&refresh_token=r", 200),
        ({"access_token": 7, "refresh_token": "r"}, 200), ({"access_token": {"a": 1}}, 200), ({}, 201), ("{", 200),
        ({"access_token": "a b\n", "refresh_token": "r"}, 200), (odd_error("SERVER_ERROR"), 200),
    ],
)  # fmt: skip
def test_an_answer_without_tokens_is_an_unknown_outcome(company: Company, world: World, body: Any, status: int) -> None:
    answer_tokens(world, body, status)
    with pytest.raises(ApiError) as caught:
        refresh(company)
    assert (caught.value.kind, caught.value.code, caught.value.service) == ("uncertain", "token_unknown", "Bling")
    token = BlingToken.objects.get()
    assert (token.failures, token.version, token.refresh_started_version) == (1, 1, 1)
    assert token.retry_at
    assert token.retry_at > timezone.now()
    assert company.connection.status == "connected"
    # Bling had renewed the pair all the same: that the old one is dead is our accident, and is told as one.
    company.bling.revoke_all()
    later(company)
    with pytest.raises(ApiError):
        refresh(company)
    assert company.connection.status_cause == "refresh_lost"


@pytest.mark.parametrize(
    ("body", "status", "cause"),
    [
        (odd_error("invalid_grant", "invalid_grant", description="Invalid refresh token"), 200, "invalid_grant"),
        ({"error": "invalid_grant", "error_description": "x"}, 200, "invalid_grant"),
        ({"error": "invalid_grant"}, 400, "invalid_grant"),
        (odd_error("VALIDATION_ERROR", "Invalid refresh token"), 400, "invalid_grant"),
        (odd_error("VALIDATION_ERROR", "Erro", description="O token foi revogado pelo usuário"), 400, "invalid_grant"),
        (odd_error("invalid_token", "The access token expired"), 401, "invalid_grant"),
        (odd_error("FORBIDDEN", "Token inválido"), 403, "invalid_grant"),
        (odd_error("invalid_request", "Refresh token não encontrado"), 400, "invalid_grant"),
        (odd_error("invalid_client", "invalid_client"), 400, "invalid_client"),
        (odd_error("invalid_client", "Client not found, unknown token"), 401, "invalid_client"),
        ({"error": "unauthorized_client"}, 400, "invalid_client"),
        ({"error": "invalid_client"}, 200, "invalid_client"),
        (odd_error("app_inativo", "x"), 400, "app_inativo"),
    ],
)  # fmt: skip
def test_what_only_the_owner_can_mend_is_recognised_in_every_wording(
    company: Company, world: World, body: Any, status: int, cause: str
) -> None:
    answer_tokens(world, body, status)
    with pytest.raises(ApiError):
        refresh(company)
    assert (company.connection.status, company.connection.status_cause) == ("reconnect", cause)
    assert ConnectionEvent.objects.get(code=cause)


def test_a_refusal_in_unknown_words_may_pass_and_ends_after_a_day(company: Company, world: World) -> None:
    answer_tokens(world, odd_error("VALIDATION_ERROR", "Erro 1234"), 400, times=3)
    for _ in range(2):
        with pytest.raises(ApiError):
            refresh(company)
        later(company)
    assert company.connection.status == "connected"
    BlingToken.objects.update(expires_at=timezone.now() - timedelta(hours=25))
    with pytest.raises(ApiError):
        refresh(company)
    assert (company.connection.status, company.connection.status_cause) == ("reconnect", "refresh_refused")
    assert ConnectionEvent.objects.get(code="refresh_refused").detail == "Erro 1234"


def test_a_lost_pair_is_told_apart_though_other_failures_followed(company: Company, world: World) -> None:
    world.faults.add(Fault("bling", "token_lost", method="POST", path="/oauth/token"))
    answer_tokens(world, odd_error("VALIDATION_ERROR", "Erro"), 400)
    world.faults.add(Fault("bling", "429", method="POST", path="/oauth/token"))
    for _ in range(4):
        with pytest.raises(ApiError):
            refresh(company)
        later(company)
    assert company.connection.status_cause == "refresh_lost"


def test_a_run_says_what_became_of_the_token(company: Company, world: World) -> None:
    BlingToken.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    answer_tokens(world, {"data": PAIR})
    open_run(company.connection, trigger=SyncRun.Trigger.SCHEDULE, due_at=timezone.now(), now=timezone.now())
    with suppress(ApiError):
        refresh(company)
    tick.work_once(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=1))
    run = SyncRun.objects.latest("pk")
    text = failure_text(run.failure)
    assert "renovação da autorização" in text
    assert "novo envio" not in text
    assert BlingConnection.objects.get().status == "connected"


@pytest.mark.parametrize("status", [400, 401, 403, 422, 500])
def test_an_error_that_quotes_what_was_sent_shows_no_secret(
    company: Company, world: World, status: int, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    token = BlingToken.objects.get()
    secret = company.connection.client_secret
    quoted = f"Token inválido {token.refresh_token} de {secret}."
    answer_tokens(world, odd_error("VALIDATION_ERROR", quoted), status)
    with pytest.raises(ApiError) as caught:
        refresh(company)
    said = [*ConnectionEvent.objects.values_list("detail", flat=True), str(caught.value), repr(caught.value)]
    cause = caught.value.__cause__
    shown = "\n".join([*said, repr(cause), caplog.text, *capsys.readouterr()])
    assert token.refresh_token not in shown
    assert not secret or secret not in shown
