"""Bling's customers for another system, as the mirror has them: no request to Bling is made for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from integrations.domain.contact_merge import FIELDS, is_equal
from integrations.domain.payables import DesiredContact
from integrations.domain.reasons import Reason
from integrations.models import ApiKey, CatalogItem, CustomerWrite, Person
from integrations.models.confidential import PUBLIC
from integrations.models.registers import CatalogKind
from integrations.pipeline.customers.accept import NotTaken, NotTakenError

OVERLAP = timedelta(minutes=5)
"""What is read at this moment may be stored under an earlier one: the next question begins so much before this one."""


@dataclass(frozen=True, repr=False)
class Shown:
    """A contact of the mirror, the types that it has in Bling, and how the system calls it (`ref`, "" where it did not
    send it). `is_echo`: it is as the system sent it."""

    person: Person
    types: Sequence[str]
    ref: str
    is_echo: bool


@dataclass(frozen=True, repr=False)
class Page:
    """Some contacts in the order of their changes; `after` asks for the next page, `None` at the end."""

    rows: Sequence[Shown]
    after: tuple[datetime, int] | None


def changed(key: ApiKey, since: datetime | None, after: tuple[datetime, int] | None, most: int) -> Page:
    """Return the contacts that changed since a moment (`None`: all), of those that the key may read: none that only
    titles of confidential categories name. Raises `NotTakenError`."""
    if not key.may_read_customers:
        raise NotTakenError(NotTaken.NOT_ALLOWED)
    rows = PUBLIC.of(Person.objects.filter(connection=key.connection_id, forgotten_at=None))
    if since is not None:
        rows = rows.filter(changed_at__gte=since)
    if after is not None:
        moment, pk = after
        rows = rows.filter(Q(changed_at__gt=moment) | Q(changed_at=moment, pk__gt=pk))
    found = list(rows.order_by("changed_at", "pk")[: most + 1])
    more = found[most - 1] if len(found) > most else None
    return Page(_shown(key, found[:most]), (more.changed_at, more.pk) if more is not None else None)


def _shown(key: ApiKey, persons: Sequence[Person]) -> list[Shown]:
    sent = {
        row.bling_id: row
        for row in CustomerWrite.objects.filter(
            connection=key.connection_id, system=key.system, bling_id__in=[person.bling_id for person in persons]
        )
    }
    types = CatalogItem.objects.filter(connection=key.connection_id, kind=CatalogKind.CONTACT_TYPE)
    names = dict(types.values_list("bling_id", "name"))
    return [_one(person, names, sent.get(person.bling_id)) for person in persons]


def _one(person: Person, names: dict[int, str], sent: CustomerWrite | None) -> Shown:
    types = [names[number] for number in person.type_ids if number in names]
    is_echo = sent is not None and bool(sent.desired) and _is_as_sent(person, sent.get_desired())
    return Shown(person, types, sent.ref if sent is not None else "", is_echo)


def _is_as_sent(person: Person, told: DesiredContact) -> bool:
    """Say whether the mirror has of a contact what the system said last, of all that it said."""
    mirrored = [name for name in ("document", *FIELDS) if hasattr(person, name) and getattr(told, name)]
    return all(is_equal(name, getattr(person, name), getattr(told, name)) for name in mirrored)


def shows_bling(key: ApiKey, customer: CustomerWrite) -> bool:
    """Say whether a key may be told what Bling has of a customer: it may read contacts, and this one; who was found by
    the name alone may be somebody else."""
    if not key.may_read_customers or customer.reason == Reason.CONTACT_UNSURE:
        return False
    number = customer.bling_id or customer.contact.bling_id
    mirrored = Person.objects.filter(connection=customer.connection_id, bling_id=number or 0)
    return PUBLIC.of(mirrored).exists() or not mirrored.exists()
