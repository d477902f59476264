"""Crew: the threads of one tick. Most of a turn is waiting for slots and answers, so one process serves many companies.

One thread looks for due work, for all of them; the others sleep until it finds something that they are for.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import connections as databases

log = structlog.get_logger(__name__)

BEAT_SECONDS = 10.0


@dataclass(frozen=True)
class Member:
    """One thread: the names of the work that it is called for, and a turn of it, which says whether it did anything."""

    names: frozenset[str]
    turn: Callable[[], bool]


class Crew:
    """Calls its members when `look` returns names of due work, each `nap` seconds. A member takes turns until one finds
    nothing to do."""

    def __init__(
        self, members: Sequence[Member], look: Callable[[], frozenset[str]], *, clock: Callable[[], datetime],
        deadline: datetime, nap: float,
    ) -> None:  # fmt: skip
        self._members = members
        self._look = look
        self._clock = clock
        self._deadline = deadline
        self._nap = nap
        self._changed = threading.Condition()
        self._threads: dict[int, threading.Thread] = {}
        self._busy: set[int] = set()
        self._in_vain: frozenset[str] = frozenset()
        self._is_over = False
        self._next_beat = time.monotonic() + BEAT_SECONDS

    def work(self, beat: Callable[[], None]) -> None:
        """Work until the deadline, or until nothing is due that a call did not already try in vain."""
        try:
            while self._clock() < self._deadline:
                with self._changed:
                    was_idle = not self._busy  # asked before looking: what the last turn left behind must be seen
                found = self._look()
                if was_idle and found <= self._in_vain:
                    break
                self._call(found, everybody_is_idle=was_idle)
                with self._changed:
                    self._changed.wait_for(lambda: not self._busy, self._nap)
                self._beat(beat)
        finally:
            with self._changed:
                self._is_over = True
                self._changed.notify_all()
            for thread in self._threads.values():
                while thread.is_alive():
                    thread.join(self._nap)
                    self._beat(beat)

    def _beat(self, beat: Callable[[], None]) -> None:
        if time.monotonic() >= self._next_beat:
            self._next_beat = time.monotonic() + BEAT_SECONDS
            beat()

    def _call(self, found: frozenset[str], *, everybody_is_idle: bool) -> None:
        """Wake the members that the found work needs; they are begun with the first call."""
        with self._changed:
            self._in_vain = found if everybody_is_idle else frozenset()
            for number, member in enumerate(self._members):
                if found & member.names and number not in self._busy:
                    self._busy.add(number)
                    if number not in self._threads or not self._threads[number].is_alive():
                        self._threads[number] = threading.Thread(target=self._run, args=(number, member))
                        self._threads[number].start()
            self._changed.notify_all()

    def _run(self, number: int, member: Member) -> None:
        try:
            while self._is_called(number):
                while self._clock() < self._deadline and member.turn():
                    with self._changed:
                        self._in_vain = frozenset()
                self._rest(number)
        finally:
            self._rest(number)
            databases.close_all()

    def _is_called(self, number: int) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: number in self._busy or self._is_over)
            return number in self._busy

    def _rest(self, number: int) -> None:
        with self._changed:
            self._busy.discard(number)
            self._changed.notify_all()
