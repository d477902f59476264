"""Reasons: what each one holds back, and that a stored problem loses nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.domain.reasons import Holds, Problem, Reason, holding_title

problems = st.builds(
    Problem, st.sampled_from(Reason), st.dictionaries(st.text(max_size=10), st.text(max_size=20), max_size=3)
)


@given(problems)
def test_json_loses_nothing(problem: Problem) -> None:
    assert Problem.from_json(problem.to_json()) == problem


@given(st.lists(problems, max_size=6))
def test_blocking_problems_are_those_that_hold_the_whole_title(found: list[Problem]) -> None:
    assert holding_title(found) == [problem for problem in found if problem.holds is Holds.TITLE]


PAYMENTS = [code for code in Reason if "PAYMENT" in code.name or "BANK" in code.name]


@pytest.mark.parametrize("code", [code for code in PAYMENTS if code is not Reason.PAYMENT_FORM_UNKNOWN])
def test_trouble_with_a_payment_holds_back_the_settlement_only(code: Reason) -> None:
    expected = Holds.TITLE if code is Reason.CANCELLED_WITH_PAYMENT else Holds.SETTLEMENT
    assert Problem(code).holds is expected


@pytest.mark.parametrize("code", Reason)
def test_what_holds_a_title_and_needs_nobody_is_listed_here_on_purpose(code: Reason) -> None:
    ends_by_itself = {
        Reason.BEFORE_SETTLED_FROM, Reason.FILTERED, Reason.AWAITING_RELEASE, Reason.AWAITING_SALE,
        Reason.CANCELLED_BEFORE_SENDING,
        Reason.ACCESS_REFUSED, Reason.NO_ANSWER, Reason.LIMITED, Reason.REPLACED, Reason.NEW, Reason.IGNORED,
        Reason.BEING_PLANNED, Reason.BEING_CHECKED, Reason.SENDING, Reason.SIMULATION, Reason.SWITCHED_OFF,
        Reason.QUEUED, Reason.LIST_UNKNOWN, Reason.LIST_FAILED, Reason.HELD_AFTER_RESTORE, Reason.SOUGHT,
        Reason.BEING_COMPARED,
    }  # fmt: skip
    problem = Problem(code)
    if problem.holds is Holds.TITLE:
        assert problem.needs_human is (code not in ends_by_itself)
