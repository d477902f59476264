"""Releasing what waits after a restore because no list tells what Kamino holds of it."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone

from integrations.models import BlingConnection, Posting, RestoreHold
from integrations.models.confidential import WHOLE
from integrations.pipeline.access import restores as database
from integrations.pipeline.desk.commands import set_ignored
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.desk.restores import Waiting, held_for_a_person, release, undelivered, waiting
from tests.flows.helpers import Company


@pytest.fixture
def titles(company: Company) -> list[int]:
    """Three receivables that a backup does not know to be sent (one has no category yet), and one that it knows."""
    sent = company.add_title("receivable", value="7.00")
    company.sync()
    ready = [company.add_title("receivable", value=value) for value in ("100.00", "200.00")]
    unmapped = company.add_title("receivable", value="50.00", category=company.bling.add_category("Outra", kind=3))
    database.after_restore(timezone.now())
    company.work()
    return [sent, *ready, unmapped]


def hold_of(direction: str = "receivable") -> RestoreHold:
    return RestoreHold.objects.get(RestoreHold.OPEN, direction=direction)


def let_go(user: User, seen: Waiting | None = None, reason: str = "Conferido na Kamino") -> None:
    hold = hold_of()
    release(hold=hold, seen=seen or waiting(hold, WHOLE), reason=reason, user=user, now=timezone.now())


def test_what_is_released_is_what_was_seen_and_is_sent(company: Company, titles: list[int], user: User) -> None:
    company.sync()
    assert [company.in_kamino("receivable", title) is not None for title in titles] == [True, False, False, False]
    assert waiting(hold_of(), WHOLE) == Waiting(3, Decimal("350.00"))
    assert Posting.objects.filter(held_for_a_person()).count() == 3
    let_go(user)
    company.work()
    assert [company.in_kamino("receivable", title) is not None for title in titles] == [True, True, True, False]
    ended = RestoreHold.objects.get(direction="receivable")
    assert (ended.released_by, ended.released_count, ended.released_total) == (user, 3, Decimal("350.00"))
    assert not Posting.objects.filter(held_for_a_person()).exists()


def test_what_a_person_left_out_is_not_released(company: Company, titles: list[int], user: User) -> None:
    company.sync()
    posting = company.posting(titles[1])
    set_ignored(posting=posting, ignored=True, reason="Já está lá", user=user, now=timezone.now())
    assert waiting(hold_of(), WHOLE) == Waiting(2, Decimal("250.00"))
    with pytest.raises(Refused) as refusal:
        let_go(user)
    assert refusal.value.code == "planning"
    company.work()
    let_go(user)
    company.work()
    assert company.in_kamino("receivable", titles[1]) is None
    assert company.in_kamino("receivable", titles[2]) is not None


def test_a_settlement_may_have_been_sent_too(company: Company, titles: list[int]) -> None:
    company.bling.pay(titles[0], account=company.bank)
    company.sync()
    writes = company.kamino.write_count
    assert company.posting(titles[0]).state == "ready"
    assert undelivered(hold_of()).filter(title__bling_id=titles[0]).exists()
    company.work()
    assert company.kamino.write_count == writes


@pytest.mark.parametrize("seen", ["count", "total"])
def test_other_titles_than_were_seen_are_not_released(
    company: Company, titles: list[int], user: User, seen: str
) -> None:
    company.sync()
    shown = waiting(hold_of(), WHOLE)
    other = replace(shown, count=shown.count + 1) if seen == "count" else replace(shown, total=shown.total + 1)
    with pytest.raises(Refused) as refusal:
        let_go(user, other)
    assert refusal.value.code == "changed"
    with pytest.raises(Refused):
        let_go(user, reason=" ")
    assert hold_of().released_by is None


def test_nothing_is_released_before_bling_and_kamino_were_read(company: Company, titles: list[int], user: User) -> None:
    """A title that Bling shows only now may have been sent in the lost time as well."""
    BlingConnection.objects.update(status="paused")
    database.after_restore(timezone.now())
    company.work()
    RestoreHold.objects.filter(RestoreHold.OPEN).update(looked_at=timezone.now())
    with pytest.raises(Refused) as refusal:
        let_go(user)
    assert refusal.value.code == "unread"
    BlingConnection.objects.update(status="connected")
    company.sync()
    RestoreHold.objects.filter(RestoreHold.OPEN).update(looked_at=None)
    with pytest.raises(Refused) as refusal:
        let_go(user)
    assert refusal.value.code == "unread"


def test_the_other_direction_goes_on(company: Company, titles: list[int]) -> None:
    payable = company.add_title("payable")
    company.sync()
    assert company.in_kamino("payable", payable) is not None
    assert not RestoreHold.objects.filter(RestoreHold.OPEN, ~Q(direction="receivable")).exists()


def test_a_list_that_can_be_read_later_ends_the_hold_by_itself(company: Company, titles: list[int]) -> None:
    company.bling.world.generous = True
    company.sync()
    database.after_restore(timezone.now())
    company.work()
    assert not RestoreHold.objects.filter(RestoreHold.OPEN).exists()
    assert company.in_kamino("receivable", titles[1]) is not None
