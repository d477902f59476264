"""Requests of programs that were made before: the same one again, or one that may be the same bill."""

from datetime import datetime, timedelta

from django.db.models import Max, Q, QuerySet

from integrations.domain.occurrences import Parcel, number_of
from integrations.models import ApiKey, BlingAttempt, BlingConnection, PayableWrite, WriteBatch
from integrations.models.payable_queries import refused_whole
from integrations.pipeline.payables.duplicates import Duplicate, Duplicates, entered
from integrations.pipeline.payables.entry import Entry, is_same_supplier
from integrations.pipeline.payables.outcome import Ended, end_refused, outcome_of

WITHOUT_NUMBER = timedelta(minutes=10)
"""Within which a request without a document number is taken for the same one."""


def window_of(key: ApiKey, document_number: str) -> timedelta:
    """Return for how long a request counts as the same after it was booked."""
    return timedelta(hours=key.window_hours) if document_number else WITHOUT_NUMBER


def same_request(key: ApiKey, fingerprint: str, document_number: str, now: datetime) -> WriteBatch | None:
    """Return the batch that a request has made before, whichever key sent it: one that has not ended, or has lately, or
    that Bling refused without anybody having been told."""
    batches = _bridged(key.connection).filter(fingerprint=fingerprint).order_by("-created_at", "-pk")
    batch = batches.first()
    return batch if batch is not None and _counts(batch, window_of(key, document_number), now) else None


def held_by(key: ApiKey, entry: Entry, now: datetime) -> list[Duplicate]:
    """Return what may be the same bill as an entry of a program, so that a person decides.

    Of what programs sent: the same supplier and due date, with the same number, or the same value where one has no
    number, as long as that request has not ended or its window lasts; later the same bill is a new one, as in v2.
    Of everything else what `Duplicates` finds, unless both have numbers that differ.
    """
    found: list[Duplicate] = []
    window, known = window_of(key, entry.document_number), Duplicates(key.connection, [entry])
    for parcel in entry.parcels():
        number = number_of(entry.document_number, parcel.position, len(entry.parcels()))
        found += [
            duplicate for duplicate in known.of(entry, parcel)
            if _may_be(duplicate, parcel, number, window, now)
        ]  # fmt: skip
        found += _changed(key.connection, entry, parcel, number, window, now)
    return found


def _may_be(duplicate: Duplicate, parcel: Parcel, number: str, window: timedelta, now: datetime) -> bool:
    write, title = duplicate.write, duplicate.title
    other = write.document_number if write is not None else title.document_number if title is not None else ""
    if number and other and number != other:
        return False
    if write is None or write.batch.source != WriteBatch.Source.BRIDGE:
        return True
    return write.due_date == parcel.due_date and _holds(write.batch, window, now)


def _changed(
    connection: BlingConnection, entry: Entry, parcel: Parcel, number: str, window: timedelta, now: datetime
) -> list[Duplicate]:
    """Return rows of programs with the number and due date of a title, and another value."""
    if not number:
        return []
    rows = entered(connection).filter(
        batch__source=WriteBatch.Source.BRIDGE, due_date=parcel.due_date, document_number=number
    )
    return [
        Duplicate(row.value, row.due_date, write=row)
        for row in rows.exclude(value=parcel.value).select_related("batch", "supplier")
        if is_same_supplier(
            entry.supplier, contact_id=row.known_contact, document=row.supplier_document, name=row.supplier_name
        )
        and _holds(row.batch, window, now)
    ]


def _bridged(connection: BlingConnection) -> QuerySet[WriteBatch]:
    """Return the batches of programs that requests may be about: what Bling refused whole is asked for anew, what a
    person discarded is not."""
    rows = WriteBatch.objects.filter(connection=connection, source=WriteBatch.Source.BRIDGE)
    return rows.exclude(pk__in=refused_whole().filter(connection=connection))


def _counts(batch: WriteBatch, window: timedelta, now: datetime) -> bool:
    """Say whether a batch is still what a request like it is about."""
    is_over = outcome_of(batch).ended in (Ended.BOOKED, Ended.LEFT_OUT)
    return not is_over or now - _ended_at(batch) < window


def _holds(batch: WriteBatch, window: timedelta, now: datetime) -> bool:
    """Say whether a batch holds another request that may be the same bill. One that Bling refused does not, and is
    ended by it: nobody is to send it any more."""
    return not end_refused(batch) and _counts(batch, window, now)


def _ended_at(batch: WriteBatch) -> datetime:
    """Return when a batch ended: its last write, a person's last decision, or its last confirmation."""
    about = Q(payable__batch=batch) | Q(contact__payables__batch=batch)
    written = BlingAttempt.objects.filter(about).aggregate(at=Max("ended_at"))["at"]
    decided = PayableWrite.objects.filter(batch=batch).aggregate(at=Max("decided_at"))["at"]
    moments: list[datetime] = [at for at in (batch.created_at, batch.answered_at, written, decided) if at is not None]
    return max(moments)
