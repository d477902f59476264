"""Both sides of a customer, field by field, as its page and the choice of its data show them."""

from dataclasses import dataclass
from enum import StrEnum

from integrations.domain.contact_merge import FIELDS, Difference
from integrations.domain.payables import DesiredContact
from integrations.models import CustomerWrite


class Fate(StrEnum):
    """EQUAL. OPEN: a person says whose counts. SYSTEM, BLING: theirs counts. WRITTEN_NEXT: the system's is written, or
    would be. KEPT: what Bling has stays, for the system said nothing new. DIFFERS: a document, which nothing here
    changes. UNREAD: Bling was not looked at yet."""

    EQUAL = "equal"
    OPEN = "open"
    SYSTEM = "system"
    BLING = "bling"
    WRITTEN_NEXT = "written_next"
    KEPT = "kept"
    DIFFERS = "differs"
    UNREAD = "unread"


@dataclass(frozen=True)
class FieldSides:
    """What the system says of a field, what Bling showed at the last look, what the two last agreed on, and what
    follows."""

    field: str
    system: str
    bling: str
    agreed: str
    fate: Fate


def sides_of(customer: CustomerWrite) -> list[FieldSides]:
    """Return the fields that one of the sides has; none of a customer whose data were erased."""
    if not customer.desired:
        return []
    told, agreed, seen = customer.get_desired(), customer.get_delivered(), customer.seen or {}
    shown = DesiredContact.from_json(seen["shown"]) if seen else agreed.shown if agreed else None
    wanted = DesiredContact.from_json(seen["wanted"]) if seen else None
    differences = {one.field: one for one in differences_of(customer)}
    found = []
    for name in ("document", *FIELDS):
        ours, theirs = getattr(told, name), getattr(shown, name) if shown else ""
        if ours or theirs:
            is_agreed = agreed is not None and name not in differences
            before = getattr(agreed.shown, name) if agreed is not None and is_agreed else ""
            fate = (
                Fate.DIFFERS
                if name == "document" and ours not in ("", theirs)
                else _fate(ours, theirs, getattr(wanted, name) if wanted else theirs, differences.get(name))
            )
            found.append(FieldSides(name, ours, theirs, before, fate if shown else Fate.UNREAD))
    return found


def differences_of(customer: CustomerWrite) -> list[Difference]:
    """Return on which fields the two differ, by the last look that was not sent since, else as they last stood."""
    if customer.seen:
        return [Difference.from_json(one) for one in customer.seen["differences"]]
    agreed = customer.get_delivered()
    return list(agreed.differences) if agreed is not None else []


def _fate(ours: str, theirs: str, wanted: str, difference: Difference | None) -> Fate:
    if wanted != theirs:
        return Fate.WRITTEN_NEXT
    if difference is not None:
        return Fate(difference.won) if difference.won else Fate.OPEN
    return Fate.EQUAL if ours == theirs else Fate.KEPT
