"""The process, the control API and the human page."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.account import Account
from sandbox.server import SandboxServer
from sandbox.world import World

DUE = "2026-12-01"


@pytest.fixture
def control(server: SandboxServer) -> Any:
    def call(path: str, body: Any = None, method: str = "POST") -> Any:
        answer = requests.request(method, f"{server.url}/_control{path}", json=body, timeout=5)
        return answer.json() if answer.status_code == 200 else answer.status_code

    return call


def test_the_process_serves_what_its_provision_file_says(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    target = tmp_path / "provision.json"
    options = ["--port", str(port), "--accounts", "azul,verde", "--unlimited", "--provision-file", str(target)]
    process = subprocess.Popen([sys.executable, "-m", "sandbox", *options], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert f"http://127.0.0.1:{port}/" in process.stdout.readline()
        tenants = json.loads(target.read_text(encoding="utf-8"))["tenants"]
        assert [tenant["slug"] for tenant in tenants] == ["azul", "verde"]
        tenant = tenants[1]
        headers = {"Authorization": f"Bearer {tenant['bling'][0]['access_token']}"}
        company = requests.get(
            f"http://127.0.0.1:{port}/bling/Api/v3/empresas/me/dados-basicos", headers=headers, timeout=5
        )
        assert company.json()["data"]["cnpj"] == tenant["cnpj"]
        kamino = tenant["kamino"]
        keys = {"App": "app", "CN": "cn", "IDUsr": "id_usr", "Usr": "usr", "Hash": "hash"}
        ping = requests.get(
            f"{kamino['base_url']}/api/ping", headers={name: kamino[key] for name, key in keys.items()}, timeout=5
        )
        assert ping.status_code == 200
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_a_port_in_use_is_one_line_and_code_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "sandbox", "--port", str(port)], capture_output=True, text=True, timeout=20
        )
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert str(port) in done.stderr


def test_connections_are_kept_and_end_with_the_server(world: World, account: Account) -> None:
    with SandboxServer(world) as server, requests.Session() as session:
        first = session.get(f"{server.url}/_control/health", timeout=5)
        assert first.raw.version == 11
        assert "close" not in first.headers.get("Connection", "")
        url = server.url
        session.get(f"{url}/_control/health", timeout=5)
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/_control/health", timeout=1)


def test_control_does_what_python_does(control: Any, account: Account, contact: int) -> None:
    title = {"direction": "payable", "value": "10.50", "due": DUE, "contact": contact, "history": "Teste"}
    id = control("/azul/bling/add_title", title)["result"]
    assert account.bling.title(id)["historico"] == "Teste"
    bordero = control("/azul/bling/pay", {"id": id, "amount": "4", "date": "2026-11-19"})["result"]
    assert account.bling.borderos[bordero].day.isoformat() == "2026-11-19"
    assert control("/azul/bling/title", {"id": id})["result"]["saldo"] == 6.5
    assert control("/azul/bling/pay_together", [[id]])["result"]
    person = control("/azul/kamino/add_person", {"name": "Ana", "document": "52998224725"})["result"]
    row = control(
        "/azul/kamino/add_title",
        {"direction": "payable", "person_id": person, "value": "10.50", "due": DUE, "CodigoExterno": str(id)},
    )["result"]
    assert control("/azul/kamino/find", {"direction": "payable", "bling_id": id})["result"]["ID"] == row
    assert control("/azul/bling/titles", {})["result"][str(id)]["status"] == 2


def test_summary_compares_both_sides(control: Any, account: Account, contact: int, bling: Any) -> None:
    id = account.bling.add_title("payable", "10", DUE, contact)
    account.bling.pay(id)
    person = account.kamino.add_person("Ana")
    row = account.kamino.add_title("payable", person, "10", DUE, f"Conta [Bling {id}]")
    bling.get("/contas/pagar")
    summary = control("/azul/summary", method="GET")
    ours, theirs = summary["bling"]["payable"][str(id)], summary["kamino"]["payable"][str(row)]
    assert (ours["status"], ours["value"], ours["due"], ours["moved_total"]) == (2, 10, DUE, 10)
    assert (theirs["bling_id"], theirs["status"], theirs["value"], theirs["due"]) == (str(id), 1, 10, DUE)
    assert (summary["charges"], summary["writes"]) == (0, 0)
    assert summary["requests"]["bling"] == {"GET /contas/pagar": 1}


def test_control_sets_switches_faults_and_the_day(control: Any, account: Account, world: World, bling: Any) -> None:
    control("/azul/bling/set", {"missing_scopes": ["borderos"], "inactive": False})
    assert account.bling.missing_scopes == {"borderos"}
    control("/azul/kamino/set", {"locked_until": "2026-10-31"})
    assert account.kamino.lock_day is not None
    control("/world", {"today": "2026-12-24", "generous": True, "advance": 5, "add_account": {"slug": "verde"}})
    assert (world.today.isoformat(), world.generous, "verde" in world.accounts) == ("2026-12-24", True, True)
    control("/faults", {"side": "bling", "kind": "500"})
    assert bling.get("/contas/pagar").status_code == 500
    assert control("/faults", method="GET")["fired"][0]["kind"] == "500"
    assert control("/faults", method="DELETE")["armed"] == []
    assert control("/health", method="GET")["ok"] is True


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/azul/bling/_record", {}), ("/azul/bling/nothing", {}), ("/azul/bling/set", {"client_id": "x"}),
        ("/roxo/bling/pay", {"id": 1}), ("/azul/bling/pay", {"id": 1}), ("/world", {"lock": 1}),
    ],
)  # fmt: skip
def test_control_refuses_what_it_does_not_know(control: Any, account: Account, path: str, body: Any) -> None:
    assert control(path, body) == 400


def test_the_page_shows_and_edits_both_sides(server: SandboxServer, account: Account, contact: int) -> None:
    base = f"{server.url}/conta/azul"
    assert account.name in requests.get(server.url, timeout=5).text

    def act(side: str, action: str, **form: Any) -> str:
        answer = requests.post(f"{base}/{side}/{action}", data={"tipo": "pagar"} | form, timeout=5)
        assert answer.status_code == 200
        return answer.text

    act("bling", "novo", contact=contact, value="100", due=DUE, category=0, history="Da página")
    (id,) = account.bling.titles
    assert str(id) in requests.get(base, timeout=5).text
    act("bling", "pagar", id=id, amount="40")
    assert account.bling.titles[id].status == 3
    act("bling", "estornar", id=id)
    act("bling", "alterar", id=id, value="1.090,50", due="2026-12-05", category=0)
    assert str(account.bling.titles[id].value) == "1090.50"
    act("bling", "cancelar", id=id)
    assert account.bling.titles[id].status == 5
    assert "relançado" in act("bling", "relancar", id=id)
    (new,) = account.bling.titles
    row = account.kamino.add_title("payable", account.kamino.add_person("Ana"), "10", DUE, f"[Bling {new}]")
    act("kamino", "alterar", id=row, value="11.00", due=DUE)
    act("kamino", "pagar", id=row)
    assert account.kamino.payables[row]["Situacao"] == 2
    act("kamino", "conciliar", id=row)
    act("kamino", "excluir", id=row)
    act("bling", "excluir", id=new)
    assert not account.bling.titles
    assert "Não foi possível" in act("bling", "pagar", id=new)
    assert requests.get(f"{server.url}/conta/roxo", timeout=5).status_code == 404


def test_the_page_arms_and_clears_faults(server: SandboxServer, world: World, account: Account) -> None:
    form = {"side": "kamino", "kind": "cut_after", "path": "/pessoa", "times": 2, "account": "azul"}
    assert "Corte depois de gravar" in requests.post(f"{server.url}/falhas", data=form, timeout=5).text
    assert (world.faults.armed[0].times, world.faults.armed[0].account) == (2, "azul")
    requests.post(f"{server.url}/falhas", data={"clear": "1"}, timeout=5)
    assert world.faults.armed == []


def test_the_page_of_a_full_account_turns_pages(world: World, server: SandboxServer) -> None:
    world.add_account("cheia", payables=60, receivables=10)
    page = requests.get(f"{server.url}/conta/cheia?pagina=2", timeout=5)
    assert page.status_code == 200
    assert "Página 2 de 3" in page.text
