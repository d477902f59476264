"""What payables for Bling say in alerts: what Bling refuses, and what waits for a person."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.models import BlingWriting, CatalogItem, ConfidentialCategory, PayableWrite, WriteBatch
from integrations.models.confidential import PUBLIC, WHOLE
from integrations.pipeline.report.causes import find_causes
from tests.admin.world import Rows, make_rows


@pytest.fixture
def rows(db: None) -> Rows:
    found = make_rows("nossa", 1, User.objects.create_user("autora"))
    BlingWriting.objects.create(connection=found.bling, mode="live")
    return found


def told(rows: Rows, sight: object = WHOLE) -> dict[str, str]:
    found = find_causes([rows.tenant], now=timezone.now())[rows.tenant.pk]
    return {each.cause: each.detail(sight) for each in found if each.cause in ("writing", "payables")}  # type: ignore[arg-type]


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
