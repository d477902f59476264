"""What stands in Kamino already is adopted when it carries our marker, and asked about when it only looks like ours."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.domain.delivery import DeliveryState
from integrations.models import Attempt, Discrepancy, KaminoConnection, PersonPosting, Posting
from integrations.pipeline.desk import decisions
from tests.flows.helpers import Company


@pytest.fixture
def contact(company: Company) -> int:
    return int(company.bling.add_contact(name="Fornecedor Exemplo", document="11.222.333/0001-81", kind="J"))


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


def payables(company: Company) -> int:
    return len(company.kamino.titles("payable"))


def test_an_equal_title_entered_by_hand_waits_for_a_person(company: Company, contact: int) -> None:
    theirs = enter_by_hand(company, known_person(company, contact))
    title = company.add_title("payable", contact=contact, value="250.00")
    company.sync()
    posting = company.posting(title)
    assert (posting.state, posting.reason) == (DeliveryState.NEEDS_HUMAN, "possible_duplicate")
    assert posting.candidates == [theirs]
    assert payables(company) == 2
    assert Discrepancy.objects.filter(posting=posting, kind="possible_duplicate", closed_at=None).exists()


@pytest.mark.parametrize(
    "changes",
    [{"value": "251.00"}, {"due": 40}, {"text": "[Bling 999]"}, {"number": "NF-9"}],
    ids=["another value", "due much later", "another title of ours", "another document number"],
)
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
