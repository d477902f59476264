"""Standing: what Kamino already holds is not created a second time. Asked of the last reconciliation's rows, so that it
costs a request only before one is adopted; where Kamino has no list, only our own titles are known."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q

from integrations.domain.desired import DesiredTitle, KaminoStatus
from integrations.domain.documents import compact, digits
from integrations.domain.matching import KaminoTitle
from integrations.domain.reasons import Reason
from integrations.domain.titles import TitleStatus
from integrations.kamino.client import KaminoClient
from integrations.models import KaminoSnapshot, PartPosting, Posting
from integrations.pipeline.handover.kamino_rows import rows_due
from integrations.rest.errors import AmbiguousError

AROUND = timedelta(days=3)
MOVED = timedelta(days=31)
"""So far people may have moved the due date of a title that carries our marker."""


def existing_title(
    client: KaminoClient, posting: Posting | PartPosting, desired: DesiredTitle, person_id: int
) -> KaminoTitle | None:
    """Return the Kamino title that carries this title's code: a restored database, or a lost answer.

    Raises `AmbiguousError` when several carry it, or one with a status that we do not know, or when one of the same
    person and value, due within three days, was made there by somebody else or belongs to a title that vanished from
    Bling, and no person has said yet that it is another one.
    """
    mine = {"kamino_connection": posting.kamino_connection_id, "direction": posting.direction}
    held = {**mine, "kamino_id": OuterRef("kamino_id")}
    is_ours, is_part = Exists(Posting.objects.filter(**held)), Exists(PartPosting.objects.filter(**held))
    free = KaminoSnapshot.objects.filter(~is_ours, ~is_part, **mine)
    alike = {"person_id": person_id, "value": desired.value, "due_date__range": _around(desired)}
    rows = list(free.filter(Q(code=desired.code) | Q(**alike)).order_by("kamino_id"))
    carriers = _still_there(client, desired, [row for row in rows if row.code == desired.code])
    if len(carriers) == 1 and carriers[0].status is not KaminoStatus.UNKNOWN:
        return carriers[0]
    if posting.create_anyway:
        return None
    candidates = [row.kamino_id for row in carriers] or _entered_by_people(rows, mine, desired)
    if posting.IS_WHOLE and not carriers:
        left = _left_by_vanished_titles(mine, desired, person_id)
        if left and not posting.replaces_none():
            candidates += left
    posting.offer(candidates)
    if candidates:
        ids = ", ".join(str(kamino_id) for kamino_id in candidates)
        raise AmbiguousError(ids, service="Kamino", operation="create", code=Reason.POSSIBLE_DUPLICATE)
    return None


def _still_there(client: KaminoClient, desired: DesiredTitle, found: list[KaminoSnapshot]) -> list[KaminoTitle]:
    """Return the rows as Kamino shows them now; snapshots of those that are gone are forgotten."""
    if not found:
        return []
    days = sorted([desired.due_date, *(row.due_date for row in found if row.due_date)])
    rows = rows_due(client, desired.direction, days[0] - MOVED, days[-1] + MOVED)
    if rows is None:
        return [row.to_title() for row in found]
    now = {row.kamino_id: row for row in rows}
    gone = [row.pk for row in found if row.kamino_id not in now]
    KaminoSnapshot.objects.filter(pk__in=gone).delete()
    return [now[row.kamino_id] for row in found if row.kamino_id in now]


def _entered_by_people(alike: Sequence[KaminoSnapshot], mine: dict[str, Any], desired: DesiredTitle) -> list[int]:
    """Return the ids of the unlinked ones among similar rows: without a marker, or copied from one of our titles with
    its marker."""
    others = [row for row in alike if row.code != desired.code]
    rows = [row for row in others if _may_be(row.document_number, desired.document_number)]
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
    return [kamino_id for kamino_id, number in rows if kamino_id and _may_be(number, desired.document_number)]


def _around(desired: DesiredTitle) -> tuple[date, date]:
    return desired.due_date - AROUND, desired.due_date + AROUND


def _may_be(theirs: str, ours: str) -> bool:
    """Two document numbers that are both there and differ tell two titles apart; one of which only digits are sent says
    nothing of the letters."""
    return not (theirs and ours) or compact(theirs) == compact(ours) or digits(theirs) == ours
