"""What the simulation lists is what Kamino holds after going live: no more, no less, nothing else."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from django.utils import timezone

from integrations.domain.delivery import Operation, next_step
from integrations.domain.desired import DesiredPayment, DesiredTitle, KaminoStatus
from integrations.domain.titles import Direction
from integrations.models import Attempt, KaminoConnection, PersonPosting, PlannedWrite, Posting
from integrations.models.planned_writes import SETTLING, PlannedOperation
from integrations.pipeline.desk.commands import request_sync
from integrations.pipeline.run import tick
from sandbox.faults import Fault
from tests.flows.helpers import Company

OPEN = DesiredTitle(
    direction=Direction.PAYABLE, code="1", description="Luz [Bling 1]", document_number="NF 1",
    due_date=date(2026, 11, 30), competence_date=date(2026, 11, 1), value=Decimal("10.00"), chart_account="1",
    cost_center=None, business_unit=None, status=KaminoStatus.PENDING,
)  # fmt: skip
PAID = replace(
    OPEN, status=KaminoStatus.SETTLED, payment=DesiredPayment(date(2026, 11, 2), Decimal("10.00"), "5", forced=False)
)
BODIES = [OPEN, replace(OPEN, value=Decimal("11.00")), PAID, replace(OPEN, status=KaminoStatus.CANCELLED)]


def listed(company: Company) -> dict[int, Any]:
    """Return the rows of the simulation by Bling id."""
    rows = PlannedWrite.objects.filter(kamino_connection__tenant=company.tenant).ready().named()
    return {row.title.bling_id: row for row in rows}


def test_the_operation_is_the_one_that_would_be_sent(company: Company) -> None:
    title = company.add_title("payable")
    company.to_shadow()
    company.sync()
    for desired, delivered in product(BODIES, [None, *BODIES]):
        told = delivered.to_json() if delivered else None
        Posting.objects.update(state="ready", desired=desired.to_json(), delivered=told)
        operation = next_step(desired, delivered).operation
        expected = str(operation) if operation else None
        if operation is Operation.CREATE and desired.status is KaminoStatus.SETTLED:
            expected = PlannedOperation.CREATE_PAID.value
        found = listed(company).get(title)
        assert (found.operation if found else None) == expected, (desired, delivered)


@pytest.mark.some(2)
@pytest.mark.parametrize("generous", [False, True], ids=["strict", "generous"])
def test_what_is_listed_in_simulation_is_what_kamino_holds_after_going_live(
    new_company: Callable[..., Company], world: Any, generous: bool
) -> None:
    world.generous = generous
    company = new_company()
    kept, cancelled, settled = (company.add_title("payable", value=value) for value in ("10.00", "20.00", "30.00"))
    company.sync()
    company.to_shadow()
    company.bling.edit_title(kept, value="11.00")
    company.bling.cancel(cancelled)
    company.bling.pay(settled, account=company.bank, date=world.today)
    new = company.add_title("receivable", value="40.00")
    new_paid = company.add_title("payable", value="50.00")
    company.bling.pay(new_paid, account=company.bank, date=world.today - timedelta(days=1))
    unmapped = company.add_title("payable", category=company.bling.add_category("Sem par", kind=3))
    sent_before = Attempt.objects.count()
    company.sync()
    simulated = listed(company)
    assert {bling_id: row.operation for bling_id, row in simulated.items()} == {
        kept: "update", cancelled: "cancel", settled: "settle", new: "create", new_paid: "create_paid",
    }  # fmt: skip
    assert Attempt.objects.count() == sent_before
    totals = {row["operation"]: (row["count"], row["total"]) for row in PlannedWrite.objects.ready().totals()}
    assert totals["create_paid"] == (1, Decimal("50.00"))
    bank = PlannedWrite.objects.ready().settlements()
    assert [(row["account_name"], row["count"], row["total"]) for row in bank] == [
        ("BANCO DE TESTE", 2, Decimal("80.00"))
    ]
    company.go_live()
    company.sync()
    for bling_id, row in simulated.items():
        held = company.in_kamino(row.direction, bling_id)
        if row.operation == "cancel":
            assert held is None
            continue
        names = ("VlrVenc", "VlrPagto", "SitConta") if row.direction == "receivable" else (
            "ValorVencimento", "ValorPagamento", "Situacao",
        )  # fmt: skip
        assert held[names[0]] == row.value
        assert held[names[1]] == row.paid
        assert (held[names[2]] == 2) == (row.operation in SETTLING)
    assert company.in_kamino("payable", unmapped) is None
    assert listed(company) == {}


def test_whom_kamino_has_twice_is_said_before_anything_is_sent(new_company: Callable[..., Company]) -> None:
    company = new_company(delivery_mode="shadow")
    documents = {"Dobrada": "11222333000181", "Única": "45997418000153", "Nova": "33000167000101"}
    contacts = {
        name: company.bling.add_contact(name=name, document=document, kind="J") for name, document in documents.items()
    }
    for name in ("Dobrada", "Dobrada", "Única"):
        company.kamino.add_person(name=name, document=documents[name])
    titles = {name: company.add_title("payable", contact=contact) for name, contact in contacts.items()}
    persons = len(company.kamino.persons)
    company.sync()
    assert (company.kamino.write_count, len(company.kamino.persons)) == (0, persons)
    states = {name: company.posting(title).state for name, title in titles.items()}
    assert states == {"Dobrada": "held", "Única": "ready", "Nova": "ready"}
    assert company.problems(titles["Dobrada"]) == ["person_undecided"]
    assert set(listed(company)) == {titles["Única"], titles["Nova"]}
    requests = company.kamino.request_count
    company.sync()
    assert company.kamino.request_count == requests  # nobody is looked for a second time
    company.go_live()
    company.work()
    assert [company.posting(title).state for title in titles.values()] == ["held", "delivered", "delivered"]


def test_a_company_whose_persons_cannot_be_read_goes_on_later(new_company: Callable[..., Company]) -> None:
    company = new_company(delivery_mode="shadow")
    title = company.add_title("payable")
    company.bling.world.faults.add(Fault(side="kamino", kind="500", path="/pessoa/lista", times=50))
    company.sync()
    assert company.posting(title).state == "ready"
    company.bling.world.faults.clear()
    company.forget_waits()
    company.work()
    posting = company.title(title).person
    assert posting is not None
    assert posting.posting.sought_at is not None


def test_only_who_would_be_sent_is_looked_for_and_then_once(new_company: Callable[..., Company]) -> None:
    company = new_company(delivery_mode="shadow")
    other = company.bling.add_category("Categoria sem par", kind=3)
    contact = company.bling.add_contact(name="Nova", document="33000167000101", kind="J")
    company.add_title("payable", contact=contact, category=other)
    company.sync()
    assert not asked_for_persons(company)
    company.kamino.add_chart_account("Categoria sem par")
    company.forget_registers()
    company.sync()
    assert asked_for_persons(company) == 1
    company.sync()
    assert asked_for_persons(company) == 1


def asked_for_persons(company: Company) -> int:
    return sum(count for call, count in company.kamino.calls.items() if "/pessoa" in call)


@pytest.mark.parametrize("is_refused", [False, True], ids=["odd row", "refused"])
def test_a_person_that_cannot_be_looked_for_keeps_nobody_else_waiting(company: Company, is_refused: bool) -> None:
    """Nor is Kamino asked for it again and again, nor the company paused because of it."""
    company.sync()
    company.to_shadow()
    odd = company.kamino.add_person("Sem id", document="11222333000181")
    for number in range(350):  # too many to read all of them
        company.kamino.add_person(f"Pessoa {number}")
    for document in ("11222333000181", "04252011000110"):
        company.add_title("payable", contact=company.bling.add_contact(name=document, document=document, kind="J"))
    if is_refused:
        fault = Fault("kamino", "answer", "GET", "/pessoa/lista", 1, status=400, answer='{"Message": "Não"}', after=1)
        company.bling.world.faults.add(fault)
    else:
        company.kamino.persons[odd]["ID"] = None
    request_sync(connections=[company.connection], user=None, now=timezone.now())
    for _ in range(20):
        until = timezone.now() + timedelta(seconds=5)
        tick.work_once(clock=timezone.now, deadline=until, tenant_ids=[company.tenant.pk])
    assert list(PersonPosting.objects.filter(sought_at=None)) == []
    assert KaminoConnection.objects.get().failure == {}
    asked = sum(calls for name, calls in company.kamino.calls.items() if "pessoa" in name)
    assert asked == 3, "one page of the register, and each person once"
