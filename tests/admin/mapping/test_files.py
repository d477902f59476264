"""The De/Para as programs send it back: nothing is lost, and what one edited is what is proposed."""

import csv
import shutil
import subprocess
from collections.abc import Callable
from datetime import date
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from django.test import Client

from integrations.models import CatalogItem, KaminoItem, Mapping, MappingChange
from integrations.models.confidential import WHOLE
from integrations.resources.mappings import bad_rows_xlsx, mapping_csv, mapping_xlsx
from tests.admin.mapping.test_desk import desk, line, page_of, send, workbook
from tests.admin.world import Rows
from tests.sheets.workbooks import EMPTY_FILL, backslashed, ods, prefixed, strict
from tests.sheets.workbooks import workbook as made

OFFICE = shutil.which("soffice")
NAMES = ["Água & luz", "=1+1", '"Aspas" <b>', "Dois  espaços", "'Plica", "João; Irmãos, Cia", "Açaí\u00a0- €5"]
CODES = ["0012", "1.10", "+55", "3;4", "5", "006", "7.00"]

Table = list[list[Any]]


@pytest.fixture
def mapped(ours: Rows) -> list[CatalogItem]:
    """Categories with odd names, each mapped to an account with an odd code and name."""
    found = []
    for number, (name, code) in enumerate(zip(NAMES, CODES, strict=True)):
        account = item(ours, code, f"Conta {name}")
        found.append(
            CatalogItem.objects.create(
                connection=ours.bling, kind="category", bling_id=14600000000 + number, name=name,
                read_at=ours.run.due_at,
            )
        )  # fmt: skip
        Mapping.objects.create(
            connection=ours.bling, kind="category", source=found[-1], bling_name=name, chart_account=account
        )
    return found


def item(rows: Rows, code: str, name: str, kind: str = "chart_account", **values: Any) -> KaminoItem:
    return KaminoItem.objects.create(
        connection=rows.kamino, kind=kind, kamino_id=code, name=name, folded_name=name.casefold(),
        read_at=rows.run.due_at, **values,
    )  # fmt: skip


def exported(rows: Rows) -> Table:
    sheet = openpyxl.load_workbook(BytesIO(mapping_xlsx(rows.tenant.pk, WHOLE)))["De-Para"]
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def by_openpyxl(table: Table) -> bytes:
    book = openpyxl.Workbook()
    book.create_sheet("De-Para", 1)
    for row in table:
        book["De-Para"].append(row)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def by_xlsxwriter(table: Table) -> bytes:
    out = BytesIO()
    with xlsxwriter.Workbook(out, {"strings_to_formulas": False}) as book:
        sheet = book.add_worksheet("De-Para")
        for number, row in enumerate(table):
            sheet.write_row(number, 0, row)
    return out.getvalue()


def by_csv(encoding: str, delimiter: str = ";", end: str = "\r\n") -> Callable[[Table], bytes]:
    def write(table: Table) -> bytes:
        out = StringIO(newline="")
        writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
        for row in table:
            writer.writerow(
                [
                    "" if cell is None else str(cell).replace(".", ",") if isinstance(cell, float) else cell
                    for cell in row
                ]
            )
        return out.getvalue().encode(encoding)

    return write


def trimmed(table: Table) -> bytes:
    """As OnlyOffice writes csv: without the empty cells at the end of each line."""
    lines = [list(row) for row in table]
    for row in lines:
        while row[-1] in (None, ""):
            row.pop()
    return by_csv("utf-8-sig")(lines)


FORMS: dict[str, Callable[[Table], bytes]] = {
    "openpyxl": by_openpyxl,
    "XlsxWriter": by_xlsxwriter,
    "ods": ods,
    "csv in UTF-8": by_csv("utf-8", ","),
    "csv in UTF-16": by_csv("utf-16", "\t"),
    "csv in cp1252": by_csv("cp1252"),
    "trimmed csv": trimmed,
    "texts in cells": made,
    "rich texts": lambda table: made(table, shared=True),
    "no places": lambda table: made(table, places=False),
    "absolute paths": lambda table: made(table, absolute=True),
    "prefixed": lambda table: prefixed(made(table, shared=True)),
    "strict": lambda table: strict(made(table)),
    "empty fill": lambda table: made(table, styles=EMPTY_FILL),
    "backslashes": lambda table: backslashed(made(table)),
}


