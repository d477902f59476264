"""Threads in virtual time: one of them works at a time, and time passes only when all of them sleep.

What they do takes no time; the database's `clock_timestamp()` follows their clock.
"""

import heapq
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.db import connection, connections
from django.db.backends.signals import connection_created


class VirtualTime:
    """A clock (call it) and the threads that share it."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._sleepers: list[tuple[datetime, int, threading.Event]] = []
        self._order = count()
        self._mine = threading.local()
        self._failures: list[BaseException] = []
        self._is_over = False

    def __call__(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return self.now.timestamp()

    def sleep(self, seconds: float) -> None:
        """Let the others work until so much time has passed. Threads that were not started here do not wait."""
        mine: threading.Event | None = getattr(self._mine, "event", None)
        if mine is None:
            return
        heapq.heappush(self._sleepers, (self.now + timedelta(seconds=seconds), next(self._order), mine))
        self._wake_next()
        self._wait(mine)

    def run(self, works: list[Callable[[], object]], *, until: Callable[[], bool], nap: float = 1.0) -> None:
        """Do each work again and again, each in a thread of its own and with a nap after it, until `until()`, which is
        asked after each nap. Raises what a work raised."""
        self._is_over, self._sleepers = False, []
        threads = [threading.Thread(target=self._repeat, args=(work, nap)) for work in works]
        for thread in threads:
            event = threading.Event()
            heapq.heappush(self._sleepers, (self.now, next(self._order), event))
            thread.event = event  # type: ignore[attr-defined]
        self._until = until
        for thread in threads:
            thread.start()
        self._wake_next()
        for thread in threads:
            thread.join()
        if self._failures:
            raise self._failures[0]

    def _repeat(self, work: Callable[[], object], nap: float) -> None:
        self._mine.event = threading.current_thread().event  # type: ignore[attr-defined]
        try:
            self._wait(self._mine.event)
            while not self._is_over:
                work()
                self.sleep(nap)
                self._is_over = self._is_over or self._until()
        except _OverError:
            pass
        except BaseException as error:
            self._failures.append(error)
        finally:
            self._is_over = True
            connections.close_all()
            self._wake_next()

    def _wait(self, mine: threading.Event) -> None:
        mine.wait()
        mine.clear()
        if self._is_over:
            raise _OverError

    def _wake_next(self) -> None:
        if not self._sleepers:
            return
        at, _order, event = heapq.heappop(self._sleepers)
        if at > self.now and not self._is_over:
            self.now = at
            self._tell_database()
        event.set()

    def _tell_database(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE public.virtual_now SET at = %s", [self.now])


class _OverError(BaseException):
    """Ends a thread in the middle of its work."""


@contextmanager
def virtual_time(now: datetime) -> Iterator[VirtualTime]:
    """Let the database's clock be one that a test moves."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE public.virtual_now AS SELECT %s::timestamptz AS at", [now])
        cursor.execute(
            "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE "
            "AS 'SELECT at FROM public.virtual_now'"
        )
    connection_created.connect(_look_there_first)
    _look_there_first(connection=connection)
    try:
        yield VirtualTime(now)
    finally:
        connection_created.disconnect(_look_there_first)
        with connection.cursor() as cursor:
            cursor.execute("RESET search_path")
            cursor.execute("DROP FUNCTION public.clock_timestamp()")
            cursor.execute("DROP TABLE public.virtual_now")


def _look_there_first(*, connection: Any, **_options: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET search_path = public, pg_catalog")
