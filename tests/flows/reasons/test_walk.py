"""Each reason: what the page says is there, and what it advises ends it."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from integrations.domain.reasons import Reason
from tests.flows.helpers import Company
from tests.flows.reasons import answers, in_kamino, payments, persons, plan, waiting
from tests.flows.reasons.walk import SCENARIOS, Scenario, walk

MODULES = (answers, in_kamino, payments, persons, plan, waiting)
"""Their scenarios are registered when they are imported."""
NOT_MADE: dict[Reason, str] = {
    Reason.NOT_OPEN: "met only by what a program settles in Bling: see tests/flows/test_bridge_settles.py",
    **dict.fromkeys(
        (
            Reason.FIELDS_DIFFER,
            Reason.CONTACT_UNSURE,
            Reason.CONTACT_TAKEN,
            Reason.CONTACT_GONE,
            Reason.CONTACT_CHANGES_OFF,
        ),
        "met only by customers of other systems: see tests/flows/test_customers.py",
    ),
    **dict.fromkeys(
        (
            Reason.PRODUCT_UNKNOWN,
            Reason.PAYMENT_FORM_UNKNOWN,
            Reason.ORDER_INVOICED,
            Reason.ORDER_LAUNCHED,
            Reason.ORDER_CHANGED,
            Reason.ORDER_GONE,
            Reason.TOTAL_DIFFERS,
        ),
        "met only by bills of other systems: see tests/flows/test_bills.py",
    ),
    Reason.PAYMENTS_UNREAD: "a title is stored with the borderôs that it names: only an older version stored less",
}
"""Reasons that the sandbox cannot make, and why."""


@pytest.mark.parametrize("one", SCENARIOS, ids=[f"{one.reason}-{one.name}" for one in SCENARIOS])
@pytest.mark.some(24, drawn=3)
def test_what_is_advised_ends_it(new_company: Callable[..., Company], one: Scenario) -> None:
    user = User.objects.create_superuser("maria")
    walk(new_company(**one.options), user, one)


def test_every_reason_is_walked() -> None:
    walked = {one.reason for one in SCENARIOS}
    assert walked.isdisjoint(NOT_MADE)
    assert set(Reason) - walked - set(NOT_MADE) == set()
    assert len(set(NOT_MADE.values())) <= 5
