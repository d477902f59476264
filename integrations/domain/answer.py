"""Answer: why is this title not in Kamino, not settled there, or different? The gap, and the one thing behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from integrations.domain.delivery import DeliveryState
from integrations.domain.desired import KaminoStatus
from integrations.domain.reasons import PART_REASONS, Holds, Problem, Reason
from integrations.domain.titles import TitleStatus


class Gap(StrEnum):
    """What separates the two sides."""

    NOT_IN_BLING = "not_in_bling"
    NOT_IN_KAMINO = "not_in_kamino"
    MAYBE_IN_KAMINO = "maybe_in_kamino"
    TAKEN_OVER = "taken_over"
    GONE_FROM_KAMINO = "gone_from_kamino"
    NOT_SETTLED = "not_settled"
    NOT_CANCELLED = "not_cancelled"
    NOT_UPDATED = "not_updated"
    DIFFERS = "differs"
    PARTLY_PAID = "partly_paid"
    BALANCE_OPEN = "balance_open"
    PAYMENTS_NOT_SENT = "payments_not_sent"
    SETTLED_ONLY_IN_KAMINO = "settled_only_in_kamino"
    SETTLED_BY_HAND = "settled_by_hand"
    BOTH_OPEN = "both_open"
    BOTH_SETTLED = "both_settled"
    BOTH_CANCELLED = "both_cancelled"


@dataclass(frozen=True)
class Situation:
    """What decides about the answer. `state` is that of the delivery, "" before the first plan; `stuck` is what it last
    met; `delivered` is what was sent, `wanted` what it should hold.

    What Kamino was seen to have since: its status (`shown`), another line (`differs`), or no such title (`is_gone`).
    `not_in_bling`: Bling said that it does not have the title, which is not believed yet.
    `is_checked`: its payments are read again before it is settled. `is_compared`: what is ready was sent already, and
    is compared with what Kamino shows. `held_back`: why nothing of its direction is sent.
    Where payments are titles of their own there:
    `is_split`, and `lacks_parts` while some of them are not there yet.
    """

    bling: TitleStatus
    state: str
    delivered: KaminoStatus | None
    wanted: KaminoStatus | None
    problems: Sequence[Problem] = ()
    stuck: Problem | None = None
    is_forced: bool = False
    awaits_approval: bool = False
    is_replaced: bool = False
    is_planned_again: bool = False
    is_checked: bool = False
    is_compared: bool = False
    is_live: bool = True
    can_send: bool = True
    held_back: Problem | None = None
    differs: bool = False
    shown: KaminoStatus | None = None
    is_gone: bool = False
    not_in_bling: Problem | None = None
    is_split: bool = False
    lacks_parts: bool = False


@dataclass(frozen=True)
class Answer:
    """The gap, and the one reason behind it; none where nothing is to be explained."""

    gap: Gap
    problem: Problem | None = None


def answer(situation: Situation) -> Answer:
    """Return the one answer for a title; every situation has one."""
    found = _answer(situation)
    if found.gap is Gap.NOT_IN_KAMINO and found.problem is not None and found.problem.code in _MAY_BE_THERE:
        return Answer(Gap.MAYBE_IN_KAMINO, found.problem)
    return found


def _answer(situation: Situation) -> Answer:
    gap = _gap(situation)
    if situation.is_replaced:
        return Answer(Gap.TAKEN_OVER, Problem(Reason.REPLACED))
    if situation.not_in_bling is not None and situation.bling not in _GONE:
        return Answer(Gap.NOT_IN_BLING, situation.not_in_bling)
    if situation.state == DeliveryState.NEEDS_HUMAN:
        return Answer(gap, situation.stuck or _deciding(situation, gap))
    reason = _REASONS.get(situation.state)
    if reason is not None:
        return Answer(gap, Problem(reason))
    holds_settlement = any(problem.holds is Holds.SETTLEMENT for problem in situation.problems)
    is_ordered = situation.awaits_approval and (situation.bling is not TitleStatus.SETTLED or holds_settlement)
    if is_ordered and gap is Gap.NOT_SETTLED:
        return Answer(gap, Problem(Reason.AWAITS_APPROVAL))
    if situation.is_planned_again:
        return Answer(gap, Problem(Reason.BEING_PLANNED))
    problem = _deciding(situation, gap)
    if problem is not None:
        return Answer(gap, problem)
    if situation.state != DeliveryState.READY:
        return Answer(gap)
    if not situation.is_live:
        return Answer(gap, Problem(Reason.SIMULATION))
    if situation.held_back is not None and situation.can_send:
        return Answer(gap, situation.held_back)
    if situation.is_checked and situation.can_send:
        return Answer(gap, Problem(Reason.BEING_CHECKED))
    if not situation.can_send:
        return Answer(gap, Problem(Reason.SWITCHED_OFF))
    waits = Problem(Reason.BEING_COMPARED if situation.is_compared else Reason.QUEUED)
    return Answer(gap, situation.stuck or waits)


_REASONS = {
    "": Reason.NEW,
    DeliveryState.IGNORED: Reason.IGNORED,
    DeliveryState.SENDING: Reason.SENDING,
    DeliveryState.UNCERTAIN: Reason.UNCONFIRMED,
}
_MAY_BE_THERE = (
    Reason.SENDING, Reason.UNCONFIRMED, Reason.OUTCOME_UNKNOWN, Reason.NO_RECORD, Reason.NO_LIST, Reason.FOUND_TWICE,
    Reason.NOT_PROVED_ABSENT, Reason.LOOK_UP_FAILED, Reason.ANOTHER_ID, Reason.POSSIBLE_DUPLICATE,
    Reason.LIST_INCOMPLETE, Reason.LIST_UNKNOWN, Reason.LIST_FAILED, Reason.HELD_AFTER_RESTORE,
)  # fmt: skip
"""It was sent without a proof, or nobody could look: that Kamino lacks it is not proved."""
_GONE = (TitleStatus.CANCELLED, TitleStatus.DELETED)


def _gap(situation: Situation) -> Gap:
    delivered, bling = situation.delivered, situation.bling
    if delivered is None:
        return Gap.NOT_IN_KAMINO
    if situation.is_gone:
        return Gap.GONE_FROM_KAMINO
    if situation.shown not in (None, delivered):
        return Gap.DIFFERS  # whatever was sent: Kamino no longer holds it
    if bling in _GONE:
        return Gap.BOTH_CANCELLED if delivered is KaminoStatus.CANCELLED else Gap.NOT_CANCELLED
    if delivered is KaminoStatus.SETTLED:
        return _settled_gap(situation)
    if delivered is KaminoStatus.CANCELLED:
        return Gap.NOT_UPDATED
    if bling is TitleStatus.SETTLED or situation.is_forced or situation.awaits_approval:
        return Gap.NOT_SETTLED
    if bling is TitleStatus.PARTIAL:
        return _partial_gap(situation)
    return _open_gap(situation)


def _settled_gap(situation: Situation) -> Gap:
    if situation.state == DeliveryState.NEEDS_HUMAN:
        return Gap.NOT_UPDATED
    if situation.bling is TitleStatus.SETTLED:
        if situation.lacks_parts:
            return Gap.PAYMENTS_NOT_SENT
        return Gap.DIFFERS if situation.differs else Gap.BOTH_SETTLED
    return Gap.SETTLED_BY_HAND if situation.is_forced else Gap.SETTLED_ONLY_IN_KAMINO


def _partial_gap(situation: Situation) -> Gap:
    if not situation.is_split:
        return Gap.PARTLY_PAID
    return Gap.PAYMENTS_NOT_SENT if situation.lacks_parts else Gap.BALANCE_OPEN


def _open_gap(situation: Situation) -> Gap:
    if situation.state != DeliveryState.DELIVERED and not situation.is_compared:
        return Gap.NOT_UPDATED
    return Gap.DIFFERS if situation.differs else Gap.BOTH_OPEN


def _deciding(situation: Situation, gap: Gap) -> Problem | None:
    """Return the problem to resolve first: one that holds the whole title back comes before the others."""
    order = [Holds.TITLE, Holds.SETTLEMENT, Holds.NOTHING]
    if gap is Gap.BOTH_CANCELLED:
        return None
    if gap is Gap.BOTH_OPEN:
        return next((problem for problem in situation.problems if problem.code in PART_REASONS), None)
    if situation.state == DeliveryState.READY and gap is not Gap.NOT_SETTLED:
        order = [Holds.TITLE]  # the rest is sent, whatever else waits
    if situation.state == DeliveryState.READY and situation.wanted is KaminoStatus.SETTLED:
        order = [Holds.TITLE]
    ranked = sorted(
        (problem for problem in situation.problems if problem.holds in order),
        key=lambda problem: order.index(problem.holds),
    )
    return ranked[0] if ranked else None
