"""Sliding-window counters, as both APIs limit their callers."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field


@dataclass
class Window:
    """At most `limit` events in any `seconds`."""

    limit: int
    seconds: float
    events: deque[float] = field(default_factory=deque)

    def admit(self, now: float) -> bool:
        """Count an event, or return False when it would be one too many."""
        self._forget(now)
        if len(self.events) >= self.limit:
            return False
        self.events.append(now)
        return True

    def reset_in(self, now: float) -> float:
        """Return the seconds until the next event is admitted."""
        self._forget(now)
        return max(0.0, self.events[0] + self.seconds - now) if len(self.events) >= self.limit else 0.0

    def _forget(self, now: float) -> None:
        while self.events and self.events[0] <= now - self.seconds:
            self.events.popleft()


@dataclass
class AddressGuard:
    """Bling's limits per source address: going over one of them blocks the address for a while.

    600 requests or 300 errors in 10 s block for 10 minutes, 20 token calls in 60 s for an hour.
    """

    requests: dict[str, Window] = field(default_factory=dict)
    errors: dict[str, Window] = field(default_factory=dict)
    tokens: dict[str, Window] = field(default_factory=dict)
    blocked_until: dict[str, float] = field(default_factory=dict)

    def blocks(self, address: str, *, is_token_call: bool, now: float) -> bool:
        """Count a request and return whether the address is (now) blocked."""
        if self.blocked_until.get(address, 0.0) > now:
            return True
        if not self.requests.setdefault(address, Window(600, 10)).admit(now):
            self.blocked_until[address] = now + 600
        elif is_token_call and not self.tokens.setdefault(address, Window(20, 60)).admit(now):
            self.blocked_until[address] = now + 3600
        return self.blocked_until.get(address, 0.0) > now

    def note_error(self, address: str, now: float) -> None:
        """Count an error answer; the one after the 300th in 10 s blocks the address."""
        if not self.errors.setdefault(address, Window(300, 10)).admit(now):
            self.blocked_until[address] = now + 600

    def reset(self) -> None:
        """Forget every count and unblock every address."""
        for counts in (self.requests, self.errors, self.tokens):
            counts.clear()
        self.blocked_until.clear()
