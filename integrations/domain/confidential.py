"""Who sees a row of a report that is kept: decided by ids that stand in the row, not by names looked up later."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

COUNTED = 250
"""So far the titles that somebody does not see are counted."""


def category_mark(connection: int, bling_id: int) -> str:
    """Return the mark of a category in Bling; `connection` is the key of its Bling connection."""
    return f"bling:{connection}:{bling_id}"


def chart_mark(kamino_id: str) -> str:
    """Return the mark of a chart account in Kamino, "" for titles without one."""
    return f"kamino:{kamino_id}"


@dataclass(frozen=True, order=True)
class Guard:
    """Whether a row was confidential when it was made, and the `marks` of everything that would make it so."""

    is_hidden: bool = False
    marks: tuple[str, ...] = ()

    @classmethod
    def of(cls, decisive: Iterable[str], marked: Iterable[str]) -> "Guard":
        """Return the guard of what has these `decisive` marks, where those in `marked` are confidential."""
        marks = tuple(sorted(decisive))
        return cls(not set(marked).isdisjoint(marks), marks)

    def hides(self, marked: Iterable[str]) -> bool:
        """Say whether it is confidential: it was, or one of its marks is among those that are now."""
        return self.is_hidden or not set(marked).isdisjoint(self.marks)

    def to_json(self) -> list[Any]:
        return [self.is_hidden, *self.marks]

    @classmethod
    def from_json(cls, data: Sequence[Any]) -> "Guard":
        return cls(bool(data[0]), tuple(data[1:]))


OPEN = Guard()
"""Hides from nobody."""
