"""Between the domain's words and Kamino's: bodies that we write, rows that we read.

Payables and receivables name nearly every field differently; the two tables below are the only place that knows.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from integrations.domain.desired import DesiredTitle, KaminoStatus
from integrations.domain.documents import compact
from integrations.domain.matching import KaminoTitle
from integrations.domain.names import fold
from integrations.domain.persons import DesiredPerson
from integrations.domain.titles import Direction
from integrations.kamino import endpoints
from integrations.rest.fields import Fields


@dataclass(frozen=True)
class TitleNames:
    """Kamino's field names for one direction."""

    description: str
    document_number: str
    due_date: str
    competence_date: str
    value: str
    gross: str
    status: str
    paid_on: str
    paid: str
    paid_account: str
    classification: str
    document: str


NAMES = {
    Direction.PAYABLE: TitleNames(
        description="Descricao", document_number="NroNotaFiscal", due_date="DataVencimento",
        competence_date="DataCompetencia", value="ValorVencimento", gross="ValorBruto", status="Situacao",
        paid_on="DataPagamento", paid="ValorPagamento", paid_account="IDPlanoContaPagamento",
        classification="IDPlanoContaClassificacao", document="CPFCNPJPessoa",
    ),
    Direction.RECEIVABLE: TitleNames(
        description="Descri", document_number="NroDoc", due_date="DtaVenc", competence_date="DtaCompet",
        value="VlrVenc", gross="VlrBruto", status="SitConta", paid_on="DtaPagto", paid="VlrPagto",
        paid_account="IDPlanoContaPagto", classification="IDPlanoContaOrigem", document="CPFCNPJ",
    ),
}  # fmt: skip

_STATUSES: dict[int | None, KaminoStatus] = {
    endpoints.STATUS_PENDING: KaminoStatus.PENDING,
    endpoints.STATUS_AWAITING_APPROVAL: KaminoStatus.PENDING,
    endpoints.STATUS_PAID: KaminoStatus.SETTLED,
}
"""Every number that is known; of all others nobody knows whether such a title is owed."""
_REAL = 1
_KEPT_OUT = {"Pessoa", "ContaClassificacao", "ContaPagamento", "CentroCusto", "Projeto", "TransacaoExtrato"}


def title_body(
    desired: DesiredTitle, *, person_id: int, kamino_id: int, current: dict[str, Any] | None
) -> dict[str, Any]:
    """Return the whole object to write: `current` (what Kamino shows now) merged with what we want.

    Kamino never charges anybody because of us: `GerarCobranca` is false in every body, and no collection rule is set.
    """
    names = NAMES[desired.direction]
    kept = {name: value for name, value in (current or {}).items() if name not in _KEPT_OUT and name[0] != "_"}
    body: dict[str, Any] = {
        **kept,
        "ID": kamino_id,
        names.description: desired.description,
        names.document_number: desired.document_number,
        names.due_date: desired.due_date.isoformat(),
        names.competence_date: desired.competence_date.isoformat(),
        names.value: desired.value,
        names.gross: desired.value,
        "IDPessoa": person_id,
        names.classification: desired.chart_account,
        "IDCentroCusto": int(desired.cost_center) if desired.cost_center else kept.get("IDCentroCusto"),
        "IDUnidadeNegocio": int(desired.business_unit) if desired.business_unit else kept.get("IDUnidadeNegocio"),
        names.status: endpoints.STATUS_PAID if desired.payment else endpoints.STATUS_PENDING,
        "IDMoeda": _REAL,
        "Obs": desired.note or kept.get("Obs") or "",
        endpoints.PAYABLE_CODE_FIELD: desired.code,
    }
    if desired.direction is Direction.PAYABLE and not desired.document_number:
        del body[names.document_number]  # "" may be no number there
    if desired.payment:
        body[names.paid_on] = desired.payment.date.isoformat()
        body[names.paid] = desired.payment.amount
        body[names.paid_account] = desired.payment.account
    if desired.direction is Direction.RECEIVABLE:
        body["GerarCobranca"] = False
        body["IDReguaCobranca"] = None
    return body


def title_row(direction: Direction, row: dict[str, Any]) -> KaminoTitle:
    """Read one row of a title list."""
    names = NAMES[direction]
    data = Fields(row, f"Kamino {direction} row")
    number = data.code(names.status)
    person = data.child("Pessoa")
    return KaminoTitle(
        kamino_id=data.integer("ID"),
        person_id=data.integer("IDPessoa", 0) or person.integer("ID", 0) or None,
        person_name=data.text("NomePessoa") or person.text("NomeExibicao"),
        person_document=compact(data.text(names.document) or person.text("CPFCNPJ")),
        description=data.text(names.description),
        note=data.text("Obs"),
        code=data.text("CodigoExterno"),
        due_date=data.day(names.due_date),
        competence_date=data.day(names.competence_date),
        value=data.money(names.value, Decimal(0)),
        status=_STATUSES.get(number, KaminoStatus.UNKNOWN),
        awaits_approval=number == endpoints.STATUS_AWAITING_APPROVAL,
        payment_date=data.day(names.paid_on),
        paid_amount=data.money_or_none(names.paid),
        payment_account=data.text(names.paid_account),
        chart_account=data.text(names.classification),
        cost_center=data.text("IDCentroCusto"),
        business_unit=data.text("IDUnidadeNegocio"),
        document_number=data.text(names.document_number),
        reconciled=data.text("IDConciliacaoBancaria") not in ("", "0"),
        scheduled=data.has_day("DataAgendaPagamento"),
        sent_to_bank=data.has_day("DataArquivoGerado"),
        raw=row,
    )


