"""Suppliers of payables for Bling: those that are known already, who is most like one that is not, and the rows of
those that are to be found or created."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
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
from integrations.models.outbox import NO_REASON, Priority
from integrations.pipeline.payables.entry import Supplier

NEAREST = 3
ALIKE = 60
"""Likeness of names in percent, from which on one may be the other, mistyped."""
AT_ONCE = 500
"""Rows of one statement."""


@dataclass
class KnownSuppliers:
    """Contacts of a connection that titles name or that were created in Bling: persons by CPF/CNPJ, and all the
    numbers and names, folded. Not every contact of Bling is among them."""

    persons: dict[str, list[Person]] = field(default_factory=dict)
    documents: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)

    def person_of(self, document: str) -> Person | None:
        """Return the one person that has a CPF/CNPJ; `None` where there is none, or several."""
        found = self.persons.get(document, []) if document else []
        return found[0] if len(found) == 1 else None

    def knows(self, supplier: Supplier) -> bool:
        """Say whether a supplier is known: by its CPF/CNPJ where it has one, else by exactly its name."""
        if supplier.contact_id or supplier.document:
            return bool(supplier.contact_id) or supplier.document in self.documents
        return fold(supplier.name) in self.names


def known_suppliers(connection: BlingConnection, documents: Collection[str]) -> KnownSuppliers:
    """Return the suppliers of a connection that are known, with the persons of some CPF/CNPJ."""
    found = KnownSuppliers()
    persons = _persons(connection)
    for person in persons.filter(document__in=set(documents) - {""}):
        found.persons.setdefault(person.document, []).append(person)
    created = ContactWrite.objects.filter(connection=connection, bling_id__isnull=False)
    for document, name in [*persons.values_list("document", "name"), *created.values_list("document", "name")]:
        found.documents.add(document)
        found.names.add(fold(name))
    return found


def nearest_names(connection: BlingConnection, names: Iterable[str]) -> dict[str, list[str]]:
    """Return for each name those of known contacts that are most like it, the best first."""
    known = Suggestions(Target(name, name) for name in set(_persons(connection).values_list("name", flat=True)))
    return {name: [one.target.name for one in known.nearest([name], NEAREST, ALIKE)] for name in names}


def nearest_persons(connection: BlingConnection, name: str) -> list[int]:
    """Return Bling's ids of the known contacts whose names are most like one, the best first."""
    rows = _persons(connection).values_list("bling_id", "name")
    known = Suggestions(Target(str(bling_id), known_name) for bling_id, known_name in rows)
    return [int(one.target.kamino_id) for one in known.nearest([name], NEAREST, ALIKE)]


def _persons(connection: BlingConnection) -> QuerySet[Any]:
    return Person.objects.filter(connection=connection, forgotten_at=None)


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
        connection=connection, document=key[0], name=desired.name, folded_name=fold(desired.name)[:MOST_NAME],
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
