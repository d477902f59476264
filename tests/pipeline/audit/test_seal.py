"""Seals: what people did is chained within a minute, and what was removed or changed is noticed."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from integrations.domain.audit import VERSION, AuditAction
from integrations.models import AuditEvent, AuditPending, AuditSeal
from integrations.models.audit_tables import EVENT, SEAL, _make_month, drop_months, make_months
from integrations.pipeline.audit.record import record
from integrations.pipeline.audit.seal import late, seal
from integrations.pipeline.audit.verify import KEPT, Verdict, verify
from integrations.pipeline.report import audit_heads
from tests.sealing import seal_all, sealed_head
from tests.threads import in_thread

_A_MONTH = timedelta(days=31)


@pytest.fixture(autouse=True)
def sealed(db: None) -> AuditSeal:
    """Leave nothing of other tests without a seal: nobody empties the record."""
    record(AuditAction.LOGIN)
    return sealed_head()


def told(verdict: Verdict) -> str:
    return "\n".join(verdict.problems)


def by_force(*statements: str) -> None:
    """Run SQL as somebody who may take the triggers off: the tables' owner."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def off(table: str, *statements: str) -> None:
    by_force(f"ALTER TABLE {table} DISABLE TRIGGER USER", *statements, f"ALTER TABLE {table} ENABLE TRIGGER USER")


def whole(**more: Any) -> Verdict:
    return verify(now=timezone.now(), **more)


def test_events_are_chained_one_after_the_other(sealed: AuditSeal) -> None:
    events = [record(AuditAction.LOGIN, details={"number": number}) for number in range(3)]
    assert AuditPending.objects.count() == 3
    head = sealed_head()
    assert head.number == sealed.number + 3
    mine = AuditSeal.objects.filter(number__gt=sealed.number)
    assert [row.event_id for row in mine] == [event.pk for event in events]
    assert [row.previous for row in mine] == [sealed.hash, *(row.hash for row in mine[:2])]
    assert not AuditPending.objects.exists()
    verdict = whole()
    assert verdict.problems == []
    assert "the end is not proved" in "\n".join(verdict.notes)


def test_two_workers_seal_an_event_once(transactional_db: None) -> None:
    record(AuditAction.LOGIN)
    before = sealed_head().number
    record(AuditAction.LOGIN)
    with transaction.atomic():
        assert seal(now=timezone.now())
        others: list[bool] = []
        in_thread(lambda: others.append(seal(now=timezone.now())))
        assert others == [False]
    assert not seal(now=timezone.now())
    assert sealed_head().number == before + 1


def test_a_seal_that_follows_no_other_is_refused(sealed: AuditSeal) -> None:
    after = sealed.number + 1
    for number, previous in ((sealed.number, sealed.previous), (after + 1, sealed.hash), (after, "0" * 64)):
        with pytest.raises(Exception, match="does not follow"), transaction.atomic():
            _forge(number, previous, timezone.now())
    with pytest.raises(Exception, match="dated before"), transaction.atomic():
        _forge(after, sealed.hash, sealed.sealed_at - timedelta(seconds=1))


def _forge(number: int, previous: str, sealed_at: datetime) -> None:
    AuditSeal.objects.create(
        number=number, event_id=1, event_at=timezone.now(), digest="", previous=previous, hash="", sealed_at=sealed_at,
        version=VERSION,
    )  # fmt: skip


def test_an_end_that_was_cut_off_is_told_by_a_head_from_outside(sealed: AuditSeal) -> None:
    kept = (sealed.number + 5, "a" * 64)
    assert "ends before seal" in told(whole(head=kept))
    assert told(whole(head=(sealed.number, sealed.hash))) == ""
    assert "is not the one" in told(whole(head=(sealed.number, "b" * 64)))


def test_the_command_says_it_in_words_and_by_its_code(sealed: AuditSeal, capsys: Any) -> None:
    call_command("audit_verify")
    assert "the end is not proved" in capsys.readouterr().out
    call_command("audit_verify", head=f"{sealed.number}:{sealed.hash}")
    assert "nothing was changed or removed up to seal" in capsys.readouterr().out
    with pytest.raises(CommandError, match="not whole"):
        call_command("audit_verify", head=f"{sealed.number + 1}:{sealed.hash}")
    with pytest.raises(CommandError, match="--head"):
        call_command("audit_verify", head="12")


