"""Absence from Kamino: the one way to learn that a title is not there.

`prove` reads until every title of a span of due dates was shown since a moment: a page that holds all of its span is a
proof, a span with more is asked for in parts that hold fewer, a day with more is read twice. What is proved is kept, so
that one reading serves many decisions, and one that was interrupted goes on where it stopped.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from django.db.models import Count, QuerySet

from integrations.domain.matching import KaminoTitle
from integrations.domain.titles import Direction
from integrations.kamino.client import KaminoClient
from integrations.kamino.errors import SERVICE
from integrations.kamino.listing import Listing, incomplete
from integrations.models import KaminoSnapshot, ListedSpan
from integrations.pipeline.handover.kamino_rows import store_rows
from integrations.pipeline.handover.title_lists import rows_due
from integrations.rest.errors import NO_TIME_LEFT, IncompleteError, TransientError, UnusableListError

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
Span = tuple[date, date]
A_DAY = timedelta(days=1)
A_WEEK = timedelta(days=7)
"""A span that is hardly more than one page: it is asked for as it is, and in parts where it was."""
ALWAYS: Span = (date.min, date.max)
MOVED = timedelta(days=31)
"""So far people may have moved a title's due date without the whole list having to be read for it."""
MOST_EXPECTED = 60
"""Rows that a part of a span is expected to hold, by what was seen before: some may be new, and one page has 100."""


def prove(
    client: KaminoClient,
    kamino_connection_id: int,
    direction: Direction,
    span: Span,
    *,
    since: datetime,
    clock: Clock,
    until: datetime,
    believed: QuerySet[ListedSpan] | None = None,
    around: tuple[Span, datetime] | None = None,
) -> bool:
    """Read what no list has shown since a moment of the titles due in a span; then each title of it that exists is in
    `KaminoSnapshot` with `read_at` from `since` on. False where Kamino has no such list. Of what was proved before,
    only `believed` counts. `around` is a wider span that is read first, as far as no list showed it since another
    moment; a row of it that nobody can read holds up nothing.

    Reads one page at least, and none after `until`. Raises `TransientError` (`NO_TIME_LEFT`) when there is more to
    read, `IncompleteError` where a list proves nothing, or is not known (`UnusableListError`).
    """
    reader = _Reader(client, kamino_connection_id, direction, clock, until)
    wide, wide_since = around or (span, since)
    listed = reader.listed_since(min(since, wide_since), ListedSpan.objects.all() if believed is None else believed)
    if around:
        missing = _gaps(wide, [(first, last) for first, last, read_at in listed if read_at >= wide_since])
        try:
            if not reader.read_all(missing):
                return False
            listed = sorted([*listed, *((first, last, clock()) for first, last in missing)])
        except UnusableListError:
            raise
        except IncompleteError as error:
            log.warning("days around not read", kamino_connection=kamino_connection_id, error=str(error))
    return reader.read_all(_gaps(span, [(first, last) for first, last, read_at in listed if read_at >= since]))


def keep_proof(kamino_connection_id: int, direction: Direction, span: Span, *, read_at: datetime) -> None:
    """Remember that a list showed every title of a span; its rows are stored. `read_at` was taken before."""
    ListedSpan.objects.create(
        kamino_connection_id=kamino_connection_id, direction=direction,
        first_day=span[0], last_day=span[1], read_at=read_at,
    )  # fmt: skip


class _Reader:
    def __init__(
        self, client: KaminoClient, kamino_connection_id: int, direction: Direction, clock: Clock, until: datetime
    ) -> None:
        self._client = client
        self._kamino_connection_id = kamino_connection_id
        self._direction = direction
        self._clock = clock
        self._until = until
        self._has_read = False

    @property
    def _where(self) -> dict[str, Any]:
        return {"kamino_connection_id": self._kamino_connection_id, "direction": self._direction}

    def listed_since(self, since: datetime, believed: QuerySet[ListedSpan]) -> list[tuple[date, date, datetime]]:
        rows = believed.filter(read_at__gte=since, **self._where)
        return list(rows.order_by("first_day").values_list("first_day", "last_day", "read_at"))

    def read_all(self, spans: Sequence[Span]) -> bool:
        """Read some spans, in parts where they are long; false where there is no list."""
        parts = list(spans)
        if any(last - first > A_WEEK for first, last in parts):
            parts = [part for span in parts for part in self.parts_of(span)]
        while parts:
            more = self.read(parts.pop(0))
            if more is None:
                return False
            parts = [*more, *parts]
        return True

    def parts_of(self, span: Span) -> list[Span]:
        """Return a span in parts that hold about half a page each, by what was seen of it before."""
        known = KaminoSnapshot.objects.filter(due_date__range=span, **self._where).order_by("due_date")
        parts, (first, last), count = [], span, 0
        for day, rows in known.values_list("due_date").annotate(Count("pk")):
            if count and count + rows > MOST_EXPECTED:
                parts.append((first, day - A_DAY))
                first, count = day, 0
            count += rows
        return [*parts, (first, last)]

    def read(self, span: Span) -> list[Span] | None:
        """Read one part; return what it has to be read in, if its page does not prove it. `None`: there is no list."""
        first, last = span
        if first == last:
            return self._read_day(first)
        read_at = self._clock()
        listing = self._ask(span, read_at, most_pages=1)
        if listing is None:
            return None
        if listing.is_proof:
            keep_proof(self._kamino_connection_id, self._direction, span, read_at=read_at)
            return []
        if listing.unread:
            raise incomplete(listing)
        parts = self.parts_of(span)
        middle = first + (last - first) // 2
        return parts if len(parts) > 1 else [(first, middle), (middle + A_DAY, last)]

    def _read_day(self, day: date) -> list[Span] | None:
        began = self._clock()
        for _ in range(2):
            listing = self._ask((day, day), self._clock())
            if listing is None:
                return None
            if not listing.is_whole:
                raise incomplete(listing)
            if listing.is_proof:
                break
        keep_proof(self._kamino_connection_id, self._direction, (day, day), read_at=began)
        return []

    def _ask(self, span: Span, read_at: datetime, most_pages: int | None = None) -> Listing[KaminoTitle] | None:
        listing = rows_due(
            self._client, self._kamino_connection_id, self._direction, *span, clock=self._clock,
            most_pages=most_pages, before_page=self._refuse_when_late,
        )  # fmt: skip
        if listing is not None:
            store_rows(self._kamino_connection_id, self._direction, listing.rows, read_at=read_at)
        return listing

    def _refuse_when_late(self) -> None:
        if self._has_read and self._clock() >= self._until:
            raise TransientError("no time left", service=SERVICE, code=NO_TIME_LEFT)
        self._has_read = True


def _gaps(span: Span, listed: Iterable[Span]) -> list[Span]:
    """Return what of a span is not among listed ones, which are ordered by their first day."""
    gaps, (first, last) = [], span
    for listed_from, listed_to in listed:
        if listed_to < first or listed_from > last:
            continue
        if listed_from > first:
            gaps.append((first, listed_from - A_DAY))
        if listed_to >= last:
            return gaps
        first = listed_to + A_DAY
    return [*gaps, (first, last)]
