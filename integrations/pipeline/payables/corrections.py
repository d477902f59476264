"""Rows of a spreadsheet of payables that a person corrects on the screen."""

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from integrations.domain.bodies import fingerprint_of
from integrations.models import PayableSheet
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.payables.columns import COLUMNS, as_typed

LONGEST_CELL = 1_000
Cells = Mapping[str, str]


def signature_of(sheet: PayableSheet, numbers: Sequence[int]) -> str:
    """Return a name for some rows as they are kept: it differs as soon as a cell of theirs does."""
    return fingerprint_of([row for row in sheet.rows if row[0] in numbers])


def correct_rows(*, sheet: PayableSheet, cells: Mapping[int, Cells], seen: str) -> int:
    """Keep what a person typed into the cells of some rows (by their number and column); return in how many something
    is different. A cell left as it is stays a formula where it was one. Raises `Refused` where the sheet was decided
    meanwhile, or a row is not as it was shown (`seen`)."""
    with transaction.atomic():
        mine = PayableSheet.objects.select_for_update().filter(pk=sheet.pk, state=PayableSheet.State.PROPOSED).first()
        if mine is None:
            raise Refused("decided", _("This was decided meanwhile, or is no longer open."))
        if signature_of(mine, sorted(cells)) != seen:
            raise Refused("changed", _("Something is different from what was shown. Look again, then confirm."))
        rows = [_corrected(row, cells.get(row[0], {})) for row in mine.rows]
        changed: int = sum(new != old for new, old in zip(rows, mine.rows, strict=True))
        if changed:
            PayableSheet.objects.filter(pk=mine.pk).update(rows=rows)
    return changed


def _corrected(row: Sequence[object], typed: Cells) -> list[object]:
    number, kept, formulas = row
    assert isinstance(kept, dict)
    assert isinstance(formulas, list)
    # PostgreSQL keeps no NUL.
    texts = {column: text.replace("\x00", "\ufffd") for column, text in typed.items() if column in COLUMNS}
    told = {column: text.strip()[:LONGEST_CELL] for column, text in texts.items()}
    changed = {column: text for column, text in told.items() if text != as_typed(kept.get(column, ""), column)}
    cells = {column: text for column, text in {**kept, **changed}.items() if text}
    return [number, cells, [column for column in formulas if column not in changed]]
