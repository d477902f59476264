"""Every Bling answer fits the official contract."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.server import SandboxServer
from sandbox.world import World


@pytest.fixture
def account(world: World) -> Any:
    return world.add_account("cheia", payables=120, receivables=120)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/contas/pagar", {}),
        ("/contas/receber", {"tipoFiltroData": "V", "dataInicial": "2026-06-01", "dataFinal": "2027-05-31"}),
        ("/contatos", {"criterio": 1}),
        ("/contatos/consumidor-final", {}),
        ("/categorias/receitas-despesas", {}),
        ("/contas-contabeis", {}),
        ("/formas-pagamentos", {}),
        ("/empresas/me/dados-basicos", {}),
        ("/caixas", {}),
        ("/canais-venda", {}),
    ],
)
def test_a_list_fits_the_contract(bling: Any, conforms: Any, path: str, query: dict[str, Any]) -> None:
    answer = bling.get(path, **query)
    assert answer.status_code == 200
    assert answer.json()["data"]
    conforms(path, answer.json())


def test_every_detail_fits_the_contract(bling: Any, account: Any, conforms: Any) -> None:
    book = account.bling
    details = (
        ("/contas/pagar/{idContaPagar}", [t.id for t in book.titles_of("payable")]),
        ("/contas/receber/{idContaReceber}", [t.id for t in book.titles_of("receivable")]),
        ("/borderos/{idBordero}", book.borderos),
        ("/contatos/{idContato}", book.contacts),
        ("/categorias/receitas-despesas/{idCategoria}", book.categories),
        ("/contas-contabeis/{idContaContabil}", book.accounts),
        ("/formas-pagamentos/{idFormaPagamento}", book.payment_forms),
        ("/pedidos/vendas/{idPedidoVenda}", book.sales),
        ("/canais-venda/{idCanalVenda}", book.channels),
    )
    for path, ids in details:
        for id in list(ids)[:60]:
            answer = bling.get(f"{path.split('{')[0]}{id}")
            assert answer.status_code == 200, path
            conforms(path, answer.json())


def test_rows_carry_exactly_the_documented_fields(bling: Any, server: SandboxServer) -> None:
    payable = bling.data("/contas/pagar")[0]
    assert set(payable) == {"id", "situacao", "vencimento", "valor", "contato", "formaPagamento"}
    assert set(payable["contato"]) == {"id"}
    receivable = bling.data("/contas/receber")[0]
    assert set(receivable) == {
        "id", "situacao", "vencimento", "valor", "idTransacao", "linkQRCodePix", "linkBoleto", "dataEmissao",
        "contato", "formaPagamento", "contaContabil", "origem",
    }  # fmt: skip
    assert len(str(payable["id"])) == 11
