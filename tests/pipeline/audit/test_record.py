"""The audit record: what is recorded, by whom, and that nobody changes it."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.utils import filter_users_by_email
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.db import DatabaseError, connection, transaction
from django.db.models import Model
from django.test import Client

from integrations.domain.audit import AuditAction
from integrations.models import ApiKey, AuditEvent, BlingWriting, KaminoConnection, Tenant
from integrations.models.audit_tables import EVENT, SEAL
from integrations.models.audit_triggers import WATCHED
from integrations.models.bling_writing import WRITTEN_KINDS
from integrations.pipeline.audit.record import keyed, record
from tests.admin.world import Rows
from tests.login.factors import give_factor


@pytest.fixture
def newest(db: None) -> Callable[[str], list[AuditEvent]]:
    """Return a function for the events of an action since the test began: no test empties the record."""
    last = AuditEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    return lambda action: list(AuditEvent.objects.filter(pk__gt=last, action=action).order_by("pk"))


@pytest.mark.parametrize("table", [EVENT, SEAL, f"{EVENT}_rest"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET {column} = {column}", "DELETE FROM {}", "TRUNCATE {}"])
def test_nobody_changes_or_removes_a_row(db: None, table: str, statement: str) -> None:
    record(AuditAction.LOGIN)
    column = "digest" if table == SEAL else "action"
    with pytest.raises(DatabaseError, match="only added"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table, column=column))


def test_each_month_refuses_by_itself(db: None) -> None:
    record(AuditAction.LOGIN)
    with connection.cursor() as cursor:
        cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", [EVENT])
        months = [name for (name,) in cursor.fetchall()]
    assert len(months) > 12
    for month in months:
        for statement in (f"DELETE FROM {month}", f"TRUNCATE {month}", f"UPDATE {month} SET actor = ''"):
            with pytest.raises(DatabaseError, match="only added"), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)


def test_what_is_watched_exists(db: None) -> None:
    with connection.cursor() as cursor:
        for watched in WATCHED:
            cursor.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s", [watched.table])
            columns = {name for (name,) in cursor.fetchall()}
            assert {*watched.values, *watched.only_that, watched.number} <= columns, watched.table
            cursor.execute(
                "SELECT count(*) FROM pg_trigger WHERE tgname = 'audit' AND tgrelid = %s::regclass", [watched.table]
            )
            assert cursor.fetchone() == (1,), watched.table


def test_a_shell_that_gives_rights_is_recorded_with_values(db: None, newest: Any) -> None:
    user = User.objects.create_user("ana", password="x", email="ana@exemplo.com.br")
    group = Group.objects.get(name="Financeiro")
    user.groups.add(group)
    User.objects.filter(pk=user.pk).update(is_superuser=True, email="outra@exemplo.com.br")
    user.refresh_from_db()
    user.save()  # changes nothing
    given = Permission.objects.get(codename="force_settlement")
    group.permissions.add(given)
    made, changed = newest("user")
    assert (made.actor, made.actor_id, made.object_id, made.details["did"]) == ("system", None, user.pk, "insert")
    assert made.details["after"] == {
        "username": "ana", "is_superuser": False, "is_staff": False, "is_active": True
    }  # fmt: skip
    assert changed.details == {
        "did": "update", "name": "ana", "before": {"is_superuser": False}, "after": {"is_superuser": True},
        "changed": ["email"],
    }  # fmt: skip
    (joined,) = newest("user_group")
    assert (joined.object_id, joined.details["name"], joined.details["group"]) == (user.pk, "ana", "Financeiro")
    (granted,) = newest("group_permission")
    assert (granted.details["group"], granted.details["permission"]) == ("Financeiro", "force_settlement")


def test_a_page_that_gives_rights_is_recorded_with_who_and_from_where(
    users: dict[str, User], ours: Rows, login: Callable[[str], Client], newest: Any
) -> None:
    client = login("root")
    url = f"/admin/auth/group/{Group.objects.get(name='Suporte').pk}/change/"
    client.post(url, {"name": "Suporte", "permissions": []}, REMOTE_ADDR="203.0.113.7")
    taken = newest("group_permission")
    assert taken
    assert not LogEntry.objects.exists()  # it would say "Permissions" changed, and not which
    assert {(row.actor, row.actor_id, row.address, row.details["did"]) for row in taken} == {
        ("root", users["root"].pk, "203.0.113.7", "delete")
    }


def test_members_of_a_company_are_recorded(ours: Rows, newest: Any) -> None:
    person = User.objects.create_user("rui")
    ours.tenant.members.add(person)
    ours.tenant.members.remove(person)
    added, removed = newest("member")
    assert [added.details["did"], removed.details["did"]] == ["insert", "delete"]
    assert {(row.company_id, row.company, row.object_id) for row in (added, removed)} == {
        (ours.tenant.pk, ours.tenant.slug, person.pk)
    }


def test_a_line_that_is_made_another_by_sql_is_recorded(users: dict[str, User], ours: Rows, newest: Any) -> None:
    person, other = User.objects.create_user("rui"), users["root"]
    person.groups.add(Group.objects.get(name="Operação"))
    person.user_permissions.add(Permission.objects.get(codename="view_auditevent"))
    ours.tenant.members.add(person)
    mine, auditors = Group.objects.create(name="Meu"), Group.objects.get(name="Auditoria")
    given, financeiro = Permission.objects.get(codename="force_settlement"), Group.objects.get(name="Financeiro")
    with connection.cursor() as cursor:
        for table, column, value in (
            ("auth_user_groups", "group_id", financeiro.pk),
            ("auth_user_groups", "user_id", other.pk),
            ("auth_user_user_permissions", "permission_id", given.pk),
            ("integrations_tenant_members", "user_id", other.pk),
        ):
            cursor.execute(f"UPDATE {table} SET {column} = %s WHERE user_id = %s", [value, person.pk])
        cursor.execute("UPDATE auth_group_permissions SET group_id = %s WHERE group_id = %s", [mine.pk, auditors.pk])
    to_group, to_user = newest("user_group")[-2:]
    assert to_group.details["after"] == {"group_id": financeiro.pk}
    assert to_user.details["before"] == {"user_id": person.pk}
    assert newest("user_permission")[-1].details["after"] == {"permission_id": given.pk}
    assert newest("member")[-1].details["before"] == {"user_id": person.pk}
    assert newest("group_permission")[-1].details["before"] == {"group_id": auditors.pk}


def test_an_address_that_may_reset_a_password_is_recorded(db: None, newest: Any) -> None:
    user = User.objects.create_user("ana")
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO account_emailaddress (user_id, email, verified, "primary") VALUES (%s, %s, true, false)',
            [user.pk, "mallory@exemplo.com.br"],
        )
        cursor.execute("UPDATE account_emailaddress SET email = 'outra@exemplo.com.br' WHERE user_id = %s", [user.pk])
    assert _reset_finds("outra@exemplo.com.br") == [user]
    added, changed = newest("user_email")
    assert (added.actor, added.object_id, added.details["name"]) == ("system", user.pk, "ana")
    assert added.details["after"] == {"user_id": user.pk, "verified": True, "primary": False}
    assert changed.details["changed"] == ["email"]
    assert "exemplo.com.br" not in f"{added.details} {changed.details}"


def _reset_finds(email: str) -> list[User]:
    return list(filter_users_by_email(email, is_active=True))


def test_a_factor_that_sql_removes_was_not_removed_by_its_owner(db: None, newest: Any) -> None:
    user = User.objects.create_user("ana")
    give_factor(user)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM mfa_authenticator WHERE user_id = %s", [user.pk])
    gone = newest("factor")[-1]
    assert (gone.details["did"], gone.object_id) == ("delete", user.pk)
    assert (gone.actor, gone.actor_id) == ("system", None)


def test_keys_are_recorded_without_their_values(ours: Rows, newest: Any) -> None:
    kamino = KaminoConnection.objects.get(pk=ours.kamino.pk)
    kamino.hash, kamino.cn = "another-secret-hash", "778899"
    kamino.save()
    (changed,) = newest("kamino_keys")
    assert changed.details["changed"] == ["hash"]
    assert changed.details["after"] == {"cn": "778899"}
    assert "another-secret" not in str(changed.details)


def test_what_is_rolled_back_was_not_done(db: None, newest: Any) -> None:
    with transaction.atomic():
        User.objects.create_user("ninguem")
        transaction.set_rollback(True)
    assert newest("user") == []


def test_activation_is_recorded_whoever_writes_it(ours: Rows, newest: Any) -> None:
    Tenant.objects.filter(pk=ours.tenant.pk).update(delivery_mode="shadow")
    Tenant.objects.filter(pk=ours.tenant.pk).update(delivery_mode="live", name="Outro nome")
    last = newest("company")[-1]
    assert last.details["before"] == {"delivery_mode": "shadow"}
    assert last.details["after"] == {"delivery_mode": "live"}
    assert last.details["changed"] == ["name"]


def test_a_hidden_text_is_known_again_and_says_nothing() -> None:
    assert keyed("52998224725") == keyed("52998224725") != keyed("52998224726")
    assert keyed("") == ""


NO_POWER: dict[type[Model], set[str]] = {
    ApiKey: {
        "settle_approved_at", "confirmed_at", "created_by_id", "created_at", "last_used_at", "revoked_by_id",
        "reason",
    },
    BlingWriting: {
        "connection_id", "live_since", "settles_since", "failure", "paused_until", "served_at", "lease_until", "fence",
        *(f"{kind}_failure" for kind in WRITTEN_KINDS), *(f"{kind}_wait_until" for kind in WRITTEN_KINDS),
    },
}  # fmt: skip
"""Columns whose changes let nobody do more than before: machines write them, or another one says the same."""


@pytest.mark.parametrize("model", NO_POWER)
def test_whatever_lets_a_program_do_more_is_recorded(model: type[Model]) -> None:
    """A new column is watched, or is named here."""
    [watched] = [one for one in WATCHED if one.table == model._meta.db_table]
    columns = {str(field.column) for field in model._meta.concrete_fields}
    assert columns - {*watched.values, *watched.only_that} - {"id"} == NO_POWER[model]
