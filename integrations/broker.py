"""The queue on PostgreSQL, as django-q2 has it, but told of new tasks instead of asking for them each second."""

import time
from contextlib import suppress
from select import select

import psycopg
import structlog
from django.db import Error, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django_q.brokers.orm import ORM
from django_q.conf import Conf

log = structlog.get_logger(__name__)

CHANNEL = "integrations_queue"
POLL = 10.0
"""Seconds between two looks without having been told: a notification may be lost, PgBouncer passes none where it shares
connections by transaction, and nobody tells that a task's lock ran out."""
AGAIN, AGAIN_FOR = 1.0, 3.0
"""How often, and for how many seconds, is looked again for a task that was told of and not found: the clock of the host
that put it there may be ahead of ours."""
LONGEST_CALL = 1.0
"""Seconds that `dequeue` waits: between two calls a cluster sees that it is to stop."""


class Broker(ORM):  # type: ignore[misc]  # django-q2 has no types
    """Tells all clusters of a task as soon as it is committed. Wants `poll` to be 0 in its settings: it waits itself.

    Its listener is one more connection of each cluster. Without it, or while it is deaf, tasks are found by `POLL`.
    """

    # Not made in `__init__`: the process that fetches tasks is forked with its parent's broker, or gets a pickled one.
    _listener: "_Listener | None" = None
    _look_at = 0.0
    _again_until = 0.0
    _is_told = True

    def enqueue(self, task: str) -> int:
        """Put a task into the queue and tell of it; both happen with the commit of the caller's transaction, if any."""
        self.get_connection()  # closes a connection that is too old, which it does not inside a transaction
        with transaction.atomic(using=Conf.ORM), connections[Conf.ORM].cursor() as cursor:
            number: int = super().enqueue(task)
            cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])
        return number

    def dequeue(self) -> list[tuple[int, str]] | None:
        """Return a task, or nothing after a while. Raises what the database raises, other than in listening."""
        if self._listener is None:
            self._listener = _Listener()
        if self._listener.begin() or time.monotonic() >= self._look_at:
            return self._look(self._listener)
        if self._listener.wait(min(LONGEST_CALL, max(0.0, self._look_at - time.monotonic()))):
            now = time.monotonic()
            self._is_told, self._look_at, self._again_until = True, now, now + AGAIN_FOR
        return None

    def _look(self, listener: "_Listener") -> list[tuple[int, str]] | None:
        found: list[tuple[int, str]] | None = super().dequeue()
        now = time.monotonic()
        if found:
            if not self._is_told:
                listener.end()  # it may be dead without knowing it
            self._is_told, self._look_at = True, now
        else:
            self._is_told = False
            self._look_at = now + (AGAIN if now < self._again_until else POLL)
        return found


class _Listener:
    """A connection that listens, as far as one can be had."""

    def __init__(self) -> None:
        self._connection: BaseDatabaseWrapper | None = None
        self._try_at = 0.0
        self._is_refused = False

    def begin(self) -> bool:
        """Listen, unless that failed a moment ago. Says whether it began just now: what was put into the queue before
        was not told."""
        if self._connection is not None or time.monotonic() < self._try_at:
            return False
        self._try_at = time.monotonic() + POLL
        connection = connections[Conf.ORM].copy()
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"LISTEN {CHANNEL}")
        except Error as error:
            self._say(error)
            with suppress(Error):
                connection.close()
            return False
        if self._is_refused:
            log.info("listening again")
        self._connection, self._is_refused = connection, False
        return True

    def wait(self, seconds: float) -> bool:
        """Wait for so long at most. Says whether there is a reason to look now: it was told, or can hear no more."""
        if self._connection is None:
            time.sleep(seconds)
            return False
        connection = self._connection.connection
        try:
            # `notifies` could wait itself, at ten times the cost.
            is_readable, _nothing, _nothing = select([connection], [], [], seconds)
            return bool(is_readable and list(connection.notifies(timeout=0)))
        except psycopg.Error as error:
            self._say(error)
            self.end()
            return True

    def end(self) -> None:
        """Give the connection up; another one is made with the next `begin`, but not more often than is polled."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Error):
                connection.close()

    def _say(self, error: Exception) -> None:
        if not self._is_refused:
            log.warning("not told of new tasks: looking for them", seconds=POLL, error=str(error))
        self._is_refused = True
