"""Rows of a list that were not asked for: dropped and counted, and too many of them are no answer."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog

from integrations.rest.errors import FilterIgnoredError

log = structlog.get_logger(__name__)

Row = TypeVar("Row")


def as_asked(rows: Sequence[Row], is_asked: Callable[[Row], bool], *, service: str, operation: str) -> list[Row]:
    """Return the rows of one page that were asked for. Raises `FilterIgnoredError` when more than half of them were
    not: the filter means something else over there, or nothing."""
    kept = [row for row in rows if is_asked(row)]
    others = len(rows) - len(kept)
    if others:
        log.warning("rows not asked for", service=service, operation=operation, rows=others)
    if others * 2 > len(rows):
        raise FilterIgnoredError(f"{others}/{len(rows)}", service=service, operation=operation)
    return kept
