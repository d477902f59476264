"""What pull hands to mirror, in memory: titles, payments, contacts and registers as they were just read."""

from dataclasses import dataclass, field
from datetime import datetime

from integrations.domain.titles import (
    BorderoFacts,
    Direction,
    PersonFacts,
    SalesOrderFacts,
    TitleFacts,
    row_fingerprint,
)


@dataclass(frozen=True)
class RegisterReading:
    """One Bling register; `path` names its parents."""

    kind: str
    bling_id: int
    name: str
    path: str = ""
    nature: str = ""


@dataclass(frozen=True)
class Registers:
    """Bling's registers as they were just read, and the kinds that were: what was not read is not gone."""

    readings: list[RegisterReading]
    kinds: frozenset[str]


@dataclass(frozen=True)
class TitleReading:
    """One title read from Bling. `facts` is `None` where Bling no longer has it."""

    direction: Direction
    bling_id: int
    read_at: datetime
    facts: TitleFacts | None

    @property
    def key(self) -> tuple[Direction, int]:
        return self.direction, self.bling_id


@dataclass(frozen=True)
class FailedTitle:
    """A title that could not be read; the next one goes on."""

    direction: Direction
    bling_id: int
    kind: str
    message: str


@dataclass
class Chunk:
    """Some titles with everything that hangs on them, ready to be mirrored in one transaction.

    `asked` are the titles that were asked for, whatever came of it; `rows` are the fingerprints of those that this
    run's listings showed.
    """

    asked: list[tuple[Direction, int]] = field(default_factory=list)
    rows: dict[tuple[Direction, int], str] = field(default_factory=dict)
    titles: list[TitleReading] = field(default_factory=list)
    borderos: list[tuple[BorderoFacts, datetime]] = field(default_factory=list)
    persons: list[tuple[PersonFacts, datetime]] = field(default_factory=list)
    orders: list[tuple[SalesOrderFacts, datetime]] = field(default_factory=list)
    failures: list[FailedTitle] = field(default_factory=list)

    def is_doubted(self, reading: TitleReading) -> bool:
        """Say whether a listing of this run showed another title: it changed meanwhile, or one of them is wrong."""
        row = self.rows.get(reading.key)
        return row is not None and (reading.facts is None or row_fingerprint(reading.facts) != row)
