"""The audit record's own tables: rows are added, and nothing else. Their owner drops whole months.

No foreign key leads in or out, so that nothing that happens to other tables reaches them. Both are split by month; each
month and the table itself refuse every UPDATE, DELETE and TRUNCATE, for there is no setting by which a trigger of
PostgreSQL is passed over but its owner's and a superuser's. They have unique indexes and no primary keys: `pg_restore
--clean` cannot drop a key that a month has from its table.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from typing import Any

from django.db import IntegrityError, connections, transaction

EVENT, SEAL = "integrations_auditevent", "integrations_auditseal"
AHEAD = 12
"""Months that are made ahead, by each `migrate`. What comes later goes into the tables `…_rest`."""
LOCK = 7_203_180
"""The advisory lock of whoever adds seals."""

# ruff: noqa: S608 - made of our own words only
MAKE = f"""
CREATE SEQUENCE {EVENT}_id_seq AS bigint;
CREATE TABLE {EVENT} (
    id bigint NOT NULL DEFAULT nextval('{EVENT}_id_seq'),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    action varchar(20) NOT NULL,
    actor_id bigint,
    actor varchar(150) NOT NULL DEFAULT '',
    address varchar(45) NOT NULL DEFAULT '',
    company_id bigint,
    company varchar(50) NOT NULL DEFAULT '',
    object_type varchar(30) NOT NULL DEFAULT '',
    object_id bigint,
    filter text NOT NULL DEFAULT '',
    count integer,
    amount numeric(17, 2),
    details jsonb NOT NULL DEFAULT '{{}}'
) PARTITION BY RANGE (at);
ALTER SEQUENCE {EVENT}_id_seq OWNED BY {EVENT}.id;
CREATE UNIQUE INDEX audit_id ON {EVENT} (id, at);
CREATE INDEX audit_at ON {EVENT} (at DESC, id DESC);
CREATE INDEX audit_actor ON {EVENT} (actor_id, at DESC);
CREATE INDEX audit_company ON {EVENT} (company_id, at DESC);
CREATE TABLE {SEAL} (
    number bigint NOT NULL,
    event_id bigint NOT NULL,
    event_at timestamptz NOT NULL,
    digest varchar(64) NOT NULL,
    previous varchar(64) NOT NULL,
    hash varchar(64) NOT NULL,
    sealed_at timestamptz NOT NULL
) PARTITION BY RANGE (sealed_at);
CREATE UNIQUE INDEX audit_number ON {SEAL} (number, sealed_at);
CREATE INDEX audit_sealed ON {SEAL} (event_id, event_at);
CREATE TABLE {EVENT}_rest PARTITION OF {EVENT} DEFAULT;
CREATE TABLE {SEAL}_rest PARTITION OF {SEAL} DEFAULT;
CREATE FUNCTION integrations_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are only added', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE FUNCTION integrations_audit_next() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE last record;
BEGIN
    PERFORM pg_advisory_xact_lock({LOCK});
    SELECT number, hash INTO last FROM {SEAL} ORDER BY number DESC LIMIT 1;
    IF NEW.number <> coalesce(last.number, 0) + 1 OR NEW.previous <> coalesce(last.hash, repeat('0', 64)) THEN
        RAISE EXCEPTION 'seal % does not follow seal %', NEW.number, last.number;
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION integrations_audit_pend() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO integrations_auditpending (event_id, event_at) VALUES (NEW.id, NEW.at);
    RETURN NULL;
