"""Workbooks and csv files of hostile texts: they open, and nothing in them runs."""

from datetime import date
from decimal import Decimal
from io import BytesIO
from zipfile import ZipFile

import openpyxl
import pytest

from integrations.sheets.cells import plain_text, safe_text
from integrations.sheets.writing import Sheet, csv_bytes, xlsx_bytes

FORMULA = '<r><t>x</t></r></is></c><c r="B2"><f>HYPERLINK("http://evil.example","x")</f></c><r></r>'


def written(text: str) -> bytes:
    return xlsx_bytes(Sheet("Títulos", ["Pessoa"], [[safe_text(text)]]))


@pytest.mark.parametrize("text", [FORMULA, "<r>Loja & Filhos</r>", "<r></r>"])
def test_a_name_that_looks_like_markup_of_a_workbook_is_text(text: str) -> None:
    content = written(text)
    assert b"<f>" not in ZipFile(BytesIO(content)).read("xl/worksheets/sheet1.xml")
    assert openpyxl.load_workbook(BytesIO(content)).worksheets[0]["A2"].value.strip() == text


@pytest.mark.parametrize("text", ["Loja \uffff", "\ufffeLoja", "Loja\x0b\x1f"])
def test_a_character_that_no_workbook_holds_does_not_spoil_the_file(text: str) -> None:
    [[_header], [cell]] = openpyxl.load_workbook(BytesIO(written(text))).worksheets[0].iter_rows()
    assert cell.value.strip() == "Loja"


@pytest.mark.parametrize("text", ["\n=1+1", "=1+1", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff201"])
def test_a_formula_behind_a_line_break_or_in_wide_characters_is_text(text: str) -> None:
    assert safe_text(text).startswith("'")
    assert plain_text(safe_text(text)) == text
    assert csv_bytes(["Pessoa"], [[safe_text(text)]]).decode("utf-8-sig").splitlines()[1].lstrip('"').startswith("'")


@pytest.mark.parametrize("day", [date(1, 1, 1), date(1899, 12, 31), date(1900, 1, 1), date(9999, 12, 31)])
def test_odd_days_and_amounts_are_written(day: date) -> None:
    rows = [[day, Decimal("-0.01"), Decimal("9999999999999.99"), Decimal(0), None, "", -3]]
    headers = list("abcdefg")
    content = xlsx_bytes(Sheet("x", headers, rows))
    row = [cell.value for cell in list(openpyxl.load_workbook(BytesIO(content)).worksheets[0].iter_rows())[1]]
    assert row[1:] == [-0.01, 9999999999999.99, 0, None, None, -3]
    assert csv_bytes(headers, rows).decode("utf-8-sig").splitlines()[1].split(";")[1:] == [
        "-0,01", "9999999999999,99", "0", "", "", "-3",
    ]  # fmt: skip
    assert (row[0] if isinstance(row[0], str) else f"{row[0]:%d/%m/%Y}") == f"{day:%d/%m/%Y}"
