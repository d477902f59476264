"""Roll: the open titles that were read longest ago, as rows show neither category nor description nor account."""

from collections.abc import Sequence

from integrations.domain.titles import Direction, TitleStatus
from integrations.models import Title
from integrations.pipeline.read.failures import failed_in
from integrations.pipeline.read.steps.step import BATCH, TitleStep, Wanted

ROLLING_PERCENT = 2
MOST = 500


class RollOpen(TitleStep):
    """A small share of the open titles in each run; those that cannot be read take nobody's place."""

    name = "roll"

    def choose(self) -> Sequence[Wanted]:
        run = self.work.run
        if not self.work.has_older_readings:
            return []
        open_titles = Title.objects.filter(connection=run.connection, status=TitleStatus.OPEN)
        if "roll" not in run.cursor:
            run.cursor["roll"] = min(MOST, -(-open_titles.count() * ROLLING_PERCENT // 100))
        limit = min(BATCH, run.cursor["roll"])
        if limit <= 0:
            return []
        query = open_titles.filter(last_read__read_at__lt=run.started_at).exclude(bling_id__in=failed_in(run))
        found = query.order_by("last_read__read_at", "pk").values_list("direction", "bling_id")[:limit]
        return [(Direction(direction), bling_id) for direction, bling_id in found]

    def wanted(self, chosen: Wanted) -> Wanted:
        return chosen

    def keep(self, chosen: Sequence[Wanted], *, is_complete: bool) -> bool:
        run = self.work.run
        run.cursor["roll"] -= len({bling_id for _direction, bling_id in chosen}.difference(failed_in(run)))
        return False
