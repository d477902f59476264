"""A borderô that was read once may be corrected: it is read again before it settles anything, and weekly after that."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone

from integrations.bling.client import BlingClient
from integrations.models import (
    Bordero,
    Discrepancy,
    KaminoItem,
    Payment,
    PaymentCheck,
    Posting,
    Title,
    TitleRead,
)
from integrations.models.outbox import Priority
from integrations.pipeline.desk import commands
from integrations.pipeline.read import before_settling
from integrations.pipeline.run import tick
from sandbox.world import World
from tests.flows.helpers import Company, in_days
from tests.pipeline.plan.test_parts import shown
from tests.pipeline.read.test_gone import answer

HOURS = timedelta(hours=13)
WEEK = timedelta(days=7)


def let_pass(time: timedelta) -> None:
    """Let everything that was read be so much older."""
    Title.objects.update(changed_at=F("changed_at") - time, read_at=F("read_at") - time)
    TitleRead.objects.update(read_at=F("read_at") - time)
    Bordero.objects.update(read_at=F("read_at") - time)


def paid_unsent(company: Company, direction: str = "payable", **payment: Any) -> tuple[int, int]:
    """Add a title that is open in Kamino and was paid in Bling since, in a company that is back in simulation."""
    title = company.add_title(direction, value="350.00")
    company.sync()
    company.to_shadow()
    bordero = company.bling.pay(title, account=company.bank, **payment)
    company.sync()
    return title, bordero


def borderos_read(company: Company) -> int:
    return sum(count for call, count in company.bling.calls.items() if call.startswith("GET /borderos/"))


def other_bank(company: Company) -> int:
    company.kamino.add_bank_account("OUTRO BANCO")
    bank = company.bling.add_account("Outro banco")
    company.forget_registers()
    return int(bank)


def correct_day(company: Company, bordero: int) -> None:
    company.bling.borderos[bordero].day = in_days(company.bling.world, -3)


def correct_account(company: Company, bordero: int) -> None:
    company.bling.borderos[bordero].account = other_bank(company)


def correct_interest(company: Company, bordero: int) -> None:
    company.bling.borderos[bordero].lines[0].interest = Decimal("12.00")


CORRECTIONS = pytest.mark.parametrize("correct", [correct_day, correct_account, correct_interest])


def payment_in_bling(company: Company, bordero: int) -> tuple[Any, ...]:
    row = company.bling.borderos[bordero]
    return row.day, row.account, row.lines[0].interest


def payment_in_mirror(title: int) -> tuple[Any, ...]:
    return Payment.objects.values_list("date", "account_id", "interest").get(title__bling_id=title)


@pytest.mark.some(6)
@CORRECTIONS
@pytest.mark.parametrize("direction", ["payable", "receivable"])
def test_a_settlement_that_waited_goes_as_bling_shows_it_now(
    company: Company, correct: Callable[[Company, int], None], direction: str
) -> None:
    title, bordero = paid_unsent(company, direction)
    correct(company, bordero)
    company.sync()
    let_pass(HOURS)
    company.go_live()
    company.work()
    assert payment_in_mirror(title) == payment_in_bling(company, bordero)
    row, posting = company.in_kamino(direction, title), company.posting(title)
    assert posting.state == "delivered"
    assert posting.delivered["payment"]["date"] == str(company.bling.borderos[bordero].day)
    assert row["Situacao" if direction == "payable" else "SitConta"] == 2
    assert not PaymentCheck.objects.exists()


@CORRECTIONS
@pytest.mark.some(3)
def test_resync_reads_the_borderos_again(company: Company, user: User, correct: Callable[[Company, int], None]) -> None:
    title, bordero = paid_unsent(company)
    correct(company, bordero)
    company.resync(title, user)
    assert payment_in_mirror(title) == payment_in_bling(company, bordero)


def settled_and_corrected(company: Company) -> int:
    """Return a title whose payment was corrected in Bling after it was settled, a week ago."""
    title = company.add_title("payable")
    company.sync()
    bordero = company.bling.pay(title, account=company.bank)
    company.sync()
    correct_day(company, bordero)
    let_pass(WEEK)
    return title


def test_what_was_settled_differently_is_told_within_a_week(company: Company) -> None:
    title = settled_and_corrected(company)
    company.sync(full=True)
    posting = company.posting(title)
    assert (posting.state, posting.reason) == ("needs_human", "settlement_differs")
    company.work()
    assert Discrepancy.objects.filter(posting=posting, closed_at=None).exists()


def test_a_title_read_meanwhile_hides_no_older_bordero_from_the_weekly_pass(company: Company) -> None:
    title = settled_and_corrected(company)
    TitleRead.objects.update(read_at=timezone.now())
    company.sync(full=True)
    assert company.posting(title).reason == "settlement_differs"


def test_a_payment_that_did_not_add_up_and_was_corrected_is_seen_by_the_next_run(company: Company) -> None:
    title = company.add_title("payable", value="350.00")
    company.sync()
    bordero = company.bling.pay(title, account=company.bank)
    company.bling.borderos[bordero].lines[0].amount = Decimal("300.00")
    company.sync()
    assert company.problems(title) == ["payments_do_not_add_up"]
    company.bling.borderos[bordero].lines[0].amount = Decimal("350.00")
    company.sync()
    assert company.problems(title) == []
    assert company.posting(title).state == "delivered"


@pytest.mark.parametrize("count", [1, 3])
def test_what_was_just_read_is_settled_without_another_request(company: Company, count: int) -> None:
    titles = [company.add_title("payable") for _ in range(count)]
    company.sync()
    for title in titles:
        company.bling.pay(title, account=company.bank)
    before = borderos_read(company)
    company.sync()
    assert borderos_read(company) - before == count
    assert {company.posting(title).delivered["status"] for title in titles} == {"settled"}


def test_a_settlement_costs_at_most_one_more_request_per_bordero(company: Company) -> None:
    contact = company.bling.add_contact(name="Fornecedor", document="", kind="J")
    titles = [
        company.add_title("payable", contact=contact, document_number=f"NF {n}", value=f"{n}0.00") for n in range(1, 7)
    ]
    company.sync()
    company.to_shadow()
    for together in (titles[:4], titles[4:5], titles[5:]):
        company.bling.pay_together(together, account=company.bank)
    company.sync()
    let_pass(HOURS)
    before = borderos_read(company)
    company.go_live()
    company.work()
    assert borderos_read(company) - before == 3
    assert {company.posting(title).delivered["status"] for title in titles} == {"settled"}


def test_without_bling_for_a_day_it_goes_with_what_was_read_and_is_marked(company: Company, world: World) -> None:
    title, bordero = paid_unsent(company)
    correct_day(company, bordero)
    let_pass(HOURS)
    answer(world, f"/borderos/{bordero}", 503, {})
    company.go_live()
    company.work()
    assert company.in_kamino("payable", title)["Situacao"] == 1
    PaymentCheck.objects.update(asked_at=F("asked_at") - timedelta(hours=25))
    company.work()
    assert company.in_kamino("payable", title)["Situacao"] == 2
    assert company.problems(title) == ["settled_unchecked"]
    world.faults.clear()
    PaymentCheck.objects.update(ready_at=timezone.now())
    company.work()
    assert company.posting(title).reason == "settlement_differs"
    assert company.problems(title) == ["settlement_differs"]


def test_a_payment_taken_back_meanwhile_is_not_settled(company: Company) -> None:
    title, bordero = paid_unsent(company)
    company.bling.reverse_payment(title, bordero)
    let_pass(HOURS)
    company.go_live()
    company.work()
    assert company.in_kamino("payable", title)["Situacao"] == 1
    assert company.title(title).status == "open"
    assert not PaymentCheck.objects.exists()


def test_what_nobody_tried_to_read_for_a_day_is_read_before_it_goes(company: Company) -> None:
    """The workers stood still for a day, not Bling; the first of them has no time for all that waits."""
    title, bordero = paid_unsent(company)
    correct_day(company, bordero)
    let_pass(HOURS)
    company.go_live()
    now = timezone.now()
    PaymentCheck.objects.create(title=company.title(title), asked_at=now - timedelta(hours=30), ready_at=now)
    before_settling.read_before_settling(timezone.now, now, None)
    assert not PaymentCheck.objects.filter(is_waived=True).exists()
    company.work()
    assert payment_in_mirror(title) == payment_in_bling(company, bordero)
    assert company.posting(title).reason == ""
    assert company.problems(title) == []


@pytest.mark.some(2)
@pytest.mark.parametrize("is_title_shown", [False, True])
def test_a_payment_that_bling_says_is_gone_is_never_settled_for_having_waited(
    company: Company, world: World, is_title_shown: bool
) -> None:
    """Bling could be read: the payment was taken back, and only what the title shows of that is missing."""
    title, bordero = paid_unsent(company)
    if is_title_shown:
        del company.bling.borderos[bordero]
    else:
        company.bling.reverse_payment(title, bordero)
        answer(world, f"/contas/pagar/{title}", 503, {})
    let_pass(HOURS)
    company.go_live()
    company.work()
    for _ in range(2):
        PaymentCheck.objects.update(asked_at=F("asked_at") - timedelta(hours=23), ready_at=timezone.now())
        company.forget_waits()
        company.work()
    assert company.in_kamino("payable", title)["Situacao"] == 1
    assert TitleRead.objects.get().failure, "a person is told"


def test_a_part_of_a_title_is_read_again_too(company: Company) -> None:
    company.split_payments()
    title = company.add_title("payable", value="100.00")
    company.sync()
    company.to_shadow()
    bordero = company.bling.pay(title, amount="40.00", account=company.bank)
    company.sync()
    correct_day(company, bordero)
    let_pass(HOURS)
    company.go_live()
    company.work()
    assert shown(company, "payable", title)[f"-{bordero}"] == ("40.00", 2, "40.00")
    assert payment_in_mirror(title)[0] == company.bling.borderos[bordero].day
    assert "part_differs" not in company.problems(title)


def test_a_settlement_that_a_person_ordered_waits_for_no_bordero(company: Company, user: User, world: World) -> None:
    title, bordero = paid_unsent(company)
    company.bling.borderos[bordero].lines[0].amount = Decimal("1.00")
    let_pass(HOURS)
    company.resync(title, user)
    answer(world, f"/borderos/{bordero}", 503, {})
    company.go_live()
    account = KaminoItem.objects.get(kind="bank_account", kamino_id=company.kamino_bank.strip())
    commands.force_settlement(
        posting=company.posting(title), date=in_days(world, 0), amount=Decimal("350.00"), account=account,
        reason="visto no extrato", user=user, now=timezone.now(),
    )  # fmt: skip
    company.work()
    assert company.in_kamino("payable", title)["Situacao"] == 2


def test_a_turn_with_nothing_to_check_reads_nothing(company: Company) -> None:
    title, _bordero = paid_unsent(company)
    before = borderos_read(company)
    company.go_live()
    company.work()
    assert company.posting(title).delivered["status"] == "settled"
    assert borderos_read(company) == before
    assert not tick.work_once(clock=timezone.now, deadline=timezone.now() + timedelta(minutes=1))


def serve_people() -> None:
    """Let the thread for people do all that it may, and no other one anything."""
    for _ in range(20):
        if not tick.serve_people(clock=timezone.now, deadline=timezone.now() + timedelta(minutes=1)):
            return
    raise AssertionError("people are never through")


def test_a_person_s_settlement_waits_for_no_other_thread(company: Company, user: User) -> None:
    title, bordero = paid_unsent(company)
    company.kamino.reject_next("Recusado", match=str(title))
    company.go_live()
    company.work()
    assert company.posting(title).state == "needs_human"
    correct_day(company, bordero)
    let_pass(HOURS)
    postings = Posting.objects.filter(title__bling_id=title)
    assert commands.retry_delivery(postings=postings, user=user, now=timezone.now()) == 1
    serve_people()
    assert company.in_kamino("payable", title)["Situacao"] == 2
    assert company.posting(title).delivered["payment"]["date"] == str(company.bling.borderos[bordero].day)


def test_a_person_s_part_waits_for_no_other_thread(company: Company, user: User) -> None:
    company.split_payments()
    title = company.add_title("payable", value="100.00")
    company.sync()
    bordero = company.bling.pay(title, amount="40.00", account=company.bank)
    company.kamino.reject_next("Recusado", match=f"{title}-{bordero}")
    company.sync()
    let_pass(HOURS)
    postings = Posting.objects.filter(title__bling_id=title)
    assert commands.retry_delivery(postings=postings, user=user, now=timezone.now()) == 1
    serve_people()
    assert shown(company, "payable", title)[f"-{bordero}"] == ("40.00", 2, "40.00")


def test_the_thread_for_people_checks_nobody_else_s_payments(company: Company) -> None:
    title, _bordero = paid_unsent(company)
    let_pass(HOURS)
    PaymentCheck.objects.create(title=company.title(title), asked_at=timezone.now(), ready_at=timezone.now())
    before = borderos_read(company)
    assert not tick.serve_people(clock=timezone.now, deadline=timezone.now() + timedelta(minutes=1))
    assert (borderos_read(company), PaymentCheck.objects.count()) == (before, 1)


def test_a_backlog_of_checks_begins_with_those_that_people_wait_for(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(before_settling, "BATCH", 1)
    paid = [paid_unsent(company) for _ in range(3)]
    let_pass(HOURS)
    for number, (title, _bordero) in enumerate(paid):
        at = timezone.now() - timedelta(minutes=9 - number)
        PaymentCheck.objects.create(title=company.title(title), asked_at=at, ready_at=at)
    last, bordero = paid[-1]
    Posting.objects.filter(title__bling_id=last).update(priority=Priority.PERSON)
    read: list[str] = []
    send = BlingClient._send
    monkeypatch.setattr(
        BlingClient, "_send", lambda self, wanted, access: read.append(wanted.path) or send(self, wanted, access)
    )
    assert before_settling.read_before_settling(timezone.now, timezone.now() + timedelta(minutes=1), None)
    assert (len(read), read[0]) == (3, f"/borderos/{bordero}")
