"""Receivables are listed by due date: one far date costs no run its requests, and none is left out unseen."""

from datetime import date
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.test import Client

from integrations.models import Tenant
from integrations.pipeline.read.steps.listings import (
    MOST_YEARS_AHEAD,
    MOST_YEARS_BACK,
    YEARS_AHEAD,
    YEARS_BACK,
)
from tests.flows.helpers import Company, in_days

LISTED = "GET /contas/receber"


def listed(company: Company) -> int:
    return int(company.bling.calls[LISTED])


def details(company: Company) -> int:
    return sum(count for call, count in company.bling.calls.items() if call.startswith(f"{LISTED}/"))


def swept(company: Company) -> int:
    """Sync an account for the first time, and return how many lists of receivables an ordinary run reads."""
    company.sync()
    before = listed(company)
    company.sync()
    return listed(company) - before


@pytest.mark.parametrize("due", [date(202, 12, 8), date(1026, 12, 8), date(9999, 12, 31)])
@pytest.mark.some(3)
def test_an_impossible_date_costs_no_run_its_requests(company: Company, due: date) -> None:
    title = company.add_title("receivable")
    usual = swept(company)
    company.bling.edit_title(title, due=due)
    company.sync()
    assert company.title(title).due_date == due
    before = listed(company)
    company.sync()
    assert listed(company) - before == usual


def test_what_has_an_impossible_date_is_read_by_its_detail(company: Company) -> None:
    title = company.add_title("receivable", value="100.00")
    company.sync()
    company.bling.edit_title(title, due=date(202, 12, 8))
    company.sync()
    company.bling.edit_title(title, value="120.00")
    company.sync()
    assert company.title(title).value == Decimal("120.00")
    company.bling.delete(title)
    for _ in range(2):
        company.sync()
    assert company.title(title).status == "deleted"


@pytest.mark.parametrize("years", [-MOST_YEARS_BACK, -15, -YEARS_BACK - 1, YEARS_AHEAD + 1, 36, MOST_YEARS_AHEAD])
@pytest.mark.some(3)
def test_the_weekly_sweep_lists_what_is_far(company: Company, years: int) -> None:
    company.sync()
    title = company.add_title("receivable", due=in_days(company.bling.world, 365 * years))
    company.sync(full=True)
    assert company.in_kamino("receivable", title) is not None


def test_the_sweep_costs_at_most_forty_requests_more(company: Company) -> None:
    before = listed(company)
    company.sync()
    first = listed(company) - before
    before = listed(company)
    company.sync(full=True)
    assert 0 < listed(company) - before - first <= 40


def test_a_start_long_ago_costs_no_sweep_its_requests(company: Company) -> None:
    company.sync()
    Tenant.objects.update(sync_from=date(202, 1, 1))
    before = listed(company)
    company.sync(full=True)
    assert listed(company) - before <= 100


def test_what_was_due_long_ago_is_listed_by_each_run_while_it_is_open(company: Company) -> None:
    title = company.add_title("receivable", due=in_days(company.bling.world, -365 * 12))
    company.sync()
    company.sync(full=True)
    company.bling.edit_title(title, value="77.00")
    before = details(company)
    company.sync()
    assert company.title(title).value == Decimal("77.00")
    assert details(company) - before == 1


def test_the_company_says_so(company: Company, client: Client, user: User) -> None:
    title = company.add_title("receivable")
    company.sync()
    client.force_login(user)
    url = f"/admin/integrations/tenant/{company.tenant.pk}/change/"
    assert "vencimentos improváveis" not in client.get(url).content.decode().lower()
    company.bling.edit_title(title, due=date(202, 12, 8))
    company.sync()
    page = client.get(url).content.decode()
    assert "1 título vence antes de" in page
