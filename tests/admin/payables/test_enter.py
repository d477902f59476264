"""The page "Lançar conta a pagar", against a Bling over HTTP: who may, what is shown, and what is accepted."""

import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.models import BlingWriting, CatalogItem, ConfidentialCategory, PayableWrite, SyncRun, WriteBatch
from sandbox.faults import Fault
from sandbox.world import World
from tests.admin.kit.test_pages import url
from tests.admin.world import make_user
from tests.flows.helpers import Company

DOCUMENT = "98765432000198"


@pytest.fixture
def open_company(company: Company) -> Company:
    """A company whose Bling takes payables, and that was synced."""
    company.sync()
    BlingWriting.objects.create(connection=company.connection, mode="live")
    return company


@pytest.fixture
def enter(open_company: Company) -> Callable[..., Any]:
    """Return a function that posts to the page as a member of finance."""
    user = make_user("ana", "Financeiro")
    open_company.tenant.members.add(user)
    client = Client()
    client.force_login(user)
    address = reverse("admin:integrations_payablewrite_enter")

    def post(**changes: str) -> Any:
        form = {
            "person": "Gráfica Sol", "value": "150,00", "due_date": "20/01/2027", "issue_date": "20/11/2026",
            "competence_date": "20/11/2026", "category": str(open_company.category), "recurrence": "once",
        }  # fmt: skip
        return client.post(address, {**form, **changes})

    return post


def seen(response: Any) -> str:
    found = re.search(r'name="seen" value="(\w+)"', response.content.decode())
    assert found, response.content.decode()
    return found[1]


def test_a_new_supplier_is_entered_in_two_steps(enter: Any, open_company: Company) -> None:
    shown = enter(supplier="new", new_name="Gráfica Sol", new_document=DOCUMENT)
    assert "R$\xa0150,00" in shown.content.decode()
    assert not PayableWrite.objects.exists()
    done = enter(supplier="new", new_name="Gráfica Sol", new_document=DOCUMENT, seen=seen(shown))
    batch = WriteBatch.objects.get()
    assert done.headers["Location"] == url(WriteBatch, "change", batch.pk)
    open_company.work()
    assert PayableWrite.objects.get().bling_id in open_company.bling.titles


def test_the_one_supplier_that_bling_has_is_chosen(enter: Any, open_company: Company) -> None:
    known = open_company.bling.add_contact("Gráfica Sol Ltda", document=DOCUMENT)
    shown = enter(person="98.765.432/0001-98")
    done = enter(person="98.765.432/0001-98", supplier=str(known), seen=seen(shown))
    assert done.status_code == 302
    assert PayableWrite.objects.get().contact_id == known


def test_nobody_is_chosen_beside_one_that_cannot_be_read(enter: Any, open_company: Company, world: World) -> None:
    row = {"id": 5, "nome": "Gráfica Sol", "numeroDocumento": DOCUMENT, "situacao": "A", "tipo": "J"}
    answer = json.dumps({"data": [row, {**row, "id": "?"}]})
    world.faults.add(Fault("bling", "odd_before", "GET", "/contatos", answer=answer))
    page = enter().content.decode()
    assert "mais 1 contato assim, que não pôde ser lido" in page
    assert 'name="seen"' not in page


def test_nobody_is_chosen_among_several(enter: Any, open_company: Company) -> None:
    for _ in range(2):
        open_company.bling.add_contact("Gráfica Sol")
    page = enter().content.decode()
    assert page.count("Gráfica Sol · sem CPF/CNPJ") == 2
    assert 'name="seen"' not in page


def test_a_contact_that_was_not_offered_is_refused(enter: Any, open_company: Company) -> None:
    other = open_company.bling.add_contact("Outra Empresa")
    page = enter(supplier=str(other), seen="x").content.decode()
    assert "Outra Empresa" not in page
    assert not PayableWrite.objects.exists()


def test_what_changed_since_it_was_shown_is_shown_again(enter: Any) -> None:
    new = {"supplier": "new", "new_name": "Gráfica Sol", "new_document": DOCUMENT}
    signature = seen(enter(**new))
    again = enter(**new, value="151,00", seen=signature)
    assert again.status_code == 200
    assert "Algo está diferente" in again.content.decode()
    assert not PayableWrite.objects.exists()


def test_a_possible_duplicate_has_to_be_denied(enter: Any) -> None:
    new = {"supplier": "new", "new_name": "Gráfica Sol", "new_document": DOCUMENT}
    assert enter(**new, seen=seen(enter(**new))).status_code == 302
    shown = enter(**new)
    assert "Pode já existir a mesma conta a pagar" in shown.content.decode()
    assert enter(**new, seen=seen(shown)).status_code == 200
    assert PayableWrite.objects.count() == 1
    assert enter(**new, seen=seen(shown), is_another="yes").status_code == 302
    assert PayableWrite.objects.count() == 2


@pytest.mark.parametrize(("name", "document"), [("Outro Nome", DOCUMENT), ("Gráfica Sol", "")])
def test_bling_is_asked_about_a_new_supplier_when_the_last_sync_is_old(
    enter: Any, open_company: Company, name: str, document: str
) -> None:
    SyncRun.objects.update(ended_at=timezone.now() - timedelta(hours=2))
    known = open_company.bling.add_contact(name, document=document)
    open_company.bling.add_title("payable", "150.00", date(2027, 1, 20), known)
    new = {"supplier": "new", "new_name": "Gráfica Sol", "new_document": DOCUMENT}
    shown = enter(**new)
    assert "Pode já existir a mesma conta a pagar" in shown.content.decode()
    assert enter(**new, seen=seen(shown)).status_code == 200
    assert not PayableWrite.objects.exists()


