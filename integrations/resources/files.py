"""Columns and file formats of every download: text is safe from formulas, numbers and days stay what they are."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, cast

import tablib
from django.utils.translation import gettext as _
from django.utils.translation import override
from import_export import fields, resources
from import_export.formats.base_formats import CSV, XLSX

from integrations.domain.money import ZERO
from integrations.sheets.cells import safe_text
from integrations.sheets.writing import Sheet, to_csv, to_xlsx

MEASURED_ROWS = 200
WIDEST = 60


class TextField(fields.Field):  # type: ignore[misc]
    """A column of text, safe from formulas."""

    def export(self, instance: Any, **_kwargs: Any) -> str:
        return safe_text(self.get_value(instance))


class NativeField(fields.Field):  # type: ignore[misc]
    """A column of numbers or days that stay what they are."""

    def export(self, instance: Any, **_kwargs: Any) -> Any:
        return self.get_value(instance)


class PortugueseResource(resources.ModelResource):  # type: ignore[misc]
    """A table in Portuguese, whatever language the process runs in: the file is read by finance. `Meta.name` is what
    its sheet is called. A workbook ends with a summary by the column `summed_by`, with the totals of `sums`."""

    summed_by = ""
    sums: Sequence[str] = ()

    def get_export_headers(self, *args: Any, **kwargs: Any) -> list[str]:
        return [str(header) for header in super().get_export_headers(*args, **kwargs)]

    def export(self, queryset: Any = None, **kwargs: Any) -> Any:
        with override("pt-br"):
            dataset = super().export(queryset, **kwargs)
            dataset.title = str(self._meta.name)
            dataset.summary = self._summary(dataset) if self.summed_by else None
        return dataset

    def _summary(self, dataset: tablib.Dataset) -> Sheet:
        """Return how many rows of each kind there are, what they sum up to, and the totals."""
        headers = [str(self.fields[name].column_name) for name in (self.summed_by, *self.sums)]
        columns = [(dataset.headers or []).index(header) for header in headers]
        groups: dict[str, list[Any]] = {}
        for row in rows_of(dataset):
            key, *amounts = (row[column] for column in columns)
            group = groups.setdefault(str(key), [0] + [ZERO] * len(amounts))
            group[0] += 1
            group[1:] = [total + (amount or ZERO) for total, amount in zip(group[1:], amounts, strict=True)]
        found = [[key, *numbers] for key, numbers in sorted(groups.items())]
        total = [_("Total"), *(sum(column) for column in zip(*groups.values(), strict=True))]
        return Sheet(_("Summary"), [headers[0], _("Count"), *headers[1:]], [*found, total], [40, 12, 18, 18])


def rows_of(dataset: tablib.Dataset) -> Iterable[Sequence[Any]]:
    return cast(Iterable[Sequence[Any]], dataset)


def dataset_csv(dataset: tablib.Dataset) -> str:
    """Write a table as csv."""
    return to_csv(dataset.headers or [], rows_of(dataset))


def dataset_xlsx(dataset: tablib.Dataset) -> bytes:
    """Write a table as a workbook: its sheet, named as the table is, and its summary where it has one."""
    headers = dataset.headers or []
    table = Sheet(dataset.title or "1", headers, rows_of(dataset), _widths(headers, rows_of(dataset)))
    summary: Sheet | None = getattr(dataset, "summary", None)
    return to_xlsx(table, *([summary] if summary and len(dataset) else []))


def _widths(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[int]:
    """Return column widths in characters, by the header and the first rows."""
    lengths = [[len(str(cell or "")) for cell in row] for row in [headers, *islice(rows, MEASURED_ROWS)]]
    return [min(WIDEST, max(column) + 2) for column in zip(*lengths, strict=True)]


class NativeXlsx(XLSX):  # type: ignore[misc]
    def get_title(self) -> Any:
        return "xlsx"

    def export_data(self, dataset: tablib.Dataset, **_kwargs: Any) -> bytes:
        return dataset_xlsx(dataset)


class BrazilianCsv(CSV):  # type: ignore[misc]
    def get_title(self) -> Any:
        return "csv"

    def export_data(self, dataset: tablib.Dataset, **_kwargs: Any) -> str:
        return dataset_csv(dataset)
