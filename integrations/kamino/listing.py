"""Lists of Kamino: what a reading showed, and whether it proves that what it did not show is absent.

Pages are numbered, so that a row which somebody deletes moves another one past the reader, and a row may be one that
nobody can read. Nothing is concluded from what a list does not show but through `Listing` and `asked`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from integrations.kamino.errors import SERVICE
from integrations.rest.asked import as_asked
from integrations.rest.errors import IncompleteError

Row = TypeVar("Row")


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page of a list. `unread` counts rows without an id that can be read, `others` are those that were not asked
    for; the totals are what the page says of its list, `None` where it does not. A page that `is_full` may be followed
    by more, whatever it says."""

    rows: list[Row]
    unread: int
    number: int
    is_full: bool
    total_pages: int | None
    total_rows: int | None
    others: Sequence[Row] = ()

    def only(self, is_asked: Callable[[Row], bool], operation: str) -> "Page[Row]":
        """Return this page as an answer to what was asked. Raises `FilterIgnoredError` where most rows are none."""
        kept, others = as_asked(self.rows, is_asked, service=SERVICE, operation=operation)
        return replace(self, rows=kept, others=others)

    @property
    def is_last(self) -> bool:
        if self.total_pages is None:
            return not self.is_full
        return self.number >= self.total_pages or not (self.rows or self.others or self.unread)

    @property
    def pages(self) -> int:
        """Return how many pages the list has at least."""
        return max(self.total_pages or 0, self.number if self.is_last else self.number + 1)


@dataclass(frozen=True)
class Listing(Generic[Row]):
    """What one question showed: `rows` are those with an id, `pages` is how many pages the list has.

    `is_whole`: every row that the pages count was read, and has an id. `is_proof`: besides, all of them are on one
    page, so that whatever is not among them is absent.
    """

    rows: list[Row]
    unread: int
    pages: int
    is_whole: bool
    is_proof: bool

    @classmethod
    def of(cls, pages: Iterable[Page[Row]], key: Callable[[Row], int]) -> "Listing[Row]":
        """Put pages together, from the first one on; `key` returns a row's id."""
        read = list(pages)
        rows = {key(row): row for page in read for row in page.rows}
        unread, totals = sum(page.unread for page in read), {page.total_rows for page in read}
        shown = rows.keys() | {key(row) for page in read for row in page.others}
        counted = len(totals) == 1 and totals <= {None, len(shown)}
        is_whole = read[-1].is_last and not unread and counted
        is_alone = len(read) == 1 and read[0].total_pages in (0, 1) and not read[0].is_full
        return cls(list(rows.values()), unread, max(page.pages for page in read), is_whole, is_whole and is_alone)


def asked(ask: Callable[[], Listing[Row] | None], match: Callable[[Row], bool]) -> list[Row] | None:
    """Return the rows that match; none of them only where that is proved: by one page, or by two whole readings.

    `None` where Kamino has no such list. Raises `IncompleteError` where a reading proves nothing.
    """
    for _ in range(2):
        listing = ask()
        if listing is None:
            return None
        found = [row for row in listing.rows if match(row)]
        if found or listing.is_proof:
            return found
        if not listing.is_whole:
            raise incomplete(listing)
    return []


def incomplete(listing: Listing[Row]) -> IncompleteError:
    """Return the error of a listing that proves no absence."""
    why = f"{listing.unread} rows without an id" if listing.unread else "its pages moved"
    return IncompleteError(f"the list is incomplete: {why}", service=SERVICE, code="incomplete")
