"""Status and payment: one difference at most, and it is what both sides show, whatever was told to Kamino."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from integrations.domain.discrepancies import PAYMENT_KINDS
from integrations.models import Discrepancy, KaminoSnapshot, StoredDiscrepancy
from tests.flows.helpers import Company
from tests.pipeline.compare.test_discrepancy_kinds import compare_again

Sides = dict[str, tuple[str, str]]


@pytest.fixture
def company(new_company: Callable[..., Company]) -> Company:
    company = new_company("azul")
    company.bling.world.generous = True
    return company


def said() -> Sides:
    """Return the kinds about status and payment that are open, with both sides' values."""
    rows = StoredDiscrepancy.objects.filter(closed_at=None, kind__in=PAYMENT_KINDS)
    return {row.kind: (row.bling_value, row.kamino_value) for row in rows}


def delivered(company: Company, direction: str = "payable") -> tuple[int, int]:
    title = company.add_title(direction, value="503.00")
    company.sync()
    return title, company.in_kamino(direction, title)["ID"]


def paid_on_both_sides(company: Company, *, compared_between: bool) -> tuple[int, int]:
    title, there = delivered(company)
    company.kamino.pay_title("payable", there)
    company.kamino.edit_title("payable", there, DataPagamento=str(company.bling.world.today - timedelta(days=1)))
    if compared_between:
        compare_again(company)
        assert set(said()) == {"settled_only_in_kamino"}
        KaminoSnapshot.objects.update(read_at=timezone.now())  # the very rows that were compared serve the delivery
    company.bling.pay(title, account=company.bank)
    company.sync()
    assert company.posting(title).reason == "paid_differently"
    return title, there


@pytest.mark.parametrize("compared_between", [False, True])
@pytest.mark.some(2)
def test_paid_on_both_sides_on_different_days(company: Company, compared_between: bool) -> None:
    _title, there = paid_on_both_sides(company, compared_between=compared_between)
    today = company.bling.world.today
    both = {"payment": (f"{today} 503.00", f"{today - timedelta(days=1)} 503.00")}
    assert said() == both
    assert Discrepancy.objects.get(kind="payment", closed_at=None).days == -1
    compare_again(company)
    assert said() == both
    company.kamino.edit_title("payable", there, DataPagamento=str(today))
    compare_again(company)
    assert said() == {}


def test_paid_on_both_sides_while_the_settlement_waits(company: Company) -> None:
    title, there = delivered(company)
    company.bling.pay(title, account=company.bling.add_account("Conta sem par"), amount="503.00")
    company.sync()
    assert set(said()) == {"settled_only_in_bling"}
    company.kamino.pay_title("payable", there)
    compare_again(company)
    assert said() == {}, "both sides show it as paid"


def test_a_settlement_of_ours_is_compared_with_what_bling_shows_now(company: Company) -> None:
    title, _there = delivered(company)
    company.bling.pay(title, account=company.bank)
    company.sync()
    assert said() == {}
    company.bling.reverse_payment(title, company.bling.titles[title].borderos[-1])
    company.sync()
    assert set(said()) == {"settled_only_in_kamino"}
    company.bling.pay(title, account=company.bank)
    company.sync()
    assert said() == {}


def test_what_bling_cancelled_and_kamino_paid_does_not_wait_for_bling(company: Company) -> None:
    title, there = delivered(company)
    company.kamino.pay_title("payable", there)
    company.bling.edit_title(title, status=5)
    company.sync()
    compare_again(company)
    assert said() == {"status": ("cancelled", "settled")}


def test_what_is_paid_in_bling_and_deleted_in_kamino_is_not_open_there(company: Company) -> None:
    title, there = delivered(company)
    company.kamino.delete_title("payable", there)
    compare_again(company)
    assert set(said()) == {"missing_in_kamino"}
    company.bling.pay(title, account=company.bank)
    company.sync()
    assert set(said()) == {"missing_in_kamino"}
    compare_again(company)
    assert set(said()) == {"missing_in_kamino"}


def test_what_kamino_shows_as_paid_is_not_partly_open_there(company: Company) -> None:
    title, there = delivered(company)
    company.bling.pay(title, amount="200.00", account=company.bank)
    company.sync()
    assert said() == {"partial": ("303.00", "503.00")}
    assert Discrepancy.objects.get(kind="partial", closed_at=None).difference == 200
    company.kamino.pay_title("payable", there)
    compare_again(company)
    assert set(said()) == {"settled_only_in_kamino"}


def test_two_kinds_about_one_payment_cannot_be_stored(company: Company) -> None:
    title, _there = delivered(company)
    posting, now = company.posting(title), timezone.now()
    StoredDiscrepancy.objects.create(posting=posting, kind="settled_only_in_bling", opened_at=now, seen_at=now)
    StoredDiscrepancy.objects.create(posting=posting, kind="value", opened_at=now, seen_at=now)
    with pytest.raises(IntegrityError):
        StoredDiscrepancy.objects.create(posting=posting, kind="settled_only_in_kamino", opened_at=now, seen_at=now)
