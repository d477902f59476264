"""Every way in which a title is paid: what Kamino holds in the end, what a person sees, and that it was settled once.

One table, both directions, a strict and a generous Kamino.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import Count
from django.utils import timezone

from integrations.domain.delivery import DeliveryState
from integrations.domain.titles import Direction
from integrations.kamino.translate import NAMES
from integrations.models import (
    Attempt,
    Discrepancy,
    ForcedSettlement,
    KaminoConnection,
    Payment,
    Posting,
    Tenant,
    Title,
)
from integrations.pipeline.company.saving import save_bling
from integrations.pipeline.desk import commands, live_kamino
from integrations.pipeline.handover.plan_requests import request_plans
from integrations.rest import retrying
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company, in_days
from tests.pipeline.desk.test_commands import force

VALUE = "100.00"
PENDING, PAID = 1, 2


@dataclass(frozen=True)
class Outcome:
    """What Kamino holds (`status` None: nothing; `paid` is what moved, in reais), and what a person sees."""

    status: int | None
    paid: str | None = None
    state: str = "delivered"
    problems: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


SETTLED = Outcome(PAID, VALUE)
FROM_ANOTHER = Outcome(PAID, VALUE, problems=("paid_from_another_account",), kinds=("paid_from",))
SEVERAL = Outcome(PENDING, problems=("payments_several",), kinds=("settled_only_in_bling",))
IN_PART = Outcome(PENDING, problems=("partially_paid",), kinds=("partial",))
AMBIGUOUS = Outcome(None, state="held", problems=("payment_ambiguous",), kinds=("held",))
CLOSED_MONTH = Outcome(
    PENDING, state="held", problems=("closed_period",), kinds=("closed_period", "settled_only_in_bling")
)
Pay = Callable[[Company, int], Any]


@dataclass(frozen=True)
class Case:
    """One way of being paid, and what comes out. Its title is sent first where `sent_before` says so, where
    where it is `paid_before`, and where something happens to it `in_kamino`. Receivables may end otherwise."""

    paid: Pay
    outcome: Outcome = SETTLED
    sent_before: bool = False
    in_kamino: Callable[[Company, str, int], Any] | None = None
    paid_before: bool = False
    of_receivables: Outcome | None = None
    of_strict_receivables: Outcome | None = None

    @property
    def is_sent_before(self) -> bool:
        return self.sent_before or self.paid_before or self.in_kamino is not None

    def expected(self, direction: str, *, generous: bool) -> Outcome:
        if direction == "receivable" and not generous and self.of_strict_receivables:
            return self.of_strict_receivables
        return (direction == "receivable" and self.of_receivables) or self.outcome


def pay(**options: Any) -> Pay:
    def paid(company: Company, title: int) -> None:
        company.bling.pay(title, **{"account": company.bank, **options})

    return paid


def in_two(days_between: int, **second: Any) -> Pay:
    def paid(company: Company, title: int) -> None:
        today = company.bling.world.today
        company.bling.pay(title, amount="40.00", account=company.bank, date=today - timedelta(days=days_between))
        company.bling.pay(title, amount="60.00", **{"account": company.bank, "date": today, **second})

    return paid


def together(*, numbers: bool, same: bool = True) -> Pay:
    """Pay the title with a second one of the same contact by one borderô."""

    def paid(company: Company, title: int) -> None:
        book = company.bling.titles[title]
        number = "B-2" if numbers else ""
        company.bling.edit_title(title, document_number="B-1" if numbers else "")
        other = company.add_title(
            book.direction, contact=book.contact, document_number=number, value=VALUE if same else "55.00"
        )
        company.bling.pay_together([title, other], account=company.bank)

    return paid


def reversed_(company: Company, title: int) -> None:
    company.bling.reverse_payment(title, company.bling.titles[title].borderos[-1])


def paid_there(company: Company, direction: str, there: int) -> None:
    company.kamino.pay_title(direction, there, account=company.kamino_bank)


def scheduled(company: Company, direction: str, there: int) -> None:
    if direction == "payable":
        company.kamino.edit_title(direction, there, DataAgendaPagamento=str(company.bling.world.today))


def reconciled(company: Company, direction: str, there: int) -> None:
    company.kamino.pay_title(direction, there)
    company.kamino.reconcile_title(direction, there)


def last_month(company: Company) -> date:
    return company.bling.world.today.replace(day=1) - timedelta(days=1)


def on_a_closed_day(company: Company, title: int) -> None:
    company.bling.pay(title, account=company.bank, date=last_month(company))


def numbered(company: Company, title: int) -> None:
    company.bling.edit_title(title, document_number="NF 130")
    company.bling.pay(title, amount="130.00", account=company.bank)


def paid_and_reversed(company: Company, title: int) -> None:
    pay()(company, title)
    reversed_(company, title)


def nothing(company: Company, title: int) -> None:
    """Nothing happens in Bling."""


REFUSED = Outcome(PAID, VALUE, "needs_human", kinds=("refused", "settled_only_in_bling"))
REVERSED = Outcome(PAID, VALUE, "needs_human", ("reversed_after_settlement",), ("refused", "settled_only_in_kamino"))
SCHEDULED = Outcome(PENDING, None, "needs_human", kinds=("double_payment_risk",))
NO_ACCOUNT = Outcome(PENDING, None, "delivered", ("bank_account_missing",), ("settled_only_in_bling", "unmapped"))
UNSURE = Outcome(None, state="held", problems=("paid_amount_unsure",), kinds=("held",))
OVERPAID = Outcome(PAID, "130.00", problems=("overpaid",))

CASES: dict[str, Case] = {
    "at once": Case(pay()),
    "at once, sent before": Case(pay(), sent_before=True),
    "two payments of one day": Case(in_two(0)),
    "two payments of two days": Case(in_two(1), SEVERAL),
    "two payments of one day on two accounts": Case(in_two(0, account=0), SEVERAL),
    "with interest": Case(pay(interest="2.00"), Outcome(PAID, "102.00")),
    "with discount": Case(pay(discount="5.00"), Outcome(PAID, "95.00")),
    "with surcharge": Case(pay(surcharge="3.00"), Outcome(PAID, "103.00")),
    "with fee": Case(pay(fee="1.50"), UNSURE, of_receivables=Outcome(PAID, "98.50")),
    "with fee, sent before": Case(
        pay(fee="1.50"),
        replace(UNSURE, status=PENDING, state="delivered", kinds=("settled_only_in_bling",)),
        sent_before=True,
        of_receivables=Outcome(PAID, "98.50"),
    ),
    "more than its value": Case(numbered, OVERPAID),
    "more than its value, and no number says whose": Case(pay(amount="130.00"), AMBIGUOUS),
    "in part": Case(pay(amount="40.00"), IN_PART),
    "in part, sent before": Case(pay(amount="40.00"), IN_PART, sent_before=True),
    "without an account": Case(pay(account=0), NO_ACCOUNT),
    "on a day of a closed month": Case(on_a_closed_day, CLOSED_MONTH, sent_before=True),
    "one borderô for two with numbers": Case(together(numbers=True)),
    "one borderô for two of one value without numbers": Case(together(numbers=False)),
    "one borderô for two without numbers": Case(together(numbers=False, same=False)),
    "in Kamino first": Case(pay(), in_kamino=paid_there),
    "in Kamino only": Case(nothing, in_kamino=paid_there),
    "scheduled in Kamino": Case(pay(), SCHEDULED, in_kamino=scheduled, of_receivables=SETTLED),
    "reconciled with another bank": Case(pay(), FROM_ANOTHER, in_kamino=reconciled, of_strict_receivables=REFUSED),
    "reversed after it was sent": Case(reversed_, REVERSED, paid_before=True),
    "reversed before it was sent": Case(paid_and_reversed, Outcome(PENDING)),
}


def outcome_of(company: Company, direction: str, title: int) -> Outcome:
    """Read what came of a title: on Kamino's side, and on ours."""
    row, posting, names = company.in_kamino(direction, title), company.posting(title), NAMES[Direction(direction)]
    paid = row and row[names.paid]
    kinds = Discrepancy.objects.filter(posting=posting, closed_at=None).values_list("kind", flat=True)
    return Outcome(
        row and row[names.status], str(paid) if paid is not None else None, posting.state,
        tuple(company.problems(title)), tuple(sorted(kinds)),
    )  # fmt: skip


