"""Values of a csv file, in the encodings that spreadsheet programs write."""

import csv
from collections.abc import Iterator
from io import StringIO

from integrations.sheets.cells import Cell, formula_cell, text_cell
from integrations.sheets.tables import MAX_COLUMNS, Row, SheetError

_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_OTHERS = ("cp1252", "utf-16-le", "utf-16-be", "cp850", "mac_roman")
"""Of Excel's "CSV", "CSV (MS-DOS)" and "CSV (Macintosh)", and of "Texto Unicode" without its mark."""
_HEAD = 4096
_PAGES = ("<html", "<!doctype html", "<table", "<head", "<body", "<meta", "<style", "mime-version:", "text/html")


def csv_rows(content: bytes, sign: str) -> Iterator[Row]:
    """Return the rows of a csv file; see `_decoded` for `sign`. Raises `SheetError`."""
    if content.startswith((b"%PDF", b"{\\rtf")):
        raise SheetError("no_spreadsheet")
    text = _decoded(content, sign)
    _refuse_other_formats(text[:_HEAD].lstrip().casefold())
    lines = StringIO(text, newline="")
    skipped = 0
    if text[:4].casefold() == "sep=":  # what Excel writes for itself
        lines.readline()
        skipped = 1
    first = next((line for line in text.splitlines()[skipped:] if line.strip()), "")
    reader = csv.reader(lines, delimiter=max(";,\t", key=first.count), strict=True)
    try:
        for cells in reader:
            yield Row(reader.line_num + skipped, [_cell(cell) for cell in cells[:MAX_COLUMNS]])
    except csv.Error as error:
        raise SheetError("quotation_mark", line=reader.line_num + skipped) from error


def _decoded(content: bytes, sign: str) -> str:
    """Return the text. Every file can be read in some encodings, wrongly: besides UTF-8 and what a mark tells, one is
    taken only when it shows `sign`, a word with accents that the header holds."""
    encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), "")
    if not encoding:
        shows = [name for name in ("utf-8", *_OTHERS) if sign and sign in content[:_HEAD].decode(name, "ignore")]
        encoding = shows[0] if shows else "utf-8"
    if b"\x00" in content and not encoding.startswith("utf-16"):
        raise SheetError("no_spreadsheet")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise SheetError("encoding", line=content[: error.start].count(b"\n") + 1) from error
    if "\x00" in text:
        raise SheetError("no_spreadsheet")
    return text


def _refuse_other_formats(head: str) -> None:
    """Refuse by name what programs call .xls: Excel opens web pages and its own XML of 2003 under that name."""
    if head.startswith("<") and "schemas-microsoft-com:office:spreadsheet" in head:
        raise SheetError("xml_spreadsheet")
    if head.startswith(("<", "mime-version:")):
        raise SheetError("web_page" if any(page in head for page in _PAGES) else "no_spreadsheet")


def _cell(text: str) -> Cell:
    text = text.strip()
    return formula_cell(text) if text.startswith("=") else text_cell(text)
