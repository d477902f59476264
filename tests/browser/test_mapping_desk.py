"""Finance classifies a new company with one spreadsheet, and a renamed name on screen, in a browser."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from integrations.models import Posting
from tests.browser.conftest import picture
from tests.flows.helpers import Company

OFFICE = shutil.which("soffice")
NAMES = {"Loja do centro": "Aluguel e condomínio", "Conta de luz": "Energia da fábrica", "Motoboy": "Carretos"}


def prepare(company: Company, people: dict[str, Any]) -> dict[str, int]:
    """Return titles by the name of their category, none of which Kamino has under that name."""
    company.tenant.members.add(people["financeiro"])
    for name in NAMES.values():
        company.kamino.add_chart_account(name)
    titles = {}
    for name in NAMES:
        category = company.bling.add_category(name, kind=1)
        titles[name] = company.add_title("payable", category=category, value="250.00")
    company.sync()
    assert {row.state for row in Posting.objects.all()} == {"held"}
    return titles


def download(page: Any, folder: Path) -> Path:
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Baixar planilha (xlsx)").click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def edit(path: Path) -> None:
    """Fill the file as a person would: names from the second sheet, codes, or the name alone."""
    book = openpyxl.load_workbook(path)
    sheet = book["De-Para"]
    columns = {cell.value: cell.column for cell in sheet[1]}
    labels = {
        str(row[0]).split(" ", 1)[1]: str(row[0]) for row in book["Kamino"].iter_rows(min_row=2, values_only=True)
    }
    for row in sheet.iter_rows(min_row=2):
        name = row[columns["Nome no Bling"] - 1].value
        if name in NAMES:
            row[columns["Plano de contas"] - 1].value = labels[NAMES[name]] if name != "Motoboy" else NAMES[name]
    book.save(path)


def converted(path: Path, folder: Path) -> Path:
    """Return the file as LibreOffice writes it again."""
    if OFFICE is None:
        pytest.skip("LibreOffice is not installed")
    home = f"-env:UserInstallation=file://{folder}/perfil"
    command = [
        OFFICE,
        home,
        "--headless",
        "--convert-to",
        "xlsx:Calc MS Excel 2007 XML",
        "--outdir",
        str(folder / "lo"),
    ]
    subprocess.run([*command, str(path)], check=True, capture_output=True, timeout=180)
    return folder / "lo" / path.name


@pytest.mark.parametrize("office", [False, True], ids=["as saved", "through LibreOffice"])
@pytest.mark.some(2)
def test_a_spreadsheet_classifies_and_delivers(
    office: bool, company: Company, people: dict[str, Any], log_in: Callable[[str], Any], tmp_path: Path
) -> None:
    titles = prepare(company, people)
    page = log_in("financeiro")
    page.get_by_role("link", name="De/Para").first.click()
    page.get_by_text("a mapear: 3").first.wait_for()
    picture(page, "de-para.png")
    path = download(page, tmp_path)
    edit(path)
    page.get_by_label("Enviar a planilha editada").set_input_files(converted(path, tmp_path) if office else path)
    page.get_by_role("button", name="Conferir arquivo").click()
    page.get_by_text("3 com alteração").wait_for()
    page.get_by_text("0 com erro").wait_for()
    picture(page, "de-para-previa.png")
    page.get_by_role("button", name="Aplicar").click()
    page.get_by_text("3 linhas alteradas, 3 títulos serão replanejados.").wait_for()
    company.work()
    charts = {row["Nome"]: code.strip() for code, row in company.kamino.charts.items()}
    for name, title in titles.items():
        assert company.in_kamino("payable", title)["IDPlanoContaClassificacao"].strip() == charts[NAMES[name]]


@pytest.mark.long
def test_a_name_is_mapped_with_the_keyboard_alone(
    company: Company, people: dict[str, Any], log_in: Callable[[str], Any]
) -> None:
    titles = prepare(company, people)
    page = log_in("financeiro")
    page.goto(f"/admin/integrations/mapping/mesa/{company.tenant.pk}/?state=open")
    field = page.get_by_label("Plano de contas: Conta de luz")
    field.focus()
    page.keyboard.type("energia da fabrica")
    page.get_by_role("button", name="Ver a prévia").focus()
    page.keyboard.press("Enter")
    page.get_by_text("1 com alteração").wait_for()
    page.get_by_role("button", name="Aplicar").focus()
    page.keyboard.press("Enter")
    page.get_by_text("1 linha alterada, 1 título será replanejado.").wait_for()
    company.work()
    assert company.in_kamino("payable", titles["Conta de luz"]) is not None
    assert company.in_kamino("payable", titles["Motoboy"]) is None
