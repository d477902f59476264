"""What people change in Kamino, and what stands where after the next thing that happens."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.kamino import client as kamino_client
from integrations.models import Attempt, Discrepancy, KaminoConnection, Tenant
from integrations.pipeline.desk import commands, decisions
from sandbox.faults import Fault
from tests.flows.helpers import Company

DUE = 10
"""Days from today to the due date in Bling."""
TABLE = """
  edit        event      value  due  status   state        reason
  value       nothing    110    10   open     delivered    -
  value       resync     100    10   open     delivered    -
  value       pay        100    10   paid     delivered    -
  value       change     120    10   open     delivered    -
  value       cancel     -      -    gone     delivered    -
  value       reconcile  110    10   open     delivered    -
  due+2       nothing    100    12   open     delivered    -
  due+2       resync     100    10   open     delivered    -
  due+2       pay        100    10   paid     delivered    -
  due+2       change     120    10   open     delivered    -
  due+2       cancel     -      -    gone     delivered    -
  due+2       reconcile  100    12   open     delivered    -
  due+53      nothing    100    63   open     delivered    -
  due+53      resync     100    10   open     delivered    -
  due+53      pay        100    10   paid     delivered    -
  due+53      change     120    10   open     delivered    -
  due+53      cancel     -      -    gone     delivered    -
  due+53      reconcile  100    63   open     delivered    -
  text        nothing    100    10   open     delivered    -
  text        resync     100    10   open     delivered    -
  text        pay        100    10   paid     delivered    -
  text        change     120    10   open     delivered    -
  text        cancel     -      -    gone     delivered    -
  chart       resync     100    10   open     delivered    -
  chart       pay        100    10   paid     delivered    -
  chart       change     120    10   open     delivered    -
  chart       cancel     -      -    gone     delivered    -
  paid        nothing    100    10   paid     delivered    -
  paid        resync     100    10   paid     delivered    -
  paid        pay        100    10   paid     delivered    -
  paid        change     100    10   paid     needs_human  paid_in_kamino
  paid        cancel     100    10   paid     needs_human  paid_in_kamino
  paid        reconcile  100    10   paid     delivered    -
  earlier     resync     100    10   paid     delivered    -
  earlier     pay        100    10   paid     needs_human  paid_differently
  earlier     change     100    10   paid     needs_human  paid_in_kamino
  deleted     nothing    -      -    gone     delivered    -
  deleted     resync     -      -    gone     needs_human  gone_from_kamino
  deleted     pay        -      -    gone     needs_human  gone_from_kamino
  deleted     change     -      -    gone     needs_human  gone_from_kamino
  deleted     cancel     -      -    gone     needs_human  gone_from_kamino
  deleted     reconcile  -      -    gone     delivered    -
  scheduled   nothing    100    10   open     delivered    -
  scheduled   resync     100    10   open     delivered    -
  scheduled   pay        100    10   open     needs_human  scheduled
  scheduled   change     100    10   open     needs_human  scheduled_as_it_was
  scheduled   cancel     100    10   open     needs_human  scheduled_as_it_was
  reconciled  resync     100    10   open     delivered    -
  reconciled  pay        100    10   open     needs_human  reconciled
  reconciled  change     100    10   open     needs_human  reconciled
  reconciled  cancel     100    10   open     needs_human  reconciled
  approval    resync     100    10   waits    delivered    -
  approval    pay        100    10   waits    needs_human  awaiting_approval
  approval    change     100    10   waits    needs_human  awaiting_approval
  approval    cancel     100    10   waits    needs_human  awaiting_approval
  locked      pay        100    10   open     needs_human  locked_period
