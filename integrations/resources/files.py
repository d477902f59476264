"""Columns and file formats of every download: text is safe from formulas, numbers and days stay what they are."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, reduce
from itertools import groupby
from typing import IO, Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import override
from import_export import fields, resources
from import_export.formats.base_formats import CSV, XLSX

from integrations.sheets.cells import safe_text
from integrations.sheets.writing import Sheet, write_csv, write_xlsx

LANGUAGE = "pt-br"


class TextField(fields.Field):  # type: ignore[misc]
    """A column of text, safe from formulas."""

    def export(self, instance: Any, **_kwargs: Any) -> str:
        return safe_text(self.get_value(instance))


class ChoiceField(TextField):
    """A column of words for one of some values. (`get_FOO_display` costs as much as all other cells of a row.)"""

    def __init__(self, attribute: str, choices: Iterable[tuple[str, Any]], **options: Any) -> None:
        super().__init__(attribute, **options)
        self._words = dict(choices)

    def get_value(self, instance: Any) -> str:
        return str(self._words.get(super().get_value(instance), ""))


class NativeField(fields.Field):  # type: ignore[misc]
    """A column of numbers or days that stay what they are."""

    def export(self, instance: Any, **_kwargs: Any) -> Any:
        return self.get_value(instance)


class PortugueseResource(resources.ModelResource):  # type: ignore[misc]
    """A table in Portuguese, whatever language the process runs in: the file is read by finance. `Meta.name` is what
    its sheet is called. A workbook ends with a summary by the columns `summed_by`, with the sums of `sums`; those of
    `added_up` have a total for each value of the first of these columns: others would count a row's title twice.

    `permission` is what exporting it takes, and `tenant_path` leads from a row to its company; `value_path` to the
    amount that rows can be summed up by, "" where a sum means nothing.
    """

    summed_by: Sequence[str] = ()
    sums: Sequence[str] = ()
    added_up: Sequence[str] = ()
    permission = ""
    tenant_path = ""
    value_path = ""

    def prepared(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows with all that the columns need."""
        return queryset

    def every_row(self) -> QuerySet[Any]:
        """Return all rows that there are, of every company."""
        rows: QuerySet[Any] = self._meta.model._default_manager.all()
        return self.prepared(rows)

    def headers(self) -> list[str]:
        with override(LANGUAGE):
            return [str(header) for header in self.get_export_headers()]

    def cells(self, rows: Iterable[Any]) -> list[list[Any]]:
        """Return the cells of each row."""
        with override(LANGUAGE):
            return [self.export_resource(row) for row in rows]

    def get_export_fields(self, selected_fields: Any = None) -> list[Any]:
        return self._columns

    def get_field_name(self, field: Any) -> str:
        return self._names[id(field)]

    @cached_property
    def _columns(self) -> list[Any]:
        """Kept, because the library looks these up for each row, and the next for each cell: a quarter of an export."""
        return list(super().get_export_fields())

    @cached_property
    def _names(self) -> dict[int, str]:
        return {id(field): name for name, field in self.fields.items()}


class Summary:
    """How many rows of each kind there are and what they sum up to, counted while they are written."""

    def __init__(self, resource: PortugueseResource) -> None:
        headers = resource.headers()
        names = [*resource.summed_by, *resource.sums]
        self._keys = len(resource.summed_by)
        self._is_added_up = [True, *(name in resource.added_up for name in resource.sums)]
        with override(LANGUAGE):
            self._headers = [str(resource.fields[name].column_name) for name in names]
        self._columns = [headers.index(header) for header in self._headers]
        self._groups: dict[tuple[str, ...], list[Any]] = {}

    def counted(self, rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
        """Pass rows on, and count them."""
        for row in rows:
            if self._columns:
                cells = [row[column] for column in self._columns]
                key, amounts = tuple(map(str, cells[: self._keys])), cells[self._keys :]
                group = self._groups.setdefault(key, [0, *[None] * len(amounts)])
                group[:] = map(_added, group, [1, *amounts])
            yield row

    def sheets(self) -> list[Sheet]:
        """Return the sheet of what is counted by the time its rows are asked for; none without columns."""
        if not self._columns:
            return []
        with override(LANGUAGE):
            title = _("Summary")
            headers = [*self._headers[: self._keys], _("Count"), *self._headers[self._keys :]]
        return [Sheet(title, headers, self._rows(), [18, 40, 12, 18, 18, 18])]

    def _rows(self) -> Iterator[list[Any]]:
        with override(LANGUAGE):
            total = _("Total")
        groups = sorted(self._groups.items())
        for first, rows in groupby(groups, key=lambda group: group[0][0]):
            numbers = []
            for key, sums in rows:
                yield [*key, *sums]
                numbers.append(sums)
            columns = zip(self._is_added_up, zip(*numbers, strict=True), strict=True)
            blank = [""] * (self._keys - 2)
            yield [
                first,
                total,
                *blank,
                *(reduce(_added, column) if is_added else None for is_added, column in columns),
            ]


def _added(total: Any, amount: Any) -> Any:
    """Add an amount that may be unknown to a sum, which is unknown (`None`) where all of it is."""
    return total if amount is None else amount if total is None else total + amount


def write_file(out: IO[bytes], resource: PortugueseResource, file_format: str, rows: Iterable[Sequence[Any]]) -> None:
    """Write a table's cells as "csv" or "xlsx" (with its summary) while they come."""
    headers = resource.headers()
    if file_format == "csv":
        write_csv(out, headers, rows)
        return
    summary = Summary(resource)
    with override(LANGUAGE):
        title = str(resource._meta.name)
    write_xlsx(out, Sheet(title, headers, summary.counted(rows)), *summary.sheets())


class NativeXlsx(XLSX):  # type: ignore[misc]
    """The choice "xlsx" on the export page; `write_file` writes it."""

    def get_title(self) -> Any:
        return "xlsx"


class BrazilianCsv(CSV):  # type: ignore[misc]
    """The choice "csv" on the export page; `write_file` writes it."""

    def get_title(self) -> Any:
        return "csv"
