"""Tokens: one call for all who ask, the right word for each failure, and no healthy connection ever marked."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections as database
from django.utils import timezone

from integrations.models import BlingConnection, BlingToken, ConnectionEvent
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.access.clients import open_bling
from integrations.pipeline.access.tokens import refresh_token
from integrations.rest.errors import ApiError
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company

THREADS = 16


def call_together(company: Company, count: int = THREADS) -> list[object]:
    """Let many threads call at once with the same token; return what each got."""
    results: list[object] = []
    barrier = threading.Barrier(count)

    def work() -> None:
        try:
            client = open_bling(company.connection, clock=timezone.now)
            barrier.wait()
            results.append(client.company().id)
        except Exception as error:
            results.append(error)
        finally:
            database.close_all()

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_many_threads_with_a_refused_token_make_one_token_call(company: Company) -> None:
    for round_number in range(1, 6):
        company.bling.expire_access_tokens()
        results = call_together(company)
        assert results == [company.bling.company_id] * THREADS
        assert company.bling.calls["POST /oauth/token"] == round_number
    assert company.connection.status == ConnectionStatus.CONNECTED
    assert BlingToken.objects.get().version == 6


def fail_token(world: World, kind: str, **options: Any) -> None:
    world.faults.add(Fault(side="bling", method="POST", path="/oauth/token", kind=kind, **options))


def refresh(company: Company) -> BlingToken:
    return refresh_token(company.connection.pk, BlingToken.objects.get().version, clock=timezone.now)


def later(company: Company) -> None:
    """Let cooldowns and abandoned refreshes be over."""
    past = timezone.now() - timedelta(hours=1)
    BlingToken.objects.update(retry_at=past, refresh_started_at=past)


@pytest.mark.parametrize("kind", ["429", "500", "503", "html", "cut_before"])
def test_a_passing_failure_never_marks_the_connection_and_cools_down(company: Company, world: World, kind: str) -> None:
    fail_token(world, kind)
    with pytest.raises(ApiError) as caught:
        refresh(company)
    assert caught.value.kind in ("transient", "uncertain")
    assert company.connection.status == ConnectionStatus.CONNECTED
    calls = company.bling.calls["POST /oauth/token"]
    with pytest.raises(ApiError):
        refresh(company)
    assert company.bling.calls["POST /oauth/token"] == calls, "the cooldown was not kept"
    later(company)
    assert refresh(company).version == 2


def test_a_refresh_lost_after_the_rotation_is_told_apart_from_a_revocation(company: Company, world: World) -> None:
    fail_token(world, "token_lost")
    with pytest.raises(ApiError):
        refresh(company)
    assert company.connection.status == ConnectionStatus.CONNECTED
    later(company)
    with pytest.raises(ApiError):
        refresh(company)
    assert (company.connection.status, company.connection.status_cause) == ("reconnect", "refresh_lost")


def test_a_crash_between_answer_and_commit_is_recognised(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_args: object) -> None:
        raise SystemExit("killed")

    monkeypatch.setattr("integrations.pipeline.access.tokens._fill", die)
    with pytest.raises(SystemExit):
        refresh(company)
    monkeypatch.undo()
    token = BlingToken.objects.get()
    assert token.refresh_started_version == token.version
    later(company)
    with pytest.raises(ApiError):
        refresh(company)
    assert company.connection.status_cause == "refresh_lost"


@pytest.mark.parametrize(
    ("break_it", "cause"),
    [
        (lambda bling: bling.revoke_all(), "invalid_grant"),
        (lambda bling: setattr(bling, "inactive", True), "UNAUTHORIZED_ERROR"),
        (lambda _bling: BlingConnection.objects.update(client_secret="errado"), "invalid_client"),
    ],
)
def test_what_only_the_owner_can_mend_marks_the_connection_once(
    company: Company, break_it: Callable[[Any], None], cause: str
) -> None:
    break_it(company.bling)
    for _ in range(2):
        with pytest.raises(ApiError):
            refresh(company)
    assert (company.connection.status, company.connection.status_cause) == ("reconnect", cause)
    assert ConnectionEvent.objects.filter(code=cause).count() == 1


def test_invalid_grant_while_a_sibling_refreshed_is_no_reason(company: Company, world: World) -> None:
    seen = BlingToken.objects.get()
    refresh(company)
    token = refresh_token(company.connection.pk, seen.version, clock=timezone.now)
    assert token.version == 2
    assert company.connection.status == ConnectionStatus.CONNECTED


def test_a_form_saved_during_a_refresh_writes_no_token_back(company: Company) -> None:
    stale = BlingConnection.objects.select_related("token").get()
    refresh(company)
    stale.label = "Outro nome"
    stale.save()
    assert BlingToken.objects.get().version == 2
    company.sync()
    assert company.connection.status == ConnectionStatus.CONNECTED


def test_an_expired_token_is_refreshed_before_it_is_used(company: Company) -> None:
    BlingToken.objects.update(expires_at=timezone.now() + timedelta(minutes=1))
    open_bling(company.connection, clock=timezone.now).company()
    assert company.bling.calls["POST /oauth/token"] == 1
    assert company.bling.refused[401] == 0
