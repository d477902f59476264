"""What is sent to Bling has all that its contract requires, and nothing that it does not declare or only answers."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from integrations.bling import bodies
from integrations.domain.payables import DesiredContact, DesiredPayable, DesiredSettlement
from tests.contract import contract

DAY = date(2026, 11, 30)
PAYABLE = DesiredPayable(Decimal("10.00"), DAY, DAY, DAY, "NF 1", "Texto", 1, 2, 3)
CONTACT = DesiredContact(
    "Sol", "98765432000198", "J", "123", "a@b.example", "1133334444", "11988887777", "Rua", "1", "Sala", "Centro",
    "São Paulo", "SP", "01000-000",
)  # fmt: skip
MORE = (Decimal("1.50"), Decimal("0.50"), Decimal("0.25"), Decimal("2.00"))
SETTLEMENT = DesiredSettlement(9, DAY, *MORE, account_id=1, category_id=2, history="Baixa", amount=Decimal("10.00"))
SENT = {
    "/contas/pagar": bodies.payable(PAYABLE, contact_id=4),
    "/contatos": bodies.contact(CONTACT, type_ids=(5,)),
    "/contas/pagar/{idContaPagar}/baixar": bodies.settlement(SETTLEMENT),
}


def declared(schema: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """Return the properties of a schema, and the names that it requires; its references and parts followed."""
    if "$ref" in schema:
        found = contract()
        for key in schema["$ref"].removeprefix("#/").split("/"):
            found = found[key]
        return declared(found)
    properties, required = dict(schema.get("properties", {})), set(schema.get("required", ()))
    for part in schema.get("allOf", ()):
        inner, needed = declared(part)
        properties, required = {**properties, **inner}, required | needed
    return properties, required


@pytest.mark.parametrize("path", SENT)
def test_a_body_is_what_the_contract_declares(path: str) -> None:
    body = contract()["paths"][path]["post"]["requestBody"]
    properties, required = declared(body["content"]["application/json"]["schema"])
    written = {name for name, schema in properties.items() if not schema.get("readOnly")}
    assert SENT[path].keys() - written == set()
    assert {name for name in required if name in written} - SENT[path].keys() == set()


def test_a_settlement_says_how_much_only_beside_the_whole() -> None:
    assert bodies.settlement(SETTLEMENT) == {
        "data": "2026-11-30", "usarDataVencimento": False, "portador": {"id": 1}, "categoria": {"id": 2},
        "historico": "Baixa", "juros": 1.5, "desconto": 0.5, "acrescimo": 0.25, "tarifa": 2.0,
    }  # fmt: skip
    assert "juros" not in bodies.settlement(DesiredSettlement(9, DAY, account_id=1, category_id=2, history="Baixa"))
