"""Kamino's field names: which ones a save may carry, and what they are called on each kind of title."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox.wire import as_date, money

Row = dict[str, Any]
ID_WIDTH = 15

#: Statuses of both kinds: pending, paid, and (payables) waiting for approval.
PENDING, PAID, WAITING_APPROVAL = 1, 2, 3


@dataclass(frozen=True)
class TitleFields:
    """The names of one kind of title. `writable` are those that a save takes over; all others are the server's."""

    description: str
    due: str
    value: str
    gross: str
    competence: str
    paid_on: str
    paid_value: str
    status: str
    chart: str
    account: str
    days: frozenset[str]
    amounts: frozenset[str]
    writable: tuple[str, ...]
    server: tuple[str, ...]


PAYABLE = TitleFields(
    description="Descricao",
    due="DataVencimento",
    value="ValorVencimento",
    gross="ValorBruto",
    competence="DataCompetencia",
    paid_on="DataPagamento",
    paid_value="ValorPagamento",
    status="Situacao",
    chart="IDPlanoContaClassificacao",
    account="IDPlanoContaPagamento",
    days=frozenset({"DataVencimento", "DataCompetencia", "DataPagamento", "DataAgendaPagamento"}),
    amounts=frozenset({"ValorVencimento", "ValorPagamento", "ValorBruto"}),
    writable=(
        "Descricao",
        "NroNotaFiscal",
        "Situacao",
        "DataVencimento",
        "DataCompetencia",
        "DataPagamento",
        "DataAgendaPagamento",
        "ValorVencimento",
        "ValorPagamento",
        "ValorBruto",
        "IDMoeda",
        "IDPessoa",
        "IDUnidadeNegocio",
        "IDPlanoContaClassificacao",
        "IDPlanoContaPagamento",
        "IDCentroCusto",
        "FormaPagamento",
        "NroBoleto",
        "Obs",
        "IDProjeto",
        "IDTabelaImposto",
        "IDTipoImposto",
        "CodigoExterno",
    ),
    server=(
        "DataHoraInclusao",
        "DataHoraSituacao",
        "DataArquivoGerado",
        "ArquivoGerado",
        "IDExtratoBanco",
        "IDConciliacaoBancaria",
        "TransacaoExtrato",
        "IDNotaFiscalEntrada",
        "IDUsuarioInclusao",
        "IDUsuarioSituacao",
    ),
)
RECEIVABLE = TitleFields(
    description="Descri",
    due="DtaVenc",
    value="VlrVenc",
    gross="VlrBruto",
    competence="DtaCompet",
    paid_on="DtaPagto",
    paid_value="VlrPagto",
    status="SitConta",
    chart="IDPlanoContaOrigem",
    account="IDPlanoContaPagto",
    days=frozenset({"DtaVenc", "DtaPagto", "DtaCompet", "DataVencAtual", "DataLimiteDesconto"}),
    amounts=frozenset({"VlrVenc", "VlrBruto", "VlrPagto", "VlrDesc", "VlrJuros", "VlrTaxa", "VlrDescReceb"}),
    writable=(
        "Descri",
        "NroDoc",
        "Obs",
        "Detalhamento",
        "SitConta",
        "CodigoExterno",
        "ChaveAcessoExterno",
        "DtaVenc",
        "DtaPagto",
        "DtaCompet",
        "DataVencAtual",
        "DataLimiteDesconto",
        "VlrVenc",
        "VlrBruto",
        "VlrPagto",
        "VlrDesc",
        "VlrJuros",
        "VlrTaxa",
        "VlrDescReceb",
        "PercJurosDiario",
        "PercMultaAtraso",
        "IDMoeda",
        "IDPessoa",
        "IDPlanoContaOrigem",
        "IDPlanoContaPagto",
        "IDContaBanco",
        "IDCentroCusto",
        "IDUnidadeNegocio",
        "IDTipoReceb",
        "IDReguaCobranca",
        "GerarCobranca",
        "NroNotaFiscal",
        "LinkNFSe",
    ),
    server=(
        "DataHoraInclusao",
        "IDExtratoBanco",
        "IDConciliacaoBancaria",
        "IDBoleto",
        "NossoNumeroBoleto",
        "LinkBoleto",
        "IDUsuarioInclusao",
        "IDContrato",
        "IDVenda",
    ),
)
FIELDS = {"payable": PAYABLE, "receivable": RECEIVABLE}

PERSON_TEXT = (
    "Nome",
    "NomeFantasia",
    "NomeExibicao",
    "CPFCNPJ",
    "ClienteDesde",
    "Observacoes",
    "DataNascimentoFundacao",
    "IE",
    "Logradouro",
    "Nro",
    "Complemento",
    "Bairro",
    "CEP",
    "Cidade",
    "UF",
    "NomePais",
    "Email",
    "EmailPrincipal",
    "Telefone",
    "TelefonePrincipal",
    "Celular",
    "Sexo",
    "RG",
    "OrgaoEmissorRG",
    "UFEmissorRG",
    "IDClassificacaoPreferencial",
    "IDCentroCustoPreferencial",
    "ChavePix",
    "TipoChavePix",
    "NomeBanco",
    "NomeBancoPix",
    "CodigoBanco",
    "AgenciaBancaria",
    "DigitoAgenciaBancaria",
    "ContaBancaria",
    "DigitoContaBancaria",
    "TipoContaBancaria",
    "CodigoExterno",
)


def stamp(value: Any) -> str | None:
    """Return a day as Kamino answers it: local time without offset. Raises ValueError on anything else."""
    return f"{as_date(value).isoformat()}T00:00:00" if value else None


def padded(value: Any) -> str | None:
    """Return a plano-conta id as the fixed-width text that it is."""
    text = str(value or "").strip()
    return text.ljust(ID_WIDTH) if text else None


def plain(document: Any) -> str:
    """Return a document without punctuation, letters in upper case."""
    return "".join(char for char in str(document or "") if char.isalnum()).upper()


def normal(fields: TitleFields, name: str, value: Any) -> Any:
    """Return a field's value in stored form. Raises ValueError or ArithmeticError when it has none."""
    if value is None or value == "":
        return None
    if name in fields.days:
        return stamp(value)
    if name in fields.amounts:
        return money(value)
    if name in (fields.chart, fields.account):
        return padded(value)
    if name in ("IDPessoa", "IDCentroCusto", "IDUnidadeNegocio", fields.status):
        return int(value)
    return value


def positive(value: Any) -> bool:
    """Return whether an amount is there and above zero."""
    return isinstance(value, Decimal) and value > 0
