"""Orders for whole lists: each title once, whatever happens meanwhile: killed workers, second clicks, lost rights."""

from datetime import timedelta
from decimal import Decimal
from threading import Event
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from integrations.domain.delivery import DeliveryState
from integrations.domain.discrepancies import DiscrepancyKind
from integrations.models import (
    BulkOrder,
    ForcedSettlement,
    KaminoItem,
    PersonAction,
    StoredDiscrepancy,
    Tenant,
    Title,
    TitleRead,
)
from integrations.pipeline.access import failpoints
from integrations.pipeline.desk import approvals, bulk
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.run import tick
from tests.flows.helpers import Company
from tests.flows.test_into_bling_kills import at_once
from tests.locks import wait_for_a_lock


@pytest.fixture
def user(company: Company) -> User:
    user = User.objects.create_user("maria")
    user.user_permissions.set(
        Permission.objects.filter(codename__in=["resolve_posting", "resync_title", "force_settlement"])
    )
    company.tenant.members.add(user)
    return user


def listed(**where: Any) -> list[bulk.ListedTitle]:
    rows = Title.objects.filter(**where).values_list("connection__tenant", "pk", "value")
    return [bulk.ListedTitle(*row) for row in rows]


def order(company: Company, user: User, kind: str, **more: Any) -> BulkOrder:
    titles = more.pop("titles", None) or listed()
    options = {"titles": titles, "mark": bulk.look(titles).mark, "reason": "Combinado", "key": uuid4(), **more}
    [row] = bulk.order(kind=kind, user=user, now=timezone.now(), **options)
    return row


def work_off(row: BulkOrder) -> BulkOrder:
    while bulk.advance(row.pk, now=timezone.now()):
        pass
    row.refresh_from_db()
    return row


def test_a_whole_list_is_taken_out_and_says_what_was_left(
    company: Company, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "CHUNK", 2)
    titles = [company.add_title("payable") for _ in range(5)]
    company.sync()
    work_off(order(company, user, "ignore", titles=listed(bling_id=titles[0])))
    row = work_off(order(company, user, "ignore"))
    assert (row.done, sum(row.left_out.values()), row.cursor) == (4, 1, 5)
    assert row.finished_at is not None
    assert {company.posting(title).state for title in titles} == {DeliveryState.IGNORED}
    assert PersonAction.objects.filter(kind="ignore", reason="Combinado", user=user).count() == 5


