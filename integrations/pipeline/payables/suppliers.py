"""Suppliers that rows of a spreadsheet name: those that are known already, and who is most like one that is not."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from integrations.domain.classification import Target
from integrations.domain.names import fold
from integrations.domain.suggestions import Suggestions
from integrations.models import BlingConnection, ContactWrite, Person
from integrations.pipeline.payables.entry import Supplier

NEAREST = 3


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
    return {name: [one.target.name for one in known.nearest([name], NEAREST)] for name in names}


def _persons(connection: BlingConnection) -> QuerySet[Any]:
    return Person.objects.filter(connection=connection, forgotten_at=None)
