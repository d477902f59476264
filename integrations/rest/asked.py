"""Rows of a list that were not asked for: dropped and counted, and too many of them are no answer."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog

from integrations.rest.errors import FilterIgnoredError

log = structlog.get_logger(__name__)

Row = TypeVar("Row")


def as_asked(
    rows: Sequence[Row], is_asked: Callable[[Row], bool], *, service: str, operation: str
) -> tuple[list[Row], list[Row]]:
    """Return the rows of one page that were asked for, and the others. Raises `FilterIgnoredError` when these are more
    than half: the filter means something else over there, or nothing."""
    kept: list[Row] = []
    others: list[Row] = []
    for row in rows:
        (kept if is_asked(row) else others).append(row)
    if others:
        log.warning("rows not asked for", service=service, operation=operation, rows=len(others))
    if len(others) > len(kept):
        raise FilterIgnoredError(f"{len(others)}/{len(rows)}", service=service, operation=operation)
    return kept, others
