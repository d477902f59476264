"""Paid: titles paid in this or the last month, read again with their borderôs by the weekly full sweep unless both were
read in the last days."""

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q

from integrations.domain.calendar import day_of
from integrations.domain.titles import Direction, TitleStatus
from integrations.models import Bordero, Payment, Title
from integrations.pipeline.read.steps.step import BATCH, TitleStep

Row = tuple[int, Direction, int]


class RereadPaid(TitleStep):
    """For changes and deletions after the payment, which no listing shows. One that cannot be read does not come back
    in this run."""

    name = "paid"
    rereads_borderos = True

    def choose(self) -> Sequence[Row]:
        run, age = self.work.run, self.days_ago
        if not run.is_full or run.started_at is None or not self.work.has_older_readings:
            return []
        today = day_of(run.started_at)
        last_month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
        recently_paid = Payment.objects.filter(title=OuterRef("pk"), date__gte=last_month)
        old = Bordero.objects.filter(connection=run.connection_id, read_at__lt=age).values("bling_id")
        query = Title.objects.filter(
            Q(last_read__read_at__lt=age) | Exists(recently_paid.filter(bordero_id__in=old)),
            Exists(recently_paid),
            connection=run.connection_id,
            status=TitleStatus.SETTLED,
            pk__gt=run.cursor.get("paid", 0),
        )
        found = query.order_by("pk").values_list("pk", "direction", "bling_id")[:BATCH]
        return [(pk, Direction(direction), bling_id) for pk, direction, bling_id in found]

    def keep(self, chosen: Sequence[Row], *, is_complete: bool) -> bool:
        if is_complete:
            self.work.run.cursor["paid"] = chosen[-1][0]
            self.work.hold_alone()
        return False
