"""Read a file that a person sent: xlsx, ods or csv, or a sentence that says what it is instead, and the correction."""

import zipfile
import zlib
from collections.abc import Iterator
from xml.parsers.expat import ExpatError

from integrations.sheets.archives import Archive
from integrations.sheets.csv_text import csv_rows
from integrations.sheets.ods import CONTENT, ods_rows
from integrations.sheets.tables import MAX_ROWS, Row, SheetError, Table, lines_up
from integrations.sheets.xlsx import xlsx_rows

MAX_BYTES = 5 * 1024 * 1024
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_ZIP = b"PK\x03\x04"
_DAMAGES = (
    LookupError, ValueError, OverflowError, SyntaxError, ExpatError, OSError, EOFError, RuntimeError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""A part that is missing, cut, encrypted, packed in an unknown way, or no XML; a number that is none."""


def read_table(content: bytes, *, sheet_title: str = "", sign: str = "") -> Table:
    """Read the table of a file; of a workbook the sheet `sheet_title`, else the first. `sign` is a word with accents
    that the header holds: it proves the encoding of a csv that is not UTF-8. Raises `SheetError`."""
    if len(content) > MAX_BYTES:
        raise SheetError("too_large", limit=MAX_BYTES // 1024 // 1024)
    if not content.strip():
        raise SheetError("empty")
    rows = (row for row in _rows(content, sheet_title, sign) if not row.is_empty())
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


def _rows(content: bytes, sheet_title: str, sign: str) -> Iterator[Row]:
    if content.startswith(_OLD_EXCEL):
        raise SheetError("old_excel")
    if not content.startswith(_ZIP):
        return csv_rows(content, sign)
    return _workbook_rows(content, sheet_title)


def _workbook_rows(content: bytes, sheet_title: str) -> Iterator[Row]:
    try:
        archive = Archive(content)
    except _DAMAGES as error:
        raise SheetError("no_spreadsheet") from error
    try:
        read = ods_rows if CONTENT in archive else xlsx_rows
        yield from lines_up(read(archive, sheet_title))
    except _DAMAGES as error:
        raise SheetError("damaged") from error
