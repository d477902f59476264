"""Existing: what Kamino already holds is not created a second time. Each due date is asked for before something is
created on it; look-alikes are sought in the last reconciliation's rows too. Where Kamino has no list, only what it was
seen to hold and our own titles are known."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, cast

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from integrations.domain.calendar import around
from integrations.domain.desired import DesiredTitle, KaminoStatus
from integrations.domain.matching import LOOKS_ALIKE, KaminoTitle, may_have_number
from integrations.domain.money import ZERO
from integrations.domain.reasons import Reason
from integrations.domain.titles import TitleStatus
from integrations.kamino.client import KaminoClient
from integrations.models import Attempt, KaminoSnapshot, ListedSpan, PartPosting, PersonDecision, Posting
from integrations.models.outbox import Priority
from integrations.pipeline.access.restores import believable_since
from integrations.pipeline.handover.kamino_absence import MOVED, prove
from integrations.pipeline.handover.unlinked import unlinked
from integrations.pipeline.outbox.claim import Claimed
from integrations.rest.errors import AmbiguousError

Clock = Callable[[], datetime]
BELIEVED_FOR = timedelta(minutes=10)
"""How long one reading of a due date serves the creations of that day."""
NEAR_BELIEVED_FOR = timedelta(hours=1)
"""How long one of the days around it does, on which somebody may have entered the same by hand."""


def existing_title(
    client: KaminoClient, claimed: Claimed, desired: DesiredTitle, person_id: int, clock: Clock
) -> KaminoTitle | None:
    """Return the Kamino title that carries this title's code: a restored database, or a lost answer.

    Nothing is created before the list proved it absent from its due date (where there is a list). Raises
    `AmbiguousError` when several carry the code, or one with a status that we do not know, or when one of the same
    person and value, due within three days, was made there by somebody else or belongs to a title that vanished from
    Bling, and no person has said yet that it is another one; `IncompleteError` where the list proves nothing.
    """
    posting = cast(Posting | PartPosting, claimed.unit)
    mine = {"kamino_connection": posting.kamino_connection_id, "direction": posting.direction}
    free = unlinked(KaminoSnapshot.objects.filter(**mine))
    # One whose amount could not be read has none.
    alike = {"value__in": [desired.value, ZERO], "due_date__range": _around(desired)}
    whose = Q(person_id=person_id) | Q(person_id__in=_former_persons(posting))
    found = free.filter(Q(code=desired.code) | (whose & Q(**alike))).order_by("kamino_id")
    since, until = believable_since(clock() - BELIEVED_FOR), clock() + claimed.to.lease - 2 * claimed.to.longest_call
    near_since = believable_since(clock() - NEAR_BELIEVED_FOR)
    if posting.priority == Priority.PERSON:
        since = near_since = max(since, posting.planned_at)  # they may just have changed something over there
    is_shown = partial(prove, client, posting.kamino_connection_id, desired.direction, clock=clock, until=until)
    day, believed = (desired.due_date, desired.due_date), _believed(claimed, min(since, near_since))
    has_list = is_shown(day, since=since, believed=believed, around=(_around(desired), near_since))
    if has_list and posting.was_there():
        is_shown(around(*day, MOVED), since=since, believed=believed)
    rows = list(found)
    marked = [row for row in rows if row.code == desired.code]
    if has_list and marked:
        now, days = clock(), [desired.due_date, *(row.due_date for row in marked if row.due_date)]
        is_shown(around(min(days), max(days), MOVED), since=now)
        free.filter(code=desired.code, read_at__lt=now).delete()
        rows = list(found.all())
    carriers = [row.to_title() for row in rows if row.code == desired.code]
    if len(carriers) == 1 and carriers[0].status is not KaminoStatus.UNKNOWN:
        return carriers[0]
    candidates = [row.kamino_id for row in carriers] or _entered_by_people(rows, mine, desired)
    if posting.IS_WHOLE and not carriers:
        left = _left_by_vanished_titles(mine, desired, person_id)
        if left and not posting.replaces_none():
            candidates += left
    if posting.is_none_of(candidates):
        return None
    posting.offer(candidates)
    if candidates:
        ids = ", ".join(str(kamino_id) for kamino_id in candidates)
        raise AmbiguousError(ids, service="Kamino", operation="create", code=Reason.POSSIBLE_DUPLICATE)
    return None


def _former_persons(posting: Posting | PartPosting) -> QuerySet[Any]:
    """Return the Kamino persons that the title's contact was before: people may have entered it with one of these."""
    title = posting.title if isinstance(posting, Posting) else posting.posting.title
    decided = PersonDecision.objects.filter(person=title.person_id, kind=PersonDecision.Kind.OTHER_COMPANY)
    return decided.order_by().values("kamino_id")


def _believed(claimed: Claimed, since: datetime) -> QuerySet[ListedSpan]:
    """Return the proofs that are believed: none from before an earlier write of this unit, nor from before any write of
    the company of which nobody knows what became."""
    lately = Attempt.objects.filter(kamino_connection=claimed.unit.account_id, started_at__gte=since)
    others = lately.exclude(pk=claimed.attempt.pk).filter(
        Q(outcome__in=Attempt.UNRESOLVED) | Q(pk__in=claimed.unit.attempts.values("pk"))
    )
    written = others.annotate(at=Coalesce("ended_at", "started_at")).filter(at__gte=OuterRef("read_at"))
    return ListedSpan.objects.exclude(Exists(written))


def _entered_by_people(alike: Sequence[KaminoSnapshot], mine: dict[str, Any], desired: DesiredTitle) -> list[int]:
    """Return the ids of the unlinked ones among similar rows: without a marker, or copied from one of our titles with
    its marker."""
    others = [row for row in alike if row.code != desired.code]
    rows = [row for row in others if may_have_number(row.document_number, desired.document_number)]
    codes = [row.code for row in rows if row.code]
    held = Posting.objects.filter(delivered__code__in=codes, kamino_id__isnull=False, **mine)
    copied = set(held.values_list("delivered__code", flat=True))
    return [row.kamino_id for row in rows if not row.code or row.code in copied]


def _left_by_vanished_titles(mine: dict[str, Any], desired: DesiredTitle, person_id: int) -> list[int]:
    """Return the ids of our own alike rows whose title vanished from Bling: it may have been entered there again."""
    vanished = Q(title__status=TitleStatus.DELETED, title__replaced_by=None) | Q(title__missing_runs__gt=0)
    left = Posting.objects.filter(
        vanished, kamino_id__isnull=False, title__person__posting__kamino_id=person_id, title__value=desired.value,
        title__due_date__range=_around(desired), **mine,
    ).exclude(delivered__status=KaminoStatus.CANCELLED.value)  # fmt: skip
    rows = left.order_by("kamino_id").values_list("kamino_id", "title__document_number")
    return [kamino_id for kamino_id, number in rows if kamino_id and may_have_number(number, desired.document_number)]


def _around(desired: DesiredTitle) -> tuple[date, date]:
    return around(desired.due_date, desired.due_date, LOOKS_ALIKE)
