"""Rows of Bling's lists: those that can be read and were asked for, and what is known of the others. One odd row stops
no list."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from integrations.bling.errors import SERVICE
from integrations.rest.asked import as_asked
from integrations.rest.errors import ApiError, IncompleteError, InternalError
from integrations.rest.fields import Fields

T = TypeVar("T")


@dataclass(frozen=True)
class OddRow:
    """A row that cannot be read, and why. `bling_id` is 0 where not even its id can: what it stands for is unknown."""

    bling_id: int
    error: ApiError


class Rows(list[T]):
    """The rows of a list or page; `odd` are those that could not be read, `strays` those that were not asked for: they
    only say what is there."""

    def __init__(self, rows: Iterable[T] = (), odd: Sequence[OddRow] = (), strays: Sequence[T] = ()) -> None:
        super().__init__(rows)
        self.odd = odd
        self.strays = strays

    @classmethod
    def read(cls, data: Sequence[Any], parse: Callable[[Fields], T], where: str) -> "Rows[T]":
        """Read the rows of an answer; `where` is its place: the operation and the page."""
        rows, odd = cls(), []
        for index, item in enumerate(data):
            try:
                rows.append(parse(Fields(item, f"{where} data[{index}]", SERVICE)))
            except InternalError as error:
                odd.append(OddRow(_id_of(item), error))
        rows.odd = odd
        return rows

    def asked(self, is_asked: Callable[[T], bool], operation: str) -> "Rows[T]":
        """Return these rows as an answer to what was asked. Raises `FilterIgnoredError` when most of them are none."""
        kept, others = as_asked(self, is_asked, service=SERVICE, operation=operation)
        return Rows(kept, self.odd, others)

    def whole(self, operation: str) -> "Rows[T]":
        """Return these rows as all there are. Raises `IncompleteError` where one could not be read: it may be what is
        looked for."""
        if self.odd:
            why = f"{len(self.odd)} rows cannot be read"
            raise IncompleteError(why, service=SERVICE, operation=operation, code="incomplete")
        return self

    @property
    def size(self) -> int:
        """How many rows were shown, whatever they are: a full page may have others behind it."""
        return len(self) + len(self.odd) + len(self.strays)

    @property
    def is_complete(self) -> bool:
        """Say whether it is known of every row what it stands for."""
        return all(row.bling_id for row in self.odd)


def _id_of(item: Any) -> int:
    try:
        return Fields(item, "row").integer("id", 0)
    except InternalError:
        return 0
