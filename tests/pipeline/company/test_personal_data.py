"""Every column that may hold a word about a person is known, told to them, and emptied."""

import json
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.contrib.postgres.fields import ArrayField
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import models
from django.utils import timezone
from django.utils.translation import override

from integrations.models import (
    Alert,
    ApiKey,
    BlingAttempt,
    BlingConnection,
    BlingWriting,
    BulkOrder,
    ConfidentialCategory,
    ConnectionEvent,
    ContactWrite,
    Export,
    ExportChunk,
    FilterRule,
    FollowUp,
    ForcedSettlement,
    KaminoItem,
    KaminoSnapshot,
    Mapping,
    MappingChange,
    MonthClosing,
    PayableSheet,
    PayableWrite,
    Person,
    PersonAction,
    PersonDecision,
    Posting,
    RestoreHold,
    SyncRun,
    Title,
    TitleRead,
    WriteBatch,
)
from integrations.pipeline.company import personal_data, privacy
from integrations.pipeline.company.subjects import Who
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.report.month import freeze, month_of
from tests.flows.helpers import Company
from tests.pipeline.company.test_privacy import CPF, NAME, deciding, everything_stored, paid_long_ago

OTHER = "Carlos Nogueira"
SAID = f"“{NAME}” ligou, {CPF}; {OTHER} também"
TEXTS = (models.CharField, models.TextField, models.JSONField, models.BinaryField, ArrayField)


def columns() -> set[tuple[str, str]]:
    """Return the columns that may hold text: all but choices, in all tables of ours."""
    found = set()
    for model in apps.get_app_config("integrations").get_models():
        if model._meta.proxy or not model._meta.managed:
            continue
        for field in model._meta.concrete_fields:
            is_text = isinstance(field, TEXTS) and not isinstance(field, models.GeneratedField)
            if is_text and not field.choices and field.name != "history_type":
                found.add((model.__name__, field.name))
    return found


def classified() -> Counter[tuple[str, str]]:
    found = [(text.model.__name__, name) for text in personal_data.FREE_TEXTS for name in text.fields]
    for table in (personal_data.OF_THE_PERSON, personal_data.NAMES_NOBODY):
        found += [(model, name) for model, names in table.items() for name in names]
    return Counter(found)


def test_every_column_that_may_hold_text_is_classified_once() -> None:
    known = classified()
    assert columns() - known.keys() == set()
    assert {place for place in known.keys() - columns() if not is_choice(place)} == set()
    assert [place for place, count in known.items() if count > 1] == []


def is_choice(place: tuple[str, str]) -> bool:
    return bool(getattr(apps.get_model("integrations", place[0])._meta.get_field(place[1]), "choices", None))


@pytest.fixture
def user(transactional_db: None) -> User:
    return deciding("suporte")


