"""Details: read titles from Bling with everything that hangs on them, in chunks that are mirrored at once. One that
cannot be read stops only what needs it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from itertools import islice
from types import MappingProxyType
from typing import TypeVar

from integrations.bling.client import NOBODY_S, BlingClient, Listing
from integrations.bling.errors import ForbiddenError, InvalidGrantError, NeedsReconnectionError, NothingShownError
from integrations.domain.reasons import Reason
from integrations.domain.settlement import match_payments, settle
from integrations.domain.titles import (
    BorderoFacts,
    Direction,
    PersonFacts,
    SalesOrderFacts,
    TitleFacts,
)
from integrations.models import BlingConnection, Bordero, Person, Title
from integrations.pipeline.handover import sales_orders
from integrations.pipeline.read.batch import Chunk, Failed, TitleReading, What
from integrations.pipeline.read.gone_objects import Gone, Kind
from integrations.rest.errors import (
    ApiError,
    ConfigError,
    InternalError,
    NotFoundError,
    RateLimitedError,
    RejectedError,
    TransientError,
)

T = TypeVar("T")
Clock = Callable[[], datetime]
FIRST_CHUNK = 20
LARGEST_CHUNK = 100
CHUNK_SECONDS = 7.0
"""A chunk is mirrored at once: the more titles, the fewer statements; the longer, the more a killed worker loses."""
MOST_FAILURES_IN_A_ROW = 3
"""With this many failures in a row, the cause is Bling and not the single title."""
_OF_THE_CONNECTION = (RateLimitedError, NeedsReconnectionError, InvalidGrantError)


def read_titles(
    client: BlingClient,
    connection: BlingConnection,
    wanted: Iterable[tuple[Direction, int]],
    *,
    clock: Clock,
    deadline: datetime,
    reads_orders: bool,
    borderos_before: datetime | None = None,
    others_before: datetime | None = None,
) -> Iterator[Chunk]:
    """Read titles in chunks, each with its unknown borderôs and contacts, and its sales orders where mappings need any
    (`reads_orders`). Known borderôs are read again where they were read before `borderos_before`, or do not show yet
    how their title was paid; known contacts and sales orders where they were read before `others_before`.

    After `deadline` nothing more is sent ahead. A title that cannot be read becomes a failure and stops nothing; errors
    of the connection (limits, config, several failures in a row) are raised.
    """
    waiting, read_at = iter(wanted), clock()
    batch = list(islice(waiting, FIRST_CHUNK))
    client.announce_titles(batch)
    patience = Patience(client)
    gone = Gone(connection, read_at, asks_all=others_before is not None)
    while batch:
        chunk = _read_chunk(client, connection, batch, read_at, patience)
        _read_borderos(client, connection, chunk, clock, patience, borderos_before, gone)
        _read_persons(client, connection, chunk, clock, patience, others_before, gone)
        if reads_orders:
            reads_orders = _read_orders(client, connection, chunk, clock, patience, others_before)
        now = clock()  # before the next ones leave: older than the truth is safe, newer is not
        seconds = max((now - read_at).total_seconds(), 0.001)
        batch = list(islice(waiting, max(1, min(LARGEST_CHUNK, int(len(batch) * CHUNK_SECONDS / seconds)))))
        read_at = now
        if now < deadline:
            client.announce_titles(batch)
        yield chunk


class Patience:
    """Tells what Bling cannot show (a title, a borderô, a contact) from a Bling that does not answer at all, and one
    object that is refused from a permission that is missing."""

    def __init__(self, client: BlingClient) -> None:
        self._client = client
        self._in_a_row = 0
        self._shown: set[str] = set()

    def answered(self) -> None:
        self._in_a_row = 0

    def failed(self, error: ApiError, read: Callable[[int], object]) -> None:
        """Count a failure of `read`; raises where it is one of the connection."""
        if isinstance(error, _OF_THE_CONNECTION):
            raise error
        if isinstance(error, ConfigError) and error.operation not in self._shown:
            with suppress(RejectedError, InternalError):
                read(NOBODY_S)
            self._shown.add(error.operation)
        self._in_a_row += isinstance(error, TransientError)
        if self._in_a_row >= MOST_FAILURES_IN_A_ROW:
            self._client.company()  # raises where Bling as a whole does not answer; else only these do not
            self._in_a_row = 0


def _read_chunk(
    client: BlingClient,
    connection: BlingConnection,
    batch: Sequence[tuple[Direction, int]],
    read_at: datetime,
    patience: Patience,
) -> Chunk:
    chunk = Chunk(asked=list(batch))
    for direction, bling_id in batch:
        try:
            facts = client.title(direction, bling_id)
        except NotFoundError:
            chunk.titles.append(TitleReading(direction, bling_id, read_at, None))
        except ApiError as error:
            if isinstance(error, NothingShownError) and _is_unlisted(client, connection, direction, bling_id, patience):
                chunk.titles.append(TitleReading(direction, bling_id, read_at, None))
                continue
            patience.failed(error, partial(client.title, direction))
            chunk.failures.append(Failed.of_title((direction, bling_id), error))
        else:
            patience.answered()
            chunk.titles.append(TitleReading(direction, bling_id, read_at, facts))
    return chunk


def _is_unlisted(
    client: BlingClient, connection: BlingConnection, direction: Direction, bling_id: int, patience: Patience
) -> bool:
    """Say whether a title whose detail shows nothing is proved to be gone: the list of its contact and due date, as
    they were last read, does not show it either."""
    known = Title.objects.filter(connection=connection, direction=direction, bling_id=bling_id, due_date__isnull=False)
    for due, contact_id in known.values_list("due_date", "contact_id"):
        try:
            pages = list(client.title_pages(Listing(direction, "due", due, due, contact_id=contact_id)))
            return not any(page.odd or page.strays or bling_id in {row.bling_id for row in page} for page in pages)
        except ApiError as error:
            patience.failed(error, partial(client.title, direction))
    return False


def _read_borderos(
    client: BlingClient,
    connection: BlingConnection,
    chunk: Chunk,
    clock: Clock,
    patience: Patience,
    before: datetime | None,
    gone: Gone,
) -> None:
    named = {bordero for title in chunk.titles if title.facts for bordero in title.facts.bordero_ids}
    rows = {row.bling_id: row for row in Bordero.objects.filter(connection=connection, bling_id__in=named)}
    known = {bling_id: row.to_facts() for bling_id, row in rows.items()}
    wanted = named - known.keys()
    wanted |= {bling_id for bling_id, row in rows.items() if before is not None and row.read_at < before}
    for title in chunk.titles:
        if title.facts:
            wanted |= _unclear(title.facts, known)
    alone = gone.left_alone(Kind.BORDERO, wanted)
    for bling_id in sorted(alone):
        known_gone = NotFoundError(
            "not asked for again yet", service="Bling", operation="bordero", code="not_asked_again"
        )
        _fail_titles(chunk, bling_id, known_gone)
    failed = dict(read_borderos(client, sorted(wanted - alone), chunk, clock=clock, patience=patience))
    for bling_id, error in failed.items():
        _fail_titles(chunk, bling_id, error)
    missing = [bling_id for bling_id, error in failed.items() if isinstance(error, NotFoundError)]
    chunk.looked_for |= gone.looked_for(Kind.BORDERO, wanted - alone - failed.keys(), missing)


def _unclear(title: TitleFacts, known: Mapping[int, BorderoFacts]) -> set[int]:
    """Return the known borderôs that do not show how a title was paid: they may have been read at a bad moment, or
    corrected since; and those that may have its category, and were read when that was not kept."""
    shown = [known[each] for each in title.bordero_ids if each in known]
    unmatched = {bordero.bling_id for bordero in shown if not match_payments(title, [bordero], title.bordero_ids)[0]}
    if not title.category_id:
        unmatched |= {bordero.bling_id for bordero in shown if bordero.category_id is None}
    if unmatched or len(shown) < len(title.bordero_ids):
        return unmatched
    _settlement, problems = settle(title, *match_payments(title, shown, title.bordero_ids))
    do_not_add_up = any(problem.code is Reason.PAYMENTS_DO_NOT_ADD_UP for problem in problems)
    return {*title.bordero_ids} if do_not_add_up else set()


def read_borderos(
    client: BlingClient, bordero_ids: Sequence[int], chunk: Chunk, *, clock: Clock, patience: Patience
) -> Iterator[tuple[int, ApiError]]:
    """Read borderôs by id into a chunk; returns those that could not be read, and why. Raises errors of the
    connection."""
    read_at = clock()
    client.announce_borderos(bordero_ids)
    for bling_id in bordero_ids:
        try:
            chunk.borderos.append((client.bordero(bling_id), read_at))
            patience.answered()
        except ApiError as error:
            patience.failed(error, client.bordero)
            yield bling_id, error


def _read_persons(
    client: BlingClient,
    connection: BlingConnection,
    chunk: Chunk,
    clock: Clock,
    patience: Patience,
    before: datetime | None,
    gone: Gone,
) -> None:
    named = {title.facts.contact_id for title in chunk.titles if title.facts and title.facts.contact_id}
    rows = Person.objects.filter(connection=connection, bling_id__in=named, forgotten_at=None)
    if before is not None:
        rows = rows.filter(read_at__gte=before)
    wanted = named - set(rows.values_list("bling_id", flat=True))
    wanted -= gone.left_alone(Kind.CONTACT, wanted)
    failures: list[Failed] = []
    chunk.persons = list(read_persons(client, sorted(wanted), clock=clock, failures=failures, patience=patience))
    chunk.failures += failures
    chunk.looked_for |= gone.looked_for(
        Kind.CONTACT,
        {facts.bling_id for facts, _read_at in chunk.persons},
        {failure.bling_id for failure in failures if failure.is_gone},
    )


def read_persons(
    client: BlingClient, contact_ids: Iterable[int], *, clock: Clock, failures: list[Failed],
    patience: Patience | None = None,
) -> Iterator[tuple[PersonFacts, datetime]]:  # fmt: skip
    """Read contacts by id; one that cannot be read is noted and skipped."""
    wanted, read_at = list(contact_ids), clock()
    client.announce_contacts(wanted)
    for person in _read_each(wanted, client.contact, What.CONTACT, failures, patience or Patience(client)):
        yield person, read_at


def _read_orders(
    client: BlingClient,
    connection: BlingConnection,
    chunk: Chunk,
    clock: Clock,
    patience: Patience,
    before: datetime | None,
) -> bool:
    """Read the sales orders of a chunk; false where the app may not."""
    named = {title.facts.order_id for title in chunk.titles if title.facts and title.facts.order_id}
    known = sales_orders.known(connection, named)
    wanted = sorted(
        each for each in named if each not in known or (before is not None and known[each].read_at < before)
    )
    facts = {order_id: row.to_facts() for order_id, row in known.items()}
    try:
        chunk.orders.extend(
            read_orders(client, wanted, clock=clock, failures=chunk.failures, patience=patience, known=facts)
        )
    except ForbiddenError as error:
        chunk.failures.append(failed_order(wanted[0], error))
        return False
    return True


def read_orders(
    client: BlingClient, order_ids: Iterable[int], *, clock: Clock, failures: list[Failed],
    patience: Patience | None = None, known: Mapping[int, SalesOrderFacts] = MappingProxyType({}),
) -> Iterator[tuple[SalesOrderFacts, datetime]]:  # fmt: skip
    """Read sales orders by id; one that Bling deleted says nothing more than what is `known` of it, one that cannot be
    read is noted and skipped. Raises `ForbiddenError`."""
    wanted, read_at = list(order_ids), clock()

    def read(order_id: int) -> SalesOrderFacts:
        try:
            return client.order(order_id)
        except NotFoundError:
            return known.get(order_id) or SalesOrderFacts(order_id)

    client.announce_orders(wanted)
    for order in _read_each(wanted, read, What.ORDER, failures, patience or Patience(client)):
        yield order, read_at


def _read_each(
    ids: Iterable[int],
    read: Callable[[int], T],
    what: What,
    failures: list[Failed],
    patience: Patience,
) -> Iterator[T]:
    for bling_id in ids:
        try:
            found = read(bling_id)
        except ApiError as error:
            patience.failed(error, read)
            failures.append(Failed.by(what, bling_id, error))
        else:
            patience.answered()
            yield found


def failed_order(order_id: int, error: ApiError) -> Failed:
    """Return what a run notes about a sales order that could not be read."""
    return Failed.by(What.ORDER, order_id, error)


def _fail_titles(chunk: Chunk, bordero_id: int, error: ApiError) -> None:
    """Leave out the titles of a borderô that could not be read, so that the next run reads them again."""
    for title in [title for title in chunk.titles if title.facts and bordero_id in title.facts.bordero_ids]:
        chunk.titles.remove(title)
        chunk.failures.append(Failed.of_title(title.key, error))
