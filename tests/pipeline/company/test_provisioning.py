"""A document given again: what it does not say stays, what it says is held to the rules of the forms, and decisions of
people are not taken back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.models import (
    BlingConnection,
    BlingToken,
    ConnectionEvent,
    KaminoConnection,
    KaminoItem,
    Mapping,
    PlanRequest,
    Tenant,
)
from integrations.pipeline.company import activation, checklist, closing, connection_state
from integrations.pipeline.company.checklist import Decisions
from integrations.pipeline.company.provision_document import DocumentError
from integrations.pipeline.company.provisioning import Provisioned, provision
from tests.flows.helpers import Company

IN_ERROR = {"kind": "config", "code": "refused", "service": "Kamino", "message": "x"}


@pytest.fixture
def staff(transactional_db: None) -> User:
    return User.objects.create_user("ana")


def again(company: Company, *without: str, kamino: dict[str, Any] | None = None, **more: Any) -> Provisioned:
    """Give the company's document again, without some of its keys and with others."""
    document = {key: value for key, value in company.account.provision().items() if key != "bling"}
    document["kamino"] |= kamino or {}
    document = {key: value for key, value in {**document, **more}.items() if key not in without}
    return provision({"tenants": [document]}, now=timezone.now())[0]


def tenant_of(company: Company) -> Tenant:
    return Tenant.objects.get(pk=company.tenant.pk)


def test_what_a_document_does_not_say_stays_as_people_decided(company: Company) -> None:
    decided = company.bling.world.today - timedelta(days=1)
    Tenant.objects.update(settled_from=decided, cnpj="11222333000181")
    again(company, "settled_from", "cnpj", "kamino")
    tenant = tenant_of(company)
    assert (tenant.settled_from, tenant.cnpj, tenant.is_live) == (decided, "11222333000181", True)
    assert not PlanRequest.objects.exists()
    assert not ConnectionEvent.objects.filter(code="provisioned").exists()


def test_what_a_document_does_not_say_of_kamino_stays(company: Company) -> None:
    keys = ("base_url", "app", "cn", "id_usr", "usr", "hash")
    KaminoConnection.objects.update(
        requests_per_minute=7, lists_are_complete=True, failure=IN_ERROR, lease_until=timezone.now()
    )
    before = KaminoConnection.objects.values().get()
    document = company.account.provision()
    document["kamino"] = {key: document["kamino"][key] for key in keys}
    provision({"tenants": [document]}, now=timezone.now())
    assert KaminoConnection.objects.values().get() == before
    document["kamino"] = {}
    provision({"tenants": [document]}, now=timezone.now())
    assert KaminoConnection.objects.values().get() == before


@pytest.mark.parametrize("given", [("app", "id_usr", "usr", "hash"), ("usr",)], ids=["all", "one"])
def test_keys_that_cannot_be_read_are_replaced_by_those_of_the_document(
    company: Company, settings: Any, given: tuple[str, ...]
) -> None:
    keys, document = settings.FIELD_ENCRYPTION_KEYS, company.account.provision()
    before = KaminoConnection.objects.get().hash
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    document = {"slug": document["slug"], "kamino": {name: f"new-{name}" for name in given}}
    provision({"tenants": [document]}, now=timezone.now())
    settings.FIELD_ENCRYPTION_KEYS += keys
    kamino = KaminoConnection.objects.get()
    assert {getattr(kamino, name) for name in given} == {f"new-{name}" for name in given}
    assert kamino.hash == ("new-hash" if "hash" in given else before)


def test_a_rule_that_a_document_changes_is_planned_and_kept_in_the_history(company: Company) -> None:
    company.add_title("payable")
    company.sync()
    PlanRequest.objects.all().delete()
    day = company.bling.world.today - timedelta(days=3)
    again(company, settled_from=str(day))
    assert tenant_of(company).settled_from == day
    assert PlanRequest.objects.count() == 1
    assert Tenant.history.filter(id=company.tenant.pk).latest().history_change_reason == "provision"
    assert ConnectionEvent.objects.get(code="provisioned").detail == "settled_from"


def test_an_allowance_that_a_document_changes_is_planned_too(company: Company) -> None:
    company.add_title("payable")
    company.sync()
    PlanRequest.objects.all().delete()
    again(company, kamino={"lists_are_complete": True})
    assert KaminoConnection.objects.get().lists_are_complete
    assert PlanRequest.objects.count() == 1


def test_what_a_document_says_of_the_paid_amount_is_planned_and_refused_where_it_says_nothing_known(
    company: Company,
) -> None:
    company.add_title("payable")
    company.sync()
    PlanRequest.objects.all().delete()
    again(company, bling=[{"label": company.connection.label, "paid_amount": "net"}])
    assert company.connection.paid_amount == "net"
    assert PlanRequest.objects.count() == 1
    with pytest.raises(DocumentError, match="paid_amount"):
        again(company, bling=[{"paid_amount": "gross"}])


def test_a_live_company_is_not_taken_back_by_a_document(company: Company) -> None:
    with pytest.raises(DocumentError, match="delivery_mode"):
        again(company, delivery_mode="shadow")
    assert tenant_of(company).is_live


