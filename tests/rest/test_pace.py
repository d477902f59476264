"""Calls of one client stay apart, also when one of them was late."""

import pytest

from integrations.rest.limits import Pace


class Clock:
    """A clock that only sleeping and lateness move."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_a_late_call_pushes_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, pace, sent = Clock(), Pace(), []
    monkeypatch.setattr("integrations.rest.limits.time", clock)
    for moment in (100.0, 100.34, 101.0, 101.05, 101.4):
        clock.now = max(clock.now, moment)
        pace.keep(0.35)
        sent.append(round(clock.now, 2))
    assert sent == [100.0, 100.35, 101.0, 101.35, 101.7]
