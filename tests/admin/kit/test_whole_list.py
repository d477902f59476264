"""Orders for a whole filtered list: asked with the count, carried out once, only on the own companies."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from integrations.models import BulkOrder, Posting, Title
from tests.admin.kit.test_pages import url
from tests.admin.world import Rows


def whole(kind: str, query: str = "") -> str:
    return f"{reverse('admin:integrations_title_whole_list', args=[kind])}?{query}"


def hidden(page: str) -> dict[str, str]:
    return {name: value for name in ("mark", "key") for value in re.findall(rf'name="{name}" value="([^"]*)"', page)}


def test_a_filtered_list_is_ordered_whole_and_no_other_title(
    login: Callable[[str], Client], ours: Rows, theirs: Rows
) -> None:
    client, address = login("operacao"), whole("ignore", f"q={ours.title.document_number.split()[1]}")
    asked = client.get(address).content.decode()
    assert "1 título, R$" in asked.replace("\xa0", " ")
    assert not BulkOrder.objects.filter(kind="ignore").exists()
    data = {**hidden(asked), "reason": "Duplicado"}
    first, second = client.post(address, data), client.post(address, data)
    assert first.status_code == second.status_code == 302
    row = BulkOrder.objects.get(kind="ignore")
    assert (row.tenant, row.title_ids, row.done) == (ours.tenant, [ours.title.pk], 1)
    assert list(Posting.objects.filter(state="ignored")) == [ours.posting]
    assert "1 na fila" in client.get(first["Location"]).content.decode()


def test_the_whole_list_is_the_own_companies_only(login: Callable[[str], Client], ours: Rows, theirs: Rows) -> None:
    client, address = login("operacao"), whole("ignore")
    client.post(address, {**hidden(client.get(address).content.decode()), "reason": "Todos"})
    assert Posting.objects.filter(kamino_connection=ours.kamino, state="ignored").count() == 2
    assert not Posting.objects.filter(kamino_connection=theirs.kamino, state="ignored").exists()
    [foreign] = BulkOrder.objects.filter(tenant=theirs.tenant)
    assert client.get(url(BulkOrder, "change", foreign.pk)).status_code in (302, 403, 404)


def test_a_filter_that_is_not_understood_never_means_everything(login: Callable[[str], Client], ours: Rows) -> None:
    client = login("operacao")
    assert client.get(whole("ignore", "nonsense__x=1")).status_code == 302
    assert client.post(whole("ignore", "nonsense__x=1"), {"mark": "9", "reason": "x"}).status_code == 302
    assert not Posting.objects.filter(state="ignored").exists()


@pytest.mark.some(3)
@pytest.mark.parametrize("kind", ["resync", "retry", "ignore", "unignore", "create", "force", "undo"])
def test_each_order_needs_its_permission(kind: str, login: Callable[[str], Client], ours: Rows) -> None:
    assert login("operacao").get(whole(kind)).status_code == 200
    assert login("financeiro").get(whole(kind)).status_code == 403
    assert "lista-inteira" not in login("financeiro").get(url(Title, "changelist")).content.decode()
    assert f"lista-inteira/{kind}/" in login("operacao").get(url(Title, "changelist")).content.decode()


def test_an_unfinished_order_shows_how_far_it_is_and_renews_itself(login: Callable[[str], Client], ours: Rows) -> None:
    BulkOrder.objects.filter(pk=ours.bulk.pk).update(finished_at=None, counted=250, cursor=100)
    page = login("operacao").get(url(BulkOrder, "change", ours.bulk.pk)).content.decode()
    assert 'http-equiv="refresh"' in page
    assert 'max="250" value="100"' in page
    assert "Motivo nossa" in page


def test_a_whole_list_is_settled_by_hand_for_one_company_at_a_time(
    login: Callable[[str], Client], ours: Rows, theirs: Rows
) -> None:
    assert login("root").get(whole("force")).status_code == 302, "two companies in the list"
    client = login("operacao")
    page = client.get(whole("force")).content.decode()
    assert "uma conta bancária" in page
    assert str(theirs.bank_account.name) not in page
    data = {**hidden(page), "date": "21/11/2026", "reason": "Um Pix só"}
    refused = client.post(whole("force"), {**data, "account": str(theirs.bank_account.pk)})
    assert refused.status_code == 200
    client.post(whole("force"), {**data, "account": str(ours.bank_account.pk)})
    row = BulkOrder.objects.get(kind="force")
    assert (row.done, sum(row.left_out.values())) == (1, 1), "one was forced before"
    assert row.terms["total"] == "2469.12"
