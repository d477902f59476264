"""Parts that people were to change by hand in Kamino: what its lists show of them since counts."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from django.db import transaction

from integrations.domain.conflicts import part_held_since
from integrations.domain.reasons import Reason
from integrations.models import KaminoSnapshot, PartPosting, Posting, Title
from integrations.pipeline.compare.shown_in_kamino import Seen, last_written, may_compare
from integrations.pipeline.handover.beliefs import believe
from integrations.pipeline.handover.kamino_rows import translated
from integrations.pipeline.handover.plan_requests import request_plans

log = structlog.get_logger(__name__)


def follow_parts(batch: Sequence[Posting], *, seen: Seen, now: datetime) -> None:
    """Believe what a reading (`seen`) showed of the parts of one company's titles that wait for a person, and ask for
    the plans of these."""
    asked = [posting for posting in batch if any(each.code in _BY_HAND for each in posting.get_problems())]
    if not asked:
        return
    parts = list(
        PartPosting.objects.filter(posting__in=asked, kamino_id__isnull=False)
        .select_related("posting__title", "posting__kamino_connection")
        .annotate(last_sent_at=last_written())
        .order_by("pk")
    )
    ids = [part.kamino_id for part in parts if part.kamino_id]
    read = {"kamino_connection": asked[0].kamino_connection_id, "read_at__gte": seen.since}
    rows = translated(KaminoSnapshot.objects.filter(kamino_id__in=ids, **read))
    for part in parts:
        delivered = part.get_delivered()
        if delivered is None or not may_compare(part, seen.since):
            continue
        is_proved = part.posting.kamino_connection.lists_are_complete and seen.proves_absence(
            part.direction, delivered.due_date
        )
        is_reversed = part.bordero_id not in part.posting.title.bordero_ids
        row = rows.get((part.direction, part.kamino_id or 0))
        held = part_held_since(row, delivered, is_reversed=is_reversed, is_proved=is_proved)
        if held is None:
            continue
        with transaction.atomic():
            request_plans(Title.objects.filter(posting=part.posting_id), now=now)  # planning locks in this order
            believe(part, held)
        log.info("part changed in Kamino by hand", part=part.pk, status=held.status)


_BY_HAND = (Reason.PART_REVERSED, Reason.PART_DIFFERS)
