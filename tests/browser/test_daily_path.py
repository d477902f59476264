"""The daily path of staff, in Portuguese and with the keyboard alone: find, resync, watch, force, undo, export."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.utils import timezone

from integrations.models import Posting
from integrations.resources import exporting
from tests.browser.conftest import picture
from tests.flows.helpers import Company

MOST_TABS = 200
HAS_FOCUS = "element => element === document.activeElement"


def reach(page: Any, target: Any) -> None:
    """Go to something with the Tab key, as a person without a mouse does."""
    target.wait_for()
    for _ in range(MOST_TABS):
        if target.evaluate(HAS_FOCUS):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"not to be reached with the keyboard: {target}")


def press(page: Any, name: str, *, role: str = "link") -> None:
    reach(page, page.get_by_role(role, name=name).first)
    page.keyboard.press("Enter")


def write(page: Any, field: str, text: str) -> None:
    reach(page, page.locator(f"[name={field}]"))
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def look_for(page: Any, text: str) -> Any:
    """Search the list of titles; returns the rows that it shows."""
    page.goto("/admin/integrations/title/")
    reach(page, page.locator("#searchbar"))
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    page.wait_for_url("**q=*")
    return page.locator("#result_list tbody tr")


@pytest.fixture
def staff(company: Company, people: dict[str, Any], log_in: Callable[[str], Any]) -> Any:
    """The window of somebody of Operação."""
    company.tenant.members.add(people["operacao"])
    return log_in("operacao")


@pytest.mark.long
def test_a_title_is_found_in_every_way_and_one_that_is_not_here_is_explained(company: Company, staff: Any) -> None:
    contact = company.bling.add_contact(name="Papelaria Azul", document="11.222.333/0001-81", kind="J")
    number = company.add_title("payable", contact=contact, value="1234.56", document_number="NF 4711")
    company.add_title("payable", value="99.00")
    company.sync()
    kamino_id = Posting.objects.get(title__bling_id=number).kamino_id
    for text in ("papelaria", "11.222.333/0001-81", "11222333000181", "4711", "1.234,56", str(number), str(kamino_id)):
        rows = look_for(staff, text)
        assert rows.count() == 1, text
        assert "NF 4711" in rows.first.inner_text()
    absent = company.add_title("payable", contact=contact, value="77.00", document_number="NF 4712")
    look_for(staff, "4712")
    press(staff, "Procurar no Bling")
    write(staff, "bling_id", str(absent))
    press(staff, "Procurar no Bling", role="button")
    staff.get_by_text("Ainda não está aqui").wait_for()
    picture(staff, "procurar-no-bling.png", full_page=True)
    press(staff, "Trazer agora", role="button")
    staff.get_by_text("em instantes ele estará aqui").wait_for()
    company.work()
    staff.reload()
    assert "NF 4712" in staff.locator("#result_list tbody tr").first.inner_text()
    assert company.in_kamino("payable", absent) is not None


def test_a_title_is_resynced_forced_and_undone(company: Company, staff: Any) -> None:
    number = company.add_title("payable", value="1234.56", document_number="NF 4711")
    company.sync()
    look_for(staff, "NF 4711")
    reach(staff, staff.locator("#result_list tbody tr a").first)
    staff.keyboard.press("Enter")
    staff.get_by_text("Não está baixado na Kamino").first.wait_for()
    press(staff, "Copiar resposta", role="button")
    copied = staff.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("Não está baixado na Kamino porque")

    company.bling.edit_title(number, value="1300.00")
    press(staff, "Ressincronizar")
    press(staff, "Ressincronizar", role="button")
    staff.get_by_text("1 título na fila").wait_for()
    company.work()
    staff.reload()
    timeline = staff.locator(".ik-timeline").first
    assert "1.234,56" in timeline.inner_text(), timeline.inner_text()
    assert "1.300,00" in timeline.inner_text()

    press(staff, "Forçar baixa na Kamino")
    staff.get_by_text("A baixa é feita só na Kamino").first.wait_for()
    write(staff, "date", f"{company.bling.world.today:%d/%m/%Y}")
    reach(staff, staff.locator("[name=account]"))
    staff.keyboard.press("ArrowDown")
    write(staff, "reason", "Pago por Pix, combinado por telefone")
    press(staff, "Forçar baixa na Kamino", role="button")
    staff.get_by_text("ordenada").first.wait_for()
    company.work()
    assert company.in_kamino("payable", number)["Situacao"] == 2
    staff.reload()
    staff.get_by_text("Foi baixado manualmente na Kamino").first.wait_for()
    picture(staff, "titulo.png", full_page=True)

    press(staff, "Desfazer baixa manual")
    press(staff, "Desfazer baixa manual", role="button")
    staff.get_by_text("Reabra-o lá à mão").wait_for()
    company.kamino.reopen_title("payable", company.in_kamino("payable", number)["ID"])
    press(staff, "Desfazer baixa manual")
    press(staff, "Desfazer baixa manual", role="button")
    staff.get_by_text("o título volta a seguir o Bling").first.wait_for()
    assert "Desfazer baixa manual" in staff.locator(".ik-timeline").first.inner_text()


@pytest.mark.long
def test_a_filtered_list_is_taken_home(company: Company, staff: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    company.add_title("payable", value="1234.56", document_number="NF 4711")
    company.add_title("payable", value="99.00", document_number="NF 4712")
    company.sync()
    look_for(staff, "4711")
    press(staff, "Exportar")
    reach(staff, staff.locator("select[name=format]"))
    staff.keyboard.type("csv")
    with staff.expect_download() as download:
        press(staff, "Gerar arquivo", role="button")
    text = Path(download.value.path()).read_text("utf-8-sig")
    assert "1234,56" in text
    assert "NF 4712" not in text

    monkeypatch.setattr(exporting, "MOST_AT_ONCE", 1)
    staff.goto("/admin/integrations/title/")
    press(staff, "Exportar")
    reach(staff, staff.locator("select[name=format]"))
    staff.keyboard.type("xlsx")
    press(staff, "Gerar arquivo", role="button")
    staff.get_by_text("Em andamento: 0 de 2 linhas").wait_for()
    while exporting.advance_exports(clock=timezone.now):
        pass
    staff.get_by_text("Pronto até").wait_for()  # the page renews itself
    picture(staff, "exportacao.png")
    with staff.expect_download() as download:
        press(staff, "Baixar titulos-")
    rows = openpyxl.load_workbook(BytesIO(Path(download.value.path()).read_bytes())).worksheets[0].max_row
    assert rows == 1 + 2


@pytest.mark.long
def test_finance_closes_a_month_and_looks_at_what_is_open(
    company: Company, people: dict[str, Any], log_in: Callable[[str], Any]
) -> None:
    today = company.bling.world.today
    paid = company.add_title("payable", value="1234.56", document_number="NF 4711", due=today)
    company.bling.pay(paid, date=today, account=company.bank)
    company.add_title("payable", value="70.00", document_number="NF 4712", category=0)
    company.sync()
    company.tenant.members.add(people["financeiro"])
    finance = log_in("financeiro")
    finance.goto("/admin/integrations/monthclosing/")
    press(finance, "Comparar um mês")
    write(finance, "month", f"{today:%m/%Y}")
    press(finance, "Comparar", role="button")
    finance.get_by_text("Por data de baixa").wait_for()
    finance.locator("input[name=accepts_as_sent]").check()  # Kamino has no list of receivables
    press(finance, "Congelar este mês", role="button")
    finance.get_by_text("Congelado como versão 1.").wait_for()
    assert "R$\u00a070,00" in finance.inner_text("body")
    picture(finance, "fechamento.png", full_page=True)
    with finance.expect_download():
        press(finance, "Baixar a planilha")

    finance.goto("/admin/integrations/title/")
    press(finance, "Posição em aberto")
    write(finance, "day", f"{today:%d/%m/%Y}")
    press(finance, "Mostrar", role="button")
    finance.get_by_text("A vencer").first.wait_for()
    picture(finance, "posicao.png", full_page=True)
    with finance.expect_download():
        press(finance, "Baixar a planilha")


@pytest.mark.long
def test_what_needs_action_is_worked_off_by_reason(company: Company, staff: Any, people: dict[str, Any]) -> None:
    category = company.bling.add_category("Brindes para clientes", kind=3)
    company.add_title("payable", category=category, document_number="NF 1")
    company.sync()
    staff.goto("/admin/integrations/posting/")
    press(staff, "Aguardando classificação (1)")
    staff.get_by_text("Classifique os nomes no De/Para").wait_for()
    reach(staff, staff.locator("#result_list input.action-select").first)
    staff.keyboard.press("Space")
    reach(staff, staff.locator("select[name=action]"))
    staff.keyboard.type("Atribuir")
    press(staff, "Executar", role="button")
    reach(staff, staff.locator("[name=responsible]"))
    staff.keyboard.type(people["operacao"].username)
    write(staff, "comment", "Perguntei ao contador")
    press(staff, "Anotar", role="button")
    staff.get_by_text("1 título anotado").wait_for()
    staff.get_by_text("Perguntei ao contador").first.wait_for()
    picture(staff, "requer-acao.png", full_page=True)
