"""The demo's sandbox process: three companies whose state outlives the process.

`python -m sandbox` forgets everything when it ends. Here the world is written to a file now and then and at the end,
so that a second start of the demo finds both sides as they were left, hand-made changes included.
"""

import argparse
import hashlib
import json
import os
import pickle
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integrations.management.files import open_private
from project.local import BASE_DIR
from sandbox.server import SandboxServer
from sandbox.world import World

SEED = 2026
SAVE_EVERY = 5.0
KAMINO_PER_MINUTE = 3000
HEALTHY, WAITING, UNMAPPED = "padaria-sol", "loja-azul", "oficina-norte"
_LOCK_TYPE = type(threading.RLock())


@dataclass
class State:
    """What survives: the world, its clocks at the time of saving, and the configuration given to the service; `code` is
    that of the sandbox that made it."""

    world: World
    provision: dict[str, Any]
    clock: float = 0.0
    saved_at: float = 0.0
    code: str = ""


class AnotherVersionError(Exception):
    """The state was saved by other code: what has no field yet would break at its first use."""


def code_of_sandbox() -> str:
    """Return what tells one version of the sandbox from another."""
    files = sorted((BASE_DIR / "sandbox").rglob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


class _Pickler(pickle.Pickler):
    """Pickles a world; its lock is replaced by a new one."""

    def reducer_override(self, value: Any) -> Any:
        return (threading.RLock, ()) if isinstance(value, _LOCK_TYPE) else NotImplemented


def new_state(titles: int) -> State:
    """Make the three companies: a healthy one, one without tokens, one with names that Kamino does not have."""
    world = World(seed=SEED, unlimited=True)
    for slug in (HEALTHY, WAITING, UNMAPPED):
        world.add_account(slug, payables=titles, receivables=titles, unmapped=slug == UNMAPPED)
    provision = world.provision()
    for tenant in provision["tenants"]:
        tenant["kamino"]["requests_per_minute"] = KAMINO_PER_MINUTE
        if tenant["slug"] == WAITING:
            for key in ("access_token", "refresh_token", "expires_in", "token_kind"):
                del tenant["bling"][0][key]
    return State(world, provision, code=code_of_sandbox())


def load_state(path: Path) -> State:
    """Read a saved state and let its clock go on. Raises whatever pickle raises when the code has moved on, and
    `AnotherVersionError` where it has without pickle minding."""
    with path.open("rb") as file:
        state: State = pickle.load(file)  # noqa: S301 - our own file in .data/
    if getattr(state, "code", "") != code_of_sandbox():
        raise AnotherVersionError
    world = state.world
    world.clock_offset = state.clock + (time.time() - state.saved_at) - time.monotonic()
    world.today = max(world.today, World().today)
    return state


def save_state(state: State, path: Path) -> None:
    """Write the state beside the old one and put it in its place."""
    partial = path.with_suffix(".part")
    with state.world.lock:
        state.clock, state.saved_at = state.world.clock(), time.time()
        with partial.open("wb") as file:
            _Pickler(file, pickle.HIGHEST_PROTOCOL).dump(state)
    os.replace(partial, path)


def prepare(state: State, *, base_url: str, callback: str, file: Path) -> None:
    """Write the provision file for the addresses of this start."""
    for account in state.world.accounts.values():
        account.bling.redirect_uri = callback
    for tenant in state.provision["tenants"]:
        tenant["kamino"]["base_url"] = f"{base_url}/kamino"
    with open_private(file) as provision:
        provision.write((json.dumps(state.provision, ensure_ascii=False, indent=2) + "\n").encode())


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM. Returns 2 when the saved state cannot be read or the port is in use."""
    options = argparse.ArgumentParser(prog="python -m project.demo_sandbox", description=__doc__)
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--titles", type=int, required=True, help="payables, and receivables, per company")
    options.add_argument("--callback", required=True)
    options.add_argument("--state", type=Path, required=True)
    options.add_argument("--provision-file", type=Path, required=True)
    chosen = options.parse_args(arguments)
    try:
        state = load_state(chosen.state) if chosen.state.exists() else new_state(chosen.titles)
        server = SandboxServer(state.world, port=chosen.port)
    except OSError as error:
        print(f"sandbox: port {chosen.port}: {error.strerror}", file=sys.stderr)
        return 2
    except Exception as error:
        # Unpickling raises anything at all when classes have changed since.
        print(f"sandbox: the saved state is of another version ({error!r}); run: make demo-reset", file=sys.stderr)
        return 2
    prepare(state, base_url=server.url, callback=chosen.callback, file=chosen.provision_file)
    save_state(state, chosen.state)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    signal.signal(signal.SIGINT, lambda *_: ended.set())
    with server:
        print(f"sandbox: {server.url}/", flush=True)
        while not ended.wait(SAVE_EVERY):
            save_state(state, chosen.state)
    save_state(state, chosen.state)
    return 0


if __name__ == "__main__":
    sys.exit(main())
