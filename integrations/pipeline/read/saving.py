"""Saving a chunk: at once, or title by title where the database refuses something in it."""

from collections.abc import Callable

from django.db import DataError, IntegrityError

from integrations.pipeline.read.batch import Chunk, Failed
from integrations.rest.errors import InternalError

REFUSED = (DataError, IntegrityError, ValueError)
"""How the database says that it does not take something, whoever may try again."""


def not_stored(error: Exception) -> InternalError:
    """Return what stands for a refusal of the database; its own words would quote what people wrote."""
    return InternalError(type(error).__name__, service="PostgreSQL", code="not_stored")


def save_each(chunk: Chunk, save: Callable[[Chunk], None]) -> None:
    """Call `save`, a transaction of its own, with a chunk; where the database refuses it, with each title and what
    hangs on it, and at last with what was asked for and the failures. A title that it refuses becomes one of these."""
    try:
        save(chunk)
    except REFUSED:
        refused = []
        for title in chunk.titles:
            try:
                save(chunk.only(title))
            except REFUSED as error:
                refused.append(Failed.of_title(title.key, not_stored(error)))
        save(Chunk(asked=chunk.asked, failures=[*chunk.failures, *refused]))
