"""What a client needs of the limiter: a slot before each call, a pause when asked for, and a note of what came."""

import time
from collections.abc import Callable
from threading import Lock
from typing import Protocol

from integrations.rest.errors import ApiError, RateLimitedError


class Slots(Protocol):
    """Slots of one account. Implemented on the database by the pipeline, shared by all workers on all hosts."""

    @property
    def gap(self) -> float:
        """The seconds between two slots of the account."""

    def reserve(self, count: int) -> list[float]:
        """Return in how many seconds each of the next slots begins: `count` of them, or fewer, but one at least. They
        are the caller's now. Raises `RateLimitedError` when they are too far away to wait for."""

    def push_back(self, error: RateLimitedError) -> None:
        """Keep every caller of this account away for as long as `error` says, and let it say until when that is."""

    def note(self, error: ApiError | None) -> None:
        """Tell what came of a call, so that a burst of errors stops further ones."""


def take(slots: Slots, sleep: Callable[[float], None] | None = None) -> None:
    """Wait for the next free slot. Raises `RateLimitedError` when it is too far away to wait for."""
    (wait,) = slots.reserve(1)
    if wait > 0:
        (sleep or time.sleep)(wait)


class Pace:
    """Keeps the calls of one client apart, whichever of its threads makes them: on a busy machine a thread may wake up
    late, and the next one would follow too soon."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._last = 0.0

    def keep(self, gap: float) -> None:
        """Wait until `gap` seconds have passed since the last call, and count this one."""
        with self._lock:
            now = time.monotonic()
            self._last = max(now, self._last + gap)
            wait = self._last - now
        if wait > 0:
            time.sleep(wait)


class NoSlots:
    """No limit: for calls that have none."""

    gap = 0.0

    def reserve(self, count: int) -> list[float]:
        return [0.0] * count

    def push_back(self, error: RateLimitedError) -> None:
        return

    def note(self, error: ApiError | None) -> None:
        return
