"""Files that people send: what can be read, and the sentence for each that cannot."""

import zipfile
from io import BytesIO

import openpyxl
import pytest
from django.utils.translation import override

from integrations.models.mapping_changes import fault_text
from integrations.sheets.archives import MAX_UNPACKED_BYTES
from integrations.sheets.cells import plain_text, safe_text
from integrations.sheets.reading import MAX_BYTES, read_table
from integrations.sheets.tables import MAX_ROWS, SheetError
from integrations.sheets.writing import Sheet, csv_bytes, xlsx_bytes

HOSTILE = ["=1+1", "'=1+1", "''-1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\tTab", "\rReturn"]
HOSTILE += [
    f"{unseen}=1+1" for unseen in (" ", "  ", "\xa0", "\ufeff", "\u200b", "\u2060", "\u200e\u3000", "\xad", "'\u200d")
]


def xlsx(*rows: list[object], title: str = "Plan1") -> bytes:
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def texts(content: bytes) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in read_table(content).rows]


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_csv_is_read_with_any_usual_delimiter(delimiter: str, mark: str) -> None:
    content = f"{mark}Tipo{delimiter}Nome\nCategoria{delimiter}Água e luz\n".encode()
    assert texts(content) == [["Categoria", "Água e luz"]]


def test_the_line_that_excel_writes_for_itself_is_no_header() -> None:
    table = read_table("sep=,\r\nA,B\r\n1,2\r\n".encode("utf-8-sig"))
    assert (table.headers, table.rows[0].number) == (["A", "B"], 3)


def test_a_very_long_text_is_cut_instead_of_lost() -> None:
    assert len(read_table(xlsx_bytes(Sheet("x", ["A"], [[safe_text("x" * 40_000)]]))).rows[0].cells[0].text) == 32_000


def test_numbers_of_a_workbook_come_as_people_see_them() -> None:
    assert texts(xlsx(["A", "B", "C", "D"], [12345678901, 3.0, None, 1.5])) == [["12345678901", "3", "", "1.5"]]


def test_rows_keep_the_number_that_the_spreadsheet_program_shows() -> None:
    table = read_table(xlsx(["A"], [None], ["x"], [None], ["y"]))
    assert [(row.number, row.cells[0].text) for row in table.rows] == [(3, "x"), (5, "y")]


def test_a_named_sheet_is_read_before_the_first() -> None:
    book = xlsx_bytes(Sheet("Kamino", ["A"], [["não"]]), Sheet("De-Para", ["A"], [["sim"]]))
    assert [row.cells[0].text for row in read_table(book, sheet_title="De-Para").rows] == ["sim"]


def test_a_formula_is_told_from_text_that_looks_like_one() -> None:
    book = openpyxl.load_workbook(BytesIO(xlsx(["A"], ["x"])))
    book.active["A2"] = "=HYPERLINK(1)"
    buffer = BytesIO()
    book.save(buffer)
    assert read_table(buffer.getvalue()).rows[0].cells[0].is_formula
    assert read_table(b"A\n=1+1\n").rows[0].cells[0].is_formula
    assert not read_table(xlsx_bytes(Sheet("x", ["A"], [[safe_text("=1+1")]]))).rows[0].cells[0].is_formula


@pytest.mark.parametrize("text", HOSTILE)
def test_text_that_a_program_would_run_goes_out_harmless_and_comes_back(text: str) -> None:
    assert safe_text(text).startswith("'")
    assert plain_text(safe_text(text)) == text
    for content in (csv_bytes(["A"], [[safe_text(text)]]), xlsx_bytes(Sheet("x", ["A"], [[safe_text(text)]]))):
        cell = read_table(content).rows[0].cells[0]
        assert cell.text.strip() == text.strip()
        assert not cell.is_formula


def far_row() -> bytes:
    """A small file that says its last row is the thirty-millionth."""
    buffer = BytesIO()
    with zipfile.ZipFile(BytesIO(xlsx(["A"], ["x"]))) as source, zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(b'r="2"', b'r="30000000"').replace(b'"A2"', b'"A30000000"'))
    return buffer.getvalue()


def old_excel() -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


def other_zip() -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("texto.txt", "não é planilha")
    return buffer.getvalue()


