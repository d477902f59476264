"""The hourly guard: a payable that Bling shows as paid is never paid again in Kamino without anybody being told."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from integrations.bling import client as bling_client
from integrations.models import (
    Discrepancy,
    KaminoConnection,
    StoredDiscrepancy,
    Title,
    TitleRead,
)
from integrations.pipeline.compare.discrepancies import compare_all
from integrations.pipeline.compare.double_payments import guard_one
from integrations.pipeline.compare.shown_in_kamino import Seen
from integrations.pipeline.report.alerts import mail_alerts, review_alerts
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company
from tests.pipeline.compare.test_discrepancy_kinds import compare_again
from tests.pipeline.read.test_gone import answer
from tests.pipeline.read.test_one_odd_thing import row


def due_soon(company: Company, value: str = "100.00", days: int = 1) -> int:
    title = company.add_title("payable", value=value, due=company.bling.world.today + timedelta(days=days))
    company.sync()
    return title


def guard(company: Company) -> tuple[int, int]:
    """Let an hour pass and the guard look; returns the requests to Kamino and to Bling that it took."""
    KaminoConnection.objects.update(guarded_at=None)
    before = sum(company.kamino.calls.values()), sum(company.bling.calls.values())
    assert guard_one(timezone.now)
    after = sum(company.kamino.calls.values()), sum(company.bling.calls.values())
    return after[0] - before[0], after[1] - before[1]


def risks() -> set[int]:
    rows = Discrepancy.objects.filter(kind="double_payment_risk", closed_at=None)
    return set(rows.values_list("posting__title__bling_id", flat=True))


def schedule(company: Company, title: int) -> None:
    row = company.in_kamino("payable", title)
    company.kamino.edit_title("payable", row["ID"], DataAgendaPagamento=str(company.bling.world.today))


def paid_and_scheduled(company: Company) -> int:
    """Pay a title in Bling while Kamino has it scheduled, and let the guard see it."""
    title = due_soon(company)
    schedule(company, title)
    company.bling.pay(title, account=company.bank)
    guard(company)
    assert risks() == {title}
    return title


def test_what_both_sides_agree_on_costs_two_requests_and_frightens_nobody(company: Company) -> None:
    due_soon(company)
    assert guard(company) == (1, 1)
    assert risks() == set()


def test_paid_in_bling_and_scheduled_in_kamino_is_said_at_once(company: Company) -> None:
    title, other = due_soon(company), due_soon(company, "7.00")
    schedule(company, title)
    company.bling.pay(title, account=company.bank)
    company.bling.pay(other, account=company.bank)
    assert guard(company) == (1, 1)
    assert risks() == {title}
    # The other one is read, settled by itself, and no matter any more.
    assert set(TitleRead.objects.filter(asked_at__isnull=False).values_list("title__bling_id", flat=True)) == {
        title, other,
    }  # fmt: skip
    company.work()
    assert company.in_kamino("payable", other)["Situacao"] == 2


def test_in_simulation_nothing_will_settle_it(company: Company) -> None:
    title = due_soon(company)
    company.to_shadow()
    company.bling.pay(title, account=company.bank)
    guard(company)
    assert risks() == {title}


def test_a_bling_that_does_not_answer_hides_no_known_payment(company: Company) -> None:
    title = due_soon(company)
    company.to_shadow()
    company.bling.pay(title, account=company.bank)
    company.sync()
    company.bling.revoke_all()
    guard(company)
    assert risks() == {title}


@pytest.mark.parametrize("days", [-1, 3])
def test_only_the_next_two_days_are_looked_at(company: Company, days: int) -> None:
    title = due_soon(company, days=days)
    schedule(company, title)
    company.bling.pay(title, account=company.bank)
    guard(company)
    assert risks() == set()


def test_a_risk_closes_once_kamino_shows_it_paid(company: Company) -> None:
    title = due_soon(company)
    company.to_shadow()
    company.bling.pay(title, account=company.bank)
    guard(company)
    company.kamino.pay_title("payable", company.in_kamino("payable", title)["ID"])
    guard(company)
    assert risks() == set()


def test_it_looks_once_an_hour(company: Company) -> None:
    due_soon(company)
    guard(company)
    assert not guard_one(timezone.now)
    assert not guard_one(lambda: timezone.now() + timedelta(minutes=59))
    assert guard_one(lambda: timezone.now() + timedelta(minutes=61))


def test_a_new_risk_is_mailed_although_the_alert_is_open(company: Company) -> None:
    type(company.tenant).objects.update(alert_emails="financeiro@example.com")
    first, second = due_soon(company), due_soon(company, "7.00")
    company.to_shadow()
    for count, title in enumerate((first, second), start=1):
        company.bling.pay(title, account=company.bank)
        guard(company)
        review_alerts(now=timezone.now())
        mail_alerts(now=timezone.now())
        mail_alerts(now=timezone.now())
        about = [message for message in mail.outbox if "em dobro" in message.subject]
        assert len(about) == count
        assert "Fornecedor" not in about[-1].body  # no personal data


def test_a_risk_stays_open_where_a_comparison_did_not_look(company: Company, world: World) -> None:
    world.generous = True
    title = company.add_title("payable", value="100.00")
    company.sync()
    posting, now = company.posting(title), timezone.now()
    for kind in ("duplicated", "double_payment_risk", "value"):
        StoredDiscrepancy.objects.create(posting=posting, kind=kind, opened_at=now, seen_at=now)
    Title.objects.filter(pk=posting.title_id).update(status="settled")
    kamino = KaminoConnection.objects.select_related("tenant").get()
    compare_all(kamino, seen=Seen(now, unread=frozenset(["payable"])), now=now)
    assert Discrepancy.objects.filter(closed_at=None).count() >= 3
    Title.objects.filter(pk=posting.title_id).update(status="open")
    KaminoConnection.objects.update(reconciled_at=None)
    company.forget_waits()
    company.sync()
    assert not Discrepancy.objects.filter(closed_at=None).exists()


def test_a_payment_is_seen_among_many_titles_of_those_days(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    titles = [due_soon(company, f"{number}.00") for number in range(11, 16)]
    for title in (titles[0], titles[-1]):
        schedule(company, title)
        company.bling.pay(title, account=company.bank)
    monkeypatch.setattr(bling_client, "PAGE_SIZE", 2)
    guard(company)
    assert risks() == {titles[0], titles[-1]}


def test_a_risk_that_came_true_is_neither_closed_nor_opened_again(company: Company) -> None:
    """Bling shows it paid, and Kamino paid it by itself on another day: somebody has to look."""
    risky = paid_and_scheduled(company)
    company.sync()
    assert company.posting(risky).reason == "scheduled"
    row = company.in_kamino("payable", risky)
    company.kamino.pay_title("payable", row["ID"])
    company.kamino.edit_title("payable", row["ID"], ValorPagamento="101.00")
    guard(company)
    compare_again(company)
    rows = Discrepancy.objects.filter(kind="double_payment_risk")
    assert [(found.closed_at is None) for found in rows] == [True]


def test_a_payment_that_cannot_be_read_is_reported_after_an_hour(company: Company, world: World) -> None:
    title = due_soon(company)
    company.bling.pay(title, account=company.bank)
    world.faults.add(Fault("bling", "500", path=f"/contas/pagar/{title}", times=99))
    guard(company)
    assert risks() == set()
    company.work()
    guard(company)
    assert risks() == {title}


def asked() -> set[int]:
    return set(TitleRead.objects.filter(asked_at__isnull=False).values_list("title__bling_id", flat=True))


def show_paid(company: Company, world: World, titles: list[int], **odd: Any) -> None:
    """Let Bling's list of payments show titles with odd values."""
    rows = [row(company, title) | odd for title in titles]
    answer(world, "/contas/pagar", 200, {"data": rows}, times=1, asks="situacao=2")


