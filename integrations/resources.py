"""Spreadsheets: which columns, how cells are kept from being formulas, and files that Brazilian programs open."""

import csv
import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any, cast

import tablib
import xlsxwriter
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from import_export import fields, resources
from import_export.formats.base_formats import CSV, XLSX

from integrations.domain.desired import KaminoStatus
from integrations.models import Discrepancy

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_ISO_DAY = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_AMOUNT = re.compile(r"(?<![\w.,])-?\d+\.\d{2}(?![\w.,])")
COLUMN_WIDTHS = [22, 11, 15, 12, 16, 36, 12, 14, 26, 24, 24, 60, 17]


def readable(text: str) -> str:
    """Rewrite the ISO days and plain amounts in a text that a machine made: 21/11/2026, R$ 1.234,56."""
    try:
        text = _ISO_DAY.sub(
            lambda found: date_format(date(*(int(part) for part in found.groups())), "SHORT_DATE_FORMAT"), text
        )
    except ValueError:  # no such day: shown as it came
        return text
    return _AMOUNT.sub(lambda found: f"R$\u00a0{number_format(Decimal(found[0]), 2, force_grouping=True)}", text)


def side_text(text: str) -> str:
    """Write one side of a discrepancy for people; Kamino's statuses are translated."""
    words = {
        KaminoStatus.PENDING.value: _("Pending"),
        KaminoStatus.SETTLED.value: _("Paid"),
        KaminoStatus.CANCELLED.value: _("Cancelled"),
    }
    return words.get(text) or readable(text)


def safe_text(value: object) -> str:
    """Return text that no spreadsheet program runs as a formula, without characters that xlsx cannot hold."""
    text = "" if value is None else _CONTROL.sub("", str(value))
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


class TextField(fields.Field):  # type: ignore[misc]
    """A column of text, safe from formulas."""

    def export(self, instance: Any, **_kwargs: Any) -> str:
        return safe_text(self.get_value(instance))


class NativeField(fields.Field):  # type: ignore[misc]
    """A column of numbers or days that stay what they are."""

    def export(self, instance: Any, **_kwargs: Any) -> Any:
        return self.get_value(instance)


class DiscrepancyResource(resources.ModelResource):  # type: ignore[misc]
    """One row per discrepancy. Money is numeric and days are days; both sides' values are text."""

    company = TextField("posting__company__tenant__name", column_name=gettext_lazy("Company"))
    direction = TextField(column_name=gettext_lazy("Direction"))
    bling_id = NativeField("posting__title__bling_id", column_name=gettext_lazy("Id in Bling"))
    kamino_id = NativeField("posting__kamino_id", column_name=gettext_lazy("Id in Kamino"))
    document = TextField("posting__title__document_number", column_name=gettext_lazy("Document"))
    person = TextField("posting__title__person__name", column_name=gettext_lazy("Person"))
    due_date = NativeField("posting__title__due_date", column_name=gettext_lazy("Due date"))
    value = NativeField("posting__title__value", column_name=gettext_lazy("Value"))
    kind = TextField(column_name=gettext_lazy("Discrepancy"))
    in_bling = TextField(column_name=gettext_lazy("In Bling"))
    in_kamino = TextField(column_name=gettext_lazy("In Kamino"))
    cause = TextField("cause", column_name=gettext_lazy("Cause"))
    since = NativeField(column_name=gettext_lazy("Since"))

    class Meta:
        model = Discrepancy
        fields = (
            "company", "direction", "bling_id", "kamino_id", "document", "person", "due_date", "value", "kind",
            "in_bling", "in_kamino", "cause", "since",
        )  # fmt: skip
        name = gettext_lazy("Discrepancies")

    def dehydrate_direction(self, row: Discrepancy) -> str:
        return safe_text(row.posting.get_direction_display())

    def dehydrate_kind(self, row: Discrepancy) -> str:
        return safe_text(row.get_kind_display())

    def dehydrate_in_bling(self, row: Discrepancy) -> str:
        return safe_text(side_text(row.bling_value))

    def dehydrate_in_kamino(self, row: Discrepancy) -> str:
        return safe_text(side_text(row.kamino_value))

    def dehydrate_since(self, row: Discrepancy) -> date:
        return timezone.localtime(row.opened_at).date()

    def get_export_headers(self, *args: Any, **kwargs: Any) -> list[str]:
        return [str(header) for header in super().get_export_headers(*args, **kwargs)]

    def export(self, queryset: QuerySet[Any] | None = None, **kwargs: Any) -> Any:
        """Return the rows in Portuguese, whatever language the process runs in: the file is read by finance."""
        rows = queryset if queryset is not None else Discrepancy.objects.filter(closed_at=None)
        with override("pt-br"):
            return super().export(rows.select_related("posting__title__person", "posting__company__tenant"), **kwargs)


def discrepancy_dataset(queryset: QuerySet[Discrepancy]) -> tablib.Dataset:
    """Return discrepancies as a table with Portuguese headers, amounts as `Decimal` and days as `date`."""
    return cast(tablib.Dataset, DiscrepancyResource().export(queryset))


def to_csv(dataset: tablib.Dataset) -> str:
    """Write a table as the CSV that Brazilian spreadsheet programs open: semicolons, comma decimals, UTF-8 mark."""
    buffer = StringIO()
    buffer.write("\ufeff")
    writer = csv.writer(buffer, delimiter=";")
    writer.writerow(dataset.headers or [])
    writer.writerows([_csv_cell(cell) for cell in row] for row in cast(Iterable[tuple[Any, ...]], dataset))
    return buffer.getvalue()


def _csv_cell(cell: Any) -> Any:
    if isinstance(cell, Decimal):
        return str(cell).replace(".", ",")
    return cell.strftime("%d/%m/%Y") if isinstance(cell, date) else cell


def to_xlsx(dataset: tablib.Dataset) -> bytes:
    """Write a table as xlsx in constant memory: numbers and days typed, every text a plain string."""
    buffer = BytesIO()
    with xlsxwriter.Workbook(buffer, {"constant_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet(str(_("Discrepancies"))[:31])
        bold = book.add_format({"bold": True})
        amount, day = book.add_format({"num_format": "#,##0.00"}), book.add_format({"num_format": "dd/mm/yyyy"})
        sheet.freeze_panes(1, 0)
        for column, width in enumerate(COLUMN_WIDTHS[: dataset.width]):
            sheet.set_column(column, column, width)
        sheet.write_row(0, 0, dataset.headers or [], bold)
        for number, row in enumerate(cast(Iterable[tuple[Any, ...]], dataset), start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, Decimal):
                    sheet.write_number(number, column, cell, amount)
                elif isinstance(cell, date):
                    sheet.write_datetime(number, column, cell, day)
                elif isinstance(cell, int):
                    sheet.write_number(number, column, cell)
                elif cell not in (None, ""):
                    sheet.write_string(number, column, str(cell))
    return buffer.getvalue()


class NativeXlsx(XLSX):  # type: ignore[misc]
    def get_title(self) -> Any:
        return "xlsx"

    def export_data(self, dataset: tablib.Dataset, **_kwargs: Any) -> bytes:
        return to_xlsx(dataset)


class BrazilianCsv(CSV):  # type: ignore[misc]
    def get_title(self) -> Any:
        return "csv"

    def export_data(self, dataset: tablib.Dataset, **_kwargs: Any) -> str:
        return to_csv(dataset)
