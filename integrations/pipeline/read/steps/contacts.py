"""Contacts: mirrored customers and suppliers that Bling says were changed since the last complete run."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from integrations.domain.calendar import BRASILIA
from integrations.domain.titles import PersonFacts
from integrations.models import Person
from integrations.pipeline.read import fetch, mirror
from integrations.pipeline.read.batch import Chunk
from integrations.pipeline.read.steps.step import Step

CONTACT_OVERLAP = timedelta(hours=24)
Persons = tuple[list[tuple[PersonFacts, datetime]], Chunk]


class ReadContacts(Step[int, Persons]):
    """All of them in one piece: Bling lists changed contacts, and few of them are mirrored."""

    name = "contacts"

    def choose(self) -> Sequence[int]:
        work, connection = self.work, self.work.run.connection
        if connection.contacts_read_until is None:
            return []
        since = connection.contacts_read_until - CONTACT_OVERLAP
        until = work.run.started_at or work.clock()
        changed = set(work.client.changed_contact_ids(since.astimezone(BRASILIA), until.astimezone(BRASILIA)))
        mirrored = Person.objects.filter(connection=connection, bling_id__in=changed, forgotten_at=None)
        return sorted(mirrored.values_list("bling_id", flat=True))

    def fetch(self, chosen: Sequence[int]) -> Persons:
        chunk = Chunk()
        return list(fetch.read_persons(self.work.client, chosen, clock=self.work.clock, failures=chunk.failures)), chunk

    def save(self, chosen: Sequence[int], fetched: Persons) -> bool:
        persons, chunk = fetched
        with transaction.atomic():
            mirror.save_persons(self.work.run.connection, persons, now=self.work.clock())
            self.work.hold(**mirror.note_failures(self.work.run, chunk))
        return True
