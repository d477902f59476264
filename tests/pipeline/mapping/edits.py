"""Changing the De/Para as finance does, without the pages: edit cells, confirm what may be touched."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from integrations.models import MappingChange, Person
from integrations.models.confidential import WHOLE
from integrations.models.mapping_changes import Reach
from integrations.models.mappings import PERSON_KINDS
from integrations.pipeline.mapping.changes import confirm, propose
from integrations.pipeline.mapping.edits import check_cells
from integrations.pipeline.mapping.rows import DeskRow, desk_rows
from integrations.pipeline.mapping.targets import KaminoTargets
from integrations.sheets.cells import Cell
from tests.flows.helpers import Company


def finance() -> User:
    return User.objects.get_or_create(username="financeiro")[0]


def desk_row(company: Company, kind: str, bling_id: int) -> DeskRow:
    """Return the row of a register, or of a customer or supplier, as the spreadsheet finds it."""
    if kind in PERSON_KINDS:
        person = Person.objects.get(connection=company.connection, bling_id=bling_id)
        return DeskRow(company.connection, kind, None, person, None)
    rows = desk_rows(company.tenant.pk, KaminoTargets.of_tenant(company.tenant.pk), WHOLE)
    return next(row for row in rows if (row.kind, row.bling_id) == (kind, bling_id))


def propose_cells(company: Company, kind: str, bling_id: int, **cells: str) -> MappingChange:
    """Propose one row's change; a field that is not named becomes empty."""
    targets = KaminoTargets.of_tenant(company.tenant.pk)
    edit = check_cells(desk_row(company, kind, bling_id), {name: Cell(text) for name, text in cells.items()}, targets)
    return propose(
        tenant=company.tenant, origin="screen", rows=[edit] if edit else [], looked_at=1, user=finance(),
        now=timezone.now(),
    )  # fmt: skip


def map_name(
    company: Company, kind: str, bling_id: int, *, reach: str = Reach.OPEN, since: date | None = None,
    clock: Callable[[], datetime] = timezone.now, **cells: Any,
) -> MappingChange:  # fmt: skip
    """Map one name and carry that out; returns what became of it."""
    change = propose_cells(company, kind, bling_id, **cells)
    return confirm(change=change, reach=reach, since=since, good_rows_only=False, user=finance(), clock=clock)
