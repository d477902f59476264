"""Asked: read the titles that people asked for, now, outside of any run, with all that hangs on them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.db import OperationalError, transaction
from django.db import connection as database
from django.db.models import Exists, F, Min, OuterRef, Q, QuerySet

from integrations.domain.reasons import Problem, Reason
from integrations.domain.titles import Direction
from integrations.models import BlingConnection, RateLimit, SalesOrder, Title, TitleRead, Waiting
from integrations.models.connections import ConnectionStatus
from integrations.models.outbox import Priority
from integrations.pipeline.access import failpoints
from integrations.pipeline.access.clients import open_bling
from integrations.pipeline.access.error_texts import unread
from integrations.pipeline.access.rate_limits import LONGEST_WAIT, key_of_connections
from integrations.pipeline.handover import sales_orders
from integrations.pipeline.handover.plan_requests import request_plans
from integrations.pipeline.read import fetch, gone_objects, mirror
from integrations.pipeline.read.batch import Chunk, What
from integrations.pipeline.read.saving import save_each
from integrations.rest.errors import ApiError, InternalError, RateLimitedError

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
READING_ASKED = 0x61736B
"""The class of the advisory locks below; any number that nothing else in this database uses."""


def connections_asked(now: datetime, tenant_ids: Sequence[int] | None) -> QuerySet[BlingConnection]:
    """Return the connections of titles that people asked for, without those whose account takes no calls for long, and
    those that have a place in the line for a newer token."""
    asked = TitleRead.objects.filter(asked_at__isnull=False)
    spent = RateLimit.objects.filter(key=OuterRef("account_key"), next_at__gt=now + timedelta(seconds=LONGEST_WAIT))
    connections = BlingConnection.objects.annotate(account_key=key_of_connections()).filter(
        ~Exists(spent),
        ~Q(token__waiting=Waiting.PERSON),
        status=ConnectionStatus.CONNECTED,
        tenant__is_active=True,
        titles__last_read__in=asked,
    )
    return connections if tenant_ids is None else connections.filter(tenant__in=tenant_ids)


def read_asked(clock: Clock, deadline: datetime, tenant_ids: Sequence[int] | None) -> bool:
    """Read the titles that people asked for, now, outside of any run."""
    worked = False
    first = Min("titles__last_read__asked_at", filter=Q(titles__last_read__is_asked_by_person=True))
    for connection in (
        connections_asked(clock(), tenant_ids).annotate(first=first).order_by(F("first").asc(nulls_last=True), "pk")
    ):
        try:
            with only_reader_of(connection) as alone:
                worked |= alone and _read_asked_of(connection, clock, deadline)
        except OperationalError:
            log.warning("asked titles lost a lock", connection=connection.pk)  # they stay asked
        except Exception as error:
            if not isinstance(error, ApiError):
                log.exception("asked titles crashed", connection=connection.pk)
                error = InternalError.of_bug(error, "Bling")
            log.warning("asked titles not read", connection=connection.pk, error=str(error))
            titles = Title.objects.filter(connection=connection, last_read__asked_at__isnull=False)
            if isinstance(error, RateLimitedError):
                TitleRead.objects.filter(title__in=titles).update(failure=unread(error).to_json())  # they stay asked
            else:
                _stop_asking(titles, unread(error))
    return worked


@contextmanager
def only_reader_of(connection: BlingConnection) -> Iterator[bool]:
    """Say whether nobody else, in whatever thread or host, reads what was asked of this connection: each would read
    the same titles. The lock lives with the database session, so a worker that is killed leaves none behind."""
    key = [READING_ASKED, connection.pk]
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        [alone] = cursor.fetchone()
    try:
        yield alone
    finally:
        if alone:
            with database.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)


def _read_asked_of(connection: BlingConnection, clock: Clock, deadline: datetime) -> bool:
    asked = _asked_titles(connection, 100)
    if not asked:
        return False
    wanted = [(Direction(read.title.direction), read.title.bling_id) for read in asked]
    since = max(read.asked_at for read in asked if read.asked_at)
    others_since = since if asked[0].is_asked_by_person else None
    waiting = Waiting.PERSON if asked[0].is_asked_by_person else Waiting.NOBODY
    client = open_bling(connection, clock=clock, waiting=waiting)
    reads_orders = sales_orders.are_needed(connection)
    for chunk in fetch.read_titles(
        client, connection, wanted, clock=clock, deadline=deadline, reads_orders=reads_orders, borderos_before=since,
        others_before=others_since,
    ):  # fmt: skip
        failpoints.passed("asked.read")
        save_each(chunk, partial(_save, connection, clock, others_since))
        if clock() >= deadline:
            break
    return True


def _save(connection: BlingConnection, clock: Clock, others_since: datetime | None, chunk: Chunk) -> None:
    read = [title.bling_id for title in chunk.titles]
    with transaction.atomic():
        mirror.save_chunk(connection, chunk, now=clock(), run=None)
        gone_objects.keep(connection, chunk.looked_for, now=clock())
        _note_gone(connection, chunk)
        titles = Title.objects.filter(connection=connection, bling_id__in=read)
        request_plans(titles, now=clock(), priority=Priority.PERSON)
    failpoints.passed("asked.saved")
    for failure in chunk.failures:
        named = {} if failure.direction else {"what": failure.what.value, "bling_id": str(failure.bling_id)}
        if failure.direction:
            failed = Title.objects.filter(connection=connection, direction=failure.direction, bling_id=failure.bling_id)
        elif others_since is not None:
            failed = titles.filter(_hangs_on_unread(failure.what, connection, others_since))
        else:
            continue
        _stop_asking(failed, Problem(Reason.UNREAD, {**failure.failure, **named}))


def _note_gone(connection: BlingConnection, chunk: Chunk) -> None:
    """Keep that Bling does not have some titles: it is believed once two runs agree, and the person is told now."""
    for reading in chunk.titles:
        if reading.facts is None:
            why = Problem(Reason.NOT_IN_BLING, {"at": reading.read_at.isoformat()})
            asked = TitleRead.objects.filter(title__connection=connection, title__direction=reading.direction)
            asked.filter(title__bling_id=reading.bling_id).update(failure=why.to_json())


def _hangs_on_unread(what: What, connection: BlingConnection, since: datetime) -> Q:
    """Return which titles hang on a contact (or on a sales order) that was not read `since` a person asked."""
    if what is What.CONTACT:
        return Q(contact_id__gt=0) & ~Q(person__read_at__gte=since)
    read = SalesOrder.objects.filter(connection=connection, bling_id=OuterRef("origin_id"), read_at__gte=since)
    return Q(~Exists(read), pk__in=sales_orders.of_sales(connection))


def _asked_titles(connection: BlingConnection, limit: int) -> list[TitleRead]:
    """Return titles that are to be read now: those that people asked for, or else others."""
    asked = TitleRead.objects.filter(title__connection=connection, asked_at__isnull=False).select_related("title")
    rows = list(asked.order_by("-is_asked_by_person", "asked_at")[:limit])
    return [row for row in rows if row.is_asked_by_person == rows[0].is_asked_by_person]


def _stop_asking(titles: QuerySet[Title], why: Problem) -> None:
    """Keep why the titles could not be read; the person may ask again."""
    TitleRead.objects.filter(title__in=titles).update(asked_at=None, is_asked_by_person=False, failure=why.to_json())
