"""Kamino's keys: sent only where they were entered for, tried when they are saved, and asked anew at another place."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from integrations.models import KaminoConnection, PersonPosting
from integrations.pipeline.access.leases import pause_kamino
from integrations.pipeline.company.provisioning import DocumentError, provision
from tests.admin.kit.test_pages import url
from tests.admin.world import SECRETS, Rows
from tests.flows.helpers import Company

NEW = {name: f"{name}-novo" for name in KaminoConnection.SECRETS}
ONLY_TO = "As chaves só são enviadas a endereços https de *.kamino.tech"
ALL_ANEW = "O endereço ou o CN mudou: informe todas as chaves de novo."


def form(connection: KaminoConnection, **changes: str) -> dict[str, str]:
    shown = {"base_url": connection.base_url, "cn": connection.cn, "payable_number": connection.payable_number}
    return {**shown, **dict.fromkeys(KaminoConnection.SECRETS, ""), **changes}


def save(client: Client, connection: KaminoConnection, **changes: str) -> Any:
    return client.post(url(KaminoConnection, "change", connection.pk), form(connection, **changes), follow=True)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"base_url": "https://evil.example.com"}, ONLY_TO),
        ({"base_url": r"https://evil.example\.kamino.tech"}, ONLY_TO),
        ({"base_url": r"https://169.254.169.254\.kamino.tech"}, ONLY_TO),
        ({"base_url": "https://evil.com／.kamino.tech"}, ONLY_TO),
        ({"base_url": "https://[x.kamino.tech"}, ONLY_TO),
        ({"base_url": "https://nossa.kamino.tech:22"}, ONLY_TO),
        ({"base_url": "https://nossa.kamino.tech/outra"}, ONLY_TO),
        ({"base_url": "http://nossa.kamino.tech"}, ONLY_TO),
        ({"base_url": "https://user@nossa.kamino.tech"}, ONLY_TO),
        ({"base_url": "https://sandbox.kamino.tech"}, "O endereço é o ambiente de testes da Kamino"),
    ],
)
def test_they_go_only_to_kamino(
    changes: dict[str, str], words: str, login: Callable[[str], Client], ours: Rows
) -> None:
    before = KaminoConnection.objects.values().get(pk=ours.kamino.pk)
    response = save(login("suporte"), ours.kamino, **changes, **NEW)
    assert response.status_code == 200
    assert words in response.content.decode()
    assert KaminoConnection.objects.values().get(pk=ours.kamino.pk) == before


@pytest.mark.parametrize("changes", [{"base_url": "https://outra.kamino.tech"}, {"cn": "outro"}])
def test_at_another_place_all_of_them_are_asked_for(
    changes: dict[str, str], login: Callable[[str], Client], ours: Rows
) -> None:
    PersonPosting.objects.update(kamino_id=None)  # nothing was sent yet
    client, before = login("suporte"), KaminoConnection.objects.values().get(pk=ours.kamino.pk)
    for missing in NEW:
        response = save(client, ours.kamino, **changes, **{**NEW, missing: ""})
        assert ALL_ANEW in response.content.decode()
        assert KaminoConnection.objects.values().get(pk=ours.kamino.pk) == before
    save(client, ours.kamino, **changes, **NEW)
    saved = KaminoConnection.objects.get(pk=ours.kamino.pk)
    assert {name: getattr(saved, name) for name in (*changes, *NEW)} == {**changes, **NEW}
    # Nothing is sent before the registers and lists were read there; the history says who moved it.
    assert (saved.registers_read_at, saved.payable_list, saved.receivable_list) == (None, "unknown", "unknown")
    moved = saved.history.latest()
    assert (moved.history_user.username, {name: getattr(moved, name) for name in changes}) == ("suporte", changes)


def test_the_same_place_written_differently_keeps_them(login: Callable[[str], Client], ours: Rows) -> None:
    stored = ours.kamino.base_url
    save(login("suporte"), ours.kamino, base_url=f"{stored.replace('https', 'HTTPS').upper()}/")
    saved = KaminoConnection.objects.get(pk=ours.kamino.pk)
    assert (saved.base_url, saved.hash) == (stored, SECRETS["hash"])


@pytest.mark.parametrize("changes", [{"base_url": "https://outra.kamino.tech"}, {"cn": "outro"}])
def test_a_document_asks_for_all_of_them_too(company: Company, changes: dict[str, str], settings: Any) -> None:
    settings.KAMINO_ALLOWED_HOSTS = ["*.kamino.tech"]
    before = KaminoConnection.objects.values().get()
    document = {"slug": company.tenant.slug, "kamino": {**changes, "hash": "h", "usr": "u", "app": "a"}}
    with pytest.raises(DocumentError, match=r"kamino\.id_usr"):
        provision({"tenants": [document]}, now=timezone.now())
    assert KaminoConnection.objects.values().get() == before


@pytest.fixture
def maria(company: Company, user: User) -> Client:
    client = Client(headers={"accept-language": "pt-BR"})
    client.force_login(user)
    return client


def test_new_ones_are_tried_when_they_are_saved(company: Company, maria: Client) -> None:
    connection = KaminoConnection.objects.get()
    right = connection.hash
    wrong = save(maria, connection, hash="errado").content.decode()
    assert "Salvo, mas a tentativa falhou: " in wrong
    assert "A Kamino aceita estas chaves." not in wrong
    pause_kamino(connection.pk, {"kind": "unauthorized"}, until=timezone.now() + timedelta(minutes=15))
    assert "A Kamino aceita estas chaves." in save(maria, connection, hash=right).content.decode()
    connection.refresh_from_db()
    assert (connection.failure, connection.lease_until, connection.hash) == ({}, None, right)


def test_what_is_no_key_is_saved_without_a_call(company: Company, maria: Client) -> None:
    calls = dict(company.kamino.calls)
    save(maria, KaminoConnection.objects.get(), requests_per_minute="70")
    assert company.kamino.calls == calls
