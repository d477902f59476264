"""Accept what people entered: everything is stored at once, under the account's lock, and sent later."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from integrations.domain.delivery import DeliveryState
from integrations.domain.money import ZERO
from integrations.domain.names import fold
from integrations.domain.occurrences import times_a_year
from integrations.domain.payables import MOST_NAME, new_marker
from integrations.domain.reasons import Reason
from integrations.domain.titles import TitleRow
from integrations.models import ApiKey, BlingConnection, BlingWriting, ContactWrite, PayableWrite, WriteBatch, WriteMode
from integrations.models.locks import lock_until_commit
from integrations.models.outbox import NO_REASON, Priority
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.payables.duplicates import Duplicate, Duplicates
from integrations.pipeline.payables.entry import Entry, Supplier

OF_A_DAY = timedelta(hours=24)


@dataclass(frozen=True)
class Accepted:
    """What is to be stored of one entry. `shown` are rows that Bling just listed of its supplier; `denied` the possible
    duplicates that a person saw and says are others: what came since, such as the same form sent twice, is none. `held`
    are those that were found of what nobody can be asked about now (a program's): with one, it is stored, and a person
    decides later."""

    entry: Entry
    denied: Sequence[Duplicate] = ()
    shown: Sequence[TitleRow] = field(default_factory=tuple)
    held: Sequence[Duplicate] | None = None


def writing_of(connection: BlingConnection) -> BlingWriting:
    """Return the switch of an account that may be written to, at least in simulation. Raises `Refused`."""
    writing = BlingWriting.objects.filter(connection=connection).exclude(mode=WriteMode.OFF).first()
    if writing is None:
        raise Refused("off", _("Writing into this Bling account is switched off."))
    return writing


def accept(
    *,
    connection: BlingConnection,
    accepted: Sequence[Accepted],
    source: WriteBatch.Source,
    now: datetime,
    user: User | None = None,
    api_key: ApiKey | None = None,
    fingerprint: str = "",
    file_name: str = "",
) -> WriteBatch:
    """Store entries whose faults were looked for before, of a person (`user`) or a program (`api_key`). Raises
    `Refused` where the account is not written to, or an entry has possible duplicates that its person did not see."""
    rows = [(one, parcel) for one in accepted for parcel in one.entry.parcels()]
    total = sum((parcel.value for _one, parcel in rows), ZERO)
    counted = sum((parcel.value * times_a_year(one.entry.recurrence) for one, parcel in rows), ZERO)
    with transaction.atomic():
        lock(connection)
        writing = writing_of(connection)
        state = WriteBatch.State.SENDING
        if user is not None and _is_above(writing, user, counted, now):
            state = WriteBatch.State.AWAITING
        batch = WriteBatch.objects.create(
            connection=connection, source=source, state=state, count=len(rows), total=total, limit_amount=counted,
            user=user, created_at=now, file_name=file_name[:255], api_key=api_key, fingerprint=fingerprint,
        )  # fmt: skip
        known = Duplicates(connection, [one.entry for one in accepted], [row for one in accepted for row in one.shown])
        for one in accepted:
            _store(batch, one, known, now)
    return batch


def lock(connection: BlingConnection) -> None:
    """Let entries of one account follow one another, so that each sees those before it. Ends with the transaction."""
    lock_until_commit(f"payables {connection.pk}")


def _is_above(writing: BlingWriting, user: User, counted: Decimal, now: datetime) -> bool:
    """Say whether a person entered more in 24 hours than one alone may."""
    if writing.limit is None:
        return False
    before = WriteBatch.objects.filter(
        connection=writing.connection_id, user=user, created_at__gt=now - OF_A_DAY, approved_by=None
    ).exclude(state=WriteBatch.State.DISCARDED)
    entered: Decimal = before.aggregate(found=Sum(Coalesce("limit_amount", "total")))["found"] or ZERO
    return entered + counted > writing.limit


def _store(batch: WriteBatch, one: Accepted, known: Duplicates, now: datetime) -> None:
    entry, connection = one.entry, batch.connection
    parcels = entry.parcels()
    series = uuid4() if len(parcels) > 1 else None
    found = [known.of(entry, parcel) if one.held is None else list(one.held) for parcel in parcels]
    denied = [duplicate.to_json() for duplicate in one.denied]
    unseen = [duplicate for duplicates in found for duplicate in duplicates if duplicate.to_json() not in denied]
    if unseen and one.held is None:
        raise Refused("duplicate", _("There may be the same payable already. Look at it, and say that it is another."))
    supplier = None if entry.supplier.contact_id else _supplier(connection, entry.supplier, now)
    is_confirmed = batch.state == WriteBatch.State.SENDING
    state: dict[str, Any] = {"state": DeliveryState.READY if is_confirmed else DeliveryState.HELD}
    if one.held:
        state = {"state": DeliveryState.NEEDS_HUMAN, "reason": Reason.POSSIBLE_DUPLICATE, "reason_since": now}
    units = []
    for parcel, duplicates in zip(parcels, found, strict=True):
        marker = new_marker()
        desired = entry.desired(parcel, marker)
        units.append(
            PayableWrite(
                batch=batch, connection=connection, supplier=supplier, contact_id=entry.supplier.contact_id,
                supplier_name=entry.supplier.name, supplier_document=entry.supplier.document, value=parcel.value,
                due_date=parcel.due_date, document_number=desired.document_number, category_id=entry.category_id,
                marker=marker, series=series, position=parcel.position, of=len(parcels), accepted_at=now,
                duplicates=[duplicate.to_json() for duplicate in duplicates], create_anyway=bool(denied),
                desired=desired.to_json(), desired_fingerprint=desired.fingerprint, priority=Priority.PERSON,
                ready_at=now, planned_at=now, **state,
            )
        )  # fmt: skip
    PayableWrite.objects.bulk_create(units)


def _supplier(connection: BlingConnection, supplier: Supplier, now: datetime) -> ContactWrite:
    """Return the row of a supplier that is to be found or created, made now where there is none yet. One that Bling
    refused as it was entered before is tried again as it is entered now."""
    folded = fold(supplier.name)[:MOST_NAME]  # some letters become several
    by = {"document": supplier.document} if supplier.document else {"document": "", "folded_name": folded}
    desired = supplier.to_contact()
    row, is_new = ContactWrite.objects.get_or_create(
        connection=connection, **by,
        defaults={
            "name": desired.name, "folded_name": folded, "state": DeliveryState.READY,
            "desired": desired.to_json(), "desired_fingerprint": desired.fingerprint, "priority": Priority.PERSON,
            "ready_at": now, "planned_at": now,
        },
    )  # fmt: skip
    if not is_new:
        refused = ContactWrite.objects.filter(pk=row.pk, state=DeliveryState.NEEDS_HUMAN, reason=Reason.REFUSED)
        refused.exclude(desired_fingerprint=desired.fingerprint).update(
            state=DeliveryState.READY, ready_at=now, tries=0, desired=desired.to_json(),
            desired_fingerprint=desired.fingerprint, **NO_REASON,
        )  # fmt: skip
    return row
