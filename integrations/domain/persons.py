"""Customers and suppliers: what we would write about one, and how it merges with what Kamino has."""

from dataclasses import dataclass, fields, replace

from integrations.domain.bodies import StoredBody
from integrations.domain.documents import DocumentKind, compact, kind_of
from integrations.domain.reasons import Problem, Reason
from integrations.domain.titles import PersonFacts


@dataclass(frozen=True)
class DesiredPerson(StoredBody):
    """A Kamino person. `document` is compact; bank and PIX data are deliberately not part of it."""

    code: str
    name: str
    document: str = ""
    trade_name: str = ""
    email: str = ""
    street: str = ""
    number: str = ""
    complement: str = ""
    district: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    is_customer: bool = False
    is_supplier: bool = False

    @property
    def settles(self) -> bool:
        return False


def desire_person(
    person: PersonFacts, *, is_customer: bool, is_supplier: bool, prefix: str = ""
) -> tuple[DesiredPerson | None, list[Problem]]:
    """Return what Kamino should hold for a contact; a wrong CPF/CNPJ is a problem, an absent one is not."""
    if kind_of(person.document) is DocumentKind.INVALID and person.kind != "E":
        return None, [Problem(Reason.INVALID_DOCUMENT, {"name": person.name})]
    return (
        DesiredPerson(
            code=f"{prefix}{person.bling_id}",
            name=person.name.strip() or f"Contato Bling {person.bling_id}",
            document=compact(person.document),
            trade_name=person.trade_name,
            email=person.email,
            street=person.street,
            number=person.number,
            complement=person.complement,
            district=person.district,
            city=person.city,
            state=person.state,
            postal_code=person.postal_code,
            is_customer=is_customer,
            is_supplier=is_supplier,
        ),
        [],
    )


def merge(desired: DesiredPerson, existing: DesiredPerson, written: DesiredPerson | None) -> DesiredPerson:
    """Fill blanks of an existing person and overwrite only fields that we wrote and nobody changed since.

    `written` is what we last wrote (`None`: never). Customer and supplier marks are only ever added; the document of
    an existing person is never changed.
    """
    changes: dict[str, object] = {}
    for field in fields(DesiredPerson):
        name = field.name
        ours, theirs = getattr(desired, name), getattr(existing, name)
        is_known = written is not None and name != "document" and not written.lacks(name)
        if field.compare and (field.type is bool or not theirs or (is_known and getattr(written, name) == theirs)):
            changes[name] = ours or theirs
    return replace(existing, **changes)  # type: ignore[arg-type]
