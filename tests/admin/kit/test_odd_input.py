"""Addresses that nobody types by accident: answered, never a crash."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from integrations.models import Discrepancy, Export, MonthClosing, PlannedWrite, Posting, Title
from tests.admin.kit.test_pages import url
from tests.admin.world import Rows

Login = Callable[[str], Client]
NUMBERS = ["²", "9" * 30, "9" * 5000, "-1", "1e3", "0"]
LISTS = [Title, Posting, PlannedWrite, Discrepancy, MonthClosing]


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model.__name__)
@pytest.mark.parametrize("name", ["tenant", "q", "account", "worklist"])
@pytest.mark.some(9, drawn=4)
def test_odd_numbers_in_the_address_of_a_list(login: Login, ours: Rows, model: type, name: str) -> None:
    client = login("financeiro")
    for number in NUMBERS:
        response = client.get(url(model, "changelist"), {name: number})
        assert response.status_code in (200, 302), (number[:10], response.status_code)


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model.__name__)
@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number[:4])
def test_odd_numbers_of_a_page(login: Login, ours: Rows, model: type, number: str) -> None:
    response = login("financeiro").get(url(model, "changelist") + f"{number}/change/")
    assert response.status_code in (302, 404)


@pytest.mark.parametrize(
    "query", ["nonsense=1", "e=1", "due_date_from=0000-00-00&due_date_to=x", "status=zzz", "p=99999"]
)
def test_an_export_of_a_filter_that_the_list_refuses(login: Login, ours: Rows, query: str) -> None:
    for model in (Title, PlannedWrite, Discrepancy):
        for method in ("get", "post"):
            response = getattr(login("operacao"), method)(
                f"{url(model, 'export')}?{query}", {"format": "1"} if method == "post" else None
            )
            assert response.status_code in (200, 302), model


@pytest.mark.parametrize("day", ["01/01/0001", "31/12/9999", "0000-00-00", "2026-11-21", "\x00", "9" * 5000])
def test_odd_days_of_the_open_position(login: Login, ours: Rows, day: str) -> None:
    page = reverse("admin:integrations_title_open_position")
    for more in ({}, {"planilha": "1"}):
        response = login("financeiro").get(page, {"tenant": ours.tenant.pk, "day": day, **more})
        assert response.status_code == 200


@pytest.mark.parametrize("tenant", NUMBERS, ids=lambda number: number[:4])
def test_odd_companies(login: Login, ours: Rows, tenant: str) -> None:
    client = login("financeiro")
    for page in ("integrations_title_open_position", "integrations_monthclosing_compare"):
        response = client.get(reverse(f"admin:{page}"), {"tenant": tenant, "day": "21/11/2026", "month": "12/2099"})
        assert response.status_code == 200


def test_rows_named_in_the_form_of_an_export_are_not_looked_up(login: Login, ours: Rows, theirs: Rows) -> None:
    for row in (ours.title, theirs.title):
        form = {"format": "1", "export_items": str(row.pk)}
        response = login("operacao").post(url(Title, "export"), form)
        assert response.status_code == 200
        assert "text/csv" not in response["Content-Type"]
        assert "NF " not in response.content.decode()


def test_linking_exact_matches_of_a_filter_that_the_list_refuses(login: Login, ours: Rows) -> None:
    page = reverse("admin:integrations_plannedwrite_link_twins")
    for method in ("get", "post"):
        assert getattr(login("operacao"), method)(f"{page}?nonsense=1").status_code == 302


ODD = [
    "due_date=0000-00-00", "due_date__gte=99999-01-01", "due_date_from=00/00/0000", "due_date_to=31/12/99999",
    "value=abc",
    "value=1e400", "value=NaN", "value__gte=Infinity", f"bling_id={'9' * 30}", f"bling_id__in={'9' * 30}",
    f"connection={'9' * 30}", f"person={'9' * 30}", f"posting={'9' * 30}", f"tenant={'9' * 20}&tenant=1",
    "month=0000-00",
    "created_at__year=99999", "month__year=0", "problems__foo=1", "delivered__x__y=1", "document_number__regex=(",
    "document_number__iregex=%5B", "version=99999999", "kind=%00", "document_number=%00", "q=%00", "o=99.-99.x", "p=-1",
    "p=x", "all=", "worklist=%00", "operation=x", "direction=x", "posting__state=x", "is_open=x", "open=x",
    f"q={'a' * 20000}", "q=%25%25%25", "q=\\\\", "q=1e999", "q=-1,00", "q=R$",
]  # fmt: skip


@pytest.mark.parametrize("query", ODD, ids=lambda query: query[:30])
@pytest.mark.some(18, drawn=3)
def test_odd_filters_of_every_list(login: Login, ours: Rows, query: str) -> None:
    client = login("operacao")
    for model in [*LISTS, Export]:
        assert client.get(f"{url(model, 'changelist')}?{query}").status_code in (200, 302, 400), model


@pytest.mark.some(3)
@pytest.mark.parametrize("number", [*NUMBERS, "\x00", ""], ids=lambda number: number[:4])
def test_odd_addresses_of_the_desk(login: Login, ours: Rows, number: str) -> None:
    client, page = login("financeiro"), reverse("admin:integrations_mapping_desk", args=[ours.tenant.pk])
    for query in ({"find": f"customer-{number}"}, {"p": number}, {"kind": number}, {"q": number}, {"state": number}):
        assert client.get(page, query).status_code == 200
    assert client.post(page, {"do": "copy", "connection": number}).status_code in (302, 404)
