"""Two roles of the database: the one of web and workers works with everything, and cannot remove its traces."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection
from django.test import Client
from django.utils import timezone

from integrations.checks import check_roles
from integrations.domain.audit import AuditAction
from integrations.management.owner import as_owner
from integrations.models import AuditEvent, AuditPending
from integrations.models.audit_rights import give_rights, may_change
from integrations.models.audit_tables import EVENT, SEAL
from integrations.pipeline.audit.record import record
from integrations.pipeline.audit.verify import verify
from project.local import APP
from tests.admin.kit.test_pages import url
from tests.flows.helpers import Company
from tests.sealing import seal_all, sealed_head


@pytest.fixture
def app(transactional_db: None, settings: Any) -> Iterator[None]:
    """Let this process use the database as the role of web and workers, which owns nothing."""
    owner = {name: connection.settings_dict.get(name) for name in ("USER", "PASSWORD", "HOST", "PORT", "OPTIONS")}
    with connection.cursor() as cursor:
        exists = "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL"  # other tests run beside this one
        cursor.execute(f"DO $$ BEGIN CREATE ROLE {APP} LOGIN; {exists}; END $$")
    settings.DATABASE_ROLE, settings.DATABASE_OWNER = APP, owner
    give_rights(using="default")
    connection.close()
    connection.settings_dict["USER"] = APP
    yield
    connection.close()
    connection.settings_dict.update(owner)


def as_insider(statement: str) -> None:
    """Run SQL with the app's role, as somebody does who has its password."""
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        f"DELETE FROM {EVENT}",
        f"UPDATE {EVENT} SET actor = 'another'",
        f"TRUNCATE {EVENT}",
        f"TRUNCATE {SEAL}",
        f"DELETE FROM {SEAL}",
        f"DELETE FROM {EVENT}_rest",
        f"DROP TABLE {EVENT}",
        f"DROP TABLE {SEAL} CASCADE",
        f"ALTER TABLE {EVENT} DISABLE TRIGGER ALL",
        f"ALTER TABLE {EVENT} DETACH PARTITION {EVENT}_rest",
        f"ALTER TABLE {EVENT} OWNER TO {APP}",
        "ALTER TABLE auth_user DISABLE TRIGGER audit",
        "ALTER TABLE auth_user_groups DISABLE TRIGGER ALL",
        "DROP TRIGGER audit ON auth_user",
        f"DROP TRIGGER audit_refuse ON {EVENT}",
        "SET session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION integrations_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
        f"CREATE RULE gone AS ON INSERT TO {EVENT} DO INSTEAD NOTHING",
        "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        f"SELECT setval('{EVENT}_id_seq', 1)",
        f"GRANT ALL ON {EVENT} TO {APP}",
    ],
)  # fmt: skip
def test_an_insider_with_the_app_s_role_cannot_touch_it(app: None, statement: str) -> None:
    record(AuditAction.LOGIN)
    head = sealed_head()
    before = AuditEvent.objects.count()
    with suppress(DatabaseError):  # a GRANT by somebody who owns nothing only warns
        as_insider(statement)
    assert AuditEvent.objects.count() == before
    assert verify(now=timezone.now(), head=(head.number, head.hash)).problems == []


def test_what_an_insider_hides_from_the_sealer_is_told(app: None) -> None:
    event = record(AuditAction.LOGIN)
    as_insider("DELETE FROM integrations_auditpending")
    later = timezone.now() + timedelta(minutes=6)
    assert f"event {event.pk}" in "\n".join(verify(now=later).problems)


def test_a_forged_seal_is_told(app: None) -> None:
    event = record(AuditAction.LOGIN)
    head = sealed_head()
    forged = record(AuditAction.LOGIN)
    as_insider(
        f"INSERT INTO {SEAL} (number, event_id, event_at, digest, previous, hash, sealed_at, version)"
        f" SELECT {head.number + 1}, id, at, repeat('0', 64), '{head.hash}', repeat('1', 64),"
        f" '{head.sealed_at.isoformat()}', {head.version}"
        f" FROM {EVENT} WHERE id = {forged.pk}"
    )
    told = "\n".join(verify(now=timezone.now()).problems)
    assert f"seal {head.number + 1} was changed" in told
    assert f"event {forged.pk}, sealed as {head.number + 1}, was changed" in told
    assert f"event {event.pk}" not in told
    with as_owner(), connection.cursor() as cursor:  # leave the record whole for the tests that follow
        cursor.execute(f"SELECT tableoid::regclass::text FROM {SEAL} WHERE number = %s", [head.number + 1])
        [(month,)] = cursor.fetchall()
        cursor.execute(f"ALTER TABLE {month} DISABLE TRIGGER USER")
        cursor.execute(f"DELETE FROM {month} WHERE number = %s", [head.number + 1])
        cursor.execute(f"ALTER TABLE {month} ENABLE TRIGGER USER")


def test_rights_given_by_sql_are_recorded(app: None) -> None:
    user = User.objects.create_user("mallory")
    as_insider(f"UPDATE auth_user SET is_superuser = true WHERE id = {user.pk}")
    last = AuditEvent.objects.filter(action="user", object_id=user.pk).order_by("pk").last()
    assert last is not None
    assert last.details["after"] == {"is_superuser": True}


