"""Workers that die while they settle a payable in Bling, answers that are lost, and several at once."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from integrations.bling_v2.codes import NOT_SETTLED
from integrations.domain.delivery import DeliveryState, Outcome
from integrations.domain.reasons import Reason
from integrations.models import BlingAttempt, BlingWriting, SettlementWrite, Title
from integrations.pipeline.access.failpoints import SETTLEMENT_FAILPOINTS
from integrations.pipeline.run import tick
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.bridged import ONCE, booked, error_of, ours, put, settled, settlement
from tests.flows.helpers import Company
from tests.flows.mortal import Killed, at_failpoint, die
from tests.flows.settling import bridged, title
from tests.flows.test_bridge_settles import SETTLE, paid, yesterday
from tests.flows.test_into_bling_kills import at_once, let_leases_end

__all__ = ["bridged", "title"]

LOST = ("cut_before", "cut_after", "500", "truncated", "odd_before", "odd_after", "html")
HAPPENS = ("cut_after", "truncated", "odd_after")


def lose(world: World, title: Any, kind: Any, **options: Any) -> None:
    """Let the answer to the next settlement be lost."""
    world.faults.add(Fault("bling", kind, "POST", f"/contas/pagar/{title.id}/baixar", **options))


def unit() -> SettlementWrite:
    return SettlementWrite.objects.get()


@pytest.mark.parametrize("name", [*SETTLEMENT_FAILPOINTS, "to_bling.leased", "to_bling.freed"])
def test_a_death_anywhere_settles_once(bridged: Company, title: Any, name: str) -> None:
    put(title.id)
    with pytest.raises(Killed), at_failpoint(name, 1, die):
        bridged.work()
    let_leases_end()
    assert settled(bridged, title.id).status_code == 200
    assert len(paid(bridged, title)) == 1
    assert bridged.bling.calls[SETTLE] == 1
    assert not BlingAttempt.objects.filter(outcome__in=BlingAttempt.UNRESOLVED).exists()


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
@pytest.mark.parametrize("name", ["lookup.read", "lookup.done", "settlement.recorded"])
def test_a_death_at_the_look_up_settles_once(bridged: Company, title: Any, world: World, name: str, kind: str) -> None:
    lose(world, title, kind)
    put(title.id)
    with pytest.raises(Killed), at_failpoint(name, 1, die):
        bridged.work()
    let_leases_end()
    assert settled(bridged, title.id).status_code == 200
    assert len(paid(bridged, title)) == 1


@pytest.mark.parametrize("kind", LOST)
def test_a_lost_answer_settles_once(bridged: Company, title: Any, world: World, kind: str) -> None:
    lose(world, title, kind)
    assert error_of(put(title.id))[0] == 903
    assert settled(bridged, title.id).status_code == 200
    assert len(paid(bridged, title)) == 1
    assert bridged.bling.calls[SETTLE] == (1 if kind in HAPPENS else 2)
    assert [fired.kind for fired in world.faults.fired] == [kind]


def test_while_nobody_knows_nothing_is_sent_and_the_program_waits(
    bridged: Company, title: Any, world: World, settings: Any
) -> None:
    settings.UNCERTAIN_WAIT_SECONDS = 3600
    lose(world, title, "cut_before")
    put(title.id)
    for looked in range(2):
        bridged.work()
        assert error_of(put(title.id))[0] == 903
        assert error_of(put(title.id, settlement(yesterday())))[0] == NOT_SETTLED
        assert (unit().state, unit().lookups) == (DeliveryState.UNCERTAIN, looked)
        SettlementWrite.objects.update(ready_at=timezone.now())
    assert bridged.bling.calls[SETTLE] == 1  # the one that was lost
    bridged.work()
    assert put(title.id).status_code == 200
    assert len(paid(bridged, title)) == 1


@pytest.mark.parametrize(
    "pays",
    [
        {"amount": "5.00"}, {"date": yesterday()}, {"account": "other"},
    ],
    ids=["part", "another day", "another account"],
)  # fmt: skip
def test_what_somebody_else_paid_meanwhile_is_a_person_s(
    bridged: Company, title: Any, world: World, settings: Any, pays: dict[str, Any]
) -> None:
    settings.UNCERTAIN_WAIT_SECONDS = 3600
    lose(world, title, "cut_before")
    put(title.id)
    bridged.work()
    account = bridged.bank if "account" in pays else title.account
    bridged.bling.pay(title.id, **{**pays, "account": account})
    SettlementWrite.objects.update(ready_at=timezone.now())
    bridged.work()
    assert (unit().state, unit().reason) == (DeliveryState.NEEDS_HUMAN, Reason.PAID_DIFFERENTLY)
    answer = put(title.id)
    assert (error_of(answer)[0], answer.has_header("Retry-After")) == (903, False)
    bridged.work()
    assert len(paid(bridged, title)) == 1
    assert bridged.bling.calls[SETTLE] == 1  # the one that was lost


def test_what_the_mirror_saw_paid_is_not_proved_absent(
    bridged: Company, title: Any, world: World, settings: Any
) -> None:
    """However often Bling's detail shows it as open."""
    bridged.sync()
    settings.UNCERTAIN_WAIT_SECONDS = 3600
    lose(world, title, "cut_before")
    put(title.id)
    bridged.work()
    Title.objects.filter(bling_id=title.id).update(status="settled")
    for _ in range(2):
        SettlementWrite.objects.update(ready_at=timezone.now())
        bridged.work()
    assert (unit().state, unit().reason) == (DeliveryState.NEEDS_HUMAN, Reason.PAID_DIFFERENTLY)
    assert paid(bridged, title) == []
    assert bridged.bling.calls[SETTLE] == 1  # the one that was lost


