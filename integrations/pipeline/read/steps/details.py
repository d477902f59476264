"""Details: what the listings showed to be new or different, most urgent first."""

from collections.abc import Sequence

from integrations.domain.titles import Direction
from integrations.pipeline.read.steps.step import TitleStep, Wanted

BATCH = 500


class ReadDetails(TitleStep):
    """Titles that a listing showed; each is taken off the list of the run with what was read of it."""

    name = "details"

    def choose(self) -> Sequence[Wanted]:
        found = self.work.run.seen.filter(is_wanted=True).order_by("urgency", "pk")
        rows = found.values_list("direction", "bling_id")[:BATCH]
        return [(Direction(direction), bling_id) for direction, bling_id in rows]

    def wanted(self, chosen: Wanted) -> Wanted:
        return chosen

    def keep(self, chosen: Sequence[Wanted], *, is_complete: bool) -> bool:
        return is_complete and len(chosen) < BATCH
