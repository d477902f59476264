"""Sales orders as they are sent (`POST /pedidos/vendas`, `PUT /pedidos/vendas/{id}`): wire names of orders are here
alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import zip_longest
from typing import Any

from integrations.bling.bodies import without_blanks
from integrations.bling.whole_orders import WholeOrder
from integrations.domain.names import fold
from integrations.domain.orders import DesiredOrder
from integrations.rest.fields import storable

_READ_ONLY = ("id", "numero", "total", "totalProdutos", "situacao", "notaFiscal")
_OURS = ("data", "contato", "itens", "parcelas", "desconto", "outrasDespesas", "observacoes", "numeroLoja")
"""What an order is that another system sent; everything else is Bling's."""


@dataclass(frozen=True)
class Filled:
    """An order with Bling's ids of what it names: its contact, products by their SKUs, payment forms by their names."""

    order: DesiredOrder
    contact_id: int
    product_ids: Mapping[str, int]
    form_ids: Mapping[str, int]


def order(filled: Filled) -> dict[str, Any]:
    """Return the body of a new order. Days that Bling may make parcels from are all the order's own."""
    wanted = filled.order
    day = str(wanted.day)
    body: dict[str, Any] = {
        "data": day, "dataSaida": day, "dataPrevista": day, "contato": {"id": filled.contact_id},
        "numeroLoja": wanted.reference, "itens": _items(filled), "parcelas": _parcels(filled),
    }  # fmt: skip
    if wanted.discount:
        body["desconto"] = {"valor": float(wanted.discount), "unidade": "REAL"}
    if wanted.freight:
        body["transporte"] = {"frete": float(wanted.freight)}
    if wanted.expenses:
        body["outrasDespesas"] = float(wanted.expenses)
    if wanted.notes:
        body["observacoes"] = wanted.notes
    return body


def changed_order(whole: WholeOrder, filled: Filled) -> dict[str, Any]:
    """Return the body that makes an order what is wanted: Bling replaces the whole, so all that it showed goes back but
    what it only answers, and over it what the order is."""
    kept = without_blanks({name: value for name, value in whole.raw.items() if name not in (*_READ_ONLY, *_OURS)})
    body = order(filled)
    shown = kept.get("transporte")
    if isinstance(shown, Mapping):
        others = {name: value for name, value in shown.items() if name != "frete"}
        body["transporte"] = {**others, **body.get("transporte", {})}
    days = {name: kept[name] for name in ("dataSaida", "dataPrevista") if name in kept}
    rows = {
        name: [_kept(before, row, of) for before, row in zip_longest(_rows(whole.raw, name), body[name]) if row]
        for name, of in (("itens", "produto"), ("parcelas", "formaPagamento"))
    }
    return {**kept, **body, **days, **rows}


def content_of(whole: WholeOrder) -> tuple[Any, ...]:
    """Return what an order in Bling is, as far as another system says it, in a form that is compared."""
    raw = whole.raw
    discount = _child(raw, "desconto")
    return (
        _text(raw.get("data")), whole.contact_id, tuple(_item_of(row) for row in _rows(raw, "itens")),
        tuple(_parcel_of(row) for row in _rows(raw, "parcelas")),
        (_number(discount.get("valor")), _text(discount.get("unidade")) if _number(discount.get("valor")) else ""),
        _number(_child(raw, "transporte").get("frete")), _number(raw.get("outrasDespesas")),
        _text(raw.get("observacoes")),
    )  # fmt: skip


def rest_of(whole: WholeOrder) -> tuple[Any, ...]:
    """Return what items and parcels of an order have beside that, in a form that is compared."""
    return tuple(
        sorted((key, str(value)) for key, value in _rest(row).items())
        for name in ("itens", "parcelas") for row in _rows(whole.raw, name)
    )  # fmt: skip


def is_alike(whole: WholeOrder, filled: Filled) -> bool:
    """Say whether an order in Bling is what is wanted, but for how its texts are written."""
    return bool(_folded(content_of(whole)) == _folded(content_wanted(filled)))


def due_dates_of(whole: WholeOrder) -> list[date]:
    """Return when the parcels of an order in Bling are due, as far as it says."""
    found = []
    for row in _rows(whole.raw, "parcelas"):
        try:
            found.append(date.fromisoformat(_text(row.get("dataVencimento"))))
        except ValueError:
            continue
    return found


def content_wanted(filled: Filled) -> tuple[Any, ...]:
    """Return the same of an order that is wanted."""
    raw = order(filled)
    return content_of(WholeOrder(0, "", "", filled.contact_id, 0, 0, 0, Decimal(0), raw))


def _items(filled: Filled) -> list[dict[str, Any]]:
    return [
        {
            "produto": {"id": filled.product_ids[item.sku]}, "codigo": item.sku, "descricao": item.description,
            "quantidade": float(item.quantity), "valor": float(item.price),
        }
        for item in filled.order.items
    ]  # fmt: skip


def _parcels(filled: Filled) -> list[dict[str, Any]]:
    return [
        {
            "dataVencimento": str(parcel.due_date), "valor": float(parcel.value),
            "formaPagamento": {"id": filled.form_ids[parcel.form]},
        }
        for parcel in filled.order.parcels
    ]  # fmt: skip


_ITEM = ("id", "produto", "codigo", "descricao", "quantidade", "valor", "desconto")
_PARCEL = ("dataVencimento", "valor", "formaPagamento")


def _rest(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an item or a parcel has beside what a bill says of it."""
    return {name: value for name, value in row.items() if name not in (*_ITEM, *_PARCEL)}


def _kept(before: Mapping[str, Any] | None, row: dict[str, Any], of: str) -> dict[str, Any]:
    """Return an item or a parcel with what people added in Bling to the one that stood there, if it is of the same."""
    is_same = before is not None and _number(_child(before, of).get("id")) == row[of]["id"]
    return {**without_blanks(_rest(before)), **row} if before is not None and is_same else row


def _folded(content: Any) -> Any:
    if isinstance(content, tuple):
        return tuple(_folded(part) for part in content)
    return fold(content) if isinstance(content, str) else content


def _item_of(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        _number(_child(row, "produto").get("id")), _number(row.get("quantidade")), _number(row.get("valor")),
        _text(row.get("descricao")), _number(row.get("desconto")),
    )  # fmt: skip


def _parcel_of(row: Mapping[str, Any]) -> tuple[Any, ...]:
    form = _child(row, "formaPagamento").get("id")
    return _text(row.get("dataVencimento")), _number(row.get("valor")), _number(form)


def _child(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = raw.get(name)
    return found if isinstance(found, Mapping) else {}


def _rows(raw: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = raw.get(name)
    return [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []


def _text(value: Any) -> str:
    return storable(str(value)).strip() if value is not None else ""


def _number(value: Any) -> Decimal:
    """Return a number however Bling writes it; what is none is 0, as what is absent."""
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return Decimal(0)
    return found.normalize() if found.is_finite() else Decimal(0)
