"""A user of one company sees nothing of another one, on no page and through no look-up."""

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.test import Client

from integrations.admin.kit.scope import TENANT_PATHS
from integrations.models import Attempt, BlingConnection, KaminoConnection, Person
from tests.admin.kit.test_pages import MODELS, url
from tests.admin.world import Rows

OF_NO_COMPANY = ("ratelimit", "export")
"""An export is one person's (test_exports.py)."""
SCOPED = [
    model for model in MODELS if model._meta.app_label == "integrations" and model._meta.model_name not in OF_NO_COMPANY
]


def test_every_table_of_a_company_says_where_its_company_is() -> None:
    for model in SCOPED:
        assert admin.site._registry[model].tenant_path == TENANT_PATHS[model], model  # type: ignore[attr-defined]


@pytest.mark.some(2)
@pytest.mark.parametrize("role", ["financeiro", "operacao"])
def test_lists_show_only_the_own_company(role: str, login: Callable[[str], Client], theirs: Rows) -> None:
    client = login(role)
    for model in SCOPED:
        response = client.get(url(model, "changelist"), {"tenant": str(theirs.tenant.pk)})
        assert "alheia" not in response.content.decode(), model
        assert "alheia" not in client.get(url(model, "changelist")).content.decode(), model


@pytest.mark.some(2)
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


def test_support_sees_every_company(login: Callable[[str], Client], ours: Rows, theirs: Rows) -> None:
    for model in (BlingConnection, KaminoConnection):
        page = login("suporte").get(url(model, "changelist")).content.decode()
        assert "Empresa nossa" in page
        assert "Empresa alheia" in page


@pytest.mark.parametrize(
    "lookup",
    [
        "document__startswith=529",
        "document__contains=982",
        "document__gte=5",
        "document=52998224725",
        "email__contains=a",
    ],
)
def test_a_cpf_cannot_be_guessed_digit_by_digit_in_the_address(
    login: Callable[[str], Client], ours: Rows, lookup: str
) -> None:
    response = login("operacao").get(f"{url(Person, 'changelist')}?{lookup}")
    assert response.status_code in (302, 400) or "Pessoa nossa" not in response.content.decode()


@pytest.mark.parametrize("lookup", ["body__document__startswith=529", "body__icontains=529"])
def test_nor_through_what_was_sent(login: Callable[[str], Client], ours: Rows, lookup: str) -> None:
    Attempt.objects.filter(pk=ours.attempt.pk).update(body={"document": "52998224725"})
    assert list(login("operacao").get(f"{url(Attempt, 'changelist')}?{lookup}").context["cl"].queryset) == []


@pytest.mark.some(3)
@pytest.mark.parametrize("name", ["client_secret", "hash", "usr", "token__access_token", "token__refresh_token"])
def test_secrets_cannot_be_looked_up(login: Callable[[str], Client], ours: Rows, name: str) -> None:
    for model in (BlingConnection, KaminoConnection):
        for how in ("", "__startswith", "__icontains", "__gte"):
            response = login("suporte").get(f"{url(model, 'changelist')}?{name}{how}=c")
            assert list(response.context["cl"].queryset) == [], how
            assert "não foi entendido" in response.content.decode()
