"""Customers and suppliers: what we would write about one, and how it merges with what Kamino has."""

from dataclasses import dataclass, fields, replace

from integrations.domain.bodies import StoredBody
from integrations.domain.documents import DocumentKind, compact, kind_of
from integrations.domain.names import fold
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


def document_to_hold(ours: str, known: str | None, kept: str) -> str:
    """Return which document (compact) a linked Kamino person should have.

    `ours` is what Bling shows, `known` what Kamino's person is known to have (`None`: nothing is known), `kept` the one
    of Bling that a person called wrong. What is no CPF or CNPJ says nothing against Kamino's.
    """
    is_silent = kind_of(ours) not in (DocumentKind.CPF, DocumentKind.CNPJ) or ours == kept
    return known if known and is_silent else ours


def is_of_another(wanted: str, theirs: str | None) -> bool:
    """Say whether a Kamino person with the document `theirs` may be somebody else than the one with `wanted`: it has
    another one, or nobody knows which it has (`None`)."""
    return bool(wanted) and theirs != "" and theirs != wanted


ADDRESS = ("street", "number", "complement", "district", "city", "state", "postal_code")
"""An address is one thing: its parts are never mixed with those of another one."""


def merge(desired: DesiredPerson, existing: DesiredPerson, written: DesiredPerson | None) -> DesiredPerson:
    """Fill blanks of an existing person and overwrite only fields that we wrote and nobody changed since.

    `written` is what we last wrote (`None`: never). Customer and supplier marks are only ever added; the document of
    an existing person is never changed. An address is kept or replaced as a whole.
    """
    changes: dict[str, object] = {}
    for field in fields(DesiredPerson):
        name = field.name
        ours, theirs = getattr(desired, name), getattr(existing, name)
        is_known = written is not None and name != "document" and not written.lacks(name)
        if not field.compare or name in ADDRESS:
            continue
        if field.type is bool or not theirs or (is_known and getattr(written, name) == theirs):
            changes[name] = ours or theirs
    return replace(existing, **changes, **_merged_address(desired, existing, written))  # type: ignore[arg-type]


def _merged_address(desired: DesiredPerson, existing: DesiredPerson, written: DesiredPerson | None) -> dict[str, str]:
    """Return the address that Kamino should have: ours, where Kamino's is the one which we wrote; Kamino's with its
    blanks filled, where the two say the same; else Kamino's."""
    ours, theirs = _address(desired), _address(existing)
    if all(part in ("", mine) for part, mine in zip(theirs, ours, strict=True)):
        return {name: getattr(existing, name) or getattr(desired, name) for name in ADDRESS}
    is_known = written is not None and not any(written.lacks(name) for name in ADDRESS)
    if any(ours) and is_known and written is not None and _address(written) == theirs:
        return {name: getattr(desired, name) for name in ADDRESS}
    return {}


def _address(person: DesiredPerson) -> list[str]:
    """Return the parts of an address as they are compared: without case, accents and punctuation."""
    return [compact(fold(getattr(person, name))) for name in ADDRESS]
