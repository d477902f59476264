"""What the role of web and workers may do: everything with rows of all tables, and with those of the audit record only
read and add. Given again by every `migrate`, which the tables' owner runs."""

from typing import Any

from django.conf import settings
from django.db import connections

from integrations.models.audit_tables import EVENT, SEAL


def give_rights(*, using: str, **_signal: Any) -> None:
    """Give the role of `DATABASE_URL` its rights, where another one owns the tables."""
    role = settings.DATABASE_ROLE
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT current_user, current_schema(), to_regclass(%s)", [EVENT])
        [(me, schema, record)] = cursor.fetchall()
        if not role or role == me or record is None:
            return
        app, place = (connections[using].ops.quote_name(name) for name in (role, schema))
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = ANY (%s::regclass[])", [[EVENT, SEAL]]
        )
        months = [month for (month,) in cursor.fetchall()]
        for statement in (
            f"REVOKE CREATE ON SCHEMA {place} FROM PUBLIC, {app}",
            f"GRANT USAGE ON SCHEMA {place} TO {app}",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {place} TO {app}",
            f"GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA {place} TO {app}",
            f"REVOKE ALL ON {', '.join([EVENT, SEAL, *months])} FROM {app}",
            f"GRANT SELECT, INSERT ON {EVENT}, {SEAL} TO {app}",
            f"REVOKE UPDATE ON SEQUENCE {EVENT}_id_seq FROM {app}",
        ):
            cursor.execute(statement)


def may_change(using: str = "default") -> bool:
    """Say whether the role of `DATABASE_URL` could change the record after all: by a right, by owning it, as a member
    of its owner, or as a superuser."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT bool_or(has_table_privilege(app.oid, c.oid, 'UPDATE, DELETE, TRUNCATE')"
            " OR pg_has_role(app.oid, c.relowner, 'MEMBER')) FROM pg_class c, pg_roles app"
            " WHERE c.oid IN (to_regclass(%s), to_regclass(%s)) AND app.rolname = %s",
            [EVENT, SEAL, settings.DATABASE_ROLE],
        )
        return bool(cursor.fetchone()[0])
