"""A title of whose last write nobody knows the outcome: what a person is told after it was planned again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.domain.delivery import DeliveryState, Outcome
from integrations.domain.reasons import Reason
from integrations.models import Posting, Title
from integrations.pipeline.handover.plan_requests import request_plans
from integrations.pipeline.plan.planner import plan_turn
from tests.flows.helpers import Company


@pytest.mark.parametrize(
    ("state", "before", "after"),
    [
        (DeliveryState.NEEDS_HUMAN, Reason.INTERNAL, Reason.OUTCOME_UNKNOWN),
        (DeliveryState.NEEDS_HUMAN, Reason.UNCONFIRMED, Reason.OUTCOME_UNKNOWN),
        (DeliveryState.NEEDS_HUMAN, Reason.NOT_PROVED_ABSENT, Reason.NOT_PROVED_ABSENT),
        (DeliveryState.UNCERTAIN, Reason.UNCONFIRMED, Reason.UNCONFIRMED),
    ],
)
@pytest.mark.some(2)
def test_only_what_is_still_looked_up_is_waited_for(
    company: Company, state: DeliveryState, before: Reason, after: Reason
) -> None:
    company.add_title("payable")
    company.sync()
    posting = Posting.objects.get()
    posting.attempts.update(outcome=Outcome.UNCERTAIN)
    Posting.objects.update(state=state, reason=before, reason_since=timezone.now())
    request_plans(Title.objects.all(), now=timezone.now())
    plan_turn(clock=timezone.now, deadline=timezone.now() + timedelta(minutes=1), tenant_ids=None)
    posting.refresh_from_db()
    assert (posting.state, posting.reason) == (state, after)
