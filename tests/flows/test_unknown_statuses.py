"""A status that we do not know is a conflict, whoever reads it: nothing is written over it, nothing taken for it."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.domain.delivery import DeliveryState
from integrations.domain.desired import KaminoStatus
from integrations.domain.reasons import Reason
from integrations.models import Attempt, Discrepancy, KaminoConnection, KaminoSnapshot, Posting
from integrations.pipeline.compare.discrepancies import open_risk
from integrations.pipeline.compare.double_payments import guard_one
from integrations.pipeline.desk import decisions, links
from integrations.pipeline.desk.refusal import Refused
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company

UNKNOWN = 4
SAVE = "/financeiro/pagamento"
OPERATIONS = ("update", "settle", "cancel")


def hide_behind(company: Company, title: int, status: Any = UNKNOWN) -> int:
    """Let people give a payable a status over there that we know nothing of."""
    row = company.in_kamino("payable", title)["ID"]
    company.kamino.rows("payable")[row]["Situacao"] = status
    company.kamino.touch()
    company.forget_snapshots()
    return int(row)


def reconcile(company: Company) -> None:
    KaminoConnection.objects.update(reconciled_at=timezone.now() - timedelta(days=1), reconcile_cursor={})
    company.work()


def change(company: Company, title: int, operation: str) -> None:
    if operation == "update":
        company.bling.edit_title(title, value=250)
    elif operation == "settle":
        company.bling.pay(title, account=company.bank)
    else:
        company.bling.cancel(title)


@pytest.mark.some(16, drawn=3)
@pytest.mark.parametrize("status", [UNKNOWN, 0, 12, "Cancelada", None, True, "2.5"], ids=repr)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_nothing_is_written_over_it(company: Company, title: int, operation: str, status: Any) -> None:
    hide_behind(company, title, status)
    change(company, title, operation)
    writes = company.kamino.write_count
    company.sync()
    posting = company.posting(title)
    assert (posting.state, posting.reason) == (DeliveryState.NEEDS_HUMAN, Reason.UNKNOWN_IN_KAMINO)
    assert company.kamino.write_count == writes
    assert company.in_kamino("payable", title)["Situacao"] == status


def test_a_title_that_is_known_again_is_sent(company: Company, title: int, user: User) -> None:
    hide_behind(company, title)
    change(company, title, "settle")
    company.sync()
    hide_behind(company, title, 1)
    company.resync(title, user)
    assert company.in_kamino("payable", title)["Situacao"] == 2
    assert company.posting(title).state == DeliveryState.DELIVERED


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.some(3)
def test_a_look_up_that_finds_it_asks(
    company: Company, world: World, settings: Any, title: int, operation: str
) -> None:
    settings.UNCERTAIN_WAIT_SECONDS = 3600
    change(company, title, operation)
    method = "DELETE" if operation == "cancel" else "POST"
    world.faults.add(Fault(side="kamino", kind="cut_before", method=method, path=SAVE))
    company.sync()
    assert company.posting(title).state == DeliveryState.UNCERTAIN
    hide_behind(company, title)
    company.forget_waits()
    company.work()
    posting = company.posting(title)
    assert (posting.state, posting.reason) == (DeliveryState.NEEDS_HUMAN, Reason.UNKNOWN_IN_KAMINO)
    assert company.in_kamino("payable", title)["Situacao"] == UNKNOWN


def test_a_lost_creation_that_is_found_so_is_no_open_title(company: Company, world: World, settings: Any) -> None:
    settings.UNCERTAIN_WAIT_SECONDS = 3600
    title = company.add_title("payable")
    world.faults.add(Fault(side="kamino", kind="cut_after", method="POST", path=SAVE))
    company.sync()
    hide_behind(company, title)
    company.forget_waits()
    company.work()
    posting = company.posting(title)
    assert (posting.reason, posting.kamino_id) == (Reason.UNKNOWN_IN_KAMINO, None)


def restore(title: int) -> Posting:
    """Let the database be restored from before the title was sent."""
    Attempt.objects.all().delete()
    rows = Posting.objects.filter(title__bling_id=title)
    rows.update(kamino_id=None, delivered=None, delivered_fingerprint="", state="ready")
    return rows.get()


def test_it_is_neither_adopted_nor_linked(company: Company, title: int, user: User) -> None:
    row = hide_behind(company, title)
    reconcile(company)
    restore(title)
    company.work()
    posting = company.posting(title)
    assert (posting.reason, posting.kamino_id, posting.candidates) == (Reason.POSSIBLE_DUPLICATE, None, [row])
    with pytest.raises(Refused) as refused:
        links.link(posting=posting, kamino_id=row, reason="é este", user=user, now=timezone.now())
    assert refused.value.code == "status"
    decisions.decide(
        posting=posting, code=decisions.CREATE, number=0, reason="cancelado lá", user=user, now=timezone.now()
    )
    company.work()
    posting = company.posting(title)
    assert posting.kamino_id not in (None, row)
    assert [row["Situacao"] for row in company.kamino.find_all("payable", title)] == [UNKNOWN, 1]


@pytest.mark.parametrize("paid", [False, True], ids=["open", "paid"])
def test_a_reconciliation_says_so(company: Company, title: int, paid: bool) -> None:
    if paid:
        change(company, title, "settle")
        company.sync()
    hide_behind(company, title)
    reconcile(company)
    rows = Discrepancy.objects.filter(posting=company.posting(title), closed_at=None)
    assert list(rows.values_list("kind", "kamino_value")) == [("status", KaminoStatus.UNKNOWN)]
    snapshot = KaminoSnapshot.objects.get()
    assert (snapshot.to_title().status, snapshot.is_in_force) == (KaminoStatus.UNKNOWN, False)


def test_a_risk_of_double_payment_is_not_over_when_it_is_seen(company: Company, world: World) -> None:
    title = company.add_title("payable", due=world.today + timedelta(days=1))
    company.sync()
    open_risk(company.posting(title), now=timezone.now())
    hide_behind(company, title)
    KaminoConnection.objects.update(guarded_at=None)
    assert guard_one(timezone.now)
    assert Discrepancy.objects.filter(kind="double_payment_risk", closed_at=None).count() == 1


def test_paid_in_bling_and_scheduled_behind_it_is_a_risk(company: Company, world: World) -> None:
    title = company.add_title("payable", due=world.today + timedelta(days=1))
    company.sync()
    row = hide_behind(company, title)
    company.kamino.edit_title("payable", row, DataAgendaPagamento=str(world.today))
    change(company, title, "settle")
    company.sync()
    reconcile(company)
    assert Discrepancy.objects.filter(kind="double_payment_risk", closed_at=None).count() == 1
