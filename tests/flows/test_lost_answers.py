"""Lost answers, every operation in every way: adopted or shown to a person, never repeated."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.utils import timezone

from integrations.domain.delivery import DeliveryState
from integrations.domain.reasons import LOST_ANSWERS, Reason
from integrations.models import Attempt, Posting
from integrations.pipeline.desk import commands
from sandbox.faults import Fault
from sandbox.kamino.fields import FIELDS, PAID, PENDING
from sandbox.world import World
from tests.flows.checks import check
from tests.flows.helpers import Company

SAVE = {"payable": "/financeiro/pagamento", "receivable": "/financeiro/recebimento"}
HAPPENED = {"cut_before": False, "cut_after": True, "truncated": True, "500": False}


@dataclass(frozen=True)
class Write:
    """One operation: how Bling asks for it, by which method it is sent, and what Kamino shows without and with it."""

    ask: Callable[[Company, int], object]
    method: str
    without: tuple[object, ...] | None
    done: tuple[object, ...] | None


def _nothing(_company: Company, _title: int) -> None:
    pass


def _pay(company: Company, title: int) -> None:
    company.bling.pay(title, account=company.bank)


def _raise_value(company: Company, title: int) -> None:
    company.bling.edit_title(title, value=250)


def _cancel(company: Company, title: int) -> None:
    company.bling.cancel(title)


WRITES = {
    "create": Write(_nothing, "POST", None, (100, PENDING)),
    "create_paid": Write(_pay, "POST", None, (100, PAID)),
    "update": Write(_raise_value, "POST", (100, PENDING), (250, PENDING)),
    "settle": Write(_pay, "POST", (100, PENDING), (100, PAID)),
    "cancel": Write(_cancel, "DELETE", (100, PENDING), None),
}


def shown(company: Company, direction: str, title: int) -> tuple[object, ...] | None:
    """Return value and status of the one row of a title in Kamino."""
    row, fields = company.in_kamino(direction, title), FIELDS[direction]
    return (row[fields.value], row[fields.status]) if row else None


@pytest.fixture
def patient(settings: Any) -> Any:
    """Let look-ups wait until a test says so, and breakers stay closed: here every write of a round is struck."""
    settings.LIMITS = replace(settings.LIMITS, kamino_breaker_errors=1000)
    settings.UNCERTAIN_WAIT_SECONDS = 3600
    return settings


CASES = {
    f"{kind}-{('strict', 'generous')[generous]}-{('lists_may_hide', 'lists_are_complete')[complete]}":
        (kind, generous, complete)
    for kind in HAPPENED for generous in (False, True) for complete in (False, True)
}  # fmt: skip
"""Every kind of failure with every kind of list."""


@pytest.mark.parametrize(("kind", "generous", "complete"), CASES.values(), ids=CASES)
@pytest.mark.some(12, drawn=2)
def test_a_lost_answer_is_adopted_or_shown_and_never_repeated(
    company: Company, world: World, patient: Any, kind: Any, generous: bool, complete: bool
) -> None:
    world.generous = generous
    type(company.tenant.kamino_connection).objects.update(lists_are_complete=complete)
    titles = {(name, direction): 0 for name in WRITES for direction in SAVE}
    for name, direction in titles:
        if WRITES[name].without is not None:
            titles[name, direction] = company.add_title(direction)
    company.sync()
    for (name, direction), title in titles.items():
        titles[name, direction] = title or company.add_title(direction)
        WRITES[name].ask(company, titles[name, direction])
        path = SAVE[direction]
        world.faults.add(Fault(side="kamino", kind=kind, method=WRITES[name].method, path=path))
    company.sync()
    assert world.faults.armed == [], "a fault never struck"
    assert not Posting.objects.filter(title__bling_id__in=titles.values()).exclude(state="uncertain").exists()
    patient.UNCERTAIN_WAIT_SECONDS = 0
    company.forget_waits()
    company.work()
    check(company)
    for (name, direction), title in titles.items():
        write, can_look = WRITES[name], direction == "payable" or generous
        # A title that stood in Kamino before is seen there; one that is missing may only be hidden.
        sent_again = can_look and not HAPPENED[kind] and (complete or write.without is not None)
        is_done = HAPPENED[kind] or sent_again
        assert shown(company, direction, title) == (write.done if is_done else write.without), (name, direction)
        posting = company.posting(title)
        is_hidden = HAPPENED[kind] and write.done is None and not complete
        is_clear = can_look and is_done and not is_hidden
        assert posting.state == ("delivered" if is_clear else "needs_human"), (name, direction)
        writes = (write.without is not None) + 1 + sent_again
        assert Attempt.objects.filter(posting=posting).count() == writes, (name, direction)


def test_a_look_up_that_a_limit_refuses_waits_for_the_limit(company: Company, world: World) -> None:
    """It was tried again at once, and again, until the limit was over."""
    title = company.add_title("payable")
    world.faults.add(Fault(side="kamino", kind="cut_after", method="POST", path="/financeiro/pagamento"))
    world.faults.add(Fault(side="kamino", kind="429", method="GET", path="/financeiro/pagamento", after=1, seconds=600))
    company.sync()
    posting = company.posting(title)
    assert posting.state == DeliveryState.UNCERTAIN
    assert (posting.ready_at - timezone.now()).total_seconds() > 300
    world.faults.clear()
    company.forget_waits()
    company.work()
    assert company.posting(title).state == DeliveryState.DELIVERED


def test_a_title_that_shows_only_at_the_second_look_is_not_sent_again(
    company: Company, world: World, patient: Any
) -> None:
    """Kamino may still be at work when the first look-up asks."""
    type(company.tenant.kamino_connection).objects.update(lists_are_complete=True)
    title = company.add_title("payable")
    world.faults.add(Fault(side="kamino", kind="cut_after", method="POST", path="/financeiro/pagamento"))
    company.sync()
    row = ("payable", company.in_kamino("payable", title)["ID"])
    company.kamino.deleted.add(row)
    company.kamino.touch()
    company.forget_waits()
    company.work()
    assert company.posting(title).state == DeliveryState.UNCERTAIN
    company.kamino.deleted.remove(row)
    company.kamino.touch()
    company.forget_waits()
    company.work()
    assert company.posting(title).kamino_id == row[1]
    assert Attempt.objects.get(posting=company.posting(title)).outcome == "adopted"


def test_two_rows_with_the_code_of_a_lost_creation_are_asked_about(
    company: Company, world: World, patient: Any
) -> None:
    title = company.add_title("payable", value="100.00")
    world.faults.add(Fault(side="kamino", kind="cut_after", method="POST", path="/financeiro/pagamento"))
    company.sync()
    row = company.in_kamino("payable", title)
    due = company.title(title).due_date
    company.kamino.add_title("payable", row["IDPessoa"], "100.00", due, row["Descricao"])
    company.forget_waits()
    company.work()
    posting = company.posting(title)
    assert (posting.state, posting.reason, posting.kamino_id) == (DeliveryState.NEEDS_HUMAN, "found_twice", None)


@pytest.mark.parametrize("status", [PAID, PENDING])
def test_a_cancellation_is_not_believed_of_a_list_that_may_hide_titles(
    company: Company, world: World, patient: Any, status: int
) -> None:
    """Kamino paid the title, refused to cancel it, and shows it no more among those that are open."""
    title = company.add_title("payable")
    company.sync()
    company.bling.cancel(title)
    world.faults.add(Fault(side="kamino", kind="cut_before", method="DELETE", path="/financeiro/pagamento"))
    company.sync()
    kamino_id = company.in_kamino("payable", title)["ID"]
    if status == PAID:
        company.kamino.pay_title("payable", kamino_id)
    company.kamino.deleted.add(("payable", kamino_id))  # from its list
    company.kamino.touch()
    for _ in range(2):
        company.forget_waits()
        company.work()
    posting = company.posting(title)
    assert (posting.state, posting.reason) == (DeliveryState.NEEDS_HUMAN, Reason.NOT_PROVED_ABSENT)
    assert posting.get_delivered().status == "pending"


@pytest.mark.parametrize("then", ["cancel", "filter"])
def test_an_unresolved_write_stays_a_question_whatever_bling_says(company: Company, world: World, then: str) -> None:
    title = company.add_title("receivable")
    world.faults.add(Fault(side="kamino", method="POST", path="/financeiro/recebimento", kind="cut_after"))
    company.sync()
    company.work()
    if then == "cancel":
        company.bling.cancel(title)
    else:
        type(company.tenant).objects.update(sync_receivables=False)
        commands.tenant_changed(tenant_id=company.tenant.pk, now=timezone.now())
    report = company.sync_and_report()
    posting = company.posting(title)
    assert posting.state == DeliveryState.NEEDS_HUMAN
    assert posting.reason in LOST_ANSWERS
    assert report.exit_code == 1


def test_a_lost_update_of_a_title_that_is_no_longer_wanted_stops_nobody(company: Company, world: World) -> None:
    title = company.add_title("payable", value="100.00")
    company.sync()
    company.bling.edit_title(title, value="110.00")
    world.faults.add(Fault(side="kamino", method="POST", path="/financeiro/pagamento", kind="cut_before"))
    type(company.tenant.kamino_connection).objects.update(lists_are_complete=True)
    company.sync_once_without_lookup()
    type(company.tenant).objects.update(sync_payables=False)
    commands.tenant_changed(tenant_id=company.tenant.pk, now=timezone.now())
    other = company.add_title("receivable")
    company.forget_waits()
    company.sync()
    assert company.in_kamino("receivable", other) is not None
    assert not Posting.objects.filter(state=DeliveryState.READY, desired_fingerprint="").exists()
