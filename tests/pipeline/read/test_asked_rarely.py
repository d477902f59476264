"""What Bling no longer has is asked for ever more rarely, and its 404s stop nobody."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone

from integrations.domain.absence import ask_again_at
from integrations.models import Breaker, GoneInBling, Person, Tenant, Title, TitleRead
from integrations.pipeline.access.rate_limits import DatabaseSlots, Fuse
from integrations.rest.errors import ApiError, NotFoundError, RejectedError
from tests.flows.helpers import Company


@pytest.fixture
def user(transactional_db: None) -> User:
    return User.objects.create_user("maria")


def asked(company: Company, word: str, act: Callable[[], Any] | None = None) -> int:
    """Sync (or act), and return how many single objects of a kind Bling was asked for."""

    def count() -> int:
        return sum(calls for name, calls in company.bling.calls.items() if f"/{word}/" in name)

    before = count()
    company.forget_waits()
    (act or company.sync)()
    return count() - before


def days_pass(days: float) -> None:
    """Let what was read and asked be so many days older."""
    span = timedelta(days=days)
    GoneInBling.objects.update(asked_at=F("asked_at") - span, since=F("since") - span)
    TitleRead.objects.update(read_at=F("read_at") - span)
    Title.objects.update(changed_at=F("changed_at") - span)


def test_the_pauses_grow() -> None:
    since = timezone.now()
    at, hours = since, []
    for _ in range(8):
        at = ask_again_at(since, at)
        hours.append((at - since) / timedelta(hours=1))
    assert hours == [1, 2, 4, 8, 16, 32, 64, 128]


def test_a_deleted_title_that_waits_for_a_person_is_asked_for_at_a_falling_rhythm(company: Company, user: User) -> None:
    Tenant.objects.update(cancel_deleted=False)
    titles = [company.add_title("payable", value=f"{number}.00") for number in range(1, 4)]
    company.sync()
    kept = company.bling.titles[titles[0]]
    for title in titles:
        company.bling.delete(title)
    company.sync()
    company.sync()
    assert {company.posting(title).reason for title in titles} == {"deleted_in_bling"}
    assert [asked(company, "pagar") for _ in range(3)] == [0, 0, 0]
    days_pass(1)
    assert [asked(company, "pagar") for _ in range(2)] == [3, 0]
    assert asked(company, "pagar", lambda: company.resync(titles[1], user)) == 1, "a person asks"
    company.bling.titles[titles[0]] = kept
    company.bling.touch()
    assert asked(company, "pagar") == 1, "the listing shows it again"
    assert company.title(titles[0]).status == "open"


def test_a_contact_that_bling_no_longer_has(company: Company, user: User) -> None:
    contact = company.bling.add_contact(name="Sol", document="11.222.333/0001-81", kind="J")
    title = company.add_title("payable", contact=contact)
    gone = company.bling.contacts.pop(contact)
    assert asked(company, "contatos") > 0
    assert company.problems(title) == ["person_unread"]
    assert [asked(company, "contatos") for _ in range(2)] == [0, 0]
    assert asked(company, "contatos", lambda: company.resync(title, user)) >= 1
    company.bling.contacts[contact] = gone
    company.bling.touch()
    days_pass(1)
    company.sync()
    assert company.in_kamino("payable", title) is not None
    assert not GoneInBling.objects.exists()


def test_a_changed_contact_that_was_deleted(company: Company) -> None:
    contact = company.bling.add_contact(name="Sol", document="11.222.333/0001-81", kind="J")
    company.add_title("payable", contact=contact)
    company.sync()
    company.bling.contacts.pop(contact)
    Person.objects.filter(bling_id=contact).update(is_stale=True)
    assert [asked(company, "contatos") for _ in range(3)] == [1, 0, 0]
    days_pass(1)
    assert [asked(company, "contatos") for _ in range(2)] == [1, 0]


def test_a_bordero_that_bling_no_longer_has(company: Company) -> None:
    title = company.add_title("payable")
    company.sync()
    company.bling.pay(title, account=company.bank)
    [bordero] = company.bling.titles[title].borderos
    gone = company.bling.borderos.pop(bordero)
    assert asked(company, "borderos") == 1
    assert [asked(company, "borderos") for _ in range(2)] == [0, 0]
    company.bling.borderos[bordero] = gone
    company.bling.touch()
    days_pass(1)
    company.sync()
    assert company.in_kamino("payable", title)["Situacao"] == 2


def test_a_payment_that_bling_did_not_show_once_is_there_within_the_hour(company: Company) -> None:
    """It lists the title as paid before it shows the borderô: nobody must pay it in Kamino meanwhile."""
    company.sync()
    title = company.add_title("payable")
    company.sync()
    company.bling.pay(title, account=company.bank)
    [bordero] = company.bling.titles[title].borderos
    late = company.bling.borderos.pop(bordero)
    company.sync()
    company.bling.borderos[bordero] = late
    company.bling.touch()
    days_pass(1 / 24)
    company.sync()
    assert company.in_kamino("payable", title)["Situacao"] == 2


@pytest.mark.parametrize(("error", "opens"), [(NotFoundError("gone"), False), (RejectedError("no"), True)])
@pytest.mark.django_db
@pytest.mark.long
def test_that_an_object_is_gone_opens_no_breaker(error: ApiError, opens: bool) -> None:
    slots = DatabaseSlots(lambda: [("conta", timedelta(0))], clock=timezone.now, fuse=Fuse("endereco", 3, (ApiError,)))
    for _ in range(5):
        slots.note(error)
    assert Breaker.objects.is_open("endereco", timezone.now()) is opens
