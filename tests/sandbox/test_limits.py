"""Rate limits, with a clock that is moved by hand where it matters."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.account import Account
from sandbox.limits import AddressGuard, Window
from sandbox.world import World


@pytest.fixture
def world() -> World:
    return World(unlimited=False)


def test_a_fourth_call_within_a_second_is_refused(bling: Any, account: Account, world: World) -> None:
    frozen = world.clock()
    world.clock = lambda: frozen  # type: ignore[method-assign]
    assert [bling.get("/contas/pagar").status_code for _ in range(4)] == [200, 200, 200, 429]
    error = bling.get("/contas/pagar").json()["error"]
    assert (error["type"], error["limit"], error["period"]) == ("TOO_MANY_REQUESTS", 3, "second")
    frozen += 1.0
    assert bling.get("/contas/pagar").status_code == 200
    assert account.bling.refused[429] == 2


def test_the_daily_quota_ends_until_tomorrow(bling: Any, account: Account) -> None:
    account.bling.spend_day()
    error = bling.get("/contas/pagar").json()["error"]
    assert (error["limit"], error["period"]) == (120_000, "day")


def test_limits_are_per_account(world: World, server: Any, connect: Any) -> None:
    frozen = world.clock()
    world.clock = lambda: frozen  # type: ignore[method-assign]
    for slug in ("azul", "verde"):
        bling, _ = connect(server, world.add_account(slug))
        assert [bling.get("/contas/pagar").status_code for _ in range(3)] == [200] * 3


def test_kamino_takes_20_requests_a_minute(kamino: Any, world: World, account: Account) -> None:
    assert [kamino.get("/ping").status_code for _ in range(21)] == [200] * 20 + [429]
    refused = kamino.get("/ping")
    assert 1 <= int(refused.headers["RateLimit-Reset"]) <= 60
    world.advance(60)
    assert kamino.get("/ping").status_code == 200
    assert account.kamino.refused[429] == 2


def test_an_address_with_20_token_calls_is_blocked_for_an_hour(server: Any, world: World) -> None:
    import requests

    account = world.add_account("azul")
    keys = (account.bling.client_id, account.bling.client_secret)
    for _ in range(20):
        token = account.bling.issue_tokens()["refresh_token"]
        form = {"grant_type": "refresh_token", "refresh_token": token}
        assert requests.post(f"{server.bling_url}/oauth/token", data=form, auth=keys, timeout=5).status_code == 200
    blocked = requests.post(f"{server.bling_url}/oauth/token", data=form, auth=keys, timeout=5)
    assert blocked.status_code == 403
    assert blocked.text.startswith("<")
    world.advance(3601)
    assert requests.get(f"{server.bling_url}/contas/pagar", timeout=5).status_code == 401


def test_an_address_with_300_errors_is_blocked() -> None:
    guard = AddressGuard()
    for place in range(301):
        assert not guard.blocks("1.2.3.4", is_token_call=False, now=place / 100)
        guard.note_error("1.2.3.4", place / 100)
    assert guard.blocks("1.2.3.4", is_token_call=False, now=4)
    assert not guard.blocks("1.2.3.5", is_token_call=False, now=4)
    assert not guard.blocks("1.2.3.4", is_token_call=False, now=700)


def test_an_address_with_600_requests_in_10_seconds_is_blocked() -> None:
    guard = AddressGuard()
    assert not any(guard.blocks("1.2.3.4", is_token_call=False, now=1) for _ in range(600))
    assert guard.blocks("1.2.3.4", is_token_call=False, now=1)
    guard.reset()
    assert not guard.blocks("1.2.3.4", is_token_call=False, now=1)


def test_a_window_slides() -> None:
    window = Window(2, 10)
    assert [window.admit(now) for now in (0, 5, 9, 10, 14, 15)] == [True, True, False, True, False, True]
    assert window.reset_in(16) == 4
