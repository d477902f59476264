"""Wire shapes of Bling's API v3, in Bling's words; only the fields that we read. Unknown fields are tolerated."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from integrations.domain.money import ZERO
from integrations.rest.fields import LARGEST_CODE, Fields


@dataclass(frozen=True)
class ContaRow:
    """A row of GET /contas/pagar or GET /contas/receber."""

    id: int
    situacao: int
    vencimento: date | None
    valor: Decimal
    contato_id: int
    forma_pagamento_id: int

    @classmethod
    def parse(cls, data: Fields) -> "ContaRow":
        return cls(
            id=data.integer("id"),
            situacao=data.integer("situacao", most=LARGEST_CODE),
            vencimento=data.day("vencimento"),
            valor=data.money("valor"),
            contato_id=data.child("contato").integer("id", 0),
            forma_pagamento_id=data.child("formaPagamento").integer("id", 0),
        )


@dataclass(frozen=True)
class Conta(ContaRow):
    """The detail of a conta a pagar or a receber. `saldo` is what is still open; payments are ids only. `categorias` is
    in no document: a public client reads it before `categoria`, where a title is divided among several. Its form is a
    guess, so that nothing is concluded from it but that there are some: 0 stands for what has no id."""

    saldo: Decimal | None
    data_emissao: date | None
    competencia: date | None
    numero_documento: str
    historico: str
    portador_id: int
    categoria_id: int
    categorias: tuple[int, ...]
    borderos: tuple[int, ...]
    origem_tipo: str
    origem_id: int
    origem_numero: str
    origem_situacao: int

    @classmethod
    def parse(cls, data: Fields) -> "Conta":
        row = ContaRow.parse(data)
        origem = data.child("origem")
        return cls(
            **vars(row),
            saldo=data.money_or_none("saldo"),
            data_emissao=data.day("dataEmissao"),
            competencia=data.day("competencia"),
            numero_documento=data.text("numeroDocumento"),
            historico=data.text("historico"),
            portador_id=data.child("portador").integer("id", 0),
            categoria_id=data.child("categoria").integer("id", 0),
            categorias=_categorias(data),
            borderos=data.integers("borderos"),
            origem_tipo=origem.text("tipoOrigem"),
            origem_id=origem.integer("id", 0) or data.integer("idOrigem", 0),
            origem_numero=origem.text("numero"),
            origem_situacao=origem.integer("situacao", 0, most=LARGEST_CODE),
        )


def _categorias(data: Fields) -> tuple[int, ...]:
    shown = data.raw("categorias")
    items = [item for item in shown if item] if isinstance(shown, list) else []
    ids = [Fields(item, "categorias").identifier("id") or 0 if isinstance(item, Mapping) else 0 for item in items]
    return tuple(dict.fromkeys(ids))


@dataclass(frozen=True)
class Pagamento:
    """A line of a borderô."""

    contato_id: int
    numero_documento: str
    valor_pago: Decimal
    juros: Decimal
    desconto: Decimal
    acrescimo: Decimal
    tarifa: Decimal


@dataclass(frozen=True)
class Bordero:
    """GET /borderos/{id}; `data` is the payment date."""

    id: int
    data: date
    historico: str
    portador_id: int
    categoria_id: int
    pagamentos: tuple[Pagamento, ...]

    @classmethod
    def parse(cls, data: Fields) -> "Bordero":
        day = data.day("data")
        if day is None:
            raise data.odd("data")
        return cls(
            id=data.integer("id"),
            data=day,
            historico=data.text("historico"),
            portador_id=data.child("portador").integer("id", 0),
            categoria_id=data.child("categoria").integer("id", 0),
            pagamentos=tuple(
                Pagamento(
                    contato_id=line.child("contato").integer("id", 0),
                    numero_documento=line.text("numeroDocumento"),
                    valor_pago=line.money("valorPago"),
                    juros=line.money("juros", ZERO),
                    desconto=line.money("desconto", ZERO),
                    acrescimo=line.money("acrescimo", ZERO),
                    tarifa=line.money("tarifa", ZERO),
                )
                for line in data.children("pagamentos")
            ),
        )


@dataclass(frozen=True)
class ContatoRow:
    """A row of GET /contatos."""

    id: int
    nome: str
    numero_documento: str
    situacao: str

    @classmethod
    def parse(cls, data: Fields) -> "ContatoRow":
        return cls(data.integer("id"), data.text("nome"), data.text("numeroDocumento"), data.text("situacao"))

    @property
    def is_usable(self) -> bool:
        """Titles can be entered for it: active ("A"), without movement ("S"), or Bling shows no `situacao`."""
        return self.situacao in ("A", "S", "")


@dataclass(frozen=True)
class Contato(ContatoRow):
    """GET /contatos/{id}: only what our data protection rules list; RG, sex and birth date are never read."""

    tipo: str
    fantasia: str
    email: str
    endereco: str
    numero: str
    complemento: str
    bairro: str
    municipio: str
    uf: str
    cep: str
    categoria_id: int
    tipos: tuple[int, ...]

    @classmethod
    def parse(cls, data: Fields) -> "Contato":
        geral = data.child("endereco").child("geral")
        return cls(
            **vars(ContatoRow.parse(data)),
            tipo=data.text("tipo"),
            fantasia=data.text("fantasia"),
            email=data.text("email"),
            endereco=geral.text("endereco"),
            numero=geral.text("numero"),
            complemento=geral.text("complemento"),
            bairro=geral.text("bairro"),
            municipio=geral.text("municipio"),
            uf=geral.text("uf"),
            cep=geral.text("cep"),
            categoria_id=data.child("financeiro").child("categoria").integer("id", 0),
            tipos=tuple(sorted(item.integer("id", 0) for item in data.children("tiposContato"))),
        )


@dataclass(frozen=True, repr=False)
class ContatoInteiro(Contato):
    """GET /contatos/{id} as it is sent back changed: `shown` is all of it, in no `repr`, and kept nowhere. Of a natural
    person no registration is read."""

    telefone: str
    celular: str
    ie: str
    shown: Mapping[str, object]

    @classmethod
    def parse(cls, data: Fields) -> "ContatoInteiro":
        contato = Contato.parse(data)
        return cls(
            **vars(contato),
            telefone=data.text("telefone"),
            celular=data.text("celular"),
            ie=data.text("ie") if contato.tipo == "J" else "",
            shown=data.data,
        )


def _named(data: Fields) -> str:
    """Return the name of a register, as far as it is stored; one without a name is called by its id."""
    return data.text("descricao")[:255] or f"Cadastro {data.integer('id')}"


@dataclass(frozen=True)
class Categoria:
    """A row of GET /categorias/receitas-despesas; `tipo` 1 expense, 2 income, 3 both; `id_pai` 0 is the root."""

    id: int
    descricao: str
    tipo: int
    id_pai: int

    @classmethod
    def parse(cls, data: Fields) -> "Categoria":
        return cls(data.integer("id"), _named(data), data.integer("tipo", 3), data.integer("idCategoriaPai", 0))


@dataclass(frozen=True)
class Registro:
    """A row of GET /contas-contabeis (a title's `portador`), /contatos/tipos and /canais-venda."""

    id: int
    descricao: str

    @classmethod
    def parse(cls, data: Fields) -> "Registro":
        return cls(data.integer("id"), _named(data))


@dataclass(frozen=True)
class FormaPagamento(Registro):
    """A row of GET /formas-pagamentos; `finalidade` 1 payments, 2 receipts, 3 both. What it lacks excludes nothing."""

    finalidade: int
    situacao: int

    @classmethod
    def parse(cls, data: Fields) -> "FormaPagamento":
        return cls(
            **vars(Registro.parse(data)), finalidade=data.integer("finalidade", 3), situacao=data.integer("situacao", 1)
        )


@dataclass(frozen=True)
class UnidadeNegocio:
    """A line of a sales channel's `filiais`: the only place where business units have names."""

    id: int
    nome: str


@dataclass(frozen=True)
class CanalVenda(Registro):
    """GET /canais-venda/{id}."""

    unidades: tuple[UnidadeNegocio, ...]

    @classmethod
    def parse(cls, data: Fields) -> "CanalVenda":
        return cls(
            **vars(Registro.parse(data)),
            unidades=tuple(
                UnidadeNegocio(line.integer("idUnidadeNegocio", 0), line.text("unidadeNegocio")[:255])
                for line in data.children("filiais")
            ),
        )


@dataclass(frozen=True)
class PedidoVenda:
    """GET /pedidos/vendas/{id}: only where the sale was made."""

    id: int
    loja_id: int
    unidade_id: int

    @classmethod
    def parse(cls, data: Fields) -> "PedidoVenda":
        loja = data.child("loja")
        return cls(data.integer("id"), loja.integer("id", 0), loja.child("unidadeNegocio").integer("id", 0))


@dataclass(frozen=True)
class Empresa:
    """GET /empresas/me/dados-basicos; `id` is hexadecimal text."""

    id: str
    nome: str
    cnpj: str

    @classmethod
    def parse(cls, data: Fields) -> "Empresa":
        return cls(data.text("id", None), data.text("nome"), data.text("cnpj"))


@dataclass(frozen=True)
class CashEntry:
    """A row of GET /caixas. `origem_tipo` is "caixa" for money booked there directly, "bordero" for a title's payment;
    nobody has shown how the day is written, so both of Bling's forms are read."""

    id: int
    data: date | None
    valor: Decimal
    descricao: str
    origem_tipo: str
    contato_nome: str
    conta: str

    @classmethod
    def parse(cls, data: Fields) -> "CashEntry":
        written = data.text("data")
        return cls(
            id=data.integer("id"),
            data=data.day("data") or _day_of(written),
            valor=data.money("valor", ZERO),
            descricao=data.text("descricao") or data.text("observacoes"),
            origem_tipo=data.child("origem").text("tipo"),
            contato_nome=data.child("contato").text("nome"),
            conta=data.child("contaFinanceira").text("descricao"),
        )


def _day_of(text: str) -> date | None:
    try:
        day, month, year = (int(part) for part in text.split("/"))
        return date(year, month, day)
    except ValueError:
        return None
