"""Deliver one person: find it in Kamino by our map, by external code, by the whole document; else create it.

Never by the root of a CNPJ, never by name. Two candidates are a person's decision.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import Q

from integrations.domain.delivery import IN_FLIGHT, DeliveryState, Operation, Outcome
from integrations.domain.persons import DesiredPerson, is_of_another, merge
from integrations.domain.reasons import Reason
from integrations.kamino.client import KaminoClient, person_id
from integrations.kamino.listing import Listing, Page
from integrations.kamino.translate import KaminoPerson
from integrations.models import Attempt, KaminoConnection, KaminoSnapshot, PersonPosting, Posting
from integrations.pipeline.access.restores import restored_at
from integrations.pipeline.deliver.kamino import KAMINO
from integrations.pipeline.handover.kamino_persons import learn_document
from integrations.pipeline.outbox import record
from integrations.pipeline.outbox.claim import Claimed, claim
from integrations.rest.errors import AmbiguousError, ConflictError, TransientError

Clock = Callable[[], datetime]
DIRECTORY_AGE = timedelta(minutes=10)
MOST_PAGES = 10
"""At three seconds a page, a longer register would outlive the slice that reads it."""


class PersonDirectory:
    """Who is in a company's register, by code and document: read in pages when that is cheaper than one look-up per
    new person. It lives for ten minutes in this process and keeps ids only; who is not on its pages is asked for by
    document, unless one page held the whole register."""

    def __init__(self) -> None:
        self._by_document: dict[str, list[int]] = {}
        self._by_code: dict[str, int] = {}
        self._is_proof = False
        self._read_at: datetime | None = None
        self._declined_at: datetime | None = None

    def prepare(self, client: KaminoClient, kamino_connection_id: int, clock: Clock) -> None:
        """Read the register if enough new persons wait for it; decide again when the decision is old."""
        now = clock()
        recent = [moment for moment in (self._read_at, self._declined_at) if moment and now - moment < DIRECTORY_AGE]
        if recent:
            return
        waiting = PersonPosting.objects.filter(
            kamino_connection=kamino_connection_id, state=DeliveryState.READY, kamino_id__isnull=True
        ).count()
        if waiting < 2:
            return
        pages: list[Page[KaminoPerson]] = []
        for page in client.person_pages():
            if page.pages > min(waiting, MOST_PAGES):
                self._declined_at = now
                return
            pages.append(page)
        register = Listing.of(pages, person_id)
        self._by_document, self._by_code = {}, {}
        for found in register.rows:
            self._by_document.setdefault(found.person.document, []).append(found.kamino_id)
            if found.person.code:
                self._by_code[found.person.code] = found.kamino_id
        self._is_proof, self._read_at = register.is_proof, now

    def candidates(
        self, client: KaminoClient, row: PersonPosting, desired: DesiredPerson, clock: Clock
    ) -> list[KaminoPerson]:
        """Return who this person may be in Kamino, as Kamino shows them now; nobody only where that is proved."""
        is_fresh = self._read_at is not None and clock() - self._read_at < DIRECTORY_AGE
        ids = self._ids_of(desired) if is_fresh else []
        if len(ids) == 1:
            found = client.person(ids[0])
            # Our code may be that of another company which the contact was before.
            if found is not None and not is_of_another(desired.document, found.person.document):
                return [found]
        is_proved = is_fresh and not ids and self._is_proof and not self._was_sent_since(row, desired)
        if is_proved:
            return []
        if not desired.document:
            return _of_its_titles(client, row) if restored_at() else []
        persons = client.persons_with_document(desired.document)
        return [person for person in persons if person.person.code == desired.code] or persons

    def _ids_of(self, desired: DesiredPerson) -> list[int]:
        if desired.code in self._by_code:
            return [self._by_code[desired.code]]
        return self._by_document.get(desired.document, []) if desired.document else []

    def _was_sent_since(self, row: PersonPosting, desired: DesiredPerson) -> bool:
        """Say whether this document was sent to Kamino after the register was read, for any contact."""
        sent = Attempt.objects.filter(
            Q(person_posting=row) | Q(person_posting__person__document=desired.document),
            kamino_connection=row.kamino_connection_id, started_at__gte=self._read_at,
        )  # fmt: skip
        return bool(sent.exclude(outcome="", person_posting=row).exists())


_DIRECTORIES: dict[tuple[object, ...], PersonDirectory] = {}
"""A cache of this process, by where a company is and since when its database goes on: losing it costs requests, never
correctness."""


def directory_of(kamino: KaminoConnection) -> PersonDirectory:
    """Return what this process knows of a company's register."""
    place = (kamino.pk, kamino.base_url, kamino.cn, restored_at())
    return _DIRECTORIES.setdefault(place, PersonDirectory())


def _of_its_titles(client: KaminoClient, row: PersonPosting) -> list[KaminoPerson]:
    """Return the persons without CPF/CNPJ whom Kamino's lists show on this one's titles: a restored database knows
    neither of them."""
    mine = {"kamino_connection": row.kamino_connection_id}
    codes = Posting.objects.filter(title__person=row.person_id, **mine).values_list("desired__code", flat=True)
    shown = KaminoSnapshot.objects.filter(
        code__in=[code[:60] for code in codes if code], person_id__isnull=False, **mine
    )
    ids = shown.order_by("person_id").values_list("person_id", flat=True).distinct()
    found = [client.person(person) for person in ids if person]
    return [person for person in found if person is not None and not person.person.document]


