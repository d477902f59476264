"""Bling: contacts, categories, accounts, payment forms, company and sales channels."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from sandbox.bling import errors, queries
from sandbox.bling.records import Contact
from sandbox.bling.state import BlingAccount
from sandbox.bling.wire_forms import (
    TYPE_IDS,
    account_row,
    category_detail,
    category_row,
    channel_detail,
    channel_row,
    contact_detail,
    contact_row,
    form_detail,
    form_row,
)
from sandbox.documents import compact
from sandbox.wire import Call, Reply

T = TypeVar("T")
ALL_CONTACTS, DELETED_CONTACTS, LAST_INCLUDED = 1, 2, 3
PERSON_KINDS = {1: "F", 2: "J", 3: "E"}


def _one(records: dict[int, T], id: int, wire: Callable[[T], Any]) -> Reply:
    if id not in records:
        raise errors.not_found()
    return Reply({"data": wire(records[id])})


def _moments(call: Call, prefix: str) -> tuple[datetime | None, datetime | None]:
    start, end = queries.moment(call, f"{prefix}Inicial"), queries.moment(call, f"{prefix}Final")
    queries.check_year(f"{prefix}Inicial", start.date() if start else None, end.date() if end else None)
    return start, end


def list_contacts(account: BlingAccount, call: Call) -> Reply:
    """GET /contatos: without `criterio=1` not the full register, only what was included recently."""
    criterion = queries.integer(call, "criterio", LAST_INCLUDED)
    changed, included = _moments(call, "dataAlteracao"), _moments(call, "dataInclusao")
    ids = queries.integers(call, "idsContatos[]")
    document, search = call.query.get("numeroDocumento", ""), call.query.get("pesquisa", "").casefold()
    person = PERSON_KINDS.get(queries.integer(call, "tipoPessoa") or 0)

    def build() -> list[Contact]:
        found = [
            contact
            for contact in account.contacts.values()
            if (contact.status == "E") == (criterion == DELETED_CONTACTS)
            and (not ids or contact.id in ids)
            and (not document or compact(contact.document) == compact(document))
            and (person is None or contact.kind == person)
            and (not search or search in _searchable(contact))
            and _between(contact.changed, *changed)
            and _between(contact.created, *included)
        ]
        if criterion == LAST_INCLUDED:
            found = sorted(found, key=lambda contact: contact.created)[-queries.MAX_LIMIT :]
        return sorted(found, key=lambda contact: contact.id)

    rows = account.listing(("contacts", criterion, changed, included, ids, document, search, person), build)
    return Reply(queries.page_of(call, rows, contact_row))


def _searchable(contact: Contact) -> str:
    return "\n".join((contact.name, contact.document, contact.fantasia, contact.email, contact.code)).casefold()


def _between(value: datetime, start: datetime | None, end: datetime | None) -> bool:
    return (start is None or value >= start) and (end is None or value <= end)


def show_contact(account: BlingAccount, call: Call, id: int) -> Reply:
    """GET /contatos/{id}; deleted contacts (status E) are still readable."""
    return _one(account.contacts, id, contact_detail)


def show_consumer(account: BlingAccount, call: Call) -> Reply:
    """GET /contatos/consumidor-final: the fixed system contact."""
    return _one(account.contacts, account.consumer_id, contact_detail)


def list_contact_types(account: BlingAccount, call: Call) -> Reply:
    """GET /contatos/tipos: no pages."""
    return Reply({"data": [{"id": id, "descricao": name} for name, id in TYPE_IDS.items()]})


def list_categories(account: BlingAccount, call: Call) -> Reply:
    """GET /categorias/receitas-despesas; `situacao` 1 active, 2 inactive, else both."""
    kind, state = queries.integer(call, "tipo", 0), queries.integer(call, "situacao", 0)
    rows = [
        category
        for category in account.categories.values()
        if kind in (0, category.kind) and (state not in (1, 2) or category.active == (state == 1))
    ]
    return Reply(queries.page_of(call, rows, category_row))


def show_category(account: BlingAccount, call: Call, id: int) -> Reply:
    """GET /categorias/receitas-despesas/{id}."""
    return _one(account.categories, id, category_detail)


def list_accounts(account: BlingAccount, call: Call) -> Reply:
    """GET /contas-contabeis; the title's `portador`. `situacoes` has no brackets here."""
    states = {state for text in call.query.getlist("situacoes") for state in text.split(",")}
    rows = [row for row in account.accounts.values() if not states or ("1" if row.active else "2") in states]
    if call.query.get("ordenacao", "").endswith("descricao"):
        rows.sort(key=lambda row: row.name, reverse=call.query["ordenacao"].startswith("-"))
    return Reply(queries.page_of(call, rows, account_row))


def show_account(account: BlingAccount, call: Call, id: int) -> Reply:
    """GET /contas-contabeis/{id}."""
    return _one(account.accounts, id, account_row)


def list_forms(account: BlingAccount, call: Call) -> Reply:
    """GET /formas-pagamentos."""
    state, kinds = queries.integer(call, "situacao"), queries.integers(call, "tiposPagamentos[]")
    rows = [
        form
        for form in account.payment_forms.values()
        if state in (None, int(form.active)) and (not kinds or form.code in kinds)
    ]
    return Reply(queries.page_of(call, rows, form_row))


def show_form(account: BlingAccount, call: Call, id: int) -> Reply:
    """GET /formas-pagamentos/{id}."""
    return _one(account.payment_forms, id, form_detail)


def show_company(account: BlingAccount, call: Call) -> Reply:
    """GET /empresas/me/dados-basicos: `id` is text, `cnpj` has punctuation."""
    return Reply(
        {
            "data": {
                "id": account.company_id,
                "nome": account.name,
                "cnpj": account.cnpj,
                "email": account.email,
                "dataContrato": "2021-03-15",
            }
        }
    )


def list_channels(account: BlingAccount, call: Call) -> Reply:
    """GET /canais-venda: all of them are enabled here, and of one type."""
    rows = list(account.channels.values()) if queries.integer(call, "situacao", 1) == 1 else []
    return Reply(queries.page_of(call, rows, channel_row))


def show_channel(account: BlingAccount, call: Call, id: int) -> Reply:
    """GET /canais-venda/{id}."""
    return _one(account.channels, id, channel_detail)


ROUTES: tuple[tuple[str, str, Callable[..., Reply]], ...] = (
    ("contatos", "/contatos", list_contacts),
    ("contatos", "/contatos/consumidor-final", show_consumer),
    ("contatos", "/contatos/tipos", list_contact_types),
    ("contatos", "/contatos/<int:id>", show_contact),
    ("categorias", "/categorias/receitas-despesas", list_categories),
    ("categorias", "/categorias/receitas-despesas/<int:id>", show_category),
    ("contas-contabeis", "/contas-contabeis", list_accounts),
    ("contas-contabeis", "/contas-contabeis/<int:id>", show_account),
    ("formas-pagamentos", "/formas-pagamentos", list_forms),
    ("formas-pagamentos", "/formas-pagamentos/<int:id>", show_form),
    ("empresas", "/empresas/me/dados-basicos", show_company),
    ("canais-venda", "/canais-venda", list_channels),
    ("canais-venda", "/canais-venda/<int:id>", show_channel),
)
