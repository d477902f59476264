"""Rows of a file, whatever its format: their limits, merged cells, and what is said when a file cannot be used."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from integrations.sheets.cells import MISSING, Cell

MAX_ROWS = 20_000
MAX_COLUMNS = 60
LAST_ROW = 1_048_576
"""No spreadsheet program has more; a file may still say so."""


class SheetError(Exception):
    """The file as a whole cannot be used; `words.spreadsheets` has a sentence for each `code`."""

    def __init__(self, code: str, **params: int | str | list[str]) -> None:
        super().__init__(code)
        self.code, self.params = code, params


@dataclass(frozen=True)
class Row:
    """One row and its number in the file, as the spreadsheet program shows it; or does not, where it `is_hidden` by a
    person or a filter."""

    number: int
    cells: Sequence[Cell]
    is_hidden: bool = False

    def is_empty(self) -> bool:
        return not any(cell.text or cell.is_formula for cell in self.cells)

    def cell(self, place: int) -> Cell:
        """Return the cell of a column, counted from 0; `MISSING` beyond the row's end."""
        return self.cells[place] if place < len(self.cells) else MISSING


@dataclass(frozen=True)
class Table:
    """The header and the rows below it, without empty ones."""

    headers: list[str]
    rows: list[Row]


@dataclass
class Area:
    """Merged cells, by the numbers of rows (from 1) and columns (from 0). A program shows the `first` cell in all of
    them, and the file holds it once."""

    top: int
    left: int
    bottom: int
    right: int
    first: Cell = field(default_factory=Cell)


class Merges:
    """The merged cells of a sheet, in the order of their first rows. Fills the cells of one row after the other."""

    def __init__(self, areas: Sequence[Area] = ()) -> None:
        self._coming = sorted((area for area in areas if area.left < MAX_COLUMNS), key=lambda area: -area.top)
        self._open: list[Area] = []

    def add(self, area: Area) -> None:
        """Add merged cells that begin in the row that is filled next."""
        if area.left < MAX_COLUMNS:
            self._coming.append(area)

    def fill(self, number: int, cells: Mapping[int, Cell], *, is_hidden: bool = False) -> Row:
        """Return the row with this number, the value of a merge's first cell in each cell that it covers."""
        filled = dict(cells)
        self._open = [area for area in self._open if area.bottom >= number]
        while self._coming and self._coming[-1].top <= number:
            area = self._coming.pop()
            if area.top == number:
                area.first = cells.get(area.left, Cell(from_file=True))
            self._open.append(area)
            if len(self._open) > MAX_COLUMNS:
                raise SheetError("damaged")
        for area in self._open:
            for place in range(area.left, min(area.right + 1, MAX_COLUMNS)):
                filled[place] = area.first
        width = max(filled, default=-1) + 1
        # A workbook writes an empty cell by leaving it out, so that here "not there" is empty.
        return Row(number, [filled.get(place, Cell(from_file=True)) for place in range(width)], is_hidden)


def lines_up(rows: Iterator[Row]) -> Iterator[Row]:
    """Pass rows on; raises `SheetError` when their numbers go beyond what any program has."""
    for row in rows:
        if not 0 < row.number <= LAST_ROW:
            raise SheetError("damaged")
        yield row