def ready(company: Company, staff: User) -> None:
    company.sync()
    decisions = Decisions(company.bling.world.today, None, nothing_is_closed=True, other_integration_off=True)
    checklist.decide(tenant=tenant_of(company), decisions=decisions, user=staff, now=timezone.now())


def test_a_document_activates_only_what_the_checklist_lets_pass(
    new_company: Callable[..., Company], staff: User
) -> None:
    company = new_company(delivery_mode="shadow")
    company.bling.world.receivable_list = "first"
    company.add_title("payable")
    with pytest.raises(DocumentError, match="checklist"):
        again(company, "settled_from", delivery_mode="live")
    assert not tenant_of(company).is_live
    ready(company, staff)
    again(company, "settled_from", delivery_mode="live")
    assert tenant_of(company).is_live
    assert Tenant.history.filter(id=company.tenant.pk).latest().history_change_reason == "provision"


def test_a_warning_of_the_checklist_is_not_passed_over(new_company: Callable[..., Company], staff: User) -> None:
    company = new_company(delivery_mode="shadow")
    company.add_title("receivable", due=company.bling.world.today - timedelta(days=3))
    ready(company, staff)
    with pytest.raises(DocumentError, match="cobrança"):
        again(company, "settled_from", delivery_mode="live")
    assert not tenant_of(company).is_live


def test_what_people_took_back_to_simulation_is_not_activated_again(
    new_company: Callable[..., Company], staff: User
) -> None:
    company = new_company(delivery_mode="shadow")
    company.add_title("payable")
    ready(company, staff)
    order = {"reason": "combinado", "user": staff, "now": timezone.now()}
    activation.activate(tenant=tenant_of(company), is_aware=True, **order)
    activation.back_to_simulation(tenant=tenant_of(company), **order)
    with pytest.raises(DocumentError, match="simulação"):
        again(company, "settled_from", delivery_mode="live")
    assert not tenant_of(company).is_live


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1.evil.example/kamino", "https://kamino.example", "ftp://127.0.0.1"]
)
def test_keys_are_never_pointed_to_an_address_that_is_not_allowed(company: Company, address: str) -> None:
    before = KaminoConnection.objects.values().get()
    with pytest.raises(DocumentError, match=r"kamino\.base_url") as refused:
        again(company, kamino={"base_url": address, "hash": "other"})
    assert "https" in refused.value.message
    assert KaminoConnection.objects.values().get() == before


@pytest.mark.parametrize("text", ["false", 0, None])
def test_a_switch_is_true_or_false(company: Company, text: Any) -> None:
    with pytest.raises(DocumentError, match="allow_unconfirmed: must be true or false"):
        again(company, kamino={"allow_unconfirmed": text})


def test_new_keys_are_tried_at_once_and_a_call_in_flight_keeps_its_lease(company: Company) -> None:
    now = timezone.now()
    KaminoConnection.objects.update(failure=IN_ERROR, lease_until=now + timedelta(minutes=15))
    again(company, kamino={"hash": "new"})
    kamino = KaminoConnection.objects.get()
    assert (kamino.failure, kamino.lease_until, kamino.hash) == ({}, None, "new")
    in_flight = now + timedelta(seconds=60)
    KaminoConnection.objects.update(failure=IN_ERROR, lease_until=in_flight)
    again(company, kamino={"hash": "newer"})
    assert KaminoConnection.objects.get().lease_until == in_flight


def test_what_people_paused_disconnected_or_closed_stays_so(company: Company, staff: User) -> None:
    now = timezone.now()
    connection = BlingConnection.objects.get()
    connection_state.pause(connection=connection, user=staff, now=now)
    provision({"tenants": [company.account.provision()]}, now=now)
    assert BlingConnection.objects.get().status == "paused"
    assert ConnectionEvent.objects.get(code="provisioned").detail == "refresh_token"
    connection_state.disconnect(connection=connection, user=staff, now=now)
    with pytest.raises(DocumentError, match="desconectada"):
        provision({"tenants": [company.account.provision()]}, now=now)
    assert not BlingToken.objects.exists()
    closing.close(tenant=company.tenant, reason="fim", user=staff, now=now)
    with pytest.raises(DocumentError, match="encerrada"):
        again(company)


def test_what_was_chosen_on_the_desk_is_kept_and_said(company: Company) -> None:
    wanted = [{"kind": "category", "bling_name": "Categoria de teste", "chart_account": "Outra"}]
    company.add_title("payable")
    company.sync()
    chosen = KaminoItem.objects.filter(kind="chart_account").first()
    assert chosen is not None
    Mapping.objects.create(
        connection=company.connection, kind="category", bling_name="Categoria de teste", chart_account=chosen
    )
    document = {**company.account.provision(), "mappings": wanted}
    [text] = provision({"tenants": [document]}, now=timezone.now())[0].kept
    assert chosen.name in text
    mapping = Mapping.objects.get(bling_name="Categoria de teste")
    assert (mapping.chart_account, mapping.pending) == (chosen, {})
