"""What payables for Bling say in alerts: what Bling refuses, and what waits for a person."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.models import (
    ApiKey,
    BlingAttempt,
    BlingWriting,
    CatalogItem,
    ConfidentialCategory,
    PayableWrite,
    SettlementWrite,
    WriteBatch,
)
from integrations.models.confidential import PUBLIC, WHOLE
from integrations.pipeline.report.causes import find_causes, next_causes
from tests.admin.world import Rows, make_rows

TOLD = ("writing", "payables", "key_refused", "key_unused")


@pytest.fixture
def rows(db: None) -> Rows:
    found = make_rows("nossa", 1, User.objects.create_user("autora"))
    BlingWriting.objects.create(connection=found.bling, mode="live")
    return found


def told(rows: Rows, sight: object = WHOLE) -> dict[str, str]:
    found = find_causes([rows.tenant], now=timezone.now())[rows.tenant.pk]
    return {each.cause: each.detail(sight) for each in found if each.cause in TOLD}  # type: ignore[arg-type]


def test_what_is_in_bling_waits_for_nobody(rows: Rows) -> None:
    assert told(rows) == {}


@pytest.mark.parametrize("state", ["needs_human", "held"])
def test_what_is_stuck_is_counted(rows: Rows, state: str) -> None:
    PayableWrite.objects.update(state=state, reason="refused")
    assert told(rows)["payables"].startswith("1 conta a lançar no Bling espera")


def test_what_was_stopped_or_waited_too_long_is_counted(rows: Rows) -> None:
    PayableWrite.objects.update(state="ready", bling_id=None)
    assert told(rows) == {}
    PayableWrite.objects.update(accepted_at=timezone.now() - timedelta(hours=25))
    assert "payables" in told(rows)
    PayableWrite.objects.update(accepted_at=timezone.now())
    WriteBatch.objects.update(state="stopped")
    assert "payables" in told(rows)


def test_simulation_asks_nobody(rows: Rows) -> None:
    PayableWrite.objects.update(state="needs_human", reason="refused")
    BlingWriting.objects.update(mode="simulation")
    assert told(rows) == {}


def test_a_refused_access_is_said_until_it_is_tried_again(rows: Rows) -> None:
    failure = {"kind": "config", "code": "insufficient_scope", "service": "Bling", "message": ""}
    BlingWriting.objects.update(failure=failure, paused_until=timezone.now() + timedelta(minutes=5))
    assert "escopo" in told(rows)["writing"]
    BlingWriting.objects.update(paused_until=timezone.now() - timedelta(minutes=5))
    assert told(rows) == {}


def test_confidential_ones_are_told_without_a_number(rows: Rows) -> None:
    PayableWrite.objects.update(state="needs_human", reason="refused")
    item = CatalogItem.objects.get(connection=rows.bling, bling_id=rows.payable.category_id)
    ConfidentialCategory.objects.create(connection=rows.bling, item=item)
    assert "1 conta" in told(rows)["payables"]
    assert "1 conta" not in told(rows, PUBLIC)["payables"]


def test_a_stuck_settlement_is_counted(rows: Rows) -> None:
    SettlementWrite.objects.update(state="needs_human", reason="paid_differently")
    assert told(rows)["payables"].startswith("1 conta a lançar no Bling espera")
    SettlementWrite.objects.update(state="ready", reason="", bling_id=None)
    assert told(rows) == {}
    SettlementWrite.objects.update(accepted_at=timezone.now() - timedelta(hours=3))
    assert "payables" in told(rows)


def test_what_may_stand_in_bling_twice_is_counted_whatever_is_switched_off(rows: Rows) -> None:
    BlingWriting.objects.update(mode="off")
    BlingAttempt.objects.filter(settlement__isnull=False).update(surplus_id=4711)
    assert told(rows)["payables"].startswith("1 conta")
    BlingAttempt.objects.update(surplus_gone_at=timezone.now())
    assert told(rows) == {}


class TestKeys:
    def test_one_that_nobody_uses_is_told(self, rows: Rows) -> None:
        long_ago = timezone.now() - timedelta(days=91)
        ApiKey.objects.update(created_at=long_ago)
        assert "Programa nossa (abcdef…)" in told(rows)["key_unused"]
        ApiKey.objects.update(last_used_at=timezone.now() - timedelta(days=89))
        assert told(rows) == {}
        ApiKey.objects.update(last_used_at=long_ago)
        assert "key_unused" in told(rows)
        ApiKey.objects.update(revoked_at=timezone.now())
        assert told(rows) == {}

    def test_time_alone_makes_one_unused(self, rows: Rows) -> None:
        used = timezone.now() - timedelta(days=3)
        ApiKey.objects.update(last_used_at=used)
        assert (rows.tenant.pk, used + timedelta(days=90)) in next_causes([rows.tenant.pk], timezone.now())

    def test_one_that_is_refused_again_and_again_is_told(self, rows: Rows) -> None:
        def refuse(count: int) -> None:
            for _ in range(count):
                WriteBatch.objects.create(
                    connection=rows.bling, source="bridge", state="discarded", count=1, total=1, api_key=rows.api_key,
                    created_at=timezone.now(),
                )  # fmt: skip

        refuse(4)
        assert told(rows) == {}
        BlingAttempt.objects.filter(settlement__isnull=False).update(outcome="conflict", settles=False)
        assert "Programa nossa" in told(rows)["key_refused"]
        WriteBatch.objects.update(created_at=timezone.now() - timedelta(days=2))
        assert told(rows) == {}
        refuse(5)
        assert "key_refused" in told(rows)
