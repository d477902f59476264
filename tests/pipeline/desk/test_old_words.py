"""What a person said counts for what they saw, and for nothing that comes later."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.domain.delivery import DeliveryState
from integrations.pipeline.desk import commands, decisions, recreation
from tests.flows.helpers import Company, payables


def say(company: Company, title: int, code: str, user: User) -> None:
    answer = {"code": code, "number": 0, "reason": "visto", "user": user, "now": timezone.now()}
    decisions.decide(posting=company.posting(title), **answer)


def deleted(company: Company, title: int) -> None:
    """Delete a title in Bling, as two runs see it."""
    company.bling.delete(title)
    for _ in range(2):
        company.sync()


@pytest.mark.some(2)
@pytest.mark.parametrize("was_cancelled", [False, True])
def test_that_a_deleted_title_is_cancelled_says_nothing_of_its_next_deletion(
    company: Company, user: User, was_cancelled: bool
) -> None:
    title = company.add_title("payable", value="100.00")
    company.sync()
    kept = company.bling.titles[title]
    deleted(company, title)
    if not was_cancelled:
        company.to_shadow()  # nothing is sent before Bling has it again
    say(company, title, decisions.CANCEL_DELETED, user)
    company.work()
    company.bling.titles[title] = kept
    company.bling.edit_title(title, history="De volta")
    company.resync(title, user)
    company.go_live()
    company.work()
    if was_cancelled:
        order = {"posting": company.posting(title), "reason": "De volta", "user": user, "has_looked": True}
        recreation.create_again(**order, now=timezone.now())
        company.work()
    assert (payables(company), company.posting(title).state) == (1, DeliveryState.DELIVERED)
    deleted(company, title)
    assert (payables(company), company.posting(title).reason) == (1, "deleted_in_bling")


@pytest.mark.some(2)
@pytest.mark.parametrize("is_edited", [False, True])
def test_that_it_is_another_one_says_nothing_of_what_was_entered_since(
    company: Company, contact: int, user: User, is_edited: bool
) -> None:
    known = company.add_title("payable", contact=contact, value="1.00")
    company.sync()
    person, due = company.in_kamino("payable", known)["IDPessoa"], company.bling.world.today + timedelta(days=11)
    first = company.kamino.add_title("payable", person, "250.00", due, "Outra compra")
    company.forget_snapshots()
    title = company.add_title("payable", contact=contact, value="250.00", due=due)
    company.sync()
    company.to_shadow()  # what was decided waits
    say(company, title, decisions.CREATE, user)
    company.work()
    second = company.kamino.add_title("payable", person, "250.00", due, "Digitado entretanto")
    company.forget_snapshots()
    company.go_live()
    company.work()
    if is_edited:  # and nothing that Bling changes answers for a person
        company.bling.edit_title(title, history="Outro texto")
        company.sync()
    posting = company.posting(title)
    assert (posting.reason, posting.candidates, payables(company)) == ("possible_duplicate", [first, second], 3)
    say(company, title, decisions.CREATE, user)
    company.work()
    assert (payables(company), company.posting(title).state) == (4, DeliveryState.DELIVERED)


@pytest.mark.parametrize("event", ["changed", "resynced"])
def test_that_bling_s_text_is_used_says_nothing_of_another_edit(company: Company, user: User, event: str) -> None:
    """It was said while nothing was sent, and never done."""
    title = company.add_title("payable", value="100.00")
    company.sync()
    there = company.in_kamino("payable", title)["ID"]
    company.kamino.edit_title("payable", there, Descricao="Texto deles")
    company.forget_snapshots()
    company.to_shadow()
    commands.use_bling(posting=company.posting(title), reason="Voltar", user=user, now=timezone.now())
    company.work()
    company.kamino.edit_title("payable", there, Descricao="Outro texto deles")
    company.forget_snapshots()
    company.go_live()
    company.bling.edit_title(title, value=120)
    company.sync() if event == "changed" else company.resync(title, user)
    row = company.in_kamino("payable", title)
    assert (row["ValorVencimento"], row["Descricao"]) == (120, "Outro texto deles")
