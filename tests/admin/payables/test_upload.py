"""Sending a spreadsheet of payables: for one company, chosen first where there are several."""

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from integrations.models import BlingConnection, BlingWriting, PayableSheet, Tenant
from tests.admin.world import Rows
from tests.pipeline.payables.test_sheet import GOOD, written

UPLOAD = "admin:integrations_payablesheet_upload"


@pytest.fixture
def client(login: Callable[[str], Client], ours: Rows, theirs: Rows) -> Client:
    for rows in (ours, theirs):
        BlingWriting.objects.update_or_create(connection=rows.bling, defaults={"mode": "live"})
    BlingConnection.objects.update(status="connected")
    PayableSheet.objects.all().delete()
    return login("financeiro")


def send(client: Client, connection: BlingConnection | None = None) -> int:
    query = f"?connection={connection.pk}" if connection else ""
    file = SimpleUploadedFile("contas.xlsx", written(GOOD))
    return client.post(reverse(UPLOAD) + query, {"file": file}).status_code


def test_the_only_company_is_not_asked_for(client: Client, ours: Rows) -> None:
    page = client.get(reverse(UPLOAD)).content.decode()
    assert str(ours.bling) in page
    assert 'type="file"' in page
    assert send(client) == 302
    assert PayableSheet.objects.get().connection == ours.bling


def test_of_several_one_is_chosen_by_link_or_where_there_are_many_from_a_list(client: Client, ours: Rows) -> None:
    def another(number: int) -> BlingConnection:
        tenant = Tenant.objects.create(name=f"Empresa {number:02}", slug=f"empresa-{number}", sync_from="2026-01-01")
        tenant.members.set(ours.tenant.members.all())
        made = BlingConnection.objects.create(tenant=tenant, label="Bling", status="connected")
        BlingWriting.objects.create(connection=made, mode="live")
        return made

    second = another(2)
    page = client.get(reverse(UPLOAD)).content.decode()
    assert f'href="?connection={second.pk}"' in page
    assert 'type="file"' not in page
    assert send(client) == 200, "whose they are is never guessed"
    assert not PayableSheet.objects.exists()
    assert send(client, second) == 302
    assert PayableSheet.objects.get().connection == second
    for number in range(3, 15):
        another(number)
    page = client.get(reverse(UPLOAD)).content.decode()
    assert page.count("<option value=") == 15
    assert 'name="connection"' in page


def test_of_another_company_nothing_is_taken(client: Client, theirs: Rows) -> None:
    assert send(client, theirs.bling) == 200
    assert not PayableSheet.objects.exists()
