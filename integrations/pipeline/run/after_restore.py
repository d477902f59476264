"""After a restore: Bling is read at once, for nothing is sent before that."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet

from integrations.models import BlingConnection, SyncRun
from integrations.pipeline.handover.restore_holds import connections_to_read
from integrations.pipeline.read.schedule import open_run


def held_unread(tenant_ids: Sequence[int] | None) -> QuerySet[BlingConnection]:
    """Return the connections that a run has to be opened for."""
    query = connections_to_read()
    return query if tenant_ids is None else query.filter(tenant__in=tenant_ids)


def read_held(*, now: datetime, tenant_ids: Sequence[int] | None) -> bool:
    """Open a run for each of them; false when there was none."""
    connections = list(held_unread(tenant_ids))
    opened = [open_run(row, trigger=SyncRun.Trigger.SCHEDULE, due_at=now, now=now) for row in connections]
    return any(opened)