def plant(company: Company, title: int, user: User) -> None:
    """Let every free text of the company name the person, and another one beside them."""
    now, tenant, connection = timezone.now(), company.tenant, company.connection
    kamino, posting = tenant.kamino_connection, company.posting(title)
    by = {"user": user, "created_at": now}
    account = KaminoItem.objects.filter(kind="bank_account").first()
    MonthClosing.objects.all().delete()
    month = month_of(tenant, posting.title.due_date.replace(day=1))
    closing = freeze(tenant=tenant, found=month, user=user, now=now, accepts_as_sent=True)
    closing.numbers["settled"]["differences"] = [
        ["A pagar", "x", "y", "NF 1", title, None, "1.00", "0.00", "-1.00", "só o título", [False]],
        ["A pagar", "x", "y", "NF 2", 1, None, "1.00", "0.00", "-1.00", SAID, [False]],
        ["A pagar", "x", "y", "NF 3", 2, None, "1.00", "0.00", "-1.00", OTHER, [False]],
    ]
    closing.save()
    person = Person.objects.get(name=NAME)
    line = {"old": {}, "new": {}, "errors": [], "line": 1, "connection": 1, "source": None, "kind": "supplier"}
    MappingChange.objects.create(
        tenant=tenant, origin="file", file_name=f"{NAME}.xlsx", state="done", headers=["Nome", NAME], **by,
        failure={"code": "outdated", "params": {"names": NAME}},
        rows=[{**line, "person": person.pk, "name": "outro nome", "cells": ["Joaninha"]},
              {**line, "person": None, "name": NAME, "cells": [NAME, OTHER]}],
    )  # fmt: skip
    BulkOrder.objects.create(
        tenant=tenant, kind="ignore", key=uuid4(), title_ids=[posting.title_id], counted=1, reason=SAID,
        listed=f"q={NAME}", left_out={SAID: 1}, terms={"reason": SAID}, **by,
    )  # fmt: skip
    ForcedSettlement.objects.create(
        posting=posting, date=now.date(), amount=1, account=account, reason=SAID, refusal=SAID, undone_at=now, **by
    )
    PersonAction.objects.create(posting=posting, kind="ignore", reason=SAID, user=user, at=now)
    PersonDecision.objects.create(person=person, kind="link", reason=SAID, user=user, at=now)
    RestoreHold.objects.create(kamino_connection=kamino, direction="payable", since=now, ended_at=now, reason=SAID)
    Alert.objects.create(tenant=tenant, cause="kamino", params={"text": SAID}, opened_at=now)
    ConnectionEvent.objects.create(connection=connection, at=now, code="paused", detail=SAID, user=user)
    FollowUp.objects.update_or_create(posting=posting, defaults={"comment": SAID, "at": now})
    note = {"kind": "rejected", "message": SAID}
    TitleRead.objects.filter(title=posting.title).update(failure=note)
    Posting.objects.filter(pk=posting.pk).update(problems=[{"code": "partially_paid", "params": {"paid": SAID}}])
    run = SyncRun.objects.filter(connection=connection).latest("pk")
    SyncRun.objects.filter(pk=run.pk).update(failure_notes=[note], failure=note)
    plant_payables(connection, person, user)
    export = Export.objects.create(
        user=user, table="titulos", file_format="csv", packed_ids=Export.pack_ids([posting.title_id]), counted=1,
        fingerprint="x", tenant_ids=[tenant.pk], created_at=now, finished_at=now, expires_at=now + timedelta(hours=1),
    )  # fmt: skip
    ExportChunk.objects.create(export=export, is_file=True, number=0, content=NAME.encode())
    KaminoSnapshot.objects.create(
        kamino_connection=kamino, direction="payable", kamino_id=987, read_at=now, person_name=NAME.upper(),
        row={"NomePessoa": NAME},
    )  # fmt: skip
    Mapping.objects.create(connection=connection, kind="supplier", person=person, bling_name=NAME)
    rule = FilterRule.objects.create(connection=connection, item=connection.catalog.last())
    rows = [tenant, connection, kamino, rule]
    for row in rows:
        row.history.model.objects.filter(pk=row.history.latest().pk).update(history_change_reason=NAME)


def plant_payables(connection: BlingConnection, person: Person, user: User) -> None:
    """Let somebody have entered payables to the person: as the contact that Bling has, and as a new supplier."""
    now = timezone.now()
    batch = WriteBatch.objects.create(
        connection=connection, source="form", state="sending", count=1, total=1, user=user, created_at=now, reason=SAID,
        file_name=f"{NAME}.xlsx",
    )  # fmt: skip
    contact, body = {"name": NAME, "document": "52998224725"}, {"history": SAID, "value": "1"}
    unit = {
        "connection": connection, "state": "delivered",
        "reason_params": {"message": SAID}, "problems": [], "ready_at": now, "planned_at": now,
    }  # fmt: skip
    supplier = ContactWrite.objects.create(
        name=NAME, folded_name=NAME.lower(), document="52998224725", desired=contact, delivered=contact, **unit
    )
    for number, whom in enumerate(({"contact_id": person.bling_id}, {"supplier": supplier})):
        payable = PayableWrite.objects.create(
            batch=batch, supplier_name=NAME, supplier_document="52998224725", value=1, due_date=now.date(),
            marker=f"PLANTED00{number}", accepted_at=now, decision="create", decision_reason=SAID,
            desired=body, delivered=body, **whom, **unit,
        )  # fmt: skip
        BlingAttempt.objects.create(
            connection=connection, payable=payable, operation="create", body=body, sent_body=body, message=SAID,
            failure={"message": SAID}, fingerprint="x", fence=1, started_at=now, outcome="delivered",
        )  # fmt: skip
    PayableSheet.objects.create(
        connection=connection, file_name=f"{NAME}.xlsx", user=user, created_at=now,
        rows=[[2, {"supplier": NAME, "history": SAID}, []]],
    )  # fmt: skip
    BlingWriting.objects.create(connection=connection)
    ApiKey.objects.create(
        connection=connection, label=SAID, digest="x", prefix="x", created_by=user, created_at=now, revoked_at=now,
        reason=SAID,
    )  # fmt: skip
    BlingWriting.history.update(history_change_reason=NAME)


