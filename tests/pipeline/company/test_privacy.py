"""Requests of data subjects and the end of a company: everything is told, erased or deleted, and Kamino keeps what it
has."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.models import Model
from django.utils import timezone

from integrations import tasks
from integrations.models import (
    Attempt,
    AuditEvent,
    AuditPending,
    BlingToken,
    ConnectionEvent,
    Discrepancy,
    Export,
    FilterRule,
    KaminoSnapshot,
    Mapping,
    Person,
    Posting,
    Tenant,
    Title,
)
from integrations.pipeline.audit.record import keyed
from integrations.pipeline.company import closing, privacy
from integrations.pipeline.company.subjects import Who
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.handover.plan_requests import request_plans
from integrations.pipeline.report.month import freeze, month_of
from tests.flows.helpers import Company
from tests.pipeline.compare.test_discrepancy_kinds import compare_again, forced_settlement

CPF = "529.982.247-25"
NAME = "Joana Prado"


@pytest.fixture
def user(transactional_db: None) -> User:
    return deciding("suporte")


def deciding(name: str) -> User:
    """Make somebody who may decide about personal data of every company."""
    user = User.objects.create_user(name)
    user.user_permissions.set(Permission.objects.filter(codename__in=["access_all_tenants", "view_personal_data"]))
    return user


def paid_long_ago(company: Company, day: date, **options: Any) -> int:
    """Deliver a title of the person, paid on a day that no run reads again."""
    Tenant.objects.update(sync_from=day, settled_from=day)
    contact = company.bling.add_contact(name=NAME, document=CPF, kind="F", email="joana@example.com")
    options = {"contact": contact, "due": day, "history": f"Aula de {NAME}", **options}
    title = company.add_title("payable", **options)
    company.bling.pay(title, account=company.bank, date=day)
    company.sync(full=True)
    assert company.in_kamino("payable", title)["Situacao"] == 2
    return title


def everything_stored(*without: type[Model]) -> str:
    """Return all columns of all our tables as one text."""
    rows: list[Any] = []
    for model in apps.get_app_config("integrations").get_models():
        if model not in without:
            rows += model._default_manager.values_list()
    return repr(rows)


def test_a_report_tells_everything_that_is_stored(company: Company, months_later: date, tmp_path: Path) -> None:
    paid_long_ago(company, months_later)
    path = tmp_path / "joana.json"
    call_command("person_report", CPF, "--tenant", company.tenant.slug, "--output", str(path))
    found = json.loads(path.read_text("utf-8"))
    assert {"pessoas", "títulos", "pagamentos", "envios"} <= {name.lower() for name in found}
    assert found["pessoas"][0]["e-mail"] == "joana@example.com"
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(CommandError, match="Ninguém tem este CPF"):
        call_command("person_report", "111.444.777-35", "--tenant", company.tenant.slug, "--output", str(path))
    with pytest.raises(CommandError, match="no valid CPF") as refused:
        call_command("person_report", "12345", "--tenant", company.tenant.slug, "--output", str(path))
    assert "12345" not in str(refused.value)


def test_a_person_is_forgotten_and_kamino_keeps_what_it_has(company: Company, months_later: date, user: User) -> None:
    title = paid_long_ago(company, months_later)
    other = company.add_title("payable", value="77.00")
    company.sync()
    assert NAME in everything_stored()
    before, writes = company.in_kamino("payable", title), company.kamino.write_count
    arguments = (CPF, "--tenant", company.tenant.slug, "--user", user.username, "--reason", "Pedido 12")
    call_command("person_forget", *arguments)
    for secret in (NAME, "joana@example.com", CPF, "52998224725"):
        assert secret not in everything_stored(), secret
    event = ConnectionEvent.objects.get(code="person_forgotten")
    assert (event.user, "Pedido 12" in event.detail) == (user, True)
    assert str(Person.objects.get(forgotten_at__isnull=False)) == "Apagado a pedido"

    company.connection.tenant.bling_connections.update(registers_read_at=None)
    Tenant.objects.update(tolerance_cents=1)
    for _ in range(2):
        compare_again(company)
        company.sync(full=True)
    assert NAME not in everything_stored(KaminoSnapshot)  # what Kamino itself still shows, kept for three days
    assert (company.in_kamino("payable", title), company.kamino.write_count) == (before, writes)
    assert not Discrepancy.objects.filter(posting__title__bling_id=title, closed_at=None).exists()
    assert company.posting(other).state == "delivered"


@pytest.mark.parametrize("lacks", ["access_all_tenants", "view_personal_data", "is_active"])
def test_only_who_sees_whole_documents_of_the_company_decides_that_somebody_is_forgotten(
    company: Company, months_later: date, user: User, lacks: str
) -> None:
    paid_long_ago(company, months_later)
    before = everything_stored()
    user.user_permissions.remove(*Permission.objects.filter(codename=lacks))
    User.objects.filter(pk=user.pk).update(is_active=lacks != "is_active")
    with pytest.raises(CommandError, match="O usuário indicado não pode decidir"):
        call_command(
            "person_forget", CPF, "--tenant", company.tenant.slug, "--user", user.username, "--reason", "Pedido 12"
        )
    assert NAME in before
    assert NAME in everything_stored()
    assert AuditEvent.objects.latest("at").details["why"] == "not_allowed"


def test_a_forgotten_person_who_does_business_again_is_known_again(
    company: Company, months_later: date, user: User
) -> None:
    title = paid_long_ago(company, months_later)
    privacy.forget(tenant=company.tenant, who=Who(CPF), reason="Pedido", user=user, now=timezone.now())
    before, persons = company.in_kamino("payable", title), len(company.kamino.persons)
    new = company.add_title("payable", contact=company.bling.titles[title].contact, value="12.00")
    company.sync()
    assert company.in_kamino("payable", new)["IDPessoa"] == before["IDPessoa"]
    assert Person.objects.get(document="52998224725").name == NAME
    assert (company.in_kamino("payable", title), len(company.kamino.persons)) == (before, persons)
    assert company.posting(title).state == "delivered"


@pytest.mark.parametrize("why", ["open", "lately", "waits", "differs", "planned"])
@pytest.mark.some(5)
def test_nobody_is_forgotten_while_something_is_unfinished(
    company: Company, months_later: date, user: User, why: str
) -> None:
    title = paid_long_ago(company, months_later)
    contact = company.bling.titles[title].contact
    if why == "open":
        company.add_title("payable", contact=contact)
        company.sync()
    elif why == "lately":
        lately = company.add_title("payable", contact=contact)
        company.bling.pay(lately, account=company.bank)
        company.sync()
    elif why == "waits":
        Posting.objects.update(state="needs_human", reason="deleted_in_bling")
    elif why == "differs":
        company.kamino.edit_title("payable", company.in_kamino("payable", title)["ID"], ValorPagamento="1.00")
        compare_again(company)
    else:
        request_plans(Title.objects.all(), now=timezone.now())
    stored = everything_stored(AuditEvent, AuditPending)
    with pytest.raises(Refused) as refused:
        privacy.forget(tenant=company.tenant, who=Who(CPF), reason="Pedido", user=user, now=timezone.now())
    assert refused.value.code == "unfinished"
    assert everything_stored(AuditEvent, AuditPending) == stored


def test_what_was_refused_is_recorded_and_names_nobody(
    company: Company, months_later: date, user: User, tmp_path: Path
) -> None:
    title = paid_long_ago(company, months_later)
    company.add_title("payable", contact=company.bling.titles[title].contact)
    company.sync()
    slug, stranger = company.tenant.slug, "111.444.777-35"
    before = AuditEvent.objects.latest("pk").pk
    forget, report = ("--user", user.username, "--reason", "Pedido"), ("--output", str(tmp_path / "joana.json"))
    requests = [
        ("forget", "user", (CPF, "--tenant", slug, "--user", "mallory", "--reason", "Pedido")),
        ("forget", "company", (CPF, "--tenant", "outra", *forget)),
        ("forget", "person", ("123", "--tenant", slug, *forget)),
        ("forget", "unknown", (stranger, "--tenant", slug, *forget)),
        ("forget", "reason", (CPF, "--tenant", slug, "--user", user.username, "--reason", " ")),
        ("forget", "unfinished", (CPF, "--tenant", slug, *forget)),
        ("forget", "other_name", ("--bling-id", str(Person.objects.get(name=NAME).bling_id), "--name", "Rui Lima",
                                  "--tenant", slug, *forget)),
        ("report", "company", (CPF, "--tenant", "outra", *report)),
        ("report", "person", ("123", "--tenant", slug, *report)),
        ("report", "unknown", (stranger, "--tenant", slug, *report)),
    ]  # fmt: skip
    for asked, _why, arguments in requests:
        with pytest.raises(CommandError):
            call_command(f"person_{asked}", *arguments)
    events = list(AuditEvent.objects.filter(pk__gt=before, action="person_refused").order_by("pk"))
    assert [(row.details["asked"], row.details["why"]) for row in events] == [(row[0], row[1]) for row in requests]
    by = {row.details["why"]: row for row in events if row.details["asked"] == "forget"}
    assert (by["unfinished"].actor_id, by["unfinished"].company_id) == (user.pk, company.tenant.pk)
    assert by["unknown"].details["document"] == keyed("11144477735")
    for secret in (NAME, "Rui Lima", "52998224725", "11144477735", CPF, stranger, "mallory"):
        assert secret not in repr([vars(row) for row in events]), secret


def in_days(days: int) -> Any:
    return time_machine.travel(timezone.now() + timedelta(days=days))


def close(company: Company, user: User) -> None:
    closing.close(tenant=company.tenant, reason="Contrato encerrado", user=user, now=timezone.now())


def test_a_closed_company_stops_and_can_be_reopened(company: Company, user: User) -> None:
    company.add_title("payable")
    close(company, user)
    tenant = Tenant.objects.get()
    assert (tenant.is_active, tenant.is_live, BlingToken.objects.count()) == (False, False, 0)
    assert tenant.history.first().history_change_reason == "Contrato encerrado"
    with pytest.raises(Refused, match="encerrada"):
        close(company, user)
    company.reconnect()
    company.sync()
    assert company.kamino.write_count == 0
    tasks.purge()
    closing.reopen(tenant=tenant, reason="Voltou", user=user, now=timezone.now())
    company.go_live()
    company.reconnect()
    company.sync()
    assert company.kamino.write_count > 0


def test_a_company_is_deleted_when_its_time_is_over(
    new_company: Callable[..., Company], user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    company, other = new_company("azul"), new_company("verde")
    User.objects.filter(pk=user.pk).update(username="maria0")
    forced_settlement(company)
    maria = User.objects.get(username="maria")
    for handle in (company, other):
        for number in range(3):
            title = handle.add_title(("payable", "receivable")[number % 2], value=f"{number + 10}.00")
        handle.bling.pay(title, account=handle.bank)
        handle.sync()
        connection = handle.connection
        category = connection.catalog.filter(kind="category").first()
        chart = handle.tenant.kamino_connection.items.filter(kind="chart_account").first()
        Mapping.objects.create(connection=connection, kind="category", source=category, chart_account=chart)
        FilterRule.objects.create(connection=connection, item=connection.catalog.last())
        person = Person.objects.filter(connection=connection).first()
        Mapping.objects.create(connection=connection, kind="supplier", person=person, chart_account=chart)
        month = month_of(handle.tenant, company.bling.world.today.replace(day=1))
        freeze(tenant=handle.tenant, found=month, user=maria, now=timezone.now(), accepts_as_sent=True)
    Export.objects.create(
        user=maria, table="titulos", file_format="csv", tenant_ids=[company.tenant.pk], packed_ids=b"", counted=0,
        fingerprint="x", created_at=timezone.now(),
    )  # fmt: skip
    kept = {model: of_tenant(model, other.tenant) for model in with_a_company()}
    monkeypatch.setattr(closing, "BATCH", 2)
    in_kamino = dict(company.kamino.payables)
    close(company, maria)
    company.reconnect()  # as if the revocation had been lost
    with in_days(closing.KEPT_FOR.days - 2):
        tasks.purge()
        assert Title.objects.filter(connection__tenant=company.tenant).count() == 4
    with in_days(closing.KEPT_FOR.days + 1):
        with pytest.raises(Refused):
            closing.reopen(tenant=company.tenant, reason="Tarde", user=maria, now=timezone.now())
        tasks.purge()
    assert {model.__name__: of_tenant(model, company.tenant) for model in with_a_company()} == {
        model.__name__: 0 for model in with_a_company()
    }
    assert {model: of_tenant(model, other.tenant) for model in with_a_company()} == kept
    assert list(Tenant.objects.values_list("slug", flat=True)) == ["verde"]
    assert not Tenant.history.filter(slug="azul").exists()
    assert not Mapping.history.exclude(connection__in=other.tenant.bling_connections.values("pk")).exists()
    assert Attempt.objects.filter(posting__isnull=False).exists()
    assert not Export.objects.exists()
    assert company.kamino.payables == in_kamino


PATHS = {
    "BlingConnection": "tenant",
    "KaminoConnection": "tenant",
    "BlingToken": "connection__tenant",
    "ConnectionEvent": "connection__tenant",
    "Title": "connection__tenant",
    "Person": "connection__tenant",
    "Payment": "title__connection__tenant",
    "Posting": "kamino_connection__tenant",
    "PersonPosting": "kamino_connection__tenant",
    "Attempt": "kamino_connection__tenant",
    "Discrepancy": "posting__kamino_connection__tenant",
    "Mapping": "connection__tenant",
    "ForcedSettlement": "posting__kamino_connection__tenant",
    "FilterRule": "connection__tenant",
    "SyncRun": "connection__tenant",
    "CatalogItem": "connection__tenant",
    "KaminoItem": "connection__tenant",
    "KaminoSnapshot": "kamino_connection__tenant",
    "MonthClosing": "tenant",
    "PersonAction": "posting__kamino_connection__tenant",
    "Alert": "tenant",
    "Bordero": "connection__tenant",
    "TitleChange": "title__connection__tenant",
}


def with_a_company() -> list[type[Model]]:
    return [apps.get_model("integrations", name) for name in PATHS]


def of_tenant(model: type[Model], tenant: Tenant) -> int:
    return model._default_manager.filter(**{PATHS[model.__name__]: tenant.pk}).count()


NAMES_NOBODY = {
    "HistoricalMapping": "erased with its mapping",
    "PaymentCheck": "moments",
}
"""Tables that hang on a person or a title and keep no word about a person, and why."""


def test_every_table_that_hangs_on_a_person_or_title_is_known_to_privacy() -> None:
    hanging: set[type[Model]] = {Person, Title}
    models = [model for model in apps.get_app_config("integrations").get_models() if not model._meta.proxy]
    while (
        more := {
            model
            for model in models
            if any(field.related_model in hanging for field in model._meta.concrete_fields if field.is_relation)
        }
        - hanging
    ):
        hanging |= more
    known = {value for value in vars(privacy).values() if isinstance(value, type) and issubclass(value, Model)}
    assert {model.__name__ for model in hanging - known} == NAMES_NOBODY.keys()
