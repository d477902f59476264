"""The form of a step: choose what to read, fetch it, save it. One piece at a time, so that a run goes on anywhere."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Generic, TypeVar

from integrations.domain.titles import Direction
from integrations.pipeline.read import fetch
from integrations.pipeline.read.batch import Chunk
from integrations.pipeline.read.steps.work import Work

Chosen = TypeVar("Chosen")
Fetched = TypeVar("Fetched")
Wanted = tuple[Direction, int]
"""A title to read: direction and Bling id."""
BATCH = 50
REREAD_AGE = timedelta(days=6)
"""What was read so long ago is read again by the weekly pass."""


class Step(ABC, Generic[Chosen, Fetched]):
    """One step of a run. What it has done stands in the run's cursor and in the mirror, never in the object."""

    name: ClassVar[str]
    needs: ClassVar[frozenset[str]] = frozenset()
    """Steps without which this one would act on what nobody looked at: where one was left out, it is too."""

    def __init__(self, work: Work) -> None:
        self.work = work

    def advance(self) -> bool:
        """Do one piece; true when the step is through. Raises `ApiError` kinds and `LostLeaseError`."""
        chosen = self.choose()
        if not chosen:
            return True
        return self.save(chosen, self.fetch(chosen))

    def leave_out(self) -> bool:
        """Go on without what Bling cannot show now; true when the step is through."""
        return True

    @abstractmethod
    def choose(self) -> Sequence[Chosen]:
        """Return what is to be read next; nothing where the step is through."""

    @abstractmethod
    def fetch(self, chosen: Sequence[Chosen]) -> Fetched:
        """Read it from Bling."""

    @abstractmethod
    def save(self, chosen: Sequence[Chosen], fetched: Fetched) -> bool:
        """Store it; true when the step is through."""


class TitleStep(Step[Any, Iterator[Chunk]]):
    """A step that reads details of titles; which ones is all that such steps differ in, and whether known borderôs are
    read again that nobody read for days (`rereads_borderos`)."""

    rereads_borderos: ClassVar[bool] = False

    @property
    def days_ago(self) -> datetime | None:
        """Return the moment before which what was read is read again; `None` for a run that did not begin yet."""
        return self.work.run.started_at and self.work.run.started_at - REREAD_AGE

    def fetch(self, chosen: Sequence[Any]) -> Iterator[Chunk]:
        work = self.work
        return fetch.read_titles(
            work.client, work.run.connection, map(self.wanted, chosen), clock=work.clock, deadline=work.deadline,
            reads_orders=work.reads_orders, borderos_before=self.days_ago if self.rereads_borderos else None,
        )  # fmt: skip

    def save(self, chosen: Sequence[Any], fetched: Iterator[Chunk]) -> bool:
        """Mirror chunk by chunk, and keep how far the step is once all were."""
        is_complete = True
        for chunk in fetched:
            self.work.save_chunk(chunk)
            if self.work.is_over:
                is_complete = False
                break
        return self.keep(chosen, is_complete=is_complete)

    def wanted(self, chosen: Any) -> Wanted:
        """Return the title that a chosen row (key, direction, Bling id) means."""
        _pk, direction, bling_id = chosen
        return direction, bling_id

    @abstractmethod
    def keep(self, chosen: Sequence[Any], *, is_complete: bool) -> bool:
        """Note what was done (`is_complete`: all of it, before the deadline); true when the step is through."""
