"""What a hostile reading found in delivery: each test failed before its mend."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.domain.delivery import DeliveryState, Operation
from integrations.models import Attempt, KaminoConnection, Posting, Tenant, Title
from integrations.models.outbox import Priority
from integrations.pipeline.access import failpoints
from integrations.pipeline.deliver import drain
from integrations.pipeline.deliver.kamino import KAMINO
from integrations.pipeline.desk import decisions
from integrations.pipeline.desk.commands import request_resync, request_sync, tenant_changed
from integrations.pipeline.outbox.claim import claim
from integrations.pipeline.plan.planner import plan_turn
from integrations.pipeline.read.run_lease import advance_a_run
from integrations.pipeline.run import kamino_turns, tick
from integrations.pipeline.run.kamino_turns import reconcile_one
from tests.flows.helpers import Company

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def soon() -> datetime:
    return timezone.now() + timedelta(seconds=30)


@pytest.fixture
def contact(company: Company) -> int:
    return int(company.bling.add_contact(name="Fornecedor Exemplo", document="11.222.333/0001-81", kind="J"))


def payables(company: Company) -> int:
    return len(company.kamino.titles("payable"))


def test_what_stood_ready_when_its_month_was_closed_is_not_sent(company: Company, contact: int) -> None:
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
    assert (
        claim(before, Operation.CREATE, settles=False, now=timezone.now(), to=KAMINO) is None
    )  # chosen before, claimed after
    company.work()
    assert Posting.objects.get().state == DeliveryState.HELD


def ask_in_simulation(company: Company, contact: int, user: Any) -> int:
    """Plan a title that a person asked for, before the company's first reconciliation."""
    company.to_shadow()
    title = company.add_title("payable", contact=contact)
    company.sync()
    KaminoConnection.objects.update(reconciled_at=None, reconcile_cursor={})
    request_resync(titles=Title.objects.filter(bling_id=title), user=user, now=timezone.now())
    tick.serve_people(clock=timezone.now, deadline=soon())
    assert company.posting(title).priority == Priority.PERSON
    return title


def test_what_a_person_asked_for_does_not_keep_the_first_reconciliation_away(
    company: Company, contact: int, admin_user: Any
) -> None:
    title = ask_in_simulation(company, contact, admin_user)
    company.go_live()
    company.work()
    assert KaminoConnection.objects.get().reconciled_at is not None
    assert company.in_kamino("payable", title) is not None


def test_what_a_person_asked_for_in_simulation_does_not_keep_the_daily_reconciliation_away(
    company: Company, contact: int, admin_user: Any
) -> None:
    ask_in_simulation(company, contact, admin_user)
    KaminoConnection.objects.update(reconciled_at=LONG_AGO)
    reconcile_one(timezone.now, soon(), None)
    assert KaminoConnection.objects.get().reconciled_at != LONG_AGO


def test_a_reconciliation_that_yields_to_people_did_no_work(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    company.sync()
    KaminoConnection.objects.update(reconciled_at=LONG_AGO)
    monkeypatch.setattr(kamino_turns, "_people_wait", lambda _company, _now: True)
    assert not reconcile_one(timezone.now, soon(), None)


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


def test_simulation_is_reconciled_daily_and_going_live_doubles_nothing(company: Company, contact: int) -> None:
    company.to_shadow()
    company.add_title("payable", contact=contact, value="250.00")
    company.sync()
    person = company.kamino.add_person("Fornecedor Exemplo", "11222333000181")
    due = company.bling.world.today + timedelta(days=10)
    company.kamino.add_title("payable", person, "250.00", due, "Digitado à mão")
    KaminoConnection.objects.update(reconciled_at=timezone.now() - timedelta(hours=24, minutes=30))
    company.work()
    company.go_live()
    company.work()
    assert payables(company) == 1


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


def copy_in_kamino(company: Company, title: int, days: int) -> int:
    """Let somebody use Kamino's copy for a later day, marker and all, and reconcile."""
    row = company.in_kamino("payable", title)
    due = company.bling.world.today + timedelta(days=days)
    copy = company.kamino.add_title("payable", row["IDPessoa"], "250.00", due, row["Descricao"])
    KaminoConnection.objects.update(reconciled_at=None, reconcile_cursor={})
    company.work()
    return int(copy)


def forget_deliveries() -> None:
    """Let the database be restored from before anything was sent."""
    Attempt.objects.all().delete()
    Posting.objects.update(kamino_id=None, delivered=None, delivered_fingerprint="", state="ready")


def test_a_copy_with_the_marker_of_another_title_may_be_this_one(company: Company, contact: int) -> None:
    first = company.add_title("payable", contact=contact, value="250.00")
    company.sync()
    copy = copy_in_kamino(company, first, days=40)
    second = company.add_title(
        "payable", contact=contact, value="250.00", due=company.bling.world.today + timedelta(days=40)
    )
    company.sync()
    assert company.posting(second).reason == "possible_duplicate"
    assert company.posting(second).candidates == [copy]
    assert payables(company) == 2


def test_two_rows_with_our_marker_are_asked_about(company: Company, contact: int) -> None:
    title = company.add_title("payable", contact=contact, value="250.00")
    company.sync()
    ours = company.in_kamino("payable", title)["ID"]
    copy = copy_in_kamino(company, title, days=40)
    forget_deliveries()
    company.work()
    posting = company.posting(title)
    assert (posting.state, posting.reason) == (DeliveryState.NEEDS_HUMAN, "possible_duplicate")
    assert sorted(posting.candidates) == sorted([ours, copy])


def test_a_marked_row_that_is_gone_is_not_adopted(company: Company, contact: int) -> None:
    title = company.add_title("payable", contact=contact, value="250.00")
    company.sync()
    KaminoConnection.objects.update(reconciled_at=None, reconcile_cursor={})
    company.work()
    gone = company.posting(title).kamino_id
    company.kamino.delete_title("payable", gone)
    forget_deliveries()
    company.work()
    assert payables(company) == 1
    assert company.posting(title).kamino_id != gone


def test_a_bill_entered_again_after_its_deletion_is_asked_about(company: Company, contact: int) -> None:
    old = company.add_title("payable", contact=contact, value="345.67")
    company.sync()
    company.bling.delete(old)
    company.sync()
    company.sync()
    due = company.bling.world.today + timedelta(days=12)  # two days later than before
    new = company.add_title("payable", contact=contact, value="345.67", due=due)
    company.sync()
    assert company.posting(new).reason == "possible_duplicate"
    assert company.posting(new).candidates == [company.posting(old).kamino_id]
    assert payables(company) == 1


def test_a_bill_entered_again_is_linked_to_the_title_of_the_deleted_one(
    company: Company, contact: int, django_user_model: Any
) -> None:
    old = company.add_title("payable", contact=contact, value="345.67")
    company.sync()
    theirs = company.in_kamino("payable", old)["ID"]
    company.bling.delete(old)
    company.sync()
    company.sync()
    due = company.bling.world.today + timedelta(days=12)
    new = company.add_title("payable", contact=contact, value="345.67", due=due)
    company.sync()
    decisions.decide(
        posting=company.posting(new), code=decisions.LINK, number=theirs, reason="a mesma conta",
        user=django_user_model.objects.create_user("staff"), now=timezone.now(),
    )  # fmt: skip
    company.sync()
    assert payables(company) == 1
    row = company.in_kamino("payable", new)
    assert (row["ID"], row["DataVencimento"][:10]) == (theirs, str(due))
