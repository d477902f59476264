"""The list of payables for Bling: what waits for a person, and sending it again at once."""

import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from integrations.login import middleware
from integrations.models import (
    BlingWriting,
    CatalogItem,
    ConfidentialCategory,
    PayableSheet,
    PayableWrite,
    Person,
    Title,
    WriteBatch,
)
from tests.admin.kit.test_pages import url
from tests.admin.world import Rows, make_user


@pytest.fixture
def client(rows: Rows) -> Client:
    user = make_user("ana", "Financeiro")
    rows.tenant.members.add(user)
    client = Client()
    client.force_login(user)
    return client


def copies(payable: PayableWrite, *states: dict[str, object]) -> list[PayableWrite]:
    """Return payables as `payable`, with other values each."""
    made = []
    for number, values in enumerate(states):
        copy = PayableWrite.objects.get(pk=payable.pk)
        copy.pk, copy.marker, copy.bling_id, copy.supplier_name = (
            None,
            f"C{len(states)}PY{number:06}",
            None,
            f"Cópia {number}",
        )
        for name, value in values.items():
            setattr(copy, name, value)
        copy.save()
        made.append(copy)
    return made


def test_what_waits_for_a_person_is_found_and_sent_again(rows: Rows, client: Client) -> None:
    now = timezone.now()
    old, fresh = now - timedelta(hours=25), now
    waits = {"state": "ready", "reason": "", "ready_at": now}
    stale, queued, refused, sent = copies(
        rows.payable,
        {**waits, "accepted_at": old},
        {**waits, "accepted_at": fresh},
        {**waits, "accepted_at": fresh, "state": "needs_human", "reason": "refused"},
        {**waits, "accepted_at": old, "state": "delivered", "bling_id": 4711},
    )
    page = client.get(url(PayableWrite, "changelist"), {"asks": "1"}).content.decode()
    assert [row.supplier_name in page for row in (stale, queued, refused, sent)] == [True, False, True, False]
    chosen = {"action": "send_these_again", "_selected_action": [row.pk for row in (stale, queued, refused, sent)]}
    asked = client.post(url(PayableWrite, "changelist"), chosen).content.decode()
    assert "2 contas, " in asked
    client.post(url(PayableWrite, "changelist"), {**chosen, "confirmed": "yes"})
    found = {row.pk: row for row in PayableWrite.objects.all()}
    assert [found[row.pk].decision for row in (stale, queued, refused, sent)] == ["send_again", "", "send_again", ""]
    assert {found[row.pk].state for row in (stale, queued, refused)} == {"ready"}
    assert found[stale.pk].accepted_at > old


def test_a_payable_says_what_bling_refused_of_each_field(rows: Rows, client: Client) -> None:
    field = {"namespace": "CONTAS", "code": "7", "element": "categoria", "text": "Categoria inválida", "index": ""}
    refusal = {"kind": "rejected", "code": "VALIDATION_ERROR", "service": "Bling", "message": "Não foi possível salvar"}
    rows.payable.attempts.update(outcome="rejected", failure={**refusal, "fields": [field]})
    page = client.get(url(PayableWrite, "change", rows.payable.pk)).content.decode()
    assert "Bling recusou: Não foi possível salvar" in page
    assert "CONTAS 7 · categoria · Categoria inválida" in page


def test_a_batch_says_how_far_it_is_and_renews_itself_while_it_moves(rows: Rows, client: Client) -> None:
    now = timezone.now()
    copies(rows.payable, {"state": "needs_human", "reason": "refused"}, {"state": "ignored"})
    [queued] = copies(rows.payable, {"state": "ready", "ready_at": now, "accepted_at": now})
    WriteBatch.objects.filter(pk=rows.batch.pk).update(count=4)
    address = url(WriteBatch, "change", rows.batch.pk)
    BlingWriting.objects.update(mode="live")
    page = client.get(address)
    assert "1 de 4 no Bling, 1 espera por uma pessoa, falta 1, 1 não será enviada." in page.content.decode()
    assert page["Refresh"] == f"5; url={address}?renewed=1"
    BlingWriting.objects.update(mode="simulation")
    page = client.get(address)
    assert "1 de 4 no Bling, faltam 2, 1 não será enviada." in page.content.decode()
    assert "Refresh" not in page
    BlingWriting.objects.update(mode="live")
    PayableWrite.objects.filter(pk=queued.pk).update(state="delivered", bling_id=4712)
    assert "Refresh" not in client.get(address)


def test_who_entered_a_batch_is_not_offered_to_confirm_it(rows: Rows, client: Client) -> None:
    WriteBatch.objects.filter(pk=rows.batch.pk).update(state="awaiting")
    address, ana = url(WriteBatch, "change", rows.batch.pk), User.objects.get(username="ana")
    ana.user_permissions.add(Permission.objects.get(codename="approve_payable"))
    button = address.replace("/change/", "/confirm/")
    assert button in client.get(address).content.decode()
    WriteBatch.objects.filter(pk=rows.batch.pk).update(user=ana)
    page = client.get(address).content.decode()
    assert button not in page
    assert "Aguarda" in page


def test_a_page_that_renews_itself_is_no_person(rows: Rows, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    copies(rows.payable, {"state": "ready", "ready_at": now, "accepted_at": now})
    BlingWriting.objects.update(mode="live")
    plain, ahead = time.time, [0]
    monkeypatch.setattr(middleware, "time", SimpleNamespace(time=lambda: plain() + ahead[0]))
    address = url(WriteBatch, "change", rows.batch.pk)
    for minute in range(0, 40, 2):
        ahead[0] = minute * 60
        page = client.get(address)
        address = page["Refresh"].partition("url=")[2] if page.has_header("Refresh") else address
    assert page.status_code == 302, "the session ends without a person"
    BlingWriting.objects.update(paused_until=now + timedelta(hours=20))
    client.force_login(User.objects.get(username="ana"))
    assert "Refresh" not in client.get(url(WriteBatch, "change", rows.batch.pk)), "nothing moves before tomorrow"


def test_who_is_hidden_is_not_named_as_the_nearest(rows: Rows) -> None:
    clerk = User.objects.create_user("clara", is_staff=True)
    names = ["view_payablesheet", "enter_payable"]
    clerk.user_permissions.set(Permission.objects.filter(codename__in=names))
    rows.tenant.members.add(clerk)
    item = CatalogItem.objects.create(
        connection=rows.bling, kind="category", bling_id=99001, name="Salários", nature="expense",
        read_at=timezone.now(),
    )  # fmt: skip
    ConfidentialCategory.objects.create(connection=rows.bling, item=item)
    secret = Person.objects.create(
        connection=rows.bling, bling_id=99002, name="Maria Aparecida Souza", read_at=timezone.now()
    )
    paid = Title.objects.get(pk=rows.title.pk)
    paid.pk, paid.bling_id, paid.person, paid.category_id = None, 99003, secret, 99001
    paid.save()
    sheet = PayableSheet.objects.create(
        connection=rows.bling, file_name="x.xlsx", user=clerk, created_at=timezone.now(),
        rows=[[2, {"supplier": "Maria Aparecida Sousa", "value": "10,00", "due_date": "2027-01-20",
                   "category": rows.category.name}, []]],
    )  # fmt: skip
    client = Client()
    client.force_login(clerk)
    page = client.get(url(PayableSheet, "change", sheet.pk)).content.decode()
    assert ("Maria Aparecida Sousa" in page, "Maria Aparecida Souza" in page) == (True, False)