def damaged() -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(BytesIO(xlsx(["A"], ["x"]))) as source, zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content[: len(content) // 2] if name.endswith("sheet1.xml") else content)
    return buffer.getvalue()


def bomb() -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", bytes(MAX_UNPACKED_BYTES + 1))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "O arquivo está vazio"),
        (b" \n \n", "O arquivo está vazio"),
        (xlsx(), "O arquivo está vazio"),
        (xlsx(["Tipo", "Nome"]), "só tem o cabeçalho"),
        (b"Tipo;Nome\n", "só tem o cabeçalho"),
        (b"Tipo;tipo\nA;B\n", "A coluna “Tipo” está repetida"),
        ("Tipo;Situação\nA;B\n".encode("cp1252"), "A codificação do arquivo está errada (linha 1)"),
        ("Tipo;Situação\n".encode("utf-16"), "só tem o cabeçalho"),
        (b"%PDF-1.4 planilha", "não é uma planilha"),
        (b"\x89PNG\x00\x00", "não é uma planilha"),
        (old_excel(), "antigo do Excel (.xls) ou protegido por senha"),
        (other_zip(), "não é uma planilha"),
        (xlsx(["A"], ["x"])[:900], "não é uma planilha"),
        (damaged(), "danificada"),
        (far_row(), "danificada"),
        (b'A;B\n"Bar do Ze;x\n1;2\n', "faltam ou sobram aspas"),
        (bomb(), "grande demais quando descompactada"),
        (b"A;B\n" + b"x" * (MAX_BYTES + 1), "grande demais: mais de 5 MB"),
        (b"A;B\n" + b"x;y\n" * (MAX_ROWS + 1), "mais de 20000 linhas"),
    ],
)
def test_a_file_that_cannot_be_used_says_what_it_is_and_the_mend(content: bytes, says: str) -> None:
    with pytest.raises(SheetError) as caught:
        read_table(content)
    with override("pt-br"):
        assert says in fault_text(caught.value.code, caught.value.params)


TABLE = "Conexão;Nome\nBling;Água & Irmãos\nBling;Açúcar\n"


class TestEncodings:
    @pytest.mark.parametrize(
        "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "cp850", "mac_roman"]
    )
    @pytest.mark.parametrize("delimiter", [";", "\t"])
    def test_one_that_the_header_proves_is_read(self, encoding: str, delimiter: str) -> None:
        table = read_table(TABLE.replace(";", delimiter).encode(encoding), sign="Conexão")
        assert [table.headers, *([cell.text for cell in row.cells] for row in table.rows)] == [
            ["Conexão", "Nome"], ["Bling", "Água & Irmãos"], ["Bling", "Açúcar"],
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("content", "code"),
        [
            (TABLE.replace("Conexão", "Conexao").encode("cp1252"), "encoding"),
            (TABLE.encode() + "Bling;Pão\n".encode("cp1252"), "encoding"),
            (TABLE.encode("cp1252") + b"Bling;\x81\n", "encoding"),
            (TABLE.encode("utf-16")[:-1], "encoding"),
            (TABLE.encode("utf-32"), "no_spreadsheet"),
            (TABLE.encode() + b"\x00", "no_spreadsheet"),
        ],
    )
    def test_one_that_nothing_proves_is_refused(self, content: bytes, code: str) -> None:
        with pytest.raises(SheetError) as caught:
            read_table(content, sign="Conexão")
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<html><body><table><tr><td>Tipo</td></tr></table></body></html>", "web_page"),
        (b"\xef\xbb\xbf\r\n<!DOCTYPE html><meta charset=utf-8><table>", "web_page"),
        ("<html xmlns:x='urn:schemas-microsoft-com:office:excel'><table>".encode("utf-16"), "web_page"),
        (b"MIME-Version: 1.0\r\nContent-Type: multipart/related; text/html\r\n", "web_page"),
        (
            b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n'
            b'<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
            "xml_spreadsheet",
        ),
        (b'<?xml version="1.0"?><office:document xmlns:office="x">', "no_spreadsheet"),
        (b"{\\rtf1 x}", "no_spreadsheet"),
    ],
)
def test_what_is_only_called_a_spreadsheet_is_named(content: bytes, code: str) -> None:
    with pytest.raises(SheetError) as caught:
        read_table(content, sign="Conexão")
    assert caught.value.code == code


def test_a_short_line_has_its_cells_and_no_others() -> None:
    [short, empty, _whole] = read_table(b"A;B;C\n1;2\n3;;\n4;5;6\n").rows
    assert [short.cell(place).is_there for place in range(3)] == [True, True, False]
    assert [empty.cell(place).is_there for place in range(3)] == [True, True, True]
