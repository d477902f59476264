"""Pull: what is to be read of Bling. The change feed that Bling does not have: list rows, compare fingerprints, want
details of new and different ones only. Reads the mirror to compare; never writes it."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

import structlog
from django.db.models import Exists, OuterRef, Q

from integrations.bling.client import PAGE_SIZE, BlingClient, Listing
from integrations.bling.errors import MissingScopeError
from integrations.domain.calendar import BRASILIA, day_of
from integrations.domain.titles import Direction, TitleRow, TitleStatus
from integrations.models import (
    BlingConnection,
    CatalogItem,
    Payment,
    Person,
    SeenRow,
    SyncRun,
    Title,
    TitleRead,
)
from integrations.models.registers import CatalogKind
from integrations.pipeline.handover import sales_orders
from integrations.pipeline.read.batch import RegisterReading, Registers
from integrations.pipeline.read.replacements import look_alikes
from integrations.rest.errors import InternalError, RateLimitedError, RejectedError, TransientError

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
WINDOW = timedelta(days=364)
YEARS_BACK = 10
YEARS_AHEAD = 9
NEAR_FUTURE = timedelta(days=730)
PAID_FEED = timedelta(days=7)
PAID_FEED_DAILY = timedelta(days=45)
SWEEP_EVERY = timedelta(days=7)
REGISTERS_STALE = timedelta(hours=24)
CONTACT_OVERLAP = timedelta(hours=24)
REREAD_LIMIT = 500
ORDERS_LIMIT = 2000
"""So many sales orders of older titles are read in one run after a mapping first asks for them: twelve minutes."""
PAID_REREAD_AGE = timedelta(days=6)
ROLLING_PERCENT = 2
HISTORY = 100_000
"""The urgency from which on titles were settled before we saw them: more days than any due date is away."""
_OPEN_STATUSES = (1, 3)


def read_registers(client: BlingClient) -> Registers:
    """Read categories with their paths, accounts, payment forms, contact types, sales channels and business units."""
    client.announce_registers()
    categories = {category.id: category for category in client.categories()}
    natures = {1: "expense", 2: "income", 3: "both"}
    found = []
    for category in categories.values():
        names, parent, guard = [category.descricao], categories.get(category.id_pai), 0
        while parent is not None and guard < 10:
            names.insert(0, parent.descricao)
            parent, guard = categories.get(parent.id_pai), guard + 1
        found.append(
            RegisterReading(
                CatalogKind.CATEGORY, category.id, category.descricao, " › ".join(names), natures.get(category.tipo, "")
            )
        )
    others = {
        CatalogKind.BANK_ACCOUNT: client.accounts(),
        CatalogKind.PAYMENT_FORM: client.payment_forms(),
        CatalogKind.CONTACT_TYPE: client.contact_types(),
    }
    found += [RegisterReading(kind, item.id, item.descricao) for kind, items in others.items() for item in items]
    kinds = {CatalogKind.CATEGORY, *others}
    try:
        found += _read_channels(client)
        kinds |= {CatalogKind.SALES_CHANNEL, CatalogKind.BUSINESS_UNIT}
    except (MissingScopeError, RejectedError, InternalError, TransientError) as error:
        if isinstance(error, RateLimitedError):
            raise
        # Only some mappings need them: an app that may not read them, or an account without them, still syncs.
        log.info("sales channels not read", kind=error.kind, error=str(error))
    return Registers(found, frozenset(kinds))


def _read_channels(client: BlingClient) -> list[RegisterReading]:
    channels = client.sales_channels()
    units = {unit.id: unit.nome for channel in channels for unit in channel.unidades if unit.id}
    return [
        *[RegisterReading(CatalogKind.SALES_CHANNEL, channel.id, channel.descricao) for channel in channels],
        *[RegisterReading(CatalogKind.BUSINESS_UNIT, unit_id, name) for unit_id, name in units.items()],
    ]


def registers_are_stale(connection: BlingConnection, now: datetime) -> bool:
    """Say whether registers are older than a day, or a title names one that nobody has seen."""
    if connection.registers_read_at is None or connection.registers_read_at < now - REGISTERS_STALE:
        return True
    known = CatalogItem.objects.filter(connection=connection)
    categories = known.filter(kind=CatalogKind.CATEGORY).values_list("bling_id", flat=True)
    accounts = known.filter(kind=CatalogKind.BANK_ACCOUNT).values_list("bling_id", flat=True)
    recent = Title.objects.filter(connection=connection, changed_at__gte=connection.registers_read_at)
    has_known_account = Q(account_id=0) | Q(account_id__in=accounts)
    return recent.exclude(Q(category_id__in=categories) & has_known_account).exists()


def wants_sweep(connection: BlingConnection, now: datetime) -> bool:
    """Say whether the weekly full sweep is due (always at first: it alone finds statuses that no filter accepts)."""
    return connection.swept_at is None or connection.swept_at < now - SWEEP_EVERY


def plan_listings(run: SyncRun, *, sync_from: date, today: date) -> list[Listing]:
    """Return the listings of a run: the open scan (or full sweep) by due date, then the feed of payments.

    Payables need no dates to be complete; receivables do, in windows of at most a year.
    """
    listings: list[Listing] = []
    if run.is_full:
        windows = _windows(today - timedelta(days=365 * YEARS_BACK), today + timedelta(days=365 * YEARS_AHEAD))
        listings.append(Listing(Direction.PAYABLE))
        listings += [Listing(Direction.RECEIVABLE, "due", start, end) for start, end in windows]
    else:
        oldest = (
            Title.objects.filter(
                connection=run.connection, direction=Direction.RECEIVABLE, status__in=["open", "partial"]
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


def _paid_since(run: SyncRun, sync_from: date, today: date) -> date:
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


def read_listing_page(client: BlingClient, listing: Listing, page: int) -> tuple[list[TitleRow], bool]:
    """Read one page of a listing; the flag says whether another one follows."""
    rows = next(client.title_pages(listing, first_page=page))
    return list({row.bling_id: row for row in rows}.values()), len(rows) >= PAGE_SIZE


def rows_to_read(
    connection: BlingConnection, rows: Sequence[TitleRow], listing: Listing, *, today: date
) -> dict[int, int]:
    """Return the ids of rows that show something new (unknown titles, changed fingerprints), each with its urgency.

    Changes come first, then open titles by how near their due date is, then settled history, latest first. In a
    listing by due date, unknown titles that need nothing from us (paid long ago, cancelled, returned) are left.
    """
    known = {
        bling_id: fingerprint if status != TitleStatus.DELETED and not missing_runs else ""
        for bling_id, fingerprint, status, missing_runs in Title.objects.filter(
            connection=connection, direction=listing.direction, bling_id__in=[row.bling_id for row in rows]
        ).values_list("bling_id", "row_fingerprint", "status", "missing_runs")
    }
    changed = {bling_id for row in rows if (bling_id := row.bling_id) in known and known[bling_id] != row.fingerprint}
    new = {
        row.bling_id: _distance(row, today)
        for row in rows
        if row.bling_id not in known and (listing.by == "paid" or row.status_number not in (2, 4, 5))
    }
    return dict.fromkeys(changed, 0) | new


def _distance(row: TitleRow, today: date) -> int:
    days = abs((row.due_date - today).days) if row.due_date else 0
    return 1 + days if row.status_number in _OPEN_STATUSES else HISTORY + days


def wanted_titles(run: SyncRun, limit: int) -> list[tuple[Direction, int, str]]:
    """Return the next details to read (direction, id, fingerprint of the row), most urgent first."""
    found = run.seen.filter(is_wanted=True).order_by("urgency", "pk")
    rows = found.values_list("direction", "bling_id", "row_fingerprint")[:limit]
    return [(Direction(direction), bling_id, fingerprint) for direction, bling_id, fingerprint in rows]


def changed_mirrored_contacts(client: BlingClient, connection: BlingConnection, *, until: datetime) -> list[int]:
    """Return the ids of mirrored contacts that Bling says were changed since the last complete run."""
    if connection.contacts_read_until is None:
        return []
    since = connection.contacts_read_until - CONTACT_OVERLAP
    changed = set(client.changed_contact_ids(since.astimezone(BRASILIA), until.astimezone(BRASILIA)))
    mirrored = Person.objects.filter(connection=connection, bling_id__in=changed, forgotten_at=None)
    return sorted(mirrored.values_list("bling_id", flat=True))


def has_older_readings(run: SyncRun) -> bool:
    """Say whether any title was last read before this run began: only such ones can be gone, or are read again. To be
    asked before this run reads any."""
    return TitleRead.objects.filter(title__connection=run.connection_id, read_at__lt=run.started_at).exists()


def gone_titles(run: SyncRun, *, after: int, limit: int) -> list[tuple[int, Direction, int]]:
    """Return titles (key, direction, id) whose detail decides whether they are gone: unsettled ones that no listing of
    this run showed, and all that a new title looks like, seen or not: they may have been re-created while the listings
    were read, or after they were paid.

    Titles already read since the run began are decided; those due beyond a partial scan's end were not looked for.
    """
    unsettled = Q(status__in=[TitleStatus.OPEN, TitleStatus.PARTIAL])
    if not run.is_full and run.started_at is not None:
        unsettled &= ~Q(direction=Direction.RECEIVABLE, due_date__gt=day_of(run.started_at) + NEAR_FUTURE)
    seen = SeenRow.objects.filter(run=run, direction=OuterRef("direction"), bling_id=OuterRef("bling_id"))
    query = Title.objects.filter(
        (unsettled & ~Exists(seen)) | Q(Exists(look_alikes(run.connection_id)), is_released=True),
        connection=run.connection_id,
        status__in=[TitleStatus.OPEN, TitleStatus.PARTIAL, TitleStatus.SETTLED],
        last_read__read_at__lt=run.started_at,
    )
    found = query.filter(pk__gt=after).order_by("pk").values_list("pk", "direction", "bling_id")[:limit]
    return [(pk, Direction(direction), bling_id) for pk, direction, bling_id in found]


def titles_to_reread(run: SyncRun, limit: int) -> list[tuple[Direction, int]]:
    """Return titles whose rows cannot show every change: partial ones and those waiting for a person."""
    query = Title.objects.filter(
        Q(status=TitleStatus.PARTIAL)
        | Q(posting__state="needs_human")
        | (Q(posting__state="held") & Q(status__in=[TitleStatus.OPEN, TitleStatus.SETTLED])),
        connection=run.connection,
        last_read__read_at__lt=run.started_at,
    ).exclude(posting__problems__contains=[{"code": "before_settled_from"}])
    found = query.order_by("last_read__read_at").values_list("direction", "bling_id")[:limit]
    return [(Direction(direction), bling_id) for direction, bling_id in found]


def paid_titles_to_reread(run: SyncRun, *, after: int, limit: int) -> list[tuple[int, Direction, int]]:
    """Return titles (key, direction, id) paid in this or the last month that nobody read for days: with the weekly full
    sweep, for changes and deletions after the payment, which no listing shows."""
    if not run.is_full or run.started_at is None:
        return []
    today = day_of(run.started_at)
    last_month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    recently_paid = Payment.objects.filter(title=OuterRef("pk"), date__gte=last_month)
    query = Title.objects.filter(
        Exists(recently_paid),
        connection=run.connection_id,
        status=TitleStatus.SETTLED,
        last_read__read_at__lt=run.started_at - PAID_REREAD_AGE,
        pk__gt=after,
    )
    found = query.order_by("pk").values_list("pk", "direction", "bling_id")[:limit]
    return [(pk, Direction(direction), bling_id) for pk, direction, bling_id in found]


def orders_to_read(run: SyncRun, *, before: int | None, limit: int) -> list[tuple[int, int]]:
    """Return titles (key, sales order) whose order a mapping needs and nobody read, newest first."""
    query = sales_orders.awaited(run.connection)
    if before is not None:
        query = query.filter(pk__lt=before)
    return list(query.order_by("-pk").values_list("pk", "origin_id")[:limit])


def titles_to_roll(run: SyncRun, limit: int) -> list[tuple[Direction, int]]:
    """Return the open titles that were read longest ago: rows do not show category, description or account."""
    query = Title.objects.filter(
        connection=run.connection, status=TitleStatus.OPEN, last_read__read_at__lt=run.started_at
    )
    found = query.order_by("last_read__read_at", "pk").values_list("direction", "bling_id")[:limit]
    return [(Direction(direction), bling_id) for direction, bling_id in found]


def rolling_share(run: SyncRun) -> int:
    """Return how many titles one run may read again for what rows do not show."""
    count = Title.objects.filter(connection=run.connection, status=TitleStatus.OPEN).count()
    return min(REREAD_LIMIT, -(-count * ROLLING_PERCENT // 100))


def asked_titles(connection: BlingConnection, limit: int) -> list[tuple[Direction, int]]:
    """Return titles that a person asked to be read now."""
    asked = TitleRead.objects.filter(title__connection=connection, asked_at__isnull=False).order_by("asked_at")
    return [(Direction(direction), bling_id) for direction, bling_id in asked.values_list(
        "title__direction", "title__bling_id")[:limit]]  # fmt: skip
