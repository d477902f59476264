"""What a hostile review of settlements, approvals and discrepancies found: each test failed before its mend."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from integrations.domain.delivery import DeliveryState
from integrations.models import (
    Attempt,
    Discrepancy,
    ForcedSettlement,
    KaminoConnection,
    KaminoItem,
    Posting,
    StoredDiscrepancy,
    Tenant,
    Title,
)
from integrations.pipeline.compare.discrepancies import compare_all
from integrations.pipeline.desk import commands, live_kamino
from integrations.pipeline.read.replacements import take_posting_over
from sandbox.world import World
from tests.flows.helpers import Company
from tests.pipeline.desk.test_commands import force


@pytest.fixture
def user(transactional_db: None) -> User:
    return User.objects.create_user("maria")


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


def test_a_row_adopted_open_is_settled_and_recorded(company: Company, world: World) -> None:
    title = company.add_title("payable", value="100.00")
    company.sync()
    # A restored database knows nothing of the delivery; Bling was paid meanwhile.
    Attempt.objects.all().delete()
    Posting.objects.update(kamino_id=None, delivered=None, delivered_fingerprint="", state="held")
    company.bling.pay(title, date=world.today, account=company.bank)
    KaminoConnection.objects.update(reconciled_at=timezone.now() - timedelta(days=1, hours=1))
    company.work()
    company.sync(full=True)
    assert company.in_kamino("payable", title)["Situacao"] == 2
    assert company.in_kamino("payable", title)["ValorPagamento"] == Decimal("100.00")
    posting = company.posting(title)
    assert (posting.state, posting.reason) == (DeliveryState.DELIVERED, "")


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


def test_an_order_goes_along_when_its_title_takes_another_s_place(company: Company, user: User) -> None:
    old, new = company.add_title("payable", value="100.00"), company.add_title("payable", value="101.00")
    company.sync()
    company.to_shadow()
    kept, given_up = company.posting(old), company.posting(new)
    Posting.objects.filter(pk=given_up.pk).update(
        kamino_id=None, delivered=None, delivered_fingerprint="", state="held"
    )
    Attempt.objects.filter(posting=given_up).delete()
    forced = force(company, new, user)
    with transaction.atomic():
        take_posting_over(kept.title, given_up.title, now=timezone.now())
    forced.refresh_from_db()
    assert (forced.posting_id, forced.posting.title.bling_id) == (kept.pk, new)


def test_a_risk_stays_open_where_a_comparison_did_not_look(company: Company, world: World) -> None:
    world.generous = True
    title = company.add_title("payable", value="100.00")
    company.sync()
    posting, now = company.posting(title), timezone.now()
    for kind in ("duplicated", "double_payment_risk", "value"):
        StoredDiscrepancy.objects.create(posting=posting, kind=kind, opened_at=now, seen_at=now)
    Title.objects.filter(pk=posting.title_id).update(status="settled")
    kamino = KaminoConnection.objects.select_related("tenant").get()
    compare_all(kamino, started_at=now, unread=["payable"], now=now)
    assert Discrepancy.objects.filter(closed_at=None).count() >= 3
    Title.objects.filter(pk=posting.title_id).update(status="open")
    KaminoConnection.objects.update(reconciled_at=None)
    company.forget_waits()
    company.sync()
    assert not Discrepancy.objects.filter(closed_at=None).exists()
