"""Payables that may be there already: in what people entered here, and in what Bling shows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Q, QuerySet

from integrations.bling.client import BlingClient, Listing
from integrations.domain.calendar import around
from integrations.domain.delivery import DeliveryState
from integrations.domain.occurrences import Parcel
from integrations.domain.titles import NOT_OWED, Direction, TitleRow
from integrations.models import BlingConnection, PayableWrite, SyncRun, Title, WriteBatch
from integrations.pipeline.payables.entry import Entry, is_same_supplier
from integrations.rest.errors import IncompleteError

NEAR = timedelta(days=3)
"""How far apart two due dates may be of what is one payable."""
KNOWN_FOR = timedelta(hours=1)
"""How long what the last complete sync saw of Bling counts; later, Bling is asked itself."""


@dataclass(frozen=True)
class Duplicate:
    """Something that may be the same as one of an entry's titles: entered here (`write`), mirrored (`title`), or shown
    by Bling alone."""

    value: Decimal
    due_date: date
    write: PayableWrite | None = None
    title: Title | None = None
    bling_id: int | None = None

    def to_json(self) -> dict[str, object]:
        """Return what is kept of it."""
        found = {"write": self.write and self.write.pk, "title": self.title and self.title.pk, "bling": self.bling_id}
        return {"due_date": str(self.due_date), **{name: key for name, key in found.items() if key}}


def duplicates_of(
    connection: BlingConnection, entry: Entry, parcel: Parcel, *, shown: Sequence[TitleRow] = ()
) -> list[Duplicate]:
    """Return what may be the same as one title of an entry. `shown` are rows that Bling just listed."""
    start, end = around(parcel.due_date, parcel.due_date, NEAR)
    same = {"value": parcel.value, "due_date__range": (start, end)}
    found = [
        Duplicate(row.value, row.due_date, write=row)
        for row in entered(connection).filter(**same).select_related("batch")
        if is_same_supplier(
            entry.supplier, contact_id=row.known_contact, document=row.supplier_document, name=row.supplier_name
        )
    ]
    ours = {duplicate.write.bling_id for duplicate in found if duplicate.write is not None}
    titles = Title.objects.filter(connection=connection, direction=Direction.PAYABLE, replaced_by=None, **same)
    for title in titles.exclude(status__in=NOT_OWED).select_related("person"):
        person = title.person
        if (
            title.bling_id not in ours
            and person is not None
            and is_same_supplier(entry.supplier, contact_id=person.bling_id, document=person.document, name=person.name)
        ):
            found.append(Duplicate(title.value, title.due_date or start, title=title, bling_id=title.bling_id))
    known = ours | {duplicate.bling_id for duplicate in found}
    return found + list(_listed(entry, parcel, shown, (start, end), known))


def entered(connection: BlingConnection) -> QuerySet[PayableWrite]:
    """Return the payables that were entered and nobody took back."""
    rows = PayableWrite.objects.filter(connection=connection).exclude(state=DeliveryState.IGNORED)
    return rows.exclude(batch__state=WriteBatch.State.DISCARDED).select_related("supplier")


def _listed(
    entry: Entry, parcel: Parcel, shown: Iterable[TitleRow], span: tuple[date, date], known: set[int | None]
) -> Iterable[Duplicate]:
    for row in shown:
        is_near = row.due_date is not None and span[0] <= row.due_date <= span[1]
        is_same = row.value == parcel.value and row.contact_id == entry.supplier.contact_id
        if is_near and is_same and row.bling_id not in known and row.status not in NOT_OWED:
            yield Duplicate(row.value, row.due_date or span[0], bling_id=row.bling_id)


def is_to_be_asked(connection: BlingConnection, now: datetime) -> bool:
    """Say whether what is known of a connection's titles is too old to tell what Bling has."""
    complete = SyncRun.objects.filter(connection=connection, state=SyncRun.State.DONE)
    return not complete.filter(Q(ended_at__gte=now - KNOWN_FOR)).exists()


def listed_in_bling(client: BlingClient, entry: Entry) -> list[TitleRow]:
    """Return the payables of an entry's supplier that Bling lists around its due dates; none of a supplier that Bling
    does not have. Raises `IncompleteError` for a list that cannot be read whole."""
    if not entry.supplier.contact_id:
        return []
    dates = [parcel.due_date for parcel in entry.parcels()]
    start, end = around(min(dates), max(dates), NEAR)
    rows: list[TitleRow] = []
    while start <= end:
        until = min(end, around(start, start, timedelta(days=364))[1])
        listing = Listing(Direction.PAYABLE, "due", start, until, contact_id=entry.supplier.contact_id)
        for page in client.title_pages(listing):
            if page.odd:
                raise IncompleteError("a payable cannot be read", service="Bling", code="incomplete")
            rows += page
        start = until + timedelta(days=1)
    return rows
