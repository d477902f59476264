"""After a restore: Bling is read at once, for nothing is sent before that."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from integrations.models import RestoreHold, SyncRun
from integrations.pipeline.handover.restore_holds import connections_to_read
from integrations.pipeline.read.schedule import open_run


def holds_unread(tenant_ids: Sequence[int] | None) -> QuerySet[RestoreHold]:
    """Return the holds of companies that a run has to be opened for."""
    unread = connections_to_read().filter(tenant=OuterRef("kamino_connection__tenant"))
    holds = RestoreHold.objects.filter(RestoreHold.OPEN, Exists(unread))
    return holds if tenant_ids is None else holds.filter(kamino_connection__tenant__in=tenant_ids)


def read_held(*, now: datetime, tenant_ids: Sequence[int] | None) -> bool:
    """Open a run for each of their connections; false when there was none."""
    tenants = holds_unread(tenant_ids).order_by().values_list("kamino_connection__tenant", flat=True).distinct()
    connections = connections_to_read().filter(tenant__in=list(tenants))
    opened = [open_run(row, trigger=SyncRun.Trigger.SCHEDULE, due_at=now, now=now) for row in connections]
    return any(opened)
