"""Contacts: mirrored customers and suppliers that Bling says were changed since the last complete run."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from integrations.domain.calendar import BRASILIA
from integrations.domain.titles import PersonFacts
from integrations.models import Person
from integrations.pipeline.read import fetch, gone_objects, mirror
from integrations.pipeline.read.batch import Failed, What, unreadable
from integrations.pipeline.read.failures import note_failures
from integrations.pipeline.read.gone_objects import Gone, Kind
from integrations.pipeline.read.saving import REFUSED, not_stored
from integrations.pipeline.read.steps.step import Step
from integrations.pipeline.read.steps.work import Work

CONTACT_OVERLAP = timedelta(hours=24)
LONGEST_SPAN = timedelta(days=364)
"""Bling refuses to list the changes of more than a year at once."""
Reading = tuple[PersonFacts, datetime]


class ReadContacts(Step[int, Sequence[Reading]]):
    """All of them in one piece: Bling lists changed contacts, and few of them are mirrored. One that cannot be read or
    stored is asked for again by each run, until it was; one that Bling no longer has, ever more rarely."""

    name = "contacts"

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self._failures: list[Failed] = []

    def choose(self) -> Sequence[int]:
        work, connection = self.work, self.work.run.connection
        if connection.contacts_read_until is None:
            return []
        since, until = connection.contacts_read_until - CONTACT_OVERLAP, work.run.started_at or work.clock()
        changed: set[int] = set()
        while since < until:
            end = min(since + LONGEST_SPAN, until)
            rows = work.client.changed_contacts(since.astimezone(BRASILIA), end.astimezone(BRASILIA))
            changed |= {row.id for row in rows} | {odd.bling_id for odd in rows.odd}
            self._failures += unreadable(What.CONTACT, rows)
            since = end
        mirrored = Person.objects.filter(connection=connection, forgotten_at=None)
        stale = set(mirrored.filter(is_stale=True).values_list("bling_id", flat=True))
        self._gone = Gone(connection, work.clock())
        stale -= self._gone.left_alone(Kind.CONTACT, stale)
        return sorted(stale.union(mirrored.filter(bling_id__in=changed).values_list("bling_id", flat=True)))

    def fetch(self, chosen: Sequence[int]) -> Sequence[Reading]:
        return list(fetch.read_persons(self.work.client, chosen, clock=self.work.clock, failures=self._failures))

    def save(self, chosen: Sequence[int], fetched: Sequence[Reading]) -> bool:
        with transaction.atomic():
            stored = self._stored(fetched)
            mirror.note_stale(self.work.run.connection, set(chosen) - stored)
            gone = {failure.bling_id for failure in self._failures if failure.is_gone}
            found = self._gone.looked_for(Kind.CONTACT, stored, gone)
            gone_objects.keep(self.work.run.connection, found, now=self.work.clock())
            self.work.hold(**note_failures(self.work.run, self._failures))
        return True

    def _stored(self, readings: Sequence[Reading]) -> set[int]:
        """Store contacts, one by one where the database refuses one; returns which."""
        try:
            with transaction.atomic():
                return set(mirror.save_persons(self.work.run.connection, readings, now=self.work.clock()))
        except REFUSED as error:
            if len(readings) > 1:
                return {bling_id for reading in readings for bling_id in self._stored([reading])}
            [(facts, _read_at)] = readings
            self._failures.append(Failed.by(What.CONTACT, facts.bling_id, not_stored(error)))
            return set()
