"""Accept what people entered: everything is stored at once, under the account's lock, and sent later."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from integrations.domain.delivery import DeliveryState
from integrations.domain.money import ZERO
from integrations.domain.occurrences import times_a_year
from integrations.domain.payables import new_marker
from integrations.domain.reasons import Reason
from integrations.domain.titles import TitleRow
from integrations.models import ApiKey, BlingConnection, BlingWriting, ContactWrite, PayableWrite, WriteBatch, WriteMode
from integrations.models.locks import lock_until_commit
from integrations.models.outbox import Priority
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.payables.duplicates import Duplicate, Duplicates
from integrations.pipeline.payables.entry import Entry
from integrations.pipeline.payables.suppliers import AT_ONCE, Key, key_of, wanted_suppliers

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
        limit, mine = (writing.limit, Q(user=user)) if api_key is None else (api_key.limit, Q(api_key=api_key))
        if limit is not None and entered_within_a_day(connection, mine, now) + counted > limit:
            state = WriteBatch.State.AWAITING
        batch = WriteBatch.objects.create(
            connection=connection, source=source, state=state, count=len(rows), total=total, limit_amount=counted,
            user=user, created_at=now, file_name=file_name[:255], api_key=api_key, fingerprint=fingerprint,
        )  # fmt: skip
        known = Duplicates(connection, [one.entry for one in accepted], [row for one in accepted for row in one.shown])
        suppliers = wanted_suppliers(connection, [one.entry.supplier for one in accepted], now)
        units = [_units(batch, one, suppliers, known, now) for one in accepted]
        PayableWrite.objects.bulk_create((unit for each in units for unit in each), batch_size=AT_ONCE)
    return batch


def lock(connection: BlingConnection) -> None:
    """Let entries of one account follow one another, so that each sees those before it. Ends with the transaction."""
    lock_until_commit(f"payables {connection.pk}")


def entered_within_a_day(connection: BlingConnection, mine: Q, now: datetime) -> Decimal:
    """Return how much a person or a program entered within 24 hours that no second person confirmed."""
    rows = WriteBatch.objects.filter(mine, connection=connection, created_at__gt=now - OF_A_DAY, approved_by=None)
    rows = rows.exclude(state=WriteBatch.State.DISCARDED)
    entered: Decimal = rows.aggregate(found=Sum(Coalesce("limit_amount", "total")))["found"] or ZERO
    return entered


def _units(
    batch: WriteBatch, one: Accepted, suppliers: Mapping[Key, ContactWrite], known: Duplicates, now: datetime
) -> list[PayableWrite]:
    """Return the rows of an entry, not stored yet. Raises `Refused` for possible duplicates that nobody saw."""
    entry = one.entry
    supplier = None if entry.supplier.contact_id else suppliers[key_of(entry.supplier)]
    parcels = entry.parcels()
    series = uuid4() if len(parcels) > 1 else None
    found = [known.of(entry, parcel) if one.held is None else list(one.held) for parcel in parcels]
    denied = [duplicate.to_json() for duplicate in one.denied]
    unseen = [duplicate for duplicates in found for duplicate in duplicates if duplicate.to_json() not in denied]
    if unseen and one.held is None:
        raise Refused("duplicate", _("There may be the same payable already. Look at it, and say that it is another."))
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
                batch=batch, connection=batch.connection, supplier=supplier, contact_id=entry.supplier.contact_id,
                supplier_name=entry.supplier.name, supplier_document=entry.supplier.document, value=parcel.value,
                due_date=parcel.due_date, document_number=desired.document_number, category_id=entry.category_id,
                marker=marker, series=series, position=parcel.position, of=len(parcels), accepted_at=now,
                duplicates=[duplicate.to_json() for duplicate in duplicates], create_anyway=bool(denied),
                desired=desired.to_json(), desired_fingerprint=desired.fingerprint, priority=Priority.PERSON,
                ready_at=now, planned_at=now, **state,
            )
        )  # fmt: skip
    return units
