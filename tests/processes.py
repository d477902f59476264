"""Real processes of ours on the test database: for what threads in one process cannot show."""

import ctypes
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

PR_SET_PDEATHSIG = 1
ROOT = Path(__file__).resolve().parent.parent


def environment(**more: str) -> dict[str, str]:
    """Return an environment in which a child uses this test's database and sandbox."""
    database = connection.settings_dict
    host = database["HOST"] or database.get("OPTIONS", {}).get("host", "")
    user, password, port = (database[key] for key in ("USER", "PASSWORD", "PORT"))
    if str(host).startswith("/"):
        url = f"postgresql://{user}:{password}@/{database['NAME']}?host={host}"
    else:
        url = f"postgresql://{user}:{password}@{host}:{port or 5432}/{database['NAME']}"
    return {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        **settings.BLING_ADDRESSES,
        "TEST_HOSTS": ",".join(settings.TEST_HOSTS),
        "PYTHONPATH": str(ROOT),
        **more,
    }


def start(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    """Start `python <arguments>` in the project folder."""
    more = options.pop("env", {})
    return subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env=environment(**more), text=True, preexec_fn=_end_with_parent,
        **options,
    )  # fmt: skip


def _end_with_parent() -> None:
    """Ask Linux to end this process when the tests that started it die: a killed run would leave clusters at work."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Workers:
    """Workers that live for one tick each, started by `tests.flows.worker`; each one's clock is later than the last
    one's by more than any lease, so that what a dead one left behind has run out."""

    LATER = 300.0

    def __init__(self) -> None:
        self._host = start("-m", "tests.flows.worker", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._answer()
        self._ahead = 0.0

    def work(
        self, at: str = "", passing: int = 1, number: int = signal.SIGKILL, *, here: bool = False
    ) -> dict[str, int]:
        """Let one worker tick; with `at`, it gets signal `number` there; with `here`, no process is made for it.
        Returns its `pid` and its `code` as `subprocess` gives it, `None` while it is stopped."""
        self._ahead += self.LATER
        changed = {"TICK_THREADS": 2, "BLING_ADDRESSES": settings.BLING_ADDRESSES}
        return self._ask(at=at, passing=passing, number=number, ahead=self._ahead, settings=changed, here=here)

    def resume(self, pid: int) -> dict[str, int]:
        """Let a stopped worker go on to its end."""
        return self._ask(resume=pid)

    def stop(self) -> None:
        for pipe in (self._host.stdin, self._host.stdout):
            pipe.close()  # type: ignore[union-attr]
        self._host.wait(30)

    def _ask(self, **order: Any) -> dict[str, int]:
        self._host.stdin.write(json.dumps(order) + "\n")  # type: ignore[union-attr]
        self._host.stdin.flush()  # type: ignore[union-attr]
        return self._answer()

    def _answer(self) -> Any:
        return json.loads(self._host.stdout.readline())  # type: ignore[union-attr]
