"""The review after plans: it passes over nothing that was planned while it ran."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from integrations.models import KaminoConnection, Title
from integrations.pipeline.access import failpoints
from integrations.pipeline.handover.due import Turn, due
from integrations.pipeline.handover.plan_requests import request_plans
from integrations.pipeline.plan.planner import plan_turn
from integrations.pipeline.run.tick import REVIEW
from tests.flows.helpers import Company


def review() -> None:
    try:
        REVIEW.step(Turn(timezone.now, timezone.now() + timedelta(minutes=1)))
    finally:
        connection.close()


def test_what_is_planned_while_another_worker_reviews_is_reviewed_afterwards(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.add_title("payable")
    company.sync()
    company.work()
    assert not due((REVIEW,), timezone.now())

    def another_worker(name: str) -> None:
        if name == "plan.computed":  # the plan is made, and nobody else can see it yet
            with ThreadPoolExecutor(1) as pool:
                pool.submit(review).result()

    monkeypatch.setattr(failpoints, "_listeners", [another_worker])
    before = KaminoConnection.objects.get().reviewed_at
    request_plans(Title.objects.all(), now=timezone.now())
    plan_turn(clock=timezone.now, deadline=timezone.now() + timedelta(minutes=1), tenant_ids=None)
    assert KaminoConnection.objects.get().reviewed_at == before
    assert due((REVIEW,), timezone.now()) == {"review"}
    review()
    assert not due((REVIEW,), timezone.now())
