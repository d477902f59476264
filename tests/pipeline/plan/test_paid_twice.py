"""What Kamino was about to pay, and Bling shows as paid, may have been paid twice: only a look at Kamino ends that, and
where Kamino paid it, only a person."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from integrations.domain.delivery import DeliveryState
from tests.flows.helpers import Company

Event = Callable[[Company, int, User], None]


def paid_on_both_sides(company: Company) -> int:
    """Return a title that Bling paid while Kamino had it scheduled, and that Kamino has paid since, as scheduled."""
    title = company.add_title("payable", value="100.00")
    company.sync()
    company.forget_snapshots()
    number = company.in_kamino("payable", title)["ID"]
    soon = company.bling.world.today + timedelta(days=5)
    company.kamino.edit_title("payable", number, DataAgendaPagamento=soon)
    company.bling.pay(title, date=company.bling.world.today, account=company.bank)
    company.sync()
    assert company.posting(title).reason == "scheduled"
    company.kamino.pay_title("payable", number, account=company.kamino_bank)
    return title


def edited(company: Company, title: int, _user: User) -> None:
    company.bling.edit_title(title, history="Outro texto")
    company.sync()


def resynced(company: Company, title: int, user: User) -> None:
    company.resync(title, user)


@pytest.mark.parametrize("event", [edited, resynced])
def test_whatever_happens_to_a_scheduled_title_a_person_is_asked(company: Company, user: User, event: Event) -> None:
    title = paid_on_both_sides(company)
    company.forget_snapshots()
    event(company, title, user)
    posting = company.posting(title)
    assert (posting.state, posting.reason) == (DeliveryState.NEEDS_HUMAN, "paid_as_scheduled")


def test_an_edit_in_bling_answers_no_question(company: Company, user: User) -> None:
    title = paid_on_both_sides(company)
    company.an_hour_later()
    assert company.posting(title).reason == "paid_as_scheduled"
    since = company.posting(title).reason_since
    edited(company, title, user)
    posting = company.posting(title)
    assert (posting.state, posting.reason, posting.reason_since) == ("needs_human", "paid_as_scheduled", since)
    company.resync(title, user)
    assert company.posting(title).state == DeliveryState.DELIVERED


def test_what_is_scheduled_no_more_is_settled_where_a_person_asks(company: Company, user: User) -> None:
    title = company.add_title("payable", value="100.00")
    company.sync()
    number = company.in_kamino("payable", title)["ID"]
    soon = company.bling.world.today + timedelta(days=5)
    company.kamino.edit_title("payable", number, DataAgendaPagamento=soon)
    company.forget_snapshots()
    company.bling.pay(title, date=company.bling.world.today, account=company.bank)
    company.sync()
    company.kamino.edit_title("payable", number, DataAgendaPagamento=None)
    company.resync(title, user)
    assert company.in_kamino("payable", title)["Situacao"] == 2
    assert company.posting(title).state == DeliveryState.DELIVERED
