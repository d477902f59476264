"""Delete what is only kept for a time (docs/lgpd.md): bodies of old attempts, old snapshots, finished tasks."""

from datetime import datetime, timedelta

from django_q.models import Task

from integrations.models import (
    Attempt,
    AuthorizationRequest,
    BulkOrder,
    Export,
    ExportChunk,
    KaminoSnapshot,
    ListedSpan,
    MappingChange,
    TitleChange,
)

ATTEMPT_BODIES = timedelta(days=90)
SNAPSHOTS = timedelta(days=3)
TASKS = timedelta(days=7)
MAPPING_CHANGES = timedelta(days=90)
"""The rows of a file that a person sent; the history of each mapping stays."""

TITLE_CHANGES = timedelta(days=730)
"""Two years: the longest that somebody asked back."""
BULK_ORDERS = timedelta(days=90)
EXPORTS = timedelta(days=90)
"""Who took what; the file itself goes when it expires."""


def purge(*, now: datetime) -> None:
    """Empty or delete rows past their time; each statement alone, so a death in between loses nothing."""
    old = Attempt.objects.filter(started_at__lt=now - ATTEMPT_BODIES).exclude(outcome__in=Attempt.UNRESOLVED)
    old.exclude(body={}).update(body={}, sent_body=None, message="", failure=None)
    KaminoSnapshot.objects.filter(read_at__lt=now - SNAPSHOTS).delete()
    ListedSpan.objects.filter(read_at__lt=now - SNAPSHOTS).delete()
    sent = MappingChange.objects.filter(created_at__lt=now - MAPPING_CHANGES)
    sent.exclude(rows=[], content=None).update(rows=[], content=None)
    TitleChange.objects.filter(at__lt=now - TITLE_CHANGES).delete()
    BulkOrder.objects.filter(finished_at__lt=now - BULK_ORDERS).delete()
    ExportChunk.objects.filter(export__expires_at__lt=now).delete()
    Export.objects.filter(finished_at__lt=now - EXPORTS).delete()
    AuthorizationRequest.objects.filter(expires_at__lt=now - TASKS).delete()
    Task.objects.filter(stopped__lt=now - TASKS).delete()
