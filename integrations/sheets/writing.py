"""Write tables as files that Brazilian spreadsheet programs open. Callers make texts safe (`cells.safe_text`).

Rows are written as they come, so that a large table costs no more memory than a small one.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from io import BytesIO, TextIOWrapper
from itertools import chain, islice
from typing import IO, Any

import xlsxwriter

MEASURED_ROWS = 200
WIDEST = 60
FIRST_YEAR = 1900
"""A workbook knows no day before: it would show ######, and some programs would not open it at all."""


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook. Without `widths`, they follow the header and the first rows. `choices` are drop-down
    lists by column number: the range that holds the values."""

    title: str
    headers: Sequence[str]
    rows: Iterable[Sequence[Any]]
    widths: Sequence[int] = ()
    choices: Mapping[int, str] = field(default_factory=dict)


def write_csv(out: IO[bytes], headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table as csv: semicolons, comma decimals, UTF-8 mark."""
    text = TextIOWrapper(out, "utf-8-sig", newline="")
    writer = csv.writer(text, delimiter=";")
    writer.writerow(headers)
    writer.writerows([_csv_cell(cell) for cell in row] for row in rows)
    text.detach()


def _csv_cell(cell: Any) -> Any:
    if isinstance(cell, Decimal):
        return str(cell).replace(".", ",")
    return cell.strftime("%d/%m/%Y") if isinstance(cell, date) else cell


def write_xlsx(out: IO[bytes], *sheets: Sheet) -> None:
    """Write a workbook in constant memory: numbers and days typed, every text a plain string. A sheet's rows are asked
    for once the sheets before it are written."""
    with xlsxwriter.Workbook(out, {"constant_memory": True, "strings_to_formulas": False}) as book:
        bold = book.add_format({"bold": True})
        formats = {
            Decimal: book.add_format({"num_format": "#,##0.00"}),
            date: book.add_format({"num_format": "dd/mm/yyyy"}),
        }
        for described in sheets:
            sheet = book.add_worksheet(described.title[:31])
            rows = iter(described.rows)
            first = list(islice(rows, MEASURED_ROWS))
            sheet.freeze_panes(1, 0)
            for column, width in enumerate(described.widths or _widths(described.headers, first)):
                sheet.set_column(column, column, width)
            sheet.write_row(0, 0, described.headers, bold)
            last = 0
            for last, row in enumerate(chain(first, rows), start=1):
                for column, cell in enumerate(row):
                    _write_cell(sheet, last, column, cell, formats)
            for column, source in described.choices.items():
                # Free text stays possible: a code or a name alone is understood as well.
                sheet.data_validation(
                    1, column, max(last, 1), column, {"validate": "list", "source": source, "show_error": False}
                )


def _widths(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[int]:
    """Return column widths in characters."""
    lengths = [[len(str(cell or "")) for cell in row] for row in [headers, *rows]]
    return [min(WIDEST, max(column) + 2) for column in zip(*lengths, strict=True)]


def _write_cell(sheet: Any, row: int, column: int, cell: Any, formats: Mapping[type, Any]) -> None:
    if isinstance(cell, Decimal):
        sheet.write_number(row, column, cell, formats[Decimal])
    elif isinstance(cell, date) and cell.year < FIRST_YEAR:
        sheet.write_string(row, column, cell.strftime("%d/%m/%Y"))
    elif isinstance(cell, date):
        sheet.write_datetime(row, column, cell, formats[date])
    elif isinstance(cell, int):
        sheet.write_number(row, column, cell)
    elif cell not in (None, ""):
        text = str(cell)
        # In constant memory, xlsxwriter takes such a text for markup of its own and writes it into the file as it is.
        sheet.write_string(row, column, f"{text} " if text.startswith("<r>") and text.endswith("</r>") else text)


def csv_bytes(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Return a small table as csv."""
    out = BytesIO()
    write_csv(out, headers, rows)
    return out.getvalue()


def xlsx_bytes(*sheets: Sheet) -> bytes:
    """Return small tables as a workbook."""
    out = BytesIO()
    write_xlsx(out, *sheets)
    return out.getvalue()
