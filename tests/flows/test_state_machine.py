"""The conditional updates by themselves: whoever lost its fence, its lease or its place in time moves nothing."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from integrations.domain.delivery import DeliveryState, Operation
from integrations.domain.reasons import Problem, Reason
from integrations.domain.titles import Direction
from integrations.models import KaminoConnection, PlanRequest, Posting, SyncRun, Title
from integrations.pipeline.access import leases
from integrations.pipeline.deliver.kamino import KAMINO
from integrations.pipeline.handover.plan_requests import request_plans
from integrations.pipeline.outbox.claim import claim
from integrations.pipeline.plan.planner import plan_batch
from integrations.pipeline.read import mirror
from integrations.pipeline.read.batch import Chunk, TitleReading
from tests.admin.world import DAY, Rows, make_rows, make_user
from tests.domain.builders import title as facts_of

FENCE = 7
SOON = timedelta(minutes=5)
Move = Callable[[Posting, int], int]


@pytest.fixture
def rows(db: None) -> Rows:
    return make_rows("nossa", 11, make_user("root", is_superuser=True))


WHY = Problem(Reason.REFUSED, {"message": "x"})


def delivered(posting: Posting, fence: int) -> int:
    return Posting.objects.record_delivered(posting.pk, fence, sent="x", body={}, remote_id=1)


def tried_again(posting: Posting, fence: int) -> int:
    return Posting.objects.record_retry(posting.pk, fence, why=WHY, now=timezone.now(), ready_at=timezone.now())


def lost(posting: Posting, fence: int) -> int:
    return Posting.objects.record_uncertain(posting.pk, fence, why=WHY, now=timezone.now(), look_at=timezone.now())


def refused(posting: Posting, fence: int) -> int:
    return Posting.objects.record_needs_human(posting.pk, fence, why=WHY, now=timezone.now())


def absent(posting: Posting, fence: int) -> int:
    return Posting.objects.resolve_absent(posting.pk, fence)


def begun(posting: Posting, fence: int) -> int:
    return Posting.objects.begin_sending(posting.pk, fence, desired="", lease_until=timezone.now())


@pytest.mark.parametrize(
    ("state", "move"),
    [
        *((DeliveryState.SENDING, move) for move in (delivered, tried_again, lost, refused)),
        (DeliveryState.UNCERTAIN, absent),
        (DeliveryState.READY, begun),
    ],
)
def test_only_the_holder_of_the_fence_moves_a_posting(rows: Rows, state: str, move: Move) -> None:
    Posting.objects.filter(pk=rows.posting.pk).update(state=state, fence=FENCE)
    before = Posting.objects.values().get(pk=rows.posting.pk)
    for other in (FENCE - 1, FENCE + 1):
        assert move(rows.posting, other) == 0
        assert Posting.objects.values().get(pk=rows.posting.pk) == before
    assert move(rows.posting, FENCE) == 1


@pytest.mark.parametrize(("known", "answered", "moved"), [(None, 6, 1), (6, 6, 1), (5, 6, 0)])
def test_an_answer_never_exchanges_the_object_that_a_posting_is(
    rows: Rows, known: int | None, answered: int, moved: int
) -> None:
    Posting.objects.filter(pk=rows.posting.pk).update(state="delivered", fence=FENCE, kamino_id=known)
    told = {"sent": "x", "body": {"told": "late"}, "remote_id": answered}
    assert Posting.objects.record_delivered(rows.posting.pk, FENCE, **told) == moved
    posting = Posting.objects.get(pk=rows.posting.pk)
    assert (posting.kamino_id, posting.delivered == told["body"]) == (answered if moved else known, bool(moved))


def test_a_run_that_was_taken_over_is_not_held(rows: Rows) -> None:
    now = timezone.now()
    SyncRun.objects.filter(pk=rows.run.pk).update(state="open", fence=FENCE, lease_until=now)
    mine = SyncRun.objects.get(pk=rows.run.pk)
    mirror.hold_lease(mine, lease_until=now + SOON, step="mine")
    SyncRun.objects.filter(pk=rows.run.pk).update(fence=FENCE + 1)
    with pytest.raises(mirror.LostLeaseError):
        mirror.hold_lease(mine, lease_until=now + SOON * 2, step="late")
    after = SyncRun.objects.get(pk=rows.run.pk)
    assert (after.lease_until, after.step) == (now + SOON, "mine")


@pytest.mark.parametrize(("left", "holds"), [(-SOON, False), (SOON / 2, False), (SOON, True)])
def test_a_claim_is_held_for_as_long_as_its_lease_lasts(rows: Rows, left: timedelta, holds: bool) -> None:
    now = timezone.now()
    Posting.objects.filter(pk=rows.posting.pk).update(state="sending", fence=FENCE, lease_until=now + left)
    assert Posting.objects.is_held_by(rows.posting.pk, FENCE, until=now + SOON) is holds


def test_what_a_dead_worker_held_is_unconfirmed_and_not_ready(rows: Rows) -> None:
    now = timezone.now()
    Posting.objects.filter(pk=rows.posting.pk).update(state="sending", lease_until=now - SOON)
    Posting.objects.release_expired(now, look_at=now)
    assert Posting.objects.get(pk=rows.posting.pk).state == DeliveryState.UNCERTAIN


@pytest.mark.parametrize("outcome", ["", "uncertain"])
def test_a_posting_with_an_unresolved_attempt_is_looked_up_instead_of_sent(rows: Rows, outcome: str) -> None:
    Posting.objects.filter(pk=rows.posting.pk).update(state="ready")
    rows.posting.attempts.update(outcome=outcome)
    posting = Posting.objects.get(pk=rows.posting.pk)
    assert claim(posting, Operation.CREATE, settles=False, now=timezone.now(), to=KAMINO) is None
    assert Posting.objects.get(pk=posting.pk).state == DeliveryState.UNCERTAIN
    assert posting.attempts.count() == 1


def test_a_posting_whose_plan_is_asked_for_is_not_claimed(rows: Rows) -> None:
    Posting.objects.filter(pk=rows.posting.pk).update(state="ready")
    posting = Posting.objects.get(pk=rows.posting.pk)
    request_plans(Title.objects.filter(pk=rows.title.pk), now=timezone.now())
    assert claim(posting, Operation.CREATE, settles=False, now=timezone.now(), to=KAMINO) is None
    PlanRequest.objects.all().delete()
    assert claim(posting, Operation.CREATE, settles=False, now=timezone.now(), to=KAMINO) is not None


def test_a_batch_answers_the_requests_that_it_planned_and_no_others(rows: Rows) -> None:
    request_plans(Title.objects.filter(connection=rows.bling), now=timezone.now())
    first, second = PlanRequest.objects.order_by("asked_at", "pk").values_list("title", flat=True)
    assert plan_batch(rows.bling.pk, clock=timezone.now, limit=1) == 1
    assert list(PlanRequest.objects.values_list("title", flat=True)) == [second]
    assert first != second


@pytest.mark.parametrize(("seconds", "value"), [(-1, "1234.56"), (0, "1234.56"), (1, "77.00")])
def test_an_older_reading_never_replaces_a_newer_one(rows: Rows, seconds: int, value: str) -> None:
    title = Title.objects.get(pk=rows.title.pk)
    facts = facts_of(bling_id=title.bling_id, contact_id=title.contact_id, due_date=DAY, value=Decimal("77.00"))
    read_at = title.read_at + timedelta(seconds=seconds)
    reading = TitleReading(Direction.PAYABLE, title.bling_id, read_at, facts)
    mirror.save_chunk(rows.bling, Chunk(titles=[reading]), now=timezone.now(), run=None)
    assert Title.objects.get(pk=title.pk).value == Decimal(value)


def lease(now: datetime) -> KaminoConnection | None:
    return leases.lease_first(KaminoConnection.objects.all(), now)


def test_a_company_is_leased_to_one_at_a_time(rows: Rows) -> None:
    now = timezone.now()
    first: Any = lease(now)
    assert first is not None
    assert lease(now + SOON / 5) is None
    later = now + leases.LEASE + timedelta(seconds=1)
    assert lease(later) is not None
    leases.free_kamino(first)  # it is somebody else's by now
    assert lease(later) is None