"""
CASES = [line.split() for line in TABLE.strip().splitlines()[1:]]

Change = Callable[[Company, int], Any]


def _edit(**wire: Any) -> Change:
    return lambda company, there: company.kamino.edit_title("payable", there, **wire)


def _move(days: int) -> Change:
    return lambda company, there: company.kamino.edit_title("payable", there, DataVencimento=_day(company, DUE + days))


def _day(company: Company, days: int) -> date:
    today: date = company.bling.world.today
    return today + timedelta(days=days)


def _reclassify(company: Company, there: int) -> None:
    other = company.kamino.add_chart_account("Outra")
    company.kamino.edit_title("payable", there, IDPlanoContaClassificacao=other)


def _schedule(company: Company, there: int) -> None:
    company.kamino.edit_title("payable", there, DataAgendaPagamento=_day(company, 5))


def _lock(company: Company, _there: int) -> None:
    company.kamino.locked_until = _day(company, 0)


EDITS: dict[str, Change] = {
    "value": _edit(ValorVencimento="110.00"),
    "due+2": _move(2),
    "due+53": _move(53),
    "text": _edit(Descricao="Outro texto"),
    "chart": _reclassify,
    "paid": lambda company, there: company.kamino.pay_title("payable", there, date=_day(company, 0)),
    "earlier": lambda company, there: company.kamino.pay_title("payable", there, date=_day(company, -3)),
    "deleted": lambda company, there: company.kamino.delete_title("payable", there),
    "scheduled": _schedule,
    "reconciled": lambda company, there: company.kamino.reconcile_title("payable", there),
    "approval": _edit(Situacao=3),
    "locked": _lock,
}
UNDONE: dict[str, Change] = {
    "paid": lambda company, there: company.kamino.reopen_title("payable", there),
    "earlier": lambda company, there: company.kamino.reopen_title("payable", there),
    "scheduled": _edit(DataAgendaPagamento=None),
    "reconciled": _edit(IDConciliacaoBancaria=None, IDExtratoBanco=None),
    "approval": _edit(Situacao=1),
    "locked": lambda company, _there: setattr(company.kamino, "locked_until", None),
}
"""What ends a conflict in Kamino."""


def _reconcile(company: Company, user: User) -> None:
    commands.request_reconciliation(tenants=Tenant.objects.all(), user=user, now=timezone.now())
    company.work()


def _in_bling(change: Callable[[Company, int], Any]) -> Callable[[Company, int, User], Any]:
    def happen(company: Company, title: int, _user: User) -> None:
        change(company, title)
        company.sync()

    return happen


EVENTS: dict[str, Callable[[Company, int, User], Any]] = {
    "nothing": lambda company, _title, _user: company.work(),
    "resync": lambda company, title, user: company.resync(title, user),
    "pay": _in_bling(lambda company, title: company.bling.pay(title, date=_day(company, 0), account=company.bank)),
    "change": _in_bling(lambda company, title: company.bling.edit_title(title, value=120)),
    "cancel": _in_bling(lambda company, title: company.bling.cancel(title)),
    "reconcile": lambda company, _title, user: _reconcile(company, user),
}
STATUSES = {1: "open", 2: "paid", 3: "waits"}


def stands(company: Company, there: int) -> list[str]:
    """Return value, due date and status in Kamino, as the table writes them."""
    row = next((row for row in company.kamino.titles("payable") if row["ID"] == there), None)
    if row is None:
        return ["-", "-", "gone"]
    due = date.fromisoformat(row["DataVencimento"][:10]) - _day(company, 0)
    return [f"{row['ValorVencimento']:.0f}", str(due.days), STATUSES[row["Situacao"]]]


def open_kinds(company: Company) -> list[str]:
    rows = Discrepancy.objects.filter(posting__kamino_connection__tenant=company.tenant, closed_at=None)
    return sorted(rows.values_list("kind", flat=True))


@pytest.fixture
def user(transactional_db: None) -> User:
    return User.objects.create_user("maria")


def _edited(company: Company, edit: str) -> tuple[int, int]:
    """Return a title that was edited in Kamino, and its number there."""
    title = company.add_title("payable", value="100.00", due=_day(company, DUE))
    company.sync()
    there = company.in_kamino("payable", title)["ID"]
    company.forget_snapshots()
    EDITS[edit](company, there)
    return title, there


@pytest.mark.parametrize(("edit", "event", *"vdsgr"), CASES, ids=[f"{case[0]}-{case[1]}" for case in CASES])
@pytest.mark.some(36, drawn=3)
def test_what_stands_where(
    company: Company, user: User, edit: str, event: str, v: str, d: str, s: str, g: str, r: str
) -> None:
    title, there = _edited(company, edit)
    EVENTS[event](company, title, user)
    posting = company.posting(title)
    assert [*stands(company, there), posting.state, posting.reason or "-"] == [v, d, s, g, r]


@pytest.mark.parametrize("edit", ["value", "due+53", "text", "chart", "paid"])
@pytest.mark.some(3)
def test_a_difference_is_said_when_it_is_seen_and_ends_when_it_is_over(company: Company, user: User, edit: str) -> None:
    kinds = {
        "value": ["value"], "due+53": ["due_date"], "text": ["edited_in_kamino"], "chart": ["classification"],
        "paid": ["settled_only_in_kamino"],
    }[edit]  # fmt: skip
    title, _there = _edited(company, edit)
    EVENTS["reconcile"](company, title, user)
    assert open_kinds(company) == kinds
    company.resync(title, user)
    assert open_kinds(company) == ([] if kinds[0] in ("value", "due_date") else kinds)
    if edit in ("text", "chart"):
        order = {"posting": company.posting(title), "reason": "Voltar", "user": user}
        commands.use_bling(**order, now=timezone.now())
        company.work()
        _reconcile(company, user)
        assert open_kinds(company) == []


def test_a_resync_says_at_once_what_it_saw(company: Company, user: User) -> None:
    title, _there = _edited(company, "paid")
    company.resync(title, user)
    assert open_kinds(company) == ["settled_only_in_kamino"]


STUCK = [case[:2] for case in CASES if case[5] == "needs_human" and case[0] in UNDONE]


@pytest.mark.parametrize(("edit", "event"), STUCK, ids=["-".join(case) for case in STUCK])
@pytest.mark.some(8)
def test_it_goes_on_by_itself_once_its_cause_is_gone(company: Company, user: User, edit: str, event: str) -> None:
    title, there = _edited(company, edit)
    EVENTS[event](company, title, user)
    UNDONE[edit](company, there)
    company.an_hour_later()
    assert company.posting(title).state == "delivered"
    ended = {"pay": ["100", str(DUE), "paid"], "change": ["120", str(DUE), "open"], "cancel": ["-", "-", "gone"]}
    assert stands(company, there) == ended[event]
    assert Attempt.objects.filter(settles=True, outcome__in=["delivered", "adopted"]).count() == (event == "pay")


def test_it_stays_while_its_cause_does(company: Company, user: User) -> None:
    title, _there = _edited(company, "approval")
    EVENTS["pay"](company, title, user)
    writes = company.kamino.write_count
    company.an_hour_later()
    posting = company.posting(title)
    assert (posting.state, posting.reason, company.kamino.write_count) == ("needs_human", "awaiting_approval", writes)
    assert posting.ready_at > timezone.now() + timedelta(minutes=50)


def test_what_is_in_its_way_by_now_is_said(company: Company, user: User) -> None:
    title, there = _edited(company, "approval")
    EVENTS["pay"](company, title, user)
    company.kamino.edit_title("payable", there, Situacao=1, DataAgendaPagamento=_day(company, 5))
    company.an_hour_later()
    assert company.posting(title).reason == "scheduled"


def test_what_was_paid_as_scheduled_is_never_taken_for_the_payment_of_bling(company: Company, user: User) -> None:
    """The bank may have paid it a second time, even where day and amount are the same."""
    title, there = _edited(company, "scheduled")
    EVENTS["pay"](company, title, user)
    company.kamino.pay_title("payable", there, date=_day(company, 0))
    company.an_hour_later()
    posting = company.posting(title)
    assert (posting.state, posting.reason) == ("needs_human", "paid_as_scheduled")
    commands.retry_delivery(postings=type(posting).objects.all(), user=user, now=timezone.now())
    company.work()
    assert company.posting(title).state == "delivered"


def test_what_people_deleted_in_kamino_needs_no_cancelling(company: Company, user: User) -> None:
    """Where the list shows every status, its absence is a proof."""
    KaminoConnection.objects.update(lists_are_complete=True)
    title, there = _edited(company, "deleted")
    EVENTS["cancel"](company, title, user)
    posting = company.posting(title)
    assert (posting.state, stands(company, there)[2]) == ("delivered", "gone")


def test_what_several_pages_do_not_show_is_cancelled_by_a_person_only(
    company: Company, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages are numbered: a title may have moved past their reader."""
    monkeypatch.setattr(kamino_client, "PAGE_SIZE", 2)
    KaminoConnection.objects.update(lists_are_complete=True)
    others = [company.add_title("payable", value="70.00", due=_day(company, 90)) for _ in range(3)]
    title, _there = _edited(company, "deleted")
    EVENTS["cancel"](company, title, user)
    assert (company.posting(title).state, company.posting(title).reason) == ("needs_human", "gone_from_kamino")
    order = {"posting": company.posting(title), "reason": "Apagado lá", "user": user}
    decisions.decide(code="done_by_hand", number=0, **order, now=timezone.now())
    company.work()
    assert company.posting(title).state == "delivered"
    assert all(company.in_kamino("payable", other) for other in others)


