"""What is chosen on a page that is old by now does nothing else than what it said there."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from integrations.models import PersonAction
from tests.flows.helpers import Company, payables


@pytest.mark.parametrize("label", ["É o lançamento", "É outro"])
def test_a_title_that_was_not_on_the_page_is_neither_linked_nor_passed_over(
    company: Company, contact: int, user: User, client: Client, label: str
) -> None:
    """People entered one more in Kamino while the page was open, and somebody had the title sent again."""
    client.force_login(user)
    known = company.add_title("payable", contact=contact, value="1.00")
    company.sync()
    person, due = company.in_kamino("payable", known)["IDPessoa"], company.bling.world.today + timedelta(days=11)
    company.kamino.add_title("payable", person, "250.00", due, "Digitado")
    company.forget_snapshots()
    title = company.add_title("payable", contact=contact, value="250.00", due=due)
    company.sync()
    page = reverse("admin:integrations_title_decide_this", args=[company.title(title).pk])
    asked: Any = client.get(page)
    [chosen] = [key for key, text in asked.context["form"].fields["choice"].choices if text.startswith(label)]
    company.kamino.add_title("payable", person, "250.00", due, "Mais um")
    company.forget_snapshots()
    company.resync(title, user)
    assert len(company.posting(title).candidates) == 2
    client.post(page, {"choice": chosen, "reason": "Conferido"})
    company.work()
    posting = company.posting(title)
    assert (posting.reason, posting.kamino_id, payables(company)) == ("possible_duplicate", None, 3)
    assert not PersonAction.objects.filter(kind__in=("link", "create")).exists()
