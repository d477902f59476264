"""Decisions: what only a person can say about one title, each with a reason and a row saying who."""

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
from integrations.domain.matching import as_told
from integrations.domain.reasons import Reason
from integrations.domain.titles import TitleStatus
from integrations.models import (
    Attempt,
    BlingConnection,
    KaminoSnapshot,
    PartPosting,
    PersonAction,
    Posting,
    SyncRun,
    Title,
)
from integrations.models.outbox import NO_REASON
from integrations.pipeline.compare.exact_matches import with_twins
from integrations.pipeline.desk.commands import note, plan_now, request_sync
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.handover.plan_requests import request_plans
from integrations.pipeline.read.replacements import has_lost_many, take_posting_over
from integrations.rest.errors import ConflictError

LINK, CREATE = "link", "create"
HAPPENED, DID_NOT_HAPPEN = "happened", "did_not_happen"
REPLACES, REPLACES_NONE = "replaces", "replaces_none"
MOST_LINKS = 1000
"""Titles that one click links: a page must answer in time."""
LINKS_IN_A_BATCH = 100


@dataclass(frozen=True)
class Option:
    """One possible answer. `number` is the Kamino id that is linked, or the Bling id that is replaced; `None` where the
    person has to give one, 0 where there is none."""

    code: str
    label: str
    number: int | None = 0


def options(posting: Posting) -> list[Option]:
    """Return the answers that this title waits for; none when nothing is to be decided."""
    found = [
        Option(REPLACES, _("It replaces the title %(id)s of Bling") % {"id": bling_id}, bling_id)
        for bling_id in _gone(posting.title)
    ]
    if posting.title.maybe_replaces:
        return [*found, Option(REPLACES_NONE, _("It replaces none of them"))]
    if posting.state != DeliveryState.NEEDS_HUMAN:
        return []
    unresolved = posting.attempts.filter(outcome__in=Attempt.UNRESOLVED).exists()
    if unresolved and posting.kamino_id is not None:
        return [
            Option(HAPPENED, _("Kamino did it: the title stands there as it was sent")),
            Option(DID_NOT_HAPPEN, _("Kamino did not do it: send it again")),
        ]
    if unresolved:
        return [
            Option(LINK, _("It is in Kamino, under this number"), None),
            Option(CREATE, _("It is not in Kamino: create it")),
        ]
    if posting.reason != Reason.POSSIBLE_DUPLICATE:
        return []  # what was found at an earlier attempt may be gone, and is not what stops this title now
    links = [
        Option(LINK, _("It is the title %(id)s of Kamino: link it") % {"id": kamino_id}, kamino_id)
        for kamino_id in posting.candidates
    ]
    return [*links, Option(CREATE, _("It is another one: create it all the same"))] if links else []


def _gone(title: Title) -> list[int]:
    """Return those of the titles that this one may replace which Bling really no longer has."""
    others = Title.objects.filter(
        connection=title.connection_id, direction=title.direction, bling_id__in=title.maybe_replaces, replaced_by=None
    )
    gone = others.filter(Q(status=TitleStatus.DELETED) | Q(missing_in_run__isnull=False))
    return list(gone.order_by("bling_id").values_list("bling_id", flat=True))


def decide(*, posting: Posting, code: str, number: int, reason: str, user: User, now: datetime) -> None:
    """Carry out the option `code`. Raises `Refused` when it is no longer one, or somebody was faster."""
    if not reason.strip():
        raise Refused("reason", _("Give a reason."))
    with transaction.atomic():
        _lock_titles(_concerned(posting, number))
        plan_now(posting, now)
        locked = Posting.objects.select_for_update(of=("self",)).select_related("title").get(pk=posting.pk)
        allowed = {(option.code, option.number) for option in options(locked)}
        if (code, number) not in allowed and (code, None) not in allowed:
            raise Refused("decided", _("This was decided meanwhile, or is no longer open."))
        note(locked, _KINDS[code], f"{number}: {reason}" if number else reason, user, now)
        if code == LINK:
            _link(locked, number, now)
        elif code == CREATE:
            _close_unresolved(locked, Outcome.TRANSIENT, now)
            _move(locked, create_anyway=True)
        elif code == HAPPENED:
            _believe(locked, now)
        elif code == DID_NOT_HAPPEN:
            _close_unresolved(locked, Outcome.TRANSIENT, now)
            _move(locked)
        else:
            _say_what_it_replaces(locked, number, now)


