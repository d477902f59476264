"""Suggestions: which Kamino names are most like a Bling name. Shown to people, never applied by themselves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from integrations.domain.classification import Target
from integrations.domain.names import fold

WORTH_SHOWING = 50
"""Below this likeness (0 to 100) a suggestion only misleads."""


@dataclass(frozen=True)
class Suggestion:
    """A Kamino register and how like its name is: 0 to 100, in whole points, 100 for the same name."""

    target: Target
    score: int


class Suggestions:
    """The usable registers of one kind, prepared for many questions."""

    def __init__(self, targets: Iterable[Target]) -> None:
        self._targets = [target for target in targets if target.usable]
        self._names = [fold(target.name) for target in self._targets]

    def nearest(self, names: Sequence[str], count: int = 1, cutoff: int = WORTH_SHOWING) -> list[Suggestion]:
        """Return up to `count` registers most like any of `names` (a name and its path), the best first."""
        best: dict[int, int] = {}
        for name in names:
            ranked = process.extract(
                fold(name), self._names, scorer=fuzz.token_sort_ratio, limit=count, score_cutoff=cutoff
            )
            for _name, score, place in ranked:
                best[place] = max(best.get(place, 0), int(score))
        order = sorted(best, key=lambda place: (-best[place], self._names[place]))
        return [Suggestion(self._targets[place], best[place]) for place in order[:count]]
