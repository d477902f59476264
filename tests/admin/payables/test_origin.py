"""What leads to a payable, and who sees the file that it came from."""

from collections.abc import Callable

from django.contrib.auth.models import Permission, User
from django.test import Client

from integrations.models import ConfidentialCategory, PayableSheet, PayableWrite
from tests.admin.kit.test_pages import url
from tests.admin.world import Rows


def test_a_title_leads_to_the_payable_that_it_was_entered_as(login: Callable[[str], Client], ours: Rows) -> None:
    page, address = url(type(ours.title), "change", ours.title.pk), url(PayableWrite, "change", ours.payable.pk)
    assert address not in login("financeiro").get(page).content.decode()
    PayableWrite.objects.update(bling_id=ours.title.bling_id)
    assert address in login("financeiro").get(page).content.decode()


def test_a_sheet_of_who_sees_confidential_categories_is_shown_to_nobody_else(
    login: Callable[[str], Client], ours: Rows
) -> None:
    client = login("financeiro")
    user = User.objects.get(username="financeiro")
    user.groups.clear()
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_payablesheet", "access_all_tenants"]))
    address = url(PayableSheet, "change", ours.sheet.pk)
    assert client.get(address).status_code == 200
    ConfidentialCategory.objects.create(connection=ours.bling, item=ours.category)
    assert client.get(address).status_code == 404
    assert ours.sheet.file_name not in client.get(url(PayableSheet, "changelist")).content.decode()
    PayableSheet.objects.update(user=user)
    assert client.get(address).status_code == 200
