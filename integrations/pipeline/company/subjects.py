"""Whom a request of a data subject is about, and the words by which free text names them."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import or_
from typing import Any

from django.db.models import F, JSONField, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from integrations.domain.documents import compact, pretty
from integrations.domain.names import any_accents, fold
from integrations.models import ContactWrite, CustomerWrite, Person, PersonPosting, Tenant
from integrations.pipeline.desk.refusal import Refused

ERASED = "***"
_NAMES = ("name", "trade_name", "email")
_TELLING = 8
"""So long a single word has to be to name somebody in a text that hangs on nothing of theirs."""


@dataclass(frozen=True)
class Who:
    """A person as the one who asks names them: by CPF or CNPJ, and by contacts of Bling that have none or a wrong one.
    `name` is what those contacts are called, so that a slip in an id reaches nobody else."""

    document: str = ""
    bling_ids: tuple[int, ...] = ()
    name: str = ""


@dataclass(frozen=True)
class Subject:
    """The contacts of one company that are one person. `written` are those of them that were sent to Bling, or are to
    be: no title may name them."""

    tenant: Tenant
    persons: Sequence[Person]
    written: Sequence[ContactWrite | CustomerWrite] = ()

    @property
    def keys(self) -> list[int]:
        return [person.pk for person in self.persons]

    @property
    def documents(self) -> list[str]:
        rows = (*self.persons, *self.written)
        return sorted({row.document for row in rows if row.document})

    @cached_property
    def postings(self) -> list[PersonPosting]:
        return list(PersonPosting.objects.filter(person__in=self.keys))

    @cached_property
    def names(self) -> list[str]:
        """Return what the person is and was called: in Bling, and in what was sent to Kamino."""
        bodies = [body or {} for row in self.postings for body in (row.desired, row.delivered)]
        bodies += [row.desired or {} for row in self.written]
        known = {getattr(person, name) for person in self.persons for name in _NAMES}
        known |= {str(body.get(name) or "") for body in bodies for name in _NAMES}
        numbers = {*self.documents, *(pretty(document) for document in self.documents)}
        return sorted({" ".join(name.split()) for name in known | numbers} - {""}, key=len, reverse=True)

    @cached_property
    def words(self) -> re.Pattern[str] | None:
        """Return what names the person in a text of theirs."""
        return _pattern(self.names)

    @cached_property
    def telling(self) -> list[str]:
        """Return the names that are nobody else's by chance."""
        return [name for name in self.names if " " in name or len(name) >= _TELLING]

    @cached_property
    def telling_words(self) -> re.Pattern[str] | None:
        """Return what names the person in any text of the company."""
        return _pattern(self.telling)

    def mentions(self, rows: QuerySet[Any], fields: Sequence[str]) -> QuerySet[Any]:
        """Return the rows in which one of the fields may name the person."""
        conditions = [Q(pk__in=[])]
        for name in fields:
            is_json = isinstance(rows.model._meta.get_field(name), JSONField)
            if is_json:
                rows = rows.alias(**{f"text_of_{name}": Cast(F(name), TextField())})
            for word in self.telling:
                conditions.append(Q(**{f"{'text_of_' if is_json else ''}{name}__iregex": _written(word, is_json)}))
        return rows.filter(reduce(or_, conditions))


def _written(name: str, is_json: bool) -> str:
    """Return how PostgreSQL finds a name, with its accents or without, whatever is between its words; JSON writes some
    characters otherwise."""
    words = [json.dumps(word, ensure_ascii=False)[1:-1] if is_json else word for word in name.split()]
    return (r"(?:\s|\\[nrtf])+" if is_json else r"\s+").join(map(any_accents, words))


def whole_name(name: str) -> str:
    """Return how PostgreSQL finds a text that is a name and nothing else."""
    return rf"^\s*{_written(name, is_json=False)}\s*$"


def _pattern(names: Sequence[str]) -> re.Pattern[str] | None:
    words = (r"\s+".join(map(any_accents, name.split())) for name in names)
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE) if names else None


def subject_of(tenant: Tenant, who: Who) -> Subject:
    """Return the person. Raises `Refused` where nobody is meant, or a contact is not called `who.name`."""
    mine = Person.objects.filter(connection__tenant=tenant, forgotten_at=None)
    persons = list(mine.filter(document=compact(who.document)).order_by("pk")) if who.document else []
    written: list[ContactWrite | CustomerWrite] = []
    for model in (ContactWrite, CustomerWrite) if who.document else ():
        found_there = model.objects.filter(connection__tenant=tenant, document=compact(who.document))
        written += found_there.order_by("pk")
    if who.document and not persons and not written:
        raise Refused("unknown", _("Nobody has this CPF or CNPJ in this company."))
    named = list(mine.filter(bling_id__in=who.bling_ids).order_by("pk"))
    if {row.bling_id for row in named} != set(who.bling_ids):
        raise Refused("unknown", _("This company has no such contact."))
    allowed = {fold(who.name)} if who.name else {fold(row.name) for row in (*persons, *written)}
    if any(fold(person.name) not in allowed for person in named):
        raise Refused("other_name", _("This contact has another name. Nothing was done."))
    found = {person.pk: person for person in (*persons, *named)}
    if not found and not written:
        raise Refused("unknown", _("Say whom you mean: a CPF or CNPJ, or a contact's Bling id and name."))
    return Subject(tenant, list(found.values()), written)


def namesakes(subject: Subject) -> QuerySet[Person]:
    """Return the contacts without CPF or CNPJ that are called as the person: perhaps they are, a person knows."""
    mine = Person.objects.filter(connection__tenant=subject.tenant, document="", forgotten_at=None)
    called = [Q(name__iregex=whole_name(person.name)) for person in subject.persons if person.name]
    return mine.filter(reduce(or_, called, Q(pk__in=[]))).exclude(pk__in=subject.keys).order_by("pk")


def without(value: Any, words: re.Pattern[str] | None) -> Any:
    """Return a text or JSON value without the words."""
    if words is None:
        return value
    if isinstance(value, str):
        return words.sub(ERASED, value)
    if isinstance(value, list):
        return [without(item, words) for item in value]
    if isinstance(value, dict):
        return {words.sub(ERASED, key): without(item, words) for key, item in value.items()}
    return value


def naming(value: Any, words: re.Pattern[str] | None) -> Iterator[Any]:
    """Return the parts of a JSON value that hold one of the words: the smallest lists and objects around it."""
    if isinstance(value, str | int | float | None) or words is None:
        return
    parts = list(value.values()) if isinstance(value, dict) else list(value)
    keys = list(value) if isinstance(value, dict) else []
    if any(isinstance(part, str) and words.search(part) for part in (*parts, *keys)):
        yield value
        return
    for part in parts:
        yield from naming(part, words)
