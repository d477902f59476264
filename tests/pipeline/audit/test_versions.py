"""Versions of an event's digest: the record gets new columns, and what was sealed without them stays unchanged."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone as clock

from integrations.domain import audit
from integrations.domain.audit import COLUMNS, AuditAction
from integrations.models import AuditEvent, AuditSeal
from integrations.models.audit_tables import SEAL
from integrations.pipeline.audit.record import record
from integrations.pipeline.audit.verify import verify
from tests.sealing import seal_all, sealed_head

KNOWN = {
    1: "c9b000a232f7bfcfc55d652f42f1d29a463223892533edaa85ccd48e81978e14",
    2: "d01c11da0d5309f0e33c4d2c6ab28f7fff3916414ca748d9bd6e2995a0b78036",
}
"""What released code made of `EVENT` by each version. A changed line here means that five years of seals are void."""
EVENT = AuditEvent(
    pk=7, at=datetime(2026, 11, 30, 9, 30, 0, 123, tzinfo=timezone(timedelta(hours=-3))), action="forced", actor_id=3,
    actor="ana", address="203.0.113.7", company_id=5, company="açaí", object_type="posting", object_id=11, filter="",
    count=None, amount=Decimal("4321.09"), details={"did": "insert", "after": {"date": "2026-11-30"}},
    role="app", application="gunicorn", backend=4711,
)  # fmt: skip


@pytest.fixture
def sealed(db: None) -> AuditSeal:
    record(AuditAction.LOGIN)
    return sealed_head()


@pytest.fixture
def with_another(monkeypatch: pytest.MonkeyPatch) -> int:
    """Let the record have one more column, and a version that holds it; return its number."""
    new = audit.VERSION + 1
    monkeypatch.setattr(AuditEvent, "floor", 3, raising=False)
    monkeypatch.setitem(COLUMNS, new, (*COLUMNS[audit.VERSION], "floor"))
    monkeypatch.setattr(audit, "VERSION", new)
    return new


def problems() -> list[str]:
    return verify(now=clock.now()).problems


def test_each_version_makes_of_an_event_what_it_always_made() -> None:
    assert {version: EVENT.digest(version) for version in COLUMNS} == KNOWN


def test_the_newest_version_holds_every_column() -> None:
    fields: list[Any] = list(AuditEvent._meta.concrete_fields)
    assert sorted(COLUMNS[audit.VERSION]) == sorted(field.attname for field in fields)
    for version in range(2, audit.VERSION + 1):
        assert set(COLUMNS[version - 1]) < set(COLUMNS[version])


def test_a_new_column_leaves_old_seals_whole_and_is_held_by_new_ones(sealed: AuditSeal, with_another: int) -> None:
    assert EVENT.digest(with_another) != EVENT.digest(with_another - 1) == KNOWN[with_another - 1]
    record(AuditAction.LOGIN)
    seal_all()
    made = AuditSeal.objects.latest("number")
    assert (made.number, made.version) == (sealed.number + 1, with_another)
    assert problems() == []
    AuditEvent.floor = 4  # type: ignore[attr-defined]
    assert problems() == [f"event {made.event_id}, sealed as {made.number}, was changed"]


def test_a_seal_that_holds_less_than_the_one_before_is_refused(sealed: AuditSeal, with_another: int) -> None:
    record(AuditAction.LOGIN)
    seal_all()
    audit.VERSION = with_another - 1  # the fixture puts it back
    record(AuditAction.LOGIN)
    with pytest.raises(Exception, match="older version"), transaction.atomic():
        seal_all()


@pytest.mark.parametrize(("version", "told"), [(0, "does not know"), (99, "does not know")])
def test_a_version_that_nobody_knows_is_told(sealed: AuditSeal, version: int, told: str) -> None:
    _by_the_owner(f"UPDATE {{}} SET version = {version} WHERE number = {sealed.number}", sealed)
    assert any(told in text for text in problems())


def test_a_version_that_was_lowered_is_told(sealed: AuditSeal, with_another: int) -> None:
    for _number in range(2):
        record(AuditAction.LOGIN)
    seal_all()
    last = AuditSeal.objects.latest("number")
    _by_the_owner(f"UPDATE {{}} SET version = {with_another - 1} WHERE number = {last.number}", last)
    assert problems() == [
        f"seal {last.number} is of version {with_another - 1}, which holds less than the one before",
        f"event {last.event_id}, sealed as {last.number}, was changed",
    ]


def _by_the_owner(statement: str, seal: AuditSeal) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT tableoid::regclass::text FROM {SEAL} WHERE number = %s", [seal.number])
        [(table,)] = cursor.fetchall()
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement.format(table))
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def test_a_worker_of_the_release_before_seals_nothing(sealed: AuditSeal) -> None:
    """It knows no versions, and so writes the first one, while this release is deployed: what it did not seal waits."""
    event = record(AuditAction.LOGIN)
    with (
        pytest.raises(Exception, match="older version"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            f"INSERT INTO {SEAL} (number, event_id, event_at, digest, previous, hash, sealed_at)"
            " VALUES (%s, %s, %s, '', %s, '', now())",
            [sealed.number + 1, event.pk, event.at, sealed.hash],
        )
    seal_all()
    assert problems() == []