@pytest.fixture
def user(transactional_db: None) -> User:
    return User.objects.create_user("maria")


@pytest.mark.parametrize(
    ("generous", "direction"),
    [
        pytest.param(False, "receivable", id="strict-receivable"),
        pytest.param(True, "payable", id="generous-payable"),
        pytest.param(False, "payable", id="strict-payable", marks=pytest.mark.long),
        pytest.param(True, "receivable", id="generous-receivable", marks=pytest.mark.long),
    ],
)
@pytest.mark.some(2)
def test_every_way_of_being_paid(company: Company, world: World, direction: str, generous: bool) -> None:
    world.generous = generous
    Tenant.objects.update(closed_until=last_month(company))
    titles = {name: company.add_title(direction, value=VALUE) for name, case in CASES.items() if case.is_sent_before}
    for name in titles:
        if CASES[name].paid_before:
            pay()(company, titles[name])
    company.sync()
    for name, case in CASES.items():
        if case.in_kamino:
            case.in_kamino(company, direction, company.in_kamino(direction, titles[name])["ID"])
        if name not in titles:
            titles[name] = company.add_title(direction, value=VALUE)
        case.paid(company, titles[name])
    company.sync()
    found = {name: outcome_of(company, direction, title) for name, title in titles.items()}
    assert found == {name: case.expected(direction, generous=generous) for name, case in CASES.items()}
    writes = company.kamino.write_count
    company.sync()
    assert company.kamino.write_count == writes
    settled = Attempt.objects.filter(settles=True, outcome__in=("delivered", "adopted"))
    assert not settled.values("posting").annotate(times=Count("pk")).filter(times__gt=1).exists()
    assert company.kamino.charges == 0


