"""What `make test-long` runs of what would take hours: a part that is drawn by a seed."""

import os
from random import Random
from typing import Any

import pytest


def seeded(*about: object) -> Random:
    """Return the dice that `LONG_SEED` gives to what it is `about`."""
    return Random(f"{os.environ.get('LONG_SEED', '1')} {' '.join(map(str, about))}")


def seeds(about: str, few: tuple[int, ...], *, some: int, many: int) -> list[Any]:
    """Return the seeds of histories: a `few` in `make test`, `some` more of `many` in `make test-long`, the rest in
    `make soak`."""
    drawn = sorted(seeded(about, 0).sample(range(max(few) + 1, many), some))
    long = [pytest.param(seed, marks=pytest.mark.long) for seed in drawn]
    rest = [seed for seed in range(many) if seed not in (*few, *drawn)]
    return [*few, *long, *(pytest.param(seed, marks=pytest.mark.soak) for seed in rest)]
