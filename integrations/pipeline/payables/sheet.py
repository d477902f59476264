"""A spreadsheet of payables: kept as it was sent, read whenever it is shown, and accepted by who sent it."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from integrations.domain.bodies import fingerprint_of
from integrations.domain.calendar import day_of
from integrations.domain.money import ZERO
from integrations.domain.occurrences import Parcel, number_of
from integrations.models import BlingConnection, PayableSheet, WriteBatch
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.payables.accept import Accepted, accept, lock, writing_of
from integrations.pipeline.payables.columns import ReadRow, RowReader, as_text, header, places, unread
from integrations.pipeline.payables.duplicates import Duplicate, Duplicates, is_near, is_to_be_asked, may_be_same_number
from integrations.pipeline.payables.entry import (
    Entry,
    Fault,
    Registers,
    Supplier,
    faults_of,
    is_same_supplier,
    registers_of,
)
from integrations.pipeline.payables.suppliers import key_of, known_suppliers
from integrations.sheets.apart import read_apart
from integrations.sheets.reading import MAX_BYTES
from integrations.sheets.tables import SheetError
from integrations.words.spreadsheets import spreadsheet_text

MOST_ROWS = 2_000
READ_IN_S = 10
"""Seconds of processor time that reading a file may take."""
SHEET_TITLE = "Contas a pagar"
State = PayableSheet.State


@dataclass(frozen=True)
class ShownRow:
    """One row: what it becomes, or what is wrong with it, what may be the same already, and whether its supplier is
    nobody who is known: one of that name may be created in Bling."""

    number: int
    cells: dict[str, str]
    entry: Entry | None
    faults: Sequence[Fault]
    duplicates: Sequence[Duplicate]
    has_new_supplier: bool = False

    @property
    def is_good(self) -> bool:
        return self.entry is not None and not self.faults


@dataclass(frozen=True)
class Shown:
    """A sheet as it would be accepted now."""

    rows: Sequence[ShownRow]

    @property
    def good(self) -> list[ShownRow]:
        return [row for row in self.rows if row.is_good and not row.duplicates]

    @property
    def doubtful(self) -> list[ShownRow]:
        return [row for row in self.rows if row.is_good and row.duplicates]

    @property
    def bad(self) -> list[ShownRow]:
        return [row for row in self.rows if not row.is_good]

    @property
    def new_suppliers(self) -> list[Supplier]:
        """Those who may be created in Bling, each once."""
        rows = [row.entry.supplier for row in self.rows if row.is_good and row.entry and row.has_new_supplier]
        return list({key_of(supplier): supplier for supplier in reversed(rows)}.values())[::-1]

    @property
    def total(self) -> Decimal:
        return _total(self.good)

    @property
    def signature(self) -> str:
        """A name for what a person was shown: it differs as soon as anything of it does."""
        said = [
            [row.number, asdict(row.entry) if row.entry else None, len(row.faults),
             [duplicate.to_json() for duplicate in row.duplicates], row.has_new_supplier]
            for row in self.rows
        ]  # fmt: skip
        return fingerprint_of(said)


def _total(rows: Sequence[ShownRow]) -> Decimal:
    return sum((parcel.value for row in rows if row.entry for parcel in row.entry.parcels()), ZERO)


def take_sheet(*, connection: BlingConnection, name: str, content: bytes, user: User, now: datetime) -> PayableSheet:
    """Keep a file for its preview. Raises `Refused` where the account is not written to, or the file cannot be read."""
    writing_of(connection)
    if len(content) > MAX_BYTES:
        raise Refused("size", spreadsheet_text("too_large", {"limit": MAX_BYTES // 1024 // 1024}))
    try:
        table = read_apart(content, seconds=READ_IN_S, sheet_title=SHEET_TITLE, sign=header("issue_date"))
        where = places(table.headers)
        shown = [row for row in table.rows if not row.is_hidden]  # whoever filters a file means what is left
        if len(shown) > MOST_ROWS:
            raise SheetError("too_many_rows", limit=MOST_ROWS)
        if not shown:
            raise SheetError("all_hidden")
    except SheetError as error:
        raise Refused("sheet", spreadsheet_text(error.code, error.params)) from error
    rows = []
    for row in shown:
        cells = {column: row.cell(place) for column, place in where.items()}
        texts = {column: as_text(cell, column) for column, cell in cells.items() if cell.text and not cell.is_formula}
        rows.append([row.number, texts, [column for column, cell in cells.items() if cell.is_formula]])
    return PayableSheet.objects.create(
        connection=connection, file_name=name[:255], rows=rows, hidden_rows=len(table.rows) - len(shown),
        unread_columns=unread(table.headers), user=user, created_at=now,
    )  # fmt: skip


def read_sheet(sheet: PayableSheet, *, hidden: frozenset[int], now: datetime) -> Shown:
    """Return what would become of a sheet now; `hidden` are categories that its reader may not see."""
    connection = sheet.connection
    registers = registers_of(connection, hidden)
    reader = RowReader(registers, known_suppliers(connection), day_of(now))
    read = [(number, cells, reader.read(cells, formulas)) for number, cells, formulas in sheet.rows]
    checked = [(number, cells, row.entry, _faults(row, connection, registers)) for number, cells, row in read]
    known = Duplicates(connection, [entry for _number, _cells, entry, faults in checked if not faults])
    rows: list[ShownRow] = []
    by_value: dict[Decimal, list[_Line]] = {}
    for number, cells, entry, faults in checked:
        if faults:
            rows.append(ShownRow(number, cells, None, faults, ()))
            continue
        found = [one for parcel in entry.parcels() for one in known.of(entry, parcel)]
        lines = [_Line(number, entry, parcel) for parcel in entry.parcels()]
        others = [other for line in lines for other in by_value.get(line.parcel.value, []) if _may_be(line, other)]
        found += [Duplicate(other.parcel.value, other.parcel.due_date, row=other.number) for other in others]
        for line in lines:
            by_value.setdefault(line.parcel.value, []).append(line)
        rows.append(ShownRow(number, cells, entry, faults, found, entry.supplier.contact_id is None))
    return Shown(rows)


def _faults(row: ReadRow, connection: BlingConnection, registers: Registers) -> list[Fault]:
    """Return all that is wrong with a row, so that nobody corrects a cell to be told of the next."""
    told = {fault.field for fault in row.faults}
    return [*row.faults, *(each for each in faults_of(row.entry, connection, registers) if each.field not in told)]


@dataclass(frozen=True)
class _Line:
    """One title of a row."""

    number: int
    entry: Entry
    parcel: Parcel

    @property
    def document_number(self) -> str:
        return number_of(self.entry.document_number, self.parcel.position, self.entry.installments)


def _may_be(line: _Line, other: _Line) -> bool:
    """Say whether titles of two rows of a sheet may be one payable."""
    supplier = other.entry.supplier
    is_same = is_same_supplier(
        line.entry.supplier, contact_id=supplier.contact_id, document=supplier.document, name=supplier.name
    )
    has_number = may_be_same_number(line.document_number, other.document_number)
    return is_same and has_number and is_near(line.parcel.due_date, other.parcel.due_date)


def accept_sheet(
    *, sheet: PayableSheet, signature: str, with_doubtful: bool, with_new: bool, hidden: frozenset[int], user: User,
    clock: Callable[[], datetime],
) -> WriteBatch:  # fmt: skip
    """Accept the good rows of a sheet; those with possible duplicates only where its person says that these are others,
    and those of suppliers whom nobody knows only where these may be created; the rest becomes a sheet of its own.

    Raises `Refused` where what Bling has was read too long ago, where that was done already, what was shown is
    different now, or nothing is left.
    """
    now = clock()
    with transaction.atomic():
        lock(sheet.connection)
        if is_to_be_asked(sheet.connection, now):
            raise Refused("old", _("What Bling has was last read more than an hour ago. Sync this company, look again, "
                                   "then confirm."))  # fmt: skip
        mine = PayableSheet.objects.select_for_update().filter(pk=sheet.pk, state=State.PROPOSED).first()
        if mine is None:
            raise Refused("decided", _("This was decided meanwhile, or is no longer open."))
        shown = read_sheet(mine, hidden=hidden, now=now)
        if shown.signature != signature:
            raise Refused("changed", _("Something is different from what was shown. Look again, then confirm."))
        rows = [*shown.good, *(shown.doubtful if with_doubtful else [])]
        rows = [row for row in rows if with_new or not row.has_new_supplier]
        if not rows:
            raise Refused("nothing", _nothing_text(shown))
        accepted = [Accepted(row.entry, row.duplicates) for row in rows if row.entry]
        batch = accept(
            connection=mine.connection, accepted=accepted, source=WriteBatch.Source.SHEET, user=user, now=now,
            file_name=mine.file_name,
        )  # fmt: skip
        _part(mine, {row.number for row in rows}, batch, now)
    return batch


def _nothing_text(shown: Shown) -> str:
    if shown.good or shown.doubtful:
        return _("Nothing was ticked that may be sent: say whether new suppliers may be created, and what are no "
                 "duplicates.")  # fmt: skip
    return _("No row of the spreadsheet can be sent.")


def _part(sheet: PayableSheet, sent: set[int], batch: WriteBatch, now: datetime) -> None:
    """End a sheet with the rows that were accepted; the others wait in one of their own, to be corrected."""
    done = [row for row in sheet.rows if row[0] in sent]
    left = [row for row in sheet.rows if row[0] not in sent]
    PayableSheet.objects.filter(pk=sheet.pk).update(state=State.DONE, batch=batch, rows=done)
    if left:
        PayableSheet.objects.create(
            connection_id=sheet.connection_id, file_name=sheet.file_name, rows=left, user_id=sheet.user_id,
            hidden_rows=sheet.hidden_rows, unread_columns=sheet.unread_columns, created_at=now,
        )  # fmt: skip


def discard_sheet(*, sheet: PayableSheet, user: User, now: datetime) -> None:
    """Discard a sheet: nothing of it is sent. Raises `Refused` where it was decided meanwhile."""
    rows = PayableSheet.objects.filter(pk=sheet.pk, state=State.PROPOSED)
    if not rows.update(state=State.DISCARDED, rows=[]):
        raise Refused("decided", _("This was decided meanwhile, or is no longer open."))
