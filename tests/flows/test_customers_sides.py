"""Whose change of a customer counts, whatever came in between: nothing that somebody has in Bling goes unasked."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import BlingWriting, ContactWrite, CustomerWrite, Person
from integrations.pipeline.customers import orders
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company
from tests.flows.mortal import Killed, at_failpoint, die
from tests.flows.systems import CNPJ, CPF, OTHER_CNPJ, api_key, ask, contacts, put, row, sent, served, told

__all__ = ["served"]
OTHER_KEY = "b" * 40


def mirror(served: Company, contact: Any) -> None:
    """Let the mirror have a contact as Bling shows it."""
    Person.objects.create(
        connection=served.connection, bling_id=contact.id, name=contact.name, document=contact.document,
        trade_name=contact.fantasia, kind=contact.kind, email=contact.email, read_at=timezone.now(),
    )  # fmt: skip


def due() -> None:
    past = timezone.now() - timedelta(seconds=1)
    for model in (CustomerWrite, ContactWrite):
        model.objects.filter(state__in=("ready", "uncertain")).update(ready_at=past)


def test_a_contact_made_for_another_system_is_compared_like_one_that_was_there(served: Company, ana: Any) -> None:
    sent(served)
    api_key(served, OTHER_KEY, system="tecpet")
    put("T1", key=OTHER_KEY, documento=OTHER_CNPJ, nome="Grafica Sol", email="sol@sol.example", telefone="11 2222-3333")
    served.work()
    [contact] = contacts(served, OTHER_CNPJ)
    served.bling.edit_contact(contact.id, phone="1199991111")
    sent(served, version=2, documento=OTHER_CNPJ, nome="Outro Nome", email="auvo@x.example", telefone="11 5555-6666")
    orders.is_other(customer=row(), reason="x", user=ana, now=timezone.now())
    served.work()
    assert (contact.name, contact.email, contact.phone) == ("Grafica Sol", "sol@sol.example", "1199991111")
    assert told()["estado"] == "divergente"


def test_what_somebody_changed_before_the_first_comparison_is_theirs(served: Company) -> None:
    put()
    with pytest.raises(Killed), at_failpoint("contact.recorded", 1, die):
        served.work()
    BlingWriting.objects.update(lease_until=timezone.now() - timedelta(minutes=10))
    [contact] = contacts(served)
    served.bling.edit_contact(contact.id, email="pessoa@lua.example")
    found = sent(served, version=2, email="v2@lua.example")
    assert (contact.email, found["estado"]) == ("pessoa@lua.example", "divergente")


def test_a_version_about_something_else_agrees_to_nothing(served: Company) -> None:
    sent(served)
    [contact] = contacts(served)
    served.bling.edit_contact(contact.id, email="pessoa@lua.example")
    sent(served, version=2, telefone="11 4444-5555")
    found = sent(served, version=3, telefone="11 4444-5555", email="auvo@lua.example")
    assert (contact.email, found["estado"]) == ("pessoa@lua.example", "divergente")


def test_a_field_that_the_system_names_later_is_compared_for_the_first_time(served: Company) -> None:
    contact_id = served.bling.add_contact("Padaria Lua Ltda", document=CNPJ, email="pessoa@lua.example")
    sent(served, email="")
    found = sent(served, version=2, email="auvo@lua.example")
    assert (served.bling.contacts[contact_id].email, found["estado"]) == ("pessoa@lua.example", "divergente")


def test_a_blank_answers_no_open_question(served: Company) -> None:
    contact_id = served.bling.add_contact("Padaria Lua Ltda", document=CNPJ, email="pessoa@lua.example")
    sent(served)
    sent(served, version=2, email="")
    found = sent(served, version=3)
    assert (served.bling.contacts[contact_id].email, found["estado"]) == ("pessoa@lua.example", "divergente")


def test_what_was_left_blank_and_comes_back_is_nothing_new(served: Company) -> None:
    sent(served)
    [contact] = contacts(served)
    served.bling.edit_contact(contact.id, email="pessoa@lua.example")
    sent(served, version=2, email="")
    sent(served, version=3)
    assert contact.email == "pessoa@lua.example"


def test_two_systems_do_not_overwrite_each_other_s_newer_values(served: Company) -> None:
    sent(served)
    api_key(served, OTHER_KEY, system="tecpet")
    put("T1", key=OTHER_KEY)
    served.work()
    put("T1", 2, key=OTHER_KEY, email="tecpet@lua.example")
    served.work()
    sent(served, version=2, telefone="11 4444-5555")
    found = sent(served, version=3, telefone="11 4444-5555", email="auvo@lua.example")
    [contact] = contacts(served)
    assert (contact.email, found["estado"]) == ("tecpet@lua.example", "divergente")


def test_what_changed_while_it_waited_for_its_turn_is_not_undone(
    served: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole contact goes back: it is looked at once more when its turn has come."""
    from integrations.bling import writer

    sent(served)
    [contact] = contacts(served)
    put(version=2, email="novo@lua.example")
    take, times = writer.take, []

    def wait(slots: Any) -> None:
        take(slots)
        if not times:
            times.append(served.bling.edit_contact(contact.id, phone="1177776666"))

    monkeypatch.setattr(writer, "take", wait)
    served.work()
    due()
    served.work()
    assert times
    assert (contact.phone, contact.email) == ("1177776666", "novo@lua.example")


