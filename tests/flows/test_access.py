"""A customer is asked for writing: reading stays as it was until everything that they allowed is proved."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from integrations.bling import auth
from integrations.models import (
    AuthorizationRequest,
    BlingConnection,
    BlingToken,
    BlingWriting,
    ConnectionEvent,
    WriteMode,
)
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.access import tokens
from integrations.pipeline.company import authorization, bling_access, writing
from integrations.pipeline.desk.refusal import Refused
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.customers import WRITE_SCOPES, Customer
from tests.flows.payables import enter, ours, states

SWITCHES = {"limit": None, "only_writer": True, "settles": False, "changes_contacts": False, "writes_orders": False}


def test_writing_is_asked_for_and_authorized_by_the_link(customer: Customer) -> None:
    customer.ask()
    page = Client().get(customer.link()).content.decode()
    assert "O que será escrito" in page
    assert "Nada é alterado no Bling" not in page
    assert "Conectado" in customer.authorize()
    token, connection = BlingToken.objects.get(), customer.connection
    assert (connection.access, connection.next_access, token.client_id) == ("write", "", customer.writer.client_id)
    assert set(WRITE_SCOPES) <= set(token.scopes.split())
    assert token.company_checked_version == token.version
    assert "write_access" in customer.events()
    customer.reads()


def test_what_is_authorized_is_written(customer: Customer) -> None:
    customer.ask()
    customer.authorize()
    options = {
        "limit": None,
        "only_writer": True,
        "settles": False,
        "changes_contacts": False,
        "writes_orders": False,
        "reason": "início",
        "user": customer.person,
    }
    writing.switch(connection=customer.connection, mode=WriteMode.LIVE, **options, now=timezone.now())  # type: ignore[arg-type]
    enter(customer.company, customer.person)
    customer.company.bling.expire_access_tokens()
    customer.company.work()
    assert len(ours(customer.company)) == 1


def test_reading_alone_is_not_enough_for_live_writing(customer: Customer) -> None:
    options = {
        "limit": None,
        "only_writer": True,
        "settles": False,
        "changes_contacts": False,
        "writes_orders": False,
        "reason": "início",
        "user": customer.person,
    }
    with pytest.raises(Refused, match=r"98302, 98310"):
        writing.switch(connection=customer.connection, mode=WriteMode.LIVE, **options, now=timezone.now())  # type: ignore[arg-type]
    BlingToken.objects.update(scopes="")  # an answer that names none proves nothing
    with pytest.raises(Refused, match="Acesso ao Bling"):
        writing.switch(connection=customer.connection, mode=WriteMode.LIVE, **options, now=timezone.now())  # type: ignore[arg-type]


def test_before_the_consent_nothing_has_changed(customer: Customer, stays: Callable[[], None]) -> None:
    customer.ask()
    stays()
    browser = Client()
    customer.begin(browser)  # and the customer never comes back
    stays()
    customer.reads()
    assert BlingToken.objects.get().client_id == customer.reader.client_id


def test_a_customer_who_refuses_changes_nothing(customer: Customer, stays: Callable[[], None]) -> None:
    customer.ask()
    assert "Acesso recusado" in customer.authorize("deny")
    stays()
    assert customer.connection.next_access == "write"
    customer.reads()


def test_another_company_s_authorization_is_dropped(
    customer: Customer, world: World, stays: Callable[[], None]
) -> None:
    world.add_account("outra")
    customer.ask()
    customer.authorize(company="outra")
    stays()
    assert customer.events()[-1] == "switch_other_company"
    assert BlingConnection.objects.count() == 1
    customer.reads()
    customer.authorize()  # the link was not used up
    assert customer.connection.access == "write"


@pytest.mark.parametrize("missing", ["borderos", "empresas"])
def test_a_missing_scope_for_reading_drops_it(customer: Customer, missing: str, stays: Callable[[], None]) -> None:
    customer.writer.missing_scopes.add(missing)
    customer.ask()
    customer.authorize()
    stays()
    code = "switch_missing_scopes" if missing == "borderos" else "switch_unread"
    assert customer.events()[-1] == code
    customer.reads()


def test_a_missing_scope_for_writing_drops_it(customer: Customer, stays: Callable[[], None]) -> None:
    customer.writer.missing_scopes.add("contas-pagar:write")
    customer.ask()
    assert "não pode escrever" in customer.authorize()
    stays()
    event = ConnectionEvent.objects.order_by("pk").last()
    assert event is not None
    assert (event.code, event.detail) == ("switch_no_writing", "98310")
    customer.reads()


@pytest.mark.parametrize("path", ["/empresas/me/dados-basicos", "/contas/receber"])
@pytest.mark.parametrize("kind", ["500", "cut_before", "429"])
def test_what_cannot_be_tried_drops_it(
    customer: Customer, world: World, stays: Callable[[], None], path: str, kind: Any
) -> None:
    customer.ask()
    world.faults.add(Fault("bling", kind, "GET", path, times=20))
    customer.authorize()
    world.faults.clear()
    stays()
    assert customer.events()[-1] == "switch_unread"
    customer.reads()


@pytest.mark.parametrize("kind", ["cut_after", "cut_before", "500"])
def test_a_lost_exchange_changes_nothing(
    customer: Customer, world: World, stays: Callable[[], None], kind: Any
) -> None:
    customer.ask()
    world.faults.add(Fault("bling", kind, "POST", "/oauth/token"))
    customer.authorize()
    stays()
    customer.reads()


class Killed(BaseException):
    """The worker is gone."""


@pytest.mark.parametrize("moment", ["exchange_code", "judge", "switch", "store_tokens"])
def test_a_worker_killed_on_the_way_changes_nothing(
    customer: Customer, monkeypatch: pytest.MonkeyPatch, moment: str, stays: Callable[[], None]
) -> None:
    customer.ask()
    where = auth if moment == "exchange_code" else bling_access
    real = getattr(where, moment)

    def killed(*args: Any, **kwargs: Any) -> None:
        real(*args, **kwargs)
        raise Killed

    browser = Client()
    callback = customer.consent(customer.begin(browser))
    with monkeypatch.context() as patch:
        patch.setattr(where, moment, killed)
        with pytest.raises(Killed):
            browser.get(callback)
    if moment == "switch":  # all of it was stored
        assert customer.connection.access == "write"
        assert BlingToken.objects.get().client_id == customer.writer.client_id
    else:
        stays()
        assert customer.connection.next_access == "write"
    customer.reads()


def test_what_is_not_asked_for_any_more_is_not_exchanged(customer: Customer, stays: Callable[[], None]) -> None:
    customer.ask()
    browser = Client()
    callback = customer.consent(customer.begin(browser))
    customer.ask("read")
    calls = customer.company.bling.calls["POST /oauth/token"]
    browser.get(callback)
    assert customer.events()[-1] == "superseded"
    assert customer.company.bling.calls["POST /oauth/token"] == calls
    stays()
    customer.reads()


def test_what_is_withdrawn_while_it_is_judged_is_dropped(
    customer: Customer, monkeypatch: pytest.MonkeyPatch, stays: Callable[[], None]
) -> None:
    customer.ask()
    real = bling_access.judge

    def withdrawn(*args: Any) -> Any:
        customer.ask("read")
        return real(*args)

    monkeypatch.setattr(bling_access, "judge", withdrawn)
    customer.authorize()
    assert customer.events()[-1] == "superseded"
    stays()


def test_a_token_that_is_renewed_while_the_new_one_is_judged_is_replaced_whole(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer.ask()
    real, token = bling_access.judge, BlingToken.objects.get()

    def renewed(*args: Any) -> Any:
        tokens.refresh_token(token.connection_id, token.version, clock=timezone.now)
        return real(*args)

    monkeypatch.setattr(bling_access, "judge", renewed)
    customer.authorize()
    assert (BlingToken.objects.get().version, BlingToken.objects.get().client_id) == (
        token.version + 2, customer.writer.client_id
    )  # fmt: skip
    customer.reads()


def test_a_renewal_of_reading_in_another_tab_does_not_undo_it(customer: Customer) -> None:
    old, browser = Client(), Client()
    old_callback = old_page = customer.begin(old, "read")
    old_callback = customer.consent(old_page)
    customer.ask()
    browser.get(customer.consent(customer.begin(browser)))
    version = BlingToken.objects.get().version
    old.get(old_callback)
    token = BlingToken.objects.get()
    assert (token.version, token.client_id) == (version, customer.writer.client_id)
    assert customer.events()[-1] == "superseded"


def test_one_of_reading_that_is_judged_meanwhile_does_not_undo_it_either(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Client()
    callback = customer.consent(customer.begin(old, "read"))
    real = authorization._judge

    def switched(*args: Any) -> Any:
        customer.ask()
        customer.authorize()
        return real(*args)

    monkeypatch.setattr(authorization, "_judge", switched)
    old.get(callback)
    assert BlingToken.objects.get().client_id == customer.writer.client_id
    assert "superseded" in customer.events()
    customer.reads()


def test_reading_can_be_authorized_anew_while_writing_is_asked_for(customer: Customer) -> None:
    browser = Client()
    callback = customer.consent(customer.begin(browser, "read"))
    customer.ask()
    assert "Conectado" in browser.get(callback).content.decode()
    connection, token = customer.connection, BlingToken.objects.get()
    assert (connection.access, connection.next_access, token.client_id) == (
        "read", "write", customer.reader.client_id
    )  # fmt: skip


def test_who_saw_the_page_for_reading_begins_no_writing(customer: Customer) -> None:
    link = customer.link()
    browser = Client()
    browser.get(link)
    customer.ask()
    response = browser.post(link, {"access": "read"})
    assert response.status_code == 200
    assert "O que será escrito" in response.content.decode()
    assert not AuthorizationRequest.objects.exists()


def test_connecting_again_keeps_to_the_app_that_writes(customer: Customer) -> None:
    customer.ask()
    customer.authorize()
    customer.company.bling.revoke_all()
    customer.company.sync()
    assert customer.connection.status == ConnectionStatus.RECONNECT
    customer.authorize()
    assert BlingToken.objects.get().client_id == customer.writer.client_id
    customer.reads()


def test_back_to_reading_stops_writing_at_once(customer: Customer, stays: Callable[[], None]) -> None:
    customer.ask()
    customer.authorize()
    BlingWriting.objects.create(connection=customer.connection, mode=WriteMode.LIVE)
    enter(customer.company, customer.person)
    before = BlingToken.objects.get().version
    customer.ask("read")
    assert BlingWriting.objects.get().mode == WriteMode.OFF
    customer.company.work()
    assert (states(), ours(customer.company)) == (["ready"], [])
    assert BlingToken.objects.get().version == before
    customer.reads()
    old = BlingToken.objects.get().refresh_token
    customer.authorize(shown="read")
    assert BlingToken.objects.get().client_id == customer.reader.client_id
    assert old in customer.company.bling.world.grants.refresh  # left to lapse
    customer.reads()


@pytest.mark.parametrize("mode", [WriteMode.LIVE, WriteMode.OFF])
def test_back_to_reading_lets_no_program_settle_and_is_told(customer: Customer, mode: str) -> None:
    customer.ask()
    customer.authorize()
    BlingWriting.objects.create(connection=customer.connection, mode=mode, settles=True)
    customer.ask(access="read")
    row = BlingWriting.objects.get()
    assert (row.mode, row.settles) == (WriteMode.OFF, False)
    assert ("writing_off" in customer.events()) is (mode == WriteMode.LIVE)
    assert "settling_off" in customer.events()
    # Going live again needs the customer's word.
    options = {
        "limit": None,
        "only_writer": True,
        "settles": False,
        "changes_contacts": False,
        "writes_orders": False,
        "reason": "de novo",
        "user": customer.person,
    }
    with pytest.raises(Refused, match="Acesso ao Bling"):
        writing.switch(connection=customer.connection, mode=WriteMode.LIVE, **options, now=timezone.now())  # type: ignore[arg-type]


def test_the_link_of_a_connection_that_only_reads_is_as_before(customer: Customer) -> None:
    page = Client().get(customer.link()).content.decode()
    assert "O que será escrito" not in page
    assert parse_qs(urlsplit(customer.begin(Client(), "read")).query)["client_id"] == [customer.reader.client_id]
