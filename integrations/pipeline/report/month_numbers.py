"""The numbers of a month as `MonthClosing` keeps them, and what one reader sees of them.

Each row that is kept ends with its guard. Rows that an older version kept have none: nobody can tell which titles are
in them.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.crypto import salted_hmac

from integrations.domain.as_sent import AsSent, NotRead, merged
from integrations.domain.confidential import Guard
from integrations.domain.month import Comparison, Place
from integrations.models import Tenant
from integrations.models.confidential import Sight, marks_of

SECTIONS = ("competence", "settled")
Marks = frozenset[str] | None
"""What is confidential now; `None` for who sees everything."""
_PLACE, _SUMS, _DIFFERENCES, _AS_SENT = 3, 7, 10, 4
"""So many cells say where an amount is booked, and so many a row of each table has before its guard."""


@dataclass(frozen=True)
class Month:
    """Two comparisons of one month: titles by competence, and settlements by their day.

    `read_at`: Kamino's lists, `None` before they were read for the first time. `as_sent`: what they did not show, by
    the name of the comparison; directions are named as people read them.
    """

    first: date
    competence: Comparison
    settled: Comparison
    read_at: datetime | None
    as_sent: Mapping[str, Sequence[AsSent]]

    @property
    def is_read(self) -> bool:
        """Say whether all of Kamino's side is what its lists showed."""
        return not any(self.as_sent.values())


def numbers_of(month: Month) -> dict[str, Any]:
    """Return a month as it is kept: per comparison its rows and its differences, as cells."""
    read_at = month.read_at.isoformat() if month.read_at else ""
    comparisons = {"competence": month.competence, "settled": month.settled}
    return {"read_at": read_at} | {name: _table(comparisons[name], month.as_sent[name]) for name in SECTIONS}


def fingerprint_of(numbers: Mapping[str, Any]) -> str:
    """Return what tells a month's numbers from others, however old Kamino's side is. It is keyed: people see it who do
    not see all the numbers, and could try amounts until one fits."""
    sections = {name: table for name, table in numbers.items() if name != "read_at"}
    return salted_hmac("month", json.dumps(sections, sort_keys=True), algorithm="sha256").hexdigest()[:32]


def visible_numbers(numbers: Mapping[str, Any], tenant: Tenant, sight: Sight) -> dict[str, Any]:
    """Return what a reader sees of a month's numbers: rows and differences without guards, summed up by place, and
    `as_sent`. `is_closed`: an older version kept them, so that who does not see all titles sees none."""
    marked = None if sight.is_whole else marks_of(tenant)
    tables = {name: numbers[name] for name in SECTIONS}
    is_closed = bool(marked) and any(_is_old(table) for table in tables.values())
    shown = {name: _visible({} if is_closed else table, marked) for name, table in tables.items()}
    return {"read_at": numbers.get("read_at", ""), "is_closed": is_closed, **shown}


def _is_old(table: Mapping[str, Any]) -> bool:
    return any(len(row) == _SUMS for row in table["rows"]) or any(
        len(row) == _DIFFERENCES for row in table["differences"]
    )


def _visible(table: Mapping[str, Any], marked: Marks) -> dict[str, Any]:
    sent = _seen(table.get("as_sent", ()), _AS_SENT, marked)
    return {
        "rows": _summed(_seen(table.get("rows", ()), _SUMS, marked)),
        "differences": list(_seen(table.get("differences", ()), _DIFFERENCES, marked)),
        "as_sent": merged(AsSent(row[0], NotRead(row[1]), row[2], Decimal(row[3])) for row in sent),
    }


def _seen(rows: Iterable[Sequence[Any]], cells: int, marked: Marks) -> Iterator[Sequence[Any]]:
    """Return the cells of the rows that no mark hides, without their guard."""
    for row in rows:
        if marked is None or len(row) == cells or not Guard.from_json(row[cells]).hides(marked):
            yield row[:cells]


def _summed(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """Sum up by place; the rows are in the order of their places."""
    found: dict[tuple[str, ...], list[Any]] = {}
    for row in rows:
        place, numbers = tuple(row[:_PLACE]), [row[_PLACE], *map(Decimal, row[_PLACE + 1 :])]
        before = found.get(place)
        found[place] = numbers if before is None else [one + more for one, more in zip(before, numbers, strict=True)]
    return [[*place, titles, *map(str, amounts)] for place, (titles, *amounts) in found.items()]


def _table(comparison: Comparison, unread: Sequence[AsSent]) -> dict[str, Any]:
    return {
        "as_sent": [
            [found.direction, found.why.value, found.titles, str(found.amount), found.guard.to_json()]
            for found in unread
        ],
        "rows": [
            [
                *_place(row.place), row.titles, str(row.bling), str(row.kamino), str(row.difference),
                row.guard.to_json(),
            ]
            for row in comparison.rows
        ],
        "differences": [
            [
                *_place(found.place), found.item.name, found.item.bling_id, found.item.kamino_id, str(found.bling),
                str(found.kamino), str(found.difference), " ".join(found.item.reasons), found.item.guard.to_json(),
            ]
            for found in comparison.differences
        ],
    }  # fmt: skip


def _place(place: Place) -> list[str]:
    return [place.direction, place.category, place.account]
