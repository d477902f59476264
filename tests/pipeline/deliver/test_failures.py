"""What becomes of a claimed posting by the kind of its error: tried again, looked up, or a person is asked."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.domain.delivery import DeliveryState, Operation, Outcome
from integrations.models import Attempt, KaminoConnection, PlanRequest, Posting
from integrations.pipeline.access.leases import CONFIG_PAUSE
from integrations.pipeline.deliver.kamino import KAMINO
from integrations.pipeline.outbox.claim import Claimed, claim
from integrations.pipeline.outbox.record import FIRST_PAUSE, LONGEST_PAUSE, MOST_TRIES, delivered, failed, pause
from integrations.rest.errors import (
    ApiError,
    ConfigError,
    IncompleteError,
    RateLimitedError,
    RejectedError,
    TransientError,
    UncertainError,
)
from tests.admin.world import Rows, make_rows, make_user
from tests.domain.builders import desired

READY, ASKED, LOOKED_UP = DeliveryState.READY, DeliveryState.NEEDS_HUMAN, DeliveryState.UNCERTAIN
A_MINUTE = timedelta(minutes=1)
SOON = (timedelta(seconds=FIRST_PAUSE / 2), timedelta(seconds=LONGEST_PAUSE))


@pytest.fixture
def rows(db: None) -> Rows:
    return make_rows("nossa", 11, make_user("root", is_superuser=True))


def a_claim(rows: Rows, now: datetime, **changes: Any) -> Claimed:
    PlanRequest.objects.all().delete()
    Posting.objects.filter(pk=rows.posting.pk).update(state="ready", **changes)
    claimed = claim(Posting.objects.get(pk=rows.posting.pk), Operation.CREATE, settles=False, now=now, to=KAMINO)
    assert claimed is not None
    return claimed


@pytest.mark.parametrize(
    ("error", "tried", "state", "reason", "after", "tries"),
    [
        pytest.param(TransientError("x"), 6, READY, "no_answer", SOON, 7, id="one try is left"),
        pytest.param(TransientError("x"), 7, ASKED, "exhausted", None, 8, id="the last try"),
        pytest.param(
            RateLimitedError("x", seconds=60), 9, READY, "limited", (timedelta(seconds=60),) * 2, 9, id="limit"
        ),
        pytest.param(ConfigError("x"), 9, READY, "access_refused", (CONFIG_PAUSE,) * 2, 9, id="keys"),
        pytest.param(ConfigError("x", code="unconfirmed"), 0, ASKED, "not_confirmed", None, 1, id="not allowed"),
        pytest.param(IncompleteError("x"), 1, READY, "list_incomplete", (CONFIG_PAUSE,) * 2, 2, id="list"),
        pytest.param(IncompleteError("x"), 2, ASKED, "list_incomplete", None, 3, id="the third list"),
        pytest.param(UncertainError("x"), 0, LOOKED_UP, "unconfirmed", None, 1, id="lost"),
        pytest.param(RejectedError("x"), 0, ASKED, "refused", None, 1, id="refused"),
    ],
)
def test_what_an_error_leads_to(
    rows: Rows,
    error: ApiError,
    tried: int,
    state: DeliveryState,
    reason: str,
    after: tuple[timedelta, timedelta] | None,
    tries: int,
) -> None:
    now = timezone.now()
    claimed = a_claim(rows, now, tries=tried)
    failed(claimed, error, now=now)
    posting = Posting.objects.get(pk=rows.posting.pk)
    assert (posting.state, posting.reason, posting.tries) == (state, reason, tries)
    if after is not None:
        assert after[0] <= posting.ready_at - now <= after[1]
    kamino = KaminoConnection.objects.get()
    paused_until = now + CONFIG_PAUSE if reason == "access_refused" else None
    assert kamino.lease_until == paused_until, "wrong keys keep the whole company waiting"


@pytest.mark.parametrize(("answered", "surplus"), [(5, None), (6, 6)])
def test_a_late_answer_is_one_too_many_only_with_another_object(rows: Rows, answered: int, surplus: int | None) -> None:
    now = timezone.now()
    claimed = a_claim(rows, now, kamino_id=None)
    claimed.is_sent = True
    Posting.objects.filter(pk=rows.posting.pk).update(fence=claimed.fence + 1, kamino_id=5, state="delivered")
    delivered(claimed, remote_id=answered, held=desired(), now=now)
    attempt = Attempt.objects.get(pk=claimed.attempt.pk)
    assert (attempt.outcome, attempt.kamino_id, attempt.surplus_id) == (Outcome.DELIVERED, answered, surplus)
    assert Posting.objects.get(pk=rows.posting.pk).state == DeliveryState.DELIVERED


@pytest.mark.parametrize("tries", range(1, MOST_TRIES + 1))
def test_pauses_grow_and_end(tries: int) -> None:
    for _ in range(20):
        assert FIRST_PAUSE / 2 <= pause(tries).total_seconds() <= min(FIRST_PAUSE * 2**tries, LONGEST_PAUSE)
