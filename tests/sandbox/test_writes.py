"""What other programs write into the sandbox's Bling."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from sandbox.account import Account

DUE = date(2027, 1, 15)
SUPPLIER = {"nome": "Gráfica Sol", "tipo": "J", "situacao": "A"}


def payable(account: Account, contact: int, **changes: Any) -> dict[str, Any]:
    body = {
        "vencimento": str(DUE), "valor": 12.5, "contato": {"id": contact}, "competencia": "2027-01-01",
        "dataEmissao": "2026-11-20", "historico": "Papel [#KAAAAAAAAAA]", "ocorrencia": {"tipo": 1},
    }  # fmt: skip
    return {name: value for name, value in {**body, **changes}.items() if value is not None}


def fields_of(answer: Any) -> list[str]:
    return [field["element"] for field in answer.json()["error"]["fields"]]


def test_a_payable_stands_there_as_it_was_sent(bling: Any, account: Account, contact: int) -> None:
    answer = bling.post("/contas/pagar", payable(account, contact, numeroDocumento="NF 1", cliente="ignored"))
    assert answer.status_code == 201
    shown = bling.data(f"/contas/pagar/{answer.json()['data']['id']}")
    assert shown["valor"] == 12.5
    assert (shown["historico"], shown["numeroDocumento"]) == ("Papel [#KAAAAAAAAAA]", "NF 1")
    assert shown["situacao"] == 1


@pytest.mark.parametrize(
    ("changes", "element"),
    [
        ({"valor": 0}, "valor"),
        ({"valor": "abc"}, "valor"),
        ({"vencimento": None}, "vencimento"),
        ({"competencia": None}, "competencia"),
        ({"contato": {"id": 1}}, "contato"),
        ({"categoria": {"id": 1}}, "categoria"),
        ({"portador": {"id": 1}}, "portador"),
        ({"formaPagamento": {"id": 1}}, "formaPagamento"),
        ({"ocorrencia": {"tipo": 17}}, "ocorrencia"),
        ({"ocorrencia": {"tipo": 3}}, "diaVencimento"),
    ],
)
def test_what_a_payable_lacks_is_named(
    bling: Any, account: Account, contact: int, changes: dict[str, Any], element: str
) -> None:
    before = len(account.bling.titles)
    answer = bling.post("/contas/pagar", payable(account, contact, **changes))
    assert answer.status_code == 400
    assert fields_of(answer) == [element]
    assert len(account.bling.titles) == before


def test_a_revenue_category_is_refused(bling: Any, account: Account, contact: int) -> None:
    revenue = account.bling.add_category("Só receita", kind=2)
    answer = bling.post("/contas/pagar", payable(account, contact, categoria={"id": revenue}))
    assert fields_of(answer) == ["categoria"]


def test_a_cnpj_is_there_once_unless_it_has_letters(bling: Any) -> None:
    for document, statuses in (("98765432000198", [201, 400]), ("12ABC34501DE35", [201, 201])):
        answers = [bling.post("/contatos", {**SUPPLIER, "numeroDocumento": document}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == statuses


@pytest.mark.parametrize(
    ("changes", "element"),
    [({"nome": ""}, "nome"), ({"tipo": ""}, "tipo"), ({"situacao": ""}, "situacao"), ({"telefone": "99"}, "fone")],
)
def test_what_a_contact_lacks_is_named(bling: Any, changes: dict[str, Any], element: str) -> None:
    assert fields_of(bling.post("/contatos", {**SUPPLIER, **changes})) == [element]


def test_a_changed_contact_keeps_what_was_not_sent(bling: Any, account: Account) -> None:
    id = account.bling.add_contact("Antigo", email="a@b.example", fantasia="Sol", types=("Fornecedor",))
    assert bling.put(f"/contatos/{id}", {**SUPPLIER, "email": "novo@b.example"}).status_code == 204
    found = account.bling.contacts[id]
    assert (found.name, found.email, found.fantasia, found.types) == (
        "Gráfica Sol", "novo@b.example", "Sol", ("Fornecedor",)
    )  # fmt: skip


def baixa(account: Account, bank: int) -> dict[str, Any]:
    return {
        "data": "2026-11-20", "usarDataVencimento": False, "portador": {"id": bank},
        "categoria": {"id": account.bling.add_category("Despesas", kind=1)}, "historico": "Baixa",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["data", "usarDataVencimento", "portador", "categoria", "historico"])
def test_what_a_settlement_lacks_is_named(bling: Any, account: Account, contact: int, name: str) -> None:
    title = account.bling.add_title("payable", "100", DUE, contact)
    body = baixa(account, next(iter(account.bling.accounts)))
    del body[name]
    assert fields_of(bling.post(f"/contas/pagar/{title}/baixar", body)) == [name]
    assert account.bling.titles[title].borderos == []


def test_a_settlement_is_a_bordero_and_taking_it_back_opens_the_title(
    bling: Any, account: Account, contact: int
) -> None:
    title = account.bling.add_title("payable", "100", DUE, contact)
    bank = next(iter(account.bling.accounts))
    body = baixa(account, bank)
    part = bling.post(f"/contas/pagar/{title}/baixar", {**body, "valorRecebido": 40})
    assert part.status_code == 200
    assert bling.data(f"/contas/pagar/{title}")["saldo"] == 60
    assert bling.post(f"/contas/pagar/{title}/baixar", body).status_code == 200
    assert bling.post(f"/contas/pagar/{title}/baixar", body).status_code == 400
    assert bling.delete(f"/contas/pagar/{title}").status_code == 400
    for bordero in bling.data(f"/contas/pagar/{title}")["borderos"]:
        assert bling.delete(f"/borderos/{bordero}").status_code == 204
    assert bling.data(f"/contas/pagar/{title}")["situacao"] == 1
    assert bling.delete(f"/contas/pagar/{title}").status_code == 204
    assert bling.get(f"/contas/pagar/{title}").status_code == 404


def test_an_app_that_may_only_read_writes_nothing(bling: Any, account: Account, contact: int) -> None:
    account.bling.missing_scopes = {"contas-pagar:write"}
    assert bling.get("/contas/pagar").status_code == 200
    answer = bling.post("/contas/pagar", payable(account, contact))
    assert (answer.status_code, answer.json()["error"]["type"]) == (403, "insufficient_scope")


def test_what_cannot_be_written_does_not_exist(bling: Any) -> None:
    assert bling.post("/contas/receber", {}).status_code == 404
