"""Payables that people enter reach Bling once, and Kamino by the mirror."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.domain.delivery import DeliveryState
from integrations.domain.occurrences import Recurrence
from integrations.domain.reasons import Reason
from integrations.models import BlingAttempt, BlingWriting, ContactWrite, PayableWrite, WriteBatch, WriteMode
from integrations.pipeline.company.writing import switch
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.payables import live, orders
from integrations.pipeline.payables.entry import Supplier
from integrations.pipeline.payables.standing import Standing, standing_of
from integrations.words.reasons import named_fields
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company
from tests.flows.payables import DOCUMENT, DUE, enter, entry, ours, states

POST = {"side": "bling", "method": "POST", "path": "/contas/pagar"}


def test_a_payable_of_a_new_supplier_reaches_both_sides(writing: Company, ana: User) -> None:
    enter(writing, ana)
    writing.work()
    [title] = ours(writing)
    assert (title.value, title.due, title.document_number) == (Decimal("150.00"), DUE, "NF 77")
    assert title.history.startswith("Papel de embrulho [#K")
    supplier = writing.bling.contacts[title.contact]
    assert (supplier.name, supplier.document, supplier.types) == ("Gráfica Sol", "98765432000198", ("Fornecedor",))
    writing.sync()
    row = writing.in_kamino("payable", title.id)
    assert row is not None
    writes = writing.bling.calls["POST /contas/pagar"], writing.bling.calls["POST /contatos"]
    writing.sync()
    assert (writing.bling.calls["POST /contas/pagar"], writing.bling.calls["POST /contatos"]) == writes == (1, 1)


def test_a_supplier_that_bling_has_is_found_by_its_document(writing: Company, ana: User) -> None:
    known = writing.bling.add_contact("Gráfica do Sol Ltda", document="98.765.432/0001-98")
    enter(writing, ana)
    writing.work()
    assert [title.contact for title in ours(writing)] == [known]
    assert writing.bling.calls["POST /contatos"] == 0


def test_several_suppliers_of_one_name_are_a_person_s_decision(writing: Company, ana: User) -> None:
    for _ in range(2):
        writing.bling.add_contact("Gráfica Sol")
    enter(writing, ana, entry(writing, supplier=Supplier("GRÁFICA  SOL")))
    writing.work()
    contact = ContactWrite.objects.get()
    assert (contact.state, contact.reason) == (DeliveryState.NEEDS_HUMAN, Reason.AMBIGUOUS)
    assert ours(writing) == []


def test_installments_are_payables_of_their_own(writing: Company, ana: User) -> None:
    bill = entry(writing, value=Decimal("100.00"), recurrence=Recurrence.INSTALLMENTS, installments=3)
    batch = enter(writing, ana, bill)
    assert (batch.count, batch.total) == (3, Decimal("100.00"))
    writing.work()
    assert [(title.value, title.document_number) for title in ours(writing)] == [
        (Decimal("33.33"), "NF 77/1"), (Decimal("33.33"), "NF 77/2"), (Decimal("33.34"), "NF 77/3")
    ]  # fmt: skip
    assert len({title.contact for title in ours(writing)}) == 1


def test_a_monthly_payable_is_sent_once(writing: Company, ana: User) -> None:
    enter(writing, ana, entry(writing, recurrence=Recurrence.MONTHLY))
    writing.work()
    assert states() == [DeliveryState.DELIVERED]
    assert len(ours(writing)) == 1


@pytest.mark.parametrize("mode", [WriteMode.OFF, WriteMode.SIMULATION])
def test_nothing_is_sent_unless_it_is_live(writing: Company, ana: User, mode: WriteMode) -> None:
    known = writing.bling.add_contact("Padaria Lua", document="11222333000181")
    enter(writing, ana, entry(writing), entry(writing, supplier=Supplier("Padaria Lua", "11222333000181", known)))
    BlingWriting.objects.update(mode=mode)
    writing.work()
    assert states() == [DeliveryState.READY] * 2
    assert ours(writing) == []
    assert not BlingAttempt.objects.exists()


def test_what_is_switched_off_takes_nothing(writing: Company, ana: User) -> None:
    BlingWriting.objects.update(mode=WriteMode.OFF)
    with pytest.raises(Refused, match=r"switched off|desligada"):
        enter(writing, ana)
    assert not WriteBatch.objects.exists()


@pytest.mark.parametrize("kind", ["cut_before", "cut_after", "truncated", "500", "odd_after", "odd_before"])
def test_a_lost_answer_makes_neither_two_nor_none(writing: Company, ana: User, world: World, kind: Any) -> None:
    world.faults.add(Fault(**POST, kind=kind, answer='{"data": {}}'))
    enter(writing, ana)
    for _ in range(4):
        writing.work()
    assert len(ours(writing)) == 1
    assert states() == [DeliveryState.DELIVERED]
    assert PayableWrite.objects.get().bling_id == ours(writing)[0].id


def test_what_is_not_known_is_looked_up_in_an_account_that_was_switched_off(
    writing: Company, ana: User, world: World, settings: Any
) -> None:
    settings.UNCERTAIN_WAIT_SECONDS = 3600
    world.faults.add(Fault(**POST, kind="cut_after"))
    enter(writing, ana)
    writing.work()
    assert states() == [DeliveryState.UNCERTAIN]
    BlingWriting.objects.update(mode=WriteMode.OFF)
    PayableWrite.objects.update(ready_at=timezone.now())
    writing.work()
    assert states() == [DeliveryState.DELIVERED]
    assert len(ours(writing)) == 1


def test_a_list_that_cannot_be_read_whole_proves_no_absence(
    writing: Company, ana: User, world: World, settings: Any
) -> None:
    settings.UNCERTAIN_WAIT_SECONDS = 3600
    odd = json.dumps({"data": [{"id": "?"}]})
    world.faults.add(Fault("bling", "odd_before", "GET", "/contatos", times=5, answer=odd))
    enter(writing, ana)
    writing.work()
    assert writing.bling.calls["POST /contatos"] == 0
    world.faults.clear()
    ContactWrite.objects.update(ready_at=timezone.now())
    world.faults.add(Fault(**POST, kind="cut_after"))
    writing.work()
    assert states() == [DeliveryState.UNCERTAIN]
    world.faults.add(Fault("bling", "odd_before", "GET", "/contas/pagar", times=5, answer=odd))
    for _ in range(4):
        PayableWrite.objects.update(ready_at=timezone.now())
        writing.work()
    assert writing.bling.calls["POST /contas/pagar"] == 1
    assert states() == [DeliveryState.UNCERTAIN]


def test_one_that_somebody_corrected_at_once_is_known_by_its_mark(
    writing: Company, ana: User, world: World, settings: Any
) -> None:
    settings.UNCERTAIN_WAIT_SECONDS = 3600
    world.faults.add(Fault(**POST, kind="cut_after"))
    enter(writing, ana)
    writing.work()
    [title] = ours(writing)
    title.value = Decimal("155.00")
    for _ in range(3):
        PayableWrite.objects.update(ready_at=timezone.now())
        writing.work()
    assert PayableWrite.objects.get().bling_id == title.id
    assert len(ours(writing)) == 1


def test_what_bling_shows_late_is_not_sent_again(writing: Company, ana: User, world: World) -> None:
    unseen = {"kind": "answer", "method": "GET", "status": 200, "answer": '{"data": []}'}
    for path, after in (("/contatos", 1), ("/contas/pagar", 0)):
        world.faults.add(Fault("bling", "cut_after", "POST", path))
        world.faults.add(Fault("bling", path=path, after=after, **unseen))  # type: ignore[arg-type]
    enter(writing, ana)
    for _ in range(6):
        writing.work()
    assert len(world.faults.fired) == 4
    assert len(ours(writing)) == 1
    assert [contact.document for contact in writing.bling.contacts.values()].count(DOCUMENT) == 1


@pytest.mark.parametrize("kind", ["cut_before", "cut_after", "500"])
@pytest.mark.parametrize("document", ["98765432000198", ""])
def test_a_lost_answer_makes_no_second_supplier(
    writing: Company, ana: User, world: World, kind: Any, document: str
) -> None:
    world.faults.add(Fault("bling", kind, "POST", "/contatos"))
    enter(writing, ana, entry(writing, supplier=Supplier("Gráfica Sol", document)))
    for _ in range(4):
        writing.work()
    assert [contact.name for contact in writing.bling.contacts.values()].count("Gráfica Sol") == 1
    assert len(ours(writing)) == 1


def test_a_lost_answer_takes_no_supplier_that_a_person_denied(writing: Company, ana: User, world: World) -> None:
    denied = writing.bling.add_contact("Gráfica Sol")
    writing.bling.contacts[denied].status = "I"
    enter(writing, ana, entry(writing, supplier=Supplier("Gráfica Sol")))
    writing.work()
    payable = PayableWrite.objects.get()
    orders.supplier_is(payable=payable, contact=None, reason="é outra", user=ana, now=timezone.now())
    world.faults.add(Fault("bling", "cut_before", "POST", "/contatos"))
    for _ in range(4):
        writing.work()
    assert ours(writing) == []
    assert ContactWrite.objects.get().state == DeliveryState.NEEDS_HUMAN


def test_one_that_somebody_typed_meanwhile_is_asked_about(
    writing: Company, ana: User, world: World, settings: Any
) -> None:
    settings.UNCERTAIN_WAIT_SECONDS = 3600
    known = writing.bling.add_contact("Gráfica Sol", document="98765432000198")
    world.faults.add(Fault(**POST, kind="cut_before"))
    enter(writing, ana, entry(writing, supplier=Supplier("Gráfica Sol", "98765432000198", known)))
    writing.work()
    writing.bling.add_title("payable", "150.00", DUE, known, history="digitado à mão")
    for _ in range(2):
        PayableWrite.objects.update(ready_at=timezone.now())
        writing.work()
    unit = PayableWrite.objects.get()
    assert (unit.state, unit.reason) == (DeliveryState.NEEDS_HUMAN, Reason.FOUND_TWICE)
    assert ours(writing) == []
    orders.is_not_there(payable=unit, reason="outra nota", user=ana, now=timezone.now())
    writing.work()
    assert len(ours(writing)) == 1


def test_what_bling_refuses_says_why(writing: Company, ana: User) -> None:
    enter(writing, ana, entry(writing, category_id=4711))
    writing.work()
    unit = PayableWrite.objects.get()
    assert (unit.state, unit.reason) == (DeliveryState.NEEDS_HUMAN, Reason.REFUSED)
    assert "categoria" in unit.reason_params["message"]
    [field] = named_fields(unit.attempts.get().failure)
    assert field.startswith("CONTAS ")
    assert " · categoria · " in field


def test_a_batch_stops_after_five_refusals_in_a_row(writing: Company, ana: User) -> None:
    bill = entry(
        writing, category_id=4711, recurrence=Recurrence.INSTALLMENTS, installments=30, is_total=False,
    )  # fmt: skip
    batch = enter(writing, ana, bill)
    writing.work()
    batch.refresh_from_db()
    assert batch.state == WriteBatch.State.STOPPED
    assert writing.bling.refused[400] == 5
    assert states().count(DeliveryState.READY) == 25
    orders.discard(batch=batch, reason="categoria errada", user=ana, now=timezone.now())
    writing.work()
    assert writing.bling.refused[400] == 5
    assert states().count(DeliveryState.IGNORED) == 25


def test_what_goes_on_stops_only_after_five_more_refusals(writing: Company, ana: User) -> None:
    bill = entry(
        writing, category_id=4711, recurrence=Recurrence.INSTALLMENTS, installments=30, is_total=False,
    )  # fmt: skip
    batch = enter(writing, ana, bill)
    for tries in (5, 10):
        writing.work()
        batch.refresh_from_db()
        assert (batch.state, writing.bling.refused[400]) == (WriteBatch.State.STOPPED, tries)
        orders.go_on(batch=batch, user=ana, now=timezone.now())


def test_a_batch_stops_after_five_refused_suppliers_too(writing: Company, ana: User, world: World) -> None:
    refusal = '{"error": {"type": "VALIDATION_ERROR", "message": "não"}}'
    world.faults.add(Fault("bling", "answer", "POST", "/contatos", times=99, status=400, answer=refusal))
    bills = [entry(writing, supplier=Supplier(f"Fornecedor {number}")) for number in range(8)]
    batch = enter(writing, ana, *bills)
    writing.work()
    batch.refresh_from_db()
    assert batch.state == WriteBatch.State.STOPPED
    assert len(world.faults.fired) == 5


def test_a_missing_permission_is_refused_once_for_all(writing: Company, ana: User) -> None:
    writing.bling.missing_scopes = {"contas-pagar:write"}
    bill = entry(writing, recurrence=Recurrence.INSTALLMENTS, installments=5)
    enter(writing, ana, bill)
    writing.work()
    assert writing.bling.refused[403] == 1
    assert states() == [DeliveryState.READY] * 5
    assert "“Contas a Pagar”" in BlingWriting.objects.get().error
    writing.bling.missing_scopes = set()
    BlingWriting.objects.update(payables_wait_until=timezone.now())
    PayableWrite.objects.update(ready_at=timezone.now())
    writing.work()
    assert len(ours(writing)) == 5


def test_two_unknown_outcomes_stop_the_account(writing: Company, ana: User, world: World, settings: Any) -> None:
    settings.UNCERTAIN_WAIT_SECONDS = 3600
    world.faults.add(Fault(**POST, kind="cut_after", times=9))
    bill = entry(writing, recurrence=Recurrence.INSTALLMENTS, installments=5)
    enter(writing, ana, bill)
    writing.work()
    assert writing.bling.calls["POST /contas/pagar"] == 2
    assert states().count(DeliveryState.UNCERTAIN) == 2


def test_an_expired_token_is_renewed_and_the_payable_sent_once(writing: Company, ana: User) -> None:
    writing.bling.expire_access_tokens()
    enter(writing, ana)
    writing.work()
    assert len(ours(writing)) == 1


def test_what_waited_for_a_day_is_not_sent_by_itself(writing: Company, ana: User) -> None:
    enter(writing, ana)
    PayableWrite.objects.update(accepted_at=timezone.now() - timedelta(hours=25))
    writing.work()
    assert ours(writing) == []
    orders.send_again(payable=PayableWrite.objects.get(), user=ana, now=timezone.now())
    writing.work()
    assert len(ours(writing)) == 1


@pytest.mark.parametrize("before", [WriteMode.SIMULATION, WriteMode.OFF])
def test_what_was_entered_before_live_delivery_is_not_sent_by_itself(
    writing: Company, ana: User, before: WriteMode
) -> None:
    def turn(mode: WriteMode) -> None:
        switch(
            connection=writing.connection, mode=mode, limit=None, only_writer=True, settles=False,
            changes_contacts=False, writes_orders=False, reason="vai",
            user=ana, now=timezone.now(),
        )  # fmt: skip

    enter(writing, ana)
    turn(before)
    turn(WriteMode.LIVE)
    writing.work()
    assert ours(writing) == []
    payable = PayableWrite.objects.select_related("batch", "supplier", "connection__writing").get()
    assert standing_of(payable, timezone.now()).standing == Standing.STALE
    orders.send_again(payable=payable, user=ana, now=timezone.now())
    writing.work()
    assert len(ours(writing)) == 1


def test_a_supplier_that_is_decided_late_sends_nothing_by_itself(writing: Company, ana: User) -> None:
    known = [writing.bling.add_contact("Gráfica Sol") for _ in range(2)]
    enter(writing, ana, entry(writing, supplier=Supplier("Gráfica Sol")))
    writing.work()
    PayableWrite.objects.update(accepted_at=timezone.now() - timedelta(hours=25))
    payable = PayableWrite.objects.get()
    live.supplier_is(payable=payable, contact_id=known[0], reason="é esta", user=ana, now=timezone.now())
    writing.work()
    assert ours(writing) == []
    orders.send_again(payable=payable, user=ana, now=timezone.now())
    writing.work()
    assert [title.contact for title in ours(writing)] == [known[0]]


def test_what_was_refused_for_days_is_not_sent_by_itself_either(writing: Company, ana: User) -> None:
    writing.bling.missing_scopes = {"contas-pagar:write"}
    enter(writing, ana)
    writing.work()
    writing.bling.missing_scopes = set()
    now = timezone.now()
    BlingWriting.objects.update(payables_wait_until=None)
    PayableWrite.objects.update(accepted_at=now - timedelta(hours=25), ready_at=now)
    writing.work()
    assert ours(writing) == []
    payable = PayableWrite.objects.select_related("batch", "supplier", "connection__writing").get()
    assert standing_of(payable, now).standing == Standing.STALE


def test_a_payable_costs_one_request_and_its_new_supplier_two(writing: Company, ana: User) -> None:
    enter(writing, ana, *[entry(writing, document_number=f"NF {number}") for number in range(20)])
    before = writing.bling.request_count
    writing.work()
    assert len(ours(writing)) == 20
    assert writing.bling.request_count - before == 20 + 2