@pytest.mark.parametrize("moment", ["infinity", "-infinity", "20000-01-01", "0044-03-15 BC"])
def test_no_moment_that_python_lacks_stops_the_record(app: None, moment: str) -> None:
    """What only PostgreSQL can read would end the page, the seals and the alerts, and nobody may remove it."""
    record(AuditAction.LOGIN)
    head = sealed_head()
    with as_owner(), pytest.raises(IntegrityError, match="of_our_time"):  # nobody else chooses a moment
        as_insider(f"INSERT INTO {EVENT} (at, action) VALUES ('{moment}', 'login')")
    for statement in (
        f"INSERT INTO {SEAL} (number, event_id, event_at, digest, previous, hash, sealed_at, version)"
        f" VALUES ({head.number + 1}, 1, now(), '', '{head.hash}', '', '{moment}', {head.version})",
        f"INSERT INTO integrations_auditpending (event_id, event_at) VALUES (1, '{moment}')",
        f"UPDATE integrations_auditpending SET event_at = '{moment}'",
    ):
        record(AuditAction.LOGIN)
        with pytest.raises(DatabaseError, match=r"of_our_time|is dated before seal"):
            as_insider(statement)


@pytest.mark.parametrize("moment", ["now() - interval '6 minutes'", "now() + interval '6 minutes'", "'infinity'"])
def test_an_insider_cannot_date_an_event(app: None, moment: str) -> None:
    before = AuditEvent.objects.count()
    with pytest.raises(DatabaseError, match="when it happens"):
        as_insider(f"INSERT INTO {EVENT} (at, action) VALUES ({moment}, 'login')")
    as_insider(f"INSERT INTO {EVENT} (at, action) VALUES (now() - interval '4 minutes', 'login')")
    assert AuditEvent.objects.count() == before + 1


def test_an_event_says_by_which_connection_it_was_written_whoever_it_names(app: None) -> None:
    """The name of who acted is the application's word; by which role and process it came is the database's."""
    before = AuditEvent.objects.latest("pk").pk
    with connection.cursor() as cursor:
        cursor.execute("SET application_name = 'psql'")
        cursor.execute("SELECT pg_backend_pid()")
        [(process,)] = cursor.fetchall()
    as_insider(
        f"INSERT INTO {EVENT} (action, actor, role, application, backend)"
        " VALUES ('login', 'ana', 'owner', 'gunicorn', 1)"
    )
    user = User.objects.create_user("mallory")
    connection.close()
    record(AuditAction.LOGIN)
    forged, made, ours = AuditEvent.objects.filter(pk__gt=before).order_by("pk")
    assert (forged.actor, made.object_id) == ("ana", user.pk)
    assert {(row.role, row.application, row.backend) for row in (forged, made)} == {(APP, "psql", process)}
    assert (ours.role, ours.application) == (APP, "")
    assert ours.backend not in (None, process)
    seal_all()
    assert verify(now=timezone.now()).problems == []


def test_a_temporary_table_takes_no_event(app: None) -> None:
    """PostgreSQL looks there first, unless a function says otherwise."""
    user = User.objects.create_user("mallory")
    with connection.cursor() as cursor:
        for table in (EVENT, "integrations_auditpending", "auth_user_groups"):
            cursor.execute(f"CREATE TEMPORARY TABLE {table} (LIKE public.{table} INCLUDING DEFAULTS)")
        cursor.execute(f"UPDATE public.auth_user SET is_superuser = true WHERE id = {user.pk}")
        cursor.execute("DISCARD TEMPORARY")
    last = AuditEvent.objects.filter(action="user", object_id=user.pk).order_by("pk").last()
    assert last is not None
    assert last.details["after"] == {"is_superuser": True}
    assert AuditPending.objects.filter(event_id=last.pk).exists()


def test_the_app_s_role_does_all_the_work(company: Company, app: None, settings: Any) -> None:
    bling_id = company.add_title("payable", value="100.00")
    company.sync()
    assert company.in_kamino("payable", bling_id) is not None
    root = User.objects.create_superuser("root", password="x")
    client = Client()
    client.force_login(root)
    assert client.get(url(AuditEvent, "changelist")).status_code == 200
    assert client.get("/admin/").status_code == 200
    seal_all()


def test_migrate_works_as_the_owner_and_gives_the_rights_again(app: None) -> None:
    with pytest.raises(Exception, match=r"permission denied|must be owner"):
        as_insider("CREATE TABLE public.mine (id int)")
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == (APP,)
    assert not may_change()
    call_command("audit_months")


def test_production_refuses_a_role_that_could(transactional_db: None, settings: Any) -> None:
    settings.IS_PRODUCTION = True
    assert [found.id for found in check_roles()] == ["integrations.E006"]  # the tests' own role owns the tables


def test_production_takes_two_roles(app: None, settings: Any) -> None:
    settings.IS_PRODUCTION = True
    assert check_roles() == []


def test_a_wrong_head_is_no_head(app: None) -> None:
    with pytest.raises(CommandError):
        call_command("audit_verify", head="1:xyz")
