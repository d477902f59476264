"""Sealing: events that were committed are chained by hash, and each head of the chain goes out with the log."""

from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction
from django.db.models import QuerySet

from integrations.domain import audit
from integrations.domain.audit import NOTHING, sealed
from integrations.models import AuditEvent, AuditPending, AuditSeal
from integrations.models.audit_tables import LOCK

log = structlog.get_logger(__name__)

BATCH = 500
LATE_AFTER = timedelta(minutes=5)
LOOKED_BACK = timedelta(days=2)
"""How far the record is searched for what nobody sealed; all of it by `audit_verify`."""


def pending() -> QuerySet[AuditPending]:
    """Return the events that wait for their seal."""
    return AuditPending.objects.all()


def seal(*, now: datetime) -> bool:
    """Chain some of the events that wait, in the order in which they are found; false when there was none, or another
    worker is at it. An event that is committed late is sealed late: the chain has an order of its own."""
    with transaction.atomic():
        if not _is_mine():
            return False
        waiting = list(pending().order_by("event_id")[:BATCH])
        if not waiting:
            return False
        head = _chain([row.event_id for row in waiting], min(row.event_at for row in waiting), now)
        pending().filter(pk__in=[row.pk for row in waiting]).delete()
    if head is not None:
        log.info("audit record sealed", head=str(head))
    return True


def _is_mine() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def _chain(numbers: list[int], since: datetime, now: datetime) -> AuditSeal | None:
    """Add the seals of some events; return the new head, None where all of them had theirs."""
    last = AuditSeal.objects.order_by("-number").first()
    seals: list[AuditSeal] = []
    for event in AuditEvent.objects.unsealed(since).filter(pk__in=numbers).order_by("pk", "at"):
        number, previous = (last.number + 1, last.hash) if last else (1, NOTHING)
        digest = event.digest(audit.VERSION)
        last = AuditSeal(
            number=number, event_id=event.pk, event_at=event.at, digest=digest, version=audit.VERSION,
            previous=previous, hash=sealed(previous, number, event.pk, event.at, digest),
            sealed_at=max(now, last.sealed_at) if last else now,
        )  # fmt: skip
        seals.append(last)
    AuditSeal.objects.bulk_create(seals)
    return seals[-1] if seals else None


def late(*, now: datetime) -> QuerySet[AuditEvent]:
    """Return the events that should have been sealed long ago: no worker seals, or somebody keeps it from it."""
    return AuditEvent.objects.unsealed(now - LOOKED_BACK).filter(at__lt=now - LATE_AFTER)


def wait_again(events: QuerySet[AuditEvent]) -> None:
    """Let events wait for their seal that do not wait any more."""
    waits = set(pending().values_list("event_id", "event_at"))
    found = [key for key in events.values_list("pk", "at") if key not in waits]
    AuditPending.objects.bulk_create(AuditPending(event_id=pk, event_at=at) for pk, at in found)
