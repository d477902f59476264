"""Reread: titles whose rows cannot show every change, partial ones and those that wait for a person."""

from collections.abc import Sequence

from django.db.models import Q

from integrations.domain.delivery import DeliveryState
from integrations.domain.titles import Direction, TitleStatus
from integrations.models import Title
from integrations.pipeline.read.steps.step import BATCH, TitleStep, Wanted

REREAD_LIMIT = 500
Row = tuple[Direction, int]


class RereadWaiting(TitleStep):
    """So many of them in one run, those first that were read longest ago."""

    name = "reread"

    def choose(self) -> Sequence[Row]:
        run = self.work.run
        limit = min(BATCH, REREAD_LIMIT - run.cursor.get("reread", 0))
        if limit <= 0 or not self.work.has_older_readings:
            return []
        query = Title.objects.filter(
            Q(status=TitleStatus.PARTIAL)
            | Q(posting__state=DeliveryState.NEEDS_HUMAN)
            | (Q(posting__state=DeliveryState.HELD) & Q(status__in=[TitleStatus.OPEN, TitleStatus.SETTLED])),
            connection=run.connection,
            last_read__read_at__lt=run.started_at,
        ).exclude(posting__problems__contains=[{"code": "before_settled_from"}])
        found = query.order_by("last_read__read_at").values_list("direction", "bling_id")[:limit]
        return [(Direction(direction), bling_id) for direction, bling_id in found]

    def wanted(self, chosen: Row) -> Wanted:
        return *chosen, ""

    def keep(self, chosen: Sequence[Row], *, is_complete: bool) -> bool:
        cursor = self.work.run.cursor
        cursor["reread"] = cursor.get("reread", 0) + len(chosen)
        return False
