"""Absence: a row that slips past moving pages is not believed gone, and nothing is created a second time."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.domain.delivery import DeliveryState
from integrations.domain.desired import KaminoStatus
from integrations.domain.reasons import Reason
from integrations.models import (
    Attempt,
    Discrepancy,
    KaminoConnection,
    KaminoSnapshot,
    ListedSpan,
    PersonPosting,
    Posting,
)
from sandbox.faults import Fault
from sandbox.kamino.fields import PENDING
from sandbox.world import World
from tests.flows.checks import check
from tests.flows.helpers import Company, payables

LIST = "/financeiro/pagamento"


@pytest.fixture
def crowd(company: Company, settings: Any) -> date:
    """A day with a hundred payables of Kamino's own, which come first in each list of it."""
    KaminoConnection.objects.update(lists_are_complete=True)
    settings.UNCERTAIN_WAIT_SECONDS = 3600
    day: date = company.bling.world.today + timedelta(days=10)
    person = company.kamino.add_person("Outra pessoa")
    for _ in range(100):
        company.kamino.add_title("payable", person, "1.00", day, "Digitado à mão")
    return day


def shift(world: World, times: int = 1, path: str = LIST) -> None:
    """Let somebody delete a row of the first page whenever a further one is read."""
    world.faults.add(Fault(side="kamino", kind="page_shift", path=path, times=times))


def look_up(company: Company, times: int = 2) -> None:
    for _ in range(times):
        company.forget_waits()
        company.work()


def lose(company: Company, world: World, title: int, method: str = "DELETE", kind: Any = "cut_before") -> None:
    world.faults.add(Fault(side="kamino", kind=kind, method=method, path=LIST))
    company.sync()
    assert company.posting(title).state == DeliveryState.UNCERTAIN


def cancelled(company: Company, world: World, due: date, kind: Any = "cut_before") -> int:
    """Return a title whose cancellation was sent, and not answered."""
    title = company.add_title("payable", due=due)
    company.sync()
    company.bling.cancel(title)
    lose(company, world, title, kind=kind)
    return title


@pytest.mark.some(3, drawn=3)
@pytest.mark.parametrize("times", [1, 2, 9])
def test_a_cancellation_that_did_not_happen_is_not_believed(
    company: Company, world: World, crowd: date, times: int
) -> None:
    """The payable stayed payable for ever."""
    title = cancelled(company, world, crowd)
    shift(world, times)
    look_up(company, times=1)
    assert company.posting(title).get_delivered().status is KaminoStatus.PENDING
    look_up(company, times + 2)
    assert company.in_kamino("payable", title) is None, "it was seen there, and cancelled again"
    assert company.posting(title).state == DeliveryState.DELIVERED


@pytest.mark.some(3)
@pytest.mark.parametrize("days", [60, 4000, -900])
def test_a_title_that_was_moved_far_away_is_not_believed_cancelled(
    company: Company, world: World, crowd: date, days: int
) -> None:
    title = cancelled(company, world, crowd)
    row = company.in_kamino("payable", title)
    company.kamino.edit_title("payable", row["ID"], DataVencimento=crowd + timedelta(days=days))
    look_up(company, 3)
    posting = company.posting(title)
    row = company.in_kamino("payable", title)
    assert (row is None) == (posting.get_delivered().status is KaminoStatus.CANCELLED)
    assert row is None or (row["Situacao"], posting.state) == (PENDING, DeliveryState.NEEDS_HUMAN)


def test_a_cancellation_that_happened_is_believed(company: Company, world: World, crowd: date) -> None:
    title = cancelled(company, world, crowd, kind="cut_after")
    look_up(company)
    posting = company.posting(title)
    assert (posting.state, posting.get_delivered().status) == (DeliveryState.DELIVERED, KaminoStatus.CANCELLED)
    assert Attempt.objects.filter(posting=posting, operation="cancel").count() == 1


def restore(title: int) -> None:
    """Let the database be restored from before a title was sent, but not from before Kamino's lists showed it."""
    Attempt.objects.all().delete()
    ListedSpan.objects.all().delete()
    blank: dict[str, Any] = {"kamino_id": None, "delivered": None, "delivered_fingerprint": "", "state": "ready"}
    Posting.objects.filter(title__bling_id=title).update(**blank)


@pytest.mark.some(6, drawn=3)
@pytest.mark.parametrize("keeps_rows", [True, False], ids=["rows of the last comparison", "no rows"])
@pytest.mark.parametrize("times", [1, 2, 9])
def test_a_restored_title_is_not_created_a_second_time(
    company: Company, world: World, crowd: date, keeps_rows: bool, times: int
) -> None:
    title = company.add_title("payable", due=crowd)
    company.sync()
    KaminoConnection.objects.update(reconciled_at=timezone.now() - timedelta(days=1))
    company.work()
    restore(title)
    if not keeps_rows:
        KaminoSnapshot.objects.all().delete()
    shift(world, times)
    company.work()
    look_up(company, times)
    assert company.in_kamino("payable", title) is not None
    assert company.posting(title).state in (DeliveryState.DELIVERED, DeliveryState.NEEDS_HUMAN)


