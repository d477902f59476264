"""Spreadsheets: typed cells, Portuguese headers, and no text that runs as a formula."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from integrations.models import Discrepancy, Posting, StoredDiscrepancy
from integrations.resources.discrepancies import DiscrepancyResource
from integrations.resources.files import write_file
from integrations.sheets.cells import safe_text
from tests.admin.marked import ordered
from tests.admin.world import DAY, Rows


def written(file_format: str, rows: Any) -> bytes:
    resource, out = DiscrepancyResource(), BytesIO()
    write_file(out, resource, file_format, resource.cells(resource.prepared(rows)))
    return out.getvalue()


HEADERS = [
    "Empresa", "Direção", "ID no Bling", "ID na Kamino", "Documento", "Pessoa", "Vencimento", "Valor", "Divergência",
    "No Bling", "Na Kamino", "Valor no Bling", "Valor na Kamino", "Diferença", "Dias de diferença",
    "Causa", "Ação sugerida", "Desde",
]  # fmt: skip


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "\tx", "\r=1"])
def test_a_text_that_begins_like_a_formula_is_escaped(text: str) -> None:
    assert safe_text(text) == f"'{text}"


def test_other_texts_stay_as_they_are() -> None:
    assert safe_text("NF 1 – José") == "NF 1 – José"
    assert safe_text(None) == ""
    assert safe_text("a\x00b\x1fc") == "abc"


def test_the_columns_are_portuguese_and_typed_whatever_the_language(ours: Rows) -> None:
    ours.person.name = "=HYPERLINK(1)"
    ours.person.save()
    with translation.override("en"):
        resource = DiscrepancyResource()
        [cells] = resource.cells(resource.prepared(Discrepancy.objects.filter(pk=ours.discrepancy.pk)))
        assert resource.headers() == HEADERS
    row = dict(zip(HEADERS, cells, strict=True))
    assert row["Direção"] == "A pagar"
    assert row["Divergência"] == "Valor diferente"
    assert row["Pessoa"] == "'=HYPERLINK(1)"
    assert row["Valor"] == Decimal("1234.56")
    assert row["Vencimento"] == DAY
    assert row["ID no Bling"] == 11001
    assert row["ID na Kamino"] is None
    assert (row["No Bling"], row["Na Kamino"]) == ("R$\u00a01.234,56", "R$\u00a010,00")


def test_xlsx_holds_numbers_days_and_plain_text(ours: Rows) -> None:
    StoredDiscrepancy.objects.filter(pk=ours.discrepancy.pk).update(bling_value="=1+1")
    book = openpyxl.load_workbook(BytesIO(written("xlsx", Discrepancy.objects.filter(kind="value"))))
    header, cells = (list(row) for row in book.worksheets[0].iter_rows())
    found = dict(zip((cell.value for cell in header), cells, strict=True))
    assert [cell.value for cell in header] == HEADERS
    assert found["Valor"].value == 1234.56
    assert found["Valor"].data_type == "n"
    assert found["Vencimento"].value.date() == date(2026, 11, 21)
    assert found["No Bling"].value == "'=1+1"
    assert found["No Bling"].data_type == "s"


def test_csv_is_what_brazilian_programs_open(ours: Rows) -> None:
    text = written("csv", Discrepancy.objects.filter(kind="value")).decode()
    header, row = text.lstrip("\ufeff").splitlines()
    assert text.startswith("\ufeff")
    assert header.split(";") == HEADERS
    assert "1234,56" in row.split(";")
    assert "21/11/2026" in row.split(";")


def test_a_workbook_ends_with_a_summary_and_its_totals(ours: Rows) -> None:
    now = timezone.now()
    for kind, amount in (("due_date", None), ("partial", "-10.00")):
        StoredDiscrepancy.objects.create(
            posting=ours.posting, kind=kind, opened_at=now, seen_at=now, difference=Decimal(amount) if amount else None
        )
    book = openpyxl.load_workbook(BytesIO(written("xlsx", Discrepancy.objects.exclude(kind="unmapped"))))
    rows = [[cell.value for cell in row] for row in book["Resumo"].iter_rows()]
    assert rows[0] == ["Direção", "Divergência", "Quantidade", "Valor", "Diferença"]
    kinds = ["Pago em parte", "Valor diferente", "Vencimento diferente", "Total"]
    assert [row[:2] for row in rows[1:]] == [["A pagar", kind] for kind in kinds]
    assert [row[4] for row in rows[1:]] == [-10, -1224.56, None, -1234.56]
    assert rows[-1][2:4] == [3, None]  # one title: its value counts once, not once for each discrepancy


def test_titles_are_exported_with_both_sides_and_the_reason(login: Callable[[str], Client], ours: Rows) -> None:
    Posting.objects.filter(pk=ours.posting.pk).update(
        kamino_id=77, delivered={"value": "1200.00"}, problems=[{"code": "due_date_missing", "params": {}}]
    )
    url = reverse("admin:integrations_title_export")
    answer = ordered(login("operacao"), f"{url}?q={ours.title.bling_id}", format="0")
    book = openpyxl.load_workbook(BytesIO(answer.content))
    header, *rows = ([cell.value for cell in row] for row in book.worksheets[0].iter_rows())
    [row] = [dict(zip(header, row, strict=True)) for row in rows]
    assert (row["ID no Bling"], row["ID na Kamino"]) == (ours.title.bling_id, 77)
    assert (row["Valor"], row["Valor na Kamino"]) == (1234.56, 1200)
    assert "não tem vencimento" in row["Causa"]
    assert "Resumo" in book.sheetnames
    assert ordered(login("suporte"), url, format="0").status_code == 403
