"""Live search: look in Bling itself for a title that is not here, and say why it is not."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from integrations.bling.client import BlingClient, Listing
from integrations.bling.errors import MissingScopeError
from integrations.bling.records import CashEntry
from integrations.domain.absence import Absence, explain
from integrations.domain.audit import AuditAction
from integrations.domain.calendar import day_of
from integrations.domain.titles import Direction, TitleFacts, TitleRow, categories_of
from integrations.models import BlingConnection, Bordero, Person, SeenRow, SyncRun, Title, Waiting
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.access.clients import PATIENCE, open_bling
from integrations.pipeline.access.error_texts import live_error_text
from integrations.pipeline.audit.record import keyed, record
from integrations.pipeline.desk.commands import request_sync
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.handover import sales_orders
from integrations.pipeline.read import fetch
from integrations.pipeline.read.batch import Chunk
from integrations.rest.errors import ApiError, RejectedError
from integrations.rest.session import Patience
from integrations.words.errors import live_call_text

Clock = Callable[[], datetime]
MOST_CONTACTS, MOST_PAGES, MOST_DETAILS = 3, 3, 10
"""How far one search goes: with a listing per side some twenty requests, seven seconds at Bling's pace."""
AROUND_TODAY = timedelta(days=180)
DETAILS_TAKE = timedelta(seconds=15)
_BEFORE_DETAILS = ("registers", "contacts", "listings")
_ENTERED_BY_HAND = "caixa"


@dataclass(frozen=True)
class Search:
    """What a person knows of a title in Bling; what is empty says nothing. `person` is a name, a CPF or a CNPJ."""

    directions: Sequence[Direction] = tuple(Direction)
    bling_id: int | None = None
    person: str = ""
    number: str = ""
    value: Decimal | None = None
    due_from: date | None = None
    due_to: date | None = None


@dataclass(frozen=True)
class Hit:
    """One title that Bling shows, or does not show any more. It is here (`title`), or `why` says why not.

    `is_elsewhere`: the title with this id belongs to another connection. `is_gone`: it is here, and Bling does not have
    it any more.
    """

    direction: Direction
    bling_id: int
    facts: TitleFacts | None = None
    person: str = ""
    title: Title | None = None
    why: Absence | None = None
    is_elsewhere: bool = False
    is_gone: bool = False


@dataclass
class Answer:
    """What a search found. `cash` are entries of Caixas e Bancos that no title made; `left` were not looked at, and
    `hidden` have a category that the person may not see."""

    hits: list[Hit] = field(default_factory=list)
    cash: list[CashEntry] = field(default_factory=list)
    left: int = 0
    hidden: int = 0
    failures: list[str] = field(default_factory=list)
    cash_unread: bool = False


def search(
    connection: BlingConnection, wanted: Search, *, visible: QuerySet[Title], hidden: frozenset[int], clock: Clock
) -> Answer:
    """Look for a title in one Bling account now. `visible` are the titles that the person may see, `hidden` the
    categories that they may not. Raises `Refused` where the account is not connected, or Bling does not answer."""
    if connection.status != ConnectionStatus.CONNECTED:
        raise Refused("unconnected", _("This company's Bling is not connected. Connect it first."))
    by = {"person": keyed(wanted.person), "number": keyed(wanted.number), "bling_id": wanted.bling_id or ""}
    details = {"at": "bling", **{name: value for name, value in by.items() if value}}
    record(AuditAction.LIVE_READ, company=connection.tenant, of=connection, details=details)
    try:
        client = open_bling(connection, clock=clock, patience=Patience(PATIENCE), waiting=Waiting.PERSON)
        return _Looking(connection, client, wanted, visible, hidden, clock).look()
    except ApiError as error:
        raise Refused("api", live_error_text(error)) from error


