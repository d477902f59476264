"""A supplier that was in Bling once need not be there any more."""

from threading import Event
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from integrations.domain.delivery import DeliveryState
from integrations.domain.reasons import Reason
from integrations.models import BlingAttempt, ContactWrite, PayableWrite, WriteBatch
from integrations.pipeline.access.clients import open_bling
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.payables import live, orders
from integrations.pipeline.payables.standing import Standing, standing_of
from integrations.pipeline.to_bling.send import _looks_for_supplier_anew
from sandbox.bling.records import Contact
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company
from tests.flows.payables import DOCUMENT, enter, entry, ours, states
from tests.flows.test_into_bling_kills import at_once
from tests.locks import wait_for_a_lock


@pytest.fixture
def lost(writing: Company, ana: User) -> Contact:
    """The contact of a supplier that was created with its first payable, and deleted in Bling since."""
    enter(writing, ana)
    writing.work()
    [first] = ours(writing)
    contact: Contact = writing.bling.contacts[first.contact]
    contact.status = "E"
    writing.bling.deleted_keep_documents = False
    return contact


def enter_another(company: Company, user: User, **options: Any) -> WriteBatch:
    return enter(company, user, entry(company, document_number="NF 78", **options))


def contacts_of_second(company: Company) -> list[int]:
    return [title.contact for title in ours(company) if title.document_number == "NF 78"]


def work(company: Company) -> None:
    for _ in range(4):
        company.work()


def test_a_supplier_that_bling_deleted_is_created_again(writing: Company, ana: User, lost: Contact) -> None:
    batch = enter_another(writing, ana)
    work(writing)
    [anew] = contacts_of_second(writing)
    assert anew != lost.id
    assert (writing.bling.contacts[anew].document, writing.bling.contacts[anew].status) == (DOCUMENT, "A")
    batch.refresh_from_db()
    assert (batch.state, states()) == (WriteBatch.State.SENDING, ["delivered", "delivered"])


def test_a_supplier_that_people_registered_again_is_found(writing: Company, ana: User, lost: Contact) -> None:
    anew = writing.bling.add_contact("Gráfica do Sol", document=DOCUMENT)
    enter_another(writing, ana)
    work(writing)
    assert contacts_of_second(writing) == [anew]
    assert writing.bling.calls["POST /contatos"] == 1


def test_a_document_that_bling_keeps_for_the_deleted_contact_is_a_person_s_decision(
    writing: Company, ana: User, lost: Contact
) -> None:
    writing.bling.deleted_keep_documents = True
    enter_another(writing, ana)
    work(writing)
    supplier = ContactWrite.objects.get()
    assert (supplier.state, supplier.reason) == (DeliveryState.NEEDS_HUMAN, Reason.REFUSED)
    lost.status = "A"
    payable = PayableWrite.objects.latest("pk")
    live.supplier_is(payable=payable, contact_id=lost.id, reason="reativado", user=ana, now=timezone.now())
    work(writing)
    assert contacts_of_second(writing) == [lost.id]


def test_one_that_is_inactive_now_is_a_person_s_decision(writing: Company, ana: User, lost: Contact) -> None:
    inactive = writing.bling.add_contact("Gráfica do Sol", document=DOCUMENT)
    writing.bling.contacts[inactive].status = "I"
    enter_another(writing, ana)
    work(writing)
    supplier = ContactWrite.objects.get()
    assert (supplier.state, supplier.reason) == (DeliveryState.NEEDS_HUMAN, Reason.AMBIGUOUS)
    payable = PayableWrite.objects.select_related("batch", "supplier", "connection__writing").latest("pk")
    assert standing_of(payable, timezone.now()).standing == Standing.SUPPLIER_STUCK
    said = {"payable": payable, "reason": "reativado", "user": ana, "now": timezone.now()}
    for unusable in (inactive, lost.id, 1):
        with pytest.raises(Refused, match="inativo"):
            live.supplier_is(contact_id=unusable, **said)
    writing.bling.contacts[inactive].status = "A"
    live.supplier_is(contact_id=inactive, **said)
    work(writing)
    assert contacts_of_second(writing) == [inactive]


def test_a_supplier_that_could_not_be_read_is_read_when_the_payable_is_sent_again(
    writing: Company, ana: User, world: World, lost: Contact
) -> None:
    fault = Fault("bling", "500", "GET", f"/contatos/{lost.id}", times=9)
    world.faults.add(fault)
    enter_another(writing, ana)
    work(writing)
    assert (contacts_of_second(writing), states()[-1]) == ([], "needs_human")
    world.faults.clear()
    orders.send_again(payable=PayableWrite.objects.latest("pk"), user=ana, now=timezone.now())
    work(writing)
    assert len(contacts_of_second(writing)) == 1


def test_what_bling_refuses_for_another_reason_looks_for_no_supplier(writing: Company, ana: User) -> None:
    enter(writing, ana)
    writing.work()
    enter_another(writing, ana, category_id=1)
    work(writing)
    assert (states()[-1], ContactWrite.objects.get().state) == ("needs_human", "delivered")
    assert writing.bling.calls["POST /contatos"] == 1