@pytest.mark.parametrize("line", ["bulk.carried_out", "bulk.saved"])
def test_a_worker_that_dies_leaves_each_title_ordered_once(
    company: Company, user: User, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setattr(bulk, "CHUNK", 2)
    for _ in range(3):
        company.add_title("payable")
    company.sync()
    row = order(company, user, "ignore")

    def die(name: str) -> None:
        if name == line:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(failpoints, "passed", die)
        with pytest.raises(KeyboardInterrupt):
            bulk.advance(row.pk, now=timezone.now())
    row = work_off(row)
    assert (row.done, row.left_out) == (3, {})
    assert PersonAction.objects.filter(kind="ignore").count() == 3


def test_a_list_that_is_taken_out_and_a_comparison_do_not_wait_for_each_other(company: Company, user: User) -> None:
    """A comparison writes differences of titles that the order holds, and the order closes some of them."""
    title = company.add_title("payable")
    company.sync()
    row, posting = order(company, user, "ignore"), company.posting(title)

    def compare() -> None:
        with StoredDiscrepancy.one_writer(posting.kamino_connection_id):
            compares.set()
            wait_for_a_lock()
            StoredDiscrepancy.objects.create(
                posting=posting, kind=DiscrepancyKind.MISSING_IN_KAMINO, opened_at=timezone.now(),
                seen_at=timezone.now(),
            )  # fmt: skip

    def take_out() -> None:
        compares.wait()
        assert bulk.advance(row.pk, now=timezone.now())

    compares = Event()
    assert at_once(compare, take_out) == [None, None]
    row.refresh_from_db()
    assert (row.done, row.left_out) == (1, {})


def test_a_second_click_orders_nothing(company: Company, user: User) -> None:
    company.add_title("payable")
    company.sync()
    key = uuid4()
    first, second = (order(company, user, "ignore", key=key) for _ in range(2))
    assert first.pk == second.pk
    assert BulkOrder.objects.count() == 1


@pytest.mark.some(3)
@pytest.mark.parametrize("lost", ["company", "permission", "account"])
def test_who_may_no_longer_do_so_orders_nothing(company: Company, user: User, lost: str) -> None:
    title = company.add_title("payable")
    company.sync()
    row = order(company, user, "ignore")
    if lost == "company":
        company.tenant.members.clear()
    elif lost == "permission":
        user.user_permissions.clear()
    else:
        User.objects.update(is_active=False)
    row = work_off(row)
    assert (row.done, sum(row.left_out.values())) == (0, 1)
    assert company.posting(title).state == DeliveryState.DELIVERED


def test_what_was_confirmed_is_what_is_ordered(company: Company, user: User) -> None:
    for _ in range(2):
        company.add_title("payable")
    company.sync()
    for options, code in (
        ({"mark": bulk.look(listed()[:1]).mark}, "changed"),
        ({"reason": " "}, "reason"),
    ):
        with pytest.raises(Refused) as caught:
            order(company, user, "ignore", **options)
        assert caught.value.code == code
    assert not BulkOrder.objects.exists()


def test_a_resync_of_a_list_lets_others_go_in_between(
    company: Company, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "CHUNK", 2)
    titles = [company.add_title("payable", history="Antes") for _ in range(3)]
    company.sync()
    for title in titles:
        company.bling.edit_title(title, history="Depois")
    row = order(company, user, "resync")
    assert bulk.advance(row.pk, now=timezone.now())
    assert not bulk.advance(row.pk, now=timezone.now()), "two titles are still to be read"
    assert TitleRead.objects.filter(asked_at__isnull=False).count() == 2
    while tick.serve_people(clock=timezone.now, deadline=timezone.now() + timedelta(minutes=1)):
        pass
    row.refresh_from_db()
    assert row.done == 3
    assert all(company.in_kamino("payable", title)["Descricao"].startswith("Depois") for title in titles)


def test_what_is_settled_is_not_sent_again(company: Company, user: User) -> None:
    title, other = company.add_title("payable", value="66.66"), company.add_title("payable")
    company.bling.pay(other, date=company.bling.world.today, account=company.bank)
    company.kamino.reject_next("Período bloqueado", match="66.66")
    company.sync()
    row = work_off(order(company, user, "retry"))
    assert (row.done, sum(row.left_out.values())) == (1, 1)
    company.work()
    assert company.in_kamino("payable", title) is not None


def paid_today(company: Company) -> bulk.ForceTerms:
    account = KaminoItem.objects.get(kind="bank_account", kamino_id=company.kamino_bank.strip())
    return bulk.ForceTerms(company.bling.world.today, account)


def test_many_titles_are_settled_by_hand_at_once_each_once(company: Company, user: User) -> None:
    whole = [company.add_title("payable", value=f"{number}0.00") for number in (1, 2)]
    partial, cancelled, clear = (company.add_title("payable", value="99.00") for _ in range(3))
    company.sync()
    company.bling.pay(partial, amount="1.00", account=company.bank)
    company.bling.edit_title(cancelled, status=5)
    company.sync()
    company.bling.pay(clear, account=company.bank)
    Title.objects.filter(bling_id=clear).update(status="settled")
    row = work_off(order(company, user, "force", terms=paid_today(company)))
    assert (row.done, sum(row.left_out.values())) == (2, 3), row.left_out
    again = work_off(order(company, user, "force", terms=paid_today(company)))
    assert again.done == 0
    company.work()
    assert [company.in_kamino("payable", title)["Situacao"] for title in whole] == [2, 2]
    assert [str(company.in_kamino("payable", title)["ValorPagamento"]) for title in whole] == ["10.00", "20.00"]
    assert company.in_kamino("payable", partial)["Situacao"] == 1
    undone = work_off(order(company, user, "undo"))
    assert (undone.done, ForcedSettlement.objects.not_undone().count()) == (0, 2), "Kamino shows them as paid"


def test_small_titles_together_above_the_limit_wait_for_somebody_else(company: Company, user: User) -> None:
    titles = [company.add_title("payable", value="60.00") for _ in range(2)]
    Tenant.objects.update(force_limit="100.00")
    company.sync()
    work_off(order(company, user, "force", terms=paid_today(company)))
    company.work()
    assert ForcedSettlement.objects.awaiting().count() == 2
    assert [company.in_kamino("payable", title)["Situacao"] for title in titles] == [1, 1]
    other = User.objects.create_user("joana")
    for forced in ForcedSettlement.objects.awaiting():
        with pytest.raises(Refused):
            approvals.approve(forced=forced, user=user, now=timezone.now())
        approvals.approve(forced=forced, user=other, now=timezone.now())
    company.work()
    assert [company.in_kamino("payable", title)["Situacao"] for title in titles] == [2, 2]


def test_what_kamino_was_not_told_of_is_taken_back_at_once(company: Company, user: User) -> None:
    company.to_shadow()
    for _ in range(2):
        company.add_title("payable")
    company.sync()
    work_off(order(company, user, "force", terms=paid_today(company)))
    undone = work_off(order(company, user, "undo"))
    assert (undone.done, ForcedSettlement.objects.not_undone().count()) == (2, 0)
    company.go_live()
    company.sync()
    assert {row["Situacao"] for row in company.kamino.payables.values()} == {1}


def test_a_bank_account_is_one_companys(company: Company, user: User) -> None:
    company.add_title("payable")
    company.sync()
    titles = [*listed(), bulk.ListedTitle(company.tenant.pk + 1, 0, Decimal(1))]
    with pytest.raises(Refused) as refused:
        order(company, user, "force", titles=titles, terms=paid_today(company))
    assert refused.value.code == "companies"
    with pytest.raises(Refused):
        order(company, user, "force")
    assert not BulkOrder.objects.exists()


def test_a_title_whose_value_changed_after_the_order_is_not_settled(company: Company, user: User) -> None:
    dearer, same = (company.add_title("payable", value=value) for value in ("10.00", "20.00"))
    company.sync()
    row = order(company, user, "force", terms=paid_today(company))
    Title.objects.filter(bling_id=dearer).update(value="9000.00")
    row = work_off(row)
    assert (row.done, row.left_out) == (1, {"value_changed": 1})
    assert ForcedSettlement.objects.get().posting == company.posting(same)
