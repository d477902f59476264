"""Read a file that a person sent: xlsx or csv, or a sentence that says what it is instead and how to correct it."""

import csv
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO, StringIO
from typing import Any

from django.utils.translation import gettext as _
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
    """The file as a whole cannot be used; `message` is a sentence for the person who sent it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


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
        raise SheetError(
            _("The file is too large: more than %(limit)s MB. Split it.") % {"limit": MAX_BYTES // 1024 // 1024}
        )
    if not content.strip():
        raise SheetError(_("The file is empty."))
    rows = (row for row in _rows(content, sheet_title) if not row.is_empty())
    header = next(rows, None)
    if header is None:
        raise SheetError(_("The file is empty."))
    headers = [cell.text for cell in header.cells]
    named = [text.casefold() for text in headers if text]
    twice = sorted({text for text in headers if text and named.count(text.casefold()) > 1})
    if twice:
        raise SheetError(_("The column “%(name)s” is there twice.") % {"name": twice[0]})
    found: list[Row] = []
    for row in rows:
        if len(found) == MAX_ROWS:
            raise SheetError(_("The spreadsheet has more than %(limit)s rows. Split it.") % {"limit": MAX_ROWS})
        found.append(row)
    if not found:
        raise SheetError(_("The spreadsheet has a header and no rows."))
    return Table(headers, found)


def _rows(content: bytes, sheet_title: str) -> Iterator[Row]:
    if content.startswith(_OLD_EXCEL):
        raise SheetError(_("This is an old Excel file (.xls), or one with a password. Save it as .xlsx and send that."))
    if content.startswith(_ZIP):
        return _xlsx_rows(content, sheet_title)
    return _csv_rows(content)


def _xlsx_rows(content: bytes, sheet_title: str) -> Iterator[Row]:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > MAX_UNPACKED_BYTES:
            raise SheetError(_("The spreadsheet is too large when unpacked."))
        book = load_workbook(BytesIO(content), read_only=True, data_only=False)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
        raise SheetError(
            _("This is no spreadsheet that can be read. Save it as .xlsx or .csv and send that.")
        ) from error
    sheet = book[sheet_title] if sheet_title in book.sheetnames else book.worksheets[0]
    sheet.reset_dimensions()
    try:
        for number, row in enumerate(sheet.iter_rows(), start=1):
            if number > LAST_ROW:
                raise SheetError(_("The spreadsheet is damaged. Save it again and send that."))
            yield Row(number, [_xlsx_cell(cell) for cell in row[:MAX_COLUMNS]])
    except (zipfile.BadZipFile, KeyError, ValueError, SyntaxError, OSError) as error:
        raise SheetError(_("The spreadsheet is damaged. Save it again and send that.")) from error
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
        raise SheetError(_("This is no spreadsheet that can be read. Save it as .xlsx or .csv and send that."))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise SheetError(
            _("The encoding of the file is wrong (line %(line)s). Save it as “CSV UTF-8”, or as .xlsx.")
            % {"line": line}
        ) from error
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
                values = {"line": reader.line_num + skipped}
                raise SheetError(_("Line %(line)s of the file has fewer cells than the header.") % values)
            width = width or len(cells)
            yield Row(reader.line_num + skipped, [_csv_cell(cell) for cell in cells[:MAX_COLUMNS]])
    except csv.Error as error:
        raise SheetError(
            _("Line %(line)s of the file cannot be read: a quotation mark is missing or too much.")
            % {"line": reader.line_num + skipped}
        ) from error


def _csv_cell(text: str) -> Cell:
    text = text.strip()
    return Cell(text, is_formula=True) if text.startswith("=") else Cell(plain_text(text).strip())
