"""The columns of a spreadsheet of payables, and how the cells of a row become an entry."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from integrations.domain.classification import Target
from integrations.domain.documents import compact
from integrations.domain.names import fold
from integrations.domain.occurrences import FENCED, Recurrence
from integrations.domain.payables import MOST_NAME
from integrations.domain.suggestions import Suggestions
from integrations.domain.typed import read_amount, read_day
from integrations.models import CatalogItem
from integrations.pipeline.payables.entry import Entry, Fault, Registers, Supplier
from integrations.pipeline.payables.suppliers import NEAREST, KnownSuppliers
from integrations.sheets.cells import Cell
from integrations.sheets.tables import SheetError
from integrations.words.writes import RECURRENCE_NAMES

LANGUAGE = "pt-br"
"""Files are read and written in Portuguese, whatever language a person works in."""
COLUMNS = {
    "supplier": gettext_lazy("Supplier"),
    "document": gettext_lazy("CPF/CNPJ"),
    "value": gettext_lazy("Value"),
    "due_date": gettext_lazy("Due date"),
    "issue_date": gettext_lazy("Issue date"),
    "competence_date": gettext_lazy("Competence"),
    "category": gettext_lazy("Category"),
    "account": gettext_lazy("Account"),
    "payment_form": gettext_lazy("Payment form"),
    "document_number": gettext_lazy("Document number"),
    "history": gettext_lazy("Description"),
    "recurrence": gettext_lazy("Occurrence"),
    "installments": gettext_lazy("Installments"),
    "day": gettext_lazy("Day of the month"),
}
DAYS = ("due_date", "issue_date", "competence_date")
LONGEST_HEADER = 60
REQUIRED = ("supplier", "value", "due_date", "category")
_SERIAL = re.compile(r"3[6-9]\d{3}|[4-6]\d{4}|7[0-2]\d{3}")
"""A day of this century as a number, which is what a cell without a format of days holds."""
_FIRST_DAY = date(1899, 12, 30)
"""From which day spreadsheet programs count theirs."""


def header(column: str) -> str:
    """Return a column's name in the file."""
    with override(LANGUAGE):
        return str(COLUMNS[column])


def faults_header() -> str:
    """Return the name of the column that says what is wrong with a row, in a file of such rows."""
    with override(LANGUAGE):
        return str(_("What is wrong"))


def places(headers: Sequence[str]) -> dict[str, int]:
    """Return where each column is. Raises `SheetError` where one that is needed is missing."""
    known = {fold(header(column)): column for column in COLUMNS}
    found = {known[fold(text)]: place for place, text in enumerate(headers) if fold(text) in known}
    missing = [header(column) for column in REQUIRED if column not in found]
    if missing:
        raise SheetError("payable_columns", names=", ".join(missing))
    return found


def unread(headers: Sequence[str]) -> list[str]:
    """Return the headers of a file that are no column of the template."""
    known = {fold(header(column)) for column in COLUMNS} | {fold(faults_header())}
    return [text[:LONGEST_HEADER] for text in headers if text and fold(text) not in known]


def as_text(cell: Cell, column: str) -> str:
    """Return a cell as it is kept: a day as ISO, an amount that is a number as 1234,56, what it holds else as text."""
    if column == "value" and cell.is_fraction:
        return _as_amount(cell.text)
    if not cell.is_date and not (column in DAYS and _SERIAL.fullmatch(cell.text)):
        return cell.text
    try:
        return str(_FIRST_DAY + timedelta(days=int(float(cell.text))))
    except (ValueError, OverflowError):
        return cell.text[:10]


def as_typed(text: str, column: str) -> str:
    """Return a kept cell as people type it: days as 31/12/2026."""
    day = read_day(text) if column in DAYS else None
    return f"{day:%d/%m/%Y}" if day else text


def _as_amount(text: str) -> str:
    """Write a number with decimals as people do: the point of 1.234 is no one's thousands, so that is no amount."""
    cents = _fraction(text)
    return (str(cents) if cents is not None else text).replace(".", ",")


@dataclass(frozen=True)
class ReadRow:
    """What the cells of a row say, and what is wrong with them. With faults, `entry` holds anything for what cannot be
    read: it only serves to check the other cells."""

    entry: Entry
    faults: list[Fault]


