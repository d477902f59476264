"""Rows of Kamino's title lists, kept for a short time so that one page serves many decisions."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q

from integrations.domain.matching import KaminoTitle
from integrations.domain.titles import Direction
from integrations.models import Attempt, KaminoSnapshot, ListedSpan, Posting
from integrations.pipeline.access.restores import took_part
from integrations.rest.fields import storable


def seen_in_kamino(posting: Posting) -> tuple[KaminoTitle, datetime] | None:
    """Return how a list showed a posting's title, and when; `None` where no list did since the last write or link."""
    row = KaminoSnapshot.objects.filter(
        kamino_connection=posting.kamino_connection_id, direction=posting.direction, kamino_id=posting.kamino_id or 0
    ).first()
    if row is None:
        return None
    sent = posting.attempts.exclude(outcome__in=Attempt.NOT_WRITTEN)
    sent_since = sent.filter(Q(ended_at=None) | Q(ended_at__gte=row.read_at)).exists()
    if sent_since:
        return None
    return row.to_title(), row.read_at


def translated(snapshots: Iterable[KaminoSnapshot]) -> dict[tuple[str, int], KaminoTitle]:
    """Return snapshots as titles, by direction and Kamino id."""
    return {(row.direction, row.kamino_id): row.to_title() for row in snapshots}


def forget_rows(kamino_id: int) -> None:
    """Forget what lists showed and proved of a Kamino connection (its key)."""
    for model in (KaminoSnapshot, ListedSpan):
        model.objects.filter(kamino_connection=kamino_id).delete()


def store_rows(kamino_id: int, direction: Direction, rows: Sequence[KaminoTitle], *, read_at: datetime) -> None:
    """Keep rows of a Kamino connection (its key) as snapshots; `read_at` was taken before their request."""
    took_part(read_at)
    KaminoSnapshot.objects.bulk_create(
        [
            KaminoSnapshot(kamino_connection_id=kamino_id, direction=direction, read_at=read_at, **_columns(row))
            for row in sorted(rows, key=lambda row: row.kamino_id)
        ],
        update_conflicts=True,
        unique_fields=["kamino_connection", "direction", "kamino_id"],
        update_fields=_READ_COLUMNS,
    )


_READ_COLUMNS = [
    *(name for name in KaminoSnapshot.FIELDS if name != "kamino_id"),
    "code", "external_code", "status", "is_in_force", "row", "read_at",
]  # fmt: skip


def _columns(row: KaminoTitle) -> dict[str, Any]:
    """Return a row as columns: what is searched is cut to its column's length, the rest is kept whole."""
    columns = {name: getattr(row, name) for name in KaminoSnapshot.FIELDS}
    return {
        **columns,
        "code": row.marked_code[:60],
        "external_code": row.code,
        "status": row.status.value,
        "is_in_force": row.is_in_force,
        "document_number": row.document_number[:100],
        "person_document": row.person_document[:40],
        "row": _plain(row.raw or {}),
    }


def _plain(value: object) -> object:
    """Return what a JSON column takes: decimals as text (they are read back as amounts)."""
    if isinstance(value, dict):
        return {storable(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return storable(value)
    return value if isinstance(value, int | bool | None) else str(value)
