"""What people decide about settlements of programs that nobody else can decide about."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.bling_v2.codes import NOT_SETTLED
from integrations.domain.delivery import DeliveryState
from integrations.domain.reasons import Reason
from integrations.models import ApiKey, BlingAttempt, BlingWriting, PayableWrite, SettlementWrite, WriteMode
from integrations.models.api_keys import new_key
from integrations.pipeline.access import restores
from integrations.pipeline.company import writing as company_writing
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.payables import keys, live, settlement_orders
from integrations.pipeline.payables.standing import Standing, standing_of_settlement
from integrations.pipeline.report.causes import find_causes
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.bridged import error_of, make_key, may_settle, put, settled, settlement
from tests.flows.helpers import Company
from tests.flows.mortal import at_failpoint
from tests.flows.settling import bridged, title
from tests.flows.test_bridge_settles import SETTLE, paid, yesterday

__all__ = ["bridged", "title"]


@pytest.fixture
def ana(transactional_db: None) -> User:
    return User.objects.create_user("ana")


@pytest.fixture
def unclear(bridged: Company, title: Any, world: World, settings: Any) -> SettlementWrite:
    """A settlement whose answer was lost, and whose payable somebody else paid on another day meanwhile."""
    settings.UNCERTAIN_WAIT_SECONDS = 3600
    world.faults.add(Fault("bling", "cut_before", "POST", f"/contas/pagar/{title.id}/baixar"))
    put(title.id)
    bridged.work()
    bridged.bling.pay(title.id, date=yesterday(), account=title.account)
    SettlementWrite.objects.update(ready_at=timezone.now())
    bridged.work()
    found = SettlementWrite.objects.get()
    assert (found.state, found.reason) == (DeliveryState.NEEDS_HUMAN, Reason.PAID_DIFFERENTLY)
    return found


def decide(order: Any, unit: Any, user: User, **values: Any) -> None:
    name = "unit" if order is live.surplus_is_gone else "settlement"
    order(**{name: unit}, user=user, now=timezone.now(), **values)


def waiting(company: Company) -> str:
    """Return what the alert about payables says, "" for none."""
    found = find_causes([company.tenant], now=timezone.now())[company.tenant.pk]
    return next((str(one.params["count"]) for one in found if one.cause == "payables"), "")


def test_it_happened(bridged: Company, title: Any, unclear: SettlementWrite, ana: User) -> None:
    assert waiting(bridged) == "1"
    [bordero] = bridged.bling.borderos
    with pytest.raises(Refused, match="borderô"):
        decide(live.is_settled, unclear, ana, bordero_id=4711, reason="vi")
    decide(live.is_settled, unclear, ana, bordero_id=bordero, reason="foi essa")
    assert SettlementWrite.objects.get().bling_id == bordero
    assert put(title.id).status_code == 200
    assert waiting(bridged) == ""
    bridged.work()
    assert len(paid(bridged, title)) == 1


def test_a_bordero_of_another_payable_is_refused(
    bridged: Company, title: Any, unclear: SettlementWrite, ana: User
) -> None:
    other = bridged.bling.pay(bridged.add_title("payable"))
    with pytest.raises(Refused):
        decide(live.is_settled, unclear, ana, bordero_id=other, reason="vi")
    assert SettlementWrite.objects.get().state == DeliveryState.NEEDS_HUMAN


def test_a_bordero_that_settled_another_payable_already_is_refused(
    bridged: Company, title: Any, unclear: SettlementWrite, ana: User
) -> None:
    """Several payables may be paid by one borderô in Bling; each settlement here is one of its own."""
    [bordero] = bridged.bling.borderos
    SettlementWrite.objects.create(
        connection=bridged.connection, api_key=unclear.api_key, title_id=1, value=1, paid_on=yesterday(),
        accepted_at=timezone.now(), ready_at=timezone.now(), planned_at=timezone.now(), state=DeliveryState.DELIVERED,
        bling_id=bordero,
    )  # fmt: skip
    with pytest.raises(Refused, match="borderô"):
        decide(live.is_settled, unclear, ana, bordero_id=bordero, reason="foi essa")
    assert SettlementWrite.objects.get(pk=unclear.pk).state == DeliveryState.NEEDS_HUMAN


def test_it_did_not_happen_and_is_looked_at_again(
    bridged: Company, title: Any, unclear: SettlementWrite, ana: User
) -> None:
    """Whoever paid it, it is not paid again by a person's mistake; once it is open, it is settled."""
    decide(settlement_orders.is_not_settled, unclear, ana, reason="não foi")
    bridged.work()
    assert len(paid(bridged, title)) == 1
    unit = SettlementWrite.objects.get()
    assert (unit.state, unit.reason) == (DeliveryState.NEEDS_HUMAN, Reason.NOT_OPEN)
    bridged.bling.reverse_payment(title.id, next(iter(bridged.bling.borderos)))
    decide(settlement_orders.send_again, unit, ana)
    bridged.work()
    assert put(title.id).status_code == 200
    assert len(paid(bridged, title)) == 1


def test_what_may_have_happened_is_not_left_out(unclear: SettlementWrite, ana: User) -> None:
    with pytest.raises(Refused):
        decide(settlement_orders.leave_out, unclear, ana, reason="deixa")