END $$;
CREATE TRIGGER audit_pend AFTER INSERT ON {EVENT} FOR EACH ROW EXECUTE FUNCTION integrations_audit_pend();
CREATE TRIGGER audit_next BEFORE INSERT ON {SEAL} FOR EACH ROW EXECUTE FUNCTION integrations_audit_next();
"""
_GUARD = (
    "CREATE OR REPLACE TRIGGER audit_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
    " FOR EACH STATEMENT EXECUTE FUNCTION integrations_audit_refuse()"
)
GUARDS = ";\n".join(_GUARD.format(table=table) for table in (EVENT, SEAL, f"{EVENT}_rest", f"{SEAL}_rest"))


def make_months(*, using: str, **_signal: Any) -> None:
    """Make this month's tables and those of the next `AHEAD`, where they are lacking. Needs the owner's role."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s), date_trunc('month', now() AT TIME ZONE 'UTC')::date", [SEAL])
        [(found, month)] = cursor.fetchall()
        if found is None:
            return
        for first, after in _months(month, AHEAD + 1):
            for table in (EVENT, SEAL):
                _make_month(cursor, table, first, after)


class MonthError(Exception):
    """A month cannot be dropped; the message says why."""


def drop_months(*, before: date, using: str) -> list[str]:
    """Drop the tables of the months that ended before a day, and the rows of those months that are in the tables
    `…_rest`; return a line on each. The first seal that is left stays as the chain's beginning, so that the month of
    the newest one is never dropped. Needs the owner's role. Raises `MonthError` where such an event was never sealed.
    """
    over = f"{before:%Y-%m}-01 00:00+00"
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        months = {table: _months_before(cursor, table, before) for table in (EVENT, SEAL)}
        for name in (*months[EVENT], f"{EVENT}_rest"):
            cursor.execute(
                f"SELECT count(*) FROM {name} e WHERE at < %s AND NOT EXISTS ("
                f"SELECT FROM {SEAL} s WHERE s.event_id = e.id AND s.event_at = e.at)",
                [over],
            )
            [(unsealed,)] = cursor.fetchall()
            if unsealed:
                raise MonthError(f"{name} has {unsealed} events without a seal: it stays until they have one")
        cursor.execute(f"SELECT number, tableoid::regclass::text FROM {SEAL} ORDER BY number DESC LIMIT 1")
        newest = cursor.fetchone() or (0, "")
        dropped = [name for name in (*months[EVENT], *months[SEAL]) if name != newest[1]]
        for name in dropped:
            cursor.execute(f"DROP TABLE {name}")
        rest = {
            f"{EVENT}_rest": _delete_rest(cursor, f"{EVENT}_rest", "at < %s", [over]),
            f"{SEAL}_rest": _delete_rest(cursor, f"{SEAL}_rest", "sealed_at < %s AND number < %s", [over, newest[0]]),
        }
    return [f"{name}: dropped" for name in dropped] + [f"{name}: {n} rows deleted" for name, n in rest.items() if n]


def _delete_rest(cursor: Any, table: str, condition: str, values: list[Any]) -> int:
    """Delete rows of a table `…_rest`: the only way in which rows of the record go one by one. The trigger that refuses
    it is off for nobody else, since this transaction is all that sees it so. Return how many they were."""
    cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER audit_refuse")
    cursor.execute(f"DELETE FROM {table} WHERE {condition}", values)
    count = int(cursor.rowcount)
    cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER audit_refuse")
    return count


def _months_before(cursor: Any, table: str, day: date) -> list[str]:
    cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", [table])
    names = sorted(name for (name,) in cursor.fetchall() if name.startswith(f"{table}_y"))
    return [name for name in names if name < f"{table}_y{day:%Ym%m}"]


def _make_month(cursor: Any, table: str, first: date, after: date) -> None:
    name = f"{table}_y{first:%Ym%m}"
    cursor.execute("SELECT to_regclass(%s)", [name])
    if cursor.fetchone() == (None,):
        span = f"FROM ('{first} 00:00+00') TO ('{after} 00:00+00')"
        # Rows that came before their month was made are in the way of it, and nobody moves them: that month has none.
        with suppress(IntegrityError), transaction.atomic(using=cursor.db.alias):
            cursor.execute(f"CREATE TABLE {name} PARTITION OF {table} FOR VALUES {span}")
            cursor.execute(_GUARD.format(table=name))


def _months(first: date, count: int) -> Iterator[tuple[date, date]]:
    """Return the first days of some months, each with that of the next one."""
    for _month in range(count):
        after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
        yield first, after
        first = after
