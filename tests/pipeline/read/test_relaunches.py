"""Titles that are deleted and re-created while runs are under way or fail: Kamino holds each of them once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import SyncRun, Tenant, Title
from integrations.pipeline.desk.commands import request_resync
from integrations.pipeline.desk.deletions import confirm_deletions
from integrations.pipeline.read.steps import STEPS, listings
from integrations.pipeline.run import tick
from integrations.rest.errors import ConfigError
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company, payables


def last_state() -> str:
    return str(SyncRun.objects.latest("pk").state)


def once_before(monkeypatch: pytest.MonkeyPatch, name: str, action: Callable[[], Any]) -> None:
    """Do `action` right before a step of the next run."""
    [step] = [step for step in STEPS if step.name == name]
    original, done = step.advance, []

    def advancing(self: Any) -> bool:
        if not done:
            done.append(1)
            action()
        return bool(original(self))

    monkeypatch.setattr(step, "advance", advancing)


def once_after_a_page(monkeypatch: pytest.MonkeyPatch, action: Callable[[list[int]], Any]) -> None:
    """Do `action` with the ids of the next listing's first page, right after it was read."""
    original, done = listings.read_listing_page, []

    def reading(*args: Any) -> Any:
        found = original(*args)
        if not done:
            done.append(1)
            action([row.bling_id for row in found[0]])
        return found

    monkeypatch.setattr(listings, "read_listing_page", reading)


def revoked() -> None:
    raise ConfigError("revoked", service="Bling")


def test_the_old_title_is_resynced_while_the_run_is_under_way(
    company: Company, contact: int, monkeypatch: pytest.MonkeyPatch, django_user_model: Any
) -> None:
    old = company.add_title("payable", contact=contact, value="345.67")
    company.sync()
    company.bling.relaunch(old)
    user = django_user_model.objects.create_user("staff")

    def resync() -> None:
        request_resync(titles=Title.objects.filter(bling_id=old), user=user, now=timezone.now())
        tick.serve_people(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=20))

    once_before(monkeypatch, "details", resync)
    company.sync()
    assert payables(company) == 1


def test_it_is_launched_again_and_paid_between_two_listings(
    company: Company, contact: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = company.add_title("payable", contact=contact, value="345.67")
    company.sync()
    once_after_a_page(
        monkeypatch, lambda _ids: company.bling.pay(company.bling.relaunch(old), account=company.bank)
    )  # fmt: skip
    company.sync()
    assert payables(company) == 1


def test_it_is_launched_again_between_two_pages(
    company: Company, contact: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    titles = [company.add_title("payable", contact=contact, value=f"{100 + number}.00") for number in range(105)]
    company.sync()
    once_after_a_page(monkeypatch, lambda ids: company.bling.relaunch(next(id for id in titles if id in ids)))
    company.sync()
    company.sync()
    assert payables(company) == 105


def test_the_first_run_failed_before_the_second_found_it_launched_again(
    company: Company, contact: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = company.add_title("payable", contact=contact, value="345.67")
    once_before(monkeypatch, "gone", revoked)
    company.sync()
    assert (last_state(), payables(company)) == ("failed", 1)
    company.bling.relaunch(old)
    company.sync()
    assert (last_state(), payables(company)) == ("done", 1)


def test_a_new_title_that_vanished_before_its_release_is_never_sent(
    company: Company, contact: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.add_title("payable", contact=contact, value="1.00")
    company.sync()
    fresh = company.add_title("payable", contact=contact, value="999.00")
    once_before(monkeypatch, "gone", revoked)
    company.sync()
    new = company.bling.relaunch(fresh)
    company.sync()
    assert company.in_kamino("payable", fresh) is None
    assert company.in_kamino("payable", new) is not None
    assert payables(company) == 2


@pytest.mark.long
@pytest.mark.long
def test_look_alikes_in_two_batches_of_many_break_no_run(company: Company, contact: int) -> None:
    values = [f"{100 + number}.00" for number in range(59)] + ["100.00"]
    titles = [company.add_title("payable", contact=contact, value=value) for value in values]
    company.sync()
    for bling_id in titles[:59]:
        company.bling.relaunch(bling_id)
    company.bling.delete(titles[59])
    company.sync()
    assert last_state() == "done"
    assert payables(company) == 60


def test_deletions_are_confirmed_once(company: Company, contact: int, django_user_model: Any) -> None:
    titles = [company.add_title("payable", contact=contact, value=f"{100 + number}.00") for number in range(8)]
    company.sync()
    for bling_id in titles[:7]:
        company.bling.delete(bling_id)
    company.sync()
    assert last_state() == "failed"
    user = django_user_model.objects.create_user("staff")
    confirm_deletions(connection=company.connection, counted=7, user=user, now=timezone.now())
    company.work()
    company.sync()
    assert last_state() == "done"


def test_what_was_unclear_and_is_launched_again_stays_unclear(company: Company, contact: int) -> None:
    old = [company.add_title("payable", contact=contact, value="50.00") for _ in range(2)]
    company.sync()
    new = company.bling.relaunch(old[0])
    company.bling.delete(old[1])
    for _ in range(3):
        company.sync()
    newest = company.bling.relaunch(new)
    company.sync()
    assert company.problems(newest) == ["relaunch_unclear"]
    assert payables(company) == 2


def test_a_bill_that_was_deleted_days_ago_and_entered_again_keeps_its_title(company: Company, contact: int) -> None:
    old = company.add_title("payable", contact=contact, value="345.67")
    company.sync()
    company.bling.delete(old)
    company.sync()
    company.sync()
    assert company.problems(old) == ["deleted_in_bling"]
    new = company.add_title("payable", contact=contact, value="345.67")
    company.sync()
    assert payables(company) == 1
    assert company.in_kamino("payable", new) is not None


def test_a_lost_title_that_comes_back_is_seen(company: Company, contact: int) -> None:
    Tenant.objects.filter(pk=company.tenant.pk).update(cancel_deleted=True)
    title = company.add_title("payable", contact=contact, value="250.00")
    company.sync()
    kept = company.bling.titles[title]
    company.bling.delete(title)
    company.sync()
    company.sync()
    assert company.title(title).status == "deleted"
    company.bling.titles[title] = kept
    company.bling.touch()
    company.sync()
    assert company.title(title).status == "open"
    assert company.problems(title) == ["reopened_after_cancellation"]


def test_a_title_that_cannot_be_read_keeps_its_look_alike_waiting(company: Company, contact: int, world: World) -> None:
    old = company.add_title("payable", contact=contact, value="345.67")
    company.sync()
    new = company.bling.relaunch(old)
    world.faults.add(Fault(side="bling", kind="500", method="GET", path=f"/contas/pagar/{old}", times=8))
    company.sync()
    assert last_state() == "done"
    assert payables(company) == 1
    assert company.problems(new) == ["relaunch_unclear"]
