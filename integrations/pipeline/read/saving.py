"""Saving a chunk: at once, or title by title where the database refuses something in it."""

from collections.abc import Callable

from django.db import DataError, IntegrityError

from integrations.pipeline.read.batch import Chunk, FailedTitle

REFUSED = (DataError, IntegrityError, ValueError)
"""How the database says that it does not take something, whoever may try again."""


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
                refused.append(FailedTitle(*title.key, "internal", type(error).__name__))
        save(Chunk(asked=chunk.asked, failures=[*chunk.failures, *refused]))
