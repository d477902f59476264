"""Workbooks that spreadsheet programs open, whatever is odd in them: their values are read."""

import random
import zipfile
from collections.abc import Callable
from io import BytesIO

import openpyxl
import pytest

from integrations.sheets.cells import Cell
from integrations.sheets.reading import read_table
from integrations.sheets.tables import SheetError
from tests.sheets.workbooks import (
    EMPTY_FILL,
    MAIN,
    backslashed,
    changed,
    ods,
    prefixed,
    relations,
    strict,
    workbook,
    zipped,
)  # fmt: skip

ROWS = [["Nome", "Código", "Nota"], ["Água & luz", 12, ""], ["  Filhos  <Ltda>", 1.5, "fim"], ["", "", "só"]]
TEXTS = [["Nome", "Código", "Nota"], ["Água & luz", "12", ""], ["Filhos  <Ltda>", "1.5", "fim"], ["", "", "só"]]

ODD_PATTERN = (
    f'<styleSheet xmlns="{MAIN}"><fills><fill><patternFill patternType="x" neu="1"/></fill></fills></styleSheet>'
)
NO_FONT = f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0" fontId="99" fillId="7"/></cellXfs></styleSheet>'
DATES = (
    f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="164" formatCode="0000&quot; d&quot;"/>'
    '<numFmt numFmtId="165" formatCode="dd/mm/yyyy"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/>'
    '<xf numFmtId="165"/><xf numFmtId="14"/></cellXfs></styleSheet>'
)


def read(content: bytes, title: str = "De-Para") -> list[list[str]]:
    table = read_table(content, sheet_title=title)
    wide = len(table.headers)
    return [table.headers, *([row.cell(place).text for place in range(wide)] for row in table.rows)]


def cells(content: bytes) -> list[Cell]:
    return list(read_table(content, sheet_title="De-Para").rows[0].cells)


def with_styles(styles: str) -> bytes:
    return workbook(ROWS, styles=styles)


def odd_core() -> bytes:
    core = (
        '<cp:coreProperties xmlns:cp="x" xmlns:dcterms="y"><dcterms:created>ontem</dcterms:created></cp:coreProperties>'
    )
    with zipfile.ZipFile(BytesIO(workbook(ROWS))) as archive:
        return zipped({**{name: archive.read(name).decode() for name in archive.namelist()}, "docProps/core.xml": core})


def odd_book() -> bytes:
    """Parts of a workbook that no values are in: names, views and a rule that nobody knows."""
    junk = '<definedNames><definedName name="x" localSheetId="77">#REF!#</definedName></definedNames>'
    return changed(workbook(ROWS), lambda _name, text: text.replace("</sheets>", f"</sheets>{junk}"))


@pytest.mark.parametrize(
    "content",
    [
        workbook(ROWS), workbook(ROWS, shared=True), workbook(ROWS, places=False), workbook(ROWS, absolute=True),
        strict(workbook(ROWS)), strict(workbook(ROWS, shared=True)), prefixed(workbook(ROWS)),
        prefixed(workbook(ROWS, shared=True)), backslashed(workbook(ROWS)), with_styles(EMPTY_FILL),
        with_styles(ODD_PATTERN), with_styles(NO_FONT), with_styles("<cortado"), odd_core(), odd_book(), ods(ROWS),
    ],
    ids=[
        "inline", "shared", "no-places", "absolute", "strict", "strict-shared", "prefixed", "prefixed-shared",
        "backslashes", "empty-fill", "odd-pattern", "no-such-font", "cut-styles", "odd-date", "odd-names", "ods",
    ],
)  # fmt: skip
def test_values_are_read_whatever_else_the_file_holds(content: bytes) -> None:
    assert read(content) == TEXTS


def test_a_style_that_does_not_exist_costs_no_value() -> None:
    cell = '<c r="B2" s="4711"><v>12</v></c>'
    assert read(workbook(ROWS, styles=EMPTY_FILL, cells={(1, 1): cell})) == TEXTS


