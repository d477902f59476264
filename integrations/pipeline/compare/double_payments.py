"""Look, every hour, for payables that Bling shows as paid and that Kamino is about to pay (due within two days).

One request to Kamino and, where one of its titles is still open, one to Bling for each connection (one more for each
hundred that are paid).
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

import structlog
from django.db.models import Q, QuerySet

from integrations.bling.client import Listing
from integrations.domain.calendar import day_of
from integrations.domain.delivery import DeliveryState
from integrations.domain.desired import KaminoStatus
from integrations.domain.matching import KaminoTitle
from integrations.domain.titles import Direction, TitleStatus
from integrations.models import BlingConnection, KaminoConnection, Posting, TitleRead, WakeUpKind
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.access.clients import open_bling, open_kamino
from integrations.pipeline.access.leases import free_kamino, is_free, lease_first
from integrations.pipeline.compare.discrepancies import close_risks_of, open_risk
from integrations.pipeline.handover.title_lists import rows_due
from integrations.pipeline.handover.wake_ups import Moments, Rhythm, next_after_calls
from integrations.rest.errors import ApiError, FilterIgnoredError

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
EVERY = timedelta(hours=1)
AHEAD = timedelta(days=2)
SETTLES_SOON = timedelta(hours=1)
"""A payment that Bling showed this recently is about to be sent to Kamino: no alert yet."""


def kaminos_to_guard(now: datetime, tenant_ids: Sequence[int] | None) -> QuerySet[KaminoConnection]:
    """Return the companies that were not checked for an hour."""
    kaminos = KaminoConnection.objects.filter(
        Q(guarded_at__isnull=True) | Q(guarded_at__lt=now - EVERY), is_free(now), tenant__is_active=True,
        tenant__sync_payables=True, is_paused=False, reconciled_at__isnull=False,
    )  # fmt: skip
    return kaminos if tenant_ids is None else kaminos.filter(tenant__in=tenant_ids)


def _guards_next(tenant_ids: Sequence[int], now: datetime) -> Moments:
    for kamino in KaminoConnection.objects.filter(tenant__in=tenant_ids, guarded_at__isnull=False).order_by():
        yield kamino.tenant_id, next_after_calls(kamino, now, (kamino.guarded_at or now) + EVERY)


GUARD = Rhythm(WakeUpKind.GUARD, kaminos_to_guard, "tenant", _guards_next, is_leased=True)


def guard_one(clock: Clock, tenant_ids: Sequence[int] | None = None) -> bool:
    """Check one company (of some) that is due; false when none is. What fails is tried again in an hour: the
    daily comparison does not depend on it."""
    now = clock()
    kaminos = kaminos_to_guard(now, tenant_ids).select_related("tenant")
    kamino = lease_first(kaminos, now)
    if kamino is None:
        return False
    try:
        KaminoConnection.objects.filter(pk=kamino.pk).update(guarded_at=now)
        _guard(kamino, clock)
    except ApiError as error:
        log.warning("double payments not looked for", kamino_connection=kamino.pk, error=str(error))
    finally:
        free_kamino(kamino)
    return True


def _guard(kamino: KaminoConnection, clock: Clock) -> None:
    today, read_at = day_of(clock()), clock()
    client = open_kamino(kamino, clock=clock)
    listing = rows_due(client, kamino.pk, Direction.PAYABLE, today, today + AHEAD, clock=clock)
    if listing is None:
        return
    by_id = {row.kamino_id: row for row in listing.rows}
    ours = Posting.objects.filter(kamino_connection=kamino, direction=Direction.PAYABLE, kamino_id__in=by_id)
    # A write after the reading began is not in these rows: such a title is checked next time.
    ours = ours.exclude(attempts__ended_at__gte=read_at).select_related("title", "kamino_connection__tenant")
    postings = list(ours.order_by("pk"))
    # One with a status that we do not know may be on its way to be paid as well.
    may_be_open = (KaminoStatus.PENDING, KaminoStatus.UNKNOWN)
    open_ones = [posting for posting in postings if by_id[posting.kamino_id or 0].status in may_be_open]
    close_risks_of(kamino, [posting for posting in postings if posting not in open_ones], now=clock())
    paid, unclear = _paid_in_bling(open_ones, today, clock)
    for posting in open_ones:
        if posting.pk in paid:
            _judge(posting, by_id[posting.kamino_id or 0], clock())
        elif posting.pk in unclear:
            _look_closer(posting, clock())


def _paid_in_bling(postings: Sequence[Posting], today: date, clock: Clock) -> tuple[set[int], set[int]]:
    """Return which of these titles Bling shows as paid, as its list says now or as it was read, and those of which its
    list may say so unreadably."""
    unclear = set[int]()
    paid = {posting.pk for posting in postings if posting.title.status == TitleStatus.SETTLED}
    connections = BlingConnection.objects.filter(
        pk__in={posting.title.connection_id for posting in postings}, status=ConnectionStatus.CONNECTED
    )
    for connection in connections:
        listing = Listing(Direction.PAYABLE, "due", today, today + AHEAD, statuses=(TitleStatus.SETTLED,))
        mine = {
            posting.title.bling_id: posting.pk for posting in postings if posting.title.connection_id == connection.pk
        }
        try:
            pages = list(open_bling(connection, clock=clock).title_pages(listing))
        except ApiError as error:  # what was read before still counts, and so do the other connections
            log.warning("payments not looked for", connection=connection.pk, error=str(error))
            if isinstance(error, FilterIgnoredError):
                unclear.update(mine.values())
            continue
        shown = [row for page in pages for row in (*page, *page.strays)]
        odd = [row.bling_id for page in pages for row in page.odd]
        # The filter lets a status through that we do not know: it may mean that they are paid.
        odd += [row.bling_id for page in pages for row in page if row.status is not TitleStatus.SETTLED]
        settled = {row.bling_id for row in shown if row.status is TitleStatus.SETTLED}
        if odd:
            log.warning("payments that cannot be read", connection=connection.pk, rows=len(odd))
        paid |= {pk for bling_id, pk in mine.items() if bling_id in settled}
        unclear |= {pk for bling_id, pk in mine.items() if bling_id in odd or 0 in odd}
    return paid, unclear


def _look_closer(posting: Posting, now: datetime) -> None:
    """Read a title that Bling's list may show as paid; open the risk where that failed before."""
    read = TitleRead.objects.filter(title=posting.title_id)
    if read.filter(failure__isnull=False).exists():
        open_risk(posting, now=now)
    read.update(asked_at=now)


def _judge(posting: Posting, row: KaminoTitle, now: datetime) -> None:
    """Open the risk at once where Kamino pays by itself, or nothing of ours will settle it, or it could not be read;
    else read the title first: its settlement then goes to Kamino by itself, and the next hour shows it."""
    is_known = posting.title.status == TitleStatus.SETTLED
    is_fresh = posting.title.changed_at > now - SETTLES_SOON and posting.state != DeliveryState.NEEDS_HUMAN
    has_failed = (
        bool(posting.reason) or TitleRead.objects.filter(title=posting.title_id, failure__isnull=False).exists()
    )
    is_unread = not is_known and has_failed and posting.state != DeliveryState.READY
    if row.may_be_paid or not posting.kamino_connection.tenant.is_live or (is_known and not is_fresh) or is_unread:
        open_risk(posting, now=now)
    if not is_known:
        TitleRead.objects.filter(title=posting.title_id).update(asked_at=now)
