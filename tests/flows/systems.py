"""A company whose customers another system sends by the API, and what such a system sends."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from integrations.models import ApiKey, BlingWriting, CustomerWrite, OrderWrite, WriteMode
from integrations.models.api_keys import digests_of, new_key
from tests.flows.helpers import Company

KEY = new_key()
CNPJ, OTHER_CNPJ, CPF = "98765432000198", "11444777000161", "11144477735"
LUA = {
    "nome": "Padaria Lua Ltda", "documento": "98.765.432/0001-98", "email": "contato@lua.example",
    "telefone": "(11) 3333-4444", "celular": "+55 11 98888-7777", "fantasia": "Lua",
    "endereco": {"endereco": "Rua A", "numero": "10", "municipio": "São Paulo", "uf": "SP", "cep": "01310-100"},
}  # fmt: skip


@pytest.fixture
def served(company: Company, settings: Any) -> Company:
    """A company that is written to, whose contacts may be changed, with a key of the system "auvo"."""
    settings.UNCERTAIN_WAIT_SECONDS = 0
    cache.clear()
    company.sync()
    BlingWriting.objects.create(connection=company.connection, mode=WriteMode.LIVE, changes_contacts=True)
    api_key(company)
    return company


def api_key(company: Company, key: str = KEY, **values: Any) -> ApiKey:
    user, _is_new = User.objects.get_or_create(username="suporte")
    return ApiKey.objects.create(
        connection=company.connection, label="Auvo", digest=digests_of(key)[0], prefix=key[:6], created_by=user,
        created_at=timezone.now(), **{"kind": "api", "system": "auvo", "customers": "both", **values},
    )  # fmt: skip


def ask(method: str, path: str, body: Any = None, *, key: str = KEY, **options: Any) -> Any:
    """Send a request to the API; what is no JSON yet is made such."""
    sent = body if isinstance(body, str | bytes) else json.dumps(body)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return Client(raise_request_exception=False).generic(
        method, f"/api/v1/{path}", "" if body is None else sent, content_type="application/json", headers=headers,
        **options,
    )  # fmt: skip


def put(ref: str = "7", version: int = 1, *, key: str = KEY, **changes: Any) -> Any:
    """Send a customer: the bakery, but for what is changed."""
    return ask("PUT", f"clientes/{ref}", {**LUA, "versao": version, **changes}, key=key)


BILL = {
    "data": "2026-12-01", "cliente_ref": "7",
    "itens": [
        {"sku": "VISITA", "descricao": "Visita técnica", "quantidade": 2, "valor": 12.5},
        {"sku": "PECA", "descricao": "Peça", "quantidade": 0.5, "valor": 10},
    ],
    "desconto_percentual": 10, "frete": 7, "observacoes": "OS 77",
    "parcelas": [{"vencimento": "2026-12-10", "forma_pagamento": "pix"}] * 3,
}  # fmt: skip
"""Items of 30.00, 10 % off, 7.00 of freight: 34.00, in three parts."""


@pytest.fixture
def billed(served: Company) -> Company:
    """The same, with a customer that was sent, whose bills become orders."""
    ApiKey.objects.update(bills=True)
    BlingWriting.objects.update(writes_orders=True)
    for code in ("VISITA", "PECA"):
        served.bling.add_product(code)
    sent(served)
    return served


def put_bill(ref: str = "F1", version: int = 1, *, key: str = KEY, **changes: Any) -> Any:
    """Send a bill, but for what is changed."""
    return ask("PUT", f"faturas/{ref}", {**BILL, "versao": version, **changes}, key=key)


def bill_sent(company: Company, ref: str = "F1", version: int = 1, **changes: Any) -> dict[str, Any]:
    """Send a bill, do what is due, and return what its system is told then."""
    answer = put_bill(ref, version, **changes)
    assert answer.status_code in (200, 202), answer.content
    company.work()
    return told_of_bill(ref)


def told_of_bill(ref: str = "F1", *, key: str = KEY) -> dict[str, Any]:
    found: dict[str, Any] = ask("GET", f"faturas/{ref}", key=key).json()
    return found


def bill(ref: str = "F1") -> OrderWrite:
    return OrderWrite.objects.get(ref=ref)


def sales(company: Company) -> list[Any]:
    """Return the orders that Bling has and that came from us."""
    return [sale for sale in company.bling.sales.values() if sale.shop_number]


def sent(company: Company, ref: str = "7", version: int = 1, **changes: Any) -> dict[str, Any]:
    """Send a customer, do what is due, and return what its system is told then."""
    answer = put(ref, version, **changes)
    assert answer.status_code in (200, 202), answer.content
    company.work()
    return told(ref)


def told(ref: str = "7", *, key: str = KEY) -> dict[str, Any]:
    """Return what a system is told of a customer."""
    found: dict[str, Any] = ask("GET", f"clientes/{ref}", key=key).json()
    return found


def row(ref: str = "7") -> CustomerWrite:
    return CustomerWrite.objects.get(ref=ref)


def contacts(company: Company, document: str = CNPJ) -> list[Any]:
    """Return what Bling has with a CPF/CNPJ, deleted ones apart."""
    plain = [one for one in company.bling.contacts.values() if one.status != "E"]
    return [one for one in plain if "".join(filter(str.isalnum, one.document)) == document]