class TestMerged:
    def test_each_covered_cell_has_the_value_of_the_first(self) -> None:
        book = openpyxl.Workbook()
        for row in [["A", "B", "C"], ["1", "x", "y"], ["2", "x", ""], ["3", "x", ""]]:
            book.active.append(row)
        book.active.merge_cells("B2:B4")
        out = BytesIO()
        book.save(out)
        assert read(out.getvalue()) == [["A", "B", "C"], ["1", "x", "y"], ["2", "x", ""], ["3", "x", ""]]

    def test_across_columns_and_rows(self) -> None:
        rows = [["A", "B", "C", "D"], ["1", "x", "", "z"], ["2", "", "", "z"], ["3", "w", "", "z"]]
        filled = [["A", "B", "C", "D"], ["1", "x", "x", "z"], ["2", "x", "x", "z"], ["3", "w", "", "z"]]
        assert read(workbook(rows, merged=["B2:C3"])) == filled
        span = (
            '<table:table-cell table:number-columns-spanned="2" table:number-rows-spanned="2" '
            'office:value-type="string"><text:p>x</text:p></table:table-cell>'
        )
        covered = "<table:covered-table-cell/>"
        assert read(ods(rows, cells={(1, 1): span, (1, 2): covered, (2, 1): covered, (2, 2): covered})) == filled

    def test_a_formula_stays_one_in_each_cell(self) -> None:
        formula = '<c r="B2"><f>A1</f><v>x</v></c>'
        table = read_table(workbook([["A", "B"], ["1", "x"], ["2", ""]], merged=["B2:B3"], cells={(1, 1): formula}))
        assert [row.cells[1].is_formula for row in table.rows] == [True, True]

    @pytest.mark.parametrize("areas", [["B2:?"], ["A2:B3"] * 61])
    def test_areas_that_no_program_writes_are_a_damage(self, areas: list[str]) -> None:
        with pytest.raises(SheetError, match="damaged"):
            read(workbook([["A", "B"], ["1", "x"]], merged=areas))


def test_what_a_program_took_for_a_date_is_told() -> None:
    made = [f'<c r="{at}2" s="{style}"><v>45931</v></c>' for style, at in enumerate("ABCD")]
    iso = '<c r="E2" t="d"><v>2026-10-01</v></c>'
    book = workbook(
        [list("ABCDE"), [1, 1, 1, 1, 1]],
        styles=DATES,
        cells=dict(zip([(1, n) for n in range(5)], [*made, iso], strict=True)),
    )
    assert [cell.is_date for cell in cells(book)] == [False, False, True, True, True]
    day = '<table:table-cell office:value-type="date" office:date-value="2026-10-01"><text:p/></table:table-cell>'
    assert [cell.is_date for cell in cells(ods([["A", "B"], ["x", ""]], cells={(1, 1): day}))] == [False, True]


def test_numbers_are_told_as_people_see_them() -> None:
    values = ["12", "12.0", "1.1000000000000001", "1.46E+10", "14600000001", "-3", "x"]
    made = {(1, place): f"<c><v>{value}</v></c>" for place, value in enumerate(values)}
    found = cells(workbook([list("ABCDEFG"), [1] * 7], places=False, cells=made))
    assert [cell.text for cell in found] == ["12", "12", "1.1", "14600000000", "14600000001", "-3", "x"]
    assert [cell.is_fraction for cell in found] == [False, False, True, False, False, False, False]


def test_a_character_that_no_database_holds_is_left_out() -> None:
    book = workbook([["A", "B"], ["Loja _x0000_Azul_xD83D_", "_x0041_"]])
    assert [cell.text for cell in cells(book)] == ["Loja Azul", "A"]


def bomb() -> bytes:
    lines = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha" * 10}">' for n in range(9))
    return changed(
        workbook([["A"], ["x"]]),
        lambda name, text: f"<!DOCTYPE x [{lines}]>{text.replace('>x<', '>&e8;<')}" if "sheet1" in name else text,
    )


