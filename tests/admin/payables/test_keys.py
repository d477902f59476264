"""Keys of the bridge: shown once, kept as a digest, made only by who may."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from integrations.models import ApiKey, AuditEvent, Tenant
from tests.admin.world import Rows

MAKE, REGISTER = "admin:integrations_apikey_make", "admin:integrations_apikey_register"
OLD = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c"


def form(rows: Rows, **values: Any) -> dict[str, Any]:
    return {
        "connection": str(rows.bling.pk), "label": "ERP da loja", "parcel_value": "each", "unknown_names": "refuse",
        "window_hours": "12", "success_status": "201", **values,
    }  # fmt: skip


def test_a_new_key_is_shown_once(login: Callable[[str], Client], ours: Rows) -> None:
    Tenant.objects.update(alert_emails="financeiro@nossa.example")
    client = login("suporte")
    assert client.get(reverse(MAKE)).status_code == 200
    answer = client.post(reverse(MAKE), form(ours))
    row = ApiKey.objects.latest("pk")
    key = answer.context["key"]
    assert (answer.status_code, len(key), "no-store" in answer["Cache-Control"]) == (200, 72, True)
    assert key in answer.content.decode()
    assert ApiKey.objects.known(key) == row
    assert (row.label, row.parcel_value, row.unknown_names, row.window_hours) == ("ERP da loja", "each", "refuse", 12)
    pages = [reverse("admin:integrations_apikey_changelist")]
    for page in [*pages, reverse("admin:integrations_apikey_change", args=[row.pk])]:
        shown = client.get(page).content.decode()
        assert row.label in shown
        assert key not in shown
        assert row.digest not in shown
    [sent] = mail.outbox
    assert "financeiro@nossa.example" in sent.to
    assert key not in sent.body
    assert AuditEvent.objects.filter(action="bridge_key", object_id=row.pk, actor="suporte").exists()


def test_a_customer_s_key_is_registered(login: Callable[[str], Client], ours: Rows) -> None:
    answer = login("suporte").post(reverse(REGISTER), form(ours, key=OLD))
    row = ApiKey.objects.latest("pk")
    assert ApiKey.objects.known(OLD) == row
    assert row.is_old
    assert OLD not in answer.content.decode()


@pytest.mark.parametrize("key", ["", "short", "a" * 40, f"{OLD[:-1]} ", "ç" * 40])
def test_what_is_no_key_is_not_registered(login: Callable[[str], Client], ours: Rows, key: str) -> None:
    before = ApiKey.objects.count()
    if key.strip() == OLD[:-1]:
        key = "0f1e2d3c-4b5a6978.8796a5b4+c3d2e1f00f1e2d3c"
    answer = login("suporte").post(reverse(REGISTER), form(ours, key=key))
    assert ApiKey.objects.count() == before
    assert not key or key not in answer.content.decode()


def test_nor_is_one_that_is_known_already(login: Callable[[str], Client], ours: Rows) -> None:
    client = login("suporte")
    for _ in range(2):
        client.post(reverse(REGISTER), form(ours, key=OLD))
    assert ApiKey.objects.filter(label="ERP da loja").count() == 1


@pytest.mark.parametrize("role", ["financeiro", "operacao"])
@pytest.mark.parametrize("page", [MAKE, REGISTER])
def test_only_support_makes_one(login: Callable[[str], Client], ours: Rows, role: str, page: str) -> None:
    before = ApiKey.objects.count()
    client = login(role)
    assert client.get(reverse(page)).status_code == 403
    assert client.post(reverse(page), form(ours, key=OLD)).status_code == 403
    assert ApiKey.objects.count() == before


@pytest.mark.parametrize("page", [MAKE, REGISTER])
def test_it_asks_for_the_factor_first(login: Callable[[str], Client], ours: Rows, settings: Any, page: str) -> None:
    client = login("suporte")
    settings.REQUIRE_SECOND_FACTOR = True
    before = ApiKey.objects.count()
    client.post(reverse(page), form(ours, key=OLD))
    assert ApiKey.objects.count() == before
