"""What stands in Kamino already is adopted when it carries our marker, and asked about when it only looks like ours."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from integrations.domain.delivery import DeliveryState
from integrations.models import (
    Attempt,
    Discrepancy,
    KaminoConnection,
    ListedSpan,
    PersonPosting,
    Posting,
)
from integrations.pipeline.desk import decisions
from sandbox.world import World
from tests.flows.helpers import Company, payables


def known_person(company: Company, contact: int) -> int:
    """Bring a contact to Kamino with a first title, and return its person's id there."""
    company.add_title("payable", contact=contact, value="1.00")
    company.sync()
    return int(PersonPosting.objects.get(person__bling_id=contact).kamino_id or 0)


def enter_by_hand(company: Company, person: int, **changes: Any) -> int:
    """Let somebody enter a payable in Kamino, and reconcile."""
    values = {"value": "250.00", "due": company.bling.world.today + timedelta(days=11), "text": "Digitado à mão"}
    values |= changes
    row = company.kamino.add_title("payable", person, values["value"], values["due"], values["text"])
    if "number" in changes:
        company.kamino.edit_title("payable", row, NroNotaFiscal=changes["number"])
    KaminoConnection.objects.update(reconciled_at=None, reconcile_cursor={})
    company.work()
    return int(row)


def copy_in_kamino(company: Company, title: int, days: int) -> int:
    """Let somebody use Kamino's copy for a later day, marker and all, and reconcile."""
    row = company.in_kamino("payable", title)
    due = company.bling.world.today + timedelta(days=days)
    copy = company.kamino.add_title("payable", row["IDPessoa"], "250.00", due, row["Descricao"])
    KaminoConnection.objects.update(reconciled_at=None, reconcile_cursor={})
    company.work()
    return int(copy)


def forget_deliveries() -> None:
    """Let the database be restored from before anything was sent."""
    Attempt.objects.all().delete()
    ListedSpan.objects.all().delete()
    Posting.objects.update(kamino_id=None, delivered=None, delivered_fingerprint="", state="ready")


@pytest.mark.some(2)
@pytest.mark.parametrize("form", ["digits", "left_out"])
def test_a_kamino_that_takes_only_digits_gets_them_or_nothing(company: Company, form: str) -> None:
    company.kamino.numbers_only = True
    KaminoConnection.objects.update(payable_number=form)
    title = company.add_title("payable", document_number="NF 12/3")
    without = company.add_title("payable", document_number="S/N")
    company.sync()
    numbers = [company.in_kamino("payable", each)["NroNotaFiscal"] for each in (title, without)]
    assert [number or "" for number in numbers] == ["123" if form == "digits" else "", ""]
    company.bling.edit_title(title, value=250)
    company.sync()
    assert company.in_kamino("payable", title)["ValorVencimento"] == 250
    writes = company.kamino.write_count
    KaminoConnection.objects.update(reconciled_at=None, reconcile_cursor={})
    company.sync()
    assert company.kamino.write_count == writes
    assert not Discrepancy.objects.filter(closed_at=None).exists()


def test_letters_tell_no_two_titles_apart_where_only_digits_are_sent(company: Company, contact: int) -> None:
    """Somebody entered the number with other letters than Bling has: it may be the same title."""
    enter_by_hand(company, known_person(company, contact), number="77")
    KaminoConnection.objects.update(payable_number="digits")
    title = company.add_title("payable", contact=contact, value="250.00", document_number="NF 77")
    company.sync()
    assert company.posting(title).state == DeliveryState.NEEDS_HUMAN


def test_an_equal_title_entered_by_hand_waits_for_a_person(company: Company, contact: int) -> None:
    theirs = enter_by_hand(company, known_person(company, contact))
    title = company.add_title("payable", contact=contact, value="250.00")
    company.sync()
    posting = company.posting(title)
    assert (posting.state, posting.reason) == (DeliveryState.NEEDS_HUMAN, "possible_duplicate")
    assert posting.candidates == [theirs]
    assert payables(company) == 2
    assert Discrepancy.objects.filter(posting=posting, kind="possible_duplicate", closed_at=None).exists()


