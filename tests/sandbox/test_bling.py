"""The quirks of Bling's titles, payments and registers."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sandbox.account import Account
from sandbox.world import World

TODAY = date(2026, 11, 20)


def ids(rows: list[dict[str, Any]]) -> list[int]:
    return [row["id"] for row in rows]


def test_payables_without_dates_return_everything(bling: Any, account: Account, contact: int) -> None:
    old = account.bling.add_title("payable", "10", date(2019, 1, 5), contact)
    late = account.bling.add_title("payable", "10", date(2034, 1, 5), contact)
    assert ids(bling.data("/contas/pagar")) == [old, late]


def test_payables_take_one_status_and_ignore_the_lists_spelling(bling: Any, account: Account, contact: int) -> None:
    one = account.bling.add_title("payable", "10", TODAY, contact)
    two = account.bling.add_title("payable", "10", TODAY, contact)
    account.bling.cancel(two)
    assert ids(bling.data("/contas/pagar", situacao=5)) == [two]
    assert ids(bling.data("/contas/pagar", situacoes=[5])) == [one, two]
    assert ids(bling.data("/contas/pagar", page=2, dataAlteracaoInicial="2026-01-01")) == [one, two]


@pytest.mark.parametrize("status", [6, 7])
def test_statuses_6_and_7_are_listed_but_never_found(bling: Any, account: Account, contact: int, status: int) -> None:
    payable = account.bling.add_title("payable", "10", TODAY, contact, status=status)
    receivable = account.bling.add_title("receivable", "10", TODAY, contact, status=status)
    assert ids(bling.data("/contas/pagar")) == [payable]
    assert bling.data("/contas/pagar", situacao=status) == []
    assert ids(bling.data("/contas/receber")) == [receivable]
    assert bling.data("/contas/receber", situacoes=[status]) == []


def test_receivables_default_to_those_issued_in_the_last_year(bling: Any, account: Account, contact: int) -> None:
    add = account.bling.add_title
    recent = add("receivable", "10", TODAY + timedelta(days=400), contact, issue=TODAY)
    add("receivable", "10", TODAY, contact, issue=TODAY - timedelta(days=400))
    add("receivable", "10", TODAY, contact, issue=TODAY + timedelta(days=1))
    assert ids(bling.data("/contas/receber")) == [recent]


@pytest.mark.parametrize("direction", ["payable", "receivable"])
def test_a_title_without_a_due_date_is_listed_with_the_others(
    bling: Any, account: Account, contact: int, direction: Any
) -> None:
    due, without = (account.bling.add_title(direction, "10", TODAY, contact) for _ in range(2))
    account.bling.edit_title(without, due="0000-00-00")
    path = {"payable": "/contas/pagar", "receivable": "/contas/receber"}[direction]
    rows = bling.data(path)
    assert [(row["id"], row["vencimento"]) for row in rows] == [(without, "0000-00-00"), (due, TODAY.isoformat())]
    assert bling.data(f"{path}/{without}")["vencimento"] == "0000-00-00"
    if direction == "receivable":
        window = {"tipoFiltroData": "V", "dataInicial": TODAY.isoformat(), "dataFinal": TODAY.isoformat()}
        assert ids(bling.data(path, **window)) == [due]


def test_due_windows_without_an_end_lose_the_future(bling: Any, account: Account, contact: int) -> None:
    future = account.bling.add_title("receivable", "10", TODAY + timedelta(days=30), contact)
    due = {"tipoFiltroData": "V", "dataInicial": "2026-11-01"}
    assert bling.data("/contas/receber", **due) == []
    assert ids(bling.data("/contas/receber", **due, dataFinal="2027-10-31")) == [future]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/contas/pagar", {"dataVencimentoInicial": "2025-01-01", "dataVencimentoFinal": "2026-01-02"}),
        ("/contas/receber", {"dataInicial": "2025-01-01", "dataFinal": "2026-01-02"}),
        ("/contatos", {"dataAlteracaoInicial": "2025-01-01 00:00:00", "dataAlteracaoFinal": "2026-01-02 00:00:00"}),
    ],
)
def test_windows_longer_than_a_year_are_refused(bling: Any, path: str, query: dict[str, str]) -> None:
    answer = bling.get(path, **query)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "VALIDATION_ERROR"


def test_a_window_of_one_year_is_taken(bling: Any) -> None:
    assert bling.data("/contas/pagar", dataVencimentoInicial="2025-01-01", dataVencimentoFinal="2026-01-01") == []


@pytest.mark.parametrize("query", [{"pagina": 0}, {"limite": 0}, {"pagina": "x"}, {"dataEmissaoInicial": "ontem"}])
def test_nonsense_parameters_are_refused(bling: Any, query: dict[str, Any]) -> None:
    assert bling.get("/contas/pagar", **query).status_code == 400


def test_pages_end_with_a_short_one_and_never_exceed_100(bling: Any, account: Account, contact: int) -> None:
    for _ in range(130):
        account.bling.add_title("payable", "10", TODAY, contact)
    assert len(bling.data("/contas/pagar", limite=500)) == 100
    assert len(bling.data("/contas/pagar", pagina=2)) == 30
    assert bling.data("/contas/pagar", pagina=3) == []


def test_the_payment_feed_matches_any_payment(bling: Any, account: Account, contact: int) -> None:
    for direction in ("payable", "receivable"):
        title = account.bling.add_title(direction, "100", TODAY, contact)
        account.bling.pay(title, "40", TODAY - timedelta(days=20))
        account.bling.pay(title, date=TODAY)
    first = {"dataPagamentoInicial": "2026-10-31", "dataPagamentoFinal": "2026-11-01"}
    assert len(bling.data("/contas/pagar", **first)) == 1
    window = {"dataInicial": "2026-10-31", "dataFinal": "2026-11-01"}
    assert len(bling.data("/contas/receber", tipoFiltroData="R", **window)) == 1


def test_paying_and_reversing_move_balance_status_and_borderos(bling: Any, account: Account, contact: int) -> None:
    title = account.bling.add_title("payable", "100.00", TODAY, contact, document_number="NF 1")
    first = account.bling.pay(title, "30", interest="1.50")
    detail = bling.data(f"/contas/pagar/{title}")
    assert (detail["situacao"], detail["saldo"], detail["borderos"]) == (3, 70, [first])
    line = bling.data(f"/borderos/{first}")["pagamentos"][0]
    assert line == {
        "contato": {"id": contact}, "numeroDocumento": "NF 1", "valorPago": 30, "juros": 1.5, "desconto": 0,
        "acrescimo": 0, "tarifa": 0,
    }  # fmt: skip
    second = account.bling.pay(title)
    assert bling.data(f"/contas/pagar/{title}")["situacao"] == 2
    account.bling.reverse_payment(title, second)
    assert bling.data(f"/contas/pagar/{title}")["saldo"] == 70
    assert bling.get(f"/borderos/{second}").status_code == 404


def test_a_settled_title_is_not_paid_again(account: Account, contact: int) -> None:
    title = account.bling.add_title("payable", "10", TODAY, contact)
    account.bling.pay(title)
    with pytest.raises(ValueError, match="nothing left"):
        account.bling.pay(title)
    assert len(account.bling.borderos) == 1


def test_one_bordero_pays_several_titles(bling: Any, account: Account, contact: int) -> None:
    titles = [account.bling.add_title("receivable", value, TODAY, contact) for value in ("10", "20")]
    bordero = account.bling.pay_together(titles)
    assert [line["valorPago"] for line in bling.data(f"/borderos/{bordero}")["pagamentos"]] == [10, 20]
    account.bling.reverse_payment(titles[0], bordero)
    assert len(bling.data(f"/borderos/{bordero}")["pagamentos"]) == 1
    assert account.bling.titles[titles[0]].status == 1


def test_deletions_leave_no_trace(bling: Any, account: Account, contact: int) -> None:
    title = account.bling.add_title("payable", "10", TODAY, contact)
    bordero = account.bling.pay(title)
    account.bling.delete(title)
    answer = bling.get(f"/contas/pagar/{title}")
    assert answer.status_code == 404
    assert answer.json()["error"]["type"] == "RESOURCE_NOT_FOUND"
    assert bling.get(f"/borderos/{bordero}").status_code == 404
    assert bling.data("/contas/pagar") == []


def test_a_relaunched_title_has_the_same_content_and_a_new_id(bling: Any, account: Account, contact: int) -> None:
    origin = {"id": 5, "tipoOrigem": "venda", "numero": "9"}
    old = account.bling.add_title("receivable", "10", TODAY, contact, origin=origin, history="Venda 9")
    before = account.bling.title(old)
    new = account.bling.relaunch(old)
    assert bling.get(f"/contas/receber/{old}").status_code == 404
    assert bling.data(f"/contas/receber/{new}") == bling_form(before | {"id": new})


def bling_form(detail: dict[str, Any]) -> dict[str, Any]:
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in detail.items()}


def test_a_payable_is_not_found_among_receivables(bling: Any, account: Account, contact: int) -> None:
    title = account.bling.add_title("payable", "10", TODAY, contact)
    assert bling.get(f"/contas/receber/{title}").status_code == 404


def test_missing_dates_are_written_as_zeros(bling: Any, account: Account, contact: int) -> None:
    title = account.bling.add_title("payable", "10", TODAY, contact, issue="0000-00-00", competence="0000-00-00")
    detail = bling.data(f"/contas/pagar/{title}")
    assert (detail["dataEmissao"], detail["competencia"]) == ("0000-00-00", "0000-00-00")


def test_contacts_show_up_as_changed_only_after_an_edit(bling: Any, account: Account) -> None:
    since = {"criterio": 1, "dataAlteracaoInicial": "2026-11-19 00:00:00"}
    assert bling.data("/contatos", **since) == []
    edited = next(iter(account.bling.contacts))
    account.bling.edit_contact(edited, email="novo@example.com")
    assert ids(bling.data("/contatos", **since)) == [edited]
    assert bling.data(f"/contatos/{edited}")["email"] == "novo@example.com"


def test_contacts_without_a_criterion_are_only_the_last_ones(bling: Any, account: Account) -> None:
    for number in range(120):
        account.bling.add_contact(f"Contato {number}")
    assert bling.data("/contatos", pagina=2) == []
    assert len(bling.data("/contatos", criterio=1, pagina=2)) == len(account.bling.contacts) - 100


def test_contacts_are_found_by_document_with_letters(bling: Any, account: Account) -> None:
    wanted = account.bling.add_contact("Letras SA", "12.ABC.345/01DE-35")
    assert ids(bling.data("/contatos", criterio=1, numeroDocumento="12ABC34501DE35")) == [wanted]
    assert ids(bling.data("/contatos", criterio=1, idsContatos=[wanted])) == [wanted]


def test_category_filter_and_value_use_different_numbers(bling: Any, account: Account) -> None:
    category = account.bling.add_category("Velha", active=False)
    assert ids(bling.data("/categorias/receitas-despesas", situacao=2)) == [category]
    assert bling.data(f"/categorias/receitas-despesas/{category}")["situacao"] == 0


def test_caixas_defaults_to_this_month_and_has_text_ids(bling: Any, account: Account, contact: int) -> None:
    title = account.bling.add_title("payable", "10", TODAY, contact)
    bordero = account.bling.pay(title, date=TODAY)
    row = bling.data("/caixas")[0]
    assert isinstance(row["id"], str)
    assert row["origem"] == {"id": bordero, "tipo": "bordero"}
    assert bling.data("/caixas", dataInicial="2026-10-01", dataFinal="2026-10-31") == []


def test_the_company_shows_a_punctuated_cnpj(bling: Any, account: Account) -> None:
    company = bling.data("/empresas/me/dados-basicos")
    assert company["id"] == account.bling.company_id
    assert company["cnpj"] == account.bling.cnpj
    assert "/" in company["cnpj"]


def test_a_sale_leads_to_its_business_unit(bling: Any, account: Account, contact: int) -> None:
    channel = account.bling.add_channel("Loja", ["Matriz"])
    unit = account.bling.channels[channel].units[0][0]
    sale = account.bling.add_sale(contact, "10", channel=channel, unit=unit)
    assert bling.data(f"/pedidos/vendas/{sale}")["loja"] == {"id": channel, "unidadeNegocio": {"id": unit}}
    assert bling.data(f"/canais-venda/{channel}")["filiais"][0]["unidadeNegocio"] == "Matriz"


def test_calls_are_counted_by_route(bling: Any, account: Account) -> None:
    bling.get("/contas/pagar")
    bling.get("/contas/pagar/1")
    bling.get("/contas/pagar/2")
    assert account.bling.calls == {"GET /contas/pagar": 1, "GET /contas/pagar/{id}": 2}
    assert account.bling.request_count == len(account.bling.request_log) == 3


def test_accounts_do_not_see_each_other(world: World, bling: Any, contact: int) -> None:
    other = world.add_account("verde").bling
    title = other.add_title("payable", "10", TODAY, next(iter(other.contacts)))
    assert bling.get(f"/contas/pagar/{title}").status_code == 404
