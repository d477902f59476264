"""The demo's processes, ports and saved sandbox."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from project.demo_processes import ChildDiedError, Children, free_ports, is_free
from project.demo_sandbox import (
    HEALTHY,
    UNMAPPED,
    WAITING,
    AnotherVersionError,
    load_state,
    new_state,
    prepare,
    save_state,
)
from project.local import BASE_DIR


@contextmanager
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_that_somebody_listens_on_is_not_free() -> None:
    with listening() as port:
        assert not is_free(port)
    assert all(is_free(port) for port in free_ports(3))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--web-port", "{port}"], "port {port} is in use; choose another one: make demo WEB_PORT="),
        (["--sandbox-port", "{port}"], "port {port} is in use; choose another one: make demo SANDBOX_PORT="),
    ],
)
def test_a_used_port_is_one_clear_line_before_anything_is_started(
    options: list[str], says: str, tmp_path: Path
) -> None:
    with listening() as port:
        others = iter(free_ports(2))
        ports = {"--web-port": str(next(others)), "--sandbox-port": str(next(others))}
        ports |= {options[0]: str(port)}
        done = _demo([text for pair in ports.items() for text in pair], tmp_path)
        assert done.returncode == 1
        assert says.format(port=port) in done.stderr
        assert done.stderr.count("\n") == 1
    assert not (tmp_path / "demo").exists()


def _demo(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    code = (
        "import sys; from pathlib import Path; from project import demo; "
        f"demo.DATA_DIR = Path({str(folder)!r}); sys.exit(demo.main(sys.argv[1:]))"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=BASE_DIR, capture_output=True, text=True, timeout=60, check=False
    )


def test_reset_deletes_the_demos_data_and_nothing_else(tmp_path: Path) -> None:
    for name in ("demo/postgres", "demo-check", "postgres"):
        (tmp_path / name).mkdir(parents=True)
    assert _demo(["--reset"], tmp_path).returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["postgres"]


def test_stopping_ends_the_childrens_children_too(tmp_path: Path) -> None:
    children = Children(folder=tmp_path, cwd=BASE_DIR)
    code = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); "
        "p = subprocess.Popen([sys.executable, '-c', 'import signal, time; "
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)']); "
        "print(p.pid, flush=True); time.sleep(600)"
    )
    child = children.start("stubborn", [sys.executable, "-c", code], env=dict(os.environ))
    while not child.tail():
        time.sleep(0.05)
    grandchild = int(child.tail().strip(" |"))
    children.check()
    children.stop()
    for _ in range(100):
        if _is_gone(grandchild):
            return
        time.sleep(0.05)
    os.kill(grandchild, signal.SIGKILL)
    pytest.fail("the grandchild lives")


def _is_gone(pid: int) -> bool:
    """A killed orphan may stay a zombie where nobody collects it."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return True
    return state == "Z"


def test_a_child_that_died_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    children = Children(folder=tmp_path, cwd=BASE_DIR)
    child = children.start("web", [sys.executable, "-c", "print('no such table'); raise SystemExit(3)"], env={})
    child._process.wait()
    with pytest.raises(ChildDiedError, match=r"web ended with code 3[\s\S]*no such table"):
        children.check()
    children.stop()


def test_the_sandbox_goes_on_where_it_was_saved(tmp_path: Path) -> None:
    state = new_state(titles=3)
    bling = state.world.account(HEALTHY).bling
    added = bling.add_title("payable", value="12.34", due=state.world.today, contact=next(iter(bling.contacts)))
    save_state(state, tmp_path / "state")
    again = load_state(tmp_path / "state")
    assert again.world.account(HEALTHY).bling.titles[added].value == bling.titles[added].value
    assert again.world.account(HEALTHY).summary() == state.world.account(HEALTHY).summary()
    assert again.world.clock() >= state.clock
    with again.world.lock:
        again.world.account(HEALTHY).bling.edit_title(added, value="1.00")


@pytest.mark.parametrize("code", ["", "of another version"])
def test_a_state_of_another_version_is_refused_and_not_met_later(tmp_path: Path, code: str) -> None:
    """A field that it lacks broke the sandbox's answers, one by one."""
    state = new_state(titles=3)
    state.code = code
    save_state(state, tmp_path / "state")
    with pytest.raises(AnotherVersionError):
        load_state(tmp_path / "state")


def test_the_three_companies_are_healthy_waiting_and_unmapped(tmp_path: Path) -> None:
    state = new_state(titles=3)
    prepare(state, base_url="http://127.0.0.1:9", callback="http://127.0.0.1:8/bling/callback", file=tmp_path / "file")
    tenants = {tenant["slug"]: tenant for tenant in json.loads((tmp_path / "file").read_text())["tenants"]}
    assert list(tenants) == [HEALTHY, WAITING, UNMAPPED]
    assert "refresh_token" in tenants[HEALTHY]["bling"][0]
    assert "refresh_token" not in tenants[WAITING]["bling"][0]
    assert all(tenant["kamino"]["base_url"] == "http://127.0.0.1:9/kamino" for tenant in tenants.values())
    assert all(account.bling.redirect_uri.endswith(":8/bling/callback") for account in state.world.accounts.values())