@pytest.mark.parametrize(("meaning", "paid"), [("principal", "98.50"), ("net", "98.50")])
def test_what_the_company_says_of_the_paid_amount_settles_what_waited(
    company: Company, user: User, meaning: str, paid: str
) -> None:
    new, sent = company.add_title("payable", value=VALUE), company.add_title("payable", value=VALUE)
    company.sync()
    for title in (new, sent):
        company.bling.pay(title, account=company.bank, fee="1.50")
    company.sync()
    assert {company.problems(title)[0] for title in (new, sent)} == {"paid_amount_unsure"}
    connection = company.connection
    connection.paid_amount = meaning
    save_bling(connection, ["paid_amount"], user=user, now=timezone.now())
    company.work()
    assert [outcome_of(company, "payable", title) for title in (new, sent)] == [Outcome(PAID, paid)] * 2
    assert connection.history.latest().history_user == user


def test_a_settled_title_whose_payment_became_unclear_does_not_look_reversed(company: Company, world: World) -> None:
    title = company.add_title("payable", value=VALUE)
    company.bling.pay(title, account=company.bank)
    company.sync()
    Payment.objects.filter(title__bling_id=title).update(amount="60.00", fee="50.00")
    request_plans(Title.objects.filter(bling_id=title), now=timezone.now())
    company.work()
    found = outcome_of(company, "payable", title)
    assert (found.status, found.paid) == (PAID, VALUE)
    assert found.problems == ("payments_do_not_add_up",)


@pytest.mark.parametrize("generous", [False, True], ids=["strict", "generous"])
def test_split_where_the_lists_were_proved(company: Company, world: World, generous: bool) -> None:
    world.generous = generous
    Tenant.objects.update(partial_policy=Tenant.PartialPolicy.SPLIT)
    KaminoConnection.objects.update(lists_are_complete=generous)
    in_part, whole = company.add_title("payable", value=VALUE), company.add_title("payable", value=VALUE)
    company.bling.pay(in_part, amount="40.00", account=company.bank)
    in_two(1)(company, whole)
    company.sync()
    found = {
        title: sorted((row["Situacao"], str(row["ValorVencimento"])) for row in rows_of(company, title))
        for title in (in_part, whole)
    }
    if generous:
        assert found == {in_part: [(1, "60.00"), (2, "40.00")], whole: [(2, "40.00"), (2, "60.00")]}
    else:
        assert found == {in_part: [(1, VALUE)], whole: [(1, VALUE)]}
        assert "split_not_proved" in company.problems(in_part)
    writes = company.kamino.write_count
    company.sync()
    assert company.kamino.write_count == writes


