"""Look-ups that do not end: one that keeps failing reaches a person, one with many pages goes on where it stopped."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.domain.delivery import DeliveryState
from integrations.domain.reasons import Reason
from integrations.models import Attempt, KaminoConnection, KaminoSnapshot, ListedSpan, PersonPosting, Posting
from integrations.pipeline.access.clients import open_kamino
from integrations.pipeline.deliver.resolve import resolve
from integrations.words.reasons import sentence
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company

SAVE = "/financeiro/pagamento"
LIST = f"GET {SAVE}/lista/paginada"


@pytest.fixture(autouse=True)
def patient(settings: Any) -> None:
    settings.UNCERTAIN_WAIT_SECONDS = 3600


def lose(company: Company, world: World, kind: Any = "cut_after", **options: Any) -> int:
    """Create a payable whose answer is lost."""
    title = company.add_title("payable", **options)
    world.faults.add(Fault(side="kamino", kind=kind, method="POST", path=SAVE))
    company.sync()
    assert company.posting(title).state == DeliveryState.UNCERTAIN
    return title


def refuse_keys(company: Company) -> None:
    company.kamino.hash = "revogada"


def hide_an_id(company: Company) -> None:
    person = company.kamino.add_person("Outra pessoa")
    theirs = company.kamino.add_title(
        "payable", person, "5.00", company.bling.world.today + timedelta(days=12), "À mão"
    )
    company.kamino.odd_rows["payable", theirs] = {"ID": None}
    company.kamino.deleted.add(("payable", company.kamino.titles("payable")[0]["ID"]))
    company.kamino.touch()


def answer_nonsense(company: Company) -> None:
    company.kamino.odd_envelope = {"Dados": "nada"}


FAILURES = {
    refuse_keys: Reason.ACCESS_REFUSED,
    hide_an_id: Reason.LIST_INCOMPLETE,
    answer_nonsense: Reason.LIST_FAILED,
}


@pytest.mark.some(3)
@pytest.mark.parametrize(("fail", "why"), FAILURES.items(), ids=lambda it: getattr(it, "__name__", ""))
def test_one_that_keeps_failing_reaches_a_person(company: Company, world: World, fail: Any, why: Reason) -> None:
    title = lose(company, world)
    fail(company)
    for _ in range(3):
        company.forget_waits()
        company.work()
        assert company.posting(title).state == DeliveryState.UNCERTAIN
        began = company.posting(title).look_began_at
    Posting.objects.update(look_began_at=began - timedelta(hours=6))
    ListedSpan.objects.all().delete()  # six hours ago, none of them was there
    company.forget_waits()
    company.work()
    posting = company.posting(title)
    assert (posting.state, posting.reason) == (DeliveryState.NEEDS_HUMAN, Reason.LOOK_UP_FAILED)
    assert posting.reason_params["why"] == why
    assert sentence(posting.get_reason())
    assert posting.attempts.get().outcome == "uncertain", "it is looked up again before it is sent again"


def test_one_of_a_person_does_too(company: Company, world: World) -> None:
    contact = company.bling.add_contact(name="Fornecedor", document="11444777000161", kind="J")
    company.add_title("payable", contact=contact)
    world.faults.add(Fault(side="kamino", kind="cut_after", method="POST", path="/pessoa"))
    company.sync()
    refuse_keys(company)
    company.forget_waits()
    company.work()
    PersonPosting.objects.update(look_began_at=timezone.now() - timedelta(hours=7))
    company.forget_waits()
    company.work()
    assert PersonPosting.objects.get().reason == Reason.LOOK_UP_FAILED


def test_the_second_look_up_has_its_own_time(company: Company, world: World) -> None:
    KaminoConnection.objects.update(lists_are_complete=True)
    title = lose(company, world, kind="cut_before")
    company.forget_waits()
    company.work()
    assert (company.posting(title).lookups, company.posting(title).look_began_at) == (1, None)


def crowd(company: Company, titles: int) -> None:
    person, today = company.kamino.add_person("Outra pessoa"), company.bling.world.today
    for number in range(titles):
        company.kamino.add_title("payable", person, "1.00", today + timedelta(days=number % 40 - 15), "À mão")


def test_one_that_runs_out_of_time_goes_on_where_it_stopped(company: Company, world: World) -> None:
    """It read every page again, and again, until its lease was over."""
    crowd(company, 450)
    title = lose(company, world)
    kamino = KaminoConnection.objects.select_related("tenant").get()
    client, pages = open_kamino(kamino, clock=timezone.now), 0
    while company.posting(title).state == DeliveryState.UNCERTAIN:
        assert pages < 20
        before = company.kamino.calls[LIST]
        posting = company.posting(title)
        resolve(client, kamino, posting, clock=timezone.now, until=timezone.now())
        assert company.kamino.calls[LIST] == before + 1, "one page, whatever there is to read"
        assert company.posting(title).ready_at == posting.ready_at, "it goes on at once"
        pages += 1
    assert company.posting(title).state == DeliveryState.DELIVERED
    assert pages > 5
    assert company.in_kamino("payable", title)["ID"] == company.posting(title).kamino_id
    assert Attempt.objects.filter(posting=company.posting(title)).count() == 1


def test_what_was_seen_before_tells_how_small_the_parts_have_to_be(company: Company, world: World) -> None:
    crowd(company, 450)
    title = lose(company, world)
    KaminoConnection.objects.update(reconciled_at=timezone.now() - timedelta(days=1), reconcile_cursor={})
    company.work()
    before = company.kamino.calls[LIST]
    company.forget_waits()
    company.work()
    assert company.posting(title).state == DeliveryState.DELIVERED
    assert company.kamino.calls[LIST] - before <= 10
    assert ListedSpan.objects.exists()


def test_a_crowded_day_is_read_twice(company: Company, world: World) -> None:
    KaminoConnection.objects.update(lists_are_complete=True)
    person, due = company.kamino.add_person("Outra pessoa"), company.bling.world.today + timedelta(days=10)
    for _ in range(120):
        company.kamino.add_title("payable", person, "1.00", due, "À mão")
    title = lose(company, world, kind="cut_before", due=due)
    KaminoSnapshot.objects.all().delete()
    for _ in range(2):
        company.forget_waits()
        company.work()
    assert company.posting(title).state == DeliveryState.DELIVERED
    assert company.in_kamino("payable", title) is not None