def test_one_that_is_sent_again_is_looked_up_first(
    bridged: Company, title: Any, unclear: SettlementWrite, ana: User
) -> None:
    decide(settlement_orders.send_again, unclear, ana)
    bridged.work()
    assert bridged.bling.calls[SETTLE] == 1  # the one that was lost
    assert SettlementWrite.objects.get().reason == Reason.PAID_DIFFERENTLY


def test_what_a_person_leaves_out_no_program_settles(bridged: Company, title: Any, ana: User) -> None:
    put(title.id)
    decide(settlement_orders.leave_out, SettlementWrite.objects.get(), ana, reason="paga à mão")
    code, text = error_of(settled(bridged, title.id))
    assert (code, "pessoa" in text) == (906, True)
    assert error_of(put(title.id, settlement(yesterday())))[0] == NOT_SETTLED
    bridged.work()
    assert paid(bridged, title) == []


def test_what_is_one_too_many_is_told_until_it_is_gone(bridged: Company, title: Any, ana: User) -> None:
    put(title.id)
    with at_failpoint("settlement.after_write", 1, lambda: SettlementWrite.objects.update(bling_id=4711)):
        bridged.work()
    unit = SettlementWrite.objects.get()
    [bordero] = bridged.bling.borderos
    assert waiting(bridged) == "2"  # the row that is stuck, and the number
    with pytest.raises(Refused, match=str(bordero)):
        decide(live.surplus_is_gone, unit, ana, reason="removi")
    bridged.bling.reverse_payment(title.id, bordero)
    decide(live.surplus_is_gone, unit, ana, reason="removi")
    assert waiting(bridged) == "1"
    with pytest.raises(Refused):
        decide(live.surplus_is_gone, unit, ana, reason="removi")


def test_a_payable_that_is_one_too_many_is_told_until_it_is_gone(bridged: Company, title: Any, ana: User) -> None:
    double = bridged.add_title("payable")
    BlingAttempt.objects.filter(payable__isnull=False).update(surplus_id=double)
    assert waiting(bridged) == "1"
    with pytest.raises(Refused, match=str(double)):
        decide(live.surplus_is_gone, PayableWrite.objects.get(), ana, reason="removi")
    bridged.bling.delete(double)
    decide(live.surplus_is_gone, PayableWrite.objects.get(), ana, reason="removi")
    assert waiting(bridged) == ""


@pytest.mark.parametrize("taken", ["revoked", "changed"])
def test_what_a_key_asked_for_is_not_settled_once_it_may_not(
    bridged: Company, title: Any, ana: User, taken: str
) -> None:
    put(title.id)
    key = ApiKey.objects.get()
    if taken == "revoked":
        keys.revoke(api_key=key, reason="vazou", user=ana, now=timezone.now())
    else:
        ApiKey.objects.update(settles=False)
    bridged.work()
    assert paid(bridged, title) == []
    other = new_key()
    make_key(bridged, other)
    may_settle()
    ApiKey.objects.filter(pk=key.pk).update(settles=False)
    assert settled(bridged, title.id, key=other).status_code == 200
    assert len(paid(bridged, title)) == 1
    assert BlingWriting.objects.get().settles


def test_a_restored_database_settles_nothing_before_people_and_programs_say_so(
    bridged: Company, title: Any, ana: User
) -> None:
    put(title.id)
    restores.after_restore(timezone.now())
    writing = BlingWriting.objects.get()
    assert (writing.mode, writing.settles) == (WriteMode.OFF, False)
    bridged.work()
    company_writing.switch(
        connection=bridged.connection, mode=WriteMode.LIVE, limit=None, only_writer=True, settles=False,
        changes_contacts=False, writes_orders=False, reason="vai",
        user=ana, now=timezone.now(),
    )  # fmt: skip
    assert error_of(put(title.id))[0] == 905  # what was asked for before the restore has to be asked anew
    bridged.work()
    assert paid(bridged, title) == []
    BlingWriting.objects.update(settles=True)
    bridged.work()
    assert paid(bridged, title) == []
    assert settled(bridged, title.id).status_code == 200
    assert len(paid(bridged, title)) == 1


@pytest.mark.parametrize("switched", ["account", "key"])
def test_what_waited_while_it_was_switched_off_is_asked_for_anew(
    bridged: Company, title: Any, ana: User, switched: str
) -> None:
    put(title.id)
    if switched == "account":
        for settles in (False, True):
            company_writing.switch(
                connection=bridged.connection, mode=WriteMode.LIVE, limit=None, only_writer=True, settles=settles,
                changes_contacts=False, writes_orders=False, reason="engano", user=ana, now=timezone.now(),
            )  # fmt: skip
    else:
        ApiKey.objects.update(settles=False)
        may_settle()
    bridged.work()
    assert paid(bridged, title) == []
    unit = SettlementWrite.objects.select_related("api_key", "connection__writing").get()
    assert standing_of_settlement(unit, timezone.now()).standing == Standing.STALE
    assert settled(bridged, title.id).status_code == 200
    assert len(paid(bridged, title)) == 1
