"""Secrets go in and never come out: not in a form, a history, an export, a message or an error."""

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.test import Client
from django.urls import reverse

from integrations.models import BlingConnection, BlingToken, Discrepancy, KaminoConnection
from tests.admin.kit.test_pages import MODELS, url
from tests.admin.marked import ordered
from tests.admin.world import SECRETS, Rows

KEYS = ("app", "id_usr", "usr", "hash")


def assert_no_secret(text: str, where: object) -> None:
    for name, secret in SECRETS.items():
        assert secret not in text, (name, where)


def test_no_page_shows_a_secret(login: Callable[[str], Client], ours: Rows) -> None:
    ours.kamino.cn = "changed"
    ours.kamino.save()
    ours.bling.label = "changed"
    ours.bling.save()
    for role in ("root", "suporte"):
        client = login(role)
        assert_no_secret(client.get("/admin/").content.decode(), "first page")
        for model in MODELS:
            assert_no_secret(client.get(url(model, "changelist")).content.decode(), model)
            assert_no_secret(client.get(url(model, "add")).content.decode(), model)
        for row in ours.all():
            for page in ("change", "history", "delete"):
                assert_no_secret(client.get(url(type(row), page, row.pk)).content.decode(), (row, page))
        for page in ("create_link", "send_link", "connect", "pause", "resume", "accept", "disconnect"):
            address = url(BlingConnection, "change", ours.bling.pk).replace("/change/", f"/{page}/")
            assert_no_secret(client.get(address).content.decode(), page)
        assert_no_secret(client.get(reverse("admin:integrations_health")).content.decode(), "health")
        for row in (ours.bling, ours.kamino):
            page = url(type(row), "change", row.pk).replace("/change/", "/test/")
            assert_no_secret(client.get(page).content.decode(), page)
        export = ordered(client, url(Discrepancy, "export"), format="1")
        assert_no_secret(export.content.decode(), "export")
        assert_no_secret(client.get(reverse("admin:search"), {"s": "canary"}).content.decode(), "search")


def test_the_tables_of_tokens_have_no_page() -> None:
    assert BlingToken not in MODELS


def kamino_form(rows: Rows, **changes: str) -> dict[str, str]:
    shown = {"base_url": rows.kamino.base_url, "cn": rows.kamino.cn, "payable_number": rows.kamino.payable_number}
    return {**shown, **dict.fromkeys(KEYS, ""), **changes}


def test_a_blank_key_keeps_the_stored_one_and_a_new_one_replaces_it(login: Callable[[str], Client], ours: Rows) -> None:
    page = url(KaminoConnection, "change", ours.kamino.pk)
    response = login("suporte").post(page, kamino_form(ours, requests_per_minute="77", hash="novo-hash"))
    assert response.status_code == 302
    saved = KaminoConnection.objects.get(pk=ours.kamino.pk)
    assert (saved.requests_per_minute, saved.hash) == (77, "novo-hash")
    assert [getattr(saved, name) for name in KEYS[:3]] == [SECRETS[name] for name in KEYS[:3]]


def test_a_wrong_form_does_not_echo_the_new_secret(login: Callable[[str], Client], ours: Rows) -> None:
    page = url(KaminoConnection, "change", ours.kamino.pk)
    response = login("suporte").post(page, kamino_form(ours, cn="", hash="novo-hash"))
    assert response.status_code == 200
    assert "novo-hash" not in response.content.decode()


def test_a_new_connection_needs_its_keys(login: Callable[[str], Client], theirs: Rows) -> None:
    KaminoConnection.objects.filter(pk=theirs.kamino.pk)
    response = login("suporte").post(url(KaminoConnection, "add"), {"base_url": "https://x.kamino.tech", "cn": "1"})
    assert response.status_code == 200
    assert not KaminoConnection.objects.filter(base_url="https://x.kamino.tech").exists()


@pytest.mark.parametrize(("secret", "stored"), [("", SECRETS["client_secret"]), ("novo", "novo")])
def test_the_client_secret_is_kept_or_replaced(
    secret: str, stored: str, login: Callable[[str], Client], ours: Rows
) -> None:
    data = {"label": "Loja", "client_id": "outro-id", "client_secret": secret, "paid_amount": "unknown"}
    inline = {"events-TOTAL_FORMS": "0", "events-INITIAL_FORMS": "0"}
    response = login("suporte").post(url(BlingConnection, "change", ours.bling.pk), {**data, **inline})
    assert response.status_code == 302
    saved = BlingConnection.objects.get(pk=ours.bling.pk)
    assert (saved.label, saved.client_id, saved.client_secret) == ("Loja", "outro-id", stored)


def other_key(settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]


def test_a_missing_encryption_key_closes_no_page(login: Callable[[str], Client], ours: Rows, settings: Any) -> None:
    client = login("root")
    other_key(settings)
    for row in ours.all():
        if type(row) in MODELS:
            for page in (url(type(row), "changelist"), url(type(row), "change", row.pk)):
                assert client.get(page).status_code in (200, 302), page
    assert client.get(reverse("admin:index")).status_code == 200


def test_keys_that_cannot_be_read_are_kept_until_they_are_entered_again(
    login: Callable[[str], Client], ours: Rows, settings: Any
) -> None:
    keys, client = settings.FIELD_ENCRYPTION_KEYS, login("suporte")
    other_key(settings)
    page = url(KaminoConnection, "change", ours.kamino.pk)
    assert client.post(page, kamino_form(ours, requests_per_minute="78", hash="novo-hash")).status_code == 302
    inline = {"events-TOTAL_FORMS": "0", "events-INITIAL_FORMS": "0"}
    data = {"label": "Loja", "client_id": "outro-id", "client_secret": "", "paid_amount": "unknown", **inline}
    assert client.post(url(BlingConnection, "change", ours.bling.pk), data).status_code == 302
    settings.FIELD_ENCRYPTION_KEYS = [*settings.FIELD_ENCRYPTION_KEYS, *keys]
    saved = KaminoConnection.objects.get(pk=ours.kamino.pk)
    assert (saved.requests_per_minute, saved.hash, saved.app) == (78, "novo-hash", SECRETS["app"])
    bling = BlingConnection.objects.get(pk=ours.bling.pk)
    assert (bling.client_id, bling.client_secret) == ("outro-id", SECRETS["client_secret"])