def named(text: str) -> bool:
    return any(word in text for word in (NAME, NAME.upper(), CPF, "52998224725", "joana@example.com", "Joaninha"))


def test_everything_is_told_and_then_emptied(company: Company, months_later: date, user: User, tmp_path: Path) -> None:
    title = paid_long_ago(company, months_later)
    plant(company, title, user)
    path = tmp_path / "joana.json"
    call_command("person_report", CPF, "--tenant", company.tenant.slug, "--output", str(path))
    told = json.loads(path.read_text("utf-8"))
    with override("pt-br"):
        tables = {str(text.model._meta.verbose_name_plural) for text in personal_data.FREE_TEXTS}
        tables |= {str(model._meta.verbose_name_plural) for model in (Export, KaminoSnapshot, TitleRead, Mapping)}
        unplanted = str(ConfidentialCategory.history.model._meta.verbose_name_plural)
    assert tables - told.keys() == {unplanted}
    text = path.read_text("utf-8")
    assert ("só o título" in text, "Joaninha" in text, "NF 3" in text) == (True, True, False)

    said = f"pedido de {NAME}"
    call_command("person_forget", CPF, "--tenant", company.tenant.slug, "--user", user.username, "--reason", said)
    for model in apps.get_app_config("integrations").get_models():
        if model._meta.managed and not model._meta.proxy:
            for row in model._default_manager.values():
                row = {key: bytes(value) if isinstance(value, memoryview) else value for key, value in row.items()}
                assert not named(str(row)), (model.__name__, row)
    kept = everything_stored()
    assert kept.count(OTHER) >= 10, "what others are in stays"
    numbers = MonthClosing.objects.get().numbers["settled"]["differences"]
    assert [(row[3], row[6], row[9]) for row in numbers] == [
        ("NF 1", "1.00", ""), ("NF 2", "1.00", SAID.replace(NAME, "***").replace(CPF, "***")), ("NF 3", "1.00", OTHER)
    ]  # fmt: skip
    assert Export.objects.get().expires_at <= timezone.now()


def without_number(company: Company, months_later: date, document: str) -> tuple[int, int]:
    """Return a contact and its title, paid long ago."""
    title = paid_long_ago(company, months_later)
    Person.objects.filter(name=NAME).update(document=document)
    return Person.objects.get(name=NAME).bling_id, title


@pytest.mark.parametrize("document", ["", "PASSPORT77"])
def test_who_has_no_valid_number_is_told_and_forgotten_by_name_and_bling_id(
    company: Company, months_later: date, user: User, tmp_path: Path, document: str
) -> None:
    contact, _title = without_number(company, months_later, document)
    path, slug = tmp_path / "joana.json", company.tenant.slug
    who = ("--bling-id", str(contact), "--tenant", slug)
    report: Any = ("person_report", *who, "--output", str(path))
    with pytest.raises(CommandError, match="outro nome"):
        call_command(*report, "--name", OTHER)
    with pytest.raises(CommandError, match="--name"):
        call_command(*report)
    with pytest.raises(CommandError, match="não tem esse contato"):
        call_command("person_report", "--bling-id", "1", "--name", NAME, "--tenant", slug, "--output", str(path))
    call_command(*report, "--name", NAME.upper())
    assert NAME in path.read_text("utf-8")
    call_command("person_forget", *who, "--name", NAME, "--user", user.username, "--reason", "Pedido")
    assert not named(everything_stored())
    assert not document or document not in everything_stored()


