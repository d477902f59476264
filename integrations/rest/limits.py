"""What a client needs of the limiter: a slot before each call, and a way to say that the other side wants a pause."""

from typing import Protocol


class Slots(Protocol):
    """Slots of one account. Implemented on the database by the pipeline, shared by all workers on all hosts."""

    def take(self) -> None:
        """Wait for the next free slot. Raises `RateLimitedError` when it is too far away to wait for."""

    def push_back(self, seconds: float) -> None:
        """Keep every caller of this account away for `seconds`."""


class NoSlots:
    """No limit: for calls that have none."""

    def take(self) -> None:
        return

    def push_back(self, seconds: float) -> None:
        return
