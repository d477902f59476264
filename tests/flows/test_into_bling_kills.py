"""Workers that die between any two steps of a payable on its way to Bling, and several that are at it at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.db.models import F
from django.utils import timezone

from integrations.domain.delivery import DeliveryState
from integrations.domain.occurrences import Recurrence
from integrations.models import WRITE_UNITS, BlingAttempt, BlingWriting, PayableWrite
from integrations.pipeline.access.failpoints import WRITE_FAILPOINTS
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.run import tick
from tests.flows.helpers import Company
from tests.flows.mortal import Killed, at_failpoint, die
from tests.flows.payables import DOCUMENT, enter, entry, ours, states


def let_leases_end() -> None:
    """Let the leases of a dead worker be over."""
    past = timezone.now() - timedelta(seconds=1)
    BlingWriting.objects.update(lease_until=None)
    for model in WRITE_UNITS:
        model.objects.filter(state=DeliveryState.SENDING).update(lease_until=past)


@pytest.mark.parametrize("passing", [1, 2])
@pytest.mark.parametrize("name", WRITE_FAILPOINTS)
def test_a_death_anywhere_leaves_neither_two_nor_none(writing: Company, ana: User, name: str, passing: int) -> None:
    enter(writing, ana, entry(writing, recurrence=Recurrence.INSTALLMENTS, installments=2))
    with at_failpoint(name, passing, die) as passed:
        try:
            writing.work()
        except Killed:
            assert passed[-1] == name
        else:
            assert passed.count(name) < passing
    let_leases_end()
    for _ in range(3):
        writing.work()
    assert states() == [DeliveryState.DELIVERED] * 2
    assert len(ours(writing)) == 2
    assert [contact.document for contact in writing.bling.contacts.values()].count(DOCUMENT) == 1
    assert not BlingAttempt.objects.filter(outcome__in=BlingAttempt.UNRESOLVED).exists()


def test_every_boundary_is_passed(writing: Company, ana: User) -> None:
    enter(writing, ana)
    with at_failpoint("", 1, die) as passed:
        writing.work()
    assert set(WRITE_FAILPOINTS) <= set(passed)


@pytest.mark.parametrize("word", ["contact", "payable"])
def test_who_lost_its_claim_writes_nothing(writing: Company, ana: User, word: str) -> None:
    """Another worker took over, or a person decided, between the claim and the call."""

    def lose() -> None:
        for model in WRITE_UNITS:
            model.objects.filter(state=DeliveryState.SENDING).update(fence=F("fence") + 1, state=DeliveryState.HELD)

    enter(writing, ana)
    with at_failpoint(f"{word}.claimed", 1, lose):
        writing.work()
    assert ours(writing) == []
    assert writing.bling.calls["POST /contas/pagar"] == 0
    assert writing.bling.calls["POST /contatos"] == (0 if word == "contact" else 1)


def at_once(*calls: Any) -> list[Any]:
    """Make calls in threads of their own, all beginning at the same moment; an exception is a result."""
    barrier = Barrier(len(calls))

    def run(call: Any) -> Any:
        barrier.wait()
        try:
            return call()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def test_the_same_entered_twice_at_once_is_accepted_once(writing: Company, ana: User) -> None:
    one = entry(writing)
    found = at_once(*[lambda: enter(writing, ana, one)] * 2)
    assert sorted(type(result).__name__ for result in found) == ["Refused", "WriteBatch"]
    assert any(isinstance(result, Refused) for result in found)
    assert PayableWrite.objects.count() == 1


def test_several_workers_send_each_payable_once(writing: Company, ana: User) -> None:
    bills = [entry(writing, document_number=f"NF {number}") for number in range(6)]
    enter(writing, ana, *bills)
    deadline = timezone.now() + timedelta(seconds=30)
    at_once(*[lambda: tick.work_once(clock=timezone.now, deadline=deadline)] * 3)
    writing.work()
    assert len(ours(writing)) == 6
    assert writing.bling.calls["POST /contas/pagar"] == 6
    assert writing.bling.calls["POST /contatos"] == 1
