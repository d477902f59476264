"""Deletions: many titles that vanished from Bling at once stop a run until a person confirms them."""

from datetime import datetime

from django.contrib.auth.models import User

from integrations.models import (
    BlingConnection,
    SyncRun,
)
from integrations.pipeline.desk.commands import request_sync
from integrations.pipeline.read.replacements import has_lost_many
from integrations.rest.errors import ConflictError


def deletions_to_confirm(connection: BlingConnection) -> int:
    """Return how many vanished titles stopped the last run of a connection; 0 when it did not stop for that."""
    last = connection.runs.order_by("-pk").first()
    # Many vanished titles are the only conflict that a run can end with.
    stopped = last is not None and last.state == SyncRun.State.FAILED and last.failure.get("kind") == ConflictError.kind
    return has_lost_many(last) if last is not None and stopped else 0


def confirm_deletions(*, connection: BlingConnection, counted: int, user: User, now: datetime) -> None:
    """Confirm that the many vanished titles were really deleted: the next run goes on, unless more than the page showed
    (`counted`) are gone by then."""
    BlingConnection.objects.filter(pk=connection.pk).update(deletions_confirmed=counted)
    request_sync(connections=[connection], user=user, now=now)
