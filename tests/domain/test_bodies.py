"""Bodies as version 1 stored them: every later version reads them, and stores them again as they were."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pytest

from integrations.domain.bodies import StoredBody
from integrations.domain.delivery import NextStep, next_step
from integrations.domain.desired import DesiredPayment, DesiredTitle, KaminoStatus, desire
from integrations.domain.persons import DesiredPerson, merge
from integrations.domain.rules import TenantRules
from tests.domain.builders import inputs

TITLE: dict[str, Any] = {
    "direction": "payable", "code": "16000000007", "description": "Aluguel [Bling 16000000007]",
    "document_number": "NF 12", "due_date": "2026-03-10", "competence_date": "2026-02-28", "value": "1234.50",
    "chart_account": "3.1.02", "cost_center": None, "business_unit": "7", "status": "settled",
    "payment": {"date": "2026-03-09", "amount": "1230.00", "account": "1.1.01", "forced": False},
    "note": "desconto R$ 4,50", "person": "16000000001",
}  # fmt: skip
PERSON: dict[str, Any] = {
    "code": "16000000001", "name": "Sol Ltda", "document": "11222333000181", "trade_name": "Sol", "email": "a@b.c",
    "street": "Rua A", "number": "1", "complement": "", "district": "Centro", "city": "Recife", "state": "PE",
    "postal_code": "50000000", "is_customer": False, "is_supplier": True,
}  # fmt: skip


@dataclass(frozen=True)
class Wider(DesiredTitle):
    VERSION: ClassVar[int] = 2

    colour: str = ""


@pytest.mark.parametrize(
    ("kind", "data", "fingerprint"),
    [
        (DesiredTitle, TITLE, "8c7e599ee918531bfc45f6401f0b61a3"),
        (DesiredPerson, PERSON, "f3274fa2eb23205427413f59dee3339e"),
    ],
)
def test_a_body_of_version_1_is_read_and_keeps_its_fingerprint(
    kind: type[StoredBody], data: dict[str, Any], fingerprint: str
) -> None:
    body = kind.from_json(data)
    assert body.to_json() == data
    assert body.fingerprint == fingerprint


def wider(**changes: Any) -> Wider:
    return replace(Wider.from_json(TITLE).completed(Wider.from_json({**TITLE, "v": 2, "colour": "blue"})), **changes)


def test_what_an_older_body_does_not_hold_is_taken_for_as_it_is_now() -> None:
    older, now = Wider.from_json(TITLE), wider()
    assert older.is_older
    assert Wider.from_json({**TITLE, "colour": "blue"}).is_older
    assert not now.is_older
    assert now.colour == "blue"
    assert older.means(now)
    assert older.fingerprint != now.fingerprint
    assert next_step(now, older) == NextStep()
    assert not older.means(wider(note=""))
    assert not now.means(wider(colour="red"))


def test_an_older_body_is_stored_again_as_it_was() -> None:
    body = replace(Wider.from_json(TITLE), status=KaminoStatus.PENDING, payment=None)
    assert body.to_json() == {**TITLE, "status": "pending", "payment": None}
    assert body.is_older
    assert wider().to_json() == {**TITLE, "v": 2, "colour": "blue"}


def test_what_only_a_newer_version_knows_is_left_out() -> None:
    body = DesiredTitle.from_json({**TITLE, "v": 2, "colour": "blue"})
    assert body == DesiredTitle.from_json(TITLE)
    assert not body.is_older
    assert body.completed(body).to_json()["v"] == 2, "it stays one of that version"


def test_a_payment_without_a_field_is_older_too() -> None:
    payment = {name: value for name, value in TITLE["payment"].items() if name != "forced"}
    older, now = DesiredTitle.from_json({**TITLE, "payment": payment}), DesiredTitle.from_json(TITLE)
    assert older.is_older
    assert older.payment is not None
    forced = replace(older.payment, forced=True, stored=None)
    assert older.means(now)
    assert older.means(replace(now, payment=forced))
    assert not older.means(replace(now, payment=DesiredPayment(forced.date, now.value, forced.account)))
    unpaid = DesiredTitle.from_json({**TITLE, "payment": None})
    assert not unpaid.is_older
    assert not older.means(unpaid), "a payment that was taken back"


def test_what_a_person_s_body_does_not_hold_is_not_known_as_ours() -> None:
    told = DesiredPerson.from_json({name: value for name, value in PERSON.items() if name not in ("city", "email")})
    ours = DesiredPerson.from_json({**PERSON, "city": "Natal", "street": "Rua B", "email": "novo@example.com"})
    theirs = DesiredPerson.from_json({**PERSON, "city": "", "email": ""})
    assert merge(ours, theirs, told) == replace(theirs, email="novo@example.com"), "an address is one thing"
    assert merge(ours, replace(theirs, email="outro@example.com"), told).email == "outro@example.com"


def test_a_closed_month_holds_nothing_back_that_an_older_body_says_already() -> None:
    now, _problems = desire(inputs(), [])
    assert now is not None
    assert now.person
    older = DesiredTitle.from_json({name: value for name, value in now.to_json().items() if name != "person"})
    rules = TenantRules(settled_from=None, closed_until=now.competence_date)
    assert desire(inputs(rules=rules, delivered=older), []) == (now, [])
