"""What a hostile review of settlements, approvals and discrepancies found: each test failed before its mend."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.models import Attempt, ForcedSettlement, KaminoConnection, Posting
from integrations.models.deliveries import DeliveryState
from integrations.pipeline import desk, live_kamino
from sandbox.world import World
from tests.flows.helpers import Company
from tests.flows.test_desk import force


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
    desk.undo_forced_settlement(forced=ForcedSettlement.objects.in_force().get(), user=user, now=timezone.now())
    company.bling.pay(title, date=world.today, account=company.bank)
    company.sync()
    assert company.in_kamino("payable", title)["Situacao"] == 2
    posting = company.posting(title)
    assert (posting.state, posting.message) == (DeliveryState.DELIVERED, "")


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
    assert (posting.state, posting.message) == (DeliveryState.DELIVERED, "")
