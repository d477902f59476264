"""The view behind `Discrepancy`: stored differences, and what the states of our own titles say.

What these states say is kept in a table of its own, so that the newest rows of a list come from an index: a trigger
writes there whenever a posting changes. Its SQL is made from the table of reasons, and all is made again, and filled
again, by every migration: it never lags behind the code. No model writes that table.
"""

from collections.abc import Iterable
from typing import Any

from django.db import connections, transaction

from integrations.domain.discrepancies import COMPUTED_KINDS, DiscrepancyKind
from integrations.domain.reasons import (
    ASKED_ELSEWHERE,
    LACKS_NAMES,
    PART_REASONS,
    Reason,
)
from integrations.models.columns import has_columns
from integrations.models.problem_queries import WAITING_FOR_A_PERSON

VIEW = "integrations_discrepancies"
_NAMED = {
    DiscrepancyKind.UNMAPPED: LACKS_NAMES,
    DiscrepancyKind.INVALID_DOCUMENT: (Reason.INVALID_DOCUMENT,),
    DiscrepancyKind.CLOSED_PERIOD: (Reason.CLOSED_PERIOD,),
    DiscrepancyKind.DOCUMENT: (Reason.DOCUMENT_DIFFERS,),
}
_SIDES = {
    DiscrepancyKind.DOCUMENT: (
        "(SELECT n.document FROM integrations_posting p JOIN integrations_title t ON t.id = p.title_id"
        " JOIN integrations_person n ON n.id = t.person_id WHERE p.id = c.posting_id)",
        "(SELECT COALESCE(n.delivered ->> 'document', '') FROM integrations_posting p"
        " JOIN integrations_title t ON t.id = p.title_id JOIN integrations_personposting n ON n.person_id = t.person_id"
        " WHERE p.id = c.posting_id)",
    )
}
"""Both sides' values where they are not the title's value and nothing."""


OWN = "integrations_own_discrepancy"
"""What the states of our titles say: a row for each posting and kind, with what a list filters and sorts by."""
_FUNCTIONS = "integrations_own_discrepancies", "integrations_company_of_posting", "integrations_posting_changed"
_OF_POSTING = "integrations_discrepancy", "integrations_forcedsettlement"
"""Tables that repeat of their posting whose it is (`kamino_connection`), so that an index begins with it."""
_BODY = "RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$"
_COLUMNS = "id, posting_id, kamino_connection_id, direction, due_date, kind, opened_at"


def view_sql() -> str:
    """Return the statement that makes the view. Both of its parts read one table: PostgreSQL merges them in order."""
    bling, kamino = (
        "CASE c.kind " + " ".join(f"WHEN '{kind.value}' THEN {sides[side]}" for kind, sides in _SIDES.items())
        + f" ELSE {other} END"
        for side, other in enumerate((_title("t.value::text"), "''"))
    )  # fmt: skip
    return f"""
CREATE OR REPLACE VIEW {VIEW} AS
SELECT id, posting_id, kamino_connection_id, direction, due_date, kind, bling_value, kamino_value, difference, days,
    bordero_id, opened_at, seen_at, closed_at
FROM integrations_discrepancy
UNION ALL
SELECT c.id, c.posting_id, c.kamino_connection_id, c.direction, c.due_date, c.kind, {bling}, {kamino}, NULL::numeric,
    NULL::integer, NULL::bigint, c.opened_at, (SELECT planned_at FROM integrations_posting WHERE id = c.posting_id),
    NULL::timestamptz
FROM {OWN} c
"""  # noqa: S608 - made of our own words only


def _title(column: str) -> str:
    """Return a column of the title that a row of the view belongs to."""
    return (
        f"(SELECT {column} FROM integrations_posting p JOIN integrations_title t ON t.id = p.title_id"  # noqa: S608
        " WHERE p.id = c.posting_id)"
    )


def _table_sql() -> list[str]:
    """Return what makes the table of what our own states say."""
    newest = "opened_at DESC, id DESC"
    indexes = {
        "newest": newest,
        "newest_of_company": f"kamino_connection_id, {newest}",
        "by_kind": f"kind, {newest}",
        "kind_of_company": f"kamino_connection_id, kind, {newest}",
        "by_due": "due_date, kamino_connection_id",
        "of_posting": "posting_id",
    }
    return [
        f"CREATE TABLE IF NOT EXISTS {OWN} (id bigint PRIMARY KEY, posting_id bigint NOT NULL,"
        " kamino_connection_id bigint NOT NULL, direction varchar(10) NOT NULL, due_date date,"
        " kind varchar(30) NOT NULL, opened_at timestamptz NOT NULL)",
        *(f"CREATE INDEX IF NOT EXISTS {OWN}_{name} ON {OWN} ({columns})" for name, columns in indexes.items()),
    ]


def _found_sql(rows: str) -> str:
    """Return the statement that notes what some postings (`p`) say."""
    return f"""
INSERT INTO {OWN} ({_COLUMNS})
SELECT -(p.id * {len(COMPUTED_KINDS)} + found.place), p.id, p.kamino_connection_id, p.direction, p.due_date,
    found.kind, COALESCE(found.since, p.planned_at)
FROM {rows} p CROSS JOIN LATERAL ({_computed()}) found (kind, place, since)
WHERE {_may_say("p")}
"""  # noqa: S608


def _may_say(row: str) -> str:
    asks = f"NOT ({row}.problems = '[]'::jsonb) OR {row}.state IN ('needs_human', 'uncertain')"
    return f"(({asks}) AND {row}.state <> 'ignored')"


