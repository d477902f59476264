"""History from before the first day, and periods that are closed: what is not sent, held back, or goes through."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given

from integrations.domain.desired import DesiredTitle, KaminoStatus
from integrations.domain.reasons import Problem, Reason
from integrations.domain.rules import TenantRules
from integrations.domain.settlement import Settlement
from tests.domain.builders import (
    CANCELLED,
    PAID_ON,
    PARTIAL,
    desired,
    inputs,
    money,
    near_days,
    paid_title,
    settled,
    title,
)
from tests.domain.test_desired import FORCED, wish


@pytest.mark.parametrize(
    ("settled_from", "is_sent"),
    [(None, True), (PAID_ON, True), (PAID_ON - timedelta(days=1), True), (PAID_ON + timedelta(days=1), False)],
)
def test_payments_before_the_first_day_are_history(settled_from: date | None, is_sent: bool) -> None:
    result, problems = wish(inputs(paid_title(), rules=TenantRules(settled_from), paid_on=PAID_ON))
    assert (result is not None) is is_sent
    assert problems == ([] if is_sent else [Reason.BEFORE_SETTLED_FROM])


def test_a_title_that_kamino_already_has_is_settled_whatever_the_first_day() -> None:
    late = TenantRules(settled_from=PAID_ON + timedelta(days=30))
    for known in ({"delivered": desired()}, {"forced": FORCED}):
        result, problems = wish(inputs(paid_title(), rules=late, paid_on=PAID_ON, **known))
        assert problems == []
        assert result is not None
        assert result.status is KaminoStatus.SETTLED


def test_a_title_that_was_only_partly_paid_before_the_first_day_is_no_history() -> None:
    late = TenantRules(settled_from=PAID_ON + timedelta(days=30))
    result, problems = wish(inputs(title(status_number=PARTIAL), rules=late, paid_on=PAID_ON))
    assert problems == []
    assert result is not None
    assert result.status is KaminoStatus.PENDING


@pytest.mark.parametrize("code", [Reason.PAYMENTS_SEVERAL, Reason.PAYMENT_AMBIGUOUS])
def test_history_paid_in_several_parts_is_not_created_as_open(code: Reason) -> None:
    late = TenantRules(settled_from=PAID_ON + timedelta(days=30))
    found = inputs(paid_title(bordero_ids=(1, 2)), rules=late, settlement=None, payment_account=None, paid_on=PAID_ON)
    result, _problems = wish(found, Problem(code, {"count": "2", "bordero": "1"}))
    assert result is None


CLOSED = date(2026, 2, 28)


@pytest.mark.parametrize(
    ("facts", "delivered", "is_sent"),
    [
        pytest.param(title(issue_date=date(2026, 3, 1)), None, True, id="new, in the open period"),
        pytest.param(title(issue_date=CLOSED), None, False, id="new, on the last closed day"),
        pytest.param(title(issue_date=None, competence_date=date(2026, 1, 31)), None, False, id="by competence"),
        pytest.param(paid_title(issue_date=date(2026, 3, 1)), None, True, id="paid in the open period"),
        pytest.param(title(issue_date=date(2026, 3, 1)), desired(competence_date=CLOSED), False, id="moved out of it"),
        pytest.param(title(), desired(), True, id="unchanged"),
        pytest.param(paid_title(value=money("90.00")), settled(), True, id="settled: a person is told what differs"),
        pytest.param(title(status_number=CANCELLED), desired(), False, id="cancelled later"),
    ],
)
def test_a_closed_period_is_never_changed(facts: Any, delivered: DesiredTitle | None, is_sent: bool) -> None:
    rules = TenantRules(settled_from=None, closed_until=CLOSED)
    result, problems = wish(inputs(facts, rules=rules, delivered=delivered))
    assert (result is not None) is is_sent
    assert problems == ([] if is_sent else [Reason.CLOSED_PERIOD])


def test_a_payment_in_a_closed_period_waits_for_a_person() -> None:
    rules = TenantRules(settled_from=None, closed_until=PAID_ON)
    facts = paid_title(issue_date=PAID_ON + timedelta(days=1))
    assert wish(inputs(facts, rules=rules)) == (None, [Reason.CLOSED_PERIOD])


@pytest.mark.parametrize(("days_after", "is_sent"), [(-1, False), (0, False), (1, True)])
def test_a_payment_after_the_closed_period_goes_through_alone(days_after: int, is_sent: bool) -> None:
    """What else changed of a title of a closed month waits; its payment waits only where its own day is closed."""
    closed = PAID_ON - timedelta(days=days_after)
    delivered = desired(competence_date=closed - timedelta(days=60), chart_account="another")
    facts = paid_title(issue_date=delivered.competence_date)
    result, problems = wish(inputs(facts, rules=TenantRules(None, closed_until=closed), delivered=delivered))
    assert problems == [Reason.CLOSED_PERIOD]
    assert (result is not None) is is_sent
    if result is not None:
        assert (result.status, result.chart_account) == (KaminoStatus.SETTLED, "another")


@pytest.mark.parametrize("changes", [{"value": money("90.00")}, {"person": "8"}])
def test_nor_does_it_where_kamino_has_it_with_another_value_or_person(changes: dict[str, Any]) -> None:
    closed = PAID_ON - timedelta(days=1)
    delivered = desired(competence_date=closed, **changes)
    facts = paid_title(issue_date=closed)
    rules = TenantRules(None, closed_until=closed)
    assert wish(inputs(facts, rules=rules, delivered=delivered)) == (None, [Reason.CLOSED_PERIOD])


@given(issue=near_days, paid_on=near_days, closed=near_days)
def test_nothing_wanted_lies_in_a_closed_period(issue: date, paid_on: date, closed: date) -> None:
    found = inputs(
        paid_title(issue_date=issue),
        settlement=Settlement(paid_on, 5, money("100.00")),
        rules=TenantRules(None, closed_until=closed),
    )
    result, problems = wish(found)
    if result is None:
        assert problems == [Reason.CLOSED_PERIOD]
        assert min(issue, paid_on) <= closed
    else:
        assert result.payment is not None
        assert min(result.competence_date, result.payment.date) > closed
