"""Customers of another system reach Bling once, are kept equal field by field, and ask a person where they have to."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import BlingAttempt, BlingWriting, ContactWrite, CustomerWrite
from integrations.pipeline.access.failpoints import CUSTOMER_FAILPOINTS
from integrations.pipeline.customers import orders
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company
from tests.flows.mortal import Killed, at_failpoint, die
from tests.flows.systems import CNPJ, OTHER_CNPJ, api_key, contacts, put, row, sent, served, told

__all__ = ["served"]
REFUSAL = '{"error": {"type": "VALIDATION_ERROR", "message": "não"}}'


def test_a_new_customer_is_created_with_all_that_is_known_of_it(served: Company) -> None:
    found = sent(served)
    [contact] = contacts(served)
    assert (found["estado"], found["bling_id"], found["diferencas"]) == ("gravado", contact.id, [])
    assert (contact.name, contact.fantasia, contact.email) == ("Padaria Lua Ltda", "Lua", "contato@lua.example")
    assert (contact.phone, contact.mobile, contact.types) == ("1133334444", "11988887777", ("Cliente",))
    assert contact.address["municipio"] == "São Paulo"


def test_the_same_again_writes_nothing(served: Company) -> None:
    sent(served)
    before = BlingAttempt.objects.count()
    assert put().status_code == 200
    served.work()
    assert (BlingAttempt.objects.count(), len(contacts(served))) == (before, 1)


def test_what_the_system_changes_reaches_bling_and_nothing_else_changes(served: Company) -> None:
    sent(served)
    [contact] = contacts(served)
    served.bling.edit_contact(contact.id, types=("Cliente", "Fornecedor"), code="C-77")
    served.bling.edit_contact(contact.id, address={**contact.address, "bairro": "Sé"})
    sent(served, version=2, email="novo@lua.example")
    contact = served.bling.contacts[contact.id]
    assert (contact.email, contact.fantasia, contact.types) == ("novo@lua.example", "Lua", ("Cliente", "Fornecedor"))
    assert (contact.address["bairro"], contact.address["endereco"], contact.code) == ("Sé", "Rua A", "C-77")


def test_what_somebody_changed_in_bling_stays(served: Company) -> None:
    sent(served)
    [contact] = contacts(served)
    served.bling.edit_contact(contact.id, email="bling@lua.example")
    found = sent(served, version=2, telefone="11 4444-5555")
    assert (contact.email, contact.phone) == ("bling@lua.example", "1144445555")
    assert found["estado"] == "gravado"
    assert [(one["campo"], one["vale"]) for one in found["diferencas"]] == [("email", "bling")]


def test_a_contact_that_bling_has_is_found_filled_and_never_overwritten(served: Company) -> None:
    contact_id = served.bling.add_contact(
        "Padaria Lua LTDA", document=CNPJ, email="antigo@lua.example", types=("Fornecedor",)
    )
    found = sent(served)
    contact = served.bling.contacts[contact_id]
    assert (found["bling_id"], found["estado"]) == (contact_id, "divergente")
    assert [(one["campo"], one["sistema"], one["bling"], one["vale"]) for one in found["diferencas"]] == [
        ("email", "contato@lua.example", "antigo@lua.example", "")
    ]
    assert (contact.email, contact.phone, set(contact.types)) == (
        "antigo@lua.example", "1133334444", {"Cliente", "Fornecedor"},
    )  # fmt: skip


@pytest.mark.parametrize(("side", "held"), [("system", "contato@lua.example"), ("bling", "antigo@lua.example")])
def test_a_person_says_which_data_count(served: Company, ana: Any, side: str, held: str) -> None:
    contact_id = served.bling.add_contact("Padaria Lua Ltda", document=CNPJ, email="antigo@lua.example")
    sent(served)
    orders.choose(
        customer=row(), asked=orders.asked_of(row()), sides={"email": side}, reason="visto", user=ana,
        now=timezone.now(),
    )  # fmt: skip
    served.work()
    assert (served.bling.contacts[contact_id].email, told()["estado"]) == (held, "gravado")
    assert sent(served, version=2, telefone="11 4444-5555")["estado"] == "gravado"
    assert served.bling.contacts[contact_id].email == held


def test_what_both_changed_is_a_persons_or_the_sides_that_the_key_names(served: Company) -> None:
    sent(served)
    [contact] = contacts(served)
    served.bling.edit_contact(contact.id, email="bling@lua.example")
    assert sent(served, version=2, email="auvo@lua.example")["estado"] == "divergente"
    assert contact.email == "bling@lua.example"
    api_key(served, "b" * 40, system="tecpet", prefers="system")
    put("T1", key="b" * 40, email="contato@lua.example")
    served.work()
    assert told("T1", key="b" * 40)["estado"] == "divergente"  # at the first comparison a person says in any case


def test_another_cpf_or_cnpj_is_held_and_never_written(served: Company) -> None:
    """The first cause of failure that TecPet names."""
    sent(served)
    [contact] = contacts(served)
    found = sent(served, version=2, documento=OTHER_CNPJ)
    assert (found["estado"], found["motivo"]) == ("divergente", "document_differs")
    assert (contact.document, contacts(served, OTHER_CNPJ)) == (CNPJ, [])


def test_somebody_changed_the_cnpj_in_bling(served: Company) -> None:
    sent(served)
    [contact] = contacts(served)
    served.bling.edit_contact(contact.id, document=OTHER_CNPJ)
    found = sent(served, version=2, email="novo@lua.example")
    assert (found["motivo"], contact.email) == ("document_differs", "contato@lua.example")


def test_a_reference_that_is_another_customer_now(served: Company, ana: Any) -> None:
    sent(served)
    sent(served, version=2, documento=OTHER_CNPJ, nome="Gráfica Sol", email="sol@sol.example")
    orders.is_other(customer=row(), reason="venderam", user=ana, now=timezone.now())
    served.work()
    [old], [new] = contacts(served), contacts(served, OTHER_CNPJ)
    assert (old.name, new.name, new.email) == ("Padaria Lua Ltda", "Gráfica Sol", "sol@sol.example")
    assert told()["bling_id"] == new.id


def test_a_cnpj_corrected_before_anything_reached_bling(served: Company) -> None:
    put(documento=OTHER_CNPJ)
    sent(served, version=2)
    assert (len(contacts(served)), contacts(served, OTHER_CNPJ)) == (1, [])


def test_two_references_of_one_system_for_one_contact(served: Company) -> None:
    sent(served)
    found = sent(served, "8", email="outro@lua.example")
    assert (found["estado"], found["motivo"]) == ("divergente", "contact_taken")
    assert [one.email for one in contacts(served)] == ["contato@lua.example"]


def test_two_systems_share_a_contact(served: Company) -> None:
    sent(served)
    api_key(served, "b" * 40, system="tecpet")
    put("T1", key="b" * 40)
    served.work()
    assert told("T1", key="b" * 40)["estado"] == "gravado"
    assert (len(contacts(served)), ContactWrite.objects.count(), CustomerWrite.objects.count()) == (1, 1, 2)


def test_without_a_document_a_contact_of_that_name_is_a_persons(served: Company, ana: Any) -> None:
    contact_id = served.bling.add_contact("Maria Souza", document="", kind="F")
    found = sent(served, documento="", nome="Maria Souza", fantasia="")
    contact = served.bling.contacts[contact_id]
    assert (found["estado"], contact.email) == ("divergente", "")
    names = {one.field for one in row().get_delivered().open}  # type: ignore[union-attr]
    orders.choose(
        customer=row(), asked=orders.asked_of(row()), sides=dict.fromkeys(names, "system"), reason="é ela", user=ana,
        now=timezone.now(),
    )  # fmt: skip
    served.work()
    assert (contact.email, told()["estado"]) == ("contato@lua.example", "gravado")


def test_several_contacts_are_a_persons(served: Company, ana: Any) -> None:
    first, _second = (served.bling.add_contact("Padaria Lua", document="12ABC34501DE35") for _ in range(2))
    found = sent(served, documento="12.ABC.345/01DE-35")
    assert (found["estado"], found["motivo"]) == ("parado", "ambiguous")
    orders.contact_of(customer=row(), contact_id=first, reason="é o antigo", user=ana, now=timezone.now())
    served.work()
    assert told()["bling_id"] == first


def test_contacts_are_not_changed_where_that_is_off(served: Company) -> None:
    BlingWriting.objects.update(changes_contacts=False)
    assert sent(served)["estado"] == "gravado"  # created as it was sent: nothing to change
    found = sent(served, version=2, email="novo@lua.example")
    [contact] = contacts(served)
    assert (found["motivo"], contact.email) == ("contact_changes_off", "contato@lua.example")
    assert row().seen["wanted"]["email"] == "novo@lua.example"
    BlingWriting.objects.update(changes_contacts=True)
    orders.changes_are_let(served.connection, timezone.now())
    served.work()
    assert (contact.email, told()["estado"]) == ("novo@lua.example", "gravado")


def test_a_contact_deleted_in_bling_is_created_again_by_a_persons_word_alone(served: Company, ana: Any) -> None:
    sent(served)
    [contact] = contacts(served)
    served.bling.edit_contact(contact.id, status="E")
    assert sent(served, version=2, email="novo@lua.example")["motivo"] == "contact_gone"
    assert contacts(served) == []
    served.bling.deleted_keep_documents = False
    orders.look_anew(customer=row(), reason="por engano", user=ana, now=timezone.now())
    served.work()
    [again] = contacts(served)
    assert (again.email, told()["bling_id"]) == ("novo@lua.example", again.id)


def test_what_bling_refuses_is_told_and_sent_again_corrected(served: Company, world: World) -> None:
    world.faults.add(Fault("bling", "answer", "POST", "/contatos", status=400, answer=REFUSAL))
    found = sent(served)
    assert (found["estado"], found["motivo"]) == ("parado", "refused")
    assert sent(served, version=2, nome="Padaria Lua")["estado"] == "gravado"


def test_a_telephone_that_is_none_is_left_out_and_told(served: Company) -> None:
    found = sent(served, telefone="ramal 12")
    [contact] = contacts(served)
    assert (found["nao_enviados"], contact.phone) == (["telefone"], "")


def test_left_out_for_ever(served: Company, ana: Any) -> None:
    sent(served)
    orders.leave_out(customer=row(), reason="teste", user=ana, now=timezone.now())
    assert sent(served, version=2, email="novo@lua.example")["estado"] == "ignorado"
    assert [one.email for one in contacts(served)] == ["contato@lua.example"]
    orders.send_again(customer=row(), user=ana, now=timezone.now())
    served.work()
    assert [one.email for one in contacts(served)] == ["novo@lua.example"]


def test_many_refusals_keep_the_rest_back_for_a_while(served: Company, world: World) -> None:
    world.faults.add(Fault("bling", "answer", "POST", "/contatos", times=99, status=400, answer=REFUSAL))
    for number in range(8):
        put(str(number), nome=f"Loja {number}", documento="")
    served.work()
    assert (len(world.faults.fired), told("7")["estado"]) == (5, "aguardando")
    world.faults.clear()
    BlingWriting.objects.update(customers_wait_until=timezone.now())
    served.work()
    assert (told("7")["estado"], told("0")["estado"]) == ("gravado", "parado")


def test_a_version_that_comes_while_one_is_on_its_way_is_sent_next(
    served: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent(served)
    put(version=2, email="dois@lua.example")

    def change() -> None:
        put(version=3, email="tres@lua.example")

    with at_failpoint("customer.before_write", 1, change):
        served.work()
    served.work()
    assert [one.email for one in contacts(served)] == ["tres@lua.example"]
    assert told()["estado"] == "gravado"


@pytest.mark.parametrize("kind", ["cut_before", "cut_after", "500", "html", "truncated", "429", "slow"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_fault_at_a_write_makes_nothing_twice_and_loses_nothing(
    served: Company, world: World, kind: str, method: str
) -> None:
    if method == "PUT":
        sent(served)
    world.faults.add(Fault("bling", kind, method, "/contatos"))  # type: ignore[arg-type]
    put(version=2, email="novo@lua.example")
    for _ in range(4):
        served.work()
        served.forget_waits()
        BlingWriting.objects.update(paused_until=None, customers_wait_until=None, contacts_wait_until=None)
        CustomerWrite.objects.filter(state__in=("ready", "uncertain")).update(ready_at=timezone.now())
        ContactWrite.objects.filter(state__in=("ready", "uncertain")).update(ready_at=timezone.now())
    assert [one.email for one in contacts(served)] == ["novo@lua.example"]
    assert told()["estado"] == "gravado"


@pytest.mark.parametrize("point", CUSTOMER_FAILPOINTS)
def test_a_worker_that_dies_leaves_nothing_half_done(served: Company, point: str) -> None:
    sent(served)
    put(version=2, email="novo@lua.example")
    with pytest.raises(Killed), at_failpoint(point, 1, die):
        served.work()
    past = timezone.now() - timedelta(minutes=10)
    CustomerWrite.objects.exclude(lease_until=None).update(lease_until=past)
    BlingWriting.objects.update(lease_until=past)
    for _ in range(3):
        served.work()
        CustomerWrite.objects.filter(state="uncertain").update(ready_at=past)
    assert [one.email for one in contacts(served)] == ["novo@lua.example"]
    assert told()["estado"] == "gravado"