def test_a_payment_that_shows_late_is_a_person_s_and_not_paid_again(bridged: Company, title: Any, world: World) -> None:
    """Two look-ups prove it absent, and before it is sent again it is there: whose it is nobody can tell."""
    lose(world, title, "cut_before")
    put(title.id)
    with at_failpoint("lookup.done", 2, lambda: bridged.bling.pay(title.id)):
        bridged.work()
    assert (unit().state, unit().reason) == (DeliveryState.NEEDS_HUMAN, Reason.NOT_OPEN)
    assert error_of(put(title.id))[0] == 903
    assert error_of(put(title.id, settlement(yesterday())))[0] == NOT_SETTLED
    bridged.work()
    assert len(paid(bridged, title)) == 1


def test_a_deleted_payable_is_a_person_s(bridged: Company, title: Any, world: World, settings: Any) -> None:
    settings.UNCERTAIN_WAIT_SECONDS = 3600
    lose(world, title, "cut_after")
    put(title.id)
    bridged.work()
    bridged.bling.delete(title.id)
    SettlementWrite.objects.update(ready_at=timezone.now())
    bridged.work()
    assert (unit().state, unit().reason) == (DeliveryState.NEEDS_HUMAN, Reason.PAID_DIFFERENTLY)


def test_who_lost_its_claim_settles_nothing(bridged: Company, title: Any) -> None:
    """Another worker took over, or a person decided, between the claim and the call."""

    def lose_it() -> None:
        SettlementWrite.objects.update(fence=F("fence") + 1, state=DeliveryState.HELD)

    put(title.id)
    with at_failpoint("settlement.claimed", 1, lose_it):
        bridged.work()
    assert bridged.bling.calls[SETTLE] == 0


def test_what_is_paid_between_the_look_and_the_call_is_refused_by_bling(bridged: Company, title: Any) -> None:
    put(title.id)
    with at_failpoint("settlement.before_write", 1, lambda: bridged.bling.pay(title.id)):
        bridged.work()
    assert error_of(put(title.id))[0] == 86
    assert len(paid(bridged, title)) == 1


def test_an_old_token_is_renewed_and_it_is_settled_once(bridged: Company, title: Any, world: World) -> None:
    put(title.id)
    with at_failpoint("settlement.before_write", 1, lambda: world.grants.expire_access(bridged.bling)):
        bridged.work()
    assert put(title.id).status_code == 200
    assert len(paid(bridged, title)) == 1