class _Looking:
    """One search under way."""

    def __init__(
        self, connection: BlingConnection, client: BlingClient, wanted: Search, visible: QuerySet[Title],
        hidden: frozenset[int], clock: Clock,
    ) -> None:  # fmt: skip
        self.connection, self.client, self.wanted, self.clock = connection, client, wanted, clock
        self.visible = visible.select_related("person", "posting", "connection__tenant")
        self.hidden = hidden
        self.today = day_of(clock())
        self.answer = Answer()

    def look(self) -> Answer:
        if self.wanted.bling_id is not None:
            self._by_id(self.wanted.bling_id)
            return self.answer
        rows = {(row.direction, row.bling_id): row for row in self._rows() if self.wanted.value in (None, row.value)}
        known = self._known(rows)
        self.answer.hits = [self._here(title) for title in known.values() if self._has_number(title)]
        unknown = [key for key in rows if key not in known]
        self.answer.left += len(unknown[MOST_DETAILS:])
        self._explain(unknown[:MOST_DETAILS])
        self._look_into_cash()
        return self.answer

    def _by_id(self, bling_id: int) -> None:
        keys = [(direction, bling_id) for direction in self.wanted.directions]
        known = self._known(keys)
        self._explain(keys, known)
        if self.answer.hits or self.answer.failures:
            return
        elsewhere = self.visible.filter(bling_id=bling_id, direction__in=self.wanted.directions)
        for title in elsewhere.exclude(connection=self.connection)[:MOST_DETAILS]:
            self.answer.hits.append(Hit(Direction(title.direction), bling_id, title=title, is_elsewhere=True))

    def _known(self, keys: Iterable[tuple[Direction, int]]) -> dict[tuple[Direction, int], Title]:
        ids = [bling_id for _direction, bling_id in keys]
        found = self.visible.filter(connection=self.connection, bling_id__in=ids)
        return {(Direction(title.direction), title.bling_id): title for title in found}

    def _rows(self) -> list[TitleRow]:
        """Return the rows of Bling's listings that may be meant: of some contacts, or of a span of due dates."""
        start = self.wanted.due_from or self.today - AROUND_TODAY
        end = self.wanted.due_to or self.today + AROUND_TODAY
        contacts = [0]
        if self.wanted.person:
            found = [contact.id for contact in self.client.contacts_like(self.wanted.person)]
            contacts, self.answer.left = found[:MOST_CONTACTS], len(found[MOST_CONTACTS:])
        rows: list[TitleRow] = []
        for contact_id in contacts:
            for direction in self.wanted.directions:
                listing = Listing(direction, "due", start, end, contact_id=contact_id)
                rows += self._pages(listing)
        return rows

    def _pages(self, listing: Listing) -> list[TitleRow]:
        rows: list[TitleRow] = []
        for number, page in enumerate(self.client.title_pages(listing), start=1):
            rows += page
            self.answer.left += len(page.odd)
            if number == MOST_PAGES:
                self.answer.left += len(page)  # at least so many may follow
                break
        return rows

    def _explain(
        self, keys: Sequence[tuple[Direction, int]], known: dict[tuple[Direction, int], Title] | None = None
    ) -> None:
        """Read some details and say of each what is the matter with it."""
        deadline = self.clock() + DETAILS_TAKE
        reads_orders = sales_orders.are_needed(self.connection)
        for chunk in fetch.read_titles(
            self.client, self.connection, keys, clock=self.clock, deadline=deadline, reads_orders=reads_orders
        ):
            for reading in chunk.titles:
                title = (known or {}).get((reading.direction, reading.bling_id))
                if title is not None:
                    self.answer.hits.append(self._here(title, is_gone=reading.facts is None))
                elif reading.facts is not None and self._is_hidden(reading.facts, chunk):
                    self.answer.hidden += 1
                elif reading.facts is not None and self._has_number(reading.facts):
                    self.answer.hits.append(self._absent(reading.facts, chunk))
            self.answer.failures += [live_call_text(failed.failure) for failed in chunk.failures]

    def _is_hidden(self, facts: TitleFacts, chunk: Chunk) -> bool:
        """Say whether a title has a hidden category: its own or any of those among which it is divided, any of its
        borderôs', or its contact's default where it has none."""
        if facts.split_category_ids:
            return not self.hidden.isdisjoint(facts.split_category_ids)
        if facts.category_id or not self.hidden:
            return facts.category_id in self.hidden
        rows = Bordero.objects.filter(connection=self.connection, bling_id__in=facts.bordero_ids)
        read = [bordero for bordero, _at in chunk.borderos if bordero.bling_id in facts.bordero_ids]
        shown = categories_of(0, [*(row.to_facts() for row in rows), *read])
        if shown:
            return not self.hidden.isdisjoint(shown)
        defaults = {person.category_id for person, _at in chunk.persons if person.bling_id == facts.contact_id}
        known = Person.objects.filter(connection=self.connection, bling_id=facts.contact_id)
        return not self.hidden.isdisjoint(defaults | set(known.values_list("category_id", flat=True)))

    def _here(self, title: Title, *, is_gone: bool = False) -> Hit:
        name = title.person.name if title.person else ""
        direction = Direction(title.direction)
        return Hit(direction, title.bling_id, title.to_facts(), name, title=title, is_gone=is_gone)

    def _absent(self, facts: TitleFacts, chunk: Chunk) -> Hit:
        paid_since = self.connection.tenant.sync_from
        why = explain(facts, paid_on=self._paid_on(facts, chunk), paid_since=paid_since)
        return Hit(facts.direction, facts.bling_id, facts, self._name_of(facts.contact_id, chunk), why=why)

    def _paid_on(self, facts: TitleFacts, chunk: Chunk) -> date | None:
        days = [bordero.date for bordero, _at in chunk.borderos if bordero.bling_id in facts.bordero_ids]
        rows = Bordero.objects.filter(connection=self.connection, bling_id__in=facts.bordero_ids)
        return max([*days, *rows.values_list("date", flat=True)], default=None)

    def _name_of(self, contact_id: int, chunk: Chunk) -> str:
        names = {person.bling_id: person.name for person, _at in chunk.persons}
        known = Person.objects.filter(connection=self.connection, bling_id=contact_id).values_list("name", flat=True)
        return names.get(contact_id) or known.first() or ""

    def _has_number(self, title: Title | TitleFacts) -> bool:
        number = self.wanted.number.casefold()
        return not number or any(
            number in text.casefold() for text in (title.document_number, title.origin_number, title.history)
        )

    def _look_into_cash(self) -> None:
        """Look for money of this value that was booked straight to Caixas e Bancos: no title ever stood for it."""
        if self.wanted.value is None:
            return
        start = self.wanted.due_from or self.today - AROUND_TODAY
        end = min(self.wanted.due_to or self.today, start + timedelta(days=365))
        value, found = self.wanted.value, dict[int, CashEntry]()
        for signed in (value, -value):
            try:
                found |= {row.id: row for row in self.client.cash_entries(start, end, signed)}
            except MissingScopeError:
                self.answer.cash_unread = True
                break
            except ApiError as error:  # what was found stays found
                self.answer.failures.append(live_error_text(error))
                if not isinstance(error, RejectedError):  # else it may be the sign that is refused
                    break
        self.answer.failures = list(dict.fromkeys(self.answer.failures))
        booked = (row for row in found.values() if row.origem_tipo == _ENTERED_BY_HAND and abs(row.valor) == value)
        self.answer.cash = sorted(booked, key=lambda row: (row.data or self.today, row.id))


def bring(*, connection: BlingConnection, direction: str, bling_id: int, user: User, now: datetime) -> None:
    """Start a sync that reads this title before all others. Raises `Refused` where a sync under way has read its lists
    already, or the account is not connected."""
    asked = request_sync(connections=[connection], user=user, now=now)
    if asked.not_connected:
        raise Refused("unconnected", _("This company's Bling is not connected. Connect it first."))
    with transaction.atomic():
        runs = SyncRun.objects.select_for_update().filter(connection=connection, state=SyncRun.State.OPEN)
        run = runs.filter(step__in=_BEFORE_DETAILS).first()
        if run is None:
            raise Refused("busy", _("A sync is under way and has read its lists. Try again once it is through."))
        SeenRow.objects.update_or_create(
            run=run, direction=direction, bling_id=bling_id, defaults={"is_wanted": True, "urgency": 0}
        )
