"""Who gave which value to which contact of Bling: what tells whether a change of a program was allowed to happen.

The sandbox's own book is watched: people write into it through `by_hand`, and whatever else changes it is ours.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from integrations.domain.contact_merge import is_equal
from integrations.domain.documents import compact
from integrations.domain.names import fold
from integrations.domain.payables import DesiredContact

PLAIN = {"name": "name", "trade_name": "fantasia", "email": "email", "phone": "phone", "mobile": "mobile"}
ADDRESS = {"street": "endereco", "number": "numero", "city": "municipio"}
WATCHED = (*PLAIN, *ADDRESS)


def shown(contact: Any, name: str) -> str:
    """Return what the sandbox's Bling has of a field, by our name of it."""
    return str((contact.address.get(ADDRESS[name]) if name in ADDRESS else getattr(contact, PLAIN[name])) or "")


class Ledger:
    """What was said and typed so far. `wrongs` names each change of ours that nobody's word allowed."""

    def __init__(self, bling: Any, prefers: dict[str, str]) -> None:
        self.wrongs: list[str] = []
        self._bling, self._prefers = bling, prefers
        self._said: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self._typed: dict[str, list[str]] = defaultdict(list)
        self._held: dict[tuple[int, str], list[str]] = defaultdict(list)
        self._chosen: list[tuple[int, str, str, str, str]] = []
        self._others: set[str] = set()
        self._is_person = False
        self._add, self._edit = bling.add_contact, bling.edit_contact
        bling.add_contact, bling.edit_contact = self._added, self._edited
        for contact in bling.contacts.values():
            self._note(contact, is_person=True)

    def say(self, system: str, contact: DesiredContact) -> None:
        """Note what a system says."""
        for name in WATCHED:
            self._said[name].append((system, getattr(contact, name)))

    def choose(self, contact_id: int, system: str, name: str, ours: str, theirs: str) -> None:
        """Note that a person let a system's value of a field count, or Bling's: the two were compared then."""
        self._chosen.append((contact_id, system, name, ours, theirs))

    def lets_another(self, name: str) -> None:
        """Note that a person said of a customer that it is none of the contacts that have its name."""
        self._others.add(fold(name))

    @contextmanager
    def by_hand(self) -> Iterator[None]:
        """What happens within is a person's doing."""
        self._is_person = True
        yield
        self._is_person = False

    def is_said(self, system: str, name: str, value: str) -> bool:
        """Say whether a system ever said this of a field."""
        return any(one == system and is_equal(name, value, said) for one, said in self._said[name])

    def check(self) -> None:
        """Fail where something was changed that nobody allowed, or where a value came from nowhere."""
        assert not self.wrongs, self.wrongs
        for contact in self._bling.contacts.values():
            for name in WATCHED:
                value = shown(contact, name)
                given = [*self._typed[name], *(said for _system, said in self._said[name])]
                assert not value or any(is_equal(name, value, one) for one in given), f"{name} {value}: whose is it?"

    def _added(self, name: str, document: str = "", **values: Any) -> int:
        live = [one for one in self._bling.contacts.values() if one.status != "E"]
        is_same = [one for one in live if fold(one.name) == fold(name) and not one.document and not document]
        if is_same and not self._is_person and fold(name) not in self._others:
            self.wrongs.append(f"{name} was created twice")
        number = int(self._add(name, document, **values))
        self._note(self._bling.contacts[number], is_person=self._is_person)
        return number

    def _edited(self, id: int, **changes: Any) -> int:
        contact = self._bling.contacts[id]
        before, document = {name: shown(contact, name) for name in WATCHED}, compact(contact.document)
        self._edit(id, **changes)
        if not self._is_person:
            if compact(contact.document) != document:
                self.wrongs.append(f"the document {document} was changed to {contact.document}")
            for name, was in before.items():
                now = shown(contact, name)
                if was and not is_equal(name, was, now) and not self._may_replace(id, name, was, now):
                    self.wrongs.append(f"{name} of {id} was {was}, and is {now}")
        self._note(contact, is_person=self._is_person)
        return id

    def _may_replace(self, contact_id: int, name: str, was: str, now: str) -> bool:
        """A system replaces what it had said itself, what a person let it replace, and, where its side is preferred,
        a field in which it was compared with this contact before."""
        systems = {system for system, said in self._said[name] if said and is_equal(name, said, now)}
        return any(self._may(system, contact_id, name, was, now) for system in systems)

    def _may(self, system: str, contact_id: int, name: str, was: str, now: str) -> bool:
        chosen = [(ours, theirs) for *key, ours, theirs in self._chosen if key == [contact_id, system, name]]
        if self.is_said(system, name, was) or (now, was) in chosen:
            return True
        held = any(self.is_said(system, name, value) for value in self._held[contact_id, name])
        return self._prefers[system] == "system" and (held or bool(chosen))

    def _note(self, contact: Any, *, is_person: bool) -> None:
        for name in WATCHED:
            value = shown(contact, name)
            self._held[contact.id, name] += [value] if value else []
            self._typed[name] += [value] if is_person else []
