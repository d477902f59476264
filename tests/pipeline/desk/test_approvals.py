"""Forced settlements above a company's limit: nothing is sent before somebody else agrees, and then once."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from integrations.models import (
    Attempt,
    ForcedSettlement,
    KaminoItem,
    PersonAction,
    Tenant,
    Title,
)
from integrations.pipeline.desk import approvals, commands
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.handover.plan_requests import request_plans
from integrations.pipeline.read.replacements import take_posting_over
from tests.flows.helpers import Company
from tests.pipeline.desk.test_commands import force


@pytest.fixture
def user(company: Company) -> User:
    Tenant.objects.filter(pk=company.tenant.pk).update(force_limit=Decimal("100.00"))
    return User.objects.create_user("maria")


@pytest.fixture
def other(user: User) -> User:
    return User.objects.create_user("joana")


@pytest.fixture
def title(company: Company) -> int:
    title = company.add_title("payable", value="100.00")
    company.sync()
    return title


def situation(company: Company, title: int) -> int:
    return int(company.in_kamino("payable", title)["Situacao"])


def code_of(call: object, **order: object) -> str:
    with pytest.raises(Refused) as caught:
        call(now=timezone.now(), **order)  # type: ignore[operator]
    return caught.value.code


def test_above_the_limit_nothing_is_sent_until_somebody_else_approves(
    company: Company, title: int, user: User, other: User
) -> None:
    forced = force(company, title, user, amount=Decimal("250.00"))
    company.work()
    assert situation(company, title) == 1
    assert code_of(approvals.approve, forced=forced, user=user) == "own"
    company.work()
    assert situation(company, title) == 1
    approvals.approve(forced=forced, user=other, now=timezone.now())
    assert code_of(approvals.approve, forced=forced, user=other) == "decided"
    assert code_of(approvals.refuse, forced=forced, user=other, reason="Tarde") == "decided"
    company.work()
    assert situation(company, title) == 2
    assert Attempt.objects.filter(settles=True, outcome="delivered").count() == 1
    assert list(PersonAction.objects.order_by("pk").values_list("kind", "user__username")) == [
        ("force", "maria"),
        ("approve_force", "joana"),
    ]


def test_up_to_the_limit_nobody_has_to_approve(company: Company, title: int, user: User) -> None:
    force(company, title, user, amount=Decimal("100.00"))
    company.work()
    assert situation(company, title) == 2


def test_a_refused_settlement_is_never_sent_and_can_be_ordered_anew(
    company: Company, title: int, user: User, other: User
) -> None:
    forced = force(company, title, user, amount=Decimal("250.00"))
    assert code_of(approvals.refuse, forced=forced, user=other, reason=" ") == "reason"
    approvals.refuse(forced=forced, user=other, reason="Valor errado", now=timezone.now())
    assert code_of(approvals.approve, forced=forced, user=other) == "decided"
    company.work()
    assert situation(company, title) == 1
    force(company, title, user, amount=Decimal("99.00"))
    assert ForcedSettlement.objects.in_force().count() == 1


def test_what_was_settled_meanwhile_is_not_approved(company: Company, title: int, user: User, other: User) -> None:
    forced = force(company, title, user, amount=Decimal("250.00"))
    company.bling.pay(title, date=company.bling.world.today, account=company.bank)
    company.sync()
    assert situation(company, title) == 2
    assert code_of(approvals.approve, forced=forced, user=other) == "settled"


@pytest.mark.parametrize("ending", ["cancelled", "paid"])
def test_an_order_that_waits_ends_with_its_cause(
    company: Company, title: int, user: User, other: User, ending: str
) -> None:
    """The title is owed again later: what one person ordered then is no half of two words now."""
    forced = force(company, title, user, amount=Decimal("250.00"))
    if ending == "cancelled":
        company.bling.cancel(title)
        company.sync()
        company.bling.edit_title(title, status=1)
    else:
        paid = company.bling.pay(title, date=company.bling.world.today, account=company.bank)
        company.sync()
        company.bling.reverse_payment(title, paid)
    company.sync()
    assert not ForcedSettlement.objects.awaiting().exists()
    forced.refresh_from_db()
    assert forced.undone_by is None
    assert code_of(approvals.refuse, forced=forced, user=other, reason="x") == "decided"


def test_interest_and_discount_go_to_the_note_in_kamino(company: Company, title: int, user: User) -> None:
    amounts = {"amount": Decimal("100.00"), "interest": Decimal("2.50"), "discount": Decimal("1.00")}
    force(company, title, user, **amounts)
    company.work()
    row = company.in_kamino("payable", title)
    assert (row["ValorPagamento"], row["Obs"]) == (Decimal("100.00"), "juros R$ 2,50; desconto R$ 1,00")


def test_a_small_amount_settles_a_large_title_only_with_a_second_person(company: Company, user: User) -> None:
    Tenant.objects.update(force_limit=50)
    large = company.add_title("payable", value="100.00")
    company.sync()
    order = {
        "posting": company.posting(large), "date": company.bling.world.today, "amount": Decimal(1),
        "interest": Decimal(0), "discount": Decimal(0),
        "account": KaminoItem.objects.filter(kind="bank_account").latest("pk"),
        "reason": "Pix",
    }  # fmt: skip
    assert commands.force_settlement(**order, user=user, now=timezone.now()).awaits_approval
    company.work()
    assert company.in_kamino("payable", large)["Situacao"] == 1


def test_a_title_that_grew_above_the_limit_after_the_order_waits_for_a_second_person(
    company: Company, title: int, user: User
) -> None:
    Tenant.objects.update(force_limit=Decimal("1000.00"))
    company.to_shadow()
    forced = force(company, title, user)
    assert not forced.awaits_approval
    company.bling.edit_title(title, value="50000.00")
    company.sync()
    company.go_live()
    company.work()
    assert company.in_kamino("payable", title)["Situacao"] == 1
    other = User.objects.create_user("joana")
    forced.refresh_from_db()
    assert code_of(approvals.approve, forced=forced, user=user) == "own"
    approvals.approve(forced=forced, user=other, now=timezone.now())
    company.work()
    assert company.in_kamino("payable", title)["Situacao"] == 2


def test_an_approval_holds_for_the_value_that_was_approved(company: Company, title: int, user: User) -> None:
    Tenant.objects.update(force_limit=Decimal("50.00"))
    company.to_shadow()
    forced = force(company, title, user)
    approvals.approve(forced=forced, user=User.objects.create_user("joana"), now=timezone.now())
    company.sync()
    forced.refresh_from_db()
    assert not forced.awaits_approval
    company.bling.edit_title(title, value="50000.00")
    company.sync()
    company.go_live()
    company.work()
    forced.refresh_from_db()
    assert forced.awaits_approval
    assert company.in_kamino("payable", title)["Situacao"] == 1


def test_an_approval_does_not_hold_for_the_title_that_takes_over(company: Company, title: int, user: User) -> None:
    Tenant.objects.update(force_limit=Decimal("50.00"))
    company.to_shadow()
    forced = force(company, title, user)
    approvals.approve(forced=forced, user=User.objects.create_user("joana"), now=timezone.now())
    larger = company.add_title("payable", value="50000.00")
    company.sync()
    with transaction.atomic():
        take_posting_over(company.title(title), company.title(larger), now=timezone.now())
    request_plans(Title.objects.filter(bling_id=larger), now=timezone.now())
    company.go_live()
    company.work()
    forced.refresh_from_db()
    assert (forced.awaits_approval, forced.posting.title.bling_id) == (True, larger)
    [row] = company.kamino.titles("payable")
    assert (row["CodigoExterno"], row["Situacao"]) == (str(larger), 1)


def three(company: Company) -> list[int]:
    titles = [company.add_title("payable", value="40.00") for _number in range(3)]
    company.sync()
    return titles


def test_orders_that_are_split_over_a_day_are_added_up(company: Company, user: User, other: User) -> None:
    first, second, third = three(company)
    orders = [force(company, title, user, amount=Decimal("40.00")) for title in (first, second, third)]
    assert [order.awaits_approval for order in orders] == [False, False, True]
    company.work()
    assert [situation(company, title) for title in (first, second, third)] == [2, 2, 1]


def test_what_counts_are_one_s_own_orders_of_a_day_that_nobody_approved(
    company: Company, user: User, other: User
) -> None:
    first, second, third = three(company)
    force(company, first, user, amount=Decimal("40.00"))
    force(company, second, user, amount=Decimal("40.00"))
    assert not force(company, third, other, amount=Decimal("40.00")).awaits_approval
    fourth = company.add_title("payable", value="40.00")
    company.sync()
    ForcedSettlement.objects.filter(user=user).update(created_at=timezone.now() - timedelta(hours=25))
    assert not force(company, fourth, user, amount=Decimal("40.00")).awaits_approval


def test_a_cheap_order_for_a_dear_title_counts_with_the_title(company: Company, user: User) -> None:
    cheap, dear = (company.add_title("payable", value=value) for value in ("30.00", "90.00"))
    company.sync()
    assert not force(company, dear, user, amount=Decimal("1.00")).awaits_approval
    assert force(company, cheap, user, amount=Decimal("30.00")).awaits_approval
