"""Which contact of Bling a customer is: never two of one, never somebody else's."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import BlingWriting, CatalogItem, ConfidentialCategory, CustomerWrite, Tenant
from integrations.models.registers import CatalogKind
from integrations.pipeline.company import closing, privacy
from integrations.pipeline.company.subjects import Who
from integrations.pipeline.customers import orders
from integrations.pipeline.payables import keys
from integrations.pipeline.payables.entry import Supplier
from integrations.pipeline.payables.suppliers import wanted_suppliers
from integrations.pipeline.to_bling import send
from tests.flows.helpers import Company
from tests.flows.systems import CNPJ, CPF, KEY, OTHER_CNPJ, api_key, ask, contacts, put, row, sent, served, told
from tests.flows.test_customers_sides import mirror

__all__ = ["served"]
OTHER_KEY = "b" * 40
MARIA: dict[str, Any] = {"documento": "", "nome": "Maria Souza", "fantasia": "", "endereco": {}}
ALONE: dict[str, Any] = {**MARIA, "email": "", "telefone": "", "celular": ""}


def alive(served: Company, name: str) -> list[Any]:
    return [one for one in served.bling.contacts.values() if one.name == name and one.status != "E"]


def test_a_document_that_is_said_later_makes_no_second_contact(served: Company) -> None:
    sent(served, documento="")
    assert sent(served, version=2)["motivo"] == "document_differs"
    api_key(served, OTHER_KEY, system="tecpet")
    put("T1", key=OTHER_KEY)
    served.work()
    [contact] = alive(served, "Padaria Lua Ltda")
    served.bling.edit_contact(contact.id, document=CNPJ)  # a person enters it in Bling
    assert sent(served, version=3)["estado"] == "gravado"
    put("T1", 2, key=OTHER_KEY)
    served.work()
    assert told("T1", key=OTHER_KEY)["estado"] == "gravado"
    assert len(alive(served, "Padaria Lua Ltda")) == 1


def test_a_contact_of_the_name_that_has_no_document_is_a_person_s(served: Company, ana: Any) -> None:
    contact_id = served.bling.add_contact("Padaria Lua Ltda", document="")
    assert sent(served)["motivo"] == "ambiguous"
    orders.contact_of(customer=row(), contact_id=contact_id, reason="é ela", user=ana, now=timezone.now())
    served.work()
    assert (told()["bling_id"], len(alive(served, "Padaria Lua Ltda"))) == (contact_id, 1)


def test_found_by_the_name_alone_is_asked_even_if_nothing_differs(served: Company) -> None:
    contact_id = served.bling.add_contact("Maria Souza", document=CPF, kind="F")
    assert sent(served, **ALONE)["motivo"] == "contact_unsure"
    found = sent(served, version=2, **{**ALONE, "email": "outra@x.example", "telefone": "11 5555-6666"})
    contact = served.bling.contacts[contact_id]
    assert (contact.email, contact.phone, found["estado"]) == ("", "", "divergente")


def test_two_of_one_name_in_one_system(served: Company, ana: Any) -> None:
    sent(served, "7", **MARIA)
    sent(served, "8", **{**MARIA, "email": "outra@x.example"})
    assert told("8")["motivo"] in ("contact_taken", "contact_unsure")
    orders.contact_of(customer=row("8"), contact_id=0, reason="é outra", user=ana, now=timezone.now())
    served.work()
    assert (told("8")["estado"], len(alive(served, "Maria Souza"))) == ("gravado", 2)
    assert told("8")["bling_id"] != told("7")["bling_id"]


def test_looking_anew_takes_no_namesake_unasked_and_makes_no_second_one(served: Company, ana: Any) -> None:
    sent(served, **MARIA)
    [mine] = alive(served, "Maria Souza")
    served.bling.edit_contact(mine.id, status="E")
    other = served.bling.add_contact("Maria Souza", document=CPF, kind="F")
    assert sent(served, version=2, **MARIA)["motivo"] == "contact_gone"
    orders.look_anew(customer=row(), reason="x", user=ana, now=timezone.now())
    served.work()
    contact = served.bling.contacts[other]
    assert (contact.email, contact.phone, told()["motivo"]) == ("", "", "contact_unsure")
    assert len(alive(served, "Maria Souza")) == 1


def test_none_of_those_counts_once(served: Company, ana: Any) -> None:
    for _ in range(2):
        served.bling.add_contact("Maria Souza", document="")
    sent(served, **MARIA)
    orders.contact_of(customer=row(), contact_id=0, reason="nova", user=ana, now=timezone.now())
    served.work()
    for one in alive(served, "Maria Souza"):
        served.bling.edit_contact(one.id, status="E")
    served.bling.add_contact("Maria Souza", document="")
    assert sent(served, version=2, **MARIA)["motivo"] == "contact_gone"
    orders.look_anew(customer=row(), reason="x", user=ana, now=timezone.now())
    served.work()
    assert len(alive(served, "Maria Souza")) == 1


@pytest.mark.parametrize("leave_out", [False, True])
def test_what_nobody_needs_any_more_is_not_created(
    served: Company, ana: Any, monkeypatch: pytest.MonkeyPatch, leave_out: bool
) -> None:
    put(documento=OTHER_CNPJ)
    real, done = send.claim, []

    def late(unit: Any, *args: Any, **kwargs: Any) -> Any:
        if not done:
            done.append(True)
            if leave_out:
                orders.leave_out(customer=row(), reason="x", user=ana, now=timezone.now())
            else:
                put(version=2)
        return real(unit, *args, **kwargs)

    monkeypatch.setattr(send, "claim", late)
    served.work()
    assert done
    assert (len(contacts(served, OTHER_CNPJ)), len(contacts(served))) == (0, 0 if leave_out else 1)


def test_it_is_created_as_it_is_now(served: Company) -> None:
    BlingWriting.objects.update(changes_contacts=False)
    put(email="velho@lua.example")
    found = sent(served, version=2, email="novo@lua.example")
    [contact] = contacts(served)
    assert (contact.email, found["estado"]) == ("novo@lua.example", "gravado")


def test_a_mark_alone_is_not_asked_for_where_changes_are_off(served: Company) -> None:
    BlingWriting.objects.update(changes_contacts=False)
    served.bling.add_contact("Padaria Lua Ltda", document=CNPJ, types=("Fornecedor",))
    assert sent(served, **{**ALONE, "nome": "Padaria Lua Ltda", "documento": CNPJ})["estado"] == "gravado"


def test_a_contact_that_is_free_again_is_taken(served: Company, ana: Any) -> None:
    sent(served)
    assert sent(served, "8")["motivo"] == "contact_taken"
    orders.leave_out(customer=row("7"), reason="o 8 fica", user=ana, now=timezone.now())
    orders.send_again(customer=row("8"), user=ana, now=timezone.now())
    served.work()
    assert told("8")["estado"] == "gravado"


def test_a_document_that_was_changed_in_bling_by_mistake(served: Company, ana: Any) -> None:
    sent(served)
    [contact] = contacts(served)
    served.bling.edit_contact(contact.id, document=OTHER_CNPJ)
    sent(served, version=2, email="novo@lua.example")
    orders.is_other(customer=row(), reason="x", user=ana, now=timezone.now())
    served.work()
    [mine] = contacts(served)
    assert (told()["estado"], mine.email, contact.email) == ("gravado", "novo@lua.example", "contato@lua.example")


def test_who_was_renamed_is_not_found_by_the_former_name(served: Company) -> None:
    sent(served, **MARIA)
    sent(served, version=2, **{**MARIA, "nome": "Joao Lima"})
    assert alive(served, "Joao Lima")
    [unit] = wanted_suppliers(served.connection, [Supplier("Maria Souza")], timezone.now()).values()
    assert unit.bling_id is None


def test_a_revoked_key_waits_for_another_one(served: Company, ana: Any) -> None:
    api_key(served, OTHER_KEY)
    BlingWriting.objects.update(paused_until=timezone.now() + timedelta(hours=1))
    put()
    keys.revoke(api_key=row().api_key, reason="trocada", user=ana, now=timezone.now())
    BlingWriting.objects.update(paused_until=None)
    served.work()
    assert (row().state, told(key=OTHER_KEY)["estado"], contacts(served)) == ("held", "parado", [])
    assert put(key=OTHER_KEY).status_code == 200
    served.work()
    assert told(key=OTHER_KEY)["estado"] == "gravado"
    assert ask("GET", "clientes/7", key=KEY).status_code == 401


class TestData:
    def test_a_person_is_told_and_erased_though_no_title_names_them(self, served: Company, admin_user: Any) -> None:
        sent(served, documento=CPF, nome="Zilda Unica", fantasia="")
        assert "Zilda" in str(privacy.report(served.tenant, Who(CPF)))
        privacy.forget(tenant=served.tenant, who=Who(CPF), reason="Pedido", user=admin_user, now=timezone.now())
        one = CustomerWrite.objects.get()
        assert (one.name, one.document, one.desired, one.delivered, one.bling_id) == ("", "", None, None, None)
        assert "Zilda" not in str(CustomerWrite.objects.values())
        assert sent(served, version=2, documento=CPF, nome="Zilda Unica", fantasia="")["estado"] != "aguardando"

    def test_a_company_with_customers_is_deleted(self, served: Company) -> None:
        sent(served)
        Tenant.objects.update(is_active=False, delete_on=timezone.now().date() - timedelta(days=1))
        closing._delete(Tenant.objects.get(), timezone.now, timezone.now() + timedelta(minutes=5))
        assert not Tenant.objects.exists()

    def test_a_closed_company_is_served_nothing(self, served: Company, ana: Any) -> None:
        sent(served)
        mirror(served, contacts(served)[0])
        closing.close(tenant=served.tenant, reason="fim", user=ana, now=timezone.now())
        assert (ask("GET", "clientes").status_code, put("9").status_code) == (503, 503)

    def test_who_only_confidential_titles_name_is_told_to_no_system(self, served: Company) -> None:
        categories = CatalogItem.objects.filter(connection=served.connection, kind=CatalogKind.CATEGORY, is_gone=False)
        item = categories.first()
        assert item is not None
        ConfidentialCategory.objects.create(connection=served.connection, item=item)
        contact_id = served.bling.add_contact("Zilda Unica", document=CPF, kind="F", email="zilda@casa.example")
        served.bling.add_title("payable", "10.00", date.today(), contact_id, category=item.bling_id)
        served.sync()
        found = sent(served, documento=CPF, nome="Zilda Unica", email="a@b.example", fantasia="", celular="")
        assert "zilda@casa.example" not in str(found)
        from integrations.models.confidential import PUBLIC

        assert not PUBLIC.of(CustomerWrite.objects.all()).exists()