def test_a_missing_permission_leaves_it_waiting(bridged: Company, title: Any) -> None:
    bridged.bling.missing_scopes = {"contas-pagar:write"}
    put(title.id)
    bridged.work()
    assert (unit().state, unit().reason) == (DeliveryState.READY, Reason.ACCESS_REFUSED)
    assert BlingWriting.objects.get().settlements_wait_until is not None
    bridged.bling.missing_scopes = set()
    BlingWriting.objects.update(settlements_wait_until=timezone.now())
    SettlementWrite.objects.update(ready_at=timezone.now())
    assert settled(bridged, title.id).status_code == 200


def test_the_same_from_two_threads_at_once_is_settled_once(bridged: Company, title: Any, settings: Any) -> None:
    settings.BRIDGE_WAIT_SECONDS = 30
    deadline = timezone.now() + timedelta(seconds=30)
    work = [lambda: [tick.work_once(clock=timezone.now, deadline=deadline) for _ in range(4)]] * 2
    found = at_once(lambda: put(title.id), lambda: put(title.id), *work)
    if any(answer.status_code == 503 for answer in found[:2]):
        found[:2] = [settled(bridged, title.id)] * 2
    assert [answer.status_code for answer in found[:2]] == [200, 200]
    assert SettlementWrite.objects.count() == 1
    assert bridged.bling.calls[SETTLE] == 1


def test_another_day_from_two_threads_at_once_is_settled_once(bridged: Company, title: Any) -> None:
    found = at_once(lambda: put(title.id), lambda: put(title.id, settlement(yesterday())))
    assert sorted(error_of(answer)[0] for answer in found) == [86, 903]
    bridged.work()
    assert len(paid(bridged, title)) == 1


def test_several_workers_settle_each_once(bridged: Company) -> None:
    numbers = range(3)
    for number in numbers:
        assert booked(bridged, ONCE.replace("0123456<", f"{number}<")).status_code == 201
    for one in ours(bridged):
        put(one.id)
    deadline = timezone.now() + timedelta(seconds=30)
    at_once(*[lambda: tick.work_once(clock=timezone.now, deadline=deadline)] * 3)
    bridged.work()
    assert bridged.bling.calls[SETTLE] == len(numbers)
    assert [len(paid(bridged, one)) for one in ours(bridged)] == [1] * len(numbers)


def test_the_database_keeps_a_second_settlement_out(bridged: Company, title: Any) -> None:
    settled(bridged, title.id)
    [attempt] = BlingAttempt.objects.filter(settles=True)
    assert (attempt.outcome, attempt.bling_id) == (Outcome.DELIVERED, unit().bling_id)
    attempt.pk = None
    with pytest.raises(IntegrityError, match="one_settlement_per"), transaction.atomic():
        attempt.save(force_insert=True)
    row = unit()
    row.pk, row.bling_id = None, None
    with pytest.raises(IntegrityError, match="one_settlement_write_per_payable"), transaction.atomic():
        row.save(force_insert=True)


def test_two_borderos_are_a_person_s(bridged: Company, title: Any) -> None:
    """Another number than is known already: what was settled twice is shown, and nothing more is sent."""
    put(title.id)

    def answered_by_another() -> None:
        SettlementWrite.objects.update(bling_id=4711)

    with at_failpoint("settlement.after_write", 1, answered_by_another):
        bridged.work()
    [attempt] = BlingAttempt.objects.filter(settlement__isnull=False)
    assert attempt.surplus_id in bridged.bling.borderos
    assert (unit().state, unit().reason) == (DeliveryState.NEEDS_HUMAN, Reason.ANOTHER_ID)
    bridged.work()
    assert bridged.bling.calls[SETTLE] == 1


@pytest.mark.parametrize(
    ("answer", "is_read"),
    [
        ('{"data": {"bordero": {"id": 77}}}', True), ('{"bordero": {"id": "77"}}', True), ('{"id": 77}', False),
        ('{"bordero": {}}', False), ('{"bordero": {"id": 0}}', False), ('{"bordero": 77}', False), ("[]", False),
        ('{"bordero": {"id": 77}, "error": {"type": "X"}}', False),
    ],
)  # fmt: skip
def test_only_an_answer_that_names_a_bordero_is_believed(
    bridged: Company, title: Any, world: World, answer: str, is_read: bool
) -> None:
    """After every other one the payable is looked at: nothing is settled again."""
    lose(world, title, "odd_after", answer=answer)
    assert settled(bridged, title.id).status_code == 200
    [bordero] = bridged.bling.borderos
    assert unit().bling_id == (77 if is_read else bordero)
    assert bridged.bling.calls[SETTLE] == 1


