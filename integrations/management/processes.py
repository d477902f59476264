"""Processes of a worker host: they wait for their database, and end with the process that started them."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import structlog
from django.db import Error, connection, connections

log = structlog.get_logger(__name__)

TRY_EVERY = 5.0
LONGEST_QUESTION = 20.0
"""Seconds that the database may take over one question; one behind a broken network never answers."""
PR_SET_PDEATHSIG = 1


class NoAnswerError(Exception):
    """Raised where the database cannot be asked, or did not answer in time."""


@contextmanager
def asking() -> Iterator[None]:
    """Ask the database, in the main thread only. Raises `NoAnswerError`; the next question uses a new connection."""
    before = signal.signal(signal.SIGALRM, _give_up)
    # Again and again: to roll back on the same dead connection would wait as long.
    signal.setitimer(signal.ITIMER_REAL, LONGEST_QUESTION, LONGEST_QUESTION)
    try:
        yield
    except (Error, NoAnswerError) as error:
        connections.close_all()
        raise NoAnswerError(str(error)) from error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def wait_for_database() -> None:
    """Return when the database answers; say once that it does not, and once that it does again. No connection is left
    open, so that the process may fork."""
    is_away = False
    while True:
        try:
            with asking(), connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except NoAnswerError as error:
            if not is_away:
                log.warning("waiting for the database", error=str(error))
            is_away = True
            time.sleep(TRY_EVERY)
            continue
        connections.close_all()
        if is_away:
            log.warning("database is back")
        return


def end_with(parent: int) -> None:
    """Let this process be killed as soon as `parent`, its parent, has ended, in whatever way (on Linux)."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it had ended before
        os._exit(1)


def let_forks_end_with_parents() -> None:
    """Let what this process forks, and what that forks, be killed as soon as the process that forked it has ended: the
    kernel forgets such an order at each fork."""
    parents = [os.getpid()]

    def forked() -> None:
        parent, parents[0] = parents[0], os.getpid()
        end_with(parent)

    os.register_at_fork(after_in_child=forked)


def _give_up(_signal: int, _frame: FrameType | None) -> None:
    raise NoAnswerError(f"no answer for {LONGEST_QUESTION:.0f} s")
