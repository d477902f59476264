"""Decisions: what only a person can say about one title, each with a reason and a row saying who."""

from dataclasses import dataclass, replace
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from integrations.domain.conflicts import DONE_THERE
from integrations.domain.delivery import DeliveryState, Outcome
from integrations.domain.desired import DesiredTitle, KaminoStatus
from integrations.domain.reasons import Reason
from integrations.domain.titles import Direction, TitleStatus
from integrations.models import (
    Attempt,
    PersonAction,
    Posting,
    Title,
)
from integrations.models.outbox import NO_REASON
from integrations.pipeline.desk.commands import note, plan_now
from integrations.pipeline.desk.links import close_unresolved, concerned, link_to, lock_titles, release
from integrations.pipeline.desk.refusal import Refused, need_reason
from integrations.pipeline.handover.beliefs import believe
from integrations.pipeline.handover.plan_requests import request_plans
from integrations.pipeline.read.replacements import take_posting_over

LINK, CREATE = "link", "create"
HAPPENED, DID_NOT_HAPPEN = "happened", "did_not_happen"
SURPLUS_GONE = "surplus_gone"
REPLACES, REPLACES_NONE = "replaces", "replaces_none"
CANCEL_DELETED, KEEP, DONE_BY_HAND = "cancel_deleted", "keep", "done_by_hand"


@dataclass(frozen=True)
class Option:
    """One possible answer. `number` is the Kamino id that is linked or gone, or the Bling id that is replaced; `None`
    where the person has to give one, 0 where there is none."""

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
    asked = Attempt.objects.filter(_has_surplus(posting) | Q(posting=posting, outcome__in=Attempt.UNRESOLVED))
    open_attempts = list(asked.order_by("surplus_id").only("surplus_id", "surplus_gone_at", "outcome", "posting"))
    if numbers := list(dict.fromkeys(row.open_surplus for row in open_attempts if row.open_surplus)):
        # First: sent again beside it, the money would stand there twice.
        label = _("Number %(id)s was removed in Kamino, or is not one too many there")
        return [Option(SURPLUS_GONE, label % {"id": number}, number) for number in numbers]
    if posting.state != DeliveryState.NEEDS_HUMAN:
        return []
    unresolved = bool(open_attempts) or posting.reason == Reason.NO_RECORD
    if unresolved and posting.kamino_id is not None:
        return [
            Option(HAPPENED, _("Kamino did it: the title is there as it was sent")),
            Option(DID_NOT_HAPPEN, _("Kamino did not do it: send it again")),
        ]
    if unresolved:
        return [
            Option(LINK, _("It is in Kamino, under this number"), None),
            Option(CREATE, _("It is not in Kamino: create it")),
        ]
    if posting.reason in DONE_THERE or posting.reason == Reason.GONE_FROM_KAMINO:
        return _by_hand(posting)
    if posting.reason != Reason.POSSIBLE_DUPLICATE:
        return []  # what was found at an earlier attempt may be gone, and is not what stops this title now
    links = [
        Option(LINK, _("It is the title %(id)s of Kamino: link it") % {"id": kamino_id}, kamino_id)
        for kamino_id in posting.candidates
    ]
    return [*links, Option(CREATE, _("It is another one: create it all the same"))] if links else []


def _by_hand(posting: Posting) -> list[Option]:
    """Return the answers about a title that Bling deleted, and that it was brought to its end in Kamino by hand, where
    no list shows that."""
    delivered, found = posting.get_delivered(), list[Option]()
    if posting.reason == Reason.DELETED_IN_BLING:
        if delivered is not None and delivered.status is KaminoStatus.PENDING and not posting.title.bordero_ids:
            found.append(Option(CANCEL_DELETED, _("Cancel it in Kamino")))
        found.append(Option(KEEP, _("Keep it in Kamino, and do not sync it any more")))
    is_seen = posting.kamino_connection.has_list(Direction(posting.direction))
    is_cancelled = posting.desired is not None and posting.get_desired().status is KaminoStatus.CANCELLED
    if posting.reason == Reason.GONE_FROM_KAMINO:
        return [Option(DONE_BY_HAND, _("It was deleted in Kamino: nothing is left to cancel"))] if is_cancelled else []
    if not is_seen:
        found.append(Option(DONE_BY_HAND, _("It is in Kamino as in Bling by now: somebody changed it there by hand")))
    return found


