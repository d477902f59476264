"""Recreation: a person has a title created once more that Kamino does not have any more. Never without a fresh look:
whatever looks like it there is offered first. Above the company's limit a second person approves."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from integrations.domain.delivery import IN_FLIGHT, DeliveryState
from integrations.domain.reasons import Problem, Reason
from integrations.domain.titles import NOT_OWED, Direction
from integrations.models import Attempt, PersonAction, Posting, Title
from integrations.models.deliveries import SOUGHT_IN_VAIN
from integrations.models.outbox import stored
from integrations.pipeline.desk.commands import note, plan_now
from integrations.pipeline.desk.links import release
from integrations.pipeline.desk.refusal import Refused, need_reason

Kind = PersonAction.Kind


def may_be_created_again(posting: Posting) -> bool:
    """Say whether a title that is owed was sent, and Kamino was seen not to have it any more."""
    is_owed = posting.title.status not in NOT_OWED
    is_stuck = posting.state == DeliveryState.NEEDS_HUMAN and posting.kamino_id is not None
    return is_owed and is_stuck and posting.reason in SOUGHT_IN_VAIN


def awaits_approval(posting: Posting) -> PersonAction | None:
    """Return the order to create a title again that waits for a second person."""
    return posting.creation_asked if may_be_created_again(posting) else None


def may_be_hidden(posting: Posting) -> bool:
    """Say whether Kamino may have a title all the same: its list was not proved to show what is paid."""
    return not posting.kamino_connection.lists_are_complete


def create_again(*, posting: Posting, reason: str, user: User, now: datetime, has_looked: bool = False) -> bool:
    """Have a title created again in Kamino, which is looked through for it first; false where somebody else has to
    approve that. `has_looked`: the person says that it is not in Kamino as paid either. Raises `Refused` where it may
    still be there."""
    need_reason(reason)
    with transaction.atomic():
        locked = _lock(posting)
        if not may_be_created_again(locked):
            raise Refused("there", _("Kamino was not seen to lack this title. Resync it first: it is then looked for."))
        _refuse(locked, has_looked=has_looked)
        limit = locked.kamino_connection.tenant.force_limit
        if limit is not None and locked.title.value > limit:
            order = note(locked, Kind.ASK_AGAIN, reason, user, now)
            _say(locked, Problem(Reason.CREATION_AWAITS, {"user": str(user)}), now, order)
            return False
        note(locked, Kind.CREATE_AGAIN, reason, user, now)
        _forget(locked, now)
    return True


def approve_again(*, posting: Posting, user: User, now: datetime, has_looked: bool = False) -> None:
    """Approve another person's order. `has_looked`: as above, by who approves, for the title may be back and paid since
    it was ordered. Raises `Refused` for an own order, for one that was decided meanwhile, and where it may still be
    there."""
    with transaction.atomic():
        locked = _lock(posting)
        order = _awaiting(locked)
        if order.user_id == user.pk:
            raise Refused("own", _("The person who ordered it cannot approve it. Somebody else has to."))
        _refuse(locked, has_looked=has_looked)
        note(locked, Kind.CREATE_AGAIN, order.reason, user, now)
        _forget(locked, now)


def refuse_again(*, posting: Posting, reason: str, user: User, now: datetime) -> None:
    """Turn an order down: nothing is created. Raises `Refused` without a reason, or when it was decided meanwhile."""
    need_reason(reason)
    with transaction.atomic():
        locked = _lock(posting)
        _awaiting(locked)
        note(locked, Kind.REFUSE_AGAIN, reason, user, now)
        _say(locked, Problem(Reason.GONE_FROM_KAMINO), now)


def _say(posting: Posting, why: Problem, now: datetime, order: PersonAction | None = None) -> None:
    Posting.objects.filter(pk=posting.pk).update(creation_asked=order, **stored(why, now))


def _lock(posting: Posting) -> Posting:
    list(Title.objects.select_for_update(no_key=True).filter(pk=posting.title_id))  # as the mirror and planning do
    rows = Posting.objects.select_for_update(of=("self",)).select_related("title", "kamino_connection__tenant")
    return rows.get(pk=posting.pk)


def _awaiting(posting: Posting) -> PersonAction:
    order = awaits_approval(posting)
    if order is None:
        raise Refused("decided", _("This order was approved, refused or overtaken meanwhile."))
    return order


def _refuse(posting: Posting, *, has_looked: bool) -> None:
    if posting.state in IN_FLIGHT or posting.attempts.filter(outcome__in=Attempt.UNRESOLVED).exists():
        raise Refused("in_flight", _("A delivery of this title is under way or unconfirmed. Try again later."))
    if not posting.kamino_connection.has_list(Direction(posting.direction)):
        raise Refused("no_list", _("Kamino has no list of these titles: nobody can see whether it is still there."))
    if may_be_hidden(posting) and not has_looked:
        raise Refused("hidden", _("Look in Kamino first: it may have been paid there, and be hidden by its list."))


def _forget(posting: Posting, now: datetime) -> None:
    """Let a title be new: what it was in Kamino stays in its deliveries."""
    plan_now(posting, now)
    posting.attempts.filter(settles=True).update(settles=False)  # the settlement went with it
    release(posting, kamino_id=None, delivered=None, delivered_fingerprint="", create_anyway=False)
