"""What a client needs of the limiter: a slot before each call, a pause when asked for, and a note of what came."""

from typing import Protocol

from integrations.rest.errors import ApiError


class Slots(Protocol):
    """Slots of one account. Implemented on the database by the pipeline, shared by all workers on all hosts."""

    def take(self) -> None:
        """Wait for the next free slot. Raises `RateLimitedError` when it is too far away to wait for."""

    def push_back(self, seconds: float) -> None:
        """Keep every caller of this account away for `seconds`."""

    def note(self, error: ApiError | None) -> None:
        """Tell what came of a call, so that a burst of errors stops further ones."""


class NoSlots:
    """No limit: for calls that have none."""

    def take(self) -> None:
        return

    def push_back(self, seconds: float) -> None:
        return

    def note(self, error: ApiError | None) -> None:
        return
