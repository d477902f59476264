"""New: release the titles that are new, once those that they replace are known, and what classifies them is read."""

from collections.abc import Sequence

from integrations.models import SyncRun
from integrations.pipeline.read import mirror
from integrations.pipeline.read.replacements import take_over
from integrations.pipeline.read.steps.gone import ReadGone
from integrations.pipeline.read.steps.registers import ReadRegisters
from integrations.pipeline.read.steps.step import Step


class ReleaseNew(Step[SyncRun, None]):
    """Titles that this run found wait for this step before they are planned. None is released where nobody looked
    whether it replaces another one."""

    name = "new"
    needs = frozenset({ReadGone.name})

    def advance(self) -> bool:
        if ReadRegisters.name not in self.work.left_out:
            ReadRegisters(self.work).advance()
        return super().advance()

    def choose(self) -> Sequence[SyncRun]:
        return [self.work.run] if mirror.has_new_titles(self.work.run) else []

    def fetch(self, chosen: Sequence[SyncRun]) -> None:
        self.work.hold_alone()  # a run that somebody took over must release nothing

    def save(self, chosen: Sequence[SyncRun], fetched: None) -> bool:
        take_over(self.work.run, now=self.work.clock())
        mirror.release_new_titles(self.work.run, now=self.work.clock())
        return True
