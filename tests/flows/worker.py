"""Real workers for tests that kill them. Reads one order per line and forks a process for each, so that none of them
pays for Django's start; prints how it ended."""

import json
import os
import signal
import sys
import traceback
from datetime import datetime, timedelta
from typing import Any

import django

DEADLINE = timedelta(seconds=60)
NAP = 0.1
"""Seconds; nobody else is waiting for the processor here."""


def main() -> None:
    django.setup()
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        pid = order.get("resume") or os.fork()
        if pid == 0:
            _work(**order)
        elif "resume" in order:
            os.kill(pid, signal.SIGCONT)
        _pid, status = os.waitpid(pid, os.WUNTRACED)
        stopped = os.WIFSTOPPED(status)
        print(json.dumps({"pid": pid, "code": None if stopped else os.waitstatus_to_exitcode(status)}), flush=True)


def _work(*, at: str, passing: int, number: int, ahead: float, settings: dict[str, Any]) -> None:
    """Work once, `ahead` seconds in the future, and get signal `number` at a failpoint's `passing`th passing."""
    try:
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
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


if __name__ == "__main__":
    main()
