"""Holds after a restore: what has to be read of Bling before anything is sent. What waits in a backup is as old as it
is: a payment may have been reversed since."""

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from integrations.models import BlingConnection, RestoreHold, SyncRun
from integrations.models.connections import ConnectionStatus

_USED = [status for status in ConnectionStatus if status is not ConnectionStatus.NEVER]


def unread_connections() -> QuerySet[BlingConnection]:
    """Return the connections of held companies of which no run that began since the restore was completed."""
    holds = RestoreHold.objects.filter(RestoreHold.OPEN)
    mine = holds.filter(kamino_connection__tenant=OuterRef("tenant"))
    since = holds.filter(kamino_connection__tenant=OuterRef(OuterRef("tenant"))).order_by("-since").values("since")[:1]
    read = SyncRun.objects.filter(
        connection=OuterRef("pk"), state=SyncRun.State.DONE, started_at__gte=Subquery(since)
    )  # fmt: skip
    return BlingConnection.objects.filter(Exists(mine), ~Exists(read), status__in=_USED)


def connections_to_read() -> QuerySet[BlingConnection]:
    """Return those of `unread_connections` that can be read without a person, and have no run yet."""
    runs = SyncRun.objects.filter(connection=OuterRef("pk"), state=SyncRun.State.OPEN)
    return unread_connections().filter(~Exists(runs), status=ConnectionStatus.CONNECTED, tenant__is_active=True)
