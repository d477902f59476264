"""Payables from a spreadsheet: what each cell may be, what is said about it, and what is accepted."""

from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from openpyxl import load_workbook

from integrations.domain.occurrences import Recurrence
from integrations.models import (
    BlingWriting,
    CatalogItem,
    PayableSheet,
    PayableWrite,
    Person,
    SyncRun,
    WriteBatch,
)
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.payables.columns import COLUMNS, header
from integrations.pipeline.payables.sheet import Shown, accept_sheet, discard_sheet, read_sheet, take_sheet
from integrations.resources.payables import bad_rows, template
from integrations.sheets.reading import read_table
from integrations.sheets.writing import Sheet, csv_bytes, xlsx_bytes
from tests.admin.world import Rows, make_rows

DUE = date(2027, 1, 20)
GOOD: dict[str, Any] = {
    "supplier": "Gráfica Sol", "document": "98.765.432/0001-98", "value": Decimal("150.00"), "due_date": DUE,
    "category": "Categoria 2 nossa", "document_number": "NF 77",
}  # fmt: skip


@pytest.fixture
def rows(db: None) -> Rows:
    found = make_rows("nossa", 1, User.objects.create_user("autora"))
    BlingWriting.objects.create(connection=found.bling, mode="live")
    return found


@pytest.fixture
def ana(db: None) -> User:
    return User.objects.create_user("ana")


def written(*lines: dict[str, Any], columns: tuple[str, ...] = tuple(COLUMNS)) -> bytes:
    headers = [header(name) for name in columns]
    return xlsx_bytes(Sheet("Contas a pagar", headers, [[line.get(name, "") for name in columns] for line in lines]))


def with_text(content: bytes, part: str, text: bytes, other: bytes) -> bytes:
    """Return a workbook with another text in one of its parts."""
    made = BytesIO()
    with ZipFile(BytesIO(content)) as old, ZipFile(made, "w") as new:
        for name in old.namelist():
            held = old.read(name)
            assert name != part or text in held
            new.writestr(name, held.replace(text, other) if name == part else held)
    return made.getvalue()


def sent(rows: Rows, user: User, *lines: dict[str, Any]) -> PayableSheet:
    content = written(*lines)
    return take_sheet(connection=rows.bling, name="contas.xlsx", content=content, user=user, now=timezone.now())


def shown(sheet: PayableSheet) -> Shown:
    return read_sheet(sheet, hidden=frozenset(), now=timezone.now())


def confirm(sheet: PayableSheet, user: User, **options: Any) -> WriteBatch:
    given = {
        "signature": shown(sheet).signature,
        "with_doubtful": False,
        "with_new": True,
        "hidden": frozenset(),
        **options,
    }
    return accept_sheet(sheet=sheet, user=user, clock=timezone.now, **given)


def test_a_good_row_becomes_a_payable(rows: Rows, ana: User) -> None:
    sheet = sent(rows, ana, GOOD)
    [row] = shown(sheet).good
    assert row.entry is not None
    assert (row.entry.value, row.entry.due_date, row.entry.category_id) == (Decimal("150.00"), DUE, 1002)
    assert not PayableWrite.objects.filter(batch__source="sheet").exists()
    batch = confirm(sheet, ana)
    assert (batch.count, batch.total, batch.source) == (1, Decimal("150.00"), "sheet")
    with pytest.raises(Refused):
        confirm(sheet, ana, signature="x")


