"""Which app an authorization belongs to, and whether its company was read."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.utils import timezone

from integrations.bling.errors import NeedsReconnectionError
from integrations.models import (
    BlingAttempt,
    BlingConnection,
    BlingToken,
    BlingWriting,
    WriteMode,
)
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.access import tokens
from integrations.pipeline.access.apps import bling_app
from integrations.pipeline.access.clients import _AccessHolder
from integrations.pipeline.company import connection_state
from integrations.pipeline.company.provisioning import DocumentError, provision
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.payables.entry import Supplier
from integrations.tasks import open_runs
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.customers import Customer
from tests.flows.payables import enter, entry, ours, states


class TestOwnApp:
    """A customer with an app of their own makes a second one."""

    @pytest.fixture
    def owner(self, customer: Customer, settings: Any) -> Customer:
        settings.BLING_CLIENT_ID = settings.BLING_WRITE_CLIENT_ID = ""
        reader = customer.reader
        BlingConnection.objects.update(client_id=reader.client_id, client_secret=reader.client_secret)
        return customer

    def ask(self, owner: Customer) -> None:
        owner.ask(client_id=owner.writer.client_id, client_secret=owner.writer.client_secret)

    def test_it_becomes_the_app_with_its_tokens(self, owner: Customer) -> None:
        self.ask(owner)
        connection = owner.connection
        assert (connection.client_id, connection.next_client_id) == (owner.reader.client_id, owner.writer.client_id)
        owner.reads()
        owner.authorize()
        connection = owner.connection
        assert (connection.client_id, connection.client_secret) == (owner.writer.client_id, owner.writer.client_secret)
        assert (connection.next_client_id, connection.next_client_secret, connection.access) == ("", "", "write")
        owner.reads()

    def test_one_that_is_dropped_leaves_the_first(self, owner: Customer, world: World) -> None:
        world.add_account("outra")
        self.ask(owner)
        owner.authorize(company="outra")
        assert owner.connection.client_id == owner.reader.client_id
        owner.reads()

    @pytest.mark.parametrize("keys", [("", "x"), ("x", ""), ("reader", "x"), ("platform", "x")])
    def test_it_is_another_one_with_its_secret(self, owner: Customer, keys: tuple[str, str], settings: Any) -> None:
        settings.BLING_CLIENT_ID = "platform"
        client_id = owner.reader.client_id if keys[0] == "reader" else keys[0]
        with pytest.raises(Refused):
            owner.ask(client_id=client_id, client_secret=keys[1])
        assert owner.connection.next_access == ""

    def test_a_document_does_not_put_the_first_one_back(self, owner: Customer) -> None:
        self.ask(owner)
        owner.authorize()
        tenant = owner.company.tenant
        app = {"client_id": owner.reader.client_id, "client_secret": owner.reader.client_secret}
        document: dict[str, Any] = {"slug": tenant.slug, "bling": [{"label": "Bling", **app}]}
        [made] = provision({"tenants": [document]}, now=timezone.now())
        assert "Bling" in made.kept[0]
        assert owner.connection.client_id == owner.writer.client_id
        document["bling"][0] |= {"access_token": "a", "refresh_token": "novo"}
        with pytest.raises(DocumentError, match="refresh_token"):
            provision({"tenants": [document]}, now=timezone.now())
        owner.reads()


class TestAppChanged:
    """An authorization is used by its own app only."""

    def test_without_its_app_nobody_uses_its_tokens(self, customer: Customer, settings: Any) -> None:
        customer.ask()
        customer.authorize()
        settings.BLING_WRITE_CLIENT_ID = ""
        customer.company.bling.expire_access_tokens()
        calls = customer.company.bling.calls["POST /oauth/token"]
        token = BlingToken.objects.get()
        with pytest.raises(NeedsReconnectionError):
            tokens.refresh_token(token.connection_id, token.version, clock=timezone.now)
        connection = customer.connection
        assert (connection.status, connection.status_cause) == (ConnectionStatus.RECONNECT, "app_changed")
        assert customer.company.bling.calls["POST /oauth/token"] == calls
        assert BlingToken.objects.get().refresh_token == token.refresh_token

    def test_once_it_is_known_again_everything_goes_on(self, customer: Customer, settings: Any) -> None:
        self.test_without_its_app_nobody_uses_its_tokens(customer, settings)
        settings.BLING_WRITE_CLIENT_ID = customer.writer.client_id
        open_runs()
        assert "app_found" in customer.events()
        customer.reads()

    def test_one_of_before_is_the_connection_s_own_else_the_platform_s(self, customer: Customer) -> None:
        BlingToken.objects.update(client_id="")
        assert bling_app(customer.connection, "").client_id == customer.reader.client_id
        customer.reads()
        assert BlingToken.objects.get().client_id == customer.reader.client_id

    def test_disconnecting_revokes_by_the_app_of_the_tokens(self, customer: Customer) -> None:
        customer.ask()
        customer.authorize()
        refresh = BlingToken.objects.get().refresh_token
        assert connection_state.disconnect(connection=customer.connection, user=None, now=timezone.now())
        assert refresh not in customer.company.bling.world.grants.refresh


class TestCheckedCompany:
    """Nothing is written before whose account an authorization opens was read with it."""

    def test_what_was_not_checked_is_not_written_to(self, customer: Customer) -> None:
        customer.ask()
        customer.authorize()
        BlingWriting.objects.create(connection=customer.connection, mode=WriteMode.LIVE)
        customer.company.work()  # the sync that follows
        BlingToken.objects.update(company_checked_version=0)
        enter(customer.company, customer.person)
        customer.company.work(waits=False)
        assert (states(), ours(customer.company)) == (["ready"], [])
        assert not BlingAttempt.objects.exists()
        customer.company.sync()
        customer.company.work()
        assert len(ours(customer.company)) == 1

    def test_it_is_asked_again_after_a_renewal_for_a_write(
        self, customer: Customer, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        customer.ask()
        customer.authorize()
        customer.company.work()
        BlingWriting.objects.create(connection=customer.connection, mode=WriteMode.LIVE)
        supplier = Supplier("Padaria Lua", "11222333000181", customer.company.bling.add_contact("Padaria Lua"))
        enter(customer.company, customer.person, entry(customer.company, supplier=supplier))
        refused = {"status": 401, "answer": '{"error": {"type": "invalid_token", "message": "invalid_token"}}'}
        world.faults.add(Fault("bling", "answer", "POST", "/contas/pagar", **refused))  # type: ignore[arg-type]
        renew = _AccessHolder.renew

        def consented_meanwhile(holder: Any) -> Any:
            BlingToken.objects.update(company_checked_version=0)
            return renew(holder)

        monkeypatch.setattr(_AccessHolder, "renew", consented_meanwhile)
        customer.company.work()
        assert len(world.faults.fired) == 1
        assert customer.company.bling.calls["POST /contas/pagar"] == 1
        assert (states(), ours(customer.company)) == (["ready"], [])

    def test_a_run_that_was_complete_before_the_upgrade_has_checked_it(self, customer: Customer) -> None:
        upgrade = import_module("integrations.migrations.0092_bling_apps")
        BlingToken.objects.update(company_checked_version=0)
        upgrade.keep_checked(apps, None)
        token = BlingToken.objects.get()
        assert token.company_checked_version == token.version
        BlingToken.objects.update(company_checked_version=0, authorized_at=timezone.now())
        upgrade.keep_checked(apps, None)
        assert BlingToken.objects.get().company_checked_version == 0

    def test_what_was_written_to_before_the_upgrade_is_so_still(self, customer: Customer) -> None:
        upgrade = import_module("integrations.migrations.0092_bling_apps")
        row = BlingWriting.objects.create(connection=customer.connection, mode=WriteMode.SIMULATION)
        upgrade.keep_writing(apps, None)
        assert customer.connection.access == "read"
        BlingWriting.objects.filter(pk=row.pk).update(mode=WriteMode.LIVE)
        upgrade.keep_writing(apps, None)
        assert customer.connection.access == "write"

    def test_a_renewal_stays_checked(self, customer: Customer) -> None:
        token = BlingToken.objects.get()
        tokens.refresh_token(token.connection_id, token.version, clock=timezone.now)
        renewed = BlingToken.objects.get()
        assert renewed.version == token.version + 1 == renewed.company_checked_version

    def test_one_whose_company_could_not_be_read_is_not_checked(self, customer: Customer, world: World) -> None:
        world.faults.add(Fault("bling", "500", "GET", "/empresas/me/dados-basicos", times=20))
        customer.authorize(shown="read")
        token = BlingToken.objects.get()
        assert token.company_checked_version != token.version
