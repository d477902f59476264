"""Gone: titles that no listing showed, read each once to learn why; many deletions at once stop the run."""

from collections.abc import Sequence

from django.db.models import Exists, F, OuterRef, Q

from integrations.domain.calendar import day_of
from integrations.domain.reasons import Reason
from integrations.domain.titles import Direction, TitleStatus
from integrations.models import SeenRow, SyncRun, Title
from integrations.pipeline.read.replacements import has_lost_many, look_alikes
from integrations.pipeline.read.steps.listings import NEAR_FUTURE
from integrations.pipeline.read.steps.step import BATCH, TitleStep
from integrations.rest.errors import ConflictError

Row = tuple[int, Direction, int]


class ReadGone(TitleStep):
    """One that cannot be read does not come back in this run."""

    name = "gone"

    def choose(self) -> Sequence[Row]:
        if not self.work.has_older_readings:
            return []
        run = self.work.run
        gone = gone_titles(run, after=run.cursor.get("gone", 0), limit=BATCH)
        if not gone:
            lost = has_lost_many(run)  # only now: a person confirms a number, so it must be all of them
            if lost > run.connection.deletions_confirmed:
                raise ConflictError(str(lost), service="Bling", operation="gone", code="many_missing")
        return gone

    def keep(self, chosen: Sequence[Row], *, is_complete: bool) -> bool:
        if is_complete:
            self.work.run.cursor["gone"] = chosen[-1][0]
            self.work.hold_alone(titles_gone=F("titles_gone") + len(chosen))
        return False


def gone_titles(run: SyncRun, *, after: int, limit: int) -> list[tuple[int, Direction, int]]:
    """Return titles (key, direction, id) whose detail decides whether they are gone: those that the listings of this
    run had to show and did not, and all that a new title looks like, seen or not: they may have been re-created while
    the listings were read, or after they were paid.

    A full sweep has to show all titles, every run the unsettled ones (those due beyond a partial scan's end were not
    looked for); one that was not found before, by a run or for a person, is read until two runs agree. Titles already
    read since the run began are decided. Where a listing had a row without an id, none is known to be unlisted.
    """
    seen = SeenRow.objects.filter(run=run, direction=OuterRef("direction"), bling_id=OuterRef("bling_id"))
    unlisted = Q(missing_runs__gt=0) | Q(last_read__failure__code=Reason.NOT_IN_BLING)
    if run.cursor.get("incomplete"):
        unlisted = Q(pk__in=[])
    elif run.is_full or run.started_at is None:
        unlisted |= ~Q(status=TitleStatus.CANCELLED)
    else:
        is_far = Q(direction=Direction.RECEIVABLE, due_date__gt=day_of(run.started_at) + NEAR_FUTURE)
        unlisted |= Q(status__in=[TitleStatus.OPEN, TitleStatus.PARTIAL]) & ~is_far
    looks_like_new = Q(
        Exists(look_alikes(run.connection_id)),
        is_released=True,
        status__in=[TitleStatus.OPEN, TitleStatus.PARTIAL, TitleStatus.SETTLED],
    )
    query = Title.objects.filter(
        (unlisted & ~Exists(seen.exclude(row_fingerprint=""))) | looks_like_new,
        connection=run.connection_id,
        last_read__read_at__lt=run.started_at,
    ).exclude(status=TitleStatus.DELETED)
    found = query.filter(pk__gt=after).order_by("pk").values_list("pk", "direction", "bling_id")[:limit]
    return [(pk, Direction(direction), bling_id) for pk, direction, bling_id in found]
