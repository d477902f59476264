"""Which rows a page of a list shows: their keys first, by an index, then these rows and nothing else.

A list looks at no more than `COUNTED` of its rows before it shows a page. Where there are no more, they are all known:
they are counted exactly, and sorted by any column. Where there are more, they are read in the list's own order, of
which an index knows the first, for each company by itself. What is ordered for a whole list, or exported,
counts exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet, Value
from django.db.models.lookups import In

COUNTED = 500
"""So many rows a list counts; of more it says that there are more."""
REACHED = 10_000
"""No page lies behind so many rows: to leave them out costs as much as to read them."""
MOST_ARMS = 100
"""Members of more companies than these read a list as those who see all of them: most rows are theirs."""


@dataclass(frozen=True)
class Arms:
    """The companies of a list, by the keys that its rows hold in `column`."""

    column: str
    keys: Sequence[int]

    def of(self, rows: QuerySet[Any]) -> list[QuerySet[Any]]:
        """Return the rows of each company; each is sorted by its own index, and the sorted rows are merged."""
        if len(self.keys) > MOST_ARMS:
            return [rows]
        return [self._narrowed(rows, key) for key in self.keys]

    def _narrowed(self, rows: QuerySet[Any], key: int) -> QuerySet[Any]:
        """Return the rows of one of the companies. The condition that they are of any of them is not only repeated but
        replaced: an index that is read for many keys does not give its rows in order."""
        one = rows.filter(**{self.column: key})
        (told,) = one.query.where.children[-1:]
        where = one.query.where
        where.children = [part for part in where.children[:-1] if not self._is_any(part, told)] + [told]
        return one

    def _is_any(self, part: Any, told: Any) -> bool:
        return isinstance(part, In) and part.lhs == told.lhs and list(part.rhs) == list(self.keys)


def first_keys(arms: Sequence[QuerySet[Any]], ordering: Sequence[str], start: int, stop: int) -> list[int]:
    """Return the keys of the rows from `start` to `stop` of all arms together, in an order of their own columns."""
    key = arms[0].model._meta.pk.attname
    order = [name.replace("pk", key) if name.lstrip("-") == "pk" else name for name in ordering]
    columns = list(dict.fromkeys([*(name.lstrip("-") for name in order), key]))
    columns = [*(name for name in columns if name != key), key]
    # Each in order and cut off: PostgreSQL merges what comes in order, and reads of each arm what it needs.
    first, *others = (arm.order_by(*order).values_list(*columns)[:stop] for arm in arms)
    rows = first.union(*others, all=True).order_by(*order)[start:stop] if others else first[start:]
    return [row[-1] for row in rows]


def some_keys(ways: Sequence[QuerySet[Any]], most: int) -> list[int]:
    """Return the keys of what is found in several ways, at most so many of each way and one more."""
    (first, *others) = (way.order_by().values_list("pk", flat=True)[: most + 1] for way in ways)
    rows = first.union(*others) if others else first
    return list(rows)


def keys_of_each(ways: Sequence[QuerySet[Any]], most: int) -> list[list[int]]:
    """Return the same for each way by itself, in one query."""
    numbered = (way.order_by().annotate(way=Value(number)).values_list("way", "pk") for number, way in enumerate(ways))
    first, *others = (way[: most + 1] for way in numbered)
    found: list[list[int]] = [[] for _way in ways]
    for number, key in first.union(*others, all=True):
        found[number].append(key)
    return found


def quick_order(asked: Sequence[Any], own: Sequence[str], quick: Sequence[str]) -> list[str]:
    """Return the order in which a long list is read: its `own` or the reverse, or one of the `quick` columns, of which
    an index knows the first rows as well. Any other order than these is not followed."""
    first = str(asked[0]) if asked else ""
    name = first.lstrip("-")
    sign = "-" if first.startswith("-") else ""
    if name in quick and name != own[0].lstrip("-"):
        return [f"{sign}{name}", f"{sign}pk"]
    if first != own[0] and name == own[0].lstrip("-"):
        return [column.removeprefix("-") if column.startswith("-") else f"-{column}" for column in own]
    return list(own)
