"""Saving a chunk: at once, or title by title where the database refuses something in it."""

from collections.abc import Callable

from django.db import DataError, IntegrityError

from integrations.pipeline.read.batch import Chunk, FailedTitle

_REFUSED = (DataError, IntegrityError, ValueError)


def save_each(chunk: Chunk, save: Callable[[Chunk], None]) -> None:
    """Call `save`, a transaction of its own, with a chunk; where the database refuses it, with each title and what
    hangs on it, and at last with what was asked for and the failures. A title that it refuses becomes one of these."""
    try:
        save(chunk)
    except _REFUSED:
        refused = []
        for title in chunk.titles:
            try:
                save(chunk.only(title))
            except _REFUSED as error:
                refused.append(FailedTitle(*title.key, "internal", type(error).__name__))
        save(Chunk(asked=chunk.asked, failures=[*chunk.failures, *refused]))
