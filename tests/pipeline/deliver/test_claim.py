"""Claiming and recording: what may be sent at this moment, and what an outcome leaves behind."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from integrations.domain.delivery import DeliveryState, Operation
from integrations.models import (
    Attempt,
    KaminoConnection,
    Posting,
    Tenant,
)
from integrations.pipeline.access import failpoints
from integrations.pipeline.deliver import drain
from integrations.pipeline.deliver.kamino import KAMINO
from integrations.pipeline.desk.commands import request_sync, tenant_changed
from integrations.pipeline.outbox import record
from integrations.pipeline.outbox.claim import claim
from integrations.pipeline.plan.planner import plan_turn
from integrations.pipeline.read.run_lease import advance_a_run
from tests.flows.helpers import Company, payables, soon

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def test_a_bug_after_a_write_left_is_no_reason_to_write_again(company: Company) -> None:
    company.add_title("payable")
    company.sync()
    company.to_shadow()
    title = company.add_title("payable")
    company.sync()
    company.go_live()
    posting = company.posting(title)
    claimed = claim(posting, "create", settles=False, now=timezone.now(), to=KAMINO)  # type: ignore[arg-type]
    assert claimed is not None
    with record.outcome_of(claimed, timezone.now):
        record.may_send(claimed, timezone.now, posting.get_desired())
        raise ValueError("the answer could not be read")
    posting.refresh_from_db()
    assert posting.state == DeliveryState.UNCERTAIN
    assert Attempt.objects.get(posting=posting).outcome == "uncertain"


def test_what_was_ready_when_its_month_was_closed_is_not_sent(company: Company, contact: int) -> None:
    company.to_shadow()
    today = company.bling.world.today
    title = company.add_title("payable", contact=contact, due=today - timedelta(days=40))
    company.sync()
    company.go_live()
    before = company.posting(title)
    assert before.state == DeliveryState.READY
    Tenant.objects.filter(pk=company.tenant.pk).update(closed_until=today)
    tenant_changed(tenant_id=company.tenant.pk, now=timezone.now())
    drain(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=10))
    assert payables(company) == 0
    chosen_before = claim(before, Operation.CREATE, settles=False, now=timezone.now(), to=KAMINO)
    assert chosen_before is None
    company.work()
    assert Posting.objects.get().state == DeliveryState.HELD


def test_a_title_that_was_taken_over_during_its_call_is_planned_again(
    company: Company, contact: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = {"id": company.bling.add_sale(contact, "200.00"), "tipoOrigem": "venda", "numero": "77"}
    old = company.add_title("receivable", contact=contact, value="100.00", origin=origin)
    company.to_shadow()
    company.sync()
    company.go_live()
    new = company.bling.relaunch(old)
    company.bling.edit_title(new, value="150.00")
    moments = iter(["title.before_write"])

    def another_worker(name: str) -> None:
        if name == "title.before_write" and next(moments, None):
            request_sync(connections=[company.connection], user=None, now=timezone.now())
            while advance_a_run(timezone.now, soon(), None):
                pass
            while plan_turn(clock=timezone.now, deadline=soon(), tenant_ids=None):
                pass

    monkeypatch.setattr(failpoints, "passed", another_worker)
    company.work()
    assert company.title(old).replaced_by == company.title(new)
    assert company.posting(new).state == DeliveryState.DELIVERED
    assert [str(row["VlrVenc"]) for row in company.kamino.titles("receivable")] == ["150.00"]


def test_nothing_is_sent_after_a_reconciliation_of_long_ago(company: Company, contact: int) -> None:
    company.to_shadow()
    company.add_title("payable", contact=contact)
    company.sync()
    company.go_live()
    KaminoConnection.objects.update(reconciled_at=LONG_AGO)
    drain(clock=timezone.now, deadline=soon())
    assert payables(company) == 0
    company.work()
    assert payables(company) == 1
