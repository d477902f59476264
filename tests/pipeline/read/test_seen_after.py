"""What is seen after how long: the table of docs/operations.md, as a list of changes in Bling and the run that shows
each. All of them happen to one company at one moment, among a hundred titles that stay as they are."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from integrations.models import Bordero, Payment, Tenant, Title
from integrations.pipeline.desk.commands import request_sync
from integrations.pipeline.run import tick
from sandbox.world import World
from tests.flows.clock import Clock
from tests.flows.helpers import Company

RUN, SECOND_RUN, SWEEP, AFTER_SWEEP, MONTH, QUARTER, NEVER = range(7)
"""The next run; the one after it; the weekly sweep; the run after that; 50 runs; twelve more sweeps; not at all."""
HALF_A_DAY, WEEK = timedelta(hours=12), timedelta(days=7, hours=1)
OTHERS = 100
OPEN_MANY = 50

Change = Callable[[Company, int], Any]


@dataclass(frozen=True)
class Case:
    """A change of one title. `paid_ago`: it was paid so many days ago; `status`: what it was in; `is_new`: it is made
    by the change."""

    change: Change
    seen: int
    direction: str = "payable"
    paid_ago: int | None = None
    status: int | None = None
    part: str = ""
    is_new: bool = False


def edit(**changes: Any) -> Change:
    return lambda company, title: company.bling.edit_title(title, **changes)


def due(days: int) -> Change:
    return lambda company, title: company.bling.edit_title(title, due=company.bling.world.today + timedelta(days=days))


def day(name: str) -> Change:
    def change(company: Company, title: int) -> None:
        company.bling.edit_title(title, **{name: company.bling.world.today - timedelta(days=20)})

    return change


def to_new(name: str, make: Callable[[Any], int]) -> Change:
    return lambda company, title: company.bling.edit_title(title, **{name: make(company.bling)})


def pay(ago: int = 0, **more: Any) -> Change:
    def change(company: Company, title: int) -> None:
        on = company.bling.world.today - timedelta(days=ago)
        company.bling.pay(title, **{"account": company.bank, "date": on, **more})

    return change


def reverse(company: Company, title: int) -> None:
    company.bling.reverse_payment(title, company.bling.titles[title].borderos[-1])


def pay_again(company: Company, title: int) -> None:
    reverse(company, title)
    pay(3, account=company.bling.add_account("Outro banco"))(company, title)


def bordero(**changes: Any) -> Change:
    def change(company: Company, title: int) -> None:
        row = company.bling.borderos[company.bling.titles[title].borderos[-1]]
        if "days" in changes:
            row.day = company.bling.world.today - timedelta(days=changes["days"])
        if "account" in changes:
            row.account = company.bling.add_account("Banco corrigido")
        if "interest" in changes:
            row.lines[0].interest = changes["interest"]
        company.bling.touch()

    return change


def cancel(company: Company, title: int) -> None:
    company.bling.cancel(title)


def delete(company: Company, title: int) -> None:
    company.bling.delete(title)


def remove_paid(company: Company, title: int) -> None:
    del company.bling.titles[title]
    company.bling.touch()


def nothing(_company: Company, _title: int) -> None:
    """A new title is change enough."""


CATEGORY = to_new("category", lambda bling: bling.add_category("Outra categoria"))
ACCOUNT = to_new("account", lambda bling: bling.add_account("Outra conta"))
CONTACT = to_new("contact", lambda bling: bling.add_contact(name="Outro", document="", kind="J"))
FORM = to_new("payment_form", lambda bling: bling.add_payment_form("Outra forma"))
HIDDEN: dict[str, Change] = {
    "category": CATEGORY, "account": ACCOUNT, "description": edit(history="Outra"),
    "number": edit(document_number="NF 9"), "issue": day("issue"), "competence": day("competence"),
}  # fmt: skip
"""What no row of a list shows."""

CASES: dict[str, Case] = {
    "new": Case(nothing, RUN, is_new=True),
    "new receivable": Case(nothing, RUN, "receivable", is_new=True),
    "new, paid today": Case(pay(), RUN, is_new=True),
    "new, paid 100 days ago": Case(pay(100), SWEEP, is_new=True),
    "new receivable, due in three years": Case(due(1100), SWEEP, "receivable", is_new=True),
    "value": Case(edit(value=Decimal(77)), RUN),
    "value of a receivable": Case(edit(value=Decimal(77)), RUN, "receivable"),
    "due date": Case(due(33), RUN),
    "due date of a receivable": Case(due(33), RUN, "receivable"),
    "contact": Case(CONTACT, RUN),
    "payment form": Case(FORM, RUN),
    "confirmed (7)": Case(edit(status=7), RUN),
    "returned": Case(lambda company, title: company.bling.give_back(title), RUN),
    "partly returned": Case(lambda company, title: company.bling.give_back(title, partly=True), RUN),
    "a status that we do not know": Case(edit(status=9), RUN),
    "open again after 7": Case(edit(status=1), RUN, status=7),
    "cancelled": Case(cancel, RUN),
    "receivable cancelled": Case(cancel, RUN, "receivable"),
    "paid": Case(pay(), RUN),
    "receivable paid": Case(pay(), RUN, "receivable"),
    "paid, dated back 100 days": Case(pay(100), RUN),
    "paid in part": Case(pay(amount="40.00"), RUN),
    "paid in part again": Case(pay(amount="20.00"), RUN, part="40.00"),
    "paid to the end": Case(pay(), RUN, part="40.00"),
    "partial payment reversed": Case(reverse, RUN, part="40.00"),
    "reversed on the day": Case(reverse, RUN, paid_ago=0),
    "reversed after 50 days": Case(reverse, RUN, paid_ago=50),
    "receivable reversed after 50 days": Case(reverse, RUN, "receivable", paid_ago=50),
    "reversed and paid again otherwise": Case(pay_again, SWEEP, paid_ago=0),
    "borderô's day": Case(bordero(days=2), SWEEP, paid_ago=0),
    "borderô's account": Case(bordero(account=True), SWEEP, paid_ago=0),
    "borderô's interest": Case(bordero(interest=Decimal("2.00")), SWEEP, paid_ago=0),
    "borderô's day, 200 days ago": Case(bordero(days=199), QUARTER, paid_ago=200),
    "cancelled 50 days after payment": Case(edit(status=5), SWEEP, paid_ago=50),
    "deleted": Case(delete, SECOND_RUN),
    "receivable deleted": Case(delete, SECOND_RUN, "receivable"),
    "deleted after payment": Case(remove_paid, SWEEP, paid_ago=0),
    "deleted 300 days after payment": Case(remove_paid, SWEEP, paid_ago=300),
    "deleted in status 7": Case(delete, AFTER_SWEEP, status=7),
    **{f"{name} of an open title": Case(change, MONTH) for name, change in HIDDEN.items()},
    "description of an open receivable": Case(HIDDEN["description"], MONTH, "receivable"),
    **{f"{name} of a paid title": Case(change, SWEEP, paid_ago=0) for name, change in HIDDEN.items()},
    "category of a title paid 200 days ago": Case(CATEGORY, QUARTER, paid_ago=200),
    "number of a receivable paid 200 days ago": Case(HIDDEN["number"], QUARTER, "receivable", paid_ago=200),
    "category of a title paid 400 days ago": Case(CATEGORY, NEVER, paid_ago=400),
    "description of a title paid 400 days ago": Case(HIDDEN["description"], NEVER, paid_ago=400),
}  # fmt: skip


def in_bling(company: Company, title: int) -> dict[str, Any]:
    live = company.bling.titles[title]
    borderos = [company.bling.borderos[key] for key in live.borderos]
    return {
        "status": live.status, "value": live.value, "due": live.due, "contact": live.contact,
        "form": live.payment_form, "category": live.category, "account": live.account, "history": live.history,
        "number": live.document_number, "issue": live.issue, "competence": live.competence,
        "payments": sorted((row.day, row.account, line.amount, line.interest) for row in borderos
                           for line in row.lines if line.title == title),
    }  # fmt: skip


def in_mirror(row: Title) -> dict[str, Any]:
    payments = Payment.objects.filter(title=row)
    return {
        "status": row.status_number, "value": row.value, "due": row.due_date, "contact": row.contact_id,
        "form": row.payment_form_id, "category": row.category_id, "account": row.account_id, "history": row.history,
        "number": row.document_number, "issue": row.issue_date, "competence": row.competence_date,
        "payments": sorted((paid.date, paid.account_id, paid.amount, paid.interest) for paid in payments),
    }  # fmt: skip


def is_seen(company: Company, title: int) -> bool:
    row = Title.objects.filter(bling_id=title).first()
    if title not in company.bling.titles:
        return row is not None and row.status == "deleted"
    return row is not None and in_mirror(row) == in_bling(company, title)


@pytest.fixture
def clock(world: World, monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(world)
    monkeypatch.setattr(time, "sleep", clock.advance)
    return clock


def run_after(company: Company, clock: Clock, wait: timedelta) -> None:
    clock.advance(wait.total_seconds())
    request_sync(connections=[company.connection], user=None, now=clock())
    tick.work_until_idle(clock=clock, tenant_ids=[company.tenant.pk])


def prepare(company: Company, case: Case, contact: int) -> int:
    today = company.bling.world.today
    ago = case.paid_ago or 0
    title = company.add_title(case.direction, contact=contact, due=today + timedelta(days=10 - ago))
    if case.status is not None:
        company.bling.edit_title(title, status=case.status)
    if case.paid_ago is not None:
        pay(ago)(company, title)
    if case.part:
        pay(amount=case.part)(company, title)
    return title


def test_each_change_is_seen_as_soon_as_the_table_says(company: Company, clock: Clock, contact: int) -> None:
    assert len(CASES) >= 50
    company.to_shadow()
    Tenant.objects.update(sync_from=company.bling.world.today - timedelta(days=800))
    for _ in range(OTHERS):
        company.add_title("payable", contact=contact)
    titles = {name: prepare(company, case, contact) for name, case in CASES.items() if not case.is_new}
    run_after(company, clock, timedelta())
    assert [name for name, title in titles.items() if not is_seen(company, title)] == []
    for name, case in CASES.items():
        titles[name] = prepare(company, case, contact) if case.is_new else titles[name]
        case.change(company, titles[name])

    def unseen(latest: int) -> list[str]:
        return [name for name, case in CASES.items() if case.seen <= latest and not is_seen(company, titles[name])]

    for stage, wait in ((RUN, HALF_A_DAY), (SECOND_RUN, HALF_A_DAY), (SWEEP, WEEK), (AFTER_SWEEP, HALF_A_DAY)):
        run_after(company, clock, wait)
        assert unseen(stage) == [], stage
    assert Bordero.objects.exists()
    for _ in range(OPEN_MANY - 4):
        run_after(company, clock, HALF_A_DAY)
        if not unseen(MONTH):
            break
    assert unseen(MONTH) == []
    for _ in range(12):
        run_after(company, clock, WEEK)
    assert unseen(QUARTER) == []
    assert {name for name, case in CASES.items() if not is_seen(company, titles[name])} == {
        name for name, case in CASES.items() if case.seen == NEVER
    }
