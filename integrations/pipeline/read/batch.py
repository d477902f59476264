"""What pull hands to mirror, in memory: titles, payments, contacts and registers as they were just read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from integrations.bling.rows import Rows
from integrations.domain.titles import (
    BorderoFacts,
    Direction,
    PersonFacts,
    SalesOrderFacts,
    TitleFacts,
    TitleRow,
    row_fingerprint,
)
from integrations.pipeline.access.error_texts import failure_of
from integrations.rest.errors import ApiError, NotFoundError


class What(StrEnum):
    """What could not be read: a title, something that titles hang on, or a whole list."""

    PAYABLE = Direction.PAYABLE.value
    RECEIVABLE = Direction.RECEIVABLE.value
    CONTACT = "contact"
    ORDER = "order"
    REGISTER = "register"
    LIST = "list"


@dataclass(frozen=True)
class Failed:
    """Something that could not be read or stored, and why (`failure`: what is stored of an error); the next one goes
    on. `bling_id` is 0 where it is not known; `is_gone`: Bling says that it does not have it."""

    what: What
    bling_id: int
    failure: Mapping[str, str]
    is_gone: bool = False

    @classmethod
    def by(cls, what: What, bling_id: int, error: ApiError) -> "Failed":
        failure = failure_of(error) | {"operation": error.operation}
        return cls(what, bling_id, failure, isinstance(error, NotFoundError))

    @classmethod
    def of_title(cls, key: tuple[Direction, int], error: ApiError) -> "Failed":
        direction, bling_id = key
        return cls.by(What(direction.value), bling_id, error)

    @property
    def direction(self) -> Direction | None:
        """The direction of a title; `None` for anything else."""
        return Direction(self.what.value) if self.what in (What.PAYABLE, What.RECEIVABLE) else None


@dataclass(frozen=True)
class Page:
    """One page of a listing, and the urgencies of the titles to read, by Bling id."""

    direction: Direction
    rows: Rows[TitleRow]
    urgencies: Mapping[int, int]


def unreadable(what: What, rows: Rows[Any]) -> list[Failed]:
    """Return what a run notes about rows that cannot be read."""
    return [Failed.by(what, odd.bling_id, odd.error) for odd in rows.odd]


@dataclass(frozen=True)
class RegisterReading:
    """One Bling register; `path` names its parents."""

    kind: str
    bling_id: int
    name: str
    path: str = ""
    nature: str = ""
    is_active: bool = True


@dataclass(frozen=True)
class Registers:
    """Bling's registers as they were just read, and the kinds of which all were: what was not read is not gone.
    `unread` are the errors of lists that could not be read at all."""

    readings: list[RegisterReading]
    kinds: frozenset[str]
    failures: list[Failed]
    unread: list[ApiError]


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


@dataclass
class Chunk:
    """Some titles with everything that hangs on them, ready to be mirrored in one transaction.

    `asked` are the titles that were asked for, whatever came of it; `rows` are the fingerprints of those that this
    run's listings showed. `looked_for` says of contacts and borderôs (kind, id) whether Bling has them, where it did
    not have them now or before.
    """

    asked: list[tuple[Direction, int]] = field(default_factory=list)
    rows: dict[tuple[Direction, int], str] = field(default_factory=dict)
    titles: list[TitleReading] = field(default_factory=list)
    borderos: list[tuple[BorderoFacts, datetime]] = field(default_factory=list)
    persons: list[tuple[PersonFacts, datetime]] = field(default_factory=list)
    orders: list[tuple[SalesOrderFacts, datetime]] = field(default_factory=list)
    failures: list[Failed] = field(default_factory=list)
    looked_for: dict[tuple[str, int], bool] = field(default_factory=dict)

    def only(self, title: TitleReading) -> "Chunk":
        """Return one of its titles with what hangs on it."""
        facts = title.facts
        return Chunk(
            rows=self.rows,
            titles=[title],
            borderos=[read for read in self.borderos if facts and read[0].bling_id in facts.bordero_ids],
            persons=[read for read in self.persons if facts and read[0].bling_id == facts.contact_id],
            orders=[read for read in self.orders if facts and read[0].bling_id == facts.order_id],
        )

    def is_doubted(self, reading: TitleReading) -> bool:
        """Say whether a listing of this run showed another title: it changed meanwhile, or one of them is wrong."""
        row = self.rows.get(reading.key)
        return row is not None and (reading.facts is None or row_fingerprint(reading.facts) != row)
