"""Whether the tables are as today's code wants them: what is made after migrations (a view, triggers) needs that, and
migrations may have been led back."""

from typing import Any


def has_columns(cursor: Any, *columns: tuple[str, str]) -> bool:
    """Say whether all of these columns, as (table, column), are there."""
    cursor.execute(
        "SELECT count(*) FROM information_schema.columns JOIN unnest(%s::text[], %s::text[]) AS wanted (tab, col)"
        " ON table_schema = current_schema() AND table_name = tab AND column_name = col",
        [list(names) for names in zip(*columns, strict=True)],
    )
    [(found,)] = cursor.fetchall()
    return bool(found == len(columns))