@pytest.mark.parametrize("edit", [{"fantasia": "Lua Nova"}, {}])
def test_a_change_whose_answer_was_lost_is_known_again(
    served: Company, world: World, settings: Any, edit: dict[str, str]
) -> None:
    """What goes back to its former value after it has to reach Bling, too."""
    sent(served)
    [contact] = contacts(served)
    settings.UNCERTAIN_WAIT_SECONDS = 300
    world.faults.add(Fault("bling", "cut_after", "PUT", "/contatos"))
    put(version=2, email="dois@lua.example", telefone="11 4444-5555")
    served.work(waits=False)
    assert row().state == "uncertain"
    served.bling.edit_contact(contact.id, **edit)
    put(version=3, email="contato@lua.example", telefone="11 4444-5555")
    for _ in range(4):
        due()
        served.work()
    assert (contact.email, told()["estado"]) == ("contato@lua.example", "gravado")


def test_who_changed_the_same_after_a_lost_answer_is_asked_about(served: Company, world: World, settings: Any) -> None:
    sent(served)
    [contact] = contacts(served)
    settings.UNCERTAIN_WAIT_SECONDS = 300
    world.faults.add(Fault("bling", "cut_after", "PUT", "/contatos"))
    put(version=2, email="dois@lua.example")
    served.work(waits=False)
    served.bling.edit_contact(contact.id, email="pessoa@lua.example")
    for _ in range(4):
        due()
        served.work()
    assert (contact.email, told()["estado"]) == ("pessoa@lua.example", "divergente")


def test_bling_s_own_change_is_told_and_no_echo(served: Company) -> None:
    sent(served)
    [contact] = contacts(served)
    served.bling.edit_contact(contact.id, email="pessoa@lua.example")
    found = sent(served, version=2, telefone="11 4444-5555")
    mirror(served, contact)
    [shown] = ask("GET", "clientes").json()["contatos"]
    assert (shown["email"], shown["igual_ao_enviado"], shown["ref"]) == ("pessoa@lua.example", False, "7")
    assert [(one["campo"], one["bling"], one["vale"]) for one in found["diferencas"]] == [
        ("email", "pessoa@lua.example", "bling")
    ]


def test_a_key_that_may_only_send_is_told_nothing_that_bling_has(served: Company) -> None:
    served.bling.add_contact("Joana Salario", document=CPF, kind="F", email="joana@casa.example", phone="11987654321")
    api_key(served, OTHER_KEY, system="tecpet", customers="in")
    put("T1", key=OTHER_KEY, nome="Joana Salario", documento=CPF, email="a@b.example", telefone="", celular="")
    served.work()
    found = told("T1", key=OTHER_KEY)
    assert [(one["campo"], one["bling"]) for one in found["diferencas"]] == [("email", "")]


def test_a_refusal_names_nobody_to_the_system(served: Company) -> None:
    gone = served.bling.add_contact("Joana Segredo", document=CPF, kind="F")
    served.bling.edit_contact(gone, status="E")
    found = sent(served, documento=CPF, nome="Zilda", fantasia="")
    assert (found["motivo"], "Joana" in found["mensagem"]) == ("refused", False)


def test_a_disconnected_account_is_said_to_be(served: Company) -> None:
    from integrations.models import BlingConnection

    BlingConnection.objects.update(status="disconnected")
    assert "não está conectado" in sent(served)["mensagem"]
