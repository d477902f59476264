"""What goes back with a changed order, and what counts as somebody's change."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from integrations.bling import order_bodies
from integrations.bling.order_bodies import Filled
from integrations.bling.whole_orders import WholeOrder
from integrations.domain.orders import DesiredOrder, OrderItem, OrderParcel
from integrations.rest.errors import InternalError
from integrations.rest.fields import Fields

DAY = date(2026, 12, 10)
ORDER = DesiredOrder(
    DAY, (OrderItem("A", "Visita", Decimal(1), Decimal(34)),), (OrderParcel(DAY, Decimal(34), "Pix"),), "BK-ABC"
)
FILLED = Filled(ORDER, 7, {"A": 2}, {"Pix": 5})


def shown(**changes: Any) -> WholeOrder:
    """Return the order as Bling shows it, with what people added there."""
    item = {
        "id": 9, "produto": {"id": 2}, "codigo": "A", "descricao": "Visita", "quantidade": 1, "valor": 34,
        "desconto": 0, "unidade": "HR", "naturezaOperacao": {"id": 8},
    }  # fmt: skip
    parcel = {
        "id": 4, "dataVencimento": "2026-12-10", "valor": 34, "formaPagamento": {"id": 5}, "observacoes": "boleto 77",
    }  # fmt: skip
    raw = {
        "id": 1, "numero": 3, "numeroLoja": "BK-ABC", "data": "2026-12-10", "contato": {"id": 7}, "itens": [item],
        "parcelas": [parcel], "situacao": {"id": 6, "valor": 0}, "notaFiscal": {"id": 0}, "vendedor": {"id": 6},
        "total": 34, **changes,
    }  # fmt: skip
    return WholeOrder.parse(Fields(raw, "x"))


def test_what_people_added_goes_back() -> None:
    wanted = replace(ORDER, freight=Decimal(2), parcels=(OrderParcel(DAY, Decimal(36), "Pix"),))
    body = order_bodies.changed_order(shown(), replace(FILLED, order=wanted))
    [item], [parcel] = body["itens"], body["parcelas"]
    assert (item["unidade"], item["naturezaOperacao"], item["quantidade"]) == ("HR", {"id": 8}, 1.0)
    assert (parcel["observacoes"], parcel["valor"], body["vendedor"]) == ("boleto 77", 36.0, {"id": 6})
    assert not {"id", "situacao", "notaFiscal", "total", "numero"} & set(body)


def test_an_item_of_another_product_brings_nothing_along() -> None:
    body = order_bodies.changed_order(shown(), replace(FILLED, product_ids={"A": 3}))
    assert "unidade" not in body["itens"][0]


def test_an_item_s_own_discount_is_not_the_bill_s() -> None:
    given = shown().raw["itens"][0] | {"desconto": 5}  # type: ignore[index]
    whole = shown(itens=[given])
    assert not order_bodies.is_alike(whole, FILLED)
    assert "desconto" not in order_bodies.changed_order(whole, FILLED)["itens"][0]


def test_what_a_bill_does_not_say_is_compared_apart() -> None:
    plain = shown(parcelas=[{"dataVencimento": "2026-12-10", "valor": 34, "formaPagamento": {"id": 5}}])
    assert order_bodies.content_of(plain) == order_bodies.content_of(shown()) == order_bodies.content_wanted(FILLED)
    assert order_bodies.rest_of(plain) != order_bodies.rest_of(shown())


@pytest.mark.parametrize("lacking", ["situacao", "notaFiscal"])
def test_an_order_that_does_not_name_its_status_or_invoice_cannot_be_read(lacking: str) -> None:
    with pytest.raises(InternalError, match=lacking):
        shown(**{lacking: None})
