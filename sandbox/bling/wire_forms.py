"""Bling's wire shapes: Portuguese field names, exactly the documented fields of rows and details."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.bling.records import (
    Account,
    Bordero,
    CashEntry,
    Category,
    Channel,
    Contact,
    PaymentForm,
    PaymentLine,
    Product,
    Sale,
    Title,
)
from sandbox.bling.titles_book import TitleBook
from sandbox.wire import ZERO_DATE, iso

Wire = dict[str, Any]

#: Titles without a document behind them.
NO_ORIGIN: Wire = {
    "id": 0,
    "tipoOrigem": "",
    "numero": "",
    "dataEmissao": ZERO_DATE,
    "valor": 0,
    "situacao": 0,
    "url": "",
}
ADDRESS_FIELDS = ("endereco", "cep", "bairro", "municipio", "uf", "numero", "complemento")
TYPE_IDS = {"Cliente": 1, "Fornecedor": 2, "Transportador": 3}


def payable_row(title: Title) -> Wire:
    """Return a row of GET /contas/pagar: no name, issue date, history, category or balance."""
    return {
        "id": title.id,
        "situacao": title.status,
        "vencimento": iso(title.due),
        "valor": title.value,
        "contato": {"id": title.contact},
        "formaPagamento": {"id": title.payment_form},
    }


def receivable_row(book: TitleBook, title: Title) -> Wire:
    """Return a row of GET /contas/receber."""
    contact = book.contacts.get(title.contact)
    account = book.accounts.get(title.account)
    form = book.payment_forms.get(title.payment_form)
    origin = NO_ORIGIN | (title.origin or {})
    return ({"idOrigem": origin["id"]} if book.shows_origin_ids else {}) | {
        "id": title.id,
        "situacao": title.status,
        "vencimento": iso(title.due),
        "valor": title.value,
        "idTransacao": "",
        "linkQRCodePix": "",
        "linkBoleto": "",
        "dataEmissao": iso(title.issue),
        "contato": {
            "id": title.contact,
            "nome": contact.name if contact else "",
            "numeroDocumento": contact.document if contact else "",
            "tipo": contact.kind if contact else "",
        },
        "formaPagamento": {"id": title.payment_form, "codigoFiscal": form.code if form else 99},
        "contaContabil": {"id": title.account, "descricao": account.name if account else ""},
        "origem": origin,
    }


def title_detail(book: TitleBook, title: Title) -> Wire:
    """Return GET /contas/pagar/{id} or /contas/receber/{id}; only here are balance, category and payments."""
    row = payable_row(title) if title.direction == "payable" else receivable_row(book, title)
    detail = row | {
        "saldo": title.balance,
        "dataEmissao": iso(title.issue),
        "vencimentoOriginal": iso(title.original_due),
        "numeroDocumento": title.document_number,
        "competencia": iso(title.competence),
        "historico": title.history,
        "numeroBanco": "",
        "portador": {"id": title.account},
        "categoria": {"id": title.category},
        "borderos": list(title.borderos),
        "ocorrencia": _occurrence(title),
    }
    if title.split:
        detail["categorias"] = [{"id": category, "valor": value} for category, value in title.split]
    return detail if title.direction == "payable" else detail | {"vendedor": {"id": 0}}


def _occurrence(title: Title) -> Wire:
    if title.installments == 1:
        return {"tipo": 1}
    return {
        "tipo": 2,
        "considerarDiasUteis": False,
        "diaVencimento": title.due.day if title.due else 0,
        "numeroParcelas": title.installments,
    }


def bordero_detail(bordero: Bordero, *, paid_is_net: bool) -> Wire:
    """Return GET /borderos/{id}: `data` inside it is the payment date, and a line has no title id."""
    return {
        "id": bordero.id,
        "data": iso(bordero.day),
        "historico": bordero.history,
        "portador": {"id": bordero.account},
        "categoria": {"id": bordero.category},
        "pagamentos": [_line(line, paid_is_net) for line in bordero.lines],
    }


def _line(line: PaymentLine, paid_is_net: bool) -> Wire:
    return {
        "contato": {"id": line.contact},
        "numeroDocumento": line.document_number,
        "valorPago": money_moved(line) if paid_is_net else line.amount,
        "juros": line.interest,
        "desconto": line.discount,
        "acrescimo": line.surcharge,
        "tarifa": line.fee,
    }


def money_moved(line: PaymentLine) -> Decimal:
    """Return what left or entered the account for one payment line."""
    return line.amount + line.interest + line.surcharge - line.discount - line.fee


def contact_row(contact: Contact) -> Wire:
    """Return a row of GET /contatos."""
    return {
        "id": contact.id,
        "nome": contact.name,
        "codigo": contact.code,
        "situacao": contact.status,
        "numeroDocumento": contact.document,
        "telefone": contact.phone,
        "celular": contact.mobile,
    }


def contact_detail(contact: Contact) -> Wire:
    """Return GET /contatos/{id}; there is no change timestamp in it."""
    general = {name: contact.address.get(name, "") for name in ADDRESS_FIELDS}
    return contact_row(contact) | {
        "fantasia": contact.fantasia,
        "tipo": contact.kind,
        "indicadorIe": 9,
        "ie": "",
        "rg": "",
        "inscricaoMunicipal": "",
        "orgaoEmissor": "",
        "email": contact.email,
        "emailNotaFiscal": contact.email,
        "orgaoPublico": "N",
        "endereco": {"geral": general, "cobranca": dict.fromkeys(ADDRESS_FIELDS, "")},
        "vendedor": {"id": 0},
        "dadosAdicionais": {"dataNascimento": ZERO_DATE, "sexo": "M", "naturalidade": ""},
        "financeiro": {"limiteCredito": 0, "condicaoPagamento": "", "categoria": {"id": contact.category}},
        "pais": {"nome": ""},
        "tiposContato": [{"id": TYPE_IDS.get(name, 9), "descricao": name} for name in contact.types],
        "pessoasContato": [],
    }


def category_row(category: Category) -> Wire:
    """Return a row of GET /categorias/receitas-despesas."""
    return {
        "id": category.id,
        "idCategoriaPai": category.parent,
        "descricao": category.name,
        "tipo": category.kind,
    }


def category_detail(category: Category) -> Wire:
    """Return one category; its `situacao` is 0/1 although the filter speaks of 1/2."""
    return category_row(category) | {"situacao": int(category.active)}


def account_row(account: Account) -> Wire:
    """Return a conta contábil; list and detail are the same, and no balance is shown."""
    return {
        "id": account.id,
        "descricao": account.name,
        "tipo": account.kind,
        "aliasIntegracao": account.alias,
    }


def form_row(form: PaymentForm) -> Wire:
    """Return a row of GET /formas-pagamentos."""
    return {
        "id": form.id,
        "descricao": form.name,
        "tipoPagamento": form.code,
        "situacao": int(form.active),
        "fixa": False,
        "padrao": form.default,
        "finalidade": form.purpose,
        "juros": 0,
        "multa": 0,
    }


def form_detail(form: PaymentForm) -> Wire:
    """Return one payment form."""
    return form_row(form) | {
        "condicao": "",
        "destino": 1,
        "utilizaDiasUteis": False,
        "taxas": {"aliquota": 0, "valor": 0, "prazo": 0},
    }


def cash_row(book: TitleBook, bordero: Bordero) -> Wire:
    """Return a row of GET /caixas made by a payment; its `id` is text here."""
    account = book.accounts.get(bordero.account)
    contact = book.contacts.get(bordero.lines[0].contact)
    return {
        "id": str(bordero.id + 1),
        "debCred": "D" if bordero.direction == "payable" else "C",
        "situacao": "R",
        "valor": _signed(sum(map(money_moved, bordero.lines), Decimal("0.00")), bordero.direction == "payable"),
        "data": iso(bordero.day),
        "observacoes": bordero.history,
        "descricao": bordero.history,
        "origem": {"id": bordero.id, "tipo": "bordero"},
        "contato": {
            "id": contact.id if contact else 0,
            "nome": contact.name if contact else "",
            "cnpj": contact.document if contact else "",
        },
        "contaFinanceira": {"id": bordero.account, "descricao": account.name if account else ""},
    }


def _signed(value: Decimal, is_out: bool) -> Decimal:
    return -value if is_out else value


def direct_cash_row(book: TitleBook, entry: CashEntry) -> Wire:
    """Return a row of GET /caixas that was entered there by hand."""
    account = book.accounts.get(entry.account)
    return {
        "id": str(entry.id),
        "debCred": "D" if entry.is_out else "C",
        "situacao": "R",
        "valor": _signed(entry.value, entry.is_out),
        "data": iso(entry.day),
        "observacoes": "",
        "descricao": entry.text,
        "origem": {"id": entry.id, "tipo": "caixa"},
        "contato": {"id": 0, "nome": "", "cnpj": ""},
        "contaFinanceira": {"id": entry.account, "descricao": account.name if account else ""},
    }


STATUS_VALUES = {6: 0, 9: 1, 12: 2, 15: 3, 18: 4, 21: 10, 24: 11}
"""Ids of a new account's order statuses, with Bling's own number of each."""


def product_row(product: Product) -> Wire:
    """Return a row of GET /produtos."""
    return {
        "id": product.id,
        "idProdutoPai": 0,
        "nome": product.name,
        "codigo": product.code,
        "preco": 0,
        "precoCusto": 0,
        "tipo": "P",
        "situacao": "A" if product.active else "I",
        "formato": "S",
        "descricaoCurta": "",
        "imagemURL": "",
    }


def sale_row(book: TitleBook, sale: Sale) -> Wire:
    """Return a row of GET /pedidos/vendas."""
    contact = book.contacts.get(sale.contact)
    return {
        "id": sale.id,
        "numero": sale.number,
        "numeroLoja": sale.shop_number,
        "data": iso(sale.day),
        "dataSaida": ZERO_DATE,
        "dataPrevista": ZERO_DATE,
        "totalProdutos": sale.total,
        "total": sale.total,
        "contato": {
            "id": sale.contact,
            "nome": contact.name if contact else "",
            "tipoPessoa": contact.kind if contact else "J",
            "numeroDocumento": contact.document if contact else "",
        },
        "situacao": {"id": sale.status, "valor": STATUS_VALUES.get(sale.status, 0)},
        "loja": {"id": sale.channel, "unidadeNegocio": {"id": sale.unit}},
    }


def sale_detail(book: TitleBook, sale: Sale) -> Wire:
    """Return GET /pedidos/vendas/{id}: the only way from a receivable to a business unit."""
    return sale_row(book, sale) | {
        "numeroPedidoCompra": "",
        "outrasDespesas": sale.expenses,
        "observacoes": sale.notes,
        "observacoesInternas": sale.internal_notes,
        "desconto": {"valor": sale.discount, "unidade": "REAL"},
        "categoria": {"id": sale.category},
        "notaFiscal": {"id": sale.invoice},
        "itens": [
            {
                "id": place,
                "codigo": "",
                "unidade": "UN",
                "quantidade": quantity,
                "desconto": 0,
                "valor": value,
                "descricao": text,
                "produto": {"id": product},
            }
            for place, (product, quantity, value, text) in enumerate(sale.items, 1)
        ],
        "parcelas": [
            {
                "id": place,
                "dataVencimento": due,
                "valor": value,
                "observacoes": "",
                "formaPagamento": {"id": form},
            }
            for place, (due, value, form) in enumerate(sale.parcels, 1)
        ],
        "transporte": {"fretePorConta": 9, "frete": sale.freight},
        "vendedor": {"id": 0},
    }


def channel_row(channel: Channel) -> Wire:
    """Return a row of GET /canais-venda."""
    return {"id": channel.id, "descricao": channel.name, "tipo": "LojaVirtual", "situacao": 1}


def channel_detail(channel: Channel) -> Wire:
    """Return GET /canais-venda/{id} with the names of its business units."""
    return channel_row(channel) | {
        "filiais": [
            {"cnpj": "", "idUnidadeNegocio": unit, "unidadeNegocio": name, "deposito": {"id": 0}, "padrao": place == 0}
            for place, (unit, name) in enumerate(channel.units)
        ],
    }