def _lock_titles(which: Q) -> None:
    """Lock titles before anything else, in the order that the mirror uses: it locks those that it reads, and then asks
    for their plans."""
    locked = Title.objects.select_for_update(of=("self",), no_key=True).filter(which).order_by("pk")
    list(locked.values_list("pk", flat=True))


def _concerned(posting: Posting, number: int) -> Q:
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


_KINDS = {
    LINK: PersonAction.Kind.LINK,
    CREATE: PersonAction.Kind.CREATE,
    HAPPENED: PersonAction.Kind.HAPPENED,
    DID_NOT_HAPPEN: PersonAction.Kind.DID_NOT_HAPPEN,
    REPLACES: PersonAction.Kind.REPLACES,
    REPLACES_NONE: PersonAction.Kind.REPLACES_NONE,
}


def _move(posting: Posting, **changes: object) -> None:
    """Take a posting out of "needs human"; the plan that was asked for decides what follows."""
    Posting.objects.filter(pk=posting.pk).update(
        state=DeliveryState.HELD, **NO_REASON, candidates=[], tries=0, lookups=0,
        fence=F("fence") + 1, **changes,
    )  # fmt: skip


def _close_unresolved(posting: Posting, outcome: str, now: datetime, **changes: object) -> None:
    posting.attempts.filter(outcome__in=Attempt.UNRESOLVED).update(outcome=outcome, ended_at=now, **changes)


def _link(posting: Posting, kamino_id: int, now: datetime) -> None:
    if posting.desired is None:
        raise Refused("held", _("The title is held back. Mend its reasons first."))
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
    desired = posting.get_desired()
    told = _what_kamino_holds(posting, desired, kamino_id)
    _close_unresolved(posting, Outcome.ADOPTED, now, kamino_id=kamino_id, settles=told.payment is not None)
    try:
        with transaction.atomic():
            _move(posting, kamino_id=kamino_id, delivered=told.to_json(), delivered_fingerprint=told.fingerprint)
    except IntegrityError:
        raise Refused("taken", _("That title of Kamino belongs to another title already.")) from None


def link(*, posting: Posting, kamino_id: int, reason: str, user: User, now: datetime) -> None:
    """Link a title to one that was seen in Kamino and is nobody's. Raises `Refused` otherwise: while a call is under
    way or unconfirmed, "Decide" has the answers that are safe then."""
    if not reason.strip():
        raise Refused("reason", _("Give a reason."))
    with transaction.atomic():
        _lock_titles(_concerned(posting, kamino_id))
        plan_now(posting, now)
        locked = Posting.objects.select_for_update(of=("self",)).select_related("title").get(pk=posting.pk)
        _refuse_link(locked, kamino_id)
        note(locked, PersonAction.Kind.LINK, f"{kamino_id}: {reason}", user, now)
        _link(locked, kamino_id, now)


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


@dataclass(frozen=True)
class Linked:
    """How many titles were linked, why others were not (sentence and count), and how many twins are left."""

    done: int
    refused: dict[str, int]
    left: int


def link_twins(*, twins: QuerySet[Any], counted: int, reason: str, user: User, now: datetime) -> Linked:
    """Link postings (of `with_twins`) to their twins in Kamino: no more than the person was told of (`counted`), and
    `MOST_LINKS` at a time. Each one is looked at again under its lock, so that a delivery or another person who was
    faster is never overruled. Raises `Refused` without a reason."""
    if not reason.strip():
        raise Refused("reason", _("Give a reason."))
    found = twins.filter(twin__isnull=False).order_by("pk")
    pairs = list(found.values_list("pk", "twin")[: min(counted, MOST_LINKS)])
    refused = Counter[str]()
    for start in range(0, len(pairs), LINKS_IN_A_BATCH):
        refused.update(_link_batch(dict(pairs[start : start + LINKS_IN_A_BATCH]), reason=reason, user=user, now=now))
    return Linked(len(pairs) - refused.total(), dict(refused), found.count())


