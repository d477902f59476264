"""A user of one company sees nothing of another one, on no page and through no look-up."""

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from integrations.admin.scope import TENANT_PATHS
from integrations.models import BlingConnection, KaminoConnection, Mapping
from tests.admin.test_pages import MODELS, url
from tests.admin.world import Rows

SCOPED = [
    model for model in MODELS if model._meta.app_label == "integrations" and model._meta.model_name != "ratelimit"
]


def test_every_table_of_a_company_says_where_its_company_is() -> None:
    for model in SCOPED:
        assert admin.site._registry[model].tenant_path == TENANT_PATHS[model], model  # type: ignore[attr-defined]


@pytest.mark.parametrize("role", ["financeiro", "operacao"])
def test_lists_show_only_the_own_company(role: str, login: Callable[[str], Client], theirs: Rows) -> None:
    client = login(role)
    for model in SCOPED:
        response = client.get(url(model, "changelist"), {"tenant": str(theirs.tenant.pk)})
        assert "alheia" not in response.content.decode(), model
        assert "alheia" not in client.get(url(model, "changelist")).content.decode(), model


@pytest.mark.parametrize("role", ["financeiro", "operacao"])
def test_objects_of_another_company_do_not_open(role: str, login: Callable[[str], Client], theirs: Rows) -> None:
    client = login(role)
    for row in theirs.all():
        for page in ("change", "history", "delete"):
            response = client.get(url(type(row), page, row.pk))
            assert response.status_code in (302, 403, 404), (row, page)
            assert "alheia" not in response.content.decode(), (row, page)
            if response.status_code == 302:
                assert "alheia" not in client.get(response["Location"]).content.decode()


def test_old_versions_never_open(login: Callable[[str], Client], ours: Rows, theirs: Rows) -> None:
    for rows in (ours, theirs):
        version = rows.tenant.history.latest().pk
        page = f"{url(type(rows.tenant), 'history', rows.tenant.pk)}{version}/"
        assert login("root").get(page).status_code == 404


@pytest.mark.parametrize("field", ["source", "chart_account", "cost_center", "business_unit", "bank_account"])
def test_autocomplete_offers_only_the_own_company(
    field: str, login: Callable[[str], Client], ours: Rows, theirs: Rows
) -> None:
    query = {"app_label": "integrations", "model_name": "mapping", "field_name": field, "term": ""}
    for extra in ({}, {"of_connection": str(theirs.bling.pk), "of_kind": "category"}):
        response = login("financeiro").get(reverse("admin:autocomplete"), {**query, **extra})
        assert response.status_code == 200
        assert "alheia" not in response.content.decode()


def test_autocomplete_offers_only_registers_of_the_row_s_connection(
    login: Callable[[str], Client], ours: Rows, theirs: Rows
) -> None:
    query = {"app_label": "integrations", "model_name": "mapping", "field_name": "chart_account", "term": ""}
    query |= {"of_connection": str(ours.bling.pk), "of_kind": "category"}
    texts = [row["text"] for row in login("root").get(reverse("admin:autocomplete"), query).json()["results"]]
    assert texts == [str(ours.chart_account)]


def test_forms_offer_only_the_own_company(login: Callable[[str], Client], users: object, theirs: Rows) -> None:
    client = login("financeiro")
    assert "alheia" not in client.get(url(Mapping, "add")).content.decode()
    page = client.get(url(Mapping, "add"), {"connection": str(theirs.bling.pk), "kind": "category"}).content.decode()
    assert "alheia" not in page


def test_a_mapping_cannot_point_to_another_company(login: Callable[[str], Client], ours: Rows, theirs: Rows) -> None:
    page = f"{url(Mapping, 'add')}?connection={ours.bling.pk}&kind=category"
    before = Mapping.objects.count()
    for source, account in [
        (ours.free_category, theirs.chart_account),
        (theirs.free_category, ours.chart_account),
    ]:
        response = login("root").post(page, {"source": source.pk, "chart_account": account.pk})
        assert response.status_code == 200
    assert Mapping.objects.count() == before


def test_support_sees_every_company(login: Callable[[str], Client], ours: Rows, theirs: Rows) -> None:
    for model in (BlingConnection, KaminoConnection):
        page = login("suporte").get(url(model, "changelist")).content.decode()
        assert "Empresa nossa" in page
        assert "Empresa alheia" in page
