"""Re-launched titles: Bling deletes the titles of a sale and creates them again, with new ids. Which is which?"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from integrations.domain.titles import Direction


@dataclass(frozen=True)
class Launch:
    """What tells one launch of a title from another; `key` is the caller's own. `origin_id` 0: it has none."""

    key: int
    direction: Direction
    origin_id: int
    due_date: date | None
    contact_id: int
    value: Decimal
    document_number: str


@dataclass(frozen=True)
class Replacements:
    """`pairs` of (lost, new) keys that belong together for sure; `unclear` names the lost keys for each new one that
    may replace more than one of them, or shares one with another new title."""

    pairs: list[tuple[int, int]]
    unclear: dict[int, list[int]]


def find_replacements(lost: Sequence[Launch], new: Sequence[Launch]) -> Replacements:
    """Pair lost with new titles: by origin and due date, else by contact, value and due date; document numbers decide
    between several. What stays undecided is a person's business."""
    pairs: list[tuple[int, int]] = []
    unclear: dict[int, list[int]] = {}
    for same in (_same_origin, _same_content):
        decided = {key for pair in pairs for key in pair}
        taken = decided.union(unclear, *unclear.values())
        for ours, theirs in _groups(lost, new, same, taken):
            found = _pair(ours, theirs)
            pairs += found
            if not found:
                unclear |= {launch.key: sorted(item.key for item in ours) for launch in theirs}
    return Replacements(pairs, unclear)


def _same_origin(launch: Launch) -> Hashable | None:
    return (launch.direction, launch.origin_id, launch.due_date) if launch.origin_id else None


def _same_content(launch: Launch) -> Hashable | None:
    return launch.direction, launch.contact_id, launch.value, launch.due_date


def _groups(
    lost: Iterable[Launch], new: Iterable[Launch], same: Callable[[Launch], Hashable | None], taken: set[int]
) -> list[tuple[list[Launch], list[Launch]]]:
    groups: dict[Hashable, tuple[list[Launch], list[Launch]]] = defaultdict(lambda: ([], []))
    for side, launches in enumerate((lost, new)):
        for launch in launches:
            key = same(launch)
            if key is not None and launch.key not in taken:
                groups[key][side].append(launch)
    return [(ours, theirs) for ours, theirs in groups.values() if ours and theirs]


def _pair(ours: list[Launch], theirs: list[Launch]) -> list[tuple[int, int]]:
    """Pair a group completely, or not at all."""
    if len(ours) == len(theirs) == 1:
        return [(ours[0].key, theirs[0].key)]
    numbers = {launch.document_number: launch.key for launch in theirs}
    own_numbers = {launch.document_number for launch in ours}
    if len(own_numbers) == len(ours) and len(numbers) == len(theirs) and own_numbers <= numbers.keys():
        return [(launch.key, numbers[launch.document_number]) for launch in ours]
    return []
