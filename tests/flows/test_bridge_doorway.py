"""The doorway of the v2 bridge: strangers, what is too much, and what is switched off store nothing."""

import logging
import threading
from typing import Any
from urllib.parse import quote

import pytest
from django.apps import apps
from django.db import connections
from django.test import Client
from django.utils import timezone

from integrations.bling_v2.codes import CODES
from integrations.models import ApiKey, BlingWriting, WriteBatch, WriteMode
from integrations.models.api_keys import new_key
from tests.bling_v2.example import XML, edited
from tests.flows.bridged import JSON, KEY, ONCE, booked, bridge, error_of, send
from tests.flows.helpers import Company


@pytest.fixture
def bridged(company: Company, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Company:
    return bridge(company, settings, monkeypatch)


class TestStrangers:
    def test_an_unknown_key(self, bridged: Company) -> None:
        answer = send(key=new_key())
        assert (answer.status_code, error_of(answer)) == (401, (3, CODES[3]))
        ApiKey.objects.update(revoked_at=timezone.now())
        assert error_of(send())[0] == 3
        assert not WriteBatch.objects.exists()

    def test_who_tries_keys_is_stopped_and_others_are_not(self, bridged: Company) -> None:
        found = [send(key=new_key()).status_code for _ in range(12)]
        assert found == [401] * 10 + [429] * 2
        assert error_of(send())[0] == 903
        assert error_of(send(key=new_key(), REMOTE_ADDR="10.1.2.3"))[0] == 3

    def test_a_key_in_the_address_is_taken_where_it_is_allowed(self, bridged: Company) -> None:
        def ask() -> Any:
            return Client().post(
                f"{JSON}?apikey={KEY}", f"xml={quote(XML)}", content_type="application/x-www-form-urlencoded"
            )

        assert ask().status_code == 401
        ApiKey.objects.update(allows_query=True)
        assert ask().status_code == 503

    @pytest.mark.parametrize("dtd", ["<!DOCTYPE c [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>", "<!DOCTYPE c>"])
    def test_a_dtd(self, bridged: Company, dtd: str) -> None:
        xml = XML.replace("<contapagar>", f"{dtd}<contapagar>").replace("Teste de", "&x;")
        assert error_of(send(xml)) == (901, CODES[901])

    def test_too_much(self, bridged: Company) -> None:
        answer = send(edited("Teste de conta a pagar", "a" * 65_000))
        assert (answer.status_code, error_of(answer)[0]) == (413, 908)

    def test_without_encryption_nothing_is_booked(
        self, bridged: Company, settings: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings.SECURE_SSL_REDIRECT = True
        answer = send()
        assert f"'key': {ApiKey.objects.get().pk}" in caplog.text
        assert (answer.status_code, answer.has_header("Location")) == (403, False)
        assert not WriteBatch.objects.exists()
        assert send(secure=True).status_code == 503

    def test_another_method(self, bridged: Company) -> None:
        assert Client().get(JSON).status_code == 405

    def test_the_key_stands_nowhere(self, bridged: Company, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        booked(bridged)
        send(edited("15.00", ""))
        told = caplog.text
        for model in apps.get_models():
            if model._meta.managed:
                told += "".join(str(row) for row in model._default_manager.values())
        assert "Organisys" in told
        for secret in (KEY, "<contapagar>", quote("<contapagar>")):
            assert secret not in told


class TestOff:
    @pytest.mark.parametrize("mode", [WriteMode.OFF, WriteMode.SIMULATION])
    def test_nothing_is_stored_where_nothing_is_written(self, bridged: Company, mode: WriteMode) -> None:
        BlingWriting.objects.update(mode=mode)
        answer = send()
        assert (answer.status_code, error_of(answer)) == (503, (905, CODES[905]))
        bridged.work()
        assert not WriteBatch.objects.exists()
        assert bridged.bling.calls["POST /contas/pagar"] == 0

    def test_a_key_that_nobody_confirmed_enters_nothing(self, bridged: Company) -> None:
        ApiKey.objects.update(is_confirmed=False)
        code, said = error_of(send())
        assert (code, "ainda não foi confirmada" in said) == (905, True)
        assert not WriteBatch.objects.exists()

    def test_installments_need_somebody_who_says_what_their_value_is(self, bridged: Company) -> None:
        ApiKey.objects.update(parcel_value="")
        code, said = error_of(send())
        assert (code, "conta parcelada" in said) == (905, True)
        assert not WriteBatch.objects.exists()
        assert error_of(send(ONCE))[0] == 903

    def test_only_some_wait_at_once(self, bridged: Company, settings: Any) -> None:
        settings.BRIDGE_WAIT_SECONDS = 20
        found: list[Any] = []

        def one(number: int) -> None:
            try:
                found.append(send(ONCE.replace("0123456<", f"{number}<")))
            finally:
                connections.close_all()

        threads = [threading.Thread(target=one, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        while WriteBatch.objects.count() < 2:
            pass
        answer = send(ONCE)
        assert (answer.status_code, error_of(answer)[0], answer["Retry-After"]) == (503, 904, "60")
        assert WriteBatch.objects.count() == 2
        while any(thread.is_alive() for thread in threads):
            bridged.work()
        assert [answer.status_code for answer in found] == [201, 201]
