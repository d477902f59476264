import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.domain.reasons import Holds, Problem, Reason, holding_title
from integrations.domain.titles import STATUS_BY_NUMBER, UNSETTLED, TitleStatus, status_of
from tests.domain.builders import title


@given(st.integers().filter(lambda number: number not in STATUS_BY_NUMBER))
def test_a_number_that_nobody_knows_is_an_unknown_status(number: int) -> None:
    assert status_of(number) is TitleStatus.UNKNOWN
    assert title(status_number=number).status not in (*UNSETTLED, TitleStatus.SETTLED, TitleStatus.CANCELLED)


def test_the_seven_numbers_are_seven_statuses() -> None:
    assert len(set(STATUS_BY_NUMBER.values())) == len(STATUS_BY_NUMBER) == 7
    assert (status_of(3), status_of(5)) == (TitleStatus.PARTIAL, TitleStatus.CANCELLED)


problems = st.builds(
    Problem, st.sampled_from(Reason), st.dictionaries(st.text(max_size=10), st.text(max_size=20), max_size=3)
)


@given(problems)
def test_json_loses_nothing(problem: Problem) -> None:
    assert Problem.from_json(problem.to_json()) == problem


@given(st.lists(problems, max_size=6))
def test_blocking_problems_are_those_that_hold_the_whole_title(found: list[Problem]) -> None:
    assert holding_title(found) == [problem for problem in found if problem.holds is Holds.TITLE]


@pytest.mark.parametrize("code", [code for code in Reason if "PAYMENT" in code.name or "BANK" in code.name])
def test_trouble_with_a_payment_holds_back_the_settlement_only(code: Reason) -> None:
    expected = Holds.TITLE if code is Reason.CANCELLED_WITH_PAYMENT else Holds.SETTLEMENT
    assert Problem(code).holds is expected


@pytest.mark.parametrize("code", Reason)
def test_what_holds_a_title_and_needs_nobody_is_listed_here_on_purpose(code: Reason) -> None:
    mends_itself = {
        Reason.BEFORE_SETTLED_FROM,
        Reason.FILTERED,
        Reason.AWAITING_RELEASE,
        Reason.CANCELLED_BEFORE_SENDING,
    }
    problem = Problem(code)
    if problem.holds is Holds.TITLE:
        assert problem.needs_human is (code not in mends_itself)