@pytest.mark.parametrize("form", FORMS)
def test_it_goes_round_without_loss_and_with_one_edit(
    form: str, login: Callable[[str], Client], ours: Rows, mapped: list[CatalogItem]
) -> None:
    client, table = login("financeiro"), exported(ours)
    change = send(client, ours, FORMS[form](table))
    assert (change.state, change.rows, change.total_rows) == ("proposed", [], 9), change.error
    edit(table, "Dois  espaços", "Plano de contas", "0012 Conta Água & luz")
    change = send(client, ours, FORMS[form](table))
    assert change.state == "proposed", change.error
    [row] = change.rows
    assert (row["name"], row["errors"], "warnings" in row) == ("Dois  espaços", [], False)
    assert KaminoItem.objects.get(pk=row["new"]["chart_account"]).kamino_id == "0012"


def edit(table: Table, name: str, column: str, value: object) -> None:
    [row] = [row for row in table if row[4] == name]
    row[table[0].index(column)] = value


@pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed")
@pytest.mark.parametrize(
    ("ending", "form"),
    [
        ("xlsx", "xlsx"),
        ("ods", "ods"),
        ("csv", "csv:Text - txt - csv (StarCalc):59,34,76,1"),
        ("csv", "csv:Text - txt - csv (StarCalc):59,34,ANSI,1"),
        ("csv", "csv:Text - txt - csv (StarCalc):9,34,65535,1"),
    ],
    ids=["xlsx", "ods", "csv in UTF-8", "csv in cp1252", "csv in UTF-16"],
)
@pytest.mark.long
def test_it_goes_round_through_libreoffice(
    ending: str, form: str, tmp_path: Path, login: Callable[[str], Client], ours: Rows, mapped: list[CatalogItem]
) -> None:
    client, table = login("financeiro"), exported(ours)
    for count in (0, 1):
        (tmp_path / "a.xlsx").write_bytes(mapping_xlsx(ours.tenant.pk, WHOLE) if not count else by_xlsxwriter(table))
        profile = f"-env:UserInstallation=file://{tmp_path}/profile"
        order = [str(OFFICE), profile, "--headless", "--convert-to", form, "--outdir", f"{tmp_path}/out", "a.xlsx"]
        subprocess.run(order, check=True, cwd=tmp_path, capture_output=True, timeout=120)
        change = send(client, ours, (tmp_path / "out" / f"a.{ending}").read_bytes())
        assert (change.state, len(change.rows), change.total_rows) == ("proposed", count, 9), change.error
        edit(table, "Dois  espaços", "Plano de contas", "0012 Conta Água & luz")


