"""What a client needs of the limiter: a slot before each call, a pause when asked for, and a note of what came."""

import time
from collections.abc import Callable
from typing import Protocol

from integrations.rest.errors import ApiError


class Slots(Protocol):
    """Slots of one account. Implemented on the database by the pipeline, shared by all workers on all hosts."""

    def reserve(self, count: int) -> list[float]:
        """Return in how many seconds each of the next slots begins: `count` of them, or fewer, but one at least. They
        are the caller's now. Raises `RateLimitedError` when they are too far away to wait for."""

    def push_back(self, seconds: float) -> None:
        """Keep every caller of this account away for `seconds`."""

    def note(self, error: ApiError | None) -> None:
        """Tell what came of a call, so that a burst of errors stops further ones."""


def take(slots: Slots, sleep: Callable[[float], None] | None = None) -> None:
    """Wait for the next free slot. Raises `RateLimitedError` when it is too far away to wait for."""
    (wait,) = slots.reserve(1)
    if wait > 0:
        (sleep or time.sleep)(wait)


class NoSlots:
    """No limit: for calls that have none."""

    def reserve(self, count: int) -> list[float]:
        return [0.0] * count

    def push_back(self, seconds: float) -> None:
        return

    def note(self, error: ApiError | None) -> None:
        return
