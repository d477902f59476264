"""Payables that may be there already: in what people entered here, and in what Bling shows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Q, QuerySet

from integrations.bling.client import BlingClient, Listing
from integrations.domain.calendar import around
from integrations.domain.delivery import DeliveryState
from integrations.domain.documents import compact
from integrations.domain.names import fold
from integrations.domain.occurrences import Parcel, number_of
from integrations.domain.titles import NOT_OWED, Direction, TitleRow
from integrations.models import BlingConnection, PayableWrite, SyncRun, Title, WriteBatch
from integrations.pipeline.payables.entry import Entry, Supplier, is_same_supplier
from integrations.pipeline.to_bling.send import matching

NEAR = timedelta(days=3)
"""How far apart two due dates may be of what is one payable."""
KNOWN_FOR = timedelta(hours=1)
"""How long what the last complete sync saw of Bling counts; later, Bling is asked itself."""


@dataclass(frozen=True)
class Duplicate:
    """Something that may be the same as one of an entry's titles: entered here (`write`), mirrored (`title`), shown by
    Bling alone (`bling_id`), or another row of the same spreadsheet."""

    value: Decimal
    due_date: date
    write: PayableWrite | None = None
    title: Title | None = None
    bling_id: int | None = None
    row: int | None = None

    def to_json(self) -> dict[str, object]:
        """Return what is kept of it."""
        found = {
            "write": self.write and self.write.pk, "title": self.title and self.title.pk, "bling": self.bling_id,
            "row": self.row,
        }  # fmt: skip
        return {"due_date": str(self.due_date), **{name: key for name, key in found.items() if key}}


class Duplicates:
    """What may be the same as the titles of some entries, looked up once for all of them. `shown` are rows that Bling
    just listed."""

    def __init__(self, connection: BlingConnection, entries: Sequence[Entry], shown: Sequence[TitleRow] = ()) -> None:
        parcels = [parcel for entry in entries for parcel in entry.parcels()]
        self._writes: dict[Decimal, list[PayableWrite]] = {}
        self._titles: dict[Decimal, list[Title]] = {}
        self._shown = shown
        if not parcels:
            return
        days = [parcel.due_date for parcel in parcels]
        same = {
            "value__in": {parcel.value for parcel in parcels}, "due_date__range": around(min(days), max(days), NEAR)
        }  # fmt: skip
        for row in entered(connection).filter(**same):
            self._writes.setdefault(row.value, []).append(row)
        titles = Title.objects.filter(connection=connection, direction=Direction.PAYABLE, replaced_by=None, **same)
        for title in titles.exclude(status__in=NOT_OWED).select_related("person"):
            self._titles.setdefault(title.value, []).append(title)

    def of(self, entry: Entry, parcel: Parcel) -> list[Duplicate]:
        """Return what may be the same as one title of an entry."""
        number = number_of(entry.document_number, parcel.position, entry.installments)
        found = [
            Duplicate(row.value, row.due_date, write=row)
            for row in self._writes.get(parcel.value, [])
            if is_near(row.due_date, parcel.due_date) and may_be_same_number(number, row.document_number)
            and is_same_supplier(
                entry.supplier, contact_id=row.known_contact, document=row.supplier_document, name=row.supplier_name
            )
        ]  # fmt: skip
        ours = {duplicate.write.bling_id for duplicate in found if duplicate.write is not None}
        for title in self._titles.get(parcel.value, []):
            person, due = title.person, title.due_date
            if title.bling_id in ours or person is None or due is None or not is_near(due, parcel.due_date):
                continue
            is_same = is_same_supplier(
                entry.supplier, contact_id=person.bling_id, document=person.document, name=person.name
            )
            if is_same and may_be_same_number(number, title.document_number):
                found.append(Duplicate(title.value, due, title=title, bling_id=title.bling_id))
        known = ours | {duplicate.bling_id for duplicate in found}
        return found + list(_listed(parcel, self._shown, known))


def came_since(payables: Sequence[PayableWrite]) -> list[PayableWrite]:
    """Return those of one account's payables that Bling may have by now, under a number that nobody saw when they were
    entered. What was entered here since was compared with them then."""
    entries = [_entry_of(payable) for payable in payables]
    known = Duplicates(payables[0].connection, entries) if payables else None
    found = []
    for payable, entry in zip(payables, entries, strict=True):
        seen = {one.get("bling") for one in payable.duplicates}
        same = known.of(entry, *entry.parcels()) if known else []
        if any(one.write is None and one.bling_id not in seen for one in same):
            found.append(payable)
    return found


def _entry_of(payable: PayableWrite) -> Entry:
    """Return what is compared of one title that was entered."""
    desired = payable.get_desired()
    supplier = Supplier(payable.supplier_name, payable.supplier_document, payable.known_contact)
    return Entry(
        supplier, payable.value, payable.due_date, desired.issue_date, desired.competence_date, payable.document_number
    )


def is_near(one: date, other: date) -> bool:
    """Say whether two due dates may be those of one payable."""
    return abs(one - other) <= NEAR


def may_be_same_number(one: str, other: str) -> bool:
    """Say whether two document numbers may be those of one payable: they are the same, or one has none."""
    return not one.strip() or not other.strip() or fold(one) == fold(other)


def entered(connection: BlingConnection) -> QuerySet[PayableWrite]:
    """Return the payables that were entered and nobody took back."""
    rows = PayableWrite.objects.filter(connection=connection).exclude(state=DeliveryState.IGNORED)
    return rows.exclude(batch__state=WriteBatch.State.DISCARDED).select_related("supplier", "batch")


def _listed(parcel: Parcel, shown: Iterable[TitleRow], known: set[int | None]) -> Iterable[Duplicate]:
    for row in shown:
        due = row.due_date
        is_owed = row.status not in NOT_OWED and row.bling_id not in known
        if row.value == parcel.value and is_owed and due is not None and is_near(due, parcel.due_date):
            yield Duplicate(row.value, due, bling_id=row.bling_id)


def is_to_be_asked(connection: BlingConnection, now: datetime) -> bool:
    """Say whether what is known of a connection's titles is too old to tell what Bling has."""
    complete = SyncRun.objects.filter(connection=connection, state=SyncRun.State.DONE)
    return not complete.filter(Q(ended_at__gte=now - KNOWN_FOR)).exists()


