"""Bling: what other programs write: contacts, payables, their settlement, and taking those back.

Fields that Bling does not know are ignored without an error; what it lacks is refused with `fields`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.bling import errors
from sandbox.bling.records import OPEN, PARTIAL, Title
from sandbox.bling.state import BlingAccount
from sandbox.bling.wire_forms import ADDRESS_FIELDS, TYPE_IDS
from sandbox.documents import compact
from sandbox.wire import Call, HttpError, Reply, money

Body = Mapping[str, Any]
OUT, BOTH = 1, 3
"""Of a category (`tipo`) and a payment form (`finalidade`): what payables may have."""
ONCE, INSTALLMENTS = 1, 2
_TYPE_NAMES = {id: name for name, id in TYPE_IDS.items()}


class Form:
    """A body as it is read field by field; what is wrong with it is refused all at once."""

    def __init__(self, call: Call, namespace: str, message: str) -> None:
        try:
            body = call.json()
        except ValueError:
            raise errors.error(400, "MISSING_REQUIRED_FIELD_ERROR", message, "O corpo não é um JSON.") from None
        self.body: Body = body if isinstance(body, Mapping) else {}
        self._namespace, self._message = namespace, message
        self._faults: list[dict[str, Any]] = []

    def refuse(self, element: str, text: str, code: int = 1) -> None:
        self._faults.append({"code": code, "msg": text, "element": element, "namespace": self._namespace})

    def check(self) -> None:
        if self._faults:
            description = self._faults[0]["msg"]
            raise errors.error(400, "VALIDATION_ERROR", self._message, description, fields=self._faults)

    def text(self, name: str) -> str:
        value = self.body.get(name)
        return "" if value is None else str(value)

    def day(self, name: str, text: str, default: date | None = None) -> date | None:
        value = self.body.get(name)
        if value in (None, "") and default is not None:
            return default
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.refuse(name, text)
            return None

    def amount(self, name: str, text: str) -> Decimal:
        try:
            value = Decimal(str(self.body.get(name)))
            if value.is_finite() and value > 0:
                return money(value)
        except InvalidOperation:
            pass
        self.refuse(name, text)
        return Decimal(0)

    def id(self, name: str) -> int:
        """Return the id in an object such as `{"contato": {"id": 1}}`, 0 where there is none."""
        value = self.body.get(name)
        found = value.get("id") if isinstance(value, Mapping) else None
        return int(found) if isinstance(found, int | str) and str(found).isdecimal() else 0


def create_contact(account: BlingAccount, call: Call) -> Reply:
    """POST /contatos: name, kind and status are needed; a CPF/CNPJ that somebody has is refused, one with letters is
    not."""
    form = Form(call, "CONTATOS", "Não foi possível salvar o contato")
    document = compact(form.text("numeroDocumento"))
    _check_contact(form)
    taken = _with_document(account, document) if document.isdecimal() else None
    if taken is not None:
        kind = "CPF" if len(document) == 11 else "CNPJ"
        form.refuse("numeroDocumento", f"O {kind} já está cadastrado no contato {taken}", code=3)
    form.check()
    return Reply({"data": {"id": account.add_contact(**_contact_values(form))}}, 201)


def change_contact(account: BlingAccount, call: Call, id: int) -> Reply:
    """PUT /contatos/{id}: fields that are not sent are kept."""
    if id not in account.contacts:
        raise errors.not_found()
    form = Form(call, "CONTATOS", "Não foi possível salvar o contato")
    _check_contact(form)
    form.check()
    values = _contact_values(form)
    names = {"fantasia": "fantasia", "email": "email", "telefone": "phone", "celular": "mobile", "nome": "name"}
    kept = {ours for wire, ours in names.items() if wire not in form.body}
    kept |= {"document"} if "numeroDocumento" not in form.body else set()
    kept |= {"types"} if "tiposContato" not in form.body else set()
    kept |= {"address"} if "endereco" not in form.body else set()
    account.edit_contact(id, **{name: value for name, value in values.items() if name not in kept})
    return Reply(status=204)


def _check_contact(form: Form) -> None:
    if not form.text("nome").strip():
        form.refuse("nome", "O nome é um campo obrigatório")
    if form.text("tipo") not in ("J", "F", "E"):
        form.refuse("tipo", "O tipo da pessoa é um campo obrigatório")
    if form.text("situacao") not in ("A", "E", "I", "S"):
        form.refuse("situacao", "Situação inválida")
    for name in ("telefone", "celular"):
        if form.text(name) and len(re.sub(r"\D", "", form.text(name))) not in (10, 11):
            form.refuse("fone", "É necessário preencher corretamente o campo Telefone")


def _contact_values(form: Form) -> dict[str, Any]:
    address = form.body.get("endereco")
    general = address.get("geral") if isinstance(address, Mapping) else None
    types = form.body.get("tiposContato")
    known = [_TYPE_NAMES[row["id"]] for row in types or () if isinstance(row, Mapping) and row.get("id") in _TYPE_NAMES]
    return {
        "name": form.text("nome"),
        "document": form.text("numeroDocumento"),
        "kind": form.text("tipo"),
        "fantasia": form.text("fantasia"),
        "email": form.text("email"),
        "phone": form.text("telefone"),
        "mobile": form.text("celular"),
        "status": form.text("situacao"),
        "types": known,
        "address": {name: str(general.get(name) or "") for name in ADDRESS_FIELDS} if general else {},
    }


def _with_document(account: BlingAccount, document: str) -> str | None:
    counted = [row for row in account.contacts.values() if row.status != "E" or account.deleted_keep_documents]
    return next((row.name for row in counted if document and compact(row.document) == document), None)


def create_payable(account: BlingAccount, call: Call) -> Reply:
    """POST /contas/pagar. Of installments only the first is made here: what Bling makes of them is not known."""
    form = Form(call, "CONTAS", "Não foi possível salvar a conta a pagar")
    today = account.world.today
    value = form.amount("valor", "O valor da conta é inválido")
    due = form.day("vencimento", "A data de vencimento é inválida")
    competence = form.day("competencia", "A competência está inválida")
    issue = form.day("dataEmissao", "A data de emissão é inválida", today)
    _check_references(account, form)
    form.check()
    assert due is not None
    id = account.add_title(
        "payable",
        value,
        due,
        form.id("contato"),
        category=form.id("categoria"),
        issue=issue,
        competence=competence,
        document_number=form.text("numeroDocumento"),
        history=form.text("historico"),
        account=form.id("portador"),
        payment_form=form.id("formaPagamento") or None,
    )
    return Reply({"data": {"id": id}}, 201)


def change_payable(account: BlingAccount, call: Call, id: int) -> Reply:
    """PUT /contas/pagar/{id}: whether fields that are not sent are kept is not known; here they are."""
    title = _payable(account, id)
    form = Form(call, "CONTAS", "Não foi possível salvar a conta a pagar")
    value = form.amount("valor", "O valor da conta é inválido")
    due = form.day("vencimento", "A data de vencimento é inválida")
    _check_references(account, form)
    form.check()
    account.edit_title(
        id, value=value, due=due, **({"history": form.text("historico")} if "historico" in form.body else {})
    )
    return Reply({"id": title.id})


def _check_references(account: BlingAccount, form: Form) -> None:
    contact = account.contacts.get(form.id("contato"))
    if contact is None or contact.status == "E":
        form.refuse("contato", "O contato informado não existe")
    category = account.categories.get(form.id("categoria"))
    if form.id("categoria") and (category is None or not category.active or category.kind not in (OUT, BOTH)):
        form.refuse("categoria", "A categoria informada é inválida")
    if form.id("portador") and form.id("portador") not in account.accounts:
        form.refuse("portador", "O portador informado é inválido")
    wanted = account.payment_forms.get(form.id("formaPagamento"))
    if form.id("formaPagamento") and (wanted is None or not wanted.active or wanted.purpose not in (OUT, BOTH)):
        form.refuse("formaPagamento", "Id da forma de pagamento inválido.", code=12)
    occurrence = form.body.get("ocorrencia") or {"tipo": ONCE}
    kind = occurrence.get("tipo") if isinstance(occurrence, Mapping) else None
    if str(kind) not in {str(number) for number in range(ONCE, 10)}:
        form.refuse("ocorrencia", "A ocorrência informada é inválida")
    elif int(str(kind)) in range(INSTALLMENTS, 9) and not occurrence.get("diaVencimento"):
        form.refuse("diaVencimento", "O dia de vencimento é um campo obrigatório")


def settle_payable(account: BlingAccount, call: Call, id: int) -> Reply:
    """POST /contas/pagar/{id}/baixar: one more borderô each time, as long as something is open. All that the contract
    calls required is needed here."""
    title = _payable(account, id)
    form = Form(call, "CONTAS", "Não foi possível baixar a conta a pagar")
    day = form.day("data", "A data da baixa é inválida")
    if not isinstance(form.body.get("usarDataVencimento"), bool):
        form.refuse("usarDataVencimento", "O campo usarDataVencimento é obrigatório")
    if not form.text("historico").strip():
        form.refuse("historico", "O histórico é um campo obrigatório")
    category = account.categories.get(form.id("categoria"))
    if category is None or category.kind not in (OUT, BOTH):
        form.refuse("categoria", "A categoria informada é inválida")
    if form.id("portador") not in account.accounts:
        form.refuse("portador", "O portador informado é inválido")
    if title.status not in (OPEN, PARTIAL):
        form.refuse("situacao", "A conta já está liquidada")
    form.check()
    received = form.body.get("valorRecebido")
    extras = {
        ours: money(form.body.get(wire) or 0)
        for wire, ours in (
            ("juros", "interest"),
            ("desconto", "discount"),
            ("acrescimo", "surcharge"),
            ("tarifa", "fee"),
        )
    }
    amount = None if received is None else min(money(received), title.balance)
    bordero = account.pay(
        id, amount=amount, date=day, account=form.id("portador"), category=form.id("categoria"), **extras
    )
    return Reply({"bordero": {"id": bordero}})


def remove_payable(account: BlingAccount, call: Call, id: int) -> Reply:
    """DELETE /contas/pagar/{id}: whether Bling removes one that has payments is not known; here it does not."""
    title = _payable(account, id)
    if title.borderos:
        raise _cannot("A conta possui borderôs e não pode ser excluída")
    account.delete(title.id)
    return Reply(status=204)


def remove_bordero(account: BlingAccount, call: Call, id: int) -> Reply:
    """DELETE /borderos/{id}: all its lines at once."""
    bordero = account.borderos.get(id)
    if bordero is None:
        raise errors.not_found()
    for line in list(bordero.lines):
        account.reverse_payment(line.title, id)
    return Reply(status=204)


def _payable(account: BlingAccount, id: int) -> Title:
    title = account.titles.get(id)
    if title is None or title.direction != "payable":
        raise errors.not_found()
    return title


def _cannot(text: str) -> HttpError:
    return errors.error(400, "VALIDATION_ERROR", "Não foi possível concluir a operação", text)


ROUTES: tuple[tuple[str, str, str, Callable[..., Reply]], ...] = (
    ("POST", "contatos", "/contatos", create_contact),
    ("PUT", "contatos", "/contatos/<int:id>", change_contact),
    ("POST", "contas-pagar", "/contas/pagar", create_payable),
    ("PUT", "contas-pagar", "/contas/pagar/<int:id>", change_payable),
    ("DELETE", "contas-pagar", "/contas/pagar/<int:id>", remove_payable),
    ("POST", "contas-pagar", "/contas/pagar/<int:id>/baixar", settle_payable),
    ("DELETE", "borderos", "/borderos/<int:id>", remove_bordero),
)
