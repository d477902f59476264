"""The view behind `Discrepancy`: stored differences, and what the states of our own titles say.

Its SQL is made from the table of reasons, and the view is made again by every migration: it never lags behind the code.
"""

from collections.abc import Iterable
from typing import Any

from django.db import connections

from integrations.domain.discrepancies import COMPUTED_KINDS, DiscrepancyKind
from integrations.domain.reasons import (
    ASKED_ELSEWHERE,
    LACKS_NAMES,
    PART_REASONS,
    Holds,
    Reason,
    effect_of,
)
from integrations.models.columns import has_columns

VIEW = "integrations_discrepancies"
_NAMED = {
    DiscrepancyKind.UNMAPPED: LACKS_NAMES,
    DiscrepancyKind.INVALID_DOCUMENT: (Reason.INVALID_DOCUMENT,),
    DiscrepancyKind.CLOSED_PERIOD: (Reason.CLOSED_PERIOD,),
    DiscrepancyKind.DOCUMENT: (Reason.DOCUMENT_DIFFERS,),
}
_SIDES = {
    DiscrepancyKind.DOCUMENT: (
        "(SELECT document FROM integrations_person WHERE id = t.person_id)",
        "(SELECT COALESCE(delivered ->> 'document', '') FROM integrations_personposting WHERE person_id = t.person_id)",
    )
}
"""Both sides' values where they are not the title's value and nothing."""
_WAITING = [
    reason for reason in Reason if effect_of(reason).needs_human and effect_of(reason).holds is not Holds.NOTHING
]


def view_sql() -> str:
    """Return the statement that makes the view."""
    return f"""
CREATE OR REPLACE VIEW {VIEW} AS
SELECT id, posting_id, kind, bling_value, kamino_value, difference, days, bordero_id, opened_at, seen_at, closed_at
FROM integrations_discrepancy
UNION ALL
SELECT -(p.id * {len(COMPUTED_KINDS)} + found.place), p.id, found.kind, found.bling, found.kamino, NULL, NULL, NULL,
    COALESCE(found.since, p.planned_at), p.planned_at, NULL
FROM integrations_posting p
JOIN integrations_title t ON t.id = p.title_id
CROSS JOIN LATERAL ({_computed()}) found (kind, place, since, bling, kamino)
WHERE (NOT (p.problems = '[]'::jsonb) OR p.state IN ('needs_human', 'uncertain')) AND p.state <> 'ignored'
"""  # noqa: S608 - made of our own words only


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
            f"p.state = 'held' AND p.problem_codes ?| {_array(_WAITING)} AND NOT p.problem_codes ?| {named}"
            f" AND NOT p.problem_codes ?| {also_named}",
            _since(_array(_WAITING)),
        ),
    }
    rows = (
        f"SELECT '{kind.value}', {COMPUTED_KINDS.index(kind)}, {since}, {', '.join(_sides(kind))} WHERE {condition}"
        for kind, (condition, since) in conditions.items()
    )
    return "\n    UNION ALL ".join(rows)


def _sides(kind: DiscrepancyKind) -> tuple[str, str]:
    return _SIDES.get(kind, ("t.value::text", "''"))


def _array(reasons: Iterable[Reason]) -> str:
    return "ARRAY[" + ", ".join(f"'{reason.value}'" for reason in reasons) + "]::text[]"


def _since(reasons: str) -> str:
    """Return since when the oldest of some reasons holds."""
    entries = "jsonb_array_elements(p.problems) entry"
    return f"(SELECT min((entry ->> 'since')::timestamptz) FROM {entries} WHERE entry ->> 'code' = ANY ({reasons}))"  # noqa: S608


def drop_view(*, using: str, plan: Any = (), **_kwargs: Any) -> None:
    """Before migrations run: a column that a view uses cannot be changed."""
    if plan:
        with connections[using].cursor() as cursor:
            cursor.execute(f"DROP VIEW IF EXISTS {VIEW}")


def make_view(*, using: str, plan: Any = (), **_kwargs: Any) -> None:
    """After migrations ran: make the view as the present code defines it."""
    with connections[using].cursor() as cursor:
        if has_columns(cursor, ("integrations_posting", "reason_since")):
            cursor.execute(view_sql())
