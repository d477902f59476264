"""What is gone in Bling: only what Bling says is not there, and no list shows."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.domain.delivery import DeliveryState
from integrations.models import SyncRun, Tenant, TitleRead
from integrations.pipeline.desk.deletions import confirm_deletions, deletions_to_confirm
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company, in_days, payables

GATEWAY = {"message": "no Route matched with those values"}
OWN = {"error": {"type": "RESOURCE_NOT_FOUND", "message": "O recurso requisitado não foi encontrado."}}
NOTHING: dict[str, Any] = {"data": []}
PATHS = {"payable": "/contas/pagar", "receivable": "/contas/receber"}
BOTH = pytest.mark.parametrize("direction", list(PATHS))


@pytest.fixture
def company(company: Company) -> Company:
    """A company that cancels in Kamino what Bling deleted."""
    Tenant.objects.update(cancel_deleted=True)
    return company


def answer(world: World, path: str, status: int, body: Any, times: int = 10_000, asks: str = "") -> None:
    world.faults.add(Fault("bling", "answer", "GET", path, times, status=status, answer=json.dumps(body), asks=asks))


def last() -> SyncRun:
    """Return the run that ended last; one that is tried again may wait after it."""
    return SyncRun.objects.exclude(state=SyncRun.State.OPEN).latest("pk")


def change(company: Company, titles: list[int]) -> None:
    for number, title in enumerate(titles):
        company.bling.edit_title(title, due=in_days(company.bling.world, 20 + number))


@pytest.mark.parametrize(
    ("direction", "status", "body"),
    [("payable", 404, GATEWAY), ("payable", 404, OWN), ("receivable", 404, OWN), ("payable", 200, NOTHING)],
)
@pytest.mark.some(4)
def test_what_a_listing_shows_is_never_gone(
    company: Company, world: World, direction: str, status: int, body: Any
) -> None:
    titles = [company.add_title(direction) for _ in range(2)]
    company.sync()
    answer(world, f"{PATHS[direction]}/", status, body)
    for _ in range(2):
        change(company, titles)
        company.forget_waits()
        company.sync()
        assert last().state == SyncRun.State.DONE
        assert {note["bling_id"] for note in last().failure_notes} == set(titles)
    assert {company.title(title).status for title in titles} == {"open"}
    assert len(company.kamino.titles(direction)) == 2
    world.faults.clear()
    company.forget_waits()
    company.sync()
    assert {company.posting(title).state for title in titles} == {DeliveryState.DELIVERED}
    assert last().failures == 0


def test_a_404_that_is_not_bling_s_deletes_nothing_though_no_listing_shows_the_title(
    company: Company, world: World
) -> None:
    """A gateway that answers for Bling has said nothing."""
    title = company.add_title("payable")
    company.sync()
    company.bling.give_back(title, partly=True)  # a status that no filter finds
    answer(world, f"/contas/pagar/{title}", 404, GATEWAY)
    for _ in range(2):
        company.forget_waits()
        company.sync()
    assert (company.title(title).status, payables(company)) == ("open", 1)


@BOTH
def test_a_deleted_title_whose_detail_shows_nothing_is_gone(company: Company, world: World, direction: str) -> None:
    title = company.add_title(direction)
    company.sync()
    company.bling.delete(title)
    answer(world, f"{PATHS[direction]}/{title}", 200, NOTHING)
    company.sync()
    assert company.title(title).status == "open"
    company.sync()
    assert company.title(title).status == "deleted"
    assert company.in_kamino(direction, title) is None


@BOTH
def test_an_empty_detail_proves_nothing_while_a_list_of_its_contact_shows_the_title(
    company: Company, world: World, direction: str
) -> None:
    """No listing of a partial run shows what was confirmed."""
    title = company.add_title(direction)
    company.sync()
    company.bling.edit_title(title, status=7)
    answer(world, f"{PATHS[direction]}/{title}", 200, NOTHING)
    for _ in range(3):
        company.sync()
        assert {note["bling_id"] for note in last().failure_notes} == {title}
    assert company.title(title).status == "open"
    assert company.in_kamino(direction, title) is not None


def test_few_deletions_wait_for_a_person_where_others_contradict_the_listings(
    company: Company, world: World, user: User
) -> None:
    titles = [company.add_title("payable") for _ in range(10)]
    company.sync()
    for title in titles[:2]:
        company.bling.delete(title)
    change(company, titles[2:4])
    for title in titles[2:4]:
        answer(world, f"/contas/pagar/{title}", 404, OWN)
    for _ in range(3):
        company.sync()
    assert last().failure["code"] == "many_missing"
    assert {company.title(title).status for title in titles} == {"open"}
    counted = deletions_to_confirm(company.connection)
    assert counted == 4
    confirm_deletions(connection=company.connection, counted=counted, user=user, now=timezone.now())
    company.work()
    company.sync()
    assert [company.title(title).status for title in titles[:4]] == ["deleted", "deleted", "open", "open"]
    assert payables(company) == 8


def test_one_that_was_deleted_while_the_run_read_stops_nobody(company: Company, world: World) -> None:
    titles = [company.add_title("payable") for _ in range(5)]
    company.sync()
    company.bling.delete(titles[0])
    change(company, titles[1:2])
    answer(world, f"/contas/pagar/{titles[1]}", 404, OWN)
    company.sync()
    company.sync()
    assert [company.title(title).status for title in titles[:2]] == ["deleted", "open"]


@pytest.mark.some(9)
@pytest.mark.parametrize("status", [7, 4, 6, 9])
@BOTH
def test_a_title_of_any_status_that_was_deleted_is_noticed(company: Company, direction: str, status: int) -> None:
    title, other = (company.add_title(direction) for _ in range(2))
    company.sync()
    for bling_id in (title, other):
        company.bling.edit_title(bling_id, status=status)
    company.sync(full=True)
    company.bling.delete(title)
    company.sync()
    assert company.title(title).status != "deleted"
    company.sync(full=True)
    assert company.title(title).status != "deleted"
    company.sync()
    assert (company.title(title).status, company.title(other).status_number) == ("deleted", status)
    if status == 7:
        assert company.in_kamino(direction, title) is None
    assert company.title(other).missing_runs == 0


@BOTH
def test_a_title_deleted_long_after_its_payment_is_noticed_by_the_next_sweep(company: Company, direction: str) -> None:
    Tenant.objects.update(sync_from=in_days(company.bling.world, -300), settled_from=in_days(company.bling.world, -300))
    title, other = (company.add_title(direction) for _ in range(2))
    for bling_id in (title, other):
        company.bling.pay(bling_id, date=in_days(company.bling.world, -80), account=company.bank)
    company.sync()
    company.bling.delete(title)
    company.sync()
    assert company.title(title).status == "settled"
    details = company.bling.calls["GET " + PATHS[direction] + "/{id}"]
    company.sync(full=True)
    assert company.bling.calls["GET " + PATHS[direction] + "/{id}"] == details + 1
    assert company.problems(title) == ["deleted_in_bling"]
    assert (company.posting(title).state, company.title(other).status) == (DeliveryState.NEEDS_HUMAN, "settled")
    assert company.in_kamino(direction, title) is not None


@BOTH
def test_a_settled_title_that_a_person_asked_for_and_bling_lacks_is_confirmed_by_the_next_runs(
    company: Company, user: User, direction: str
) -> None:
    """Its page says so; only the weekly sweep looked for what is settled."""
    Tenant.objects.update(sync_from=in_days(company.bling.world, -300), settled_from=in_days(company.bling.world, -300))
    title = company.add_title(direction, due=in_days(company.bling.world, -85))
    company.bling.pay(title, date=in_days(company.bling.world, -80), account=company.bank)
    company.sync()
    company.bling.delete(title)
    company.resync(title, user)
    assert company.title(title).status == "settled"
    company.sync()
    company.sync()
    assert company.title(title).status == "deleted"
    assert company.problems(title) == ["deleted_in_bling"]
    assert company.posting(title).state == DeliveryState.NEEDS_HUMAN
    assert company.in_kamino(direction, title) is not None


def test_a_settled_title_without_payments_is_believed_deleted_only_by_two_runs(company: Company) -> None:
    """It is open in Kamino, and would be cancelled there."""
    title = company.add_title("payable")
    company.sync()
    company.bling.edit_title(title, status=2)
    company.sync(full=True)
    company.bling.delete(title)
    company.sync(full=True)
    assert (company.title(title).status, payables(company)) == ("settled", 1)
    company.sync()
    assert (company.title(title).status, payables(company)) == ("deleted", 0)
    assert TitleRead.objects.filter(is_doubted=True).count() == 0
