"""What leads to a payable, and who sees the file that it came from."""

from collections.abc import Callable

from django.contrib.auth.models import Permission, User
from django.test import Client

from integrations.models import ConfidentialCategory, PayableSheet, PayableWrite, SettlementWrite
from tests.admin.kit.test_pages import url
from tests.admin.world import Rows


def test_a_title_leads_to_the_payable_that_it_was_entered_as(login: Callable[[str], Client], ours: Rows) -> None:
    page, address = url(type(ours.title), "change", ours.title.pk), url(PayableWrite, "change", ours.payable.pk)
    assert address not in login("financeiro").get(page).content.decode()
    PayableWrite.objects.update(bling_id=ours.title.bling_id)
    assert address in login("financeiro").get(page).content.decode()


def test_a_title_leads_to_the_settlement_that_a_program_asked_for(
    login: Callable[[str], Client], ours: Rows, theirs: Rows
) -> None:
    page, address = url(type(ours.title), "change", ours.title.pk), url(SettlementWrite, "change", ours.settlement.pk)
    SettlementWrite.objects.filter(pk=theirs.settlement.pk).update(title_id=ours.title.bling_id)
    assert "Liquidação para o Bling" not in login("financeiro").get(page).content.decode()
    SettlementWrite.objects.filter(pk=ours.settlement.pk).update(title_id=ours.title.bling_id)
    assert address in login("financeiro").get(page).content.decode()


def test_a_payable_leads_to_what_may_be_the_same(login: Callable[[str], Client], ours: Rows) -> None:
    other = PayableWrite.objects.get(pk=ours.payable.pk)
    other.pk, other.marker, other.bling_id = None, "OTHER00001", None
    other.duplicates = [
        {"due_date": "2027-01-20", "write": ours.payable.pk}, {"due_date": "2027-01-20", "title": ours.title.pk},
        {"due_date": "2027-01-21", "bling": 4711},
    ]  # fmt: skip
    other.save()
    page = login("financeiro").get(url(PayableWrite, "change", other.pk)).content.decode()
    assert f'href="{url(PayableWrite, "change", ours.payable.pk)}"' in page
    assert f'href="{url(type(ours.title), "change", ours.title.pk)}"' in page
    assert f"{ours.title.bling_id} no Bling" in page
    assert "4711 no Bling, vencimento 21/01/2027" in page


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