@pytest.mark.parametrize(
    ("changes", "column", "says"),
    [
        ({"supplier": ""}, "supplier", "nome do fornecedor"),
        ({"document": "123"}, "document", "dígitos verificadores"),
        ({"value": "abc"}, "value", "não é um valor"),
        ({"value": ""}, "value", "não é um valor"),
        ({"value": "0"}, "value", "maior que zero"),
        ({"value": "1.500"}, "value", ""),
        ({"due_date": "31/02/2027"}, "due_date", "não é um dia"),
        ({"due_date": "01/01/1999"}, "due_date", "2000"),
        ({"category": "Categoria 2 nosa"}, "category", "Categoria 2 nossa"),
        ({"category": ""}, "category", "categoria"),
        ({"account": "Nenhuma"}, "account", "não tem"),
        ({"recurrence": "toda lua cheia"}, "recurrence", "Mensal"),
        ({"recurrence": "Semanal"}, "recurrence", "Mensal"),
        ({"recurrence": "Parcelada"}, "installments", "parcelas"),
        ({"recurrence": "Parcelada", "installments": "101"}, "installments", "100"),
        ({"installments": "dois"}, "installments", "não é um número"),
        ({"installments": 12, "recurrence": "Mensal"}, "installments", "Parcelada"),
        ({"installments": 3, "day": 32}, "day", "1 a 31"),
        ({"value": Decimal("1.234")}, "value", "não é um valor"),
        ({"value": Decimal("10.125")}, "value", "não é um valor"),
        ({"value": "0.125"}, "value", "não é um valor"),
        ({"value": "1,234"}, "value", "não é um valor"),
        ({"history": "x" * 201}, "history", "200"),
        ({"document_number": "x" * 26}, "document_number", "25"),
    ],
)
def test_what_is_wrong_with_a_cell_is_said_and_costs_one_row(
    rows: Rows, ana: User, changes: dict[str, Any], column: str, says: str
) -> None:
    found = shown(sent(rows, ana, {**GOOD, **changes}, {**GOOD, "value": "9,90"}))
    if column == "value" and not says:  # 1.500 is one thousand and five hundred in Brazil
        assert [row.entry.value for row in found.good if row.entry] == [Decimal(1500), Decimal("9.90")]
        return
    assert len(found.good) == 1
    [row] = found.bad
    assert row.number == 2
    assert [fault.field for fault in row.faults] == [column]
    assert says in row.faults[0].text


def test_all_that_is_wrong_with_a_row_is_said_at_once(rows: Rows, ana: User) -> None:
    wrong = {"value": "abc", "due_date": "31/02/2027", "document": "123", "recurrence": "toda lua", "day": 32}
    [row] = shown(sent(rows, ana, {**GOOD, **wrong})).bad
    assert {fault.field for fault in row.faults} == set(wrong)


def test_a_formula_is_never_read(rows: Rows, ana: User) -> None:
    content = csv_bytes([header(name) for name in GOOD], [[*GOOD.values()]]).replace(b"150,00", b"=1+1")
    sheet = take_sheet(connection=rows.bling, name="x.csv", content=content, user=ana, now=timezone.now())
    [row] = shown(sheet).bad
    assert {fault.field for fault in row.faults} == {"value"}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("1.234,56", "1234.56"),
        ("R$ 9,90", "9.90"),
        (Decimal("0.30"), "0.30"),
        (Decimal("0.1") + Decimal("0.20000000000000004"), "0.30"),
        (Decimal("1234.5"), "1234.50"),
        ("1234.5", "1234.50"),
        (12, "12"),
    ],
)
def test_amounts_as_people_and_programs_write_them(rows: Rows, ana: User, typed: Any, meant: str) -> None:
    [row] = shown(sent(rows, ana, {**GOOD, "value": typed})).good
    assert row.entry is not None
    assert row.entry.value == Decimal(meant)


@pytest.mark.parametrize("typed", [DUE, "20/01/2027", "20/01/27", "2027-01-20"])
def test_days_as_people_and_programs_write_them(rows: Rows, ana: User, typed: Any) -> None:
    [row] = shown(sent(rows, ana, {**GOOD, "due_date": typed})).good
    assert row.entry is not None
    assert row.entry.due_date == DUE


def test_days_of_a_workbook_that_counts_from_1904(rows: Rows, ana: User) -> None:
    content = with_text(written(GOOD), "xl/workbook.xml", b"<workbookPr", b'<workbookPr date1904="1"')
    sheet = take_sheet(connection=rows.bling, name="mac.xlsx", content=content, user=ana, now=timezone.now())
    [row] = shown(sheet).good
    assert row.entry is not None
    assert row.entry.due_date == DUE + timedelta(days=1462)


def test_a_cpf_that_lost_its_zero_is_read_as_it_was(rows: Rows, ana: User) -> None:
    [row] = shown(sent(rows, ana, {**GOOD, "document": 1234567890})).good
    assert row.entry is not None
    assert row.entry.supplier.document == "01234567890"


