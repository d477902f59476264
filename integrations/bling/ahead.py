"""Ahead: a few reads of one client under way at the same time. An answer of Bling may take longer than its slots are
apart; waiting for each before asking for the next would leave slots unused."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from integrations.rest.errors import ApiError
from integrations.rest.limits import Slots

T = TypeVar("T")
A = TypeVar("A")
UNDER_WAY = 6


class Read(NamedTuple):
    """One read: its path, how it is called in errors, and its query."""

    path: str
    operation: str
    query: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Sent(Generic[T, A]):
    """A read that is under way, and what it was authenticated with."""

    read: Read
    access: A
    future: "Future[T]"

    def result(self) -> T:
        """Wait for the answer. Raises what the call raised."""
        return self.future.result()


class Ahead(Generic[T, A]):
    """Sends announced reads in their order, each in its own slot. Slots live on the database, so they are reserved in
    the caller's thread, several at once; `threads` only wait for their moment and for the answer."""

    def __init__(
        self, slots: Slots, send: Callable[[Read, A], T], access: Callable[[], A], threads: ThreadPoolExecutor
    ) -> None:
        self._slots = slots
        self._send = send
        self._access = access
        self._threads = threads
        self._coming: deque[Read] = deque()
        self._under_way: deque[Sent[T, A]] = deque()

    def announce(self, reads: Iterable[Read]) -> None:
        """Announce the next reads and send the first of them; what was announced earlier and not read is
        dropped, unless it is announced again."""
        coming = list(reads)
        if [sent.read for sent in self._under_way] != coming[: len(self._under_way)]:
            self._under_way.clear()
        self._coming = deque(coming[len(self._under_way) :])
        self._fill()

    def take(self, read: Read) -> Sent[T, A] | None:
        """Return a read if it is the next announced one, and keep the following ones going."""
        if not self._under_way or self._under_way[0].read != read:
            return None
        sent = self._under_way.popleft()
        if len(self._under_way) <= UNDER_WAY // 2:
            self._fill()
        return sent

    def _fill(self) -> None:
        wanted = min(UNDER_WAY - len(self._under_way), len(self._coming))
        if wanted <= 0:
            return
        try:
            waits = self._slots.reserve(wanted)
        except ApiError:
            self._coming.clear()  # the next call asks again, and gets the error
            return
        access = self._access()
        for wait in waits:
            read = self._coming.popleft()
            moment = time.monotonic() + wait
            future = self._threads.submit(self._send_at, moment, read, access)
            self._under_way.append(Sent(read, access, future))

    def _send_at(self, moment: float, read: Read, access: A) -> T:
        wait = moment - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        return self._send(read, access)
