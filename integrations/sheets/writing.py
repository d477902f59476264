"""Write tables as files that Brazilian spreadsheet programs open. Callers make texts safe (`cells.safe_text`)."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

import xlsxwriter


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook. `choices` are drop-down lists by column number: the range that holds the values."""

    title: str
    headers: Sequence[str]
    rows: Iterable[Sequence[Any]]
    widths: Sequence[int] = ()
    choices: Mapping[int, str] = field(default_factory=dict)


def to_csv(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Write a table as csv: semicolons, comma decimals, UTF-8 mark."""
    buffer = StringIO()
    buffer.write("\ufeff")
    writer = csv.writer(buffer, delimiter=";")
    writer.writerow(headers)
    writer.writerows([_csv_cell(cell) for cell in row] for row in rows)
    return buffer.getvalue()


def _csv_cell(cell: Any) -> Any:
    if isinstance(cell, Decimal):
        return str(cell).replace(".", ",")
    return cell.strftime("%d/%m/%Y") if isinstance(cell, date) else cell


def to_xlsx(*sheets: Sheet) -> bytes:
    """Write a workbook in constant memory: numbers and days typed, every text a plain string."""
    buffer = BytesIO()
    with xlsxwriter.Workbook(buffer, {"constant_memory": True, "strings_to_formulas": False}) as book:
        bold = book.add_format({"bold": True})
        formats = {
            Decimal: book.add_format({"num_format": "#,##0.00"}),
            date: book.add_format({"num_format": "dd/mm/yyyy"}),
        }
        for described in sheets:
            sheet = book.add_worksheet(described.title[:31])
            sheet.freeze_panes(1, 0)
            for column, width in enumerate(described.widths):
                sheet.set_column(column, column, width)
            sheet.write_row(0, 0, described.headers, bold)
            last = 0
            for last, row in enumerate(described.rows, start=1):
                for column, cell in enumerate(row):
                    _write_cell(sheet, last, column, cell, formats)
            for column, source in described.choices.items():
                # Free text stays possible: a code or a name alone is understood as well.
                sheet.data_validation(
                    1, column, max(last, 1), column, {"validate": "list", "source": source, "show_error": False}
                )
    return buffer.getvalue()


def _write_cell(sheet: Any, row: int, column: int, cell: Any, formats: Mapping[type, Any]) -> None:
    if isinstance(cell, Decimal):
        sheet.write_number(row, column, cell, formats[Decimal])
    elif isinstance(cell, date):
        sheet.write_datetime(row, column, cell, formats[date])
    elif isinstance(cell, int):
        sheet.write_number(row, column, cell)
    elif cell not in (None, ""):
        sheet.write_string(row, column, str(cell))