def test_what_people_edit_after_bling_s_text_was_written_is_kept_though_the_answer_was_lost(
    company: Company, user: User
) -> None:
    """Their word was about the text of then."""
    title, there = _edited(company, "text")
    company.resync(title, user)
    company.bling.world.faults.add(Fault(side="kamino", kind="cut_after", method="POST", path="/financeiro/pagamento"))
    commands.use_bling(posting=company.posting(title), reason="Voltar", user=user, now=timezone.now())
    company.work()
    company.forget_waits()
    company.work()
    assert Attempt.objects.latest("pk").outcome == "adopted"
    company.kamino.edit_title("payable", there, Descricao="De novo outro texto")
    company.forget_snapshots()
    EVENTS["change"](company, title, user)
    assert stands(company, there)[0] == "120"
    assert company.kamino.rows("payable")[there]["Descricao"] == "De novo outro texto"


@pytest.mark.some(3)
@pytest.mark.parametrize("left_out", ["DataPagamento", "IDPlanoContaPagamento", "ValorPagamento"])
def test_what_a_row_does_not_say_of_a_payment_changes_nothing(company: Company, left_out: str) -> None:
    """The settlement is still the one that was sent, and not one that Kamino made first."""
    title = company.add_title("payable", value="100.00")
    company.sync()
    company.bling.pay(title, date=company.bling.world.today, account=company.bank)
    company.sync()
    sent = company.posting(title).delivered
    company.kamino.rows("payable")[company.in_kamino("payable", title)["ID"]][left_out] = None
    company.kamino.touch()
    company.bling.reverse_payment(title, company.bling.titles[title].borderos[0])
    company.sync()
    company.an_hour_later()
    posting = company.posting(title)
    assert (posting.state, posting.reason) == ("needs_human", "reversed_after_settlement")
    assert posting.delivered == sent
    assert posting.attempts.filter(settles=True).exists()
