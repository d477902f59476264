"""What a person said counts for what they saw, and for nothing that comes later."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.domain.delivery import DeliveryState
from integrations.pipeline.desk import decisions, recreation
from tests.flows.helpers import Company, payables


def say(company: Company, title: int, code: str, user: User) -> None:
    answer = {"code": code, "number": 0, "reason": "visto", "user": user, "now": timezone.now()}
    decisions.decide(posting=company.posting(title), **answer)


def deleted(company: Company, title: int) -> None:
    """Delete a title in Bling, as two runs see it."""
    company.bling.delete(title)
    for _ in range(2):
        company.sync()


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