def test_a_title_on_a_second_page_is_not_called_gone_when_it_is_changed(
    company: Company, world: World, crowd: date
) -> None:
    title = company.add_title("payable", due=crowd)
    company.sync()
    company.forget_snapshots()
    company.bling.edit_title(title, value=250)
    shift(world)
    company.sync()
    assert company.posting(title).reason != Reason.GONE_FROM_KAMINO
    look_up(company)
    assert company.in_kamino("payable", title)["ValorVencimento"] == 250


def test_a_person_on_a_second_page_is_not_created_a_second_time(
    company: Company,
    world: World,
) -> None:
    documents = ["11444777000161", "04252011000110", "11222333000181"]
    for number in range(100):
        company.kamino.add_person(f"Pessoa {number}")
    for document in documents:
        company.kamino.add_person("Fornecedor", document)
    for document in documents:
        contact = company.bling.add_contact(name="Fornecedor", document=document, kind="J")
        company.add_title("payable", contact=contact)
    shift(world, path="/pessoa")
    company.sync()
    company.sync()
    assert not PersonPosting.objects.exclude(state="delivered").exists()
    check(company)
    assert len(company.kamino.persons) == 103


@pytest.mark.long
def test_a_second_contact_waits_while_its_document_is_created(company: Company, world: World, settings: Any) -> None:
    settings.UNCERTAIN_WAIT_SECONDS = 3600
    titles = []
    for name in ("Fornecedor", "Fornecedor (filial)"):
        contact = company.bling.add_contact(name=name, document="11444777000161", kind="J")
        titles.append(company.add_title("payable", contact=contact))
    world.faults.add(Fault(side="kamino", kind="cut_before", method="POST", path="/pessoa"))
    company.sync_once_without_lookup()
    company.work(waits=False)
    assert sorted(PersonPosting.objects.values_list("state", flat=True)) == ["ready", "uncertain"]
    for _ in range(4):
        company.forget_waits()
        company.work(waits=False)
    check(company)
    assert payables(company) == 2


@pytest.mark.long
def test_a_first_load_costs_at_most_a_tenth_more(company: Company, contact: int) -> None:
    """One reading of a due date serves all creations of that day."""
    KaminoConnection.objects.update(lists_are_complete=True)
    company.add_title("payable", contact=contact)
    company.sync()
    today, titles, days = company.bling.world.today, 50, 3
    for number in range(titles):
        company.add_title("payable", contact=contact, due=today + timedelta(days=20 + number % days))
    before = sum(company.kamino.calls.values())
    company.sync()
    assert payables(company) == titles + 1
    assert sum(company.kamino.calls.values()) - before <= 1.1 * titles


def test_a_reading_does_not_serve_after_a_write_that_nobody_knows_of(
    company: Company, world: World, contact: int, settings: Any
) -> None:
    settings.UNCERTAIN_WAIT_SECONDS = 3600
    KaminoConnection.objects.update(lists_are_complete=True)
    lost = company.add_title("payable", contact=contact)
    lose(company, world, lost, method="POST", kind="cut_before")
    other = company.add_title("payable", contact=contact)
    reads = company.kamino.calls[f"GET {LIST}/lista/paginada"]
    company.sync()
    assert company.in_kamino("payable", other) is not None
    assert company.kamino.calls[f"GET {LIST}/lista/paginada"] > reads


def test_of_many_that_no_page_showed_only_those_asked_for_are_called_missing(
    company: Company, crowd: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten due dates were asked for again; whatever else slipped past was called missing."""
    monkeypatch.setattr("integrations.pipeline.compare.reconcile.MOST_LOOKS", 3)
    titles = [company.add_title("payable", due=crowd + timedelta(days=number)) for number in range(8)]
    company.sync()
    for title in titles:
        company.kamino.delete_title("payable", company.in_kamino("payable", title)["ID"])
    person = company.kamino.add_person("Mais alguém")
    company.kamino.add_title("payable", person, "1.00", crowd, "À mão")
    for expected in (3, 6, 8, 8):
        KaminoConnection.objects.update(reconciled_at=timezone.now() - timedelta(days=1), reconcile_cursor={})
        company.work()
        assert Discrepancy.objects.filter(kind="missing_in_kamino", closed_at=None).count() == expected


@pytest.mark.parametrize("due", [date(9999, 12, 31), date(9999, 12, 20), date(1900, 1, 1)], ids=str)
@pytest.mark.some(3)
def test_legal_far_dates_work_everywhere(company: Company, world: World, settings: Any, user: User, due: date) -> None:
    """They overflowed: in the look before a creation, and in each look-up, for ever."""
    settings.UNCERTAIN_WAIT_SECONDS = 3600
    title = company.add_title("payable", due=due)
    lose(company, world, title, method="POST", kind="cut_after")
    look_up(company)
    assert company.posting(title).state == DeliveryState.DELIVERED
    company.forget_snapshots()
    company.bling.pay(title, account=company.bank)
    lose(company, world, title, method="POST", kind="cut_after")
    look_up(company)
    assert company.posting(title).state == DeliveryState.DELIVERED
    restore(title)
    company.work()
    check(company)