class TestShortRows:
    def test_a_block_without_its_last_delimiters_is_read(
        self, login: Callable[[str], Client], ours: Rows, mapped: list[CatalogItem]
    ) -> None:
        """Excel leaves them out in blocks of sixteen rows whose last columns are empty."""
        header, *rows = mapping_csv(ours.tenant.pk, WHOLE).decode("utf-8-sig").splitlines()
        cut = [row.rstrip(";") for row in rows]
        assert cut != rows
        change = send(login("financeiro"), ours, "\r\n".join([header, *cut]).encode("utf-8-sig"))
        assert (change.state, change.rows, change.total_rows) == ("proposed", [], 9), change.error

    def test_a_cell_that_is_not_there_empties_nothing(
        self, login: Callable[[str], Client], ours: Rows, mapped: list[CatalogItem]
    ) -> None:
        table = [row[:12] for row in exported(ours)]
        cut = [table[0], *(row[:8] if row[4] == "Dois  espaços" else row for row in table[1:])]
        client = login("financeiro")
        change = send(client, ours, trimmed(cut))
        [row] = change.rows
        assert [error["code"] for error in row["errors"]] == ["not_there"]
        page = client.get(page_of(change)).content.decode()
        assert "A linha termina antes desta coluna, e o de-para tem “3;4 Conta Dois  espaços” aqui." in page

    def test_an_empty_cell_empties_and_the_proposal_says_so(
        self, login: Callable[[str], Client], ours: Rows, mapped: list[CatalogItem]
    ) -> None:
        client, table = login("financeiro"), exported(ours)
        edit(table, "Dois  espaços", "Plano de contas", None)
        for form in (by_csv("utf-8-sig"), made, ods):
            change = send(client, ours, form(table))
            [row] = change.rows
            assert (row["errors"], row["new"]["chart_account"]) == ([], None)
            page = client.get(page_of(change)).content.decode()
            assert "O de-para perde o valor aqui." in page
            assert "1 linha perde um valor ou traz um código incerto" in page

    @pytest.mark.parametrize("place", range(4))
    def test_a_row_that_does_not_say_what_it_is_about_is_refused(
        self, place: int, login: Callable[[str], Client], ours: Rows, mapped: list[CatalogItem]
    ) -> None:
        table = exported(ours)
        moved = [[*row[4:], *row[:4]] for row in table]
        moved[2] = moved[2][: len(moved[2]) - 4 + place]
        change = send(login("financeiro"), ours, by_csv("utf-8-sig")(moved))
        [row] = change.rows
        assert [(error["column"], error["code"]) for error in row["errors"]] == [
            (["company", "connection", "kind", "bling_id"][place], "row_ends")
        ]


def test_merged_cells_empty_no_mapping(login: Callable[[str], Client], ours: Rows, mapped: list[CatalogItem]) -> None:
    Mapping.objects.create(connection=ours.bling, kind="category", source=ours.free_category, bling_name="x")
    Mapping.objects.update(chart_account=ours.chart_account)
    book = openpyxl.load_workbook(BytesIO(mapping_xlsx(ours.tenant.pk, WHOLE)))
    sheet = book["De-Para"]
    sheet.merge_cells("I2:I10")
    assert sheet["I2"].value
    out = BytesIO()
    book.save(out)
    change = send(login("financeiro"), ours, out.getvalue())
    assert (change.state, change.rows) == ("proposed", []), change.error


def test_cells_merged_across_columns_are_errors_of_their_columns(
    login: Callable[[str], Client], ours: Rows, mapped: list[CatalogItem]
) -> None:
    change = send(login("financeiro"), ours, made(exported(ours), merged=["I2:J2"]))
    [row] = change.rows
    assert [(error["column"], error["code"]) for error in row["errors"]] == [("cost_center", "other_column")]


