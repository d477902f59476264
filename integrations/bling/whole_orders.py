"""A sales order as it is read to be changed, and a product as it is found by its SKU."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from integrations.domain.money import ZERO
from integrations.rest.fields import LARGEST_CODE, Fields


@dataclass(frozen=True)
class Produto:
    """A row of GET /produtos; `codigo` is the SKU, `situacao` "A" or "I"."""

    id: int
    codigo: str
    nome: str
    situacao: str

    @classmethod
    def parse(cls, data: Fields) -> "Produto":
        return cls(data.integer("id"), data.text("codigo"), data.text("nome"), data.text("situacao"))


@dataclass(frozen=True)
class PedidoRow:
    """A row of GET /pedidos/vendas; `numero_loja` is the reference that another program gave it."""

    id: int
    numero_loja: str

    @classmethod
    def parse(cls, data: Fields) -> "PedidoRow":
        return cls(data.integer("id"), data.text("numeroLoja"))


@dataclass(frozen=True, repr=False)
class WholeOrder:
    """GET /pedidos/vendas/{id}: what is looked at before it is changed, and all of it as Bling sent it (`raw`), which
    goes back with what is changed. `status` is Bling's own number, the same in every account (1 Atendido, 2 Cancelado);
    `invoice_id` is 0 where no invoice was made. An answer that does not name status and invoice cannot be read: what it
    does not say is not absent."""

    id: int
    number: str
    reference: str
    contact_id: int
    status: int
    status_id: int
    invoice_id: int
    total: Decimal
    raw: Mapping[str, object]

    @classmethod
    def parse(cls, data: Fields) -> "WholeOrder":
        situacao, nota = data.child("situacao"), data.child("notaFiscal")
        return cls(
            id=data.integer("id"),
            number=data.text("numero"),
            reference=data.text("numeroLoja"),
            contact_id=data.child("contato").integer("id", 0),
            status=situacao.integer("valor", most=LARGEST_CODE),
            status_id=situacao.integer("id", 0),
            invoice_id=nota.integer("id"),
            total=data.money("total", ZERO),
            raw=data.data,
        )
