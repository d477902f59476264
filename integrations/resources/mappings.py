"""The De/Para as a spreadsheet: filled with every Bling register seen, edited by finance, and imported again."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, cast

import tablib
from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import override
from import_export import resources
from import_export.fields import Field

from integrations.models import MappingChange
from integrations.models.confidential import Sight
from integrations.models.mapping_changes import fault_text
from integrations.models.mappings import TARGET_KINDS, MappingKind
from integrations.models.registers import KaminoKind
from integrations.pipeline.mapping.changes import shown_rows
from integrations.pipeline.mapping.edits import CellError
from integrations.pipeline.mapping.rows import DeskRow, desk_rows
from integrations.pipeline.mapping.sheet import LANGUAGE, SHEET_TITLE, header
from integrations.pipeline.mapping.targets import KaminoTargets, label, labels
from integrations.sheets.cells import safe_text
from integrations.sheets.writing import Sheet, csv_bytes, xlsx_bytes
from integrations.words.spreadsheets import COLUMNS

NAMES_TITLE = "Kamino"
_NAMES = {"bling_name", "suggestion", *TARGET_KINDS}
"""Columns that hold names, wide from the beginning: people write into empty ones."""


class MappingResource(resources.Resource):  # type: ignore[misc]
    """One row per Bling register: what it stands for, what hangs on it, and the best suggestion."""

    def __init__(self, targets: KaminoTargets) -> None:
        super().__init__()
        natures = {
            "income": _("income"),
            "expense": _("expense"),
            "both": _("income and expense"),
            "transfer": _("transfer"),
        }
        texts: dict[str, Callable[[DeskRow], object]] = {
            "company": lambda row: row.connection.tenant.name,
            "connection": lambda row: row.connection.label,
            "kind": lambda row: MappingKind(row.kind).label,
            "bling_name": lambda row: row.name,
            "nature": lambda row: natures.get(row.source.nature, "") if row.source else "",
            "state": state_text,
            "suggestion": lambda row: label(row.suggestion) if row.suggestion else "",
            **{name: partial(_target_text, targets, name) for name in TARGET_KINDS},
        }
        numbers: dict[str, Callable[[DeskRow], object]] = {
            "bling_id": lambda row: row.bling_id,
            "titles": lambda row: row.titles,
            "total": lambda row: row.total,
            "score": lambda row: row.score or None,
        }
        safe = {column: partial(_safe, text) for column, text in texts.items()}
        self.fields = {
            column: Field(column_name=header(column), dehydrate_method={**safe, **numbers}[column])
            for column in COLUMNS
        }


def _safe(text: Callable[[DeskRow], object], row: DeskRow) -> str:
    return safe_text(text(row))


def _target_text(targets: KaminoTargets, name: str, row: DeskRow) -> str:
    return labels(targets, row.values()).get(name, "")


def state_text(row: DeskRow) -> str:
    """Say where a row stands."""
    if row.mapping is not None and row.mapping.pending:
        names = ", ".join(str(name) for name in row.mapping.pending.values())
        return _("Not found in Kamino: %(names)s") % {"names": names}
    if row.by_name is not None:
        return _("By identical name: %(name)s") % {"name": label(row.by_name)}
    words = {
        "mapped": _("Mapped"),
        "optional": _("Not needed"),
        "open": _("To be mapped"),
        "unused": _("No title uses it"),
    }
    return words[row.state]


def _tables(tenant_id: int, sight: Sight) -> tuple[tablib.Dataset, KaminoTargets]:
    targets = KaminoTargets.of_tenant(tenant_id)
    rows = desk_rows(tenant_id, targets, sight)
    return cast(tablib.Dataset, MappingResource(targets).export(rows)), targets


def _rows(dataset: tablib.Dataset) -> Iterable[Sequence[Any]]:
    return cast(Iterable[Sequence[Any]], dataset)


def mapping_csv(tenant_id: int, sight: Sight) -> bytes:
    """Return what a reader sees of a company's De/Para as csv."""
    with override(LANGUAGE):
        dataset, _targets = _tables(tenant_id, sight)
        return csv_bytes(dataset.headers or [], _rows(dataset))


def mapping_xlsx(tenant_id: int, sight: Sight) -> bytes:
    """Return what a reader sees of a company's De/Para as a workbook; a second sheet holds Kamino's names, offered as
    lists in the cells."""
    with override(LANGUAGE):
        dataset, targets = _tables(tenant_id, sight)
        columns = {
            name: [safe_text(label(item)) for item in targets.usable(kind)] for name, kind in TARGET_KINDS.items()
        }
        choices = {
            list(COLUMNS).index(name): f"='{NAMES_TITLE}'!${chr(65 + place)}$2:${chr(65 + place)}${len(texts) + 1}"
            for place, (name, texts) in enumerate(columns.items())
            if texts
        }
        height = max(len(texts) for texts in columns.values())
        widths = [38 if column in _NAMES else 16 for column in COLUMNS]
        names = [[texts[row] if row < len(texts) else "" for texts in columns.values()] for row in range(height)]
        return xlsx_bytes(
            Sheet(SHEET_TITLE, [header(column) for column in COLUMNS], _rows(dataset), widths, choices),
            Sheet(
                NAMES_TITLE, [str(KaminoKind(kind).label) for kind in TARGET_KINDS.values()], names, [40] * len(columns)
            ),
        )


def bad_rows_xlsx(change: MappingChange, user: User) -> bytes:
    """Return the rows of a file that could not be used, of those that a user sees, as they came and with the reasons,
    to be corrected and sent."""
    with override(LANGUAGE):
        headers: Sequence[str] = [*(safe_text(text) for text in change.headers), _("Reason")]
        rows = [
            [*(safe_text(text) for text in row.cells), safe_text(" ".join(error_texts(row.errors)))]
            for row in shown_rows(change, user)[1]
        ]
        return xlsx_bytes(Sheet(SHEET_TITLE, headers, rows, [24] * len(headers)))


def error_texts(errors: Sequence[CellError]) -> list[str]:
    """Return errors as sentences that begin with the column's name."""
    texts = ((header(error.column) if error.column else "", fault_text(error.code, error.params)) for error in errors)
    return [f"{column}: {text}" if column else text for column, text in texts]


def warning_texts(warnings: Sequence[CellError], column: str) -> list[str]:
    """Return the sentences of the warnings about one column."""
    return [fault_text(warning.code, warning.params) for warning in warnings if warning.column == column]