def _done_by_hand(posting: Posting) -> None:
    """A person says that Kamino holds what Bling shows."""
    before = posting.get_delivered()
    if before is None:
        raise Refused("decided", _("This was decided meanwhile, or is no longer open."))
    cancelled = replace(before, status=KaminoStatus.CANCELLED, payment=None)
    believe(posting, posting.get_desired() if posting.desired else cancelled)


def _has_surplus(posting: Posting) -> Q:
    """Return which deliveries of a title, its parts and its person were answered with something one too many."""
    about = Q(posting=posting) | Q(part_posting__posting=posting)
    if posting.title.person_id is not None:
        about |= Q(person_posting__person=posting.title.person_id)
    return Attempt.HAS_SURPLUS & about


def _gone(title: Title) -> list[int]:
    """Return those of the titles that this one may replace which Bling really no longer has."""
    others = Title.objects.filter(
        connection=title.connection_id, direction=title.direction, bling_id__in=title.maybe_replaces, replaced_by=None
    )
    gone = others.filter(Q(status=TitleStatus.DELETED) | Q(missing_in_run__isnull=False))
    return list(gone.order_by("bling_id").values_list("bling_id", flat=True))


def decide(*, posting: Posting, code: str, number: int, reason: str, user: User, now: datetime) -> None:
    """Carry out the option `code`. Raises `Refused` when it is no longer one, or somebody was faster."""
    need_reason(reason)
    with transaction.atomic():
        lock_titles(concerned(posting, number))
        plan_now(posting, now)
        locked = Posting.objects.select_for_update(of=("self",)).select_related("title").get(pk=posting.pk)
        allowed = {(option.code, option.number) for option in options(locked)}
        if (code, number) not in allowed and (code, None) not in allowed:
            raise Refused("decided", _("This was decided meanwhile, or is no longer open."))
        note(locked, _KINDS[code], f"{number}: {reason}" if number else reason, user, now)
        if code == LINK:
            link_to(locked, number, now)
        elif code == CREATE:
            close_unresolved(locked, Outcome.TRANSIENT, now)
            release(locked, create_anyway=True, candidates=locked.candidates)
        elif code == HAPPENED:
            _believe(locked, now)
        elif code == DID_NOT_HAPPEN:
            close_unresolved(locked, Outcome.TRANSIENT, now)
            release(locked)
        elif code == DONE_BY_HAND:
            _done_by_hand(locked)
        elif code == CANCEL_DELETED:
            release(locked)
        elif code == KEEP:
            Posting.objects.filter(pk=locked.pk).update(state=DeliveryState.IGNORED, fence=F("fence") + 1, **NO_REASON)
        elif code == SURPLUS_GONE:
            surplus = Attempt.objects.filter(_has_surplus(locked), surplus_id=number)
            surplus.update(surplus_gone_at=now)
        else:
            _say_what_it_replaces(locked, number, now)


_KINDS = {
    LINK: PersonAction.Kind.LINK,
    CREATE: PersonAction.Kind.CREATE,
    HAPPENED: PersonAction.Kind.HAPPENED,
    DID_NOT_HAPPEN: PersonAction.Kind.DID_NOT_HAPPEN,
    SURPLUS_GONE: PersonAction.Kind.SURPLUS_GONE,
    CANCEL_DELETED: PersonAction.Kind.CANCEL_DELETED,
    KEEP: PersonAction.Kind.IGNORE,
    DONE_BY_HAND: PersonAction.Kind.DONE_BY_HAND,
    REPLACES: PersonAction.Kind.REPLACES,
    REPLACES_NONE: PersonAction.Kind.REPLACES_NONE,
}


def _believe(posting: Posting, now: datetime) -> None:
    attempt = posting.attempts.filter(outcome__in=Attempt.UNRESOLVED).first()
    if attempt is None and posting.desired is None:
        raise Refused("held", _("The title is held back. Resolve its reasons first."))
    sent = DesiredTitle.from_json(attempt.body) if attempt else posting.get_desired()
    close_unresolved(posting, Outcome.ADOPTED, now, kamino_id=posting.kamino_id)
    release(posting, delivered=sent.to_json(), delivered_fingerprint=sent.fingerprint)


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
