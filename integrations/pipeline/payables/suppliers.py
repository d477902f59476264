"""Suppliers of payables for Bling: those that are known already, who is most like one that is not, and the rows of
those that are to be found or created."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from integrations.domain.classification import Target
from integrations.domain.delivery import DeliveryState
from integrations.domain.names import fold
from integrations.domain.payables import MOST_NAME, DesiredContact
from integrations.domain.reasons import Reason
from integrations.domain.suggestions import Suggestions
from integrations.models import BlingConnection, ContactWrite, Person
from integrations.models.confidential import Sight
from integrations.models.outbox import NO_REASON, Priority
from integrations.pipeline.payables.entry import Supplier

NEAREST = 3
ALIKE = 60
"""Likeness of names in percent, from which on one may be the other, mistyped."""
AT_ONCE = 500
"""Rows of one statement."""


@dataclass(frozen=True)
class Known:
    """A contact of Bling that a title names, or that was created there."""

    contact_id: int
    name: str


class KnownSuppliers:
    """Contacts of a connection that titles name or that were created in Bling, by CPF/CNPJ and by folded name. Not
    every contact of Bling is among them."""

    def __init__(self) -> None:
        self._documents: dict[str, dict[int, Known]] = {}
        self._names: dict[str, dict[int, Known]] = {}

    def add(self, contact_id: int, name: str, document: str) -> None:
        known = Known(contact_id, name)
        self._names.setdefault(fold(name), {})[contact_id] = known
        if document:
            self._documents.setdefault(document, {})[contact_id] = known

    def find(self, name: str, document: str) -> Known | None:
        """Return the one contact that is meant, by the CPF/CNPJ where there is one, else by the name; `None` where
        there is none, or several."""
        found = self._documents.get(document, {}) if document else self._names.get(fold(name), {})
        return next(iter(found.values())) if len(found) == 1 else None


def known_suppliers(connection: BlingConnection) -> KnownSuppliers:
    """Return the suppliers of a connection that are known."""
    found = KnownSuppliers()
    created = ContactWrite.objects.filter(connection=connection, bling_id__isnull=False)
    persons = Person.objects.filter(connection=connection, forgotten_at=None)
    for rows in (created, persons):  # what Bling shows counts last
        for contact_id, name, document in rows.values_list("bling_id", "name", "document"):
            found.add(contact_id or 0, name, document)
    return found


def nearest_names(connection: BlingConnection, names: Iterable[str], sight: Sight) -> dict[str, list[str]]:
    """Return for each name those of known contacts, as far as somebody may see them, that are most like it, the best
    first."""
    known = Suggestions(Target(name, name) for name in set(_seen(connection, sight).values_list("name", flat=True)))
    return {name: [one.target.name for one in known.nearest([name], NEAREST, ALIKE)] for name in names}


def nearest_persons(connection: BlingConnection, name: str, sight: Sight) -> list[int]:
    """Return Bling's ids of the known contacts, as far as somebody may see them, whose names are most like one, the
    best first."""
    rows = _seen(connection, sight).values_list("bling_id", "name")
    known = Suggestions(Target(str(bling_id), known_name) for bling_id, known_name in rows)
    return [int(one.target.kamino_id) for one in known.nearest([name], NEAREST, ALIKE)]


def _seen(connection: BlingConnection, sight: Sight) -> QuerySet[Any]:
    found: QuerySet[Any] = sight.of(Person.objects.filter(connection=connection, forgotten_at=None))
    return found


Key = tuple[str, str]
"""What one row of a supplier stands for: a CPF/CNPJ, or a folded name without one."""


def key_of(supplier: Supplier) -> Key:
    # Some letters become several when they are folded.
    return (supplier.document, "") if supplier.document else ("", fold(supplier.name)[:MOST_NAME])


def wanted_suppliers(
    connection: BlingConnection, suppliers: Sequence[Supplier], now: datetime
) -> dict[Key, ContactWrite]:
    """Return the rows of those suppliers whose contact is not known, by `key_of`; made now where there is none yet. One
    that Bling refused as it was entered before is tried again as it is entered now. To be called under `accept.lock`.
    """
    wanted: dict[Key, list[DesiredContact]] = {}
    for supplier in suppliers:
        if not supplier.contact_id:
            wanted.setdefault(key_of(supplier), []).append(supplier.to_contact())
    documents, names = {document for document, _name in wanted} - {""}, {name for _document, name in wanted} - {""}
    of_them = Q(document__in=documents) | Q(document="", folded_name__in=names)
    rows = {_key(row): row for row in ContactWrite.objects.filter(of_them, connection=connection)} if wanted else {}
    for key, row in rows.items():
        _try_again(row, wanted[key], now)
    made = [_row(connection, key, desired[0], now) for key, desired in wanted.items() if key not in rows]
    return rows | {_key(row): row for row in ContactWrite.objects.bulk_create(made, batch_size=AT_ONCE)}


def _key(row: ContactWrite) -> Key:
    return (row.document, "") if row.document else ("", row.folded_name)


def _row(connection: BlingConnection, key: Key, desired: DesiredContact, now: datetime) -> ContactWrite:
    return ContactWrite(
        connection=connection, document=key[0], name=desired.name, folded_name=key[1] or fold(desired.name)[:MOST_NAME],
        state=DeliveryState.READY, desired=desired.to_json(), desired_fingerprint=desired.fingerprint,
        priority=Priority.PERSON, ready_at=now, planned_at=now,
    )  # fmt: skip


def _try_again(row: ContactWrite, entered: Sequence[DesiredContact], now: datetime) -> None:
    if row.state != DeliveryState.NEEDS_HUMAN or row.reason != Reason.REFUSED:
        return
    other = next((desired for desired in entered if desired.fingerprint != row.desired_fingerprint), None)
    if other is not None:
        refused = ContactWrite.objects.filter(pk=row.pk, state=DeliveryState.NEEDS_HUMAN, reason=Reason.REFUSED)
        refused.update(
            state=DeliveryState.READY, ready_at=now, tries=0, desired=other.to_json(),
            desired_fingerprint=other.fingerprint, **NO_REASON,
        )  # fmt: skip