def listed_in_bling(client: BlingClient, entry: Entry) -> list[TitleRow]:
    """Return the payables of an entry's supplier that Bling lists around its due dates, at whichever contacts it has
    there. Raises `IncompleteError` for a list that cannot be read whole."""
    dates = [parcel.due_date for parcel in entry.parcels()]
    period = around(min(dates), max(dates), NEAR)
    return [row for contact_id in _contacts_of(client, entry.supplier) for row in _rows_of(client, contact_id, *period)]


def _contacts_of(client: BlingClient, supplier: Supplier) -> list[int]:
    """Return the contacts that may be a supplier: the chosen one, and those with its CPF/CNPJ; of a new one, also those
    with its name that have none."""
    chosen = [supplier.contact_id] if supplier.contact_id else []
    desired = supplier.to_contact()
    rows = matching(client, desired) if desired.document or not chosen else []
    if desired.document and not chosen:
        named = matching(client, replace(desired, document=""))
        rows += [row for row in named if not compact(row.numero_documento)]
    return list(dict.fromkeys([*chosen, *(row.id for row in rows)]))


def _rows_of(client: BlingClient, contact_id: int, start: date, end: date) -> list[TitleRow]:
    rows: list[TitleRow] = []
    while start <= end:
        until = min(end, around(start, start, timedelta(days=364))[1])
        for page in client.title_pages(Listing(Direction.PAYABLE, "due", start, until, contact_id=contact_id)):
            rows += page.whole("GET /contas/pagar")
        start = until + timedelta(days=1)
    return rows
