"""What is sent to Bling: the only place with the wire names of its writes (API v3, `POST /contatos`, `PUT
/contatos/{id}`, `POST /contas/pagar`, `/contas/pagar/{id}/baixar`).

Fields that Bling marks as read-only are never sent: it ignores what it does not know, and says nothing.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from integrations.bling.contacts import WholeContact
from integrations.domain.occurrences import Recurrence
from integrations.domain.payables import DesiredContact, DesiredPayable, DesiredSettlement, contact_kind

ACTIVE = "A"
_RECURRENCES = {
    Recurrence.ONCE: 1,
    Recurrence.MONTHLY: 3,
    Recurrence.BIMONTHLY: 4,
    Recurrence.QUARTERLY: 5,
    Recurrence.HALF_YEARLY: 6,
    Recurrence.YEARLY: 7,
    Recurrence.FORTNIGHTLY: 8,
}
"""Bling: `ocorrencia.tipo`. 2 (installments) is never sent, for what Bling makes of it is not known: each is a payable
of its own. 9 (weekly) is not, for the numbers of its days are not known."""

_ADDRESS = {
    "street": "endereco", "number": "numero", "complement": "complemento", "district": "bairro", "city": "municipio",
    "state": "uf", "postal_code": "cep",
}  # fmt: skip
_CHANGED = {"name": "nome", "trade_name": "fantasia", "email": "email", "phone": "telefone", "mobile": "celular",
            "state_registration": "ie"}  # fmt: skip
_BLANKS = ("", None, "0000-00-00")


def contact(desired: DesiredContact, *, type_ids: tuple[int, ...]) -> dict[str, Any]:
    """Return the body of a new contact. `type_ids` are the account's ids of what it is (GET /contatos/tipos)."""
    address = {wire: getattr(desired, name) for name, wire in _ADDRESS.items()}
    body = {
        "nome": desired.name, "tipo": desired.kind, "situacao": ACTIVE, "numeroDocumento": desired.document,
        "fantasia": desired.trade_name, "email": desired.email, "telefone": desired.phone, "celular": desired.mobile,
        "ie" if desired.kind == "J" else "rg": desired.state_registration,
    }  # fmt: skip
    given: dict[str, Any] = {name: value for name, value in body.items() if value}
    if any(address.values()):
        given["endereco"] = {"geral": {name: value for name, value in address.items() if value}}
    if type_ids:
        given["tiposContato"] = [{"id": number} for number in type_ids]
    return given


def changed_contact(whole: WholeContact, wanted: DesiredContact, *, type_ids: tuple[int, ...]) -> dict[str, Any]:
    """Return the body that makes a contact what is `wanted`: all that Bling showed of it, for one account only is known
    to keep what is not sent, and over it what is different. Blanks are left out: none is ever to win.

    `type_ids` are all that it is to be: Bling keeps the list that is sent.
    """
    shown = whole.contact
    required = {
        "nome": wanted.name, "tipo": wanted.kind or contact_kind(wanted.document), "situacao": ACTIVE,
    }  # fmt: skip
    body = required | {name: value for name, value in whole.raw.items() if value and name not in ("id", "tiposContato")}
    body |= {wire: getattr(wanted, name) for name, wire in _CHANGED.items() if _differs(shown, wanted, name)}
    address = {wire: getattr(wanted, name) for name, wire in _ADDRESS.items() if _differs(shown, wanted, name)}
    if address:
        given = body.get("endereco")
        places = dict(given) if isinstance(given, Mapping) else {}
        general = places.get("geral")
        places["geral"] = {**(general if isinstance(general, Mapping) else {}), **address}
        body["endereco"] = places
    if isinstance(whole.raw.get("tiposContato"), list):  # else nobody knows what would be taken away
        body["tiposContato"] = [{"id": number} for number in type_ids]
    kept: dict[str, Any] = without_blanks(body)
    return kept


def _differs(shown: DesiredContact, wanted: DesiredContact, name: str) -> bool:
    return bool(getattr(shown, name) != getattr(wanted, name))


def without_blanks(value: Any) -> Any:
    """Return what was shown without what says nothing: empty texts, days of zeros, references to nothing."""
    if isinstance(value, Mapping):
        kept = {name: without_blanks(inner) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if not (inner in _BLANKS or inner in ({}, {"id": 0}))}
    if isinstance(value, Decimal):
        return _number(value)
    return [without_blanks(inner) for inner in value] if isinstance(value, list) else value


def payable(desired: DesiredPayable, *, contact_id: int) -> dict[str, Any]:
    """Return the body of a new payable."""
    body: dict[str, Any] = {
        "vencimento": str(desired.due_date), "valor": _number(desired.value), "contato": {"id": contact_id},
        "dataEmissao": str(desired.issue_date), "competencia": str(desired.competence_date),
        "ocorrencia": _occurrence(desired),
    }  # fmt: skip
    if desired.document_number:
        body["numeroDocumento"] = desired.document_number
    if desired.history:
        body["historico"] = desired.history
    ids = {"formaPagamento": desired.payment_form_id, "portador": desired.account_id, "categoria": desired.category_id}
    return body | {name: {"id": number} for name, number in ids.items() if number}


def settlement(desired: DesiredSettlement) -> dict[str, Any]:
    """Return the body of a settlement. `valorRecebido` is left out: then it settles the whole payable (Bling)."""
    more = {
        "juros": desired.interest, "desconto": desired.discount, "acrescimo": desired.surcharge, "tarifa": desired.fee,
    }  # fmt: skip
    return {
        "data": str(desired.day), "usarDataVencimento": False, "portador": {"id": desired.account_id},
        "categoria": {"id": desired.category_id}, "historico": desired.history,
        **{name: _number(value) for name, value in more.items() if value},
    }  # fmt: skip


def _occurrence(desired: DesiredPayable) -> dict[str, Any]:
    kind = _RECURRENCES[desired.recurrence]
    if desired.recurrence is Recurrence.ONCE:
        return {"tipo": kind}
    # Whether Bling moves a due date to a working day, and which way, is not known: it is to move none.
    return {"tipo": kind, "diaVencimento": desired.day, "considerarDiasUteis": False}


def weekly(*, day: int) -> dict[str, Any]:
    """Return a weekly occurrence, which only a probe sends: how Bling numbers the `day` is not known."""
    return {"tipo": 9, "diaSemanaVencimento": day, "considerarDiasUteis": False}


def installments(*, day: int, count: int) -> dict[str, Any]:
    """Return installments that Bling makes, which only a probe sends: what it makes of them is not known."""
    return {"tipo": 2, "diaVencimento": day, "numeroParcelas": count, "considerarDiasUteis": False}


def _number(value: Decimal) -> float:
    """Return an amount as a JSON number; two decimals of any amount that is allowed survive that."""
    return float(value)