def test_a_number_of_installments_alone_means_installments(rows: Rows, ana: User) -> None:
    [row] = shown(sent(rows, ana, {**GOOD, "installments": 3})).good
    assert row.entry is not None
    assert row.entry.recurrence is Recurrence.INSTALLMENTS
    assert [parcel.value for parcel in row.entry.parcels()] == [Decimal("50.00")] * 3


def test_a_supplier_of_the_mirror_is_that_contact(rows: Rows, ana: User) -> None:
    Person.objects.filter(pk=rows.person.pk).update(document="98765432000198")
    [row] = shown(sent(rows, ana, GOOD)).good
    assert row.entry is not None
    assert row.entry.supplier.contact_id == rows.person.bling_id
    assert row.entry.supplier.name == rows.person.name != GOOD["supplier"]


def test_a_row_that_may_be_an_installment_of_another_is_doubtful(rows: Rows, ana: User) -> None:
    whole = {**GOOD, "value": 300, "installments": 2, "document_number": ""}
    found = shown(sent(rows, ana, whole, {**GOOD, "document_number": ""}))
    assert [len(found.good), len(found.doubtful)] == [1, 1]


def test_the_same_twice_in_a_file_is_doubtful(rows: Rows, ana: User) -> None:
    later = {**GOOD, "due_date": DUE + timedelta(days=2)}
    found = shown(sent(rows, ana, GOOD, later, {**later, "document_number": "NF 78"}))
    assert [row.number for row in found.doubtful] == [3]
    assert [duplicate.row for duplicate in found.doubtful[0].duplicates] == [2]
    assert len(found.good) == 2


def test_the_same_file_again_is_doubtful_as_a_whole(rows: Rows, ana: User) -> None:
    confirm(sent(rows, ana, GOOD, {**GOOD, "value": "9,90"}), ana)
    again = sent(rows, ana, GOOD, {**GOOD, "value": "9,90"})
    assert (len(shown(again).good), len(shown(again).doubtful)) == (0, 2)
    with pytest.raises(Refused, match="Nada foi marcado"):
        confirm(again, ana)
    assert confirm(again, ana, with_doubtful=True).count == 2


def test_the_rows_that_are_not_sent_wait_in_a_sheet_of_their_own(rows: Rows, ana: User) -> None:
    twice = {**GOOD, "document_number": "NF 80"}
    sheet = sent(rows, ana, GOOD, {**GOOD, "value": "abc", "document_number": "NF 79"}, twice, twice)
    batch = confirm(sheet, ana)
    assert batch.count == 2
    sheet.refresh_from_db()
    left = PayableSheet.objects.get(state="proposed", user=ana)
    assert ([row[0] for row in sheet.rows], sheet.state) == ([2, 4], "done")
    assert ([row[0] for row in left.rows], left.file_name) == ([3, 5], sheet.file_name)
    assert [row.number for row in shown(left).doubtful] == [5], "its double was sent"
    assert [row.number for row in shown(left).bad] == [3]


def test_what_changed_since_it_was_shown_is_refused(rows: Rows, ana: User) -> None:
    sheet = sent(rows, ana, GOOD)
    before = shown(sheet).signature
    CatalogItem.objects.filter(name="Categoria 2 nossa").update(is_gone=True)
    with pytest.raises(Refused, match="diferente"):
        confirm(sheet, ana, signature=before)
    assert PayableWrite.objects.count() == 1


def test_a_sheet_waits_until_bling_was_read_lately(rows: Rows, ana: User) -> None:
    sheet = sent(rows, ana, GOOD)
    SyncRun.objects.filter(connection=rows.bling).update(ended_at=timezone.now() - timedelta(minutes=61))
    with pytest.raises(Refused, match=r"hour|hora"):
        confirm(sheet, ana)
    SyncRun.objects.filter(connection=rows.bling).update(ended_at=timezone.now())
    confirm(sheet, ana)


