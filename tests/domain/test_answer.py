"""The one answer of a title's page: the gap between the sides, and what it waits for."""

from itertools import product
from typing import Any

import pytest

from integrations.domain.answer import Answer, Gap, Situation, answer
from integrations.domain.desired import KaminoStatus
from integrations.domain.reasons import Problem, Reason
from integrations.domain.titles import TitleStatus

OPEN, SETTLED, PARTIAL = TitleStatus.OPEN, TitleStatus.SETTLED, TitleStatus.PARTIAL
PENDING, PAID, CANCELLED = KaminoStatus.PENDING, KaminoStatus.SETTLED, KaminoStatus.CANCELLED
UNMAPPED, BANK = Problem(Reason.CATEGORY_UNMAPPED), Problem(Reason.BANK_ACCOUNT_UNMAPPED)
STUCK = Problem(Reason.REFUSED, {"message": "Valor inválido"})
PARTLY, FROZEN = Problem(Reason.PARTIALLY_PAID), Problem(Reason.FROZEN_AFTER_SETTLEMENT)
REVERSED = Problem(Reason.PART_REVERSED, {"ids": "1"})
STATES = ("", "held", "ready", "sending", "delivered", "uncertain", "needs_human", "ignored")

UNPROVED = Problem(Reason.NOT_PROVED_ABSENT)
LIMITED = Problem(Reason.LIMITED)
RESTORED = Problem(Reason.HELD_AFTER_RESTORE)