def test_what_is_not_sealed_is_told_and_waits_again(sealed: AuditSeal, settings: Any) -> None:
    settings.SUPPORT_EMAILS, settings.AUDIT_EMAILS = ["suporte@exemplo.com.br"], ["auditoria@exemplo.com.br"]
    cache.clear()
    record(AuditAction.LOGIN)
    AuditPending.objects.all().delete()  # somebody does not want it sealed
    later = timezone.now() + timedelta(minutes=6)
    assert late(now=timezone.now()).count() == 0
    assert late(now=later).count() == 1
    assert "has no seal" in told(verify(now=later))
    audit_heads.look(now=later)
    audit_heads.look(now=later)
    head, alert = mail.outbox
    assert head.to == ["auditoria@exemplo.com.br"]
    assert f"{sealed.number}:{sealed.hash}" in head.body
    assert alert.to == ["auditoria@exemplo.com.br", "suporte@exemplo.com.br"]
    assert AuditPending.objects.count() == 1
    seal_all()
    assert late(now=later).count() == 0


def test_a_trigger_that_was_taken_off_is_told(sealed: AuditSeal) -> None:
    by_force("ALTER TABLE auth_user_groups DISABLE TRIGGER audit", f"ALTER TABLE {SEAL} DISABLE TRIGGER audit_refuse")
    assert told(whole()).splitlines() == [
        f"{SEAL} has no trigger audit_refuse",
        "auth_user_groups has no trigger audit",
    ]


class TestByTheOwner:
    """The owner may take the triggers off; what they do then is told."""

    @pytest.fixture
    def three(self, sealed: AuditSeal) -> list[AuditSeal]:
        for _number in range(3):
            record(AuditAction.LOGIN)
        seal_all()
        return list(AuditSeal.objects.filter(number__gt=sealed.number))

    @pytest.fixture
    def months(self, three: list[AuditSeal]) -> dict[str, str]:
        """Return the tables that hold these rows."""
        with connection.cursor() as cursor:
            found = {}
            for table in (EVENT, SEAL):
                cursor.execute(f"SELECT DISTINCT tableoid::regclass::text FROM {table} ORDER BY 1 DESC LIMIT 1")
                [(found[table],)] = cursor.fetchall()
        return found

    def test_a_changed_event(self, three: list[AuditSeal], months: dict[str, str]) -> None:
        table = months[EVENT]
        off(table, f"UPDATE {table} SET actor = 'another' WHERE id = {three[1].event_id}")
        assert told(whole()) == f"event {three[1].event_id}, sealed as {three[1].number}, was changed"

    def test_a_removed_event(self, three: list[AuditSeal], months: dict[str, str]) -> None:
        table = months[EVENT]
        off(table, f"DELETE FROM {table} WHERE id = {three[1].event_id}")
        assert told(whole()) == f"event {three[1].event_id}, sealed as {three[1].number}, is missing"

    def test_a_removed_event_with_its_seal(self, three: list[AuditSeal], months: dict[str, str]) -> None:
        off(months[EVENT], f"DELETE FROM {months[EVENT]} WHERE id = {three[1].event_id}")
        off(months[SEAL], f"DELETE FROM {months[SEAL]} WHERE number = {three[1].number}")
        assert told(whole()) == f"seals {three[1].number} to {three[1].number} are missing"

    def test_a_cut_end(self, three: list[AuditSeal], months: dict[str, str]) -> None:
        head = (three[-1].number, three[-1].hash)
        off(months[EVENT], f"DELETE FROM {months[EVENT]} WHERE id = {three[-1].event_id}")
        off(months[SEAL], f"DELETE FROM {months[SEAL]} WHERE number = {three[-1].number}")
        assert told(whole()) == ""
        assert "ends before seal" in told(whole(head=head))

    def test_a_chain_that_was_made_anew(self, three: list[AuditSeal], months: dict[str, str]) -> None:
        head = (three[-1].number, three[-1].hash)
        off(months[EVENT], f"DELETE FROM {months[EVENT]} WHERE id = {three[1].event_id}")
        off(months[SEAL], f"DELETE FROM {months[SEAL]} WHERE number > {three[0].number}")
        AuditPending.objects.bulk_create(
            AuditPending(event_id=pk, event_at=at) for pk, at in AuditEvent.objects.unsealed().values_list("pk", "at")
        )
        record(AuditAction.LOGIN)
        seal_all()
        assert told(whole()) == ""
        assert "made anew" in told(whole(head=head))

    def test_a_beginning_that_is_too_young(self, three: list[AuditSeal], months: dict[str, str]) -> None:
        off(months[SEAL], f"DELETE FROM {months[SEAL]} WHERE number < {three[1].number}")
        assert f"seals before {three[1].number} are missing" in told(whole())


