"""The page of a title says that it was entered here."""

from collections.abc import Callable

from django.test import Client

from integrations.models import PayableWrite
from tests.admin.kit.test_pages import url
from tests.admin.world import Rows


def test_a_title_leads_to_the_payable_that_it_was_entered_as(login: Callable[[str], Client], ours: Rows) -> None:
    page, address = url(type(ours.title), "change", ours.title.pk), url(PayableWrite, "change", ours.payable.pk)
    assert address not in login("financeiro").get(page).content.decode()
    PayableWrite.objects.update(bling_id=ours.title.bling_id)
    assert address in login("financeiro").get(page).content.decode()
