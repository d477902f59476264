"""A contact that Bling and another system both change: what becomes of each field.

Each side is compared with what it said itself when the two last agreed, so that the way in which one of them writes a
number is no change of it. A blank never wins, and a document is not among the fields: it is never changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self

from integrations.domain.documents import compact
from integrations.domain.names import fold
from integrations.domain.payables import DesiredContact
from integrations.domain.persons import ADDRESS
from integrations.domain.telephones import telephone

FIELDS = ("name", "trade_name", "state_registration", "email", "phone", "mobile", *ADDRESS)
"""What is kept equal."""
_COMPACT = ("state_registration", "postal_code")
_TELEPHONES = ("phone", "mobile")


class Side(StrEnum):
    SYSTEM = "system"
    BLING = "bling"


@dataclass(frozen=True)
class Difference:
    """A field on which the two do not agree, with what each of them has. `won` is the side that counts, "" while a
    person has to say."""

    field: str
    system: str
    bling: str
    won: str = ""

    @property
    def is_open(self) -> bool:
        return not self.won

    def to_json(self) -> dict[str, str]:
        return {"field": self.field, "system": self.system, "bling": self.bling, "won": self.won}

    @classmethod
    def from_json(cls, data: Mapping[str, str]) -> Self:
        return cls(data["field"], data["system"], data["bling"], data.get("won", ""))


@dataclass(frozen=True)
class Agreed:
    """How the two stood when they were last compared: what the system said (`told`), what Bling showed afterwards
    (`shown`), and where they differ still. As a body of the outbox it is known by what the system said."""

    told: DesiredContact
    shown: DesiredContact
    differences: tuple[Difference, ...] = ()

    @property
    def settles(self) -> bool:
        return False

    @property
    def fingerprint(self) -> str:
        return self.told.fingerprint

    @property
    def open(self) -> tuple[Difference, ...]:
        """The fields of which a person has to say who is right."""
        return tuple(difference for difference in self.differences if difference.is_open)

    @property
    def is_older(self) -> bool:
        return self.told.is_older

    def means(self, now: DesiredContact) -> bool:
        return self.told.means(now)

    def to_json(self) -> dict[str, Any]:
        return {
            "told": self.told.to_json(), "shown": self.shown.to_json(),
            "differences": [difference.to_json() for difference in self.differences],
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        differences = tuple(Difference.from_json(row) for row in data["differences"])
        return cls(DesiredContact.from_json(data["told"]), DesiredContact.from_json(data["shown"]), differences)


@dataclass(frozen=True)
class Choice:
    """What a person said of one difference, for as long as both sides have what they had then."""

    side: Side
    system: str
    bling: str

    def fits(self, ours: str, theirs: str) -> bool:
        return (self.system, self.bling) == (ours, theirs)


@dataclass(frozen=True)
class Merged:
    """What Bling is to show, and where the two differ."""

    contact: DesiredContact
    differences: tuple[Difference, ...]


def merge(
    told: DesiredContact,
    shown: DesiredContact,
    before: Agreed | None,
    *,
    prefers: Side | None = None,
    choices: Mapping[str, Choice] | None = None,
    is_sure: bool = True,
) -> Merged:
    """Return what a contact is to be that Bling shows as `shown`, where a system says `told`.

    `before` is how the two last stood; without it nothing that Bling has is overwritten before a person chose, and
    where it is not `is_sure` that the two are the same person, nothing is filled in either. `prefers` is the side that
    is right where both changed a field; `None`: a person says.
    """
    values, differences = {}, []
    for name in FIELDS:
        ours, theirs = getattr(told, name), getattr(shown, name)
        is_same = _is_equal if before else _is_alike
        if not ours or is_same(name, ours, theirs):
            continue
        choice = (choices or {}).get(name)
        if choice is not None and choice.fits(ours, theirs):
            won: Side | str | None = choice.side
        elif before is None:
            is_filled = is_sure and not theirs and not (name in ADDRESS and _address_differs(told, shown))
            won = Side.SYSTEM if is_filled else ""
        else:
            won = _winner(name, told, shown, before, prefers)
        if won == Side.SYSTEM:
            values[name] = ours
        if won is not None and (won == "" or _is_changed(name, shown, before)):
            differences.append(Difference(name, ours, theirs, str(won)))
    return Merged(replace(shown, stored=None, **values), tuple(differences))


def _winner(
    name: str, told: DesiredContact, shown: DesiredContact, before: Agreed, prefers: Side | None
) -> Side | str | None:
    """Return the side that counts for a field that differs: "" where a person has to say, `None` where the system said
    nothing new and what Bling has stays."""
    if any(difference.field == name for difference in before.open):
        return ""
    # What an older version did not know of a contact was never compared.
    is_known = not before.told.lacks(name) and not before.shown.lacks(name)
    if is_known and _is_equal(name, getattr(told, name), getattr(before.told, name)):
        return None
    return (prefers or "") if not is_known or _is_changed(name, shown, before) else Side.SYSTEM


def _is_changed(name: str, shown: DesiredContact, before: Agreed | None) -> bool:
    """Say whether Bling has something of a field that it did not have when the two last stood so."""
    theirs = getattr(shown, name)
    return bool(theirs) and (before is None or not _is_equal(name, theirs, getattr(before.shown, name)))


def _address_differs(told: DesiredContact, shown: DesiredContact) -> bool:
    """Say whether the two have addresses, and not the same one: their parts are not mixed."""
    return any(
        getattr(shown, name) and getattr(told, name) and not _is_alike(name, getattr(told, name), getattr(shown, name))
        for name in ADDRESS
    )


def _is_equal(name: str, one: str, other: str) -> bool:
    """Say whether two values of a field are the same, however their blanks and punctuation are."""
    return _plain(name, one) == _plain(name, other)


def _is_alike(name: str, one: str, other: str) -> bool:
    """Say the same without regard to case and accents: two systems that never agreed may write one name in two ways."""
    return fold(_plain(name, one)) == fold(_plain(name, other))


def _plain(name: str, value: str) -> str:
    if name in _COMPACT:
        return compact(value)
    if name in _TELEPHONES:
        return telephone(value) or value.strip()
    return " ".join(value.split()).casefold() if name in ("email", "state") else " ".join(value.split())
