"""What a request of v2 wants booked: checked in v2's order, before anything is asked of Bling."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal

from integrations.bling_v2.codes import NO_DATE, OFF, REFUSED, RefusedError
from integrations.domain.bodies import fingerprint_of
from integrations.domain.documents import DocumentKind, compact, kind_of
from integrations.domain.names import fold
from integrations.domain.occurrences import FENCED, MOST_INSTALLMENTS, Recurrence
from integrations.domain.payables import (
    LARGEST_VALUE,
    MOST_HISTORY,
    MOST_NAME,
    MOST_NUMBER,
    DesiredContact,
    contact_kind,
)
from integrations.domain.telephones import telephone

NOT_WEEKLY = "Contas semanais ainda não são lançadas por esta ponte. Nada foi gravado."
LETTERS = {
    "U": Recurrence.ONCE,
    "P": Recurrence.INSTALLMENTS,
    "M": Recurrence.MONTHLY,
    "T": Recurrence.QUARTERLY,
    "S": Recurrence.HALF_YEARLY,
    "A": Recurrence.YEARLY,
    "E": Recurrence.WEEKLY,
}
_WITH_DAY = "PMTSA"
EARLIEST, LATEST = date(2000, 1, 1), date(2099, 12, 31)
_AMOUNT = re.compile(r"\d{1,9}([.,]\d{1,2})?\Z", re.ASCII)
_DAY = re.compile(r"(\d{2})/(\d{2})/(\d{4})\Z", re.ASCII)
_NUMBER = re.compile(r"\d{1,18}\Z", re.ASCII)
_LIMITS = {"fornecedor.nome": MOST_NAME, "nrodocumento": MOST_NUMBER, "historico": MOST_HISTORY}
_SHOWN = {"fornecedor.nome": "fornecedor.nome", "nrodocumento": "nroDocumento", "historico": "historico"}


@dataclass(frozen=True)
class Names:
    """The registers of an account that a request may name. Names are folded; those that several rows have are left out.
    `is_strict`: an unknown category or portador is refused (codes 70, 71) instead of left away (v2's note 2)."""

    categories: Mapping[str, int] = field(default_factory=dict)
    accounts: Mapping[str, int] = field(default_factory=dict)
    payment_forms: frozenset[int] = frozenset()
    is_strict: bool = False


@dataclass(frozen=True)
class PayableFacts:
    """A payable as the request names it. A date is `None` where none is given: it is today's then. `contact_id` is
    Bling's id of the supplier, 0 for none; it prevails over what else is known of them."""

    supplier: DesiredContact
    value: Decimal
    recurrence: Recurrence
    contact_id: int = 0
    day: int = 0
    installments: int = 1
    due_date: date | None = None
    issue_date: date | None = None
    competence_date: date | None = None
    document_number: str = ""
    history: str = ""
    category_id: int = 0
    account_id: int = 0
    payment_form_id: int = 0

    @property
    def fingerprint(self) -> str:
        """A name for what is wanted, the same for every request that wants the same, on whatever day it comes."""
        return fingerprint_of(asdict(self))


def read_facts(values: Mapping[str, str], names: Names) -> PayableFacts:
    """Return what `read_xml` found as a payable. Raises `RefusedError` with the first code that fits."""
    letter = values.get("ocorrencia.ocorrenciatipo", "").upper()
    day_text = values.get("ocorrencia.diavencimento", "")
    count_text = values.get("ocorrencia.nroparcelas", "")
    value = amount_of(values.get("valor", ""))
    _check_letter(letter, day_text)
    _refuse(66, value is None)
    _refuse(69, "fornecedor.nome" not in values)
    _check_occurrence(letter, day_text, count_text)
    _check_weekday(letter, values.get("ocorrencia.diasemanavencimento", ""))
    supplier, contact_id = _supplier(values)
    payment_form = _number(values.get("idformapagamento", "0"))
    _refuse(84, payment_form is None or (payment_form != 0 and payment_form not in names.payment_forms))
    category = _named(values.get("categoria", ""), names.categories, names.is_strict, 70)
    account = _named(values.get("portador", ""), names.accounts, names.is_strict, 71)
    dates = [date_of(values.get(name, "")) for name in ("vencimentooriginal", "dataemissao", "competencia")]
    _check_lengths(values)
    recurrence = LETTERS[letter]
    _refuse(OFF, recurrence in FENCED, NOT_WEEKLY)
    assert value is not None
    return PayableFacts(
        supplier=supplier, contact_id=contact_id, value=value, recurrence=recurrence, day=int(day_text or 0),
        installments=int(count_text or 1), due_date=dates[0], issue_date=dates[1], competence_date=dates[2],
        document_number=values.get("nrodocumento", ""), history=values.get("historico", ""), category_id=category,
        account_id=account, payment_form_id=payment_form or 0,
    )  # fmt: skip


def _refuse(code: int, is_wrong: bool, text: str = "") -> None:
    if is_wrong:
        raise RefusedError(code, text)


def _check_letter(letter: str, day: str) -> None:
    _refuse(72, not letter)
    _refuse(73, letter not in LETTERS or (bool(day) and not 1 <= (_number(day) or 0) <= 31))


def _check_occurrence(letter: str, day: str, count: str) -> None:
    _refuse(67, letter in _WITH_DAY and not day)
    _refuse(68, letter == "P" and _number(count) is None)
    _refuse(74, letter != "P" and bool(count))
    _refuse(75, letter not in _WITH_DAY and bool(day))
    _refuse(77, letter == "P" and int(count) <= 1)
    _refuse(78, letter == "P" and int(count) > MOST_INSTALLMENTS)


def _check_weekday(letter: str, weekday: str) -> None:
    _refuse(82, letter == "E" and not 1 <= (_number(weekday) or 0) <= 7)


def amount_of(text: str) -> Decimal | None:
    """Return an amount of at most two decimals, `None` for anything else: "1.500" may mean two things."""
    value = Decimal(text.replace(",", ".")) if _AMOUNT.match(text) else Decimal(0)
    return value.quantize(Decimal("0.01")) if 0 < value <= LARGEST_VALUE else None


def _number(text: str) -> int | None:
    return int(text) if _NUMBER.match(text) else None


def date_of(text: str) -> date | None:
    if not text:
        return None
    found = _DAY.match(text)
    try:
        day = date(int(found[3]), int(found[2]), int(found[1])) if found else None
    except ValueError:
        day = None
    if day is None or not EARLIEST <= day <= LATEST:
        raise RefusedError(NO_DATE)
    return day


def _named(name: str, register: Mapping[str, int], is_strict: bool, code: int) -> int:
    if not name:
        return 0
    found = register.get(fold(name), 0)
    _refuse(code, is_strict and not found)
    return found


def _supplier(values: Mapping[str, str]) -> tuple[DesiredContact, int]:
    """Return what is known of the supplier, and the id of its contact in Bling (0 for none)."""
    given = {name.partition(".")[2]: text for name, text in values.items() if name.startswith("fornecedor.")}
    document = compact(given.get("cpf_cnpj", ""))
    document = "" if set(document) == {"0"} else document
    _refuse(79, kind_of(document) is DocumentKind.INVALID)
    contact_id = _number(given.get("id", "0"))
    _refuse(81, contact_id is None)
    kind = given.get("tipopessoa", "").upper()
    supplier = DesiredContact(
        name=" ".join(given.get("nome", "").split()),
        document=document,
        kind=kind if kind in ("J", "F", "E") else contact_kind(document),
        state_registration=given.get("ie_rg", ""),
        email=given.get("email", ""),
        phone=telephone(given.get("fone", "")),
        mobile=telephone(given.get("celular", "")),
        postal_code=_postal_code(given.get("cep", "")),
        street=given.get("endereco", ""),
        number=given.get("numero", ""),
        complement=given.get("complemento", ""),
        district=given.get("bairro", ""),
        city=given.get("cidade", ""),
        state=given.get("uf", ""),
    )
    return supplier, contact_id or 0


def _postal_code(written: str) -> str:
    plain = "".join(char for char in written if char in "0123456789")
    return f"{plain[:5]}-{plain[5:]}" if len(plain) == 8 else ""


def _check_lengths(values: Mapping[str, str]) -> None:
    for name, most in _LIMITS.items():
        _refuse(REFUSED, len(values.get(name, "")) > most, f"{_SHOWN[name]}: no máximo {most} caracteres")