def situation(bling: TitleStatus, state: str, delivered: KaminoStatus | None, **more: Any) -> Situation:
    return Situation(bling, state, delivered, **{"wanted": None, **more})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (situation(OPEN, "", None), Answer(Gap.NOT_IN_KAMINO, Problem(Reason.NEW))),
        (situation(OPEN, "held", None, problems=[BANK, UNMAPPED]), Answer(Gap.NOT_IN_KAMINO, UNMAPPED)),
        (situation(OPEN, "ready", None, is_live=False), Answer(Gap.NOT_IN_KAMINO, Problem(Reason.SIMULATION))),
        (situation(OPEN, "ready", None, can_send=False), Answer(Gap.NOT_IN_KAMINO, Problem(Reason.SWITCHED_OFF))),
        (situation(OPEN, "ready", None), Answer(Gap.NOT_IN_KAMINO, Problem(Reason.QUEUED))),
        (situation(OPEN, "ready", None, stuck=LIMITED), Answer(Gap.NOT_IN_KAMINO, LIMITED)),
        (situation(OPEN, "ready", PENDING, stuck=LIMITED, is_compared=True), Answer(Gap.BOTH_OPEN, LIMITED)),
        (
            situation(OPEN, "ready", None, stuck=LIMITED, can_send=False),
            Answer(Gap.NOT_IN_KAMINO, Problem(Reason.SWITCHED_OFF)),
        ),
        (situation(SETTLED, "ready", None, problems=[BANK]), Answer(Gap.NOT_IN_KAMINO, Problem(Reason.QUEUED))),
        (situation(OPEN, "sending", None), Answer(Gap.MAYBE_IN_KAMINO, Problem(Reason.SENDING))),
        (situation(OPEN, "uncertain", None), Answer(Gap.MAYBE_IN_KAMINO, Problem(Reason.UNCONFIRMED))),
        (situation(OPEN, "needs_human", None, stuck=UNPROVED), Answer(Gap.MAYBE_IN_KAMINO, UNPROVED)),
        (situation(OPEN, "ready", None, held_back=RESTORED), Answer(Gap.MAYBE_IN_KAMINO, RESTORED)),
        (situation(SETTLED, "ready", PENDING, wanted=PAID, held_back=RESTORED), Answer(Gap.NOT_SETTLED, RESTORED)),
        (situation(SETTLED, "uncertain", PENDING), Answer(Gap.NOT_SETTLED, Problem(Reason.UNCONFIRMED))),
        (situation(SETTLED, "needs_human", PENDING, stuck=STUCK), Answer(Gap.NOT_SETTLED, STUCK)),
        (situation(OPEN, "needs_human", None, problems=[UNMAPPED]), Answer(Gap.NOT_IN_KAMINO, UNMAPPED)),
        (situation(OPEN, "delivered", CANCELLED), Answer(Gap.NOT_UPDATED)),
        (
            situation(SETTLED, "ready", PENDING, wanted=PAID, problems=[BANK]),
            Answer(Gap.NOT_SETTLED, Problem(Reason.QUEUED)),
        ),
        (situation(SETTLED, "delivered", PENDING, problems=[BANK]), Answer(Gap.NOT_SETTLED, BANK)),
        (situation(SETTLED, "ready", PENDING, problems=[BANK]), Answer(Gap.NOT_SETTLED, BANK)),
        (situation(SETTLED, "ready", PENDING, wanted=PAID), Answer(Gap.NOT_SETTLED, Problem(Reason.QUEUED))),
        (
            situation(SETTLED, "ready", PENDING, wanted=PAID, is_checked=True),
            Answer(Gap.NOT_SETTLED, Problem(Reason.BEING_CHECKED)),
        ),
        (
            situation(OPEN, "ready", PENDING, awaits_approval=True),
            Answer(Gap.NOT_SETTLED, Problem(Reason.AWAITS_APPROVAL)),
        ),
        (situation(OPEN, "delivered", PENDING, is_forced=True), Answer(Gap.NOT_SETTLED)),
        (situation(OPEN, "delivered", PENDING), Answer(Gap.BOTH_OPEN)),
        (situation(OPEN, "delivered", PENDING, problems=[FROZEN]), Answer(Gap.BOTH_OPEN)),
        (situation(OPEN, "delivered", PENDING, problems=[REVERSED]), Answer(Gap.BOTH_OPEN, REVERSED)),
        (
            situation(OPEN, "delivered", PENDING, is_planned_again=True),
            Answer(Gap.BOTH_OPEN, Problem(Reason.BEING_PLANNED)),
        ),
        (situation(OPEN, "ignored", PENDING), Answer(Gap.NOT_UPDATED, Problem(Reason.IGNORED))),
        (situation(OPEN, "held", PENDING, problems=[UNMAPPED]), Answer(Gap.NOT_UPDATED, UNMAPPED)),
        (situation(OPEN, "delivered", PENDING, differs=True), Answer(Gap.DIFFERS)),
        (situation(PARTIAL, "delivered", PENDING, problems=[PARTLY]), Answer(Gap.PARTLY_PAID, PARTLY)),
        (situation(SETTLED, "delivered", PAID), Answer(Gap.BOTH_SETTLED)),
        (situation(SETTLED, "delivered", PAID, problems=[FROZEN]), Answer(Gap.BOTH_SETTLED, FROZEN)),
        (situation(SETTLED, "delivered", PAID, differs=True), Answer(Gap.DIFFERS)),
        (situation(SETTLED, "delivered", PAID, shown=PENDING), Answer(Gap.DIFFERS)),
        (situation(SETTLED, "needs_human", PENDING, shown=PAID, stuck=STUCK), Answer(Gap.DIFFERS, STUCK)),
        (situation(TitleStatus.CANCELLED, "delivered", CANCELLED, shown=PENDING), Answer(Gap.DIFFERS)),
        (situation(OPEN, "delivered", PAID, is_forced=True, shown=PENDING), Answer(Gap.DIFFERS)),
        (situation(SETTLED, "delivered", PAID, is_gone=True), Answer(Gap.GONE_FROM_KAMINO)),
        (situation(OPEN, "delivered", PENDING, is_gone=True), Answer(Gap.GONE_FROM_KAMINO)),
        (situation(PARTIAL, "delivered", PENDING, is_split=True), Answer(Gap.BALANCE_OPEN)),
        (situation(PARTIAL, "delivered", PENDING, is_split=True, lacks_parts=True), Answer(Gap.PAYMENTS_NOT_SENT)),
        (situation(SETTLED, "delivered", PAID, lacks_parts=True), Answer(Gap.PAYMENTS_NOT_SENT)),
        (situation(SETTLED, "delivered", PAID, awaits_approval=True), Answer(Gap.BOTH_SETTLED)),
        (
            situation(SETTLED, "delivered", PENDING, problems=[BANK], awaits_approval=True),
            Answer(Gap.NOT_SETTLED, Problem(Reason.AWAITS_APPROVAL)),
        ),
        (
            situation(SETTLED, "ready", PENDING, awaits_approval=True),
            Answer(Gap.NOT_SETTLED, Problem(Reason.QUEUED)),
        ),
        (
            situation(OPEN, "held", None, problems=[UNMAPPED], awaits_approval=True),
            Answer(Gap.NOT_IN_KAMINO, UNMAPPED),
        ),
        (situation(OPEN, "delivered", PAID), Answer(Gap.SETTLED_ONLY_IN_KAMINO)),
        (situation(OPEN, "delivered", PAID, is_forced=True), Answer(Gap.SETTLED_BY_HAND)),
        (situation(OPEN, "needs_human", PAID, stuck=STUCK), Answer(Gap.NOT_UPDATED, STUCK)),
        (situation(TitleStatus.CANCELLED, "delivered", CANCELLED), Answer(Gap.BOTH_CANCELLED)),
        (situation(TitleStatus.DELETED, "needs_human", PENDING, stuck=STUCK), Answer(Gap.NOT_CANCELLED, STUCK)),
        (situation(OPEN, "needs_human", CANCELLED, stuck=STUCK), Answer(Gap.NOT_UPDATED, STUCK)),
        (
            situation(TitleStatus.DELETED, "held", None, is_replaced=True),
            Answer(Gap.TAKEN_OVER, Problem(Reason.REPLACED)),
        ),
    ],
)
def test_each_situation_has_its_answer(given: Situation, expected: Answer) -> None:
    assert answer(given) == expected


def test_what_holds_a_new_title_back_is_always_named() -> None:
    for bling, code in product(TitleStatus, Reason):
        problem = Problem(code)
        assert answer(situation(bling, "held", None, problems=[problem])).problem == problem


def test_no_situation_is_without_an_answer() -> None:
    for bling, state, delivered, forced in product(TitleStatus, STATES, [None, *KaminoStatus], [False, True]):
        found = answer(situation(bling, state, delivered, is_forced=forced, stuck=STUCK))
        if delivered is PENDING and bling is SETTLED:
            assert found.gap is Gap.NOT_SETTLED
        assert (found.problem is None) == (state in ("held", "delivered"))
