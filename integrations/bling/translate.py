"""Bling's words end here: wire records become the domain's facts."""

import hashlib

from integrations.bling import records
from integrations.domain.documents import compact
from integrations.domain.titles import (
    BorderoFacts,
    BorderoLine,
    Direction,
    PersonFacts,
    SalesOrderFacts,
    TitleFacts,
    TitleRow,
)


def title_row(direction: Direction, row: records.ContaRow) -> TitleRow:
    """Translate a listing row; its fingerprint covers every field that the row shows."""
    return TitleRow(
        direction=direction,
        bling_id=row.id,
        status_number=row.situacao,
        due_date=row.vencimento,
        value=row.valor,
        contact_id=row.contato_id,
        fingerprint=row_fingerprint(row),
    )


def row_fingerprint(row: records.ContaRow) -> str:
    """Fingerprint what a listing row shows; a detail has the same fields, so both give the same result."""
    shown = (row.situacao, row.vencimento, row.valor, row.contato_id, row.forma_pagamento_id)
    return hashlib.sha256(repr([str(part) for part in shown]).encode()).hexdigest()[:32]


def title(direction: Direction, conta: records.Conta) -> TitleFacts:
    """Translate a title's detail."""
    return TitleFacts(
        direction=direction,
        bling_id=conta.id,
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
        account_id=conta.portador_id,
        payment_form_id=conta.forma_pagamento_id,
        bordero_ids=tuple(sorted(conta.borderos)),
        origin_kind=conta.origem_tipo[:40],
        origin_id=conta.origem_id,
        origin_number=conta.origem_numero[:60],
        origin_status=conta.origem_situacao,
    )


def bordero(record: records.Bordero) -> BorderoFacts:
    """Translate a borderô: one payment event, possibly for several titles."""
    return BorderoFacts(
        bling_id=record.id,
        date=record.data,
        account_id=record.portador_id,
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
