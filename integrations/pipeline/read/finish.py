"""The end of a run: what it did counts, what it had to leave out is tried again soon."""

from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from integrations.domain.titles import TitleStatus
from integrations.models import BlingConnection, SeenRow, SyncRun, Title
from integrations.pipeline.handover.plan_requests import request_plans
from integrations.pipeline.read import change_log
from integrations.pipeline.read.mirror import hold_lease
from integrations.pipeline.read.schedule import open_run
from integrations.pipeline.read.steps.contacts import ReadContacts
from integrations.pipeline.read.steps.details import ReadDetails
from integrations.pipeline.read.steps.gone import ReadGone
from integrations.pipeline.read.steps.listings import ReadListings
from integrations.pipeline.read.steps.work import Work

MISSING_RUNS_UNTIL_DELETED = 2
AGAIN_AFTER, LONGEST_WAIT = timedelta(minutes=30), timedelta(hours=6)
"""When a run that left something out is followed by the next one: twice as late each time."""
_LOOKED_FOR = {ReadListings.name, ReadGone.name}
"""The steps of which none may be left out where a run says what Bling does not have."""


def finish_run(work: Work) -> None:
    """Close a run that went through its steps, and remember what the next one may build on: done where it was complete,
    else failed with the first thing that it left out."""
    run, left_out, now = work.run, work.left_out, work.clock()
    has_looked = not _LOOKED_FOR & left_out.keys()
    ending: dict[str, Any] = {"state": SyncRun.State.DONE}
    if left_out:
        ending = {"state": SyncRun.State.FAILED, "failure": next(iter(left_out.values()))}
    with transaction.atomic():
        if has_looked and run.cursor.get("has_older", True) and not run.cursor.get("incomplete"):
            _count_missing(run, now)
        again_at = now + _wait(run, now) if left_out else None
        hold_lease(
            run, lease_until=now, ended_at=now, step="done", cursor={},
            bling_requests=F("bling_requests") + work.new_requests(), **ending,
        )  # fmt: skip
        changes: dict[str, Any] = {}
        if ReadContacts.name not in left_out:
            changes["contacts_read_until"] = run.started_at
        if run.connection.deletions_confirmed and has_looked:  # given before this run began, and used up by it
            changes["deletions_confirmed"] = 0
        if run.is_full and has_looked and ReadDetails.name not in left_out:
            changes["swept_at"] = run.started_at
        BlingConnection.objects.filter(pk=run.connection_id).update(**changes)
        SeenRow.objects.filter(run=run).delete()
        if again_at is not None:
            open_run(run.connection, trigger=SyncRun.Trigger.SCHEDULE, due_at=again_at, now=now)


def _wait(run: SyncRun, now: datetime) -> timedelta:
    """Return how long after an incomplete run the next one follows: twice as long after each one before it."""
    ended = SyncRun.objects.filter(connection=run.connection_id, ended_at__gte=now - timedelta(days=1))
    last = ended.order_by("-pk").values_list("state", "failure")[:10]
    before = takewhile(lambda row: row[0] == SyncRun.State.FAILED and "operation" in row[1], last)
    return min(AGAIN_AFTER * float(2 ** len(list(before))), LONGEST_WAIT)


def _count_missing(run: SyncRun, now: datetime) -> None:
    """Count this complete run for the titles that it found deleted; after two of them a title counts as deleted.

    One that a listing of this run showed was not found deleted. One that was paid is deleted at once where a full sweep
    does not show it: nothing is cancelled for it, and no other run looks for it.
    """
    missing = Title.objects.filter(connection=run.connection_id, missing_in_run=run.pk, last_read__is_doubted=False)
    if not missing.update(missing_runs=F("missing_runs") + 1):
        return
    is_sure = Q(missing_runs__gte=MISSING_RUNS_UNTIL_DELETED)
    if run.is_full:
        is_sure |= Q(status=TitleStatus.SETTLED, bordero_ids__len__gt=0)
    gone = missing.filter(is_sure).exclude(status=TitleStatus.DELETED)
    before = dict(gone.values_list("pk", "status"))
    Title.objects.filter(pk__in=before).update(status=TitleStatus.DELETED, changed_at=now)
    change_log.keep_status(before, TitleStatus.DELETED, now=now)
    request_plans(Title.objects.filter(pk__in=before), now=now)