def test_a_second_contact_without_number_is_named_and_forgotten_with_the_first(
    company: Company, months_later: date, user: User, capsys: pytest.CaptureFixture[str]
) -> None:
    paid_long_ago(company, months_later)
    second = Person.objects.create(
        connection=company.connection, bling_id=4711, name=NAME, email="joana@example.com", read_at=timezone.now()
    )
    arguments = ("person_forget", CPF, "--tenant", company.tenant.slug, "--user", user.username, "--reason", "Pedido")
    call_command(*arguments)
    assert "4711" in capsys.readouterr().out
    second.refresh_from_db()
    assert second.name == NAME
    again = ("--bling-id", "4711", "--name", NAME, *arguments[2:])
    call_command("person_forget", *again)
    assert not named(everything_stored())


@pytest.mark.parametrize(
    ("name", "written"),
    [
        (NAME, "Joana  Prado"), (NAME, "Joana\nPrado"), (NAME, "JOANA \t PRADO"), (NAME, "Joána Pràdo"),
        ("José Brandão", "Jose Brandao"), ("José Brandão", "JOSÉ BRANDÃO"), ("José Brandão", "jose\tBRANDAO"),
        ("José Brandão", "Jose\u0301 Branda\u0303o"), ("Jose Brandao", "José Brandão"), ("ÉRICA ÇELIK", "érica celik"),
    ],
)  # fmt: skip
def test_a_name_is_found_however_it_is_written(
    company: Company, months_later: date, user: User, tmp_path: Path, name: str, written: str
) -> None:
    paid_long_ago(company, months_later)
    Person.objects.filter(name=NAME).update(name=name)
    in_kamino = KaminoSnapshot.objects.create(
        kamino_connection=company.tenant.kamino_connection, direction="payable", kamino_id=987, read_at=timezone.now(),
        person_name=written, row={},
    )  # fmt: skip
    by = {"connection": company.connection, "at": timezone.now()}
    ConnectionEvent.objects.create(**by, code="disconnected", detail=f"{written} ligou")
    alert = Alert.objects.create(
        tenant=company.tenant, cause="kamino", params={"name": [f"{written} ligou"]}, opened_at=timezone.now()
    )
    path = tmp_path / "joana.json"
    call_command("person_report", CPF, "--tenant", company.tenant.slug, "--output", str(path))
    assert path.read_text("utf-8").count("ligou") == 2
    assert "987" in path.read_text("utf-8")
    privacy.forget(tenant=company.tenant, who=Who(CPF), reason="Pedido", user=user, now=timezone.now())
    alert.refresh_from_db()
    assert alert.params == {"name": ["*** ligou"]}
    assert ConnectionEvent.objects.filter(detail="*** ligou").count() == 1
    assert not KaminoSnapshot.objects.filter(pk=in_kamino.pk).exists()


def test_who_is_only_called_alike_stays(company: Company, months_later: date, user: User) -> None:
    paid_long_ago(company, months_later)
    Person.objects.filter(name=NAME).update(name="José Brandão")
    said = ["José Brandãozinho ligou", "MariaJosé Brandão ligou", "Jose B. ligou", "Brandão José ligou"]
    for text in said:
        ConnectionEvent.objects.create(
            connection=company.connection, at=timezone.now(), code="disconnected", detail=text
        )
    privacy.forget(tenant=company.tenant, who=Who(CPF), reason="Pedido", user=user, now=timezone.now())
    assert ConnectionEvent.objects.filter(detail__in=said).count() == len(said)


def test_nobody_is_forgotten_while_a_file_of_theirs_is_made(company: Company, months_later: date, user: User) -> None:
    title = paid_long_ago(company, months_later)
    pk = Title.objects.get(bling_id=title).pk
    Export.objects.create(
        user=user, table="titulos", file_format="csv", packed_ids=Export.pack_ids([pk]), counted=1, fingerprint="x",
        tenant_ids=[company.tenant.pk], created_at=timezone.now(),
    )  # fmt: skip
    with pytest.raises(Refused, match="sendo feito"):
        privacy.forget(tenant=company.tenant, who=Who(CPF), reason="Pedido", user=user, now=timezone.now())
