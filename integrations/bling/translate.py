"""Bling's words end here: wire records become the domain's facts."""

from integrations.bling import records
from integrations.bling.contacts import WholeContact
from integrations.domain.documents import compact
from integrations.domain.payables import DesiredContact
from integrations.domain.titles import (
    BorderoFacts,
    BorderoLine,
    Direction,
    InvoiceStatus,
    Origin,
    PersonFacts,
    SalesOrderFacts,
    TitleFacts,
    TitleRow,
    TitleStatus,
)

# Bling: `situacao` of contas a pagar and contas a receber, 1 to 7. The invoice, sale and boleto numbers differ.
STATUS_BY_NUMBER = {
    1: TitleStatus.OPEN,
    2: TitleStatus.SETTLED,
    3: TitleStatus.PARTIAL,
    4: TitleStatus.RETURNED,
    5: TitleStatus.CANCELLED,
    6: TitleStatus.PARTLY_RETURNED,
    7: TitleStatus.CONFIRMED,
}
STATUS_NUMBERS = {status: number for number, status in STATUS_BY_NUMBER.items()}
SALE_WORD = "venda"
"""Bling: the one documented `origem.tipoOrigem`. An invoice's origin names no sales order, so such titles have none."""
INVOICE_WORDS = ("nota", "nfe", "nfce", "nf-e", "invoice")
"""What an invoice is called in `origem.tipoOrigem` is unconfirmed."""
INVOICE_STATUS_BY_NUMBER = {
    3: InvoiceStatus.CANCELLED,
    6: InvoiceStatus.AUTHORISED,
    7: InvoiceStatus.DANFE_ISSUED,
    10: InvoiceStatus.DENIED,
}
"""Bling: `origem.situacao` of an invoice (3 Cancelada, 6 Autorizada, 7 Emitida DANFE, 10 Denegada). A sale's numbers
mean other things."""
SALE_STATUS_BY_NUMBER = {1: InvoiceStatus.FULFILLED, 2: InvoiceStatus.CANCELLED}
"""Bling: `origem.situacao` of a sale (1 Atendido, 2 Cancelado)."""


def status_of(number: int) -> TitleStatus:
    """Translate Bling's number; one that we do not know is `UNKNOWN` and never settles or cancels anything."""
    return STATUS_BY_NUMBER.get(number, TitleStatus.UNKNOWN)


def origin_of(kind: str) -> Origin:
    """Translate Bling's word for what a title comes from."""
    word = kind.lower()
    if word == SALE_WORD:
        return Origin.SALE
    return Origin.INVOICE if any(part in word for part in INVOICE_WORDS) else Origin.OTHER


def invoice_status_of(origin: Origin, number: int) -> InvoiceStatus:
    """Translate the status of a title's invoice or sale; `OTHER` where its origin is none."""
    numbers = {Origin.INVOICE: INVOICE_STATUS_BY_NUMBER, Origin.SALE: SALE_STATUS_BY_NUMBER}
    return numbers.get(origin, {}).get(number, InvoiceStatus.OTHER)


def title_row(direction: Direction, row: records.ContaRow) -> TitleRow:
    """Translate a listing row."""
    return TitleRow(
        direction=direction,
        bling_id=row.id,
        status=status_of(row.situacao),
        status_number=row.situacao,
        due_date=row.vencimento,
        value=row.valor,
        contact_id=row.contato_id,
        payment_form_id=row.forma_pagamento_id,
    )


def title(direction: Direction, conta: records.Conta) -> TitleFacts:
    """Translate a title's detail."""
    origin = origin_of(conta.origem_tipo[:40])
    return TitleFacts(
        direction=direction,
        bling_id=conta.id,
        status=status_of(conta.situacao),
        status_number=conta.situacao,
        due_date=conta.vencimento,
        value=conta.valor,
        balance=conta.saldo,
        contact_id=conta.contato_id,
        issue_date=conta.data_emissao,
        competence_date=conta.competencia,
        document_number=conta.numero_documento[:100],
        history=conta.historico,
        category_id=conta.categoria_id,
        split_category_ids=() if conta.categorias == (conta.categoria_id,) else conta.categorias,
        account_id=conta.portador_id,
        payment_form_id=conta.forma_pagamento_id,
        bordero_ids=tuple(sorted({bordero for bordero in conta.borderos if bordero})),
        origin_kind=conta.origem_tipo[:40],
        origin_id=conta.origem_id,
        origin_number=conta.origem_numero[:60],
        origin_status=conta.origem_situacao,
        origin=origin,
        invoice_status=invoice_status_of(origin, conta.origem_situacao),
    )


def bordero(record: records.Bordero) -> BorderoFacts:
    """Translate a borderô: one payment event, possibly for several titles."""
    return BorderoFacts(
        bling_id=record.id,
        date=record.data,
        account_id=record.portador_id,
        category_id=record.categoria_id,
        history=record.historico,
        lines=tuple(
            BorderoLine(
                contact_id=line.contato_id,
                document_number=line.numero_documento[:100],
                amount=line.valor_pago,
                interest=line.juros,
                discount=line.desconto,
                surcharge=line.acrescimo,
                fee=line.tarifa,
            )
            for line in record.pagamentos
        ),
    )


def person(contato: records.Contato, *, is_final_consumer: bool = False) -> PersonFacts:
    """Translate a contact."""
    return PersonFacts(
        bling_id=contato.id,
        name=contato.nome[:255],
        document=compact(contato.numero_documento)[:40],
        trade_name=contato.fantasia[:255],
        kind=contato.tipo[:2],
        email=contato.email[:255],
        street=contato.endereco[:255],
        number=contato.numero[:40],
        complement=contato.complemento[:255],
        district=contato.bairro[:255],
        city=contato.municipio[:255],
        state=contato.uf[:10],
        postal_code=contato.cep[:20],
        is_final_consumer=is_final_consumer,
        category_id=contato.categoria_id,
        type_ids=contato.tipos,
    )


def order(pedido: records.PedidoVenda) -> SalesOrderFacts:
    """Translate a sales order: Bling calls a channel `loja`."""
    return SalesOrderFacts(pedido.id, pedido.loja_id, pedido.unidade_id)


def whole_contact(contato: records.ContatoInteiro) -> WholeContact:
    """Translate a contact that is read to be changed."""
    facts = person(contato)
    names = (
        "name", "document", "trade_name", "kind", "email", "street", "number", "complement", "district", "city",
        "state", "postal_code",
    )  # fmt: skip
    contact = DesiredContact(
        **{name: getattr(facts, name) for name in names},
        state_registration=contato.ie, phone=contato.telefone, mobile=contato.celular,
    )  # fmt: skip
    return WholeContact(contato.id, contact, contato.situacao == "E", contato.tipos, contato.shown)
