"""Reviews: a posting that changes asks for its review in the same transaction, and none is passed over."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from integrations.domain.reasons import Problem, Reason
from integrations.models import KaminoConnection, Posting, StoredDiscrepancy, Tenant, Title
from integrations.models.outbox import stored
from integrations.pipeline.access import failpoints
from integrations.pipeline.handover.due import Kind, Turn, due
from integrations.pipeline.handover.plan_requests import request_plans
from integrations.pipeline.plan.planner import plan_turn
from integrations.pipeline.run import tick
from integrations.pipeline.run.tick import REVIEW, Pace
from tests.flows.helpers import Company


def review() -> None:
    try:
        REVIEW.step(Turn(timezone.now, timezone.now() + timedelta(minutes=1)))
    finally:
        connection.close()


def is_due() -> bool:
    return bool(due((REVIEW,), timezone.now(), tuple(Tenant.objects.values_list("pk", flat=True))))


@pytest.fixture
def reviewed(company: Company) -> Company:
    company.add_title("payable")
    company.sync()
    company.work()
    assert not is_due()
    return company


def test_what_is_planned_while_another_worker_reviews_is_reviewed_afterwards(
    reviewed: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    def another_worker(name: str) -> None:
        if name == "plan.computed":  # the plan is made, and nobody else can see it yet
            with ThreadPoolExecutor(1) as pool:
                pool.submit(review).result()

    monkeypatch.setattr(failpoints, "_listeners", [another_worker])
    request_plans(Title.objects.all(), now=timezone.now())
    plan_turn(clock=timezone.now, deadline=timezone.now() + timedelta(minutes=1), tenant_ids=None)
    assert is_due()
    review()
    assert not is_due()


@pytest.mark.django_db(transaction=True)
def test_a_posting_that_another_worker_holds_stays_due(reviewed: Company) -> None:
    """Such as an answer that is being recorded: whatever it says has to be reviewed."""
    Posting.objects.update(is_review_due=True)
    with transaction.atomic():
        Posting.objects.select_for_update().get()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(review).result()
    assert is_due()
    review()
    assert not is_due()


def open_kinds() -> set[str]:
    return set(StoredDiscrepancy.objects.filter(closed_at=None).values_list("kind", flat=True))


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.record_needs_human(
            rows.get().pk, rows.get().fence, why=Problem(Reason.POSSIBLE_DUPLICATE), now=timezone.now()
        ),
        lambda rows: rows.filter(pk=rows.get().pk).update(
            state="needs_human", candidates=[7], **stored(Problem(Reason.POSSIBLE_DUPLICATE), timezone.now())
        ),
    ],
)
def test_whoever_changes_a_posting_asks_for_its_review(reviewed: Company, change: Callable[[object], object]) -> None:
    Posting.objects.filter(pk=Posting.objects.get().pk).update(state="sending", is_review_due=False)
    change(Posting.objects)
    assert is_due()
    review()
    assert open_kinds() == {"possible_duplicate"}


def test_a_company_whose_review_crashes_does_not_stop_the_others(
    reviewed: Company, new_company: Callable[..., Company], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = new_company("verde")
    other.add_title("payable")
    other.sync()
    Posting.objects.update(is_review_due=True)
    first = KaminoConnection.objects.order_by("pk")[0]
    made = tick.review_changed

    def crashing(kamino: KaminoConnection, *, now: datetime) -> None:
        if kamino == first:
            raise RuntimeError
        made(kamino, now=now)

    monkeypatch.setattr(tick, "review_changed", crashing)
    review()
    assert list(Posting.objects.filter(is_review_due=True).values_list("kamino_connection", flat=True)) == [first.pk]


def test_reviews_are_made_while_something_else_is_always_due(reviewed: Company) -> None:
    """After twenty seconds at most, and not at each turn."""
    busy = Kind("busy", lambda _now, _tenants: [Posting.objects.all()], lambda _turn: True)
    start, made = timezone.now(), []
    pace = Pace(tick.REVIEW_EVERY, start)
    for seconds in range(5, 65, 5):
        Posting.objects.filter(pk__gt=0).update(is_review_due=True)
        now = start + timedelta(seconds=seconds)
        tick._give_turns((busy, REVIEW), Turn(lambda now=now: now, now + timedelta(minutes=1)), 0, pace)  # type: ignore[misc]
        made += [] if is_due() else [seconds]
    assert made == [20, 40, 60]