@pytest.mark.parametrize("days", [-3, -1, 0, 1, 3])
@pytest.mark.some(6)
def test_an_equal_title_entered_for_a_day_around_since_the_last_comparison(
    company: Company, contact: int, days: int
) -> None:
    """A bill that somebody entered by hand was created beside it, unless its due date was the very same."""
    person = known_person(company, contact)
    ListedSpan.objects.update(read_at=timezone.now() - timedelta(hours=2))
    due = company.bling.world.today + timedelta(days=11)
    theirs = company.kamino.add_title("payable", person, "250.00", due + timedelta(days=days), "Digitado à mão")
    title = company.add_title("payable", contact=contact, value="250.00", due=due)
    company.sync()
    posting = company.posting(title)
    assert (posting.reason, posting.candidates, payables(company)) == ("possible_duplicate", [theirs], 2)


@pytest.mark.parametrize(
    "changes",
    [{"value": "251.00"}, {"due": 40}, {"text": "[Bling 999]"}, {"number": "NF-9"}],
    ids=["another value", "due much later", "another title of ours", "another document number"],
)
@pytest.mark.some(2)
def test_what_differs_in_a_telling_way_is_another_title(
    company: Company, contact: int, changes: dict[str, Any]
) -> None:
    if "due" in changes:
        changes = {"due": company.bling.world.today + timedelta(days=changes["due"])}
    enter_by_hand(company, known_person(company, contact), **changes)
    title = company.add_title("payable", contact=contact, value="250.00", document_number="NF-1")
    company.sync()
    assert company.posting(title).state == DeliveryState.DELIVERED
    assert payables(company) == 3


@pytest.mark.some(2)
@pytest.mark.parametrize("choice", ["link", "create"])
def test_a_person_links_it_or_creates_it_all_the_same(
    company: Company, contact: int, choice: str, django_user_model: Any
) -> None:
    theirs = enter_by_hand(company, known_person(company, contact))
    title = company.add_title("payable", contact=contact, value="250.00")
    company.sync()
    decisions.decide(
        posting=company.posting(title), code=choice, number=theirs if choice == "link" else 0,
        reason="conferido", user=django_user_model.objects.create_user("staff"), now=timezone.now(),
    )  # fmt: skip
    company.work()
    posting = company.posting(title)
    assert posting.state == DeliveryState.DELIVERED
    assert payables(company) == (2 if choice == "link" else 3)
    assert (company.in_kamino("payable", title)["ID"] == theirs) == (choice == "link")
    company.bling.pay(title, account=company.bank)
    company.sync()
    assert company.in_kamino("payable", title)["Situacao"] == 2
    assert company.posting(title).attempts.filter(settles=True).count() == 1


def test_after_a_restored_database_nothing_is_created_a_second_time(company: Company, contact: int) -> None:
    title = company.add_title("payable", contact=contact, value="250.00")
    company.sync()
    theirs = company.in_kamino("payable", title)["ID"]
    Attempt.objects.all().delete()
    ListedSpan.objects.all().delete()
    Posting.objects.update(kamino_id=None, delivered=None, delivered_fingerprint="", state="ready")
    KaminoConnection.objects.update(reconciled_at=None)
    company.bling.edit_title(title, value="260.00")
    company.sync()
    assert payables(company) == 1
    row = company.in_kamino("payable", title)
    assert (row["ID"], str(row["ValorVencimento"])) == (theirs, "260.00")


def test_nothing_is_sent_before_kamino_was_looked_at(company: Company, contact: int) -> None:
    company.add_title("payable", contact=contact, value="250.00")
    assert KaminoConnection.objects.get().reconciled_at is None
    company.sync()
    assert KaminoConnection.objects.get().reconciled_at is not None
    first = Attempt.objects.earliest("started_at")
    assert first.started_at > KaminoConnection.objects.get().reconciled_at


