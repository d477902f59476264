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
IN_VAIN_SECONDS = 5.0
"""How long a member is not called again for what it could not do, while others are at work."""


@dataclass(frozen=True)
class Member:
    """One thread: the names of the work that it is called for, and a turn of it, which says whether it did anything."""

    names: frozenset[str]
    turn: Callable[[], bool]


@dataclass(frozen=True)
class _InVain:
    """What a member was called for and could not do, when so much had been done by all."""

    names: frozenset[str]
    done: int
    until: float


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
        self._busy: dict[int, frozenset[str]] = {}
        self._in_vain: dict[int, _InVain] = {}
        self._done = 0
        self._is_over = False
        self._next_beat = time.monotonic() + BEAT_SECONDS

    def work(self, beat: Callable[[], None]) -> None:
        """Work until the deadline, or until nothing is due that each did not already try in vain."""
        try:
            while self._clock() < self._deadline:
                with self._changed:
                    was_idle = not self._busy  # asked before looking: what the last turn left behind must be seen
                if not self._call(self._look()) and was_idle:
                    break
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

    def _call(self, found: frozenset[str]) -> bool:
        """Wake the members that the found work needs; they are begun with the first call. False when there is none."""
        called = False
        with self._changed:
            for number, member in enumerate(self._members):
                due = found & member.names
                if not due or number in self._busy or self._was_in_vain(number, due):
                    continue
                called = True
                self._busy[number] = due
                if number not in self._threads or not self._threads[number].is_alive():
                    self._threads[number] = threading.Thread(target=self._run, args=(number, member))
                    self._threads[number].start()
            self._changed.notify_all()
        return called

    def _was_in_vain(self, number: int, due: frozenset[str]) -> bool:
        """Say whether a member tried this work a moment ago, could not do it, and nobody has done anything since."""
        last = self._in_vain.get(number)
        is_recent = last is not None and time.monotonic() < last.until
        return last is not None and is_recent and last.done == self._done and due <= last.names

    def _run(self, number: int, member: Member) -> None:
        try:
            while self._is_called(number):
                self._rest(number, self._take_turns(member))
        finally:
            self._rest(number)
            databases.close_all()

    def _take_turns(self, member: Member) -> int:
        """Take turns until one is in vain; return what had been done when that one began."""
        while True:
            with self._changed:
                done = self._done
            if self._clock() >= self._deadline or not member.turn():
                return done
            with self._changed:
                self._done += 1

    def _is_called(self, number: int) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: number in self._busy or self._is_over)
            return number in self._busy

    def _rest(self, number: int, done: int | None = None) -> None:
        with self._changed:
            names = self._busy.pop(number, frozenset())
            if done is not None:
                self._in_vain[number] = _InVain(names, done, time.monotonic() + IN_VAIN_SECONDS)
            self._changed.notify_all()
