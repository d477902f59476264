"""What requests and answers about bills hold."""

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from ninja import Field, Schema
from pydantic import AfterValidator, BeforeValidator, ConfigDict, StringConstraints

from integrations.api.errors import Refused, invalid
from integrations.api.schemas import DadosDoCliente, Ref, plain
from integrations.api.states import Estado
from integrations.domain.money import CENT, ZERO
from integrations.domain.orders import (
    MOST_ITEMS,
    MOST_PARCELS,
    DesiredOrder,
    NoSumError,
    OrderItem,
    OrderParcel,
    check_parcels,
    split,
    total_of,
)
from integrations.pipeline.bills.accept import GivenBill
from integrations.rest.fields import LARGEST

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)
HUNDRED = Decimal(100)


def _in_our_time(value: date) -> date:
    if not FIRST_DAY <= value <= LAST_DAY:
        raise ValueError("fora do intervalo de 2000 a 2100")
    return value


Day = Annotated[date, AfterValidator(_in_our_time)]
Money = Annotated[Decimal, Field(ge=0, max_digits=10, decimal_places=2)]
Price = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=4)]
Quantity = Annotated[Decimal, Field(gt=0, max_digits=12, decimal_places=4)]
Percent = Annotated[Decimal, Field(ge=0, le=100, decimal_places=4)]
Sku = Annotated[str, BeforeValidator(plain), StringConstraints(min_length=1, max_length=60)]
Line = Annotated[str, BeforeValidator(plain), StringConstraints(min_length=1, max_length=120)]
Notes = Annotated[str, BeforeValidator(plain), StringConstraints(max_length=1000)]


class Item(Schema):
    """Um item, que o Bling conhece pelo SKU."""

    model_config = ConfigDict(extra="forbid")

    sku: Sku = Field(..., description="O código do produto ou serviço no Bling, exatamente")
    descricao: Line
    quantidade: Quantity
    valor: Price = Field(..., description="De uma unidade")


class Parcela(Schema):
    """O que vence quando. Sem `valor` em nenhuma, o total é dividido; o resto vai na última."""

    model_config = ConfigDict(extra="forbid")

    vencimento: Day
    forma_pagamento: Line = Field(..., description="O nome da forma de pagamento no Bling, como Boleto ou Pix")
    valor: Money | None = None


class ClienteDaFatura(DadosDoCliente):
    """O cliente, quando o sistema não o enviou antes. Um contato que o Bling já tem não é mudado por uma fatura."""


class Fatura(Schema):
    """Uma fatura, que vira um pedido de venda no Bling. A nota é emitida por uma pessoa, lá."""

    model_config = ConfigDict(extra="forbid")

    versao: int = Field(..., ge=1, le=LARGEST, description="Cresce a cada mudança; a mesma versão de novo não faz nada")
    data: Day
    cliente_ref: Ref | None = Field(None, description="A referência de um cliente que este sistema enviou")
    cliente: ClienteDaFatura | None = Field(None, description="Em vez de `cliente_ref`")
    itens: list[Item] = Field(..., min_length=1, max_length=MOST_ITEMS)
    parcelas: list[Parcela] = Field(..., min_length=1, max_length=MOST_PARCELS)
    desconto: Money = Field(ZERO, description="Em reais, sobre os itens")
    desconto_percentual: Percent = Field(ZERO, description="Em vez de `desconto`; arredondado ao centavo")
    frete: Money = ZERO
    outras_despesas: Money = ZERO
    observacoes: Notes = ""

    def to_given(self, ref: str) -> GivenBill:
        """Return what the system says in the terms of the domain. Raises `Refused` for what does not make a whole."""
        if (self.cliente_ref is None) == (self.cliente is None):
            raise invalid("cliente", "informe `cliente_ref` ou `cliente`, um dos dois")
        if self.desconto and self.desconto_percentual:
            raise invalid("desconto", "informe `desconto` ou `desconto_percentual`, não os dois")
        items = tuple(OrderItem(one.sku, one.descricao, one.quantidade, one.valor) for one in self.itens)
        try:
            order = self._order(items)
        except NoSumError as error:
            raise _no_sum(error) from error
        customer = self.cliente.to_contact() if self.cliente else None
        return GivenBill(ref, self.versao, order, self.cliente_ref or "", customer)

    def _order(self, items: Sequence[OrderItem]) -> DesiredOrder:
        discount = self.desconto
        if self.desconto_percentual:
            share = sum((item.value for item in items), ZERO) * self.desconto_percentual / HUNDRED
            discount = share.quantize(CENT, rounding=ROUND_HALF_UP)
        total = total_of(items, discount, self.frete, self.outras_despesas)
        given = [one.valor for one in self.parcelas]
        values = split(total, len(given)) if all(value is None for value in given) else [one or ZERO for one in given]
        parcels = tuple(
            OrderParcel(one.vencimento, value, one.forma_pagamento)
            for one, value in zip(self.parcelas, values, strict=True)
        )
        check_parcels(parcels, total)
        return DesiredOrder(
            day=self.data, items=tuple(items), parcels=parcels, reference="", discount=discount, freight=self.frete,
            expenses=self.outras_despesas, notes=self.observacoes,
        )  # fmt: skip


class SituacaoDaFatura(Schema):
    """O que foi feito de uma fatura."""

    ref: str
    versao: int
    estado: Estado
    motivo: str = Field("", description="Código do motivo, em inglês; vazio quando não há")
    mensagem: str = Field("", description="A mesma frase que as pessoas leem")
    bling_id: int | None = Field(None, description="O pedido de venda no Bling")
    numero: str = Field("", description="O número do pedido no Bling")


def _no_sum(error: NoSumError) -> Refused:
    said = {
        "itens": "a soma dos itens tem fração de centavo",
        "total": f"o total de {error.wanted} não é aceito",
        "parcelas": f"as parcelas não somam o total de {error.wanted}, ou uma não tem valor",
    }
    return invalid(error.field, said[error.field])