def test_a_row_adopted_open_is_settled_and_recorded(company: Company, world: World) -> None:
    title = company.add_title("payable", value="100.00")
    company.sync()
    # A restored database knows nothing of the delivery; Bling was paid meanwhile.
    Attempt.objects.all().delete()
    ListedSpan.objects.all().delete()
    Posting.objects.update(kamino_id=None, delivered=None, delivered_fingerprint="", state="held")
    company.bling.pay(title, date=world.today, account=company.bank)
    KaminoConnection.objects.update(reconciled_at=timezone.now() - timedelta(days=1, hours=1))
    company.work()
    company.sync(full=True)
    assert company.in_kamino("payable", title)["Situacao"] == 2
    assert company.in_kamino("payable", title)["ValorPagamento"] == Decimal("100.00")
    posting = company.posting(title)
    assert (posting.state, posting.reason) == (DeliveryState.DELIVERED, "")


def test_a_copy_with_the_marker_of_another_title_may_be_this_one(company: Company, contact: int) -> None:
    first = company.add_title("payable", contact=contact, value="250.00")
    company.sync()
    copy = copy_in_kamino(company, first, days=40)
    second = company.add_title(
        "payable", contact=contact, value="250.00", due=company.bling.world.today + timedelta(days=40)
    )
    company.sync()
    assert company.posting(second).reason == "possible_duplicate"
    assert company.posting(second).candidates == [copy]
    assert payables(company) == 2


def test_two_rows_with_our_marker_are_asked_about(company: Company, contact: int) -> None:
    title = company.add_title("payable", contact=contact, value="250.00")
    company.sync()
    ours = company.in_kamino("payable", title)["ID"]
    copy = copy_in_kamino(company, title, days=40)
    forget_deliveries()
    company.work()
    posting = company.posting(title)
    assert (posting.state, posting.reason) == (DeliveryState.NEEDS_HUMAN, "possible_duplicate")
    assert sorted(posting.candidates) == sorted([ours, copy])


def test_a_marked_row_that_is_gone_is_not_adopted(company: Company, contact: int) -> None:
    title = company.add_title("payable", contact=contact, value="250.00")
    company.sync()
    KaminoConnection.objects.update(reconciled_at=None, reconcile_cursor={})
    company.work()
    gone = company.posting(title).kamino_id
    company.kamino.delete_title("payable", gone)
    forget_deliveries()
    company.work()
    assert payables(company) == 1
    assert company.posting(title).kamino_id != gone


def test_a_bill_entered_again_after_its_deletion_is_asked_about(company: Company, contact: int) -> None:
    old = company.add_title("payable", contact=contact, value="345.67")
    company.sync()
    company.bling.delete(old)
    company.sync()
    company.sync()
    due = company.bling.world.today + timedelta(days=12)  # two days later than before
    new = company.add_title("payable", contact=contact, value="345.67", due=due)
    company.sync()
    assert company.posting(new).reason == "possible_duplicate"
    assert company.posting(new).candidates == [company.posting(old).kamino_id]
    assert payables(company) == 1


def test_a_bill_entered_again_is_linked_to_the_title_of_the_deleted_one(
    company: Company, contact: int, django_user_model: Any
) -> None:
    old = company.add_title("payable", contact=contact, value="345.67")
    company.sync()
    theirs = company.in_kamino("payable", old)["ID"]
    company.bling.delete(old)
    company.sync()
    company.sync()
    due = company.bling.world.today + timedelta(days=12)
    new = company.add_title("payable", contact=contact, value="345.67", due=due)
    company.sync()
    decisions.decide(
        posting=company.posting(new), code=decisions.LINK, number=theirs, reason="a mesma conta",
        user=django_user_model.objects.create_user("staff"), now=timezone.now(),
    )  # fmt: skip
    company.sync()
    assert payables(company) == 1
    row = company.in_kamino("payable", new)
    assert (row["ID"], row["DataVencimento"][:10]) == (theirs, str(due))
