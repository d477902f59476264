"""Ahead: a few reads of one client under way at the same time. An answer of Bling may take longer than its slots are
apart; waiting for each before asking for the next would leave slots unused."""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from integrations.rest.errors import ApiError
from integrations.rest.limits import Slots

T = TypeVar("T")
A = TypeVar("A")
UNDER_WAY = 4


@dataclass(frozen=True)
class Sent(Generic[T, A]):
    """A read that is under way, and what it was authenticated with."""

    path: str
    access: A
    future: "Future[T]"

    def result(self) -> T:
        """Wait for the answer. Raises what the call raised."""
        return self.future.result()


class Ahead(Generic[T, A]):
    """Sends announced reads in their order, each in its own slot; slots are taken in the caller's thread, because they
    live on the database."""

    def __init__(self, slots: Slots, send: Callable[[str, str, A], T], access: Callable[[], A]) -> None:
        self._slots = slots
        self._send = send
        self._access = access
        self._coming: deque[tuple[str, str]] = deque()
        self._under_way: deque[Sent[T, A]] = deque()
        self._threads = ThreadPoolExecutor(UNDER_WAY, thread_name_prefix="bling")

    def announce(self, reads: Iterable[tuple[str, str]]) -> None:
        """Say which (path, operation) will be asked for next; what was announced before and not asked for is left."""
        self._under_way.clear()
        self._coming = deque(reads)

    def take(self, path: str) -> Sent[T, A] | None:
        """Return the read of `path` if it is the next announced one, and keep the following ones going."""
        expected = self._under_way[0].path if self._under_way else self._coming[0][0] if self._coming else ""
        if path != expected:
            return None
        self._fill()
        return self._under_way.popleft() if self._under_way else None

    def _fill(self) -> None:
        while self._coming and len(self._under_way) < UNDER_WAY:
            try:
                self._slots.take()
            except ApiError:
                self._coming.clear()  # whoever asks for it next gets this error himself
                return
            path, operation = self._coming.popleft()
            access = self._access()
            future = self._threads.submit(self._send, path, operation, access)
            self._under_way.append(Sent(path, access, future))
