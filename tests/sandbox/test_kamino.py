"""Kamino: headers, envelopes, what a save does and what it refuses."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import requests

from sandbox.account import Account
from sandbox.server import SandboxServer
from sandbox.world import World

PAY, RECEIVE = "/financeiro/pagamento", "/financeiro/recebimento"
DUE = "2026-12-01"


@pytest.fixture
def person(account: Account) -> int:
    return account.kamino.add_person("Fornecedor Um", "11222333000181")


@pytest.fixture
def bank(account: Account) -> str:
    return next(iter(account.kamino.bank_accounts.values()))["IDPlanoContaAtivo"]


@pytest.fixture
def chart(account: Account) -> str:
    return next(row["IDPlanoConta"] for row in account.kamino.charts.values() if row["Nome"] == "Aluguel")


@pytest.fixture
def payable(person: int, chart: str) -> dict[str, Any]:
    return {
        "ID": 0, "IDPessoa": person, "Descricao": "Aluguel [Bling 77]", "DataVencimento": DUE,
        "DataCompetencia": "2026-11-01", "ValorVencimento": 1234.56, "Situacao": 1,
        "IDPlanoContaClassificacao": chart.strip(), "CodigoExterno": "77", "Obs": "nota",
    }  # fmt: skip


@pytest.fixture
def receivable(person: int) -> dict[str, Any]:
    return {"IDPessoa": person, "Descri": "Venda", "DtaVenc": DUE, "VlrVenc": 50, "SitConta": 1, "CodigoExterno": "9"}


def refusal(answer: requests.Response) -> str:
    assert answer.status_code == 200
    assert answer.json()["Sucesso"] is False
    return str(answer.json()["Mensagem"])


@pytest.mark.parametrize("header", ["App", "CN", "IDUsr", "Usr", "Hash"])
def test_each_of_the_five_headers_is_needed(server: SandboxServer, account: Account, header: str) -> None:
    for change in ({header: "wrong"}, {header: ""}):
        answer = requests.get(f"{server.kamino_url}/api/ping", headers=account.kamino.headers() | change, timeout=5)
        assert answer.status_code == 401
        assert answer.json()["Mensagem"]


def test_the_cn_header_chooses_the_company(server: SandboxServer, world: World, account: Account) -> None:
    other = world.add_account("verde")
    other.kamino.add_person("Só da Verde")
    url = f"{server.kamino_url}/api/pessoa/lista"
    assert requests.get(url, headers=account.kamino.headers(), timeout=5).json() == []
    assert len(requests.get(url, headers=other.kamino.headers(), timeout=5).json()) == 1


def test_a_payable_is_saved_listed_and_found(kamino: Any, account: Account, payable: Any, chart: str) -> None:
    saved = kamino.post(PAY, payable).json()
    assert saved["Sucesso"] is True
    row = account.kamino.find("payable", 77)
    assert row is not None
    assert saved["Objeto"]["ID"] == row["ID"]
    assert row["ValorVencimento"] == Decimal("1234.56")
    assert row["IDPlanoContaClassificacao"] == chart
    page = kamino.get(f"{PAY}/lista/paginada", VencDe=DUE, VencAte=DUE).json()
    assert (page["PaginaAtual"], page["TamanhoPagina"], page["TotalLinhas"], page["TotalPaginas"]) == (1, 100, 1, 1)
    listed = page["Dados"][0]
    assert listed["DataVencimento"] == listed["_DataVencimento"] == f"{DUE}T00:00:00"
    assert len(listed["IDPlanoContaClassificacao"]) == 15
    assert "CodigoExterno" not in listed
    assert kamino.get(f"{PAY}/lista/paginada", VencDe="2026-12-02").json()["Dados"] == []


def test_a_repeated_create_duplicates(kamino: Any, account: Account, payable: Any) -> None:
    kamino.post(PAY, payable)
    kamino.post(PAY, payable)
    assert len(account.kamino.find_all("payable", 77)) == 2


def test_a_save_replaces_the_whole_title(kamino: Any, account: Account, payable: Any) -> None:
    id = kamino.post(PAY, payable).json()["Objeto"]["ID"]
    kept = {name: payable[name] for name in ("IDPessoa", "Descricao", "DataVencimento", "ValorVencimento")}
    kamino.post(PAY, kept | {"ID": id})
    row = account.kamino.payables[id]
    assert (row["Obs"], row["CodigoExterno"], row["IDPlanoContaClassificacao"]) == (None, None, None)


def test_receivables_answer_with_the_object_and_count_charges(kamino: Any, account: Account, receivable: Any) -> None:
    assert kamino.post(RECEIVE, receivable).json()["ID"] in account.kamino.receivables
    assert account.kamino.charges == 0
    kamino.post(RECEIVE, receivable | {"GerarCobranca": True})
    assert account.kamino.charges == 1


LISTS = {"first": "/financeiro/recebimentos/paginada", "second": f"{RECEIVE}/lista/paginada"}


@pytest.mark.parametrize("place", ["first", "second", "none"])
def test_receivables_are_listed_at_one_of_two_places_or_nowhere(
    kamino: Any, world: World, receivable: Any, place: Any
) -> None:
    kamino.post(RECEIVE, receivable)
    world.receivable_list = place
    statuses = {name: kamino.get(path).status_code for name, path in LISTS.items()}
    assert statuses == {name: 200 if name == place else 404 for name in LISTS}


def test_only_the_generous_mode_lists_receivables_without_being_told_and_shows_codes(
    kamino: Any, world: World, receivable: Any
) -> None:
    kamino.post(RECEIVE, receivable)
    assert kamino.get(LISTS["first"]).status_code == 404
    world.generous = True
    assert kamino.get(LISTS["first"]).json()["Dados"][0]["CodigoExterno"] == "9"


def test_settling_needs_account_date_and_amount(kamino: Any, account: Account, receivable: Any, bank: str) -> None:
    id = kamino.post(RECEIVE, receivable).json()["ID"]
    paid = receivable | {"ID": id, "SitConta": 2, "DtaPagto": "2026-11-10", "VlrPagto": 50}
    assert "conta" in refusal(kamino.post(RECEIVE, paid))
    assert "data e o valor" in refusal(kamino.post(RECEIVE, receivable | {"ID": id, "SitConta": 2}))
    assert kamino.post(RECEIVE, paid | {"IDPlanoContaPagto": bank}).json()["SitConta"] == 2
    assert kamino.post(RECEIVE, paid | {"IDPlanoContaPagto": bank}).json()["ID"] == id
    assert "outra data" in refusal(kamino.post(RECEIVE, paid | {"IDPlanoContaPagto": bank, "VlrPagto": 49}))


def test_a_title_can_be_created_settled(kamino: Any, account: Account, payable: Any, bank: str) -> None:
    settled = payable | {
        "Situacao": 2, "DataPagamento": "2026-11-10", "ValorPagamento": 1234.56, "IDPlanoContaPagamento": bank,
    }  # fmt: skip
    assert kamino.post(PAY, settled).json()["Objeto"]["Situacao"] == 2


def test_only_the_generous_mode_reopens_a_settled_title(
    kamino: Any, world: World, account: Account, receivable: Any
) -> None:
    id = kamino.post(RECEIVE, receivable).json()["ID"]
    account.kamino.pay_title("receivable", id)
    assert "desfeita" in refusal(kamino.post(RECEIVE, receivable | {"ID": id}))
    world.generous = True
    assert kamino.post(RECEIVE, receivable | {"ID": id}).json()["SitConta"] == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"IDPessoa": 999}, "Pessoa não encontrada"), ({"IDPessoa": None}, "pessoa"), ({"Descricao": " "}, "descrição"),
        ({"DataVencimento": None}, "vencimento"), ({"ValorVencimento": 0}, "valor"),
        ({"IDPlanoContaClassificacao": "99999"}, "não encontrada"), ({"IDCentroCusto": 1}, "Centro de custo"),
        ({"IDUnidadeNegocio": 1}, "Unidade"), ({"ID": 424242}, "não encontrado"), ({"Situacao": 9}, "Situação"),
        ({"DataVencimento": "amanhã"}, "formato"), ({"ValorVencimento": "caro"}, "formato"),
        ({"ValorPagamento": 10}, "pendente"),
    ],
)  # fmt: skip
def test_invalid_titles_are_refused_with_http_200(
    kamino: Any, account: Account, payable: Any, change: dict[str, Any], words: str
) -> None:
    assert words in refusal(kamino.post(PAY, payable | change))
    assert account.kamino.titles("payable") == []
    assert (account.kamino.write_count, account.kamino.rejected_count) == (0, 1)


@pytest.mark.parametrize(("name", "words"), [("Conta antiga", "inativa"), ("Despesas administrativas", "lançamentos")])
def test_inactive_and_group_accounts_take_no_postings(
    kamino: Any, account: Account, payable: Any, name: str, words: str
) -> None:
    id = next(row["IDPlanoConta"] for row in account.kamino.charts.values() if row["Nome"] == name)
    assert words in refusal(kamino.post(PAY, payable | {"IDPlanoContaClassificacao": id}))


def test_cancelling_hides_a_title_once(kamino: Any, account: Account, payable: Any) -> None:
    id = kamino.post(PAY, payable).json()["Objeto"]["ID"]
    assert kamino.delete(f"{PAY}/{id}").json()["Sucesso"] is True
    assert kamino.get(f"{PAY}/lista/paginada").json()["TotalLinhas"] == 0
    assert account.kamino.find("payable", 77) is None
    assert id in account.kamino.payables
    assert "não encontrado" in refusal(kamino.delete(f"{PAY}/{id}"))
    assert "não encontrado" in refusal(kamino.post(PAY, payable | {"ID": id}))


def test_settled_and_reconciled_titles_are_not_cancelled(kamino: Any, account: Account, person: int) -> None:
    first, second = (account.kamino.add_title("receivable", person, "10", DUE, "x") for _ in range(2))
    account.kamino.pay_title("receivable", first)
    account.kamino.reconcile_title("receivable", second)
    assert "baixado" in refusal(kamino.delete(f"{RECEIVE}/{first}"))
    assert "conciliado" in refusal(kamino.delete(f"{RECEIVE}/{second}"))


def test_a_reconciled_title_keeps_value_and_date_but_not_its_texts(
    kamino: Any, account: Account, receivable: Any
) -> None:
    id = kamino.post(RECEIVE, receivable).json()["ID"]
    account.kamino.reconcile_title("receivable", id)
    assert "conciliado" in refusal(kamino.post(RECEIVE, receivable | {"ID": id, "VlrVenc": 51}))
    assert kamino.post(RECEIVE, receivable | {"ID": id, "Obs": "nova"}).json()["Obs"] == "nova"


def test_a_locked_period_takes_no_writes(kamino: Any, account: Account, payable: Any) -> None:
    id = kamino.post(PAY, payable).json()["Objeto"]["ID"]
    account.kamino.locked_until = "2026-11-30"
    assert kamino.get("/financeiro/bloqueio/lista").json()[0]["DataFim"] == "2026-11-30T00:00:00"
    for answer in (kamino.post(PAY, payable), kamino.delete(f"{PAY}/{id}")):
        assert "bloqueado" in refusal(answer)
    moved = payable | {"ID": id, "DataCompetencia": "2026-12-05"}
    assert "bloqueado" in refusal(kamino.post(PAY, moved))
    assert kamino.post(PAY, moved | {"ID": 0}).json()["Sucesso"] is True


def test_writes_can_be_refused_by_message(kamino: Any, account: Account, payable: Any) -> None:
    account.kamino.reject_next("Sem permissão", times=1, match="Aluguel")
    assert kamino.post("/pessoa/grava", {"Nome": "Outra"}).json()["ID"]
    assert refusal(kamino.post(PAY, payable)) == "Sem permissão"
    assert kamino.post(PAY, payable).json()["Sucesso"] is True


def test_payables_may_wait_for_approval(kamino: Any, account: Account, payable: Any) -> None:
    account.kamino.approval_required = True
    assert kamino.post(PAY, payable).json()["Objeto"]["Situacao"] == 3


def test_persons_are_created_replaced_and_found(kamino: Any, account: Account) -> None:
    saved = kamino.post("/pessoa/grava", {
        "Nome": "Café SA", "CPFCNPJ": "12ABC34501DE35", "Cliente": True, "ChavePix": "x", "CodigoExterno": "5",
    }).json()  # fmt: skip
    assert "CodigoExterno" not in saved
    found = kamino.get("/pessoa/lista/paginada", CPFCNPJ="12abc34501de35", ApenasAtivos="true").json()["Dados"]
    assert [row["ID"] for row in found] == [saved["ID"]]
    assert len(kamino.get("/pessoa", CPFCNPJ="12ABC34501DE35").json()) == 1
    assert len(kamino.get("/pessoa/lista/paginada", **{"filtro.nomecontem": "café"}).json()["Dados"]) == 1
    kamino.post("/pessoa/grava", {"ID": saved["ID"], "Nome": "Café SA"})
    row = account.kamino.persons[saved["ID"]]
    assert (row["ChavePix"], row["CodigoExterno"], row["Cliente"]) == (None, None, False)
    assert "nome" in refusal(kamino.post("/pessoa/grava", {"Nome": ""}))


def test_master_data_comes_as_bare_arrays(kamino: Any, account: Account) -> None:
    charts = kamino.get("/financeiro/planoconta/lista").json()
    assert all(len(row["IDPlanoConta"]) == 15 for row in charts)
    classifications = kamino.get("/financeiro/planoconta/lista", IDTipoPlanoConta=1, ApenasAtivos="true").json()
    assert len(classifications) == len(charts) - 3 - 1
    assert {row["Tipo"] for row in classifications} == {0, 1}
    assert len(kamino.get("/financeiro/centrocusto/lista").json()) == 3
    assert len(kamino.get("/financeiro/unidadenegocio/lista").json()) == 2
    assert kamino.get("/financeiro/contabanco/lista").json()[0]["IDPlanoContaAtivo"] in {
        row["IDPlanoConta"] for row in charts
    }


def test_the_export_shows_open_receivables_and_no_code(kamino: Any, account: Account, receivable: Any) -> None:
    id = kamino.post(RECEIVE, receivable | {"Descri": "Venda [Bling 9]", "VlrVenc": 1050.5}).json()["ID"]
    answer = kamino.get("/exportacao/financeiro", periodoDe=DUE, periodoAte=DUE)
    head, line = answer.content.decode().splitlines()
    row = dict(zip(head.split(";"), line.split(";"), strict=True))
    assert (row["ID"], row["Realizado"], row["ValorPrevisto"]) == (str(id), "0", "1050,50")
    assert (row["DataVencimento"], row["Descricao"]) == ("01/12/2026", "Venda [Bling 9]")
    assert "CodigoExterno" not in head


def test_movements_are_payments_only(kamino: Any, account: Account, person: int) -> None:
    title = account.kamino.add_title("payable", person, "10", DUE, "Conta")
    assert kamino.get("/financeiro/movimentoFinanceiro/lista").json() == []
    account.kamino.pay_title("payable", title, "2026-11-15")
    rows = kamino.get("/financeiro/movimentoFinanceiro/lista", PeriodoDe="2026-11-15", PeriodoAte="2026-11-15").json()
    assert [(row["ID"], row["Tipo"], row["ValorRealizado"]) for row in rows] == [(title, 1, 10)]


def test_unknown_paths_and_bodies_fail_like_aspnet(kamino: Any, account: Account) -> None:
    assert kamino.get("/pessoa/1").status_code == 404
    assert kamino.get("/pessoa/grava").status_code == 404
    answer = kamino.session.post(f"{kamino.base}{PAY}", data="not json", timeout=5)
    assert "JSON" in refusal(answer)
