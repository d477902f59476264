"""Bling: products and sales orders: found, created, changed, given a status. People make titles and invoices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.bling import errors, queries
from sandbox.bling.records import Sale
from sandbox.bling.state import BlingAccount
from sandbox.bling.wire_forms import STATUS_VALUES, product_row, sale_detail, sale_row
from sandbox.bling.writes import Form
from sandbox.wire import Call, HttpError, Reply, money

SAVE = "Não foi possível salvar a venda"
ALL_PRODUCTS = 5
IN, BOTH = 2, 3
"""Of a payment form (`finalidade`): what sales may have."""


def list_products(account: BlingAccount, call: Call) -> Reply:
    """GET /produtos, by `codigos[]`: exactly those. Without `criterio` only the last ones are looked through."""
    codes = set(call.query.getlist("codigos[]"))
    known = list(account.products.values())
    known = known if queries.integer(call, "criterio", 1) == ALL_PRODUCTS else known[-1:]
    found = [one for one in known if not codes or one.code in codes]
    return Reply(queries.page_of(call, sorted(found, key=lambda one: one.id), product_row))


def list_orders(account: BlingAccount, call: Call) -> Reply:
    """GET /pedidos/vendas, by `numerosLojas[]`."""
    numbers = set(call.query.getlist("numerosLojas[]"))
    found = [sale for sale in account.sales.values() if not numbers or sale.shop_number in numbers]
    return Reply(queries.page_of(call, found, lambda sale: sale_row(account, sale)))


def create_order(account: BlingAccount, call: Call) -> Reply:
    """POST /pedidos/vendas: one equal to another is refused (VENDAS 3)."""
    form = Form(call, "VENDAS", SAVE)
    values = _values(account, form)
    if any(_content(sale) == values for sale in account.sales.values()):
        form.refuse("venda", "Informações idênticas a última venda salva", code=3)
    status = form.id("situacao") or 6
    if status not in STATUS_VALUES:
        form.refuse("situacao", "Situação inválida")
    form.check()
    id = account.add_sale(values["contact"], values["total"], values["day"])
    account.edit_sale(id, **values, status=status)
    return Reply({"data": {"id": id, "alertas": [], "rastreamento": {}}}, 201)


def change_order(account: BlingAccount, call: Call, id: int) -> Reply:
    """PUT /pedidos/vendas/{id}: the whole order; one that changes nothing is refused (VENDAS 3)."""
    sale = _order(account, id)
    form = Form(call, "VENDAS", SAVE)
    values = _values(account, form)
    if _content(sale) == values:
        form.refuse("venda", "Informações idênticas a última venda salva", code=3)
    form.check()
    account.edit_sale(id, **values)
    return Reply({"data": {"id": id, "alertas": [], "rastreamento": {}}})


def set_status(account: BlingAccount, call: Call, id: int, status: int) -> Reply:
    """PATCH /pedidos/vendas/{id}/situacoes/{idSituacao}: the one that it has is refused (VENDAS 50)."""
    sale = _order(account, id)
    if status not in STATUS_VALUES:
        raise _cannot("Situação inválida", 1)
    if sale.status == status:
        raise _cannot("A venda possui a mesma situação", 50)
    account.edit_sale(id, status=status)
    return Reply(status=204)


def _values(account: BlingAccount, form: Form) -> dict[str, Any]:
    contact = account.contacts.get(form.id("contato"))
    if contact is None or contact.status == "E":
        form.refuse("contato", "O contato informado não existe")
    items = [_item(account, form, row) for row in _rows(form, "itens")]
    parcels = [_parcel(account, form, row) for row in _rows(form, "parcelas")]
    if not items:
        form.refuse("itens", "A venda deve ter ao menos um item")
    day = form.day("data", "A data da venda é inválida")
    discount = form.body.get("desconto") or {}
    freight = money((form.body.get("transporte") or {}).get("frete") or 0)
    expenses = money(form.body.get("outrasDespesas") or 0)
    subtotal = sum((quantity * value for _product, quantity, value, _text in items), Decimal(0))
    off = money(discount.get("valor") or 0)
    if discount.get("unidade") == "PERCENTUAL":
        off = money(subtotal * off / 100)
    total = money(subtotal) - off + freight + expenses
    if parcels and sum((value for _due, value, _form in parcels), Decimal(0)) != total:
        form.refuse("parcelas", "O somatório do valor das parcelas difere do total da venda", code=22)
    return {
        "contact": form.id("contato"), "day": day, "items": items, "parcels": parcels, "discount": off,
        "freight": freight, "expenses": expenses, "total": total, "shop_number": form.text("numeroLoja"),
        "notes": form.text("observacoes"), "internal_notes": form.text("observacoesInternas"),
    }  # fmt: skip


def _item(account: BlingAccount, form: Form, row: Mapping[str, Any]) -> tuple[int, Decimal, Decimal, str]:
    product = (row.get("produto") or {}).get("id", 0)
    if product not in account.products or not account.products[product].active:
        form.refuse("produto", "O produto informado não existe")
    quantity, value = Decimal(str(row.get("quantidade") or 0)), Decimal(str(row.get("valor") or 0))
    if quantity <= 0:
        form.refuse("quantidade", "A quantidade é inválida")
    return product, quantity, value, str(row.get("descricao") or "")


def _parcel(account: BlingAccount, form: Form, row: Mapping[str, Any]) -> tuple[str, Decimal, int]:
    wanted = (row.get("formaPagamento") or {}).get("id", 0)
    known = account.payment_forms.get(wanted)
    if known is None or not known.active or known.purpose not in (IN, BOTH):
        form.refuse("formaPagamento", "Id da forma de pagamento inválido.", code=12)
    try:
        due = str(date.fromisoformat(str(row.get("dataVencimento"))))
    except ValueError:
        form.refuse("dataVencimento", "A data de vencimento é inválida")
        due = ""
    return due, money(row.get("valor") or 0), wanted


def _rows(form: Form, name: str) -> list[Mapping[str, Any]]:
    found = form.body.get(name)
    return [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []


_CONTENT = ("contact", "day", "items", "parcels", "discount", "freight", "expenses", "total", "shop_number", "notes",
            "internal_notes")  # fmt: skip


def _content(sale: Sale) -> dict[str, Any]:
    return {name: getattr(sale, name) for name in _CONTENT}


def _order(account: BlingAccount, id: int) -> Sale:
    if id not in account.sales:
        raise errors.not_found()
    return account.sales[id]


def _cannot(text: str, code: int) -> HttpError:
    fields = [{"code": code, "msg": text, "element": "situacao", "namespace": "VENDAS"}]
    return errors.error(400, "VALIDATION_ERROR", SAVE, text, fields=fields)


def show_order(account: BlingAccount, call: Call, id: int) -> Reply:
    """GET /pedidos/vendas/{id}."""
    return Reply({"data": sale_detail(account, _order(account, id))})


ROUTES: tuple[tuple[str, str, str, Callable[..., Reply]], ...] = (
    ("GET", "produtos", "/produtos", list_products),
    ("GET", "pedidos-vendas", "/pedidos/vendas", list_orders),
    ("POST", "pedidos-vendas", "/pedidos/vendas", create_order),
    ("GET", "pedidos-vendas", "/pedidos/vendas/<int:id>", show_order),
    ("PUT", "pedidos-vendas", "/pedidos/vendas/<int:id>", change_order),
    ("PATCH", "pedidos-vendas", "/pedidos/vendas/<int:id>/situacoes/<int:status>", set_status),
)