def _link_batch(pairs: dict[int, int], *, reason: str, user: User, now: datetime) -> list[str]:
    """Link postings to Kamino ids under one lock; returns why some were not linked. One does not stop the others."""
    refused = []
    with transaction.atomic():
        kaminos = Posting.objects.filter(pk__in=pairs).values("kamino_connection")
        holders = Q(posting__kamino_connection__in=kaminos, posting__kamino_id__in=pairs.values())
        _lock_titles(Q(posting__in=pairs) | holders)
        request_plans(Title.objects.filter(posting__in=pairs), now=now)  # first: planning locks in the same order
        rows = Posting.objects.select_for_update(of=("self",)).filter(pk__in=pairs).select_related("title")
        locked = list(rows.order_by("pk"))
        still = dict(with_twins(Posting.objects.filter(pk__in=pairs)).values_list("pk", "twin"))
        for posting in locked:
            try:
                with transaction.atomic():
                    if still[posting.pk] != pairs[posting.pk]:
                        raise Refused("decided", _("It was decided, sent or changed meanwhile."))
                    note(posting, PersonAction.Kind.LINK, f"{pairs[posting.pk]}: {reason}", user, now)
                    _link(posting, pairs[posting.pk], now)
            except Refused as error:
                refused.append(error.message)
    return refused


def _what_kamino_holds(posting: Posting, desired: DesiredTitle, kamino_id: int) -> DesiredTitle:
    row = KaminoSnapshot.objects.filter(
        kamino_connection=posting.kamino_connection_id, direction=posting.direction, kamino_id=kamino_id
    ).first()
    if row is not None:
        return as_told(row.to_title(), desired)
    # Kamino shows no list of these: an open title is the safe belief, Kamino itself refuses a second settlement.
    return replace(desired, status=KaminoStatus.PENDING, payment=None)


def _believe(posting: Posting, now: datetime) -> None:
    attempt = posting.attempts.filter(outcome__in=Attempt.UNRESOLVED).get()
    told = DesiredTitle.from_json(attempt.body)
    _close_unresolved(posting, Outcome.ADOPTED, now, kamino_id=posting.kamino_id)
    _move(posting, delivered=told.to_json(), delivered_fingerprint=told.fingerprint)


def _say_what_it_replaces(posting: Posting, bling_id: int, now: datetime) -> None:
    new = posting.title
    others = Title.objects.filter(connection=new.connection_id, maybe_replaces__contains=[bling_id]).exclude(pk=new.pk)
    Title.objects.filter(pk=new.pk).update(maybe_replaces=[])
    if not bling_id:
        return
    old = Title.objects.select_for_update(of=("self",), no_key=True).get(
        connection=new.connection_id, direction=new.direction, bling_id=bling_id
    )
    for other in others:
        Title.objects.filter(pk=other.pk).update(
            maybe_replaces=[key for key in other.maybe_replaces if key != bling_id]
        )
    request_plans(others, now=now)
    take_posting_over(old, new, now=now)


def deletions_to_confirm(connection: BlingConnection) -> int:
    """Return how many vanished titles stopped the last run of a connection; 0 when it did not stop for that."""
    last = connection.runs.order_by("-pk").first()
    # Many vanished titles are the only conflict that a run can end with.
    stopped = last is not None and last.state == SyncRun.State.FAILED and last.error_kind == ConflictError.kind
    return has_lost_many(last) if last is not None and stopped else 0


def confirm_deletions(*, connection: BlingConnection, counted: int, user: User, now: datetime) -> None:
    """Say that the many titles which vanished were really deleted: the next run goes through, unless even more than the
    person was told of (`counted`) are gone by then."""
    BlingConnection.objects.filter(pk=connection.pk).update(deletions_confirmed=counted)
    request_sync(connections=[connection], user=user, now=now)