class TestMonths:
    """After five years whole months are dropped, and the rest is still a chain."""

    @pytest.fixture(params=["their month", "the rest"])
    def old(self, sealed: AuditSeal, request: pytest.FixtureRequest) -> datetime:
        """Let the record begin with two events that are older than five years, in a table of their month or in that of
        all months without one, an event that is not (there as well), and one of today."""
        for table in (EVENT, SEAL):
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", [table]
                )
                tables = [table, *(name for (name,) in cursor.fetchall())]
            by_force(*(f"ALTER TABLE {name} DISABLE TRIGGER audit_refuse" for name in tables), f"TRUNCATE {table}")
            by_force(*(f"ALTER TABLE {name} ENABLE TRIGGER audit_refuse" for name in tables))
        old = timezone.now() - KEPT - timedelta(days=70)
        with connection.cursor() as cursor:
            for table in (EVENT, SEAL) if request.param == "their month" else ():
                _make_month(
                    cursor, table, old.date().replace(day=1), (old.date().replace(day=1) + _A_MONTH).replace(day=1)
                )
        for at in (old, old, timezone.now() - KEPT + timedelta(days=10), timezone.now()):
            AuditEvent.objects.create(action=AuditAction.LOGIN, at=at)
            assert seal(now=at)
        assert told(whole()) == ""
        return old

    def test_they_are_dropped_whole_and_the_chain_begins_later(self, old: datetime) -> None:
        heads = {row.number: row.hash for row in AuditSeal.objects.all()}
        call_command("audit_months")
        assert [row.number for row in AuditSeal.objects.all()] == [3, 4]
        assert AuditEvent.objects.count() == 2
        verdict = whole(head=(4, heads[4]))
        assert verdict.problems == []
        assert "the chain begins at seal 3" in "\n".join(verdict.notes)
        assert "older than the chain's beginning" in told(whole(head=(1, heads[1])))
        for table in (f"{EVENT}_rest", f"{SEAL}_rest"):
            with pytest.raises(DatabaseError, match="only added"), transaction.atomic():
                by_force(f"DELETE FROM {table}")

    def test_the_newest_seal_is_never_dropped(self, old: datetime) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT DISTINCT tableoid::regclass::text FROM {SEAL}")
            tables = [name for (name,) in cursor.fetchall()]
        for table in tables:
            off(table, f"DELETE FROM {table} WHERE number > 2")
        AuditPending.objects.all().delete()
        head = AuditSeal.objects.latest("number")
        drop_months(before=(timezone.now() - KEPT).date(), using="default")
        assert AuditSeal.objects.latest("number") == head

    def test_a_month_that_nobody_made_in_time_stays_where_it_is(self, old: datetime) -> None:
        """Two years without a `migrate`: what happened meanwhile stands in the way of its own month."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT tableoid::regclass::text FROM {EVENT} WHERE at > now() - interval '1 day'")
            [(month,)] = cursor.fetchall()
        for table in (EVENT, SEAL):
            by_force(f"DROP TABLE {month.replace(EVENT, table)}")
        record(AuditAction.LOGIN)
        seal_all()
        make_months(using="default")
        make_months(using="default")
        assert told(whole()) == ""
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass(%s)", [month])
            assert cursor.fetchone() == (None,)

    def test_one_with_an_event_that_was_never_sealed_stays(self, old: datetime) -> None:
        AuditEvent.objects.create(action=AuditAction.LOGIN, at=old)
        with pytest.raises(CommandError, match="without a seal"):
            call_command("audit_months")
        assert AuditEvent.objects.count() == 5
