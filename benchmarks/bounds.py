"""What a sync cannot do without: pages of Bling's listings and details of what changed, computed from the sandbox."""

from collections.abc import Iterable
from datetime import date, timedelta

from benchmarks.companies import DIRECTIONS
from sandbox.account import Account
from sandbox.bling.records import OPEN, PARTIAL, Title

PAGE = 100
LONGEST_WINDOW = timedelta(days=365)
YEAR_BACK, AHEAD = timedelta(days=364), timedelta(days=730)
"""The open scan's due dates: from a year ago (or the oldest open title) to two years ahead."""
PAID_DAYS = timedelta(days=7)


def listing_pages(account: Account) -> int:
    """Return the pages of the open scan and of the payments of the last week: at least one for each listing.

    Payables are listed by one status at a time, receivables by windows of a year.
    """
    today, titles = account.world.today, account.bling.titles.values()
    payables, receivables = ([one for one in titles if one.direction == direction] for direction in DIRECTIONS)
    unsettled = [one for one in receivables if one.status in (OPEN, PARTIAL)]
    start = min([today - YEAR_BACK, *(one.sorted_by for one in unsettled)])
    listings = [[one for one in payables if one.status == status] for status in (OPEN, PARTIAL)]
    listings += [_due_within(unsettled, first) for first in _windows(start, today + AHEAD)]
    listings += [[one for one in side if _paid_since(one, today - PAID_DAYS)] for side in (payables, receivables)]
    return sum(_pages(len(listing)) for listing in listings)


def all_pages(account: Account) -> int:
    """Return the pages of listings without any filter, which a mirror without a change feed reads."""
    titles = account.bling.titles.values()
    return sum(_pages(sum(one.direction == direction for one in titles)) for direction in DIRECTIONS)


def _pages(rows: int) -> int:
    return max(1, -(-rows // PAGE))


def _windows(start: date, end: date) -> Iterable[date]:
    while start <= end:
        yield start
        start += LONGEST_WINDOW


def _due_within(titles: Iterable[Title], first: date) -> list[Title]:
    return [one for one in titles if first <= one.sorted_by < first + LONGEST_WINDOW]


def _paid_since(title: Title, day: date) -> bool:
    return any(paid >= day for paid in title.payment_days)