def _triggers_sql() -> list[str]:
    """Return what keeps the table, and what other tables repeat of a posting."""
    own, company, changed = _FUNCTIONS
    place = ("kamino_connection_id", "direction", "due_date")
    told = (*place, "state", "problems", "reason", "reason_since", "planned_at")
    posting, may = "integrations_posting", {row: _may_say(row) for row in ("OLD", "NEW")}
    again = " ".join(f"UPDATE {table} SET posting_id = posting_id WHERE posting_id = NEW.id;" for table in _OF_POSTING)  # noqa: S608
    bodies = {own: _OWN % {"table": OWN, "found": _found_sql("(SELECT NEW.*)")}, company: _COMPANY, changed: again}
    return [
        *(
            f"CREATE OR REPLACE FUNCTION {name}() {_BODY} BEGIN {body} RETURN NULL; END $$"
            for name, body in bodies.items()
        ),
        _trigger(posting, own, "AFTER INSERT", f"WHEN {may['NEW']}"),
        _trigger(posting, own, "AFTER UPDATE", f"WHEN (({may['OLD']} OR {may['NEW']}) AND {_changed(told)})"),
        _trigger(posting, own, "AFTER DELETE", f"WHEN {may['OLD']}"),
        *(_trigger(table, company, "BEFORE INSERT OR UPDATE OF posting_id") for table in _OF_POSTING),
        _trigger(posting, changed, "AFTER UPDATE", f"WHEN ({_changed(place)})"),
    ]


_OWN = """
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM %(table)s WHERE posting_id = OLD.id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        %(found)s;
    END IF;
"""
_COMPANY = f"""
    IF TG_TABLE_NAME = '{_OF_POSTING[0]}' THEN
        SELECT kamino_connection_id, direction, due_date INTO NEW.kamino_connection_id, NEW.direction, NEW.due_date
        FROM integrations_posting WHERE id = NEW.posting_id;
    ELSE
        SELECT kamino_connection_id INTO NEW.kamino_connection_id FROM integrations_posting WHERE id = NEW.posting_id;
    END IF;
    RETURN NEW;
"""  # noqa: S608


def _changed(columns: Iterable[str]) -> str:
    before, after = (", ".join(f"{row}.{name}" for name in columns) for row in ("OLD", "NEW"))
    return f"({before}) IS DISTINCT FROM ({after})"


def _trigger(table: str, function: str, event: str, condition: str = "") -> str:
    name = f"{function}_{event.split()[1].lower()}"
    return f"CREATE OR REPLACE TRIGGER {name} {event} ON {table} FOR EACH ROW {condition} EXECUTE FUNCTION {function}()"


def fill_own(cursor: Any) -> None:
    """Note anew what every posting says, and what of it other tables repeat that were written without triggers."""
    cursor.execute(f"DELETE FROM {OWN}")  # noqa: S608
    cursor.execute(_found_sql("integrations_posting"))
    for table in _OF_POSTING:
        cursor.execute(f"UPDATE {table} SET posting_id = posting_id WHERE kamino_connection_id IS NULL")  # noqa: S608


def _computed() -> str:
    parts = _array(PART_REASONS)
    named = _array(reason for reasons in _NAMED.values() for reason in reasons)
    also_named = _array((Reason.DELETED_IN_BLING,))
    conditions = {
        DiscrepancyKind.UNCONFIRMED: ("p.state = 'uncertain'", "p.reason_since"),
        DiscrepancyKind.REFUSED: (
            f"(p.state = 'needs_human' AND p.reason <> ALL ({_array(ASKED_ELSEWHERE)})) OR p.problem_codes ?| {parts}",
            f"COALESCE(p.reason_since, {_since(parts)})",
        ),
        **{
            kind: (f"p.problem_codes ?| {_array(reasons)}", _since(_array(reasons))) for kind, reasons in _NAMED.items()
        },
        DiscrepancyKind.HELD: (
            f"p.state = 'held' AND p.problem_codes ?| {_array(WAITING_FOR_A_PERSON)} AND NOT p.problem_codes ?| {named}"
            f" AND NOT p.problem_codes ?| {also_named}",
            _since(_array(WAITING_FOR_A_PERSON)),
        ),
    }
    rows = (
        f"SELECT '{kind.value}', {COMPUTED_KINDS.index(kind)}, {since} WHERE {condition}"
        for kind, (condition, since) in conditions.items()
    )
    return "\n    UNION ALL ".join(rows)


def _array(reasons: Iterable[Reason]) -> str:
    return "ARRAY[" + ", ".join(f"'{reason.value}'" for reason in reasons) + "]::text[]"


def _since(reasons: str) -> str:
    """Return since when the oldest of some reasons holds."""
    entries = "jsonb_array_elements(p.problems) entry"
    return f"(SELECT min((entry ->> 'since')::timestamptz) FROM {entries} WHERE entry ->> 'code' = ANY ({reasons}))"  # noqa: S608


def drop_view(*, using: str, plan: Any = (), **_kwargs: Any) -> None:
    """Before migrations run: a column that a view or a trigger uses cannot be changed."""
    if plan:
        with connections[using].cursor() as cursor:
            cursor.execute(f"DROP VIEW IF EXISTS {VIEW}")
            for function in _FUNCTIONS:
                cursor.execute(f"DROP FUNCTION IF EXISTS {function} CASCADE")


def make_view(*, using: str, plan: Any = (), **_kwargs: Any) -> None:
    """After migrations ran: make the table, its triggers and the view as the present code defines them. Writers of
    postings wait until what they say was noted."""
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        if has_columns(cursor, ("integrations_posting", "reason_since"), ("integrations_discrepancy", "due_date")):
            for statement in (*_table_sql(), *_triggers_sql(), view_sql()):
                cursor.execute(statement)
            fill_own(cursor)
