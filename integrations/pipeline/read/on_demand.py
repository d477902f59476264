"""Asked: read the titles that people asked for, now, outside of any run."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial

import structlog
from django.db import OperationalError, transaction
from django.db import connection as database
from django.db.models import QuerySet

from integrations.domain.reasons import Problem, Reason
from integrations.domain.titles import Direction
from integrations.models import BlingConnection, Title, TitleRead
from integrations.models.connections import ConnectionStatus
from integrations.models.outbox import Priority
from integrations.pipeline.access import failpoints
from integrations.pipeline.access.clients import open_bling
from integrations.pipeline.access.error_texts import unread
from integrations.pipeline.handover import sales_orders
from integrations.pipeline.handover.plan_requests import request_plans
from integrations.pipeline.read import fetch, mirror
from integrations.pipeline.read.batch import Chunk
from integrations.pipeline.read.saving import save_each
from integrations.rest.errors import ApiError, InternalError

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
READING_ASKED = 0x61736B
"""The class of the advisory locks below; any number that nothing else in this database uses."""


def connections_asked(tenant_ids: Sequence[int] | None) -> QuerySet[BlingConnection]:
    """Return the connections of titles that people asked for."""
    asked = TitleRead.objects.filter(asked_at__isnull=False)
    connections = BlingConnection.objects.filter(
        status=ConnectionStatus.CONNECTED, tenant__is_active=True, titles__last_read__in=asked
    )
    return connections if tenant_ids is None else connections.filter(tenant__in=tenant_ids)


def read_asked(clock: Clock, deadline: datetime, tenant_ids: Sequence[int] | None) -> bool:
    """Read the titles that people asked for, now, outside of any run."""
    worked = False
    for connection in connections_asked(tenant_ids).distinct():
        try:
            with only_reader_of(connection) as alone:
                worked |= alone and _read_asked_of(connection, clock, deadline)
        except OperationalError:
            log.warning("asked titles lost a lock", connection=connection.pk)  # they stay asked
        except Exception as error:
            if not isinstance(error, ApiError):
                log.exception("asked titles crashed", connection=connection.pk)
                error = InternalError(type(error).__name__, service="Bling")
            log.warning("asked titles not read", connection=connection.pk, error=str(error))
            titles = Title.objects.filter(connection=connection, last_read__asked_at__isnull=False)
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
    wanted = [(direction, bling_id) for direction, bling_id, _asked_at in asked]
    since = max(asked_at for _direction, _bling_id, asked_at in asked)
    client = open_bling(connection, clock=clock)
    reads_orders = sales_orders.are_needed(connection)
    for chunk in fetch.read_titles(
        client, connection, wanted, clock=clock, deadline=deadline, reads_orders=reads_orders, borderos_before=since
    ):
        failpoints.passed("asked.read")
        save_each(chunk, partial(_save, connection, clock))
        if clock() >= deadline:
            break
    return True


def _save(connection: BlingConnection, clock: Clock, chunk: Chunk) -> None:
    read = [title.bling_id for title in chunk.titles]
    with transaction.atomic():
        mirror.save_chunk(connection, chunk, now=clock(), run=None)
        titles = Title.objects.filter(connection=connection, bling_id__in=read)
        request_plans(titles, now=clock(), priority=Priority.PERSON)
    failpoints.passed("asked.saved")
    for failure in chunk.failures:
        failed = Title.objects.filter(connection=connection, direction=failure.direction, bling_id=failure.bling_id)
        _stop_asking(failed, Problem(Reason.UNREAD, {"message": failure.message}))


def _asked_titles(connection: BlingConnection, limit: int) -> list[tuple[Direction, int, datetime]]:
    """Return titles that a person asked to be read now, and when."""
    asked = TitleRead.objects.filter(title__connection=connection, asked_at__isnull=False).order_by("asked_at")
    rows = asked.values_list("title__direction", "title__bling_id", "asked_at")[:limit]
    return [(Direction(direction), bling_id, asked_at) for direction, bling_id, asked_at in rows if asked_at]


def _stop_asking(titles: QuerySet[Title], why: Problem) -> None:
    """Keep why the titles could not be read; the person may ask again."""
    TitleRead.objects.filter(title__in=titles).update(asked_at=None, failure=why.to_json())
