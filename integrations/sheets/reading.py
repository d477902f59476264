"""Read a file that a person sent: xlsx or csv, or a sentence that says what it is instead and how to correct it."""

import csv
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO, StringIO
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.escape import unescape
from openpyxl.utils.exceptions import InvalidFileException

from integrations.sheets.cells import Cell, plain_text

MAX_BYTES = 5 * 1024 * 1024
MAX_UNPACKED_BYTES = 100 * 1024 * 1024
MAX_ROWS = 20_000
MAX_COLUMNS = 60
LAST_ROW = 1_048_576
"""No spreadsheet program has more; a file may still say so, and every missing row would be walked through."""
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_ZIP = b"PK\x03\x04"


class SheetError(Exception):
    """The file as a whole cannot be used; `words.spreadsheets` has a sentence for each `code`."""

    def __init__(self, code: str, **params: int | str | list[str]) -> None:
        super().__init__(code)
        self.code, self.params = code, params


@dataclass(frozen=True)
class Row:
    """One row and its number in the file, as the spreadsheet program shows it."""

    number: int
    cells: Sequence[Cell]

    def is_empty(self) -> bool:
        return not any(cell.text or cell.is_formula for cell in self.cells)


@dataclass(frozen=True)
class Table:
    """The header and the rows below it, without empty ones."""

    headers: list[str]
    rows: list[Row]


def read_table(content: bytes, *, sheet_title: str = "") -> Table:
    """Read the table of a file; of a workbook the sheet `sheet_title`, else the first. Raises `SheetError`."""
    if len(content) > MAX_BYTES:
        raise SheetError("too_large", limit=MAX_BYTES // 1024 // 1024)
    if not content.strip():
        raise SheetError("empty")
    rows = (row for row in _rows(content, sheet_title) if not row.is_empty())
    header = next(rows, None)
    if header is None:
        raise SheetError("empty")
    headers = [cell.text for cell in header.cells]
    named = [text.casefold() for text in headers if text]
    twice = sorted({text for text in headers if text and named.count(text.casefold()) > 1})
    if twice:
        raise SheetError("column_twice", name=twice[0])
    found: list[Row] = []
    for row in rows:
        if len(found) == MAX_ROWS:
            raise SheetError("too_many_rows", limit=MAX_ROWS)
        found.append(row)
    if not found:
        raise SheetError("no_rows")
    return Table(headers, found)


def _rows(content: bytes, sheet_title: str) -> Iterator[Row]:
    if content.startswith(_OLD_EXCEL):
        raise SheetError("old_excel")
    if content.startswith(_ZIP):
        return _xlsx_rows(content, sheet_title)
    return _csv_rows(content)


def _xlsx_rows(content: bytes, sheet_title: str) -> Iterator[Row]:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > MAX_UNPACKED_BYTES:
            raise SheetError("too_large_unpacked")
        book = load_workbook(BytesIO(content), read_only=True, data_only=False)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
        raise SheetError("no_spreadsheet") from error
    sheet = book[sheet_title] if sheet_title in book.sheetnames else book.worksheets[0]
    sheet.reset_dimensions()
    try:
        for number, row in enumerate(sheet.iter_rows(), start=1):
            if number > LAST_ROW:
                raise SheetError("damaged")
            yield Row(number, [_xlsx_cell(cell) for cell in row[:MAX_COLUMNS]])
    except (zipfile.BadZipFile, KeyError, ValueError, SyntaxError, OSError) as error:
        raise SheetError("damaged") from error
    finally:
        book.close()


def _xlsx_cell(cell: Any) -> Cell:
    value = cell.value
    if getattr(cell, "data_type", "") == "f":
        return Cell(str(value), is_formula=True)
    if isinstance(value, float):
        return Cell(str(int(value))) if value.is_integer() else Cell(str(value), is_fraction=True)
    return Cell("" if value is None else plain_text(unescape(str(value))).strip())


def _csv_rows(content: bytes) -> Iterator[Row]:
    if b"\x00" in content or content.startswith(b"%PDF"):
        raise SheetError("no_spreadsheet")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise SheetError("encoding", line=line) from error
    lines = StringIO(text, newline="")
    skipped = 0
    if text[:4].casefold() == "sep=":  # what Excel writes for itself
        lines.readline()
        skipped = 1
    first = next((line for line in text.splitlines()[skipped:] if line.strip()), "")
    reader = csv.reader(lines, delimiter=max(";,\t", key=first.count), strict=True)
    width = 0
    try:
        for cells in reader:
            if cells and len(cells) < width:
                raise SheetError("short_line", line=reader.line_num + skipped)
            width = width or len(cells)
            yield Row(reader.line_num + skipped, [_csv_cell(cell) for cell in cells[:MAX_COLUMNS]])
    except csv.Error as error:
        raise SheetError("quotation_mark", line=reader.line_num + skipped) from error


def _csv_cell(text: str) -> Cell:
    text = text.strip()
    return Cell(text, is_formula=True) if text.startswith("=") else Cell(plain_text(text).strip())
