"""Kamino's numbered pages move while they are read: what slipped past is asked for again, and is not called missing."""

from datetime import timedelta

import pytest

from integrations.models import Discrepancy, KaminoConnection, Posting
from integrations.pipeline.compare import reconcile
from sandbox.faults import Fault
from tests.flows.helpers import Company
from tests.pipeline.compare.test_discrepancy_kinds import compare_again


@pytest.fixture
def second_page(company: Company) -> int:
    """A title of ours that begins the second page of Kamino's list."""
    company.bling.world.generous = True
    KaminoConnection.objects.update(lists_are_complete=True)
    person = company.kamino.add_person("Outra pessoa")
    day = company.bling.world.today + timedelta(days=90)
    for _ in range(100):
        company.kamino.add_title("payable", person, "1.00", day, "Digitado à mão")
    title = company.add_title("payable")
    company.sync()
    return title


def missing() -> int:
    return Discrepancy.objects.filter(kind="missing_in_kamino", closed_at=None).count()


def shift(company: Company) -> None:
    company.bling.world.faults.add(Fault(side="kamino", kind="page_shift", path="/financeiro/pagamento", times=1))


def test_a_title_that_moved_past_the_pages_is_not_missing(company: Company, second_page: int) -> None:
    shift(company)
    compare_again(company)
    assert not company.bling.world.faults.armed, "the page was shifted"
    assert missing() == 0


def test_one_that_is_gone_still_is(company: Company, second_page: int) -> None:
    company.kamino.delete_title("payable", company.in_kamino("payable", second_page)["ID"])
    calls = sum(company.kamino.calls.values())
    compare_again(company)
    assert missing() == 1
    assert sum(company.kamino.calls.values()) - calls < 20


def test_many_gone_ones_cost_few_requests(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "MOST_LOOKS", 3)
    company.bling.world.generous = True
    today = company.bling.world.today
    titles = [company.add_title("payable", due=today + timedelta(days=number)) for number in range(6)]
    company.sync()
    for title in titles:
        company.kamino.delete_title("payable", company.in_kamino("payable", title)["ID"])
    compare_again(company)
    assert missing() == 6


def test_what_is_known_of_one_that_slipped_past_stays(
    company: Company, second_page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.kamino.pay_title("payable", company.in_kamino("payable", second_page)["ID"])
    compare_again(company)
    monkeypatch.setattr(reconcile, "MOST_LOOKS", 0)  # and nobody looks for it again
    shift(company)
    compare_again(company)
    assert not company.bling.world.faults.armed
    Posting.objects.update(is_review_due=True)
    company.work()
    assert Discrepancy.objects.filter(kind="settled_only_in_kamino", closed_at=None).count() == 1
