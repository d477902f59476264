"""Replacements: a title that Bling deleted and created again: the new one takes over its posting and Kamino title."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from integrations.domain.desired import KaminoStatus
from integrations.domain.relaunch import Launch, Replacements, find_replacements
from integrations.domain.titles import Direction, TitleStatus
from integrations.models import Attempt, FollowUp, ForcedSettlement, PersonAction, PlanRequest, Posting, SyncRun, Title
from integrations.pipeline.handover.plan_requests import request_plans
from integrations.pipeline.read.change_log import keep_status

MANY_PERCENT, MANY, FEW = 5, 50, 5
"""So many titles deleted at once are rather a fault than somebody's work; a few are not suspicious by themselves."""
DELETED_MEANWHILE = 1
"""More titles than this are rather a fault, too, if the listings of the same run showed them: one may have been deleted
since."""


def look_alikes(connection_id: int) -> QuerySet[Title]:
    """Return the titles that look like one which is new (not released yet): Bling may have created it in their place.
    For the outer query's `direction`, `due_date`, `origin_id`, `contact_id` and `value`."""
    return Title.objects.filter(
        connection=connection_id, is_released=False, direction=OuterRef("direction"), due_date=OuterRef("due_date")
    ).filter(
        Q(origin_id=OuterRef("origin_id"), origin_id__gt=0)
        | Q(contact_id=OuterRef("contact_id"), value=OuterRef("value"))
    )


def has_lost_many(run: SyncRun) -> int:
    """Return how many titles this run was the first to find deleted, without those that were re-created, or 0 when
    they are not suspicious.

    Those that its listings showed are counted along: each speaks against what Bling said of the others.
    """
    titles = Title.objects.filter(connection=run.connection_id, replaced_by=None).exclude(status=TitleStatus.DELETED)
    lost = titles.filter(missing_in_run=run.pk, missing_runs=0)
    doubted = dict(lost.values_list("pk", "last_read__is_doubted"))
    if len(doubted) <= FEW and sum(doubted.values()) <= DELETED_MEANWHILE:
        return 0
    for old, _fresh in find_replacements(_launches(lost), _launches(_new_titles(run))).pairs:
        del doubted[old]
    count, contradictions = len(doubted), sum(doubted.values())
    if count == contradictions:
        return 0  # nothing is believed of these
    are_many = count > FEW and (count > MANY or count * 100 > titles.count() * MANY_PERCENT)
    return count if are_many or contradictions > DELETED_MEANWHILE else 0


def take_over(run: SyncRun, *, now: datetime) -> int:
    """Pair the titles that are gone with those that this run found; returns how many were replaced. To be called once
    all that may be gone were read.

    New titles that may replace several, or one that could not be read, are marked: they wait for a person.
    """
    with transaction.atomic():
        titles = Title.objects.select_for_update(of=("self",), no_key=True).order_by("pk")
        new = list(titles.filter(pk__in=_new_titles(run)))
        lost = list(titles.filter(_is_lost(run), connection=run.connection_id, replaced_by=None)) if new else []
        found = find_replacements(_launches(lost), _launches(new))
        by_pk = {title.pk: title for title in [*lost, *new]}
        for old, fresh in found.pairs:
            take_posting_over(by_pk[old], by_pk[fresh], now=now)
        unread = list(
            titles.filter(Exists(look_alikes(run.connection_id)), connection=run.connection_id, is_released=True)
            .filter(status__in=[TitleStatus.OPEN, TitleStatus.PARTIAL, TitleStatus.SETTLED])
            .filter(last_read__read_at__lt=run.started_at)
        )
        by_pk |= {title.pk: title for title in unread}
        for fresh, candidates in _merged(found, find_replacements(_launches(unread), _launches(new))).items():
            Title.objects.filter(pk=fresh).update(maybe_replaces=[by_pk[pk].bling_id for pk in candidates])
    return len(found.pairs)


def _merged(lost: Replacements, unread: Replacements) -> dict[int, list[int]]:
    """Return which old titles each new one may replace: nobody pairs a title that could not be read."""
    unclear = {**unread.unclear, **{fresh: [old] for old, fresh in unread.pairs}, **lost.unclear}
    return {fresh: old for fresh, old in unclear.items() if fresh not in {pair[1] for pair in lost.pairs}}


def _new_titles(run: SyncRun) -> QuerySet[Title]:
    """Return the titles that wait for their release, without those that are gone again or have a predecessor."""
    new = Title.objects.filter(connection=run.connection_id, is_released=False, replaced=None)
    return new.exclude(missing_in_run=run.pk)


def _is_lost(run: SyncRun) -> Q:
    """Titles that this run found deleted, and those deleted earlier whose Kamino title still stands: what looks like
    them is more likely the same bill, entered again, than another one."""
    stands = Q(posting__kamino_id__isnull=False) & ~Q(posting__delivered__status=KaminoStatus.CANCELLED.value)
    return Q(missing_in_run=run.pk) | Q(stands, Exists(look_alikes(run.connection_id)), status=TitleStatus.DELETED)


def take_posting_over(old: Title, new: Title, *, now: datetime) -> None:
    """Give the posting of `old` to `new`; to be called in a transaction that holds both titles. What was sent, settled
    or excluded under the old id counts for the new one."""
    PlanRequest.objects.filter(title=old).delete()  # first, as planning locks them
    kept = Posting.objects.filter(title=old).first()
    if kept is not None:
        PersonAction.objects.filter(posting__title=new).update(posting=kept)
        Attempt.objects.filter(posting__title=new).update(posting=kept)
        _take_orders_over(kept, new, now)
        if not FollowUp.objects.filter(posting=kept).exists():
            FollowUp.objects.filter(posting__title=new).update(posting=kept)
        Posting.objects.filter(title=new, kamino_id=None).delete()
        Posting.objects.filter(pk=kept.pk).update(title=new)
    if old.status != TitleStatus.DELETED:
        keep_status({old.pk: old.status}, TitleStatus.DELETED, now=now)
    Title.objects.filter(pk=old.pk).update(
        replaced_by=new, status=TitleStatus.DELETED, changed_at=now, missing_in_run=None
    )
    # What an unclear title could have replaced, its successor can.
    Title.objects.filter(pk=new.pk).update(maybe_replaces=old.maybe_replaces, is_released=True)
    request_plans(
        Title.objects.filter(pk=new.pk), now=now
    )  # in this transaction: what was ready to be sent is the old title's


def _take_orders_over(kept: Posting, new: Title, now: datetime) -> None:
    """Move people's settlements of `new` to the posting that it gets; an order of the older posting prevails."""
    orders = ForcedSettlement.objects.filter(posting__title=new)
    if ForcedSettlement.objects.not_undone().filter(posting=kept).exists():
        orders.not_undone().update(undone_at=now)
    orders.update(posting=kept)


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
