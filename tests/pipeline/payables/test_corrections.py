"""Rows of a spreadsheet that a person corrects on the screen."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.models import PayableSheet
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.payables.columns import COLUMNS, as_typed, header
from integrations.pipeline.payables.corrections import correct_rows, signature_of
from integrations.pipeline.payables.sheet import discard_sheet, take_sheet
from integrations.sheets.writing import csv_bytes
from tests.admin.world import Rows
from tests.pipeline.payables.test_sheet import DUE, GOOD, ana, confirm, rows, sent, shown

__all__ = ["ana", "rows"]
BAD = {**GOOD, "value": "abc", "category": "Nenhuma", "document_number": "NF 78"}


def correct(sheet: PayableSheet, **cells: str) -> int:
    """Correct the one row of a sheet that is wrong."""
    [row] = shown(sheet).bad
    changed = correct_rows(sheet=sheet, cells={row.number: cells}, seen=signature_of(sheet, [row.number]))
    sheet.refresh_from_db()
    return changed


def test_a_corrected_row_is_sent_with_the_others(rows: Rows, ana: User) -> None:
    sheet = sent(rows, ana, GOOD, BAD)
    assert correct(sheet, value="99,90") == 1
    assert [fault.field for fault in shown(sheet).bad[0].faults] == ["category"]
    assert correct(sheet, category=" categoria 2 NOSSA ") == 1
    assert shown(sheet).bad == []
    assert [row.entry and row.entry.value for row in shown(sheet).good] == [Decimal("150.00"), Decimal("99.90")]
    batch = confirm(sheet, ana)
    assert (batch.count, batch.total) == (2, Decimal("249.90"))


def test_what_is_saved_as_it_was_shown_changes_nothing(rows: Rows, ana: User) -> None:
    sheet = sent(rows, ana, BAD)
    before = sheet.rows
    cells = {column: as_typed(before[0][1].get(column, ""), column) for column in COLUMNS}
    assert cells["due_date"] == f"{DUE:%d/%m/%Y}"
    assert correct(sheet, **cells) == 0
    assert sheet.rows == before


def test_a_formula_stays_one_until_its_value_is_typed(rows: Rows, ana: User) -> None:
    content = csv_bytes([header(name) for name in GOOD], [[*GOOD.values()]]).replace(b"150,00", b"=1+1")
    sheet = take_sheet(connection=rows.bling, name="x.csv", content=content, user=ana, now=timezone.now())
    assert correct(sheet, history="outra coisa", value="") == 1
    [row] = shown(sheet).bad
    assert [fault.field for fault in row.faults if "fórmula" in fault.text] == ["value"]
    assert correct(sheet, value="2,00") == 1
    assert [row.entry and row.entry.value for row in shown(sheet).good] == [Decimal("2.00")]


def test_two_people_who_correct_the_same_row_do_not_overwrite_each_other(rows: Rows, ana: User) -> None:
    sheet = sent(rows, ana, BAD)
    [row] = shown(sheet).bad
    seen = signature_of(sheet, [row.number])
    correct_rows(sheet=sheet, cells={row.number: {"value": "10,00"}}, seen=seen)
    with pytest.raises(Refused, match="diferente"):
        correct_rows(sheet=sheet, cells={row.number: {"value": "20,00"}}, seen=seen)
    sheet.refresh_from_db()
    assert sheet.rows[0][1]["value"] == "10,00"


def test_who_confirms_confirms_what_was_shown(rows: Rows, ana: User) -> None:
    sheet = sent(rows, ana, GOOD, BAD)
    signature = shown(sheet).signature
    correct(sheet, value="99,90", category="Categoria 2 nossa")
    with pytest.raises(Refused, match="diferente"):
        confirm(sheet, ana, signature=signature)


def test_nothing_is_corrected_in_a_sheet_that_was_decided(rows: Rows, ana: User) -> None:
    sheet = sent(rows, ana, BAD)
    seen = signature_of(sheet, [2])
    discard_sheet(sheet=sheet, user=ana, now=timezone.now())
    with pytest.raises(Refused):
        correct_rows(sheet=sheet, cells={2: {"value": "1,00"}}, seen=seen)
    sheet.refresh_from_db()
    assert sheet.rows == []


def test_unknown_columns_and_endless_texts_are_not_kept(rows: Rows, ana: User) -> None:
    sheet = sent(rows, ana, BAD)
    assert correct(sheet, history="x" * 5_000, marker="[#KAAAAAAAAAA]") == 1
    cells = sheet.rows[0][1]
    assert (len(cells["history"]), "marker" in cells) == (1_000, False)


def test_what_no_database_keeps_is_kept_as_an_error(rows: Rows, ana: User) -> None:
    sheet = sent(rows, ana, GOOD, BAD)
    assert correct(sheet, value="99\x00,90", category="Categoria 2 nossa") == 1
    assert [fault.field for fault in shown(sheet).bad[0].faults] == ["value"]