def test_nothing_is_shown_to_confirm_where_a_payable_cannot_be_read(
    enter: Any, open_company: Company, world: World
) -> None:
    SyncRun.objects.update(ended_at=timezone.now() - timedelta(hours=2))
    known = open_company.bling.add_contact("Gráfica Sol", document=DOCUMENT)
    answer = json.dumps({"data": [{"id": "?"}]})
    world.faults.add(Fault("bling", "odd_before", "GET", "/contas/pagar", times=5, answer=answer))
    assert 'name="seen"' not in enter(supplier=str(known)).content.decode()
    world.faults.clear()
    assert 'name="seen"' in enter(supplier=str(known)).content.decode()


def test_a_possible_duplicate_that_one_may_not_see_is_not_named(enter: Any, open_company: Company) -> None:
    new = {"supplier": "new", "new_name": "Gráfica Sol", "new_document": DOCUMENT}
    enter(**new, document_number="SEGREDO 1", seen=seen(enter(**new, document_number="SEGREDO 1")))
    item = CatalogItem.objects.get(kind="category", bling_id=open_company.category)
    ConfidentialCategory.objects.create(connection=open_company.connection, item=item)
    item.pk, item.bling_id, item.name, item.path = None, item.bling_id + 900, "Outra", "Outra"
    item.save()
    ana = open_company.tenant.members.get(username="ana")
    ana.groups.clear()
    ana.user_permissions.set(Permission.objects.filter(codename__in=["enter_payable", "view_payablewrite"]))
    page = enter(**new, category=str(item.bling_id)).content.decode()
    assert "que você não pode ver" in page
    assert "SEGREDO" not in page


def test_a_company_that_is_written_to_no_more_is_not_taken_for_another(enter: Any, open_company: Company) -> None:
    address = reverse("admin:integrations_payablewrite_enter")
    client = Client()
    client.force_login(open_company.tenant.members.get(username="ana"))
    assert b'name="value"' in client.get(address, {"connection": open_company.connection.pk}).content
    assert b'name="value"' not in client.get(address, {"connection": open_company.connection.pk + 1}).content


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"value": "0"}, "maior que zero"),
        ({"value": "abc"}, "não é um valor"),
        ({"due_date": "31/02/2027"}, "não é um dia"),
        ({"recurrence": "installments"}, "quantas parcelas"),
        ({"recurrence": "installments", "installments": "101"}, "100"),
        ({"recurrence": "weekly"}, "weekly"),
        ({"category": ""}, "obrigatório"),
        ({"category": "4711"}, "4711"),
        ({"history": "x" * 201}, "200"),
        ({"supplier": "new", "new_name": "Gráfica", "new_document": "123"}, "não é CPF nem CNPJ"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(enter: Any, changes: dict[str, str], says: str) -> None:
    page = enter(**changes).content.decode()
    assert says in page
    assert "Gráfica Sol" in page
    assert not PayableWrite.objects.exists()


def test_a_closed_month_is_refused(enter: Any, open_company: Company) -> None:
    open_company.tenant.closed_until = timezone.localdate().replace(year=2026, month=11, day=30)
    open_company.tenant.save()
    new = {"supplier": "new", "new_name": "Gráfica Sol", "new_document": DOCUMENT}
    assert "está fechado" in enter(**new).content.decode()


def test_a_confidential_category_is_offered_only_to_who_may_see_it(enter: Any, open_company: Company) -> None:
    item = CatalogItem.objects.get(kind="category", bling_id=open_company.category)
    ConfidentialCategory.objects.create(connection=open_company.connection, item=item)
    assert enter().status_code == 200
    user = make_user("bia")
    user.user_permissions.set(Permission.objects.filter(codename__in=["enter_payable", "view_payablewrite"]))
    open_company.tenant.members.add(user)
    client = Client()
    client.force_login(user)
    page = client.get(reverse("admin:integrations_payablewrite_enter")).content.decode()
    assert f'value="{open_company.category}"' not in page


def test_who_may_not_enter_sees_neither_page_nor_button(open_company: Company) -> None:
    user = make_user("otto", "Operação")
    open_company.tenant.members.add(user)
    client = Client()
    client.force_login(user)
    assert client.get(reverse("admin:integrations_payablewrite_enter")).status_code == 403
    assert "lancar/" not in client.get(url(PayableWrite, "changelist")).content.decode()


@pytest.mark.parametrize("mode", ["off", None])
def test_nothing_can_be_entered_while_it_is_off(enter: Any, mode: str | None) -> None:
    BlingWriting.objects.update(mode=mode) if mode else BlingWriting.objects.all().delete()
    assert "Nenhuma das suas empresas" in enter().content.decode()


def test_a_payable_that_a_person_found_in_bling_is_linked(enter: Any, open_company: Company) -> None:
    known = open_company.bling.add_contact("Gráfica Sol", document=DOCUMENT)
    enter(supplier=str(known), seen=seen(enter()))
    PayableWrite.objects.update(state="needs_human", reason="found_twice")
    there = open_company.bling.add_title("payable", "150.00", "2027-01-22", known)
    client, payable = Client(), PayableWrite.objects.get()
    client.force_login(WriteBatch.objects.get().user)
    address = url(PayableWrite, "change", payable.pk).replace("/change/", "/it_is_there/")
    client.post(address, {"bling_id": "1", "reason": "Vi lá", "confirmed": "yes"})
    payable.refresh_from_db()
    assert payable.bling_id is None
    client.post(address, {"bling_id": str(there), "reason": "Vi lá", "confirmed": "yes"})
    payable.refresh_from_db()
    assert (payable.state, payable.bling_id, payable.decision) == ("delivered", there, "is_there")
