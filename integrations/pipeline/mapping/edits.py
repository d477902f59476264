"""Edits of the De/Para on their way to a proposal: what a person wrote, checked cell by cell, old next to new."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from integrations.models import KaminoItem
from integrations.models.mappings import TARGET_KINDS, TARGETS
from integrations.pipeline.mapping.rows import DeskRow
from integrations.pipeline.mapping.targets import KaminoTargets, TargetError, is_named, label, nature_of_row
from integrations.sheets.cells import Cell


@dataclass(frozen=True)
class CellError:
    """What is wrong with one cell: its column, a key of `COLUMNS` ("" for the row), and a code of
    `words.spreadsheets` with its parameters."""

    column: str
    code: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass
class ChangedRow:
    """One row of a proposal. `old` and `new` are keys of `KaminoItem` by target field; `line` and `cells` are those of
    the file, 0 and empty for edits on screen. A row with errors changes nothing; `warnings` are what a person has to
    see before the row is carried out."""

    connection: int
    kind: str
    source: int | None
    person: int | None
    name: str
    old: dict[str, int | None] = field(default_factory=dict)
    new: dict[str, int | None] = field(default_factory=dict)
    errors: list[CellError] = field(default_factory=list)
    line: int = 0
    cells: list[str] = field(default_factory=list)
    warnings: list[CellError] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return what is stored; without warnings as version 0.2 understands it."""
        return {key: value for key, value in asdict(self).items() if value or key != "warnings"}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "ChangedRow":
        notes = {key: [CellError(**note) for note in data.get(key, [])] for key in ("errors", "warnings")}
        return cls(**{**data, **notes})


def changed(row: DeskRow, new: Mapping[str, int | None], **values: Any) -> ChangedRow:
    """Return a proposal's row for a row of the desk: fields that `new` does not name stay as they are."""
    return ChangedRow(
        connection=row.connection.pk,
        kind=row.kind,
        source=row.source.pk if row.source else None,
        person=row.person.pk if row.person else None,
        name=row.name,
        old=row.values(),
        new={**row.values(), **new},
        **values,
    )


def check_cells(row: DeskRow, cells: Mapping[str, Cell], targets: KaminoTargets) -> ChangedRow | None:
    """Check what a person wrote into the target cells of a row; `None` when nothing changes."""
    nature = nature_of_row(row.kind, row.source.nature if row.source else "")
    old, new = row.values(), dict[str, int | None]()
    errors, warnings = [], []
    for name in TARGET_KINDS:
        cell = cells.get(name, Cell())
        if name not in TARGETS[row.kind]:
            if cell.text:
                errors.append(CellError(name, "not_for_kind", {"kind": row.kind}))
            continue
        try:
            found = _find(targets.by_pk.get(old[name] or 0), name, cell, targets, nature)
        except TargetError as error:
            errors.append(CellError(name, error.code, dict(error.params)))
            continue
        new[name] = found.pk if found else None
        if new[name] != old[name]:
            warnings += _warnings(name, cell, found)
    if errors:
        return changed(row, new, errors=errors)
    return changed(row, new, warnings=warnings) if new != old else None


def _find(
    current: KaminoItem | None, name: str, cell: Cell, targets: KaminoTargets, nature: str
) -> KaminoItem | None:  # fmt: skip
    """Return what a cell names; raises `TargetError`, also when it says less than it seems to."""
    if cell.is_formula:
        raise TargetError("formula")
    if cell.is_date:
        raise TargetError("date", text=cell.text)
    if not cell.is_there and current is not None:
        raise TargetError("not_there", name=label(current))
    if not cell.text:
        return None
    if current is not None and label(current) == cell.text:
        return current  # untouched, even where it could not be chosen now
    return targets.find(name, cell, nature=nature if name == "chart_account" else "")


def _warnings(name: str, cell: Cell, found: KaminoItem | None) -> list[CellError]:
    if found is None:
        return [CellError(name, "emptied")]
    if cell.is_fraction or (cell.from_file and not is_named(found, cell.text)):
        return [CellError(name, "zeros_added", {"text": cell.text, "name": label(found)})]
    return []


def from_suggestions(rows: Iterable[DeskRow], least: int) -> list[ChangedRow]:
    """Return the rows that nothing decides yet with their suggestions of at least this likeness (0 to 100)."""
    return [
        changed(row, {row.main_field: row.suggestion.pk})
        for row in rows
        if row.state in ("open", "unused") and row.suggestion is not None and row.score >= least
    ]


def from_other_connection(
    rows: Iterable[DeskRow], others: Iterable[DeskRow], theirs: KaminoTargets, ours: KaminoTargets
) -> list[ChangedRow]:
    """Return the rows without a mapping, filled as another connection's rows of the same kind and name are. Names that
    our Kamino does not have become errors."""
    named = {
        (row.kind, row.name.casefold()): row for row in others if row.mapping is not None and row.source is not None
    }
    found = []
    for row in rows:
        other = named.get((row.kind, row.name.casefold()))
        if other is None or row.mapping is not None:
            continue
        cells = {
            name: Cell(_name_here(theirs, ours, name, pk)) for name, pk in other.values().items() if pk in theirs.by_pk
        }
        edit = check_cells(row, cells, ours)
        if edit is not None:
            found.append(edit)
    return found


def _name_here(theirs: KaminoTargets, ours: KaminoTargets, name: str, pk: int | None) -> str:
    """Return the label where both companies use the same code and name, else the name alone."""
    item = theirs.by_pk[pk or 0]
    try:
        return label(ours.find(name, Cell(label(item))))
    except TargetError:
        return item.name