@dataclass
class RowReader:
    """Reads the rows of a sheet; the registers and known suppliers of its connection are looked up once."""

    registers: Registers
    suppliers: KnownSuppliers
    today: date
    _names: dict[str, dict[str, list[CatalogItem]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for kind in ("categories", "accounts", "payment_forms"):
            names: dict[str, list[CatalogItem]] = {}
            for item in getattr(self.registers, kind).values():
                for name in {fold(item.name), fold(item.path)} - {""}:
                    names.setdefault(name, []).append(item)
            self._names[kind] = names
        with override(LANGUAGE):
            self._recurrences = {fold(str(_(name))): one for one, name in RECURRENCE_NAMES.items()}

    def read(self, cells: Mapping[str, str], formulas: Sequence[str]) -> ReadRow:
        """Read one row: its texts by column, and which of its columns hold a formula."""
        row = _Row(cells, [Fault(name, _("The cell holds a formula. Write the value itself.")) for name in formulas])
        value, due = row.amount("value"), row.day("due_date", None)
        issue = row.day("issue_date", self.today)
        competence = row.day("competence_date", issue)
        category = self._register(row, "category", "categories")
        account = self._register(row, "account", "accounts")
        form = self._register(row, "payment_form", "payment_forms")
        recurrence = self._recurrence(row)
        installments = row.number("installments") or 1
        if recurrence is Recurrence.ONCE and installments > 1 and not row.text("recurrence"):
            recurrence = Recurrence.INSTALLMENTS
        elif recurrence is not Recurrence.INSTALLMENTS and installments > 1:
            row.refuse("installments", _("Only “%(name)s” has a number of installments.")
                       % {"name": _(RECURRENCE_NAMES[Recurrence.INSTALLMENTS])})  # fmt: skip
        day, supplier = row.number("day") or 0, self._supplier(row)
        due, issue = due or self.today, issue or self.today
        entry = Entry(
            supplier=supplier, value=Decimal(1) if value is None else value, due_date=due, issue_date=issue,
            competence_date=competence or issue,
            document_number=row.text("document_number"), history=" ".join(row.text("history").split()),
            category_id=category, account_id=account, payment_form_id=form, recurrence=recurrence,
            installments=installments if recurrence is Recurrence.INSTALLMENTS else 1, day=day,
        )  # fmt: skip
        return ReadRow(entry, row.faults)

    def _supplier(self, row: "_Row") -> Supplier:
        name, document = " ".join(row.text("supplier").split()), compact(row.text("document"))
        if document.isdecimal() and 8 < len(document) < 14 and len(document) != 11:
            document = document.zfill(11 if len(document) < 11 else 14)  # a program took it for a number
        known = self.suppliers.find(name, document)
        if known is not None:
            # Shown by the name that Bling has: the number may be that of somebody else than who was meant. And by its
            # number there: Bling need not find a name without its accents, and what it deleted is created unasked.
            return Supplier(known.name[:MOST_NAME] or name, document, known.contact_id)
        return Supplier(name, document)

    def _register(self, row: "_Row", column: str, kind: str) -> int:
        text = row.text(column)
        if not text:
            return 0
        found = {item.bling_id: item for item in self._names[kind].get(fold(text), [])}
        if len(found) == 1:
            return next(iter(found))
        if found:
            paths = ", ".join(str(item) for item in found.values())
            row.faults.append(Fault(column, _("“%(text)s” is there more than once: %(names)s.")
                                    % {"text": text, "names": paths}))  # fmt: skip
            return 0
        items = getattr(self.registers, kind).values()
        near = Suggestions(Target(str(item.bling_id), item.name) for item in items).nearest([text], NEAREST)
        names = ", ".join(one.target.name for one in near)
        say = (
            _("Bling has no “%(text)s” here. The nearest names: %(names)s.")
            if names
            else _("Bling has no “%(text)s” here.")
        )
        row.faults.append(Fault(column, say % {"text": text, "names": names}))
        return 0

    def _recurrence(self, row: "_Row") -> Recurrence:
        text = row.text("recurrence")
        found = self._recurrences.get(fold(text)) if text else Recurrence.ONCE
        if found is None or found in FENCED:
            names = ", ".join(str(_(name)) for one, name in RECURRENCE_NAMES.items() if one not in FENCED)
            row.faults.append(Fault("recurrence", _("Write one of these: %(names)s.") % {"names": names}))
            return Recurrence.ONCE
        return found


class _Row:
    """The cells of one row, and what was found wrong with them so far."""

    def __init__(self, cells: Mapping[str, str], faults: list[Fault]) -> None:
        self._cells, self.faults = cells, faults

    def text(self, column: str) -> str:
        return self._cells.get(column, "").strip()

    def amount(self, column: str) -> Decimal | None:
        text = self.text(column)
        found = read_amount(text)
        if found is None:
            found = _fraction(text)
        if found is None:
            self._not(column, _("“%(text)s” is not an amount. Write it as 1.234,56."))
        return found

    def day(self, column: str, default: date | None) -> date | None:
        text = self.text(column)
        if not text and default is not None:
            return default
        found = read_day(text)
        if found is None:
            self._not(column, _("“%(text)s” is not a day that exists. Write a day as 31/12/2026."))
        return found

    def number(self, column: str) -> int | None:
        text = self.text(column)
        if not text:
            return None
        if not (text.isascii() and text.isdecimal() and len(text) < 4):
            self._not(column, _("“%(text)s” is not a number."))
            return None
        return int(text)

    def refuse(self, column: str, sentence: str) -> None:
        if not any(fault.field == column for fault in self.faults):
            self.faults.append(Fault(column, sentence))

    def _not(self, column: str, sentence: str) -> None:
        self.refuse(column, sentence % {"text": self.text(column)[:40]})


def _fraction(text: str) -> Decimal | None:
    """Read a number as a spreadsheet program stores it, where it is one of whole cents: 1234.5, or 0.30000000000000004,
    which is what such programs make of 0.1 + 0.2."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    cents = found.quantize(Decimal("0.01")) if found.is_finite() and found.adjusted() < 12 else None
    return cents if cents is not None and abs(cents - found) < Decimal("0.000001") else None
