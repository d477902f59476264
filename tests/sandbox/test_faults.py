"""Each fault switch: what the client sees, and what was committed."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from sandbox.account import Account
from sandbox.faults import Fault
from sandbox.server import SandboxServer
from sandbox.world import World

DUE = "2026-12-01"
RECEIVE = "/financeiro/recebimento"


@pytest.fixture
def body(account: Account) -> dict[str, Any]:
    person = account.kamino.add_person("Cliente")
    return {"ID": 0, "IDPessoa": person, "Descri": "Venda [Bling 7]", "DtaVenc": DUE, "VlrVenc": 10, "SitConta": 1}


@pytest.mark.parametrize(
    ("kind", "side", "status"),
    [
        ("429", "bling", 429), ("429_day", "bling", 429), ("500", "bling", 500), ("503", "bling", 503),
        ("html", "bling", 502), ("429", "kamino", 429), ("500", "kamino", 500), ("503", "kamino", 503),
        ("html", "kamino", 502),
    ],
)  # fmt: skip
def test_an_error_answer_fires_as_often_as_asked(
    world: World, bling: Any, kamino: Any, kind: Any, side: Any, status: int
) -> None:
    world.faults.add(Fault(side=side, kind=kind, times=2, after=1))
    client, path = (bling, "/contas/pagar") if side == "bling" else (kamino, "/ping")
    assert [client.get(path).status_code for _ in range(4)] == [200, status, status, 200]
    assert len(world.faults.fired) == 2


def test_the_daily_429_names_its_period(world: World, bling: Any) -> None:
    world.faults.add(Fault(side="bling", kind="429_day"))
    assert bling.get("/contas/pagar").json()["error"]["period"] == "day"


def test_a_fault_fits_method_path_and_account(world: World, bling: Any, kamino: Any, account: Account) -> None:
    for fault in (
        Fault(side="bling", kind="500", path="/contas/receber"),
        Fault(side="bling", kind="500", account="verde"),
        Fault(side="bling", kind="500", method="POST"),
        Fault(side="kamino", kind="500", path="/pessoa"),
    ):
        world.faults.add(fault)
    assert bling.get("/contas/pagar").status_code == 200
    assert kamino.get("/ping").status_code == 200
    world.faults.clear()
    assert bling.get("/contas/receber").status_code == 200


def test_cut_before_commits_nothing(world: World, kamino: Any, account: Account, body: Any) -> None:
    world.faults.add(Fault(side="kamino", kind="cut_before", method="POST", path=RECEIVE))
    with pytest.raises(requests.ConnectionError):
        kamino.post(RECEIVE, body)
    assert account.kamino.titles("receivable") == []
    assert kamino.post(RECEIVE, body).status_code == 200


def test_cut_after_commits_and_says_nothing(world: World, kamino: Any, account: Account, body: Any) -> None:
    world.faults.add(Fault(side="kamino", kind="cut_after", method="POST", path=RECEIVE))
    with pytest.raises(requests.ConnectionError):
        kamino.post(RECEIVE, body)
    assert account.kamino.find("receivable", 7) is not None
    assert account.kamino.write_count == 1


def test_html_commits_nothing(world: World, kamino: Any, account: Account, body: Any) -> None:
    world.faults.add(Fault(side="kamino", kind="html", status=200))
    answer = kamino.post(RECEIVE, body)
    assert (answer.status_code, answer.text[:1]) == (200, "<")
    assert account.kamino.write_count == 0


def test_truncated_commits_and_breaks_off(world: World, kamino: Any, account: Account, body: Any) -> None:
    world.faults.add(Fault(side="kamino", kind="truncated", method="POST"))
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        kamino.post(RECEIVE, body)
    assert len(account.kamino.titles("receivable")) == 1


def test_slow_is_slow_and_then_normal(world: World, bling: Any) -> None:
    world.faults.add(Fault(side="bling", kind="slow", seconds=0.15))
    start = time.monotonic()
    assert bling.get("/contas/pagar").status_code == 200
    assert time.monotonic() - start >= 0.15


def test_a_slow_answer_does_not_hold_up_others(world: World, bling: Any, kamino: Any, server: SandboxServer) -> None:
    world.faults.add(Fault(side="kamino", kind="slow", seconds=5))
    with pytest.raises(requests.Timeout):
        kamino.session.get(f"{kamino.base}/ping", timeout=0.1)
    assert bling.get("/contas/pagar").elapsed.total_seconds() < 1


def test_a_lost_token_has_rotated(world: World, server: SandboxServer, account: Account, bling: Any) -> None:
    world.faults.add(Fault(side="bling", kind="token_lost"))
    assert bling.get("/contas/pagar").status_code == 200  # stays armed: not a token call
    keys = (account.bling.client_id, account.bling.client_secret)
    form = {"grant_type": "refresh_token", "refresh_token": account.bling.issue_tokens()["refresh_token"]}
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{server.bling_url}/oauth/token", data=form, auth=keys, timeout=5)
    answer = requests.post(f"{server.bling_url}/oauth/token", data=form, auth=keys, timeout=5)
    assert answer.json()["error"]["type"] == "invalid_grant"


def test_invalid_grant_can_be_forced_without_using_the_token_up(
    world: World, server: SandboxServer, account: Account
) -> None:
    world.faults.add(Fault(side="bling", kind="invalid_grant"))
    keys = (account.bling.client_id, account.bling.client_secret)
    form = {"grant_type": "refresh_token", "refresh_token": account.bling.issue_tokens()["refresh_token"]}
    url = f"{server.bling_url}/oauth/token"
    assert [requests.post(url, data=form, auth=keys, timeout=5).status_code for _ in range(2)] == [400, 200]


def test_a_repeated_page_ignores_pagina(world: World, bling: Any, account: Account, contact: int) -> None:
    for _ in range(4):
        account.bling.add_title("payable", "10", DUE, contact)
    world.faults.add(Fault(side="bling", kind="repeat_page"))
    first = bling.data("/contas/pagar", limite=2, pagina=1)
    assert bling.data("/contas/pagar", limite=2, pagina=2) == first
    assert bling.data("/contas/pagar", limite=2, pagina=2) != first


def test_a_shifted_page_skips_a_row(world: World, bling: Any, account: Account, contact: int) -> None:
    titles = [account.bling.add_title("payable", "10", DUE, contact) for _ in range(6)]
    world.faults.add(Fault(side="bling", kind="page_shift", path="/contas/pagar", times=9))
    pages = [bling.data("/contas/pagar", limite=2, pagina=page) for page in (1, 2, 3, 4)]
    seen = [row["id"] for rows in pages for row in rows]
    assert seen == [titles[0], titles[1], titles[3], titles[4], titles[5]]
    assert len(account.bling.titles) == 6


def test_kamino_lists_shift_too(world: World, kamino: Any, account: Account) -> None:
    for number in range(4):
        account.kamino.add_person(f"Pessoa {number}")
    world.faults.add(Fault(side="kamino", kind="page_shift"))
    rows = kamino.get("/pessoa/lista/paginada", _pagina=2, _tamanhoPagina=2).json()["Dados"]
    assert [row["Nome"] for row in rows] == ["Pessoa 3"]


def test_a_misspelled_fault_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown fault"):
        Fault(side="bling", kind="cut")  # type: ignore[arg-type]


def test_an_ignored_filter_leaves_only_the_page(world: World, bling: Any, account: Account, contact: int) -> None:
    titles = [account.bling.add_title("payable", "10", DUE, contact) for _ in range(3)]
    world.faults.add(Fault(side="bling", kind="ignore_filter", path="/contas/pagar"))
    bling.data(f"/contas/pagar/{titles[0]}")  # a detail is no list
    assert [row["id"] for row in bling.data("/contas/pagar", situacao=2, limite=2)] == titles[:2]
    assert bling.data("/contas/pagar", situacao=2) == []


def test_a_stray_row_comes_first_and_takes_a_place(world: World, bling: Any, account: Account, contact: int) -> None:
    titles = [account.bling.add_title("payable", "10", DUE, contact) for _ in range(3)]
    world.faults.add(Fault(side="bling", kind="stray_row", path="/contas/pagar", times=2, answer='{"id": 7}'))
    pages = [bling.data("/contas/pagar", limite=2, pagina=page) for page in (1, 2)]
    assert [row["id"] for rows in pages for row in rows] == [7, *titles]
