"""Payables for Bling in a browser: entered by form and spreadsheet, and by a program with a key made on the screen."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import openpyxl
import pytest
import requests
from django.utils import timezone

from integrations.models import BlingWriting, PayableSheet
from tests.bling_v2.example import XML, edited
from tests.browser.conftest import picture
from tests.flows.helpers import Company
from tests.flows.payables import ours

CATEGORY = "Serviços de terceiros"
ONCE = edited(
    XML[XML.index("   <ocorrencia>") : XML.index("   <fornecedor>")],
    "<ocorrencia><ocorrenciaTipo>U</ocorrenciaTipo><diaVencimento/></ocorrencia>",
).replace("785257", "0")


@pytest.fixture
def open_company(company: Company, people: dict[str, Any]) -> Company:
    """A company that finance may enter payables for, in simulation."""
    for role in ("financeiro", "suporte"):
        company.tenant.members.add(people[role])
    company.bling.add_category(CATEGORY, kind=1)
    contact = company.bling.add_contact("Gráfica Sol Ltda", document="98.765.432/0001-98")
    company.add_title("payable", contact=contact)
    company.sync()
    BlingWriting.objects.create(connection=company.connection, mode="simulation")
    return company


def go_live() -> None:
    BlingWriting.objects.update(mode="live", live_since=timezone.now())


@pytest.mark.long
def test_a_payable_by_form_is_simulated_then_sent(open_company: Company, log_in: Callable[[str], Any]) -> None:
    page = log_in("financeiro")
    for number in ("NF 501", "NF 502"):
        page.get_by_role("link", name="Contas a lançar no Bling").first.click()
        page.get_by_role("link", name="Lançar conta a pagar").click()
        page.get_by_label("Fornecedor (nome, CPF ou CNPJ)").fill("grafica sol")
        page.get_by_label("Valor", exact=False).first.fill("1.234,56")
        page.get_by_label("Vencimento").fill("20/01/2027")
        page.get_by_label("Categoria").select_option(label=CATEGORY)
        page.get_by_label("Número do documento").fill(number)
        page.get_by_role("button", name="Continuar").click()
        page.get_by_text("Estes são fornecedores seus com nome parecido", exact=False).wait_for()
        page.get_by_label("Gráfica Sol Ltda").check()
        page.get_by_role("button", name="Continuar").click()
        page.locator("#parcels").wait_for()
        assert "1.234,56" in page.locator("#parcels").inner_text()
        picture(page, "lancar.png", full_page=True)
        page.get_by_role("button", name="Confirmar").click()
        page.get_by_text("1.234,56").first.wait_for()
        open_company.work()
        assert [title.document_number for title in ours(open_company)] == ([] if number == "NF 501" else ["NF 502"])
        go_live()


def test_a_spreadsheet_is_corrected_on_the_screen_and_sent(
    open_company: Company, log_in: Callable[[str], Any], tmp_path: Path
) -> None:
    go_live()
    page = log_in("financeiro")
    page.get_by_role("link", name="Contas a lançar no Bling").first.click()
    page.get_by_role("link", name="Importar contas a pagar").click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Modelo (.xlsx)").click()
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    fill(path)
    page.get_by_label("Planilha (.xlsx, .ods ou .csv)").set_input_files(path)
    page.get_by_role("button", name="Enviar").click()
    page.get_by_text("2 linhas boas (R$ 200,00), 0 com possíveis duplicatas, 1 com erros.").wait_for()
    assert page.locator("#new").inner_text().count("Gráfica Sol Ltda") == 1, "it is offered as the nearest name"
    picture(page, "planilha.png", full_page=True)
    page.get_by_role("link", name="Corrigir na tela").click()
    page.get_by_label("Categoria").fill(CATEGORY)
    page.get_by_label("Vencimento").fill("22/01/2027")
    picture(page, "planilha-corrigir.png", full_page=True)
    page.get_by_role("button", name="Salvar e conferir").click()
    page.get_by_text("3 linhas boas (R$ 250,50)").wait_for()
    page.get_by_role("button", name="Enviar").click()
    page.get_by_text("1 linha não foi enviada").wait_for()
    open_company.work()
    page.get_by_text("2 de 2 no Bling.").wait_for()
    assert sorted(title.document_number for title in ours(open_company)) == ["NF 601", "NF 603"]
    page.goto(f"/admin/integrations/payablesheet/{PayableSheet.objects.get(state='proposed').pk}/change/")
    page.get_by_label("1 fornecedor novo pode ser cadastrado no Bling").check()
    page.get_by_role("button", name="Enviar").click()
    open_company.work()
    page.get_by_text("1 de 1 no Bling.").wait_for()
    assert [row.name for row in open_company.bling.contacts.values()].count("Grafica Sool") == 1


def fill(path: Path) -> None:
    """Fill in the template as a person would: a known CNPJ, a mistyped name, and a row with two mistakes."""
    book = openpyxl.load_workbook(path)
    sheet = book["Contas a pagar"]
    columns = {cell.value: cell.column for cell in sheet[1]}
    lines = [
        {"Fornecedor": "Gráfica", "CPF/CNPJ": "98.765.432/0001-98", "Número do documento": "NF 601"},
        {"Fornecedor": "Grafica Sool", "Número do documento": "NF 602"},
        {"Fornecedor": "Gráfica", "CPF/CNPJ": "98.765.432/0001-98", "Número do documento": "NF 603", "Valor": "50,50",
         "Vencimento": "32/01/2027", "Categoria": "Serviço de terceiro"},
    ]  # fmt: skip
    for number, line in enumerate(lines, start=2):
        for name, value in {"Valor": 100, "Vencimento": "20/01/2027", "Categoria": CATEGORY, **line}.items():
            sheet.cell(number, columns[name]).value = value
    book.save(path)


@pytest.mark.long
def test_a_program_uses_a_key_that_two_people_made(
    open_company: Company, log_in: Callable[[str], Any], live_server: Any, settings: Any
) -> None:
    settings.BRIDGE_WAIT_SECONDS = 0
    go_live()
    support = log_in("suporte")
    support.get_by_role("link", name="Chaves de programas").first.click()
    support.get_by_role("link", name="Nova chave", exact=True).click()
    support.get_by_label("Quem a usa").fill("ERP da matriz")
    support.get_by_label("conexão com o Bling").select_option(index=1)
    support.get_by_role("button", name="Salvar").click()
    key = support.locator("#key").inner_text()
    picture(support, "chave.png", mask=[support.locator("#key")])
    assert sent(live_server, key) == (503, 905), "nobody confirmed it"
    finance = log_in("financeiro")
    finance.get_by_role("link", name="Chaves de programas").first.click()
    finance.get_by_role("link", name="ERP da matriz").click()
    finance.get_by_role("link", name="Confirmar").click()
    finance.get_by_role("button", name="Confirmar").click()
    finance.get_by_text("Vale a partir da próxima requisição", exact=False).wait_for()
    assert sent(live_server, key) == (503, 903)
    open_company.work()
    assert sent(live_server, key) == (201, 0)
    assert len(ours(open_company)) == 1


def sent(live_server: Any, key: str) -> tuple[int, int]:
    """Send what the example's program does; return status and code of the answer."""
    address = f"{live_server.url}/Api/v2/contapagar/json/"
    answer = requests.post(address, files={"apikey": (None, key), "xml": (None, quote(ONCE, safe=""))}, timeout=30)
    errors = answer.json()["retorno"].get("erros", [])
    return answer.status_code, errors[0]["erro"]["cod"] if errors else 0
