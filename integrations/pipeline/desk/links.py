"""Links: a title and the Kamino title that it is, where only a person can say so: one, or many exact matches."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from integrations.domain.delivery import IN_FLIGHT, DeliveryState, Outcome
from integrations.domain.desired import DesiredTitle, KaminoStatus
from integrations.domain.matching import as_shown
from integrations.domain.seen import Seen
from integrations.domain.titles import TitleStatus
from integrations.models import (
    Attempt,
    KaminoSnapshot,
    PartPosting,
    PersonAction,
    Posting,
    Title,
)
from integrations.models.outbox import NO_REASON
from integrations.pipeline.compare.exact_matches import with_exact_match
from integrations.pipeline.desk.commands import note, plan_now
from integrations.pipeline.desk.refusal import Refused, need_reason
from integrations.pipeline.handover.plan_requests import request_plans
from integrations.pipeline.read.replacements import take_posting_over

MOST_LINKS = 1000
"""Titles that one click links: a page must answer in time."""
LINKS_IN_A_BATCH = 100
_SEEN = ("pk", "title__value", "exact_match")


@dataclass(frozen=True)
class Linked:
    """How many titles were linked, why others were not (sentence and count), and how many exact matches are left."""

    done: int
    refused: dict[str, int]
    left: int


def link(*, posting: Posting, kamino_id: int, reason: str, user: User, now: datetime) -> None:
    """Link a title to an unlinked one that was seen in Kamino. Raises `Refused` otherwise; while a call is under way or
    unconfirmed, "Decide" has the safe answers."""
    need_reason(reason)
    with transaction.atomic():
        lock_titles(concerned(posting, kamino_id))
        plan_now(posting, now)
        locked = Posting.objects.select_for_update(of=("self",)).select_related("title").get(pk=posting.pk)
        _refuse_link(locked, kamino_id)
        note(locked, PersonAction.Kind.LINK, f"{kamino_id}: {reason}", user, now)
        link_to(locked, kamino_id, now)


def link_exact_matches(*, exact_matches: QuerySet[Any], mark: str, reason: str, user: User, now: datetime) -> Linked:
    """Link postings (of `with_exact_match`) to their exact matches in Kamino: those that the page showed (`mark`, of
    `look_at_matches`), and `MOST_LINKS` at a time. Each is checked again under its lock, so that a delivery or a person
    who was faster is never overruled. Raises `Refused` without a reason, and when a title, its value or its match is
    another one by now."""
    need_reason(reason)
    found = _matched(exact_matches)
    rows = list(found.values_list(*_SEEN))
    if Seen.of(rows).mark != mark:
        raise Refused("changed", _("The list has changed meanwhile. Look at the new count and sum, and confirm them."))
    pairs = [(pk, match) for pk, _value, match in rows[:MOST_LINKS]]
    refused = Counter[str]()
    for start in range(0, len(pairs), LINKS_IN_A_BATCH):
        refused.update(_link_batch(dict(pairs[start : start + LINKS_IN_A_BATCH]), reason=reason, user=user, now=now))
    return Linked(len(pairs) - refused.total(), dict(refused), found.count())


def look_at_matches(exact_matches: QuerySet[Any]) -> Seen:
    """Return what a page shows of postings (of `with_exact_match`) with an exact match, before they are linked."""
    return Seen.of(_matched(exact_matches).values_list(*_SEEN))


def _matched(exact_matches: QuerySet[Any]) -> QuerySet[Any]:
    return exact_matches.filter(exact_match__isnull=False).order_by("pk")


def _link_batch(pairs: dict[int, int], *, reason: str, user: User, now: datetime) -> list[str]:
    """Link postings to Kamino ids under one lock; returns why some were not linked. One does not stop the others."""
    refused = []
    with transaction.atomic():
        kaminos = Posting.objects.filter(pk__in=pairs).values("kamino_connection")
        holders = Q(posting__kamino_connection__in=kaminos, posting__kamino_id__in=pairs.values())
        lock_titles(Q(posting__in=pairs) | holders)
        request_plans(Title.objects.filter(posting__in=pairs), now=now)  # first: planning locks in the same order
        rows = Posting.objects.select_for_update(of=("self",)).filter(pk__in=pairs).select_related("title")
        locked = list(rows.order_by("pk"))
        still = dict(with_exact_match(Posting.objects.filter(pk__in=pairs)).values_list("pk", "exact_match"))
        for posting in locked:
            try:
                with transaction.atomic():
                    if still[posting.pk] != pairs[posting.pk]:
                        raise Refused("decided", _("It was decided, sent or changed meanwhile."))
                    note(posting, PersonAction.Kind.LINK, f"{pairs[posting.pk]}: {reason}", user, now)
                    link_to(posting, pairs[posting.pk], now)
            except Refused as error:
                refused.append(error.message)
    return refused


def link_to(posting: Posting, kamino_id: int, now: datetime) -> None:
    desired = posting.get_desired() if posting.desired is not None else _sent_to_nobody_knows(posting)
    if desired is None:
        raise Refused("held", _("The title is held back. Resolve its reasons first."))
    holder = Posting.objects.select_related("title").filter(
        kamino_connection=posting.kamino_connection_id, direction=posting.direction, kamino_id=kamino_id,
        title__status=TitleStatus.DELETED,
    ).first()  # fmt: skip
    if holder is not None and holder.title.connection_id == posting.title.connection_id:
        _refuse_in_flight(holder)
        take_posting_over(holder.title, posting.title, now=now)  # a bill that was deleted in Bling and entered again
        return
    parts = PartPosting.objects.filter(kamino_connection=posting.kamino_connection_id, direction=posting.direction)
    if parts.filter(kamino_id=kamino_id).exists():
        raise Refused("taken", _("That title of Kamino belongs to another title already."))
    held = _what_kamino_holds(posting, desired, kamino_id)
    close_unresolved(posting, Outcome.ADOPTED, now, kamino_id=kamino_id, settles=held.payment is not None)
    try:
        with transaction.atomic():
            release(posting, kamino_id=kamino_id, delivered=held.to_json(), delivered_fingerprint=held.fingerprint)
    except IntegrityError:
        raise Refused("taken", _("That title of Kamino belongs to another title already.")) from None


def _sent_to_nobody_knows(posting: Posting) -> DesiredTitle | None:
    """Return what was sent last without a known outcome: it may be there although Bling does not want it any more."""
    attempt = posting.attempts.filter(outcome__in=Attempt.UNRESOLVED).order_by("-pk").first()
    return DesiredTitle.from_json(attempt.was_sent) if attempt else None


def _refuse_link(posting: Posting, kamino_id: int) -> None:
    if posting.kamino_id is not None:
        linked = _("This title is linked already, to the title %(id)s of Kamino.")
        raise Refused("linked_before", linked % {"id": posting.kamino_id})
    if posting.state == DeliveryState.IGNORED:
        raise Refused("ignored", _("This title is not to be synced. Take that back first."))
    _refuse_in_flight(posting)
    mine = {"kamino_connection": posting.kamino_connection_id, "direction": posting.direction, "kamino_id": kamino_id}
    if not KaminoSnapshot.objects.filter(**mine).exists():
        raise Refused("unseen", _("Nobody saw this title in Kamino lately. Read Kamino first, and choose again."))


def _refuse_in_flight(posting: Posting) -> None:
    busy = posting.state in IN_FLIGHT
    if busy or posting.attempts.filter(outcome__in=Attempt.UNRESOLVED).exists():
        raise Refused("in_flight", _("A delivery of this title is under way or unconfirmed. Try again later."))


def _what_kamino_holds(posting: Posting, desired: DesiredTitle, kamino_id: int) -> DesiredTitle:
    row = KaminoSnapshot.objects.filter(
        kamino_connection=posting.kamino_connection_id, direction=posting.direction, kamino_id=kamino_id
    ).first()
    if row is not None and row.status == KaminoStatus.UNKNOWN:
        raise Refused("status", _("Kamino shows that title with a status that is not known here. Look at it there."))
    if row is not None:
        return as_shown(row.to_title(), desired)
    # Kamino shows no list of these: an open title is the safe belief, Kamino itself refuses a second settlement.
    return replace(desired, status=KaminoStatus.PENDING, payment=None)


def release(posting: Posting, **changes: object) -> None:
    """Take a posting out of "needs human"; the plan that was asked for decides what follows."""
    clean: dict[str, object] = {**NO_REASON, "candidates": [], "tries": 0, "lookups": 0}
    Posting.objects.filter(pk=posting.pk).update(state=DeliveryState.HELD, fence=F("fence") + 1, **(clean | changes))


def close_unresolved(posting: Posting, outcome: str, now: datetime, **changes: object) -> None:
    posting.attempts.filter(outcome__in=Attempt.UNRESOLVED).update(outcome=outcome, ended_at=now, **changes)


def lock_titles(which: Q) -> None:
    """Lock titles before anything else, in the order that the mirror uses: it locks those that it reads, and then asks
    for their plans."""
    locked = Title.objects.select_for_update(of=("self",), no_key=True).filter(which).order_by("pk")
    list(locked.values_list("pk", flat=True))


def concerned(posting: Posting, number: int) -> Q:
    """Return the title and all that a decision for `number` may change."""
    title = posting.title
    found = Q(pk=title.pk)
    found |= Q(
        posting__kamino_connection=posting.kamino_connection_id,
        posting__direction=posting.direction,
        posting__kamino_id=number,
    )
    if number:
        found |= Q(connection=title.connection_id, direction=title.direction, bling_id=number)
        found |= Q(connection=title.connection_id, maybe_replaces__contains=[number])
    return found