def test_a_refusal_after_a_lost_answer_is_a_person_s(bridged: Company, title: Any, world: World) -> None:
    """Bling refuses it because the lost one happened after all: its program must not be told that nothing did."""
    lose(world, title, "cut_before")
    put(title.id)
    with at_failpoint("settlement.before_write", 2, lambda: bridged.bling.pay(title.id)):
        bridged.work()
    assert (unit().state, unit().reason) == (DeliveryState.NEEDS_HUMAN, Reason.REFUSED)
    for _ in range(2):
        assert error_of(put(title.id))[0] == 903
    assert len(paid(bridged, title)) == 1


def test_an_answer_that_comes_after_the_next_claim_is_told_no_program_as_a_refusal(
    bridged: Company, title: Any, world: World
) -> None:
    """It was given up for lost, looked up twice, and is to be sent again: then its answer names the borderô."""

    def give_up() -> None:
        gone = {"outcome": Outcome.TRANSIENT, "failure": {"code": "not_there_twice", "service": "Bling"}}
        BlingAttempt.objects.filter(settlement__isnull=False).update(**gone)
        SettlementWrite.objects.update(fence=F("fence") + 1, state=DeliveryState.READY, lease_until=None)

    put(title.id)
    with at_failpoint("settlement.after_write", 1, give_up):
        bridged.work()
    bridged.work()
    assert (unit().state, unit().reason) == (DeliveryState.NEEDS_HUMAN, Reason.NOT_OPEN)
    for _ in range(2):
        assert error_of(put(title.id))[0] == 903
    assert error_of(put(title.id, settlement(yesterday())))[0] == NOT_SETTLED
    assert unit().state == DeliveryState.NEEDS_HUMAN
    assert len(paid(bridged, title)) == 1


def test_an_answer_that_names_a_bordero_while_something_stays_open_is_no_settlement(
    bridged: Company, title: Any, world: World
) -> None:
    lose(world, title, "answer", status=200, answer='{"data": {"bordero": {"id": 4711}}}')
    put(title.id)
    with at_failpoint("settlement.before_write", 1, lambda: bridged.bling.pay(title.id, amount="5.00")):
        bridged.work()
    assert (unit().state, unit().reason) == (DeliveryState.NEEDS_HUMAN, Reason.PAID_DIFFERENTLY)
    assert error_of(put(title.id))[0] == 903


def test_an_answer_that_names_a_bordero_of_nothing_is_looked_up(bridged: Company, title: Any, world: World) -> None:
    lose(world, title, "answer", status=200, answer='{"data": {"bordero": {"id": 4711}}}')
    assert settled(bridged, title.id).status_code == 200
    assert len(paid(bridged, title)) == 1


def test_a_settlement_that_cannot_be_read_back_is_what_its_answer_says(
    bridged: Company, title: Any, world: World
) -> None:
    unreadable = Fault("bling", "500", "GET", f"/contas/pagar/{title.id}", times=9)
    put(title.id)
    with at_failpoint("settlement.before_write", 1, lambda: world.faults.add(unreadable)):
        bridged.work()
    assert put(title.id).status_code == 200
    assert len(paid(bridged, title)) == 1


def test_an_answer_that_comes_after_it_was_asked_for_anew_is_a_person_s(bridged: Company, title: Any) -> None:
    def ask_anew() -> None:
        gone = {"outcome": Outcome.TRANSIENT, "failure": {"code": "not_there_twice", "service": "Bling"}}
        BlingAttempt.objects.filter(settlement__isnull=False).update(**gone)
        old = timezone.now() - timedelta(hours=3)
        SettlementWrite.objects.update(state=DeliveryState.READY, lease_until=None, accepted_at=old)
        put(title.id, settlement(yesterday()))

    put(title.id)
    with at_failpoint("settlement.after_write", 1, ask_anew):
        bridged.work()
    bridged.work()
    assert unit().state == DeliveryState.NEEDS_HUMAN
    assert len(paid(bridged, title)) == 1
