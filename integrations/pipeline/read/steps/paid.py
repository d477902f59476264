"""Paid: titles paid in this or the last month that nobody read for days, read again with the weekly full sweep."""

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Exists, OuterRef

from integrations.domain.calendar import day_of
from integrations.domain.titles import Direction, TitleStatus
from integrations.models import Payment, Title
from integrations.pipeline.read.steps.step import BATCH, TitleStep

PAID_REREAD_AGE = timedelta(days=6)
Row = tuple[int, Direction, int]


class RereadPaid(TitleStep):
    """For changes and deletions after the payment, which no listing shows. One that cannot be read does not come back
    in this run."""

    name = "paid"

    def choose(self) -> Sequence[Row]:
        run = self.work.run
        if not run.is_full or run.started_at is None or not self.work.has_older_readings:
            return []
        today = day_of(run.started_at)
        last_month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
        recently_paid = Payment.objects.filter(title=OuterRef("pk"), date__gte=last_month)
        query = Title.objects.filter(
            Exists(recently_paid),
            connection=run.connection_id,
            status=TitleStatus.SETTLED,
            last_read__read_at__lt=run.started_at - PAID_REREAD_AGE,
            pk__gt=run.cursor.get("paid", 0),
        )
        found = query.order_by("pk").values_list("pk", "direction", "bling_id")[:BATCH]
        return [(pk, Direction(direction), bling_id) for pk, direction, bling_id in found]

    def keep(self, chosen: Sequence[Row], *, is_complete: bool) -> bool:
        if is_complete:
            self.work.run.cursor["paid"] = chosen[-1][0]
            self.work.hold_alone()
        return False
