"""A person links a title to one that stands in Kamino: never one that is another's, never while a call is under way."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.domain.delivery import DeliveryState
from integrations.models import KaminoSnapshot, PartPosting, PersonPosting, Posting, Title
from integrations.models.confidential import WHOLE
from integrations.pipeline.desk import kamino_search, links, live_kamino
from integrations.pipeline.desk.refusal import Refused
from tests.flows.helpers import Company

DUE = timedelta(days=10)


@pytest.fixture
def user(transactional_db: None) -> User:
    return User.objects.create_user("maria")


def entered_by_hand(company: Company, value: str) -> tuple[int, int]:
    """Return a title of Bling that is not sent yet, and the one that somebody typed into Kamino for it."""
    contact = company.bling.add_contact(name="Fornecedor Exemplo", document="11.222.333/0001-81", kind="J")
    company.add_title("payable", contact=contact, value="1.00")
    company.sync()
    company.to_shadow()
    person = PersonPosting.objects.get(person__bling_id=contact).kamino_id
    theirs = company.kamino.add_title("payable", person, value, company.bling.world.today + DUE, "Digitado à mão")
    title = company.add_title("payable", contact=contact, value="250.00")
    company.sync()
    return title, theirs


def read(company: Company, posting: Posting) -> int:
    due = company.bling.world.today + DUE
    return live_kamino.read_due(posting, start=due - timedelta(days=1), end=due, clock=timezone.now)


def link(posting: Posting, kamino_id: int, user: User, reason: str = "Conferido") -> str:
    try:
        links.link(posting=posting, kamino_id=kamino_id, reason=reason, user=user, now=timezone.now())
    except Refused as error:
        return error.code
    return "linked"


def test_what_was_found_and_chosen_is_linked_and_not_created(company: Company, user: User) -> None:
    title, theirs = entered_by_hand(company, "249.00")
    posting = company.posting(title)
    KaminoSnapshot.objects.all().delete()
    assert link(posting, theirs, user) == "unseen"
    assert read(company, posting) >= 1
    [found] = kamino_search.find(
        posting, kamino_search.Search(value_from=Decimal("249"), value_to=Decimal("249")), WHOLE
    )
    assert (found.row.kamino_id, found.holder) == (theirs, None)
    assert link(posting, theirs, user, reason=" ") == "reason"
    assert link(posting, theirs, user) == "linked"
    company.go_live()
    company.work()
    assert company.posting(title).state == DeliveryState.DELIVERED
    row = company.in_kamino("payable", title)
    assert (row["ID"], row["ValorVencimento"]) == (theirs, Decimal("250.00"))


def test_a_title_that_is_another_s_is_refused(company: Company, user: User) -> None:
    title, theirs = entered_by_hand(company, "249.00")
    posting = company.posting(title)
    taken = Posting.objects.exclude(pk=posting.pk).get().kamino_id
    read(company, posting)
    assert taken is not None
    found = kamino_search.chosen(posting, taken, WHOLE)
    assert found is not None
    assert found.holder is not None
    assert link(posting, taken, user) == "taken"
    assert link(posting, theirs, user) == "linked"
    assert link(posting, theirs, user) == "linked_before"


@pytest.mark.some(3)
@pytest.mark.parametrize(
    ("state", "code"), [("sending", "in_flight"), ("uncertain", "in_flight"), ("ignored", "ignored")]
)
def test_nothing_is_linked_while_nobody_knows(company: Company, user: User, state: str, code: str) -> None:
    title, theirs = entered_by_hand(company, "249.00")
    posting = company.posting(title)
    read(company, posting)
    Posting.objects.filter(pk=posting.pk).update(state=state)
    assert link(posting, theirs, user) == code
    assert company.posting(title).kamino_id is None


def test_a_search_finds_by_each_thing_that_people_know(company: Company) -> None:
    title, theirs = entered_by_hand(company, "249.00")
    posting, due = company.posting(title), company.bling.world.today + DUE
    read(company, posting)
    for search in (
        kamino_search.Search(kamino_id=theirs),
        kamino_search.Search(value_from=Decimal("240"), value_to=Decimal("249")),
        kamino_search.Search(person="11222333000181", value_from=Decimal("2")),
        kamino_search.Search(due_from=due, due_to=due, value_from=Decimal("2")),
    ):
        assert [found.row.kamino_id for found in kamino_search.find(posting, search, WHOLE)] == [theirs], search
    assert kamino_search.find(posting, kamino_search.Search(due_from=due + timedelta(days=1)), WHOLE) == []


def test_a_span_that_is_too_long_is_not_read(company: Company) -> None:
    title, _theirs = entered_by_hand(company, "249.00")
    today = company.bling.world.today
    with pytest.raises(Refused):
        live_kamino.read_due(company.posting(title), start=today, end=today + timedelta(days=90), clock=timezone.now)


@pytest.mark.parametrize("state", [DeliveryState.SENDING, DeliveryState.UNCERTAIN])
def test_a_deleted_title_is_not_replaced_while_its_cancellation_is_under_way(
    company: Company, user: User, state: str
) -> None:
    old = company.add_title("payable", value="80.00")
    company.sync()
    company.to_shadow()
    new = company.add_title("payable", value="81.00")
    company.sync()
    Title.objects.filter(bling_id=old).update(status="deleted")
    held, posting = company.posting(old), company.posting(new)
    assert read(company, posting) >= 1
    Posting.objects.filter(pk=held.pk).update(state=state)
    assert link(posting, held.kamino_id or 0, user) == "in_flight"
    Posting.objects.filter(pk=held.pk).update(state=DeliveryState.HELD)
    assert link(posting, held.kamino_id or 0, user) == "linked"
    assert Posting.objects.get(title__bling_id=new).pk == held.pk


def test_a_part_of_another_title_is_refused(company: Company, user: User) -> None:
    title, theirs = entered_by_hand(company, "249.00")
    posting = company.posting(title)
    assert read(company, posting) >= 1
    other = Posting.objects.exclude(pk=posting.pk).get()
    PartPosting.objects.create(
        posting=other,
        kamino_connection=other.kamino_connection,
        direction="payable",
        bordero_id=7,
        kamino_id=theirs,
        ready_at=timezone.now(),
        planned_at=timezone.now(),
    )
    assert link(posting, theirs, user) == "taken"
    assert company.posting(title).kamino_id is None


def test_a_title_linked_to_one_that_kamino_paid_is_not_called_reversed(company: Company, user: User) -> None:
    """Following "undo it in Kamino by hand" would have undone a payment that was made."""
    title, theirs = entered_by_hand(company, "250.00")
    company.kamino.pay_title("payable", theirs)
    read(company, company.posting(title))
    assert link(company.posting(title), theirs, user) == "linked"
    company.go_live()
    company.work()
    assert company.problems(title) == ["paid_in_kamino_first"]
    assert company.posting(title).state == "needs_human"
    company.bling.pay(title, date=company.bling.world.today, account=company.bank)
    writes = company.kamino.write_count
    company.sync()
    assert company.kamino.write_count == writes
    assert "paid_in_kamino_first" not in company.problems(title)
