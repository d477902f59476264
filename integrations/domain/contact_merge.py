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


def filled(told: DesiredContact, before: DesiredContact) -> DesiredContact:
    """Return what a system says, where it left something blank as it said it before: a blank says nothing."""
    values = {name: getattr(told, name) or getattr(before, name) for name in ("document", *FIELDS)}
    kind = told.kind if told.document or not before.document else before.kind
    return replace(told, stored=None, kind=kind, **values)


def merge(
    told: DesiredContact,
    shown: DesiredContact,
    before: Agreed | None,
    *,
    prefers: Side | None = None,
    choices: Mapping[str, Choice] | None = None,
    is_sure: bool = True,
) -> Merged:
    """Return what a contact is to be that Bling shows as `shown`, where a system says `told`; each field on which the
    two differ then is named.

    `before` is how the two last stood; without it nothing that Bling has is overwritten before a person chose. Where it
    is not `is_sure` that the two are the same person, nothing is written at all before a person said so, by choosing a
    name. `prefers` is the side that is right where both changed a field; `None`: a person says.
    """
    asked = _Asked(told, shown, before, prefers, choices or {}, is_sure)
    values, differences = {}, []
    for name in FIELDS:
        ours, theirs = getattr(told, name), getattr(shown, name)
        is_identity = name == "name" and asked.is_doubtful
        if not ours or (asked.is_same(name) and not is_identity):
            continue
        won = asked.winner(name)
        if won == Side.SYSTEM:
            values[name] = ours
        if won != Side.SYSTEM or asked.is_changed(name):
            differences.append(Difference(name, ours, theirs, str(won)))
    return Merged(replace(shown, stored=None, **values), tuple(differences))


class _Asked:
    """One comparison, asked field by field."""

    def __init__(
        self, told: DesiredContact, shown: DesiredContact, before: Agreed | None, prefers: Side | None,
        choices: Mapping[str, Choice], is_sure: bool,
    ) -> None:  # fmt: skip
        self._told, self._shown, self._before, self._prefers, self._choices = told, shown, before, prefers, choices
        self._open = {difference.field for difference in before.open} if before else set()
        is_named = before is None or "name" in self._open
        self.is_doubtful = not is_sure and is_named and self._choice("name") is None

    def is_same(self, name: str) -> bool:
        """Say whether the two have the same; at first also in another case, or without accents. What Bling keeps of a
        natural person's registration is never read."""
        if name == "state_registration" and self._shown.kind != "J":
            return True
        alike = is_equal if self._before else _is_alike
        return alike(name, getattr(self._told, name), getattr(self._shown, name))

    def winner(self, name: str) -> Side | str:
        """Return the side that counts for a field that differs, "" where a person has to say."""
        choice = self._choice(name)
        if choice is not None:
            return choice.side
        if self.is_doubtful or name in self._open:
            return ""
        if self._before is None:
            return "" if getattr(self._shown, name) or self._is_other_address(name) else Side.SYSTEM
        # What an older version did not know of a contact was never compared.
        is_known = not self._before.told.lacks(name) and not self._before.shown.lacks(name)
        was, stood = getattr(self._before.told, name), getattr(self._before.shown, name)
        if is_known and was and is_equal(name, getattr(self._told, name), was):
            return Side.BLING
        if not getattr(self._shown, name):
            return "" if self._is_other_address(name) else Side.SYSTEM
        agreed = is_known and is_equal(name, was, stood) and not self.is_changed(name)
        return Side.SYSTEM if agreed else (self._prefers or "" if was else "")

    def is_changed(self, name: str) -> bool:
        """Say whether Bling has something of a field that it did not have when the two last stood so."""
        theirs, before = getattr(self._shown, name), self._before
        return bool(theirs) and (before is None or not is_equal(name, theirs, getattr(before.shown, name)))

    def _choice(self, name: str) -> Choice | None:
        choice = self._choices.get(name)
        fits = choice is not None and choice.fits(getattr(self._told, name), getattr(self._shown, name))
        return choice if fits else None

    def _is_other_address(self, name: str) -> bool:
        """Say whether a part of an address would be filled into one of which it is not known to be a part."""
        if name not in ADDRESS:
            return False
        return bool(self._open & set(ADDRESS)) if self._before else _address_differs(self._told, self._shown)


def _address_differs(told: DesiredContact, shown: DesiredContact) -> bool:
    """Say whether the two have addresses, and not the same one: their parts are not mixed."""
    return any(
        getattr(shown, name) and getattr(told, name) and not _is_alike(name, getattr(told, name), getattr(shown, name))
        for name in ADDRESS
    )


def is_equal(name: str, one: str, other: str) -> bool:
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