def test_a_discarded_sheet_sends_nothing(rows: Rows, ana: User) -> None:
    sheet = sent(rows, ana, GOOD)
    signature = shown(sheet).signature
    discard_sheet(sheet=sheet, user=ana, now=timezone.now())
    with pytest.raises(Refused):
        confirm(sheet, ana, signature=signature)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "vazio"),
        (written(GOOD, columns=("supplier", "value")), "Vencimento"),
        (written(), "sem linhas"),
        (b"<html></html>", "página"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(rows: Rows, ana: User, content: bytes, says: str) -> None:
    with pytest.raises(Refused, match=says):
        take_sheet(connection=rows.bling, name="x.xlsx", content=content, user=ana, now=timezone.now())


def test_nothing_is_taken_while_writing_is_off(rows: Rows, ana: User) -> None:
    BlingWriting.objects.update(mode="off")
    with pytest.raises(Refused, match="desligada"):
        sent(rows, ana, GOOD)


def test_the_template_takes_back_what_was_wrong(rows: Rows, ana: User) -> None:
    columns = [header(name) for name in COLUMNS]
    names = read_table(template(rows.bling, frozenset()), sheet_title="Bling")
    assert "Categoria 2 nossa" in [cell.text for row in names.rows for cell in row.cells]
    hidden = read_table(template(rows.bling, frozenset({1002})), sheet_title="Bling")
    assert "Categoria 2 nossa" not in [cell.text for row in hidden.rows for cell in row.cells]
    bad = shown(sent(rows, ana, {**GOOD, "category": "Nenhuma"})).bad
    again = read_table(bad_rows(bad), sheet_title="Contas a pagar")
    assert again.headers == [*columns, "O que está errado"]
    assert "Nenhuma" in again.rows[0].cells[-1].text


def test_rows_that_nobody_sees_in_the_file_are_not_read(rows: Rows, ana: User) -> None:
    def hiding(*numbers: int) -> PayableSheet:
        book = load_workbook(BytesIO(written(GOOD, {**GOOD, "value": "9,90"}, {**GOOD, "value": "8,80"})))
        for number in numbers:
            book.worksheets[0].row_dimensions[number].hidden = True
        out = BytesIO()
        book.save(out)
        return take_sheet(
            connection=rows.bling, name="contas.xlsx", content=out.getvalue(), user=ana, now=timezone.now()
        )

    sheet = hiding(3)
    assert ([row.number for row in shown(sheet).rows], sheet.hidden_rows) == ([2, 4], 1)
    with pytest.raises(Refused, match="ocultas"):
        hiding(2, 3, 4)


def test_columns_that_the_template_does_not_have_are_named(rows: Rows, ana: User) -> None:
    headers = [*(header(name) for name in GOOD), "Documento", "Obs. <b>"]
    content = xlsx_bytes(Sheet("Contas a pagar", headers, [[*GOOD.values(), "NF 9", "x"]]))
    sheet = take_sheet(connection=rows.bling, name="contas.xlsx", content=content, user=ana, now=timezone.now())
    assert sheet.unread_columns == ["Documento", "Obs. <b>"]
    assert sent(rows, ana, GOOD).unread_columns == []
    back = bad_rows(shown(sent(rows, ana, {**GOOD, "value": "x"})).bad)
    again = take_sheet(connection=rows.bling, name="erros.xlsx", content=back, user=ana, now=timezone.now())
    assert again.unread_columns == []


def test_the_rest_still_says_what_was_not_read(rows: Rows, ana: User) -> None:
    sheet = sent(rows, ana, GOOD, {**GOOD, "value": "abc"})
    PayableSheet.objects.filter(pk=sheet.pk).update(hidden_rows=3, unread_columns=["Observação"])
    confirm(PayableSheet.objects.get(pk=sheet.pk), ana)
    left = PayableSheet.objects.filter(user=ana).latest("pk")
    assert (left.state, left.hidden_rows, left.unread_columns) == ("proposed", 3, ["Observação"])


@pytest.mark.parametrize(("cell", "day"), [("46405", "2027-01-18"), ("20/01/2027", "20/01/2027"), ("99", "99")])
def test_a_day_without_its_format_is_read(rows: Rows, ana: User, cell: str, day: str) -> None:
    assert sent(rows, ana, {**GOOD, "due_date": cell}).rows[0][1]["due_date"] == day


def test_a_contact_s_number_in_bling_is_not_corrected_here(rows: Rows, ana: User) -> None:
    Person.objects.create(
        connection=rows.bling, bling_id=71, name="Cadastro Antigo", document="11111111111111", read_at=timezone.now()
    )
    sheet = sent(rows, ana, {**GOOD, "supplier": "Cadastro Antigo", "document": ""})
    assert not shown(sheet).bad
