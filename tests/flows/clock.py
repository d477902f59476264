"""A clock that tests move: hours pass in no time, for the engine and for the sandbox alike."""

from datetime import datetime, timedelta

from django.utils import timezone

from integrations.domain.calendar import day_of
from sandbox.world import World


class Clock:
    """The engine's clock: real time plus what a test let pass."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return timezone.now() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let time pass; a drop-in for `time.sleep`."""
        self._ahead += timedelta(seconds=seconds)
        self._world.advance(seconds)
        self._world.today = day_of(self())