def binary() -> bytes:
    """A workbook as .xlsb."""
    targets = relations({"r1": ("officeDocument", "xl/workbook.bin")})
    return zipped({"_rels/.rels": targets, "xl/workbook.bin": "\x83\x01\x00"})


def locked() -> bytes:
    """An OpenDocument spreadsheet with a password: its parts are no XML."""
    entry = '<manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data/></manifest:file-entry>'
    manifest = f'<manifest:manifest xmlns:manifest="x">{entry}</manifest:manifest>'
    return zipped({"META-INF/manifest.xml": manifest, "content.xml": "\x12\x83"})


def without(part: str) -> bytes:
    with zipfile.ZipFile(BytesIO(workbook(ROWS, shared=True))) as archive:
        return zipped({name: archive.read(name).decode() for name in archive.namelist() if part not in name})


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (bomb(), "damaged"),
        (without("sheet1"), "damaged"),
        (without("sharedStrings"), "damaged"),
        (without("workbook.xml"), "damaged"),
        (without("_rels"), "damaged"),
        (zipped({"texto.txt": "x"}), "no_spreadsheet"),
        (binary(), "no_spreadsheet"),
        (workbook(ROWS, shared=True, cells={(1, 0): '<c t="s"><v>-1</v></c>'}), "damaged"),
        (workbook(ROWS, shared=True, cells={(1, 0): '<c t="s"><v>99</v></c>'}), "damaged"),
        (ods(ROWS, cells={(1, 0): "<table:table-cell><table:table/></table:table-cell>"}), "damaged"),
        (locked(), "password"),
        (changed(workbook(ROWS), lambda _name, text: text.replace("/worksheet\"", "/chartsheet\"")), "no_spreadsheet"),
        (changed(workbook(ROWS), lambda _name, text: text.replace('r="3"', 'r="x"')), "damaged"),
        (zipped({"content.xml": "<office/>", "mimetype": "application/vnd.oasis.opendocument.text"}), "no_spreadsheet"),
        (changed(ods(ROWS), lambda _name, text: text.replace("1048000", "-")), "damaged"),
        (changed(ods(ROWS), lambda _name, text: text[:900]), "damaged"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_by_name(content: bytes, code: str) -> None:
    with pytest.raises(SheetError) as caught:
        read(content)
    assert caught.value.code == code


@pytest.mark.parametrize("make", [workbook, ods])
def test_no_damage_ends_in_another_error(make: Callable[..., bytes]) -> None:
    """Bytes of the packed file and of its parts, changed one by one: read or refused, never a crash."""
    whole, chance = make(ROWS), random.Random(18)
    outcomes = set()
    for _again in range(400):
        place = chance.randrange(len(whole))
        packed = whole[:place] + bytes([chance.randrange(256)]) + whole[place + 1 :]

        def spoil(_name: str, text: str) -> str:
            at = chance.randrange(len(text))
            return text[:at] + chance.choice('<>"/x0-') + text[at + 1 :]

        for content in (packed, changed(whole, spoil)):
            try:
                read(content)
                outcomes.add("read")
            except SheetError as error:
                outcomes.add(error.code)
    assert {"read", "damaged", "no_spreadsheet"} <= outcomes


def hidden(text: str, start: str, says: str) -> str:
    """Return a part of a workbook whose last row but one, which begins with `start`, is hidden as `says`."""
    place = text.rindex(start, 0, text.rindex(start))
    return f"{text[:place]}{start} {says}{text[place + len(start) :]}"


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_what_a_file_hides_is_named(kind: str) -> None:
    """By hand, or by a filter."""
    if kind == "xlsx":
        content = changed(
            workbook(ROWS), lambda name, text: hidden(text, "<row", 'hidden="1"') if "/worksheets/" in name else text
        )
    else:
        # Behind the rows are those without end.
        row, says = '<table:table-row table:style-name="ro1"', 'table:visibility="filter"'
        content = changed(ods(ROWS), lambda name, text: hidden(text, row, says) if name == "content.xml" else text)
    assert [row.is_hidden for row in read_table(content, sheet_title="De-Para").rows] == [False, True, False]