_PERSON_NAMES = {
    "name": "Nome",
    "trade_name": "NomeFantasia",
    "email": "Email",
    "street": "Logradouro",
    "number": "Nro",
    "complement": "Complemento",
    "district": "Bairro",
    "city": "Cidade",
    "state": "UF",
    "postal_code": "CEP",
}


def person_body(desired: DesiredPerson, *, kamino_id: int, current: dict[str, Any] | None) -> dict[str, Any]:
    """Return the whole person to save; fields that we do not know (bank, PIX, notes) stay as Kamino has them."""
    body: dict[str, Any] = {
        **(current or {}),
        "ID": kamino_id,
        "CPFCNPJ": desired.document,
        "Cliente": desired.is_customer,
        "Fornecedor": desired.is_supplier,
        endpoints.PERSON_CODE_FIELD: desired.code,
    }
    for ours, theirs in _PERSON_NAMES.items():
        value = getattr(desired, ours)
        if value or current is not None:
            body[theirs] = value
    return body


@dataclass(frozen=True)
class KaminoPerson:
    """A person as Kamino's list shows it; `raw` is kept for whole-object saves and never stored."""

    kamino_id: int
    person: DesiredPerson
    active: bool
    raw: dict[str, Any]


def person_row(row: dict[str, Any]) -> KaminoPerson:
    """Read one row of the person list."""
    data = Fields(row, "Kamino person row")
    texts: dict[str, Any] = {ours: data.text(theirs) for ours, theirs in _PERSON_NAMES.items()}
    return KaminoPerson(
        kamino_id=data.integer("ID"),
        active=data.flag("Ativo", default=True),
        raw=row,
        person=DesiredPerson(
            code=data.text(endpoints.PERSON_CODE_FIELD),
            document=compact(data.text("CPFCNPJ")),
            is_customer=data.flag("Cliente"),
            is_supplier=data.flag("Fornecedor"),
            **texts,
        ),
    )


@dataclass(frozen=True)
class RegisterRow:
    """One chart account, cost center, business unit or bank account; text ids come trimmed.

    `nature` of a chart account: "income", "expense" or "" where Kamino does not say.
    """

    kamino_id: str
    name: str
    path: str
    active: bool
    takes_postings: bool
    nature: str = ""


def chart_row(row: dict[str, Any]) -> RegisterRow:
    """Read a row of the chart of accounts; Kamino pads its text ids with spaces, and only type 1 takes postings."""
    data = Fields(row, "Kamino planoconta row")
    kamino_id = data.text("ID") or data.text("IDPlanoConta") or data.text("NumeroID", None)
    return RegisterRow(
        kamino_id=kamino_id,
        name=data.text("Nome", None),
        path=data.text("Hierarquia") or kamino_id,
        active=data.flag("Ativo", default=True),
        takes_postings=data.text("Tipo", "1") == endpoints.CLASSIFICATION_CHART_TYPE,
        nature=_nature(data),
    )


def _nature(data: Fields) -> str:
    words = [fold(data.text(field)) for field in endpoints.CHART_NATURE_FIELDS]
    return next((endpoints.CHART_NATURES[word] for word in words if word in endpoints.CHART_NATURES), "")


def named_row(row: dict[str, Any]) -> RegisterRow:
    """Read a row of cost centers or business units."""
    data = Fields(row, "Kamino register row")
    name = next((data.text(key) for key in ("NomeExibicao", "Nome", "NomePessoa") if data.text(key)), "")
    return RegisterRow(data.text("ID", None), name, data.text("Hierarquia"), data.flag("Ativo", default=True), True)


def bank_account_row(row: dict[str, Any]) -> RegisterRow:
    """Read a row of bank accounts; titles name the account by its chart id (`IDPlanoContaAtivo`), not by `ID`."""
    data = Fields(row, "Kamino contabanco row")
    name = next((data.text(key) for key in ("Descricao", "NomeExibicao", "Nome") if data.text(key)), "")
    return RegisterRow(data.text("IDPlanoContaAtivo", None), name, "", data.flag("Ativo", default=True), True)


def lock_row(row: dict[str, Any]) -> tuple[date, date]:
    """Read a locked period: its first and its last day; one that Kamino leaves open reaches as far as days do."""
    data = Fields(row, "Kamino bloqueio row")
    return data.day("DataInicio") or date.min, data.day("DataFim") or date.max
