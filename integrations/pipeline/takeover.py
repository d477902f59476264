"""Take-over: a title that Bling deleted and created anew keeps its Kamino title. The new one takes over the posting."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from integrations.domain.relaunch import Launch, find_replacements
from integrations.domain.titles import Direction, TitleStatus
from integrations.models import PersonAction, PlanRequest, Posting, SyncRun, Title


def take_over(run: SyncRun, *, now: datetime) -> int:
    """Pair the titles that gave 404 in this run with those it found; returns how many were replaced.

    New titles that may replace several are marked: they wait until a person has chosen.
    """
    with transaction.atomic():
        titles = Title.objects.select_for_update(of=("self",), no_key=True).order_by("pk")
        new = list(titles.filter(connection=run.connection_id, is_released=False))
        lost = list(titles.filter(connection=run.connection_id, missing_in_run=run.pk, replaced_by=None)) if new else []
        found = find_replacements(_launches(lost), _launches(new))
        by_pk = {title.pk: title for title in [*lost, *new]}
        for old, fresh in found.pairs:
            take_posting_over(by_pk[old], by_pk[fresh], now=now)
        for fresh, candidates in found.unclear.items():
            Title.objects.filter(pk=fresh).update(maybe_replaces=[by_pk[pk].bling_id for pk in candidates])
    return len(found.pairs)


def take_posting_over(old: Title, new: Title, *, now: datetime) -> None:
    """Give the posting of `old` to `new`; to be called in a transaction that holds both titles. What was sent, settled
    or excluded under the old id counts for the new one."""
    PlanRequest.objects.filter(title=old).delete()  # first, as planning locks them
    kept = Posting.objects.filter(title=old).first()
    if kept is not None:
        PersonAction.objects.filter(posting__title=new).update(posting=kept)
        Posting.objects.filter(title=new, kamino_id=None, attempts=None).delete()
        Posting.objects.filter(pk=kept.pk).update(title=new)
    Title.objects.filter(pk=old.pk).update(
        replaced_by=new, status=TitleStatus.DELETED, changed_at=now, missing_in_run=None
    )
    Title.objects.filter(pk=new.pk).update(maybe_replaces=[])


def _launches(titles: Iterable[Title]) -> list[Launch]:
    return [
        Launch(
            key=title.pk,
            direction=Direction(title.direction),
            origin_id=title.origin_id,
            due_date=title.due_date,
            contact_id=title.contact_id,
            value=title.value,
            document_number=title.document_number,
        )
        for title in titles
    ]
