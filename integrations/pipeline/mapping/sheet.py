"""The De/Para as a spreadsheet: its columns, and reading one that a person edited, row by row."""

from collections.abc import Callable, Sequence

from django.utils.translation import override

from integrations.domain.names import fold
from integrations.models import BlingConnection, CatalogItem, Person, Tenant
from integrations.models.confidential import Sight
from integrations.models.mappings import PERSON_KINDS, TARGET_KINDS, MappingKind
from integrations.pipeline.mapping.edits import CellError, ChangedRow, check_cells
from integrations.pipeline.mapping.rows import DeskRow, Key, rows_by_key
from integrations.pipeline.mapping.targets import KaminoTargets
from integrations.sheets.cells import Cell
from integrations.sheets.tables import Row, SheetError, Table
from integrations.words.spreadsheets import COLUMNS

SHEET_TITLE = "De-Para"
LANGUAGE = "pt-br"
"""Files are read and written in Portuguese, whatever language a person or process works in."""
_IDENTITY = ("company", "connection", "kind", "bling_id")
"""The columns that say which row of the desk is meant."""
SIGN = "connection"
"""A column whose name has an accent: it proves in which encoding a csv was written."""
REQUIRED = (*_IDENTITY, "bling_name", *TARGET_KINDS)
_PROGRESS = 200


def header(column: str) -> str:
    """Return a column's name in the file."""
    with override(LANGUAGE):
        return str(COLUMNS[column])


def read_rows(
    table: Table, tenant: Tenant, desk: Sequence[DeskRow], targets: KaminoTargets,
    sight: Sight, progress: Callable[[int], None] = lambda _done: None,
) -> list[ChangedRow]:  # fmt: skip
    """Return the rows that change something or have errors; what the sender (`sight`) does not see is not known.
    Raises `SheetError` when columns are missing."""
    places = _places(table.headers)
    reader = _Reader(tenant, desk, targets, sight)
    found = []
    for done, row in enumerate(table.rows, start=1):
        cells = {name: row.cell(place) for name, place in places.items()}
        edit = reader.read(cells)
        if edit is not None:
            edit.line, edit.cells = row.number, _texts(row, edit, len(table.headers))
            found.append(edit)
        if done % _PROGRESS == 0:
            progress(done)
    return found


def _texts(row: Row, edit: ChangedRow, width: int) -> list[str]:
    """Return the cells of a row with errors, for the file that gives them back."""
    texts = [cell.text for cell in row.cells] if edit.errors else []
    return [*texts, *[""] * (width - len(texts))][:width] if texts else []


def _places(headers: Sequence[str]) -> dict[str, int]:
    known = {fold(header(column)): column for column in COLUMNS}
    places = {known[fold(text)]: place for place, text in enumerate(headers) if fold(text) in known}
    missing = [column for column in REQUIRED if column not in places]
    if missing:
        unknown = [text for text in headers if text and fold(text) not in known]
        raise SheetError("missing_columns", columns=missing, unknown=unknown)
    return places


class _Refused(Exception):
    def __init__(self, column: str, code: str, **params: int | str) -> None:
        super().__init__(code)
        self.error = CellError(column, code, dict(params))


class _Reader:
    """Reads rows one by one; remembers which were there already."""

    def __init__(self, tenant: Tenant, desk: Sequence[DeskRow], targets: KaminoTargets, sight: Sight) -> None:
        self._tenant = tenant
        self._targets = targets
        self._sight = sight
        self._rows = rows_by_key(desk)
        self._connections = {fold(row.label): row for row in BlingConnection.objects.filter(tenant=tenant)}
        self._by_bling_id = {
            (row.connection.pk, row.kind, row.bling_id): row for row in desk if row.kind not in PERSON_KINDS
        }
        with override(LANGUAGE):
            self._kinds = {fold(str(kind.label)): kind for kind in MappingKind}
        self._seen: set[Key] = set()

    def read(self, cells: dict[str, Cell]) -> ChangedRow | None:
        try:
            row = self._row(cells)
        except _Refused as refused:
            name = cells["bling_name"].text or cells["bling_id"].text
            return ChangedRow(0, "", None, None, name, errors=[refused.error])
        return check_cells(row, cells, self._targets)

    def _row(self, cells: dict[str, Cell]) -> DeskRow:
        for column in _IDENTITY:
            if not cells[column].is_there:
                raise _Refused(column, "row_ends")
            if cells[column].is_formula:
                raise _Refused(column, "formula")
        if fold(cells["company"].text) != fold(self._tenant.name):
            raise _Refused("company", "other_company", name=cells["company"].text, ours=self._tenant.name)
        connection = self._connections.get(fold(cells["connection"].text))
        if connection is None:
            names = ", ".join(row.label for row in self._connections.values())
            raise _Refused("connection", "no_connection", names=names)
        kind = self._kinds.get(fold(cells["kind"].text))
        if kind is None:
            raise _Refused("kind", "no_kind")
        row = self._find(connection, kind, cells)
        if row.key in self._seen:
            raise _Refused("", "row_twice")
        self._seen.add(row.key)
        return row

    def _find(self, connection: BlingConnection, kind: MappingKind, cells: dict[str, Cell]) -> DeskRow:
        text = cells["bling_id"].text
        if not text.isdecimal() or len(text) > 18:
            raise _Refused("bling_id", "no_number")
        bling_id = int(text)
        if kind in PERSON_KINDS:
            return self._person(connection, kind, bling_id)
        row = self._by_bling_id.get((connection.pk, kind, bling_id))
        if row is not None:
            return row
        other = CatalogItem.objects.filter(connection=connection, bling_id=bling_id).exclude(kind=kind).first()
        if other is not None:
            raise _Refused("kind", "other_kind", id=bling_id, kind=other.kind)
        raise _Refused("bling_id", "no_register", id=bling_id)

    def _person(self, connection: BlingConnection, kind: MappingKind, bling_id: int) -> DeskRow:
        person = self._sight.of(Person.objects.filter(connection=connection, bling_id=bling_id)).first()
        if person is None:
            raise _Refused("bling_id", "no_contact", id=bling_id)
        row = DeskRow(connection, kind, None, person, None)
        return self._rows.get(row.key, row)