class TestLostZeros:
    """0012 typed into a spreadsheet is 12, and 1.10 is 1.1: also in a csv that such a program wrote."""

    @pytest.mark.parametrize("value", [12, "12", "1.1", 1.1, "1,1", 7, "7"])
    @pytest.mark.parametrize("form", ["xlsx", "csv", "ods"])
    def test_one_code_that_fits_is_taken_with_a_warning(
        self, form: str, value: object, login: Callable[[str], Client], ours: Rows, mapped: list[CatalogItem]
    ) -> None:
        client, table = login("financeiro"), exported(ours)
        edit(table, str(ours.free_category), "Plano de contas", value)
        change = send(client, ours, {"xlsx": made, "csv": by_csv("utf-8-sig"), "ods": ods}[form](table))
        [row] = change.rows
        assert row["errors"] == []
        found = KaminoItem.objects.get(pk=row["new"]["chart_account"])
        assert found.kamino_id == {"12": "0012", "1": "1.10", "7": "7.00"}[str(value).replace(",", ".").split(".")[0]]
        assert f"foi lido como “{found}”: programas de planilha tiram zeros" in (
            client.get(page_of(change)).content.decode().replace("&amp;", "&")
        )

    @pytest.mark.parametrize(
        ("value", "codes"),
        [
            (12, ["0012", "12"]), ("12", ["0012", "12"]), (12, ["0012", "012"]), ("1.1", ["1.10", "1.1"]),
            (1.1, ["1.10", "1.1"]), ("1,1", ["1.10", "1.100"]), (6, ["006", "06.0"]),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("values", [{}, {"is_active": False}, {"takes_postings": False}])
    def test_two_that_fit_are_refused_and_named(
        self, value: object, codes: list[str], values: dict[str, Any], login: Callable[[str], Client], ours: Rows,
        mapped: list[CatalogItem],
    ) -> None:  # fmt: skip
        item(ours, codes[1], "Água", **values)
        client = login("financeiro")
        change = send(client, ours, workbook(line(ours, **{"Plano de contas": value})))
        [row] = change.rows
        assert [error["code"] for error in row["errors"]] == ["zeros"]
        page = client.get(page_of(change)).content.decode()
        assert all(f"{code} " in page for code in codes)
        # What is given back to be corrected is refused again as it is.
        again = send(client, ours, bad_rows_xlsx(change, change.user))
        assert [error["code"] for error in again.rows[0]["errors"]] == ["zeros"]

    @pytest.mark.parametrize("text", ["0012", "12 Água", "água", "1.10"])
    def test_what_is_whole_is_no_guess(
        self, text: str, login: Callable[[str], Client], ours: Rows, mapped: list[CatalogItem]
    ) -> None:
        item(ours, "12", "Água")
        change = send(login("financeiro"), ours, workbook(line(ours, **{"Plano de contas": text})))
        [row] = change.rows
        assert (row["errors"], "warnings" in row) == ([], False)

    def test_of_current_accounts_as_well(self, login: Callable[[str], Client], ours: Rows) -> None:
        bank = CatalogItem.objects.create(
            connection=ours.bling, kind="bank_account", bling_id=77, name="Caixa", read_at=ours.run.due_at
        )
        account = item(ours, "00341", "Itaú", kind="bank_account")
        values = {
            "Tipo": "Conta bancária", "ID no Bling": bank.bling_id, "Plano de contas": "", "Conta corrente": 341,
        }  # fmt: skip
        [row] = send(login("financeiro"), ours, workbook(line(ours, **values))).rows
        assert row["new"] == {"bank_account": account.pk}
        assert [warning["code"] for warning in row["warnings"]] == ["zeros_added"]

    def test_a_code_typed_on_screen_is_what_it_is(
        self, login: Callable[[str], Client], ours: Rows, mapped: list[CatalogItem]
    ) -> None:
        account, key = item(ours, "12", "Água"), f"{ours.bling.pk}-category-{ours.free_category.pk}"
        MappingChange.objects.all().delete()
        login("financeiro").post(desk(ours), {"do": "save", "row": key, f"{key}-chart_account": "12"})
        [row] = MappingChange.objects.get().rows
        assert (row["new"]["chart_account"], row["errors"], "warnings" in row) == (account.pk, [], False)


def test_a_date_is_no_code(login: Callable[[str], Client], ours: Rows, mapped: list[CatalogItem]) -> None:
    item(ours, "45931", "Conta")
    client = login("financeiro")
    change = send(client, ours, workbook(line(ours, **{"Plano de contas": date(2025, 10, 1)})))
    assert "A célula contém uma data" in client.get(page_of(change)).content.decode()
    assert [error["code"] for error in change.rows[0]["errors"]] == ["date"]


def test_a_proposal_made_before_there_were_warnings_is_shown_and_carried_out(
    login: Callable[[str], Client], ours: Rows
) -> None:
    assert "warnings" not in ours.change.rows[0]
    client = login("financeiro")
    assert "perde um valor" not in client.get(page_of(ours.change)).content.decode()
    client.post(page_of(ours.change), {"do": "confirm", "reach": "open", "good_rows_only": "yes"})
    assert Mapping.objects.get(source=ours.free_category).chart_account == ours.chart_account
