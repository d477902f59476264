"""What is read of Bling for sales orders that we write."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from integrations.bling.rows import Rows
from integrations.bling.whole_orders import PedidoRow, Produto, WholeOrder
from integrations.rest.fields import Fields

_ORDERS, _PRODUCTS, _RECEIVABLES = "/pedidos/vendas", "/produtos", "/contas/receber"


class OrderReads:
    """A part of the client (`bling/client.BlingClient`)."""

    _all: Any
    _detail: Any

    def products(self, skus: Iterable[str]) -> Rows[Produto]:
        """Return the products and services that Bling finds by their SKUs (GET /produtos, `codigos[]`; without
        `criterio` it shows only the last ones). Raises `FilterIgnoredError`."""
        wanted = set(skus)
        found: Rows[Produto] = self._all(
            _PRODUCTS, Produto.parse, [("criterio", "5"), *(("codigos[]", sku) for sku in sorted(wanted))]
        )
        return found.asked(lambda row: row.codigo in wanted, f"GET {_PRODUCTS}")

    def orders_with(self, reference: str) -> Rows[PedidoRow]:
        """Return the orders that have a reference of ours (Bling: `numerosLojas[]`). Raises `FilterIgnoredError`."""
        found: Rows[PedidoRow] = self._all(_ORDERS, PedidoRow.parse, [("numerosLojas[]", reference)])
        return found.asked(lambda row: row.numero_loja == reference, f"GET {_ORDERS}")

    def whole_order(self, bling_id: int) -> WholeOrder:
        """Return one order as it can be sent back changed. Raises `NotFoundError`."""
        found: WholeOrder = self._detail(_ORDERS, bling_id, WholeOrder.parse)
        return found

    def receivables_of(self, order_id: int, contact_id: int, start: date, end: date) -> Sequence[int]:
        """Return the ids of the receivables of an order, of those of its contact that are due within a span (GET
        /contas/receber: a row names its `origem`). Raises `IncompleteError` for a list that cannot be read whole: a row
        that names no `origem` may be of any order."""

        def parse(row: Fields) -> tuple[int, int]:
            shown = row.integer("idOrigem", 0)
            return row.integer("id"), shown or row.child("origem").integer("id")

        query = [
            ("idContato", str(contact_id)), ("tipoFiltroData", "V"), ("dataInicial", str(start)),
            ("dataFinal", str(end)),
        ]  # fmt: skip
        rows: Rows[tuple[int, int]] = self._all(_RECEIVABLES, parse, query)
        return [number for number, origin in rows.whole(f"GET {_RECEIVABLES}") if origin == order_id]