def deliver_person(client: KaminoClient, row: PersonPosting, directory: PersonDirectory, *, clock: Clock) -> None:
    """Claim one person, link or create it, and write what is ours to write."""
    claimed = claim(row, Operation.SAVE_PERSON, settles=False, now=clock(), to=KAMINO)
    if claimed is None:
        return
    with record.outcome_of(claimed, clock):
        desired = row.get_desired()
        if row.kamino_id is None:
            _link_or_create(client, claimed, row, desired, directory, clock)
        else:
            current = client.person(row.kamino_id)
            if current is None:
                raise ConflictError("gone", service="Kamino", code=Reason.GONE_FROM_KAMINO)
            learn_document(row, current.person.document, clock())
            if is_of_another(desired.document, current.person.document):
                raise ConflictError("another document", service="Kamino", code=Reason.DOCUMENT_DIFFERS)
            if row.owns_person:
                _save_merged(client, claimed, row, desired, current, clock)
            else:
                _link(claimed, row, current, desired, clock)


def _link_or_create(
    client: KaminoClient,
    claimed: Claimed,
    row: PersonPosting,
    desired: DesiredPerson,
    directory: PersonDirectory,
    clock: Clock,
) -> None:
    sibling = _already_linked(row, desired)
    if sibling is not None:
        PersonPosting.objects.filter(pk=row.pk).update(owns_person=False)
        record.delivered(claimed, remote_id=sibling, held=desired, now=clock(), outcome=Outcome.ADOPTED)
        return
    current = who_it_may_be(client, row, desired, directory, clock)
    if current is not None:
        taken = PersonPosting.objects.filter(
            kamino_connection=row.kamino_connection_id, kamino_id=current.kamino_id, owns_person=True
        )
        if taken.exclude(pk=row.pk).exists():
            _link(claimed, row, current, desired, clock)
        else:
            _save_merged(client, claimed, row, desired, current, clock)
        return
    record.may_send(claimed, clock, desired)
    kamino_id = client.save_person(desired)
    record.delivered(claimed, remote_id=kamino_id, held=desired, now=clock())


def who_it_may_be(
    client: KaminoClient, row: PersonPosting, desired: DesiredPerson, directory: PersonDirectory, clock: Clock
) -> KaminoPerson | None:
    """Return the one person in Kamino that a contact is; `None` where it is proved to be nobody there. Raises
    `AmbiguousError` where it may be several."""
    directory.prepare(client, row.kamino_connection_id, clock)
    candidates = directory.candidates(client, row, desired, clock)
    active = [person for person in candidates if person.active] or candidates
    if len(active) > 1:
        ids = ", ".join(str(person.kamino_id) for person in active)
        raise AmbiguousError(ids, service="Kamino", operation="person", code=Reason.AMBIGUOUS)
    return next(iter(active), None)


def _already_linked(row: PersonPosting, desired: DesiredPerson) -> int | None:
    """Return the Kamino person of another contact with the same document: contacts only link to it.

    Raises `TransientError` while another contact of the same document may just be created.
    """
    if not desired.document:
        return None
    # Bling may show a document by now that the person of the other contact does not have in Kamino.
    has_it = Q(kamino_id__isnull=False, owns_person=True, delivered__document=desired.document)
    same = PersonPosting.objects.filter(
        has_it | Q(kamino_id=None, state__in=IN_FLIGHT),
        kamino_connection=row.kamino_connection_id, person__document=desired.document,
    ).exclude(pk=row.pk)  # fmt: skip
    found = list(same.order_by("pk").values_list("kamino_id", flat=True))
    linked = next((kamino_id for kamino_id in found if kamino_id is not None), None)
    if found and linked is None:
        raise TransientError(
            "another contact of this document is under way", service="Kamino", operation="person", code="same_document"
        )
    return linked


def _link(claimed: Claimed, row: PersonPosting, current: KaminoPerson, desired: DesiredPerson, clock: Clock) -> None:
    PersonPosting.objects.filter(pk=row.pk).update(owns_person=False)
    held = replace(desired, document=current.person.document)
    record.delivered(claimed, remote_id=current.kamino_id, held=held, now=clock(), outcome=Outcome.ADOPTED)


def _save_merged(
    client: KaminoClient,
    claimed: Claimed,
    row: PersonPosting,
    desired: DesiredPerson,
    current: KaminoPerson,
    clock: Clock,
) -> None:
    merged = merge(desired, current.person, row.get_delivered())
    held = replace(desired, document=merged.document)
    if merged != current.person:
        record.may_send(claimed, clock, merged)
        client.save_person(merged, kamino_id=current.kamino_id, current=current.raw)
        record.delivered(claimed, remote_id=current.kamino_id, held=held, now=clock())
    else:
        record.delivered(claimed, remote_id=current.kamino_id, held=held, now=clock(), outcome=Outcome.ADOPTED)