def test_no_supplier_is_looked_for_anew_while_nobody_knows_whether_one_of_its_payables_is_there(
    writing: Company, ana: User, world: World, settings: Any
) -> None:
    """It stands at the contact of before: nobody would find it at another one, and it would be sent a second time."""
    settings.UNCERTAIN_WAIT_SECONDS = 3600
    enter(writing, ana)
    writing.work()
    world.faults.add(Fault("bling", "cut_after", "POST", "/contas/pagar"))
    enter_another(writing, ana)
    writing.work()
    assert states() == ["delivered", "uncertain"]
    [contact] = contacts_of_second(writing)
    writing.bling.contacts[contact].status = "E"
    writing.bling.deleted_keep_documents = False
    enter(writing, ana, entry(writing, document_number="NF 79"))
    work(writing)
    settings.UNCERTAIN_WAIT_SECONDS = 0
    for _ in range(4):
        PayableWrite.objects.update(ready_at=timezone.now())
        work(writing)
    assert contacts_of_second(writing) == [contact]


def test_a_supplier_that_bling_keeps_deleting_is_created_once_more_and_then_a_person_s(
    writing: Company, ana: User, lost: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = writing.bling.add_contact

    def add_deleted(*args: Any, **values: Any) -> int:
        number = int(add(*args, **values))
        writing.bling.contacts[number].status = "E"
        return number

    monkeypatch.setattr(writing.bling, "add_contact", add_deleted)
    enter_another(writing, ana)
    work(writing)
    assert writing.bling.calls["POST /contatos"] == 2
    assert states() == ["delivered", "needs_human"]
    orders.send_again(payable=PayableWrite.objects.latest("pk"), user=ana, now=timezone.now())
    work(writing)
    assert writing.bling.calls["POST /contatos"] == 3


def test_who_looks_for_a_supplier_anew_and_who_decides_about_its_payable_do_not_wait_for_each_other(
    writing: Company, ana: User, world: World, lost: Contact
) -> None:
    world.faults.add(Fault("bling", "500", "GET", f"/contatos/{lost.id}", times=9))
    enter_another(writing, ana)
    work(writing)
    world.faults.clear()
    unit = PayableWrite.objects.select_related("supplier", "batch", "connection").latest("pk")
    client = open_bling(unit.connection, clock=timezone.now)

    def decide() -> None:
        with transaction.atomic():
            row = PayableWrite.objects.select_for_update(of=("self",)).get(pk=unit.pk)
            decides.set()
            wait_for_a_lock()
            ContactWrite.objects.filter(pk=row.supplier_id).update(tries=0)
            PayableWrite.objects.filter(pk=row.pk).update(state=DeliveryState.IGNORED)

    def look() -> bool:
        decides.wait()
        return _looks_for_supplier_anew(client, unit, timezone.now)

    decides = Event()
    assert at_once(decide, look) == [None, False]
    assert ContactWrite.objects.get().bling_id == lost.id


@pytest.fixture
def hidden_once(writing: Company, world: World) -> int:
    """A contact of the supplier's document that is made between the look and the write."""
    world.faults.add(Fault("bling", "answer", "GET", "/contatos", status=200, answer='{"data": []}'))
    contact_id: int = writing.bling.add_contact("Gráfica do Sol", document=DOCUMENT)
    return contact_id


def test_one_that_was_made_since_it_was_looked_for_is_used(writing: Company, ana: User, hidden_once: int) -> None:
    enter(writing, ana)
    work(writing)
    assert [title.contact for title in ours(writing)] == [hidden_once]
    assert [one.id for one in writing.bling.contacts.values() if one.document == DOCUMENT] == [hidden_once]
    attempt = BlingAttempt.objects.get(contact__isnull=False)
    assert (attempt.outcome, attempt.surplus_id) == ("adopted", None)


def test_one_that_was_made_and_cannot_be_used_is_a_person_s_decision(
    writing: Company, ana: User, hidden_once: int
) -> None:
    writing.bling.contacts[hidden_once].status = "I"
    enter(writing, ana)
    work(writing)
    supplier = ContactWrite.objects.get()
    assert (supplier.state, supplier.reason) == (DeliveryState.NEEDS_HUMAN, Reason.AMBIGUOUS)
    assert ours(writing) == []


def test_a_look_after_the_refusal_that_fails_leaves_no_doubt(
    writing: Company, ana: User, world: World, hidden_once: int
) -> None:
    world.faults.add(Fault("bling", "answer", "GET", "/contatos", status=418, answer="{}"))
    enter(writing, ana)
    work(writing)
    assert [one.outcome for one in BlingAttempt.objects.all()] == ["rejected"]
    orders.send_again(payable=PayableWrite.objects.get(), user=ana, now=timezone.now())
    work(writing)
    assert [title.contact for title in ours(writing)] == [hidden_once]


def test_none_of_them_is_not_overruled_by_a_refusal(writing: Company, ana: User) -> None:
    denied = [writing.bling.add_contact(f"Gráfica Sol {number}", document=DOCUMENT) for number in (1, 2)]
    enter(writing, ana)
    work(writing)
    said = {"reason": "nenhum deles", "user": ana, "now": timezone.now()}
    orders.supplier_is(payable=PayableWrite.objects.get(), contact=None, **said)
    writing.bling.contacts[denied[0]].status = "E"
    work(writing)
    supplier = ContactWrite.objects.get()
    assert (supplier.bling_id, supplier.reason) == (None, Reason.REFUSED)
    assert "cadastrado" in supplier.reason_params["message"]
