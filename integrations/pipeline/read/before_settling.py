"""Before settling: read the borderôs again that settlements wait for."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from django.db import OperationalError, transaction
from django.db.models import QuerySet

from integrations.bling.client import BlingClient
from integrations.domain.titles import BorderoFacts
from integrations.models import BlingConnection, PaymentCheck, Title, TitleRead, Waiting
from integrations.pipeline.access import failpoints
from integrations.pipeline.access.clients import open_bling
from integrations.pipeline.handover import payment_checks
from integrations.pipeline.read import fetch, mirror
from integrations.pipeline.read.batch import Chunk
from integrations.pipeline.read.on_demand import only_reader_of
from integrations.pipeline.read.saving import REFUSED
from integrations.rest.errors import ApiError, NotFoundError, RateLimitedError

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
Reading = tuple[BorderoFacts, datetime]
BATCH = 20
PAUSE = timedelta(minutes=15)
"""After a failure."""


def checks_of_people(now: datetime) -> QuerySet[PaymentCheck]:
    """Return the settlements that a person waits for and whose borderôs are to be read."""
    return payment_checks.checks_to_read(now, for_people=True)


def checks_due(now: datetime, tenant_ids: Sequence[int] | None) -> list[QuerySet[PaymentCheck]]:
    """Return the settlements whose borderôs are to be read, and those that waited for long enough."""
    queries = [payment_checks.checks_to_read(now), payment_checks.checks_overdue(now)]
    if tenant_ids is None:
        return queries
    return [query.filter(title__connection__tenant__in=tenant_ids) for query in queries]


def read_before_settling(
    clock: Clock, deadline: datetime, tenant_ids: Sequence[int] | None, *, for_people: bool = False
) -> bool:
    """Read the borderôs of settlements that wait for them, those first that a person waits for (`for_people`: only
    these); false when nothing was done."""
    worked = False
    connections = payment_checks.connections_to_read(clock(), for_people=for_people)
    if tenant_ids is not None:
        connections = connections.filter(tenant__in=tenant_ids)
    for connection in connections:
        try:
            with only_reader_of(connection) as alone:
                worked |= alone and _read_of(connection, clock, deadline, for_people=for_people)
        except OperationalError:
            log.warning("borderôs before settlements lost a lock", connection=connection.pk)
        except Exception as error:
            if not isinstance(error, ApiError):
                log.exception("borderôs before settlements crashed", connection=connection.pk)
            log.warning("borderôs before settlements not read", connection=connection.pk, error=str(error))
            pause = timedelta(seconds=error.seconds) if isinstance(error, RateLimitedError) else PAUSE
            waiting = PaymentCheck.objects.filter(title__connection=connection, ready_at__lte=clock())
            waiting.update(ready_at=clock() + pause)
    # Last: what was not tried, because nobody worked, is no payment that could not be read.
    if not for_people:
        worked |= payment_checks.waive_overdue(clock()) > 0
    return worked


def _read_of(connection: BlingConnection, clock: Clock, deadline: datetime, *, for_people: bool) -> bool:
    waiting = Waiting.PERSON if for_people else Waiting.NOBODY
    client, worked = open_bling(connection, clock=clock, waiting=waiting), False
    while clock() < deadline:
        due = payment_checks.checks_to_read(clock(), for_people=for_people).filter(title__connection=connection)
        first = due.order_by(payment_checks.a_person_waits("title").desc(), "asked_at", "pk")
        titles = [check.title for check in first.select_related("title")[:BATCH]]
        if not titles:
            break
        _read_batch(client, connection, titles, clock)
        worked = True
    return worked


def _read_batch(client: BlingClient, connection: BlingConnection, titles: Sequence[Title], clock: Clock) -> None:
    chunk = Chunk()
    stale = payment_checks.stale_borderos(titles, clock())
    wanted = sorted(set[int]().union(*stale.values()))
    failures = dict(fetch.read_borderos(client, wanted, chunk, clock=clock, patience=fetch.Patience(client)))
    failpoints.passed("check.read")
    refused = _store(connection, chunk.borderos, clock)
    gone = {bordero for bordero, error in failures.items() if isinstance(error, NotFoundError)}
    stays = {title for title, borderos in stale.items() if not borderos.isdisjoint(failures.keys() | refused)}
    now = clock()
    with transaction.atomic():
        payment_checks.finish([title.pk for title in titles if title.pk not in stays], now)
        # What Bling does not have any more was taken back: the title says how it is paid now.
        taken_back = [title for title, borderos in stale.items() if not borderos.isdisjoint(gone)]
        TitleRead.objects.filter(title__in=taken_back).update(asked_at=now)
        waiting = PaymentCheck.objects.filter(title__in=stays)
        waiting.update(ready_at=now + PAUSE)
        # Bling could be read, and does not show the payment: no waiting lets it be settled.
        waiting.filter(title__in=taken_back).update(asked_at=now, is_waived=False)
    failpoints.passed("check.saved")


def _store(connection: BlingConnection, readings: Sequence[Reading], clock: Clock) -> set[int]:
    """Store borderôs and what follows from them, one by one where the database refuses one; returns which it did."""
    try:
        with transaction.atomic():
            mirror.save_chunk(connection, Chunk(borderos=list(readings)), now=clock(), run=None)
    except REFUSED:
        if len(readings) > 1:
            return set[int]().union(*(_store(connection, [reading], clock) for reading in readings))
        return {facts.bling_id for facts, _read_at in readings}
    return set()
