"""Roll: a share of the titles that were read longest ago, as rows show neither category nor description nor account."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Exists, OuterRef, QuerySet

from integrations.domain.calendar import day_of
from integrations.domain.titles import Direction, TitleStatus
from integrations.models import Payment, Title
from integrations.pipeline.read.failures import failed_in
from integrations.pipeline.read.steps.step import BATCH, TitleStep, Wanted

ROLLING_PERCENT = 2
MOST = 500
SWEEPS = 12
"""Weekly sweeps in which every title paid within `PAID_WITHIN` is read once: less than 90 days."""
PAID_WITHIN = timedelta(days=365)


class Roll(TitleStep):
    """Those that cannot be read take nobody's place."""

    @abstractmethod
    def titles(self) -> QuerySet[Title] | None:
        """Return the titles of which a share is read; `None` where this run reads none."""

    @abstractmethod
    def share(self, count: int) -> int:
        """Return how many of `count` titles are read by one run."""

    def choose(self) -> Sequence[Wanted]:
        run, titles = self.work.run, self.titles()
        if titles is None or not self.work.has_older_readings:
            return []
        if self.name not in run.cursor:
            run.cursor[self.name] = self.share(titles.count())
        limit = min(BATCH, run.cursor[self.name])
        if limit <= 0:
            return []
        query = titles.filter(last_read__read_at__lt=run.started_at).exclude(bling_id__in=failed_in(run))
        found = query.order_by("last_read__read_at", "pk").values_list("direction", "bling_id")[:limit]
        return [(Direction(direction), bling_id) for direction, bling_id in found]

    def wanted(self, chosen: Wanted) -> Wanted:
        return chosen

    def keep(self, chosen: Sequence[Wanted], *, is_complete: bool) -> bool:
        run = self.work.run
        run.cursor[self.name] -= len({bling_id for _direction, bling_id in chosen}.difference(failed_in(run)))
        return False


class RollOpen(Roll):
    """A small share of the open titles in each run."""

    name = "roll"

    def titles(self) -> QuerySet[Title]:
        return Title.objects.filter(connection=self.work.run.connection, status=TitleStatus.OPEN)

    def share(self, count: int) -> int:
        return min(MOST, -(-count * ROLLING_PERCENT // 100))


class RollPaid(Roll):
    """A twelfth of the titles paid within a year, with their borderôs, in each weekly full sweep."""

    name = "roll_paid"
    rereads_borderos = True

    def titles(self) -> QuerySet[Title] | None:
        run = self.work.run
        if not run.is_full or run.started_at is None:
            return None
        paid = Payment.objects.filter(title=OuterRef("pk"), date__gte=day_of(run.started_at - PAID_WITHIN))
        titles = Title.objects.filter(Exists(paid), connection=run.connection, status=TitleStatus.SETTLED)
        titles = titles.exclude(person__forgotten_at__isnull=False)  # its contact would be read again
        return titles.filter(last_read__read_at__lt=self.days_ago)

    def share(self, count: int) -> int:
        return -(-count // SWEEPS)
