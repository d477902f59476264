"""The template for payables, and the rows that could not be sent, as spreadsheets."""

from collections.abc import Sequence
from itertools import zip_longest

from django.utils.translation import gettext as _
from django.utils.translation import override

from integrations.domain.occurrences import FENCED
from integrations.models import BlingConnection
from integrations.pipeline.payables.columns import COLUMNS, LANGUAGE, as_typed, faults_header, header
from integrations.pipeline.payables.entry import registers_of
from integrations.pipeline.payables.sheet import SHEET_TITLE, ShownRow
from integrations.sheets.cells import safe_text
from integrations.sheets.writing import Sheet, xlsx_bytes
from integrations.words.writes import RECURRENCE_NAMES

NAMES_TITLE = "Bling"
CHOSEN = ("category", "account", "payment_form", "recurrence")
_WIDTHS = {"supplier": 40, "category": 32, "account": 24, "payment_form": 24, "history": 40}


def template(connection: BlingConnection, hidden: frozenset[int]) -> bytes:
    """Return a workbook with the columns, and drop-downs with the connection's registers; `hidden` are categories that
    the person may not see."""
    lists = [[safe_text(name) for name in names] for names in names_to_choose(connection, hidden).values()]
    with override(LANGUAGE):
        columns = list(COLUMNS)
        ranges = {
            columns.index(name): f"='{NAMES_TITLE}'!${chr(65 + place)}$2:${chr(65 + place)}${len(names) + 1}"
            for place, (name, names) in enumerate(zip(CHOSEN, lists, strict=True))
            if names
        }
        rows = [["", *[""] * (len(columns) - 1)] for _row in range(200)]
        names = zip_longest(*lists, fillvalue="")
        return xlsx_bytes(
            Sheet(SHEET_TITLE, [header(name) for name in columns], rows, [_WIDTHS.get(name, 16) for name in columns],
                  ranges),
            Sheet(NAMES_TITLE, [header(name) for name in CHOSEN], names),
        )  # fmt: skip


def names_to_choose(connection: BlingConnection, hidden: frozenset[int]) -> dict[str, list[str]]:
    """Return what can be written into each column of `CHOSEN`, in Portuguese, as the file is; `hidden` are categories
    that the person may not see."""
    registers = registers_of(connection, hidden)
    with override(LANGUAGE):
        kinds = [str(_(name)) for one, name in RECURRENCE_NAMES.items() if one not in FENCED]
    items = (registers.categories, registers.accounts, registers.payment_forms)
    lists = [[str(item) for item in each.values()] for each in items]
    return dict(zip(CHOSEN, [*lists, kinds], strict=True))


def bad_rows(rows: Sequence[ShownRow]) -> bytes:
    """Return rows as they were sent, with what is wrong with each in a column more."""
    with override(LANGUAGE):
        typed = [[as_typed(row.cells.get(name, ""), name) for name in COLUMNS] for row in rows]
        lines = [
            [safe_text(text) for text in (*cells, " ".join(said_of(row)))]
            for cells, row in zip(typed, rows, strict=True)
        ]
        headers = [*(header(name) for name in COLUMNS), faults_header()]
        return xlsx_bytes(Sheet(SHEET_TITLE, headers, lines))


def said_of(row: ShownRow) -> list[str]:
    """Return what is wrong with a row, each with the name of its column."""
    return [f"{COLUMNS[fault.field]}: {fault.text}" if fault.field in COLUMNS else fault.text for fault in row.faults]
