"""The demo's child processes: each in a process group of its own, with a log file, stopped whole."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

GRACE = 8.0
TAIL_LINES = 15


class ChildDiedError(Exception):
    """A child ended by itself; the message names it and shows the end of its log."""


class Child:
    """One process group with its log."""

    def __init__(self, name: str, command: Sequence[str], *, env: Mapping[str, str], cwd: Path, log: Path) -> None:
        self.name = name
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own commands
                command, env=dict(env), cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip

    def check(self) -> None:
        """Raise `ChildDiedError` when the process has ended."""
        code = self._process.poll()
        if code is not None:
            raise ChildDiedError(f"{self.name} ended with code {code}. End of {self.log}:\n{self.tail()}")

    def tail(self) -> str:
        """Return the last lines of the log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(f"  | {line}" for line in lines[-TAIL_LINES:])

    def ask_to_stop(self) -> None:
        """Ask the group's leader to end."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()

    def stop(self, *, until: float) -> None:
        """Wait for the leader until a moment of the monotonic clock, then end whatever is left of its group."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=max(0.1, until - time.monotonic()))
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


class Children:
    """All children of a demo, in the order in which they were started."""

    def __init__(self, *, folder: Path, cwd: Path) -> None:
        self._folder = folder
        self._cwd = cwd
        self._children: list[Child] = []

    def start(self, name: str, command: Sequence[str], *, env: Mapping[str, str]) -> Child:
        """Start a process whose log is `<folder>/<name>.log`."""
        child = Child(name, command, env=env, cwd=self._cwd, log=self._folder / f"{name}.log")
        self._children.append(child)
        return child

    def check(self) -> None:
        """Raise `ChildDiedError` when any child has ended."""
        for child in self._children:
            child.check()

    def stop(self) -> None:
        """Stop all, the last started first: the services that others talk to end last."""
        while self._children:
            child = self._children.pop()
            child.ask_to_stop()
            child.stop(until=time.monotonic() + GRACE)


def is_free(port: int) -> bool:
    """Say whether this machine's port can be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """Return different ports that nobody listens on now."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()
