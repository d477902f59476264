"""Between the domain's words and Kamino's: bodies that we write, rows that we read.

Payables and receivables name nearly every field differently; the two tables below are the only place that knows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

from integrations.domain.desired import DesiredTitle, KaminoStatus
from integrations.domain.documents import DocumentKind, compact, kind_of
from integrations.domain.matching import KaminoTitle
from integrations.domain.names import fold
from integrations.domain.persons import DesiredPerson
from integrations.domain.titles import Direction
from integrations.kamino import endpoints
from integrations.rest.errors import InternalError
from integrations.rest.fields import Fields, storable


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
CPF_DIGITS, CNPJ_DIGITS = 11, 14
LONGEST_REGISTER_ID, LONGEST_NAME, LONGEST_PATH = 40, 255, 600
"""What the registers' columns take."""
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


def title_row(direction: Direction, row: Any) -> KaminoTitle | None:
    """Read one row of a title list; `None` where it has no id that can be read.

    One whose amounts or day of payment cannot be read is there all the same, with a status that nobody knows: it is not
    changed, not believed gone, and nothing is created beside it.
    """
    data, names = _object(row, f"Kamino {direction} row"), NAMES[direction]
    kamino_id = data.identifier("ID")
    if kamino_id is None:
        return None
    number = data.code(names.status)
    status = _STATUSES.get(number, KaminoStatus.UNKNOWN)
    person = _object(row.get("Pessoa"), "Pessoa")
    value, paid_amount = _amount(data, names.value), _amount(data, names.paid)
    payment_date = data.day(names.paid_on)
    lacks_day = status is KaminoStatus.SETTLED and payment_date is None and data.has_day(names.paid_on)
    if _UNREADABLE in (value, paid_amount) or lacks_day:
        status = KaminoStatus.UNKNOWN
    return KaminoTitle(
        kamino_id=kamino_id,
        person_id=data.identifier("IDPessoa") or person.identifier("ID"),
        person_name=data.text("NomePessoa") or person.text("NomeExibicao"),
        person_document=_document(data.raw(names.document)) or _document(person.raw("CPFCNPJ")),
        description=data.text(names.description),
        note=data.text("Obs"),
        code=data.text("CodigoExterno"),
        due_date=data.day(names.due_date),
        competence_date=data.day(names.competence_date),
        value=value if isinstance(value, Decimal) else Decimal(0),
        status=status,
        awaits_approval=number == endpoints.STATUS_AWAITING_APPROVAL,
        payment_date=payment_date,
        paid_amount=paid_amount if isinstance(paid_amount, Decimal) else None,
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


class _Unreadable(Enum):
    """What stands where an amount should, and is none that can be kept."""

    VALUE = "unreadable"


_UNREADABLE = _Unreadable.VALUE


def _amount(data: Fields, name: str) -> Decimal | _Unreadable | None:
    """Return an amount, `None` where there is none."""
    try:
        return data.money_or_none(name)
    except InternalError:
        return _UNREADABLE


def _object(row: Any, where: str) -> Fields:
    """Return a row's fields; what is no object has none."""
    return Fields(row if isinstance(row, dict) else {}, where)


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
    return {**body, **_followed(body, current or {})}


_FOLLOWS = {"EmailPrincipal": ("Email",), "NomeExibicao": ("NomeFantasia", "Nome")}
"""What Kamino makes of what we write, and of which of our fields: the first that is not empty."""


def _followed(body: dict[str, Any], current: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that follow ours, where they still have the value that one of ours had."""
    was, now = _object(current, "Kamino person"), _object(body, "Kamino person")
    found: dict[str, Any] = {}
    for name, sources in _FOLLOWS.items():
        chains = [sources, *((source,) for source in sources)]
        chain = next((each for each in chains if _first(was, each) == was.text(name)), ())
        if name in current and chain:
            found[name] = _first(now, (*chain, *sources))
    return found


def _first(data: Fields, names: Iterable[str]) -> str:
    return next((text for name in names if (text := data.text(name))), "")


@dataclass(frozen=True)
class KaminoPerson:
    """A person as Kamino's list shows it; `raw` is kept for whole-object saves and never stored."""

    kamino_id: int
    person: DesiredPerson
    active: bool
    raw: dict[str, Any]


def person_row(row: Any) -> KaminoPerson | None:
    """Read one row of the person list; `None` where it has no id that can be read."""
    data = _object(row, "Kamino person row")
    kamino_id = data.identifier("ID")
    if kamino_id is None:
        return None
    texts: dict[str, Any] = {ours: data.text(theirs) for ours, theirs in _PERSON_NAMES.items()}
    return KaminoPerson(
        kamino_id=kamino_id,
        active=data.flag("Ativo", default=True),
        raw=row,
        person=DesiredPerson(
            code=data.text(endpoints.PERSON_CODE_FIELD),
            document=_document(data.raw("CPFCNPJ")),
            is_customer=data.flag("Cliente"),
            is_supplier=data.flag("Fornecedor"),
            **texts,
        ),
    )


def _document(value: Any) -> str:
    """Return a CPF or CNPJ without punctuation; a number has lost the zeros that it began with."""
    if isinstance(value, int) and not isinstance(value, bool):
        as_cpf = str(value).zfill(CPF_DIGITS)
        return as_cpf if kind_of(as_cpf) is DocumentKind.CPF else str(value).zfill(CNPJ_DIGITS)
    return compact(storable(str(value))) if isinstance(value, str) else ""


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


def chart_row(row: Any) -> RegisterRow | None:
    """Read a row of the chart of accounts; Kamino pads its text ids with spaces, and only type 1 takes postings.

    This and the readers of the other registers return `None` where a row has no id.
    """
    data = _object(row, "Kamino planoconta row")
    kamino_id = _register_id(data, "ID", "IDPlanoConta", "NumeroID")
    if kamino_id is None:
        return None
    return RegisterRow(
        kamino_id=kamino_id,
        name=_name(data, "Nome"),
        path=data.text("Hierarquia")[:LONGEST_PATH] or kamino_id,
        active=data.flag("Ativo", default=True),
        takes_postings=data.text("Tipo", "1") == endpoints.CLASSIFICATION_CHART_TYPE,
        nature=_nature(data),
    )


def _nature(data: Fields) -> str:
    words = [fold(data.text(field)) for field in endpoints.CHART_NATURE_FIELDS]
    return next((endpoints.CHART_NATURES[word] for word in words if word in endpoints.CHART_NATURES), "")


def named_row(row: Any) -> RegisterRow | None:
    """Read a row of cost centers or business units."""
    data = _object(row, "Kamino register row")
    # Titles name these by a number.
    kamino_id = data.identifier("ID")
    name, path = _name(data, "NomeExibicao", "Nome", "NomePessoa"), data.text("Hierarquia")[:LONGEST_PATH]
    if kamino_id is None:
        return None
    return RegisterRow(str(kamino_id), name, path, data.flag("Ativo", default=True), True)


def bank_account_row(row: Any) -> RegisterRow | None:
    """Read a row of bank accounts; titles name the account by its chart id (`IDPlanoContaAtivo`), not by `ID`."""
    data = _object(row, "Kamino contabanco row")
    kamino_id = _register_id(data, "IDPlanoContaAtivo")
    name = _name(data, "Descricao", "NomeExibicao", "Nome")
    if kamino_id is None:
        return None
    return RegisterRow(kamino_id, name, "", data.flag("Ativo", default=True), True)


def _name(data: Fields, *names: str) -> str:
    return _first(data, names)[:LONGEST_NAME]


def _register_id(data: Fields, *names: str) -> str | None:
    """Return the first id among some fields. It is a text, and no longer than its column."""
    found = _first(data, names)
    return found if 0 < len(found) <= LONGEST_REGISTER_ID else None


def lock_row(row: Any) -> tuple[date, date] | None:
    """Read a locked period: its first and its last day; one that Kamino leaves open reaches as far as days do."""
    if not isinstance(row, dict):
        return None
    data = Fields(row, "Kamino bloqueio row")
    return data.day("DataInicio") or date.min, data.day("DataFim") or date.max
