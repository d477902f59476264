"""Listings: the change feed that Bling does not have. Rows are listed, and compared with what the mirror shows."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from integrations.bling.client import PAGE_SIZE, BlingClient, Listing
from integrations.bling.rows import Rows
from integrations.domain.calendar import day_of
from integrations.domain.titles import ROW_FIELDS, Direction, TitleRow, TitleStatus, shown_by_row
from integrations.models import BlingConnection, SyncRun, Tenant, Title, TitleRead
from integrations.pipeline.access import failpoints
from integrations.pipeline.read import mirror
from integrations.pipeline.read.batch import Page, What, unreadable
from integrations.pipeline.read.failures import note_failures
from integrations.pipeline.read.steps.step import Step
from integrations.pipeline.read.steps.work import Work
from integrations.rest.errors import ApiError, InternalError

AHEAD = 6
"""Listings that are asked for together, while each has one page only."""
WINDOW = timedelta(days=364)
_DAY = timedelta(days=1)
YEARS_BACK = 10
YEARS_AHEAD = 9
MOST_YEARS_BACK = 20
MOST_YEARS_AHEAD = 39
"""What lies between these and the ones above is listed by the weekly sweep only: 40 requests."""
NEAR_FUTURE = timedelta(days=730)
PAID_FEED = timedelta(days=7)
PAID_FEED_DAILY = timedelta(days=45)
HISTORY = 100_000
"""The urgency from which on titles were settled before we saw them: more days than any due date is away."""
_OPEN_STATUSES = (TitleStatus.OPEN, TitleStatus.PARTIAL)
_NEEDS_NOTHING = (TitleStatus.SETTLED, TitleStatus.RETURNED, TitleStatus.CANCELLED)
Pages = tuple[list[Page], dict[str, Any]]
"""Pages, and the cursor that follows them."""


class ReadListings(Step[Listing, Pages]):
    """One page, or the first pages of a few listings that are likely to have no other one. The cursor names the
    listings once, so that every worker goes through the same ones."""

    name = "listings"

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self._ahead = AHEAD

    def choose(self) -> Sequence[Listing]:
        run = self.work.run
        cursor = run.cursor
        if "listings" not in cursor:
            listings = plan_listings(run, sync_from=run.connection.tenant.sync_from, today=self._today())
            cursor.update(listings=[_to_json(listing) for listing in listings], index=0, page=1)
            cursor["has_older"] = has_older_readings(run)
        coming = [_from_json(listing) for listing in cursor["listings"][cursor["index"] :][: self._ahead]]
        return [listing for listing in coming if listing.by == coming[0].by] if cursor["page"] == 1 else coming[:1]

    def fetch(self, chosen: Sequence[Listing]) -> Pages:
        if len(chosen) > 1:
            self.work.client.announce_listings(chosen)
        pages: list[Page] = []
        following = dict(self.work.run.cursor)
        for listing in chosen:
            try:
                rows, has_more, shown = self._page(listing, following)
            except ApiError:
                if not pages:
                    raise
                break  # what was read is kept; this one is the first of the next piece
            failpoints.passed("pull.page_read")
            urgencies = rows_to_read(self.work.run.connection, rows, listing, today=self._today())
            pages.append(Page(listing.direction, rows, urgencies))
            if not rows.is_complete:
                following["incomplete"] = True  # nothing is called gone that may be the row without an id
            if has_more:
                following |= {"page": following["page"] + 1, "previous": shown}
                break
            following |= {"index": following["index"] + 1, "page": 1}
        return pages, following

    def _page(self, listing: Listing, following: dict[str, Any]) -> tuple[Rows[TitleRow], bool, list[int]]:
        rows, has_more = read_listing_page(self.work.client, listing, following["page"])
        shown = [row.bling_id for row in (*rows, *rows.strays)] + [odd.bling_id for odd in rows.odd]
        if has_more and following["page"] > 1 and shown == following.get("previous"):
            # Bling ignores parameters that it does not understand, without an error.
            message = f"page {following['page']} repeats the one before"
            raise InternalError(message, service="Bling", operation="listing", code="repeats")
        return rows, has_more, shown

    def leave_out(self) -> bool:
        """Go on with the next listing; nothing is called gone that this one may have shown."""
        cursor = self.work.run.cursor
        cursor.update(index=cursor["index"] + 1, page=1, incomplete=True)
        self._ahead = AHEAD
        return False

    def save(self, chosen: Sequence[Listing], fetched: Pages) -> bool:
        pages, following = fetched
        self._ahead = AHEAD if following["page"] == 1 else 1
        seen = sum(page.rows.size for page in pages)
        if seen:
            failures = [failure for page in pages for failure in unreadable(What(page.direction.value), page.rows)]
            with transaction.atomic():
                mirror.mark_seen(self.work.run, pages)
                noted = note_failures(self.work.run, failures) if failures else {}
                self.work.hold(cursor=following, rows_seen=F("rows_seen") + seen, **noted)
        self.work.run.cursor = following  # not before: a failure must not store a page that was not kept
        failpoints.passed("pull.page_saved")
        return False

    def _today(self) -> date:
        return day_of(self.work.run.started_at or self.work.clock())


def plan_listings(run: SyncRun, *, sync_from: date, today: date) -> list[Listing]:
    """Return the listings of a run: the open scan (or full sweep) by due date, then the feed of payments.

    Payables need no dates to be complete; receivables do, in windows of at most a year. Those due outside of what is
    listed are read by their details. The first sweep of an account leaves out what is unlikely.
    """
    listings: list[Listing] = []
    first_day, last_day = listed_days(today)
    if run.is_full:
        start, end = _in_years(today, -YEARS_BACK), _in_years(today, YEARS_AHEAD)
        windows = _windows(start, end)
        if run.connection.swept_at is not None:
            windows += [*_windows(first_day, start - _DAY), *_windows(end + _DAY, last_day)]
        listings.append(Listing(Direction.PAYABLE))
        listings += [Listing(Direction.RECEIVABLE, "due", start, end) for start, end in windows]
    else:
        oldest = (
            Title.objects.filter(
                connection=run.connection,
                direction=Direction.RECEIVABLE,
                status__in=["open", "partial"],
                due_date__gte=first_day,
            )
            .order_by("due_date")
            .values_list("due_date", flat=True)
            .first()
        )
        start = min(oldest or today, today - WINDOW)
        listings += [Listing(Direction.PAYABLE, statuses=(status,)) for status in _OPEN_STATUSES]
        listings += [
            Listing(Direction.RECEIVABLE, "due", first, last, _OPEN_STATUSES)
            for first, last in _windows(start, today + NEAR_FUTURE)
        ]
    paid = _windows(_paid_since(run, sync_from, today), today + timedelta(days=30))
    listings += [Listing(direction, "paid", first, last) for direction in Direction for first, last in paid]
    return listings


def listed_days(today: date) -> tuple[date, date]:
    """Return the first and the last due date that some sweep lists; earlier and later ones are hardly meant."""
    return _in_years(today, -MOST_YEARS_BACK), _in_years(today, MOST_YEARS_AHEAD)


def odd_due_dates(tenant: Tenant, *, today: date) -> QuerySet[Title]:
    """Return the titles of a company that are due outside of what any sweep lists."""
    first, last = listed_days(today)
    titles = Title.objects.filter(connection__tenant=tenant, replaced_by=None).exclude(status=TitleStatus.DELETED)
    return titles.filter(Q(due_date__lt=first) | Q(due_date__gt=last))


def _in_years(today: date, years: int) -> date:
    return today + timedelta(days=365 * years)


def _paid_since(run: SyncRun, sync_from: date, today: date) -> date:
    sync_from = max(sync_from, listed_days(today)[0])
    if run.connection.swept_at is None or run.is_full:
        return sync_from
    last_today = SyncRun.objects.filter(
        connection=run.connection, state=SyncRun.State.DONE, started_at__date=today
    ).exists()
    return max(sync_from, today - (PAID_FEED if last_today else PAID_FEED_DAILY))


def _windows(start: date, end: date) -> list[tuple[date, date]]:
    """Cut a span into the fewest windows of at most a year (Bling refuses more)."""
    windows = []
    while start <= end:
        last = min(start + WINDOW, end)
        windows.append((start, last))
        start = last + timedelta(days=1)
    return windows


def read_listing_page(client: BlingClient, listing: Listing, page: int) -> tuple[Rows[TitleRow], bool]:
    """Read one page of a listing; the flag says whether another one follows."""
    rows = next(client.title_pages(listing, first_page=page))
    return Rows({row.bling_id: row for row in rows}.values(), rows.odd, rows.strays), rows.size >= PAGE_SIZE


def rows_to_read(connection: BlingConnection, rows: Rows[TitleRow], listing: Listing, *, today: date) -> dict[int, int]:
    """Return the ids of rows that show something new (unknown titles, other facts than ours), each with its urgency.

    Changes come first, then open titles by how near their due date is, then settled history, latest first. In a
    listing by due date, unknown titles that need nothing from us (paid long ago, cancelled, returned) are left. Rows
    that were not asked for bring no new title.
    """
    shown = [*rows, *rows.strays]
    known = {
        bling_id: tuple(facts) if status != TitleStatus.DELETED and not missing_runs else None
        for bling_id, status, missing_runs, *facts in Title.objects.filter(
            connection=connection, direction=listing.direction, bling_id__in=[row.bling_id for row in shown]
        ).values_list("bling_id", "status", "missing_runs", *ROW_FIELDS)
    }
    changed = {row.bling_id for row in shown if row.bling_id in known and known[row.bling_id] != shown_by_row(row)}
    new = {
        row.bling_id: _distance(row, today)
        for row in rows
        if row.bling_id not in known and (listing.by == "paid" or row.status not in _NEEDS_NOTHING)
    }
    return dict.fromkeys(changed, 0) | new


def _distance(row: TitleRow, today: date) -> int:
    days = abs((row.due_date - today).days) if row.due_date else 0
    return 1 + days if row.status in _OPEN_STATUSES else HISTORY + days


def has_older_readings(run: SyncRun) -> bool:
    """Say whether any title was last read before this run began: only such ones can be gone, or are read again. To be
    asked before this run reads any."""
    return TitleRead.objects.filter(title__connection=run.connection_id, read_at__lt=run.started_at).exists()


def _to_json(listing: Listing) -> dict[str, object]:
    return {
        "direction": listing.direction.value,
        "by": listing.by,
        "start": listing.start.isoformat() if listing.start else None,
        "end": listing.end.isoformat() if listing.end else None,
        "statuses": list(listing.statuses),
    }


def _from_json(data: dict[str, Any]) -> Listing:
    return Listing(
        direction=Direction(data["direction"]),
        by=data["by"],
        start=date.fromisoformat(data["start"]) if data["start"] else None,
        end=date.fromisoformat(data["end"]) if data["end"] else None,
        statuses=tuple(TitleStatus(status) for status in data["statuses"]),
    )
