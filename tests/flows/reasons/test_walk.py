"""Each reason: what the page says is there, and what it advises ends it."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from integrations.domain.reasons import Reason
from tests.flows.helpers import Company
from tests.flows.reasons import answers, in_kamino, waiting
from tests.flows.reasons.walk import SCENARIOS, Scenario, walk

assert {answers, in_kamino, waiting}, "their scenarios are registered when they are imported"
NOT_MADE: dict[Reason, str] = {}
"""Reasons that the sandbox cannot make, and why."""


@pytest.mark.parametrize("one", SCENARIOS, ids=[f"{one.reason}-{one.name}" for one in SCENARIOS])
@pytest.mark.some(6)
def test_what_is_advised_ends_it(new_company: Callable[..., Company], one: Scenario) -> None:
    user = User.objects.create_superuser("maria")
    walk(new_company(**one.options), user, one)


@pytest.mark.xfail(reason="not every reason has a scenario yet", strict=True)
def test_every_reason_is_walked() -> None:
    walked = {one.reason for one in SCENARIOS}
    assert walked.isdisjoint(NOT_MADE)
    assert set(Reason) - walked - set(NOT_MADE) == set()
    assert len(NOT_MADE) <= 5
