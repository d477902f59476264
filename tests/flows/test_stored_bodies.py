"""Bodies that an older version stored: a field more makes no title different, stuck, frozen or broken."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.domain import desired
from integrations.domain.delivery import DeliveryState
from integrations.domain.desired import DesiredTitle
from integrations.domain.persons import DesiredPerson
from integrations.models import PartPosting, PersonPosting, Posting, Title
from integrations.pipeline.handover.plan_requests import request_plans
from sandbox.world import World
from tests.flows.helpers import Company, in_days

SHOWN = {"colour": "blue"}


def colour() -> str:
    return SHOWN["colour"]


@dataclass(frozen=True)
class WiderTitle(DesiredTitle):
    VERSION: ClassVar[int] = 2

    colour: str = ""


@dataclass(frozen=True)
class WiderPerson(DesiredPerson):
    VERSION: ClassVar[int] = 2

    colour: str = field(default_factory=colour)


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Go on with a version whose bodies have one field more."""
    monkeypatch.setitem(SHOWN, "colour", "blue")

    def to_wider() -> None:
        for module in [module for name, module in sys.modules.items() if name.startswith("integrations.")]:
            for old, new in ((DesiredTitle, WiderTitle), (DesiredPerson, WiderPerson)):
                if getattr(module, old.__name__, None) is old:
                    monkeypatch.setattr(module, old.__name__, new)
        monkeypatch.setattr(desired, "DesiredTitle", lambda **values: WiderTitle(**values, colour=colour()))

    return to_wider


def plan_again(company: Company) -> None:
    request_plans(Title.objects.all(), now=timezone.now())
    company.work()


def writes(company: Company) -> int:
    return sum(count for call, count in company.kamino.calls.items() if not call.startswith("GET"))


def test_what_was_delivered_stays_so_and_nothing_is_written(company: Company, release: Callable[[], None]) -> None:
    paid, still_open = company.add_title("payable"), company.add_title("payable")
    company.bling.pay(paid, account=company.bank)
    company.sync()
    before = writes(company)
    assert before
    release()
    for _ in range(2):
        plan_again(company)
        company.sync(full=True)
        for bling_id in (paid, still_open):
            posting = company.posting(bling_id)
            assert (posting.state, posting.problems) == (DeliveryState.DELIVERED, [])
            assert posting.desired["colour"] == "blue"
        assert {person.state for person in PersonPosting.objects.all()} == {DeliveryState.DELIVERED}
        assert writes(company) == before


def test_a_change_of_the_new_field_is_seen_after_the_first_plan(company: Company, release: Callable[[], None]) -> None:
    title = company.add_title("payable")
    company.sync()
    before = writes(company)
    release()
    plan_again(company)
    SHOWN["colour"] = "red"
    plan_again(company)
    assert company.posting(title).delivered["colour"] == "red"
    assert writes(company) == before + 2  # the title and its person


def test_what_waited_is_planned_anew_before_it_is_sent(company: Company, release: Callable[[], None]) -> None:
    company.to_shadow()
    title = company.add_title("payable")
    company.sync()
    release()
    company.go_live()
    company.work()
    posting = company.posting(title)
    assert posting.state == DeliveryState.DELIVERED
    assert (posting.delivered["v"], posting.delivered["colour"]) == (2, "blue")
    assert company.in_kamino("payable", title) is not None


def test_a_part_goes_on_beside_its_title(
    company: Company, world: World, release: Callable[[], None], admin_user: User
) -> None:
    company.split_payments()
    title = company.add_title("payable")
    company.sync()
    company.kamino.reject_next("Não agora.", match=f"{title}-")
    company.bling.pay(title, amount="40.00", date=in_days(world, -4), account=company.bank)
    company.sync()
    assert PartPosting.objects.get().state == DeliveryState.NEEDS_HUMAN
    before = writes(company)
    release()
    plan_again(company)
    assert PartPosting.objects.get().state == DeliveryState.NEEDS_HUMAN
    assert writes(company) == before
    company.resync(title, admin_user)
    assert PartPosting.objects.get().state == DeliveryState.DELIVERED
    assert writes(company) == before + 1


def test_what_a_person_has_to_decide_is_not_sent_by_itself(company: Company, release: Callable[[], None]) -> None:
    title = company.add_title("payable")
    company.kamino.reject_next("Não.", match="pagamento")
    company.sync()
    reason = company.posting(title).reason
    before = writes(company)
    release()
    plan_again(company)
    assert (company.posting(title).state, company.posting(title).reason) == (DeliveryState.NEEDS_HUMAN, reason)
    assert writes(company) == before


def test_a_body_that_cannot_be_read_costs_one_title(company: Company) -> None:
    broken, title = company.add_title("payable"), company.add_title("payable")
    company.sync()
    company.bling.edit_title(title, value="90.00")
    person = company.title(broken).person
    PersonPosting.objects.filter(person=person).update(delivered={"code": "1"}, desired_fingerprint="other")
    plan_again(company)
    company.sync()
    unit = PersonPosting.objects.get(person=person)
    assert (unit.state, unit.reason) == (DeliveryState.NEEDS_HUMAN, "internal")
    assert company.in_kamino("payable", title)["ValorVencimento"] == Decimal("90.00")


def test_bodies_of_a_newer_version_are_read_without_what_only_it_knows(company: Company) -> None:
    title = company.add_title("payable")
    company.bling.pay(title, account=company.bank)
    company.sync()
    before = writes(company)
    for row in (*Posting.objects.all(), *PersonPosting.objects.all()):
        newer: dict[str, Any] = {"v": 3, "colour": "red"}
        body = {**row.delivered, **newer}
        type(row).objects.filter(pk=row.pk).update(
            desired=body, delivered=body, desired_fingerprint="newer", delivered_fingerprint="newer"
        )
    plan_again(company)
    posting = company.posting(title)
    assert (posting.state, posting.problems) == (DeliveryState.DELIVERED, [])
    assert posting.delivered["colour"] == "red"
    assert posting.delivered_fingerprint == posting.desired_fingerprint != "newer"
    assert PersonPosting.objects.get().desired_fingerprint != "newer"
    assert writes(company) == before
