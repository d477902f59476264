"""How long each table's rows are kept (docs/lgpd.md, "How long"), and the purge that ends them.

In batches of their own that leave out what a worker holds, so nobody waits for it and a death in between loses nothing.
Rows whose uniqueness keeps money from moving twice end only with their title or their company (`GUARDS`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django_q.models import Task

from integrations.models import (
    Alert,
    Attempt,
    AuthorizationRequest,
    BlingAttempt,
    BulkOrder,
    ConnectionEvent,
    ConnectLink,
    ContactWrite,
    CustomerWrite,
    Export,
    ExportChunk,
    ForcedSettlement,
    Heartbeat,
    KaminoSnapshot,
    KnownAddress,
    ListedSpan,
    MappingChange,
    OrderWrite,
    PartPosting,
    PayableSheet,
    PayableWrite,
    PersonPosting,
    Posting,
    RateLimit,
    SettlementWrite,
    StoredDiscrepancy,
    SyncRun,
    TitleChange,
)

BATCH = 1000
DAY, YEAR = timedelta(days=1), timedelta(days=365)
ACCOUNTABLE = 5 * YEAR
"""What money did, and who ordered it: five years."""

GUARDS = (
    Posting, PersonPosting, PartPosting, Attempt, ForcedSettlement, PayableWrite, ContactWrite,
    SettlementWrite, CustomerWrite, OrderWrite, BlingAttempt,
)  # fmt: skip
"""Tables with a constraint that keeps something from being sent or settled twice: never purged, never partitioned."""


@dataclass(frozen=True)
class Ends:
    """Rows of one table that end `after` the moment in their column `since`: deleted, or `emptied` of some columns.
    `but` are rows that stay."""

    model: type[models.Model]
    since: str
    after: timedelta
    but: Q | None = None
    emptied: dict[str, Any] | None = None

    def over(self, now: datetime) -> QuerySet[Any]:
        """Return the rows whose time is up, the oldest first."""
        rows: QuerySet[Any] = self.model._default_manager.filter(**{f"{self.since}__lt": now - self.after})
        return (rows if self.but is None else rows.exclude(self.but)).order_by(self.since)

    def end(self, keys: list[Any]) -> None:
        rows = self.model._default_manager.filter(pk__in=keys)
        if self.emptied is None:
            rows.delete()
        else:
            rows.update(**self.emptied)


_NEWER = SyncRun.objects.filter(connection=OuterRef("connection"), due_at__gt=OuterRef("due_at"), state="done")
_EMPTY: dict[str, Any] = {"body": {}, "sent_body": None, "message": "", "failure": None}

ENDS = (
    Ends(KaminoSnapshot, "read_at", 3 * DAY),
    Ends(ListedSpan, "read_at", 3 * DAY),
    Ends(UserSession, "created_at", 3 * DAY),
    Ends(Task, "stopped", 7 * DAY),
    Ends(AuthorizationRequest, "expires_at", 7 * DAY),
    Ends(Session, "expire_date", 0 * DAY),
    Ends(ExportChunk, "export__expires_at", 0 * DAY),
    Ends(Heartbeat, "beat_at", 30 * DAY),
    Ends(Export, "finished_at", 90 * DAY),
    Ends(BulkOrder, "finished_at", 90 * DAY),
    Ends(Attempt, "started_at", 90 * DAY, Q(outcome__in=Attempt.UNRESOLVED) | Attempt.IS_EMPTIED, _EMPTY),
    Ends(
        BlingAttempt, "started_at", 90 * DAY, Q(outcome__in=BlingAttempt.UNRESOLVED) | BlingAttempt.IS_EMPTIED, _EMPTY
    ),
    Ends(MappingChange, "created_at", 90 * DAY, Q(rows=[], content=None), {"rows": [], "content": None}),
    Ends(PayableSheet, "created_at", 90 * DAY, Q(rows=[]), {"rows": [], "unread_columns": []}),
    Ends(SyncRun, "ended_at", 180 * DAY, ~Q(Exists(_NEWER))),
    Ends(KnownAddress, "seen_at", 180 * DAY),
    Ends(ConnectLink, "expires_at", YEAR),
    Ends(Alert, "closed_at", YEAR),
    Ends(RateLimit, "next_at", YEAR),
    Ends(TitleChange, "at", 2 * YEAR),
    Ends(StoredDiscrepancy, "closed_at", ACCOUNTABLE, Q(accepted_at__isnull=False)),
    Ends(ConnectionEvent, "at", ACCOUNTABLE),
    Ends(LogEntry, "action_time", ACCOUNTABLE),
    *(
        Ends(model, "history_date", ACCOUNTABLE)
        for model in apps.get_models() if model.__name__.startswith("Historical")
    ),
)  # fmt: skip


def purge(*, now: datetime, clock: Callable[[], datetime] | None = None, deadline: datetime | None = None) -> bool:
    """Delete or empty what is over, until `deadline` on `clock`; false where something is left."""
    for ends in ENDS:
        for _batch in _batches(ends, now):
            if clock is not None and deadline is not None and clock() >= deadline:
                return False
    return True


def _batches(ends: Ends, now: datetime) -> Iterator[int]:
    """End row after row of one table; each step is committed by itself."""
    while True:
        with transaction.atomic():
            locked = ends.over(now).select_for_update(skip_locked=True, of=("self",), no_key=True)
            keys = list(locked.values_list("pk", flat=True)[:BATCH])
            if keys:
                ends.end(keys)
        if not keys:
            return
        yield len(keys)
