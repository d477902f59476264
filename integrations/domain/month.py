"""A month of both systems, side by side to the cent: what each books where, and every title that makes a difference."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from integrations.domain.confidential import Guard
from integrations.domain.money import ZERO


@dataclass(frozen=True, order=True)
class Place:
    """Where an amount is booked: a direction ("payable", "receivable"), a category in Bling, an account in Kamino."""

    direction: str
    category: str
    account: str


@dataclass(frozen=True)
class Booking:
    """An amount in reais at its place; not `is_read`: of Kamino, and no list of it showed that."""

    place: Place
    amount: Decimal
    is_read: bool = True


@dataclass(frozen=True)
class Item:
    """One title on both sides; `name` is what people call it, `reasons` say why the sides may differ, and `guard` who
    sees it.

    `bling_id` is `None` for titles that only Kamino has.
    """

    name: str
    bling_id: int | None
    kamino_id: int | None
    guard: Guard
    bling: tuple[Booking, ...] = ()
    kamino: tuple[Booking, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """The sums of the titles of one place that the same people see."""

    place: Place
    guard: Guard
    titles: int
    bling: Decimal
    kamino: Decimal

    @property
    def difference(self) -> Decimal:
        """Kamino minus Bling."""
        return self.kamino - self.bling


@dataclass(frozen=True)
class Difference:
    """What one title adds to the difference of one place."""

    item: Item
    place: Place
    bling: Decimal
    kamino: Decimal

    @property
    def difference(self) -> Decimal:
        return self.kamino - self.bling


@dataclass(frozen=True)
class Comparison:
    """The sums by place and guard; the differences of the titles there add up to the difference of the sums."""

    rows: tuple[Row, ...]
    differences: tuple[Difference, ...]


def compare_month(items: Iterable[Item]) -> Comparison:
    """Sum up both sides by place, and name each title that either side books otherwise."""
    titles: Counter[tuple[Place, Guard]] = Counter()
    bling: dict[tuple[Place, Guard], Decimal] = {}
    kamino: dict[tuple[Place, Guard], Decimal] = {}
    differences = []
    for item in items:
        ours, theirs = _sums(item.bling), _sums(item.kamino)
        for place in sorted({*ours, *theirs}):
            key = place, item.guard
            titles[key] += 1
            here, there = ours.get(place, ZERO), theirs.get(place, ZERO)
            bling[key] = bling.get(key, ZERO) + here
            kamino[key] = kamino.get(key, ZERO) + there
            if here != there:
                differences.append(Difference(item, place, here, there))
    rows = (Row(*key, titles[key], bling[key], kamino[key]) for key in sorted(titles))
    return Comparison(tuple(rows), tuple(sorted(differences, key=_order)))


def _order(found: Difference) -> tuple[Place, int, int]:
    return found.place, found.item.bling_id or 0, found.item.kamino_id or 0


def _sums(bookings: Iterable[Booking]) -> dict[Place, Decimal]:
    found: dict[Place, Decimal] = {}
    for booking in bookings:
        found[booking.place] = found.get(booking.place, ZERO) + booking.amount
    return found
