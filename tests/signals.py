"""The switch that only tests know: a process sends itself a signal when it passes a failpoint."""

import itertools
import os
from pathlib import Path

from integrations.pipeline.access import failpoints


def signal_at(name: str, passing: int, number: int, *, marker: Path | None = None) -> None:
    """Send this process `number` when it passes `name` for the `passing`th time; with a `marker` file, only the first
    of all processes that were told so."""
    if name not in failpoints.FAILPOINTS:
        raise ValueError(f"{name!r} is no failpoint")
    counter = itertools.count(1)

    def listener(here: str) -> None:
        if here != name or next(counter) != passing:
            return
        if marker is not None:
            try:
                marker.touch(exist_ok=False)
            except FileExistsError:
                return
        os.kill(os.getpid(), number)

    failpoints.listen(listener)


def note_failpoints(path: Path) -> None:
    """Append the name of each failpoint that this process passes to a file."""

    def listener(here: str) -> None:
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{here}\n")

    failpoints.listen(listener)