def rows_of(company: Company, title: int) -> list[Any]:
    """Return the Kamino title of a Bling title and those of its payments."""
    marks = (f"[Bling {title}]", f"[Bling {title}-")
    return [row for row in company.kamino.payables.values() if any(mark in str(row["Descricao"]) for mark in marks)]


@pytest.mark.parametrize("direction", ["payable", "receivable"])
@pytest.mark.parametrize("generous", [False, True], ids=["strict", "generous"])
@pytest.mark.parametrize("sent_before", [False, True])
@pytest.mark.some(8)
def test_a_day_that_kamino_has_locked_on_the_account(
    company: Company, world: World, direction: str, generous: bool, sent_before: bool
) -> None:
    world.generous = generous
    title = company.add_title(direction, value=VALUE)
    if sent_before:
        company.sync()
    company.kamino.locked_until = last_month(company)
    on_a_closed_day(company, title)
    company.sync()
    writes = company.kamino.rejected_count
    found = outcome_of(company, direction, title)
    assert (found.status, found.state) == (PENDING if sent_before else None, "needs_human")
    assert company.posting(title).reason == "locked_period"
    assert company.kamino.rejected_count == writes == 0, "Kamino was not even asked"
    assert "refused" in found.kinds
    company.kamino.locked_until = None
    again = Posting.objects.filter(title__bling_id=title)
    commands.retry_delivery(postings=again, user=User.objects.create_user("maria"), now=timezone.now())
    company.work()
    assert outcome_of(company, direction, title) == SETTLED


@pytest.mark.parametrize("kind", ["503", "truncated"])
def test_a_list_of_locks_that_does_not_work_stops_no_settlement(
    company: Company, world: World, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(retrying, "ATTEMPTS", 1)
    title = company.add_title("payable", value=VALUE)
    company.bling.pay(title, account=company.bank)
    world.faults.add(Fault(side="kamino", kind=kind, path="/financeiro/bloqueio", times=20))
    company.sync()
    assert outcome_of(company, "payable", title) == SETTLED


def test_after_an_undone_settlement_bling_s_own_is_recorded(company: Company, user: User, world: World) -> None:
    title = company.add_title("payable", value="100.00")
    company.sync()
    forced = force(company, title, user)
    company.work()
    company.kamino.reopen_title("payable", company.in_kamino("payable", title)["ID"])
    live_kamino.undo_settlement(forced=forced, user=user, clock=timezone.now, now=timezone.now())
    company.work()
    force(company, title, user)  # a second order, right this time
    commands.undo_forced_settlement(forced=ForcedSettlement.objects.in_force().get(), user=user, now=timezone.now())
    company.bling.pay(title, date=world.today, account=company.bank)
    company.sync()
    assert company.in_kamino("payable", title)["Situacao"] == 2
    posting = company.posting(title)
    assert (posting.state, posting.reason) == (DeliveryState.DELIVERED, "")


def test_a_forced_settlement_that_bling_contradicts_is_shown(company: Company, world: World) -> None:
    title = company.add_title("payable", value="100.00")
    company.sync()
    account = company.tenant.kamino_connection.items.get(kind="bank_account", name="BANCO DE TESTE")
    user = User.objects.create_user("maria")
    commands.force_settlement(
        posting=company.posting(title), date=world.today, amount=Decimal("90.00"), account=account, reason="x",
        user=user, now=timezone.now(),
    )  # fmt: skip
    company.work()
    company.bling.pay(title, date=in_days(world, -1), account=company.bank)
    report = company.sync_and_report()
    assert company.problems(title) == ["settlement_differs"]
    assert (report.settled, report.exit_code) == (0, 1)