@pytest.mark.parametrize("odd", [{"valor": None}, {"situacao": "Pago"}, {"situacao": 7}, {"situacao": 99}])
@pytest.mark.some(2)
def test_a_payment_that_the_list_shows_unreadably_is_looked_at(company: Company, world: World, odd: Any) -> None:
    title, other = due_soon(company), due_soon(company, "7.00")
    company.bling.pay(title, account=company.bank)
    show_paid(company, world, [title], **odd)
    assert guard(company) == (1, 1)
    assert (asked(), risks()) == ({title}, set())
    company.work()
    assert company.in_kamino("payable", title)["Situacao"] == 2
    assert company.in_kamino("payable", other)["Situacao"] == 1


def test_a_row_without_an_id_may_be_any_of_them(company: Company, world: World) -> None:
    titles = [due_soon(company), due_soon(company, "7.00")]
    far = due_soon(company, days=9)
    show_paid(company, world, titles[:1], id=None)
    guard(company)
    assert (asked(), risks()) == (set(titles), set())
    company.work()
    guard(company)
    assert (asked(), risks(), far in asked()) == (set(), set(), False)


def test_a_list_that_ignores_its_filter_hides_no_payment(company: Company, world: World) -> None:
    titles = [due_soon(company), due_soon(company, "7.00")]
    company.bling.pay(titles[0], account=company.bank)
    for _ in range(3):
        company.add_title("payable")
    world.faults.add(Fault("bling", "ignore_filter", path="/contas/pagar"))
    guard(company)
    assert (asked(), risks()) == (set(titles), set())


def test_what_can_be_read_nowhere_is_a_risk_after_an_hour(company: Company, world: World) -> None:
    title = due_soon(company)
    company.bling.pay(title, account=company.bank)
    world.faults.add(Fault("bling", "500", path=f"/contas/pagar/{title}", times=99))
    for found in (set(), {title}):
        show_paid(company, world, [title], valor=None)
        guard(company)
        assert risks() == found
        company.work()


def test_a_paid_title_that_was_not_asked_for_counts_as_paid(company: Company, world: World) -> None:
    """Bling moved its due date; Kamino pays it on the old one."""
    title, paid = due_soon(company), due_soon(company, "7.00")
    schedule(company, title)
    for each in (title, paid):
        company.bling.pay(each, account=company.bank)
    company.bling.edit_title(title, due=company.bling.world.today + timedelta(days=40))
    stray = json.dumps(row(company, title))
    world.faults.add(Fault("bling", "stray_row", path="/contas/pagar", answer=stray))
    guard(company)
    assert risks() == {title}
