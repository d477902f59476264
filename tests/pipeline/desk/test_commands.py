"""What people order: once, with a name and a reason, and never against a settlement that exists."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.domain.delivery import DeliveryState
from integrations.models import Attempt, Discrepancy, ForcedSettlement, KaminoItem, PersonAction, Posting, SyncRun
from integrations.pipeline.desk import commands, live_kamino
from integrations.pipeline.desk.refusal import Refused
from sandbox.world import World
from tests.flows.helpers import Company, in_days


@pytest.fixture
def user(transactional_db: None) -> User:
    return User.objects.create_user("maria")


def force(company: Company, title: int, user: User, **options: Any) -> ForcedSettlement:
    order: dict[str, Any] = {
        "date": company.bling.world.today,
        "amount": Decimal("100.00"),
        "account": KaminoItem.objects.filter(kind="bank_account", name="BANCO DE TESTE").first(),
        "reason": "Pago em dinheiro",
        **options,
    }
    return commands.force_settlement(posting=company.posting(title), user=user, now=timezone.now(), **order)


def code_of(call: Callable[..., Any], **order: Any) -> str:
    with pytest.raises(Refused) as caught:
        call(**order)
    return caught.value.code


@pytest.fixture
def title(company: Company) -> int:
    title = company.add_title("payable", value="100.00")
    company.sync()
    return title


@pytest.mark.parametrize("direction", ["payable", "receivable"])
def test_a_forced_settlement_marks_the_title_paid_in_kamino_only(company: Company, user: User, direction: str) -> None:
    title = company.add_title(direction, value="100.00")
    company.sync()
    force(company, title, user)
    company.work()
    row = company.in_kamino(direction, title)
    assert row["Situacao" if direction == "payable" else "SitConta"] == 2
    assert company.title(title).status == "open"
    assert Discrepancy.objects.get(closed_at=None).kind == "forced_settlement"
    second = company.sync_and_report()
    assert (second.settled, second.updated) == (0, 0)


def test_bling_s_own_payment_later_agrees_and_closes_the_difference(company: Company, user: User, world: World) -> None:
    title = company.add_title("payable", value="100.00")
    company.sync()
    force(company, title, user)
    company.work()
    company.bling.pay(title, date=world.today, account=company.bank)
    company.sync()
    assert company.posting(title).state == DeliveryState.DELIVERED
    assert not Discrepancy.objects.filter(closed_at=None).exists()
    assert Attempt.objects.filter(settles=True).count() == 1


def test_a_title_never_gets_two_settlements_by_hand(company: Company, user: User) -> None:
    title = company.add_title("payable", value="100.00")
    company.sync()
    force(company, title, user)
    with pytest.raises(Refused) as caught:
        force(company, title, user)
    assert caught.value.code == "exists"
    company.work()
    with pytest.raises(Refused) as caught:
        force(company, title, user)
    assert caught.value.code == "settled"


@pytest.mark.some(3)
@pytest.mark.parametrize(
    ("options", "code"),
    [({"reason": "  "}, "reason"), ({"amount": Decimal(0)}, "amount"), ({"amount": Decimal(-5)}, "amount")],
)
def test_an_order_that_makes_no_sense_is_refused(
    company: Company, user: User, options: dict[str, Any], code: str
) -> None:
    title = company.add_title("payable")
    company.sync()
    with pytest.raises(Refused) as caught:
        force(company, title, user, **options)
    assert caught.value.code == code
    assert not ForcedSettlement.objects.exists()


def test_an_account_of_another_company_is_refused(company: Company, new_company: Any, user: User) -> None:
    title = company.add_title("payable")
    company.sync()
    other = new_company("verde")
    other.add_title("payable")
    other.sync()
    account = KaminoItem.objects.filter(connection__tenant=other.tenant, kind="bank_account").first()
    with pytest.raises(Refused) as caught:
        force(company, title, user, account=account)
    assert caught.value.code == "account"


def test_a_forced_settlement_can_be_taken_back_before_it_is_sent_and_not_after(company: Company, user: User) -> None:
    title = company.add_title("payable", value="100.00")
    company.sync()
    forced = force(company, title, user)
    commands.undo_forced_settlement(forced=forced, user=user, now=timezone.now())
    company.work()
    assert company.in_kamino("payable", title)["Situacao"] == 1
    forced = force(company, title, user)
    company.work()
    with pytest.raises(Refused) as caught:
        commands.undo_forced_settlement(forced=forced, user=user, now=timezone.now())
    assert caught.value.code == "sent"


@pytest.mark.parametrize("direction", ["payable", "receivable"])
def test_a_sent_settlement_is_undone_once_kamino_was_reopened_by_hand(
    company: Company, user: User, direction: str
) -> None:
    title = company.add_title(direction, value="100.00")
    company.sync()
    forced = force(company, title, user)
    company.work()
    order = {"forced": forced, "user": user, "clock": timezone.now}

    def undo() -> str:
        try:
            live_kamino.undo_settlement(**order, now=timezone.now())
        except Refused as error:
            return error.code
        return "undone"

    assert undo() == ("sent" if direction == "payable" else "no_list")
    kamino_id = company.in_kamino(direction, title)["ID"]
    company.kamino.reopen_title(direction, kamino_id)
    assert undo() == ("undone" if direction == "payable" else "no_list")
    writes = company.kamino.write_count
    company.sync()
    assert company.kamino.write_count == writes  # neither settled again nor changed
    assert company.posting(title).state == "delivered"
    assert ForcedSettlement.objects.in_force().exists() == (direction == "receivable")


def test_an_excluded_title_is_not_sent_until_it_is_taken_back(company: Company, user: User) -> None:
    company.to_shadow()
    title = company.add_title("payable")
    company.sync()
    commands.set_ignored(
        posting=company.posting(title), ignored=True, reason="Duplicado", user=user, now=timezone.now()
    )
    company.go_live()
    company.bling.edit_title(title, value="120.00")
    company.sync()
    assert company.in_kamino("payable", title) is None
    action = PersonAction.objects.get()
    assert (action.kind, action.reason, action.user) == ("ignore", "Duplicado", user)
    commands.set_ignored(posting=company.posting(title), ignored=False, reason="Engano", user=user, now=timezone.now())
    company.work()
    assert company.in_kamino("payable", title)["ValorVencimento"] == Decimal("120.00")


def test_a_resync_reads_bling_now_and_sends_first(company: Company, user: User, world: World) -> None:
    title = company.add_title("payable", value="100.00", history="Antes")
    company.sync()
    company.bling.edit_title(title, history="Depois", due=in_days(world, 20))
    runs = SyncRun.objects.count()
    company.resync(title, user)
    assert company.in_kamino("payable", title)["Descricao"].startswith("Depois")
    assert SyncRun.objects.count() == runs


def test_a_resync_of_an_excluded_title_does_nothing(company: Company, user: User) -> None:
    title = company.add_title("payable")
    company.sync()
    commands.set_ignored(posting=company.posting(title), ignored=True, reason="x", user=user, now=timezone.now())
    titles = type(company.title(title)).objects.all()
    result = commands.request_resync(titles=titles, user=user, now=timezone.now())
    assert (result.queued, result.ignored) == (0, 1)


def test_a_retry_sends_what_kamino_refused_for_a_reason_that_is_gone(company: Company, user: User) -> None:
    title = company.add_title("payable", value="66.66")
    company.kamino.reject_next("Período bloqueado", match="66.66")
    company.sync()
    assert company.posting(title).reason == "refused"
    assert commands.retry_delivery(postings=Posting.objects.all(), user=user, now=timezone.now()) == 1
    company.work()
    assert company.in_kamino("payable", title) is not None


def test_two_sync_orders_open_one_run(company: Company, user: User) -> None:
    now = timezone.now()
    first = commands.request_sync(connections=[company.connection], user=user, now=now)
    second = commands.request_sync(connections=[company.connection], user=user, now=now)
    assert (first.queued, second.queued, second.already_running) == (1, 0, 1)
    assert SyncRun.objects.count() == 1


def test_a_settlement_of_a_day_that_is_yet_to_come_is_refused(
    company: Company, title: int, user: User, world: World
) -> None:
    assert code_of(force, company=company, title=title, user=user, date=in_days(world, 1)) == "date"
    assert not ForcedSettlement.objects.exists()


def test_what_bling_no_longer_has_is_not_settled_by_hand(company: Company, title: int, user: User) -> None:
    company.bling.delete(title)
    company.sync()
    company.sync()
    assert company.title(title).status == "deleted"
    assert code_of(force, company=company, title=title, user=user) == "gone"
