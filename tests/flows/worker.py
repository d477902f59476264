"""Real workers for tests that kill them. Reads one order per line and forks a process for each, so that none of them
pays for Django's start; prints how it ended. What leads up to a kill this process may do itself (`here`): its forks
then find compiled what a process compiles at its first tick."""

import gc
import importlib
import json
import os
import signal
import sys
import threading
import traceback
from datetime import datetime, timedelta
from typing import Any

import django
from django.db import connections

DEADLINE = timedelta(seconds=60)
NAP = 0.1
"""Seconds; nobody else is waiting for the processor here."""


Kept = list[tuple[Any, Any]]


def main() -> None:
    django.setup()
    importlib.import_module("integrations.pipeline.run.tick")
    kept = _kept()
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        if order.pop("here", False):
            _work(**order)
            _let_go(kept)
            print(json.dumps({"pid": os.getpid(), "code": 0}), flush=True)
            continue
        pid = order.get("resume") or os.fork()
        if pid == 0:
            _live(**order)
        elif "resume" in order:
            os.kill(pid, signal.SIGCONT)
        _pid, status = os.waitpid(pid, os.WUNTRACED)
        stopped = os.WIFSTOPPED(status)
        print(json.dumps({"pid": pid, "code": None if stopped else os.waitstatus_to_exitcode(status)}), flush=True)


def _kept() -> Kept:
    """Return each list, dictionary and set that a module of ours keeps, with what is in it now."""
    modules = [vars(module) for name, module in sys.modules.items() if name.startswith("integrations.")]
    names = [(module, name) for module in modules for name in module if not name.startswith("__")]
    found = [module[name] for module, name in names if type(module[name]) in (dict, list, set)]
    return [(one, one.copy()) for one in found]


def _let_go(kept: Kept) -> None:
    """Forget what this process learned at its work, as a new one knows nothing of it, and keep nothing that a fork must
    not share: neither connections nor threads."""
    for now, before in kept:
        now.clear()
        getattr(now, "extend" if isinstance(now, list) else "update")(before)
    connections.close_all()
    gc.collect()  # ends the threads of clients
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(10)
    assert threading.active_count() == 1
    gc.freeze()


def _live(**order: Any) -> None:
    try:
        _work(**order)
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def _work(*, at: str, passing: int, number: int, ahead: float, settings: dict[str, Any]) -> None:
    """Work once, `ahead` seconds in the future, and get signal `number` at a failpoint's `passing`th passing."""
    from django.conf import settings as active
    from django.utils import timezone

    from integrations.pipeline.run import tick
    from tests.signals import signal_at

    for name, value in settings.items():
        setattr(active, name, value)
    tick.NAP = NAP
    if at:
        signal_at(at, passing, number)

    def clock() -> datetime:
        return timezone.now() + timedelta(seconds=ahead)

    if number == signal.SIGSTOP:
        # One thread only: another one, stopped in a transaction, would keep its locks and the others waiting.
        while tick.work_once(clock=clock, deadline=clock() + DEADLINE):
            pass
    else:
        tick.run_tick(clock=clock, deadline=clock() + DEADLINE)


if __name__ == "__main__":
    main()
