"""Our copies of the theme's templates, and what a page of any kind must not show."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from integrations.models import Alert, Attempt, Discrepancy, ForcedSettlement, SyncRun, Tenant, Title
from tests.admin.kit.test_pages import url
from tests.admin.world import Rows

TEMPLATES = Path(__file__).resolve().parents[3] / "templates"


def test_no_comment_of_a_template_reaches_the_page() -> None:
    """`{#` ends at its line's end: what follows would be shown."""
    found = [
        path.name
        for path in TEMPLATES.rglob("*.html")
        for line in path.read_text().splitlines()
        if line.count("{#") != line.count("#}")
    ]
    assert found == []


@pytest.mark.parametrize(("name", "words"), [("404", "Página não encontrada"), ("500", "Algo deu errado")])
def test_an_error_is_told_in_portuguese_with_a_way_back(name: str, words: str) -> None:
    page = render_to_string(f"{name}.html")
    assert words in page
    assert f'href="{reverse("home")}"' in page


def test_what_nobody_may_open_says_so(login: Callable[[str], Client], ours: Rows) -> None:
    refused = login("financeiro").get("/admin/auth/user/")
    assert refused.status_code == 403
    assert "Sem permissão" in refused.content.decode()


def test_what_machines_write_offers_no_history_of_edits(login: Callable[[str], Client], ours: Rows) -> None:
    for model, row in ((Title, ours.title), (Discrepancy, ours.discrepancy), (ForcedSettlement, ours.forced)):
        page = login("root").get(url(model, "change", row.pk)).content.decode()
        assert url(model, "history", row.pk) not in page, model


def test_a_confirmation_is_headed_by_what_it_does(login: Callable[[str], Client], ours: Rows) -> None:
    address = url(Title, "change", ours.title.pk).replace("/change/", "/resync_this/")
    page = login("operacao").get(address).content.decode()
    assert page.split("<h1", 1)[1].split("</h1>", 1)[0].count("Ressincronizar") == 1


def test_dates_of_a_form_have_their_calendar(login: Callable[[str], Client], ours: Rows) -> None:
    page = login("operacao").get(reverse("admin:integrations_title_live_search")).content.decode()
    core, calendar = page.find("admin/js/core.js"), page.find("admin/js/calendar.js")
    assert 0 < core < calendar


def test_an_empty_table_says_why_and_an_empty_search_what_to_do(login: Callable[[str], Client], ours: Rows) -> None:
    client = login("operacao")
    assert "“Procurar no Bling”, acima" in client.get(url(Title, "changelist"), {"q": "xpto"}).content.decode()
    ForcedSettlement.objects.all().delete()
    page = client.get(url(ForcedSettlement, "changelist")).content.decode()
    assert "Ninguém forçou uma baixa ainda" in page
    assert "Limpar filtros" not in page.split("Nada por aqui", 1)[1].split("</form>", 1)[0]


def test_a_search_goes_along_to_bling(login: Callable[[str], Client], ours: Rows) -> None:
    client, page = login("operacao"), reverse("admin:integrations_title_live_search")
    for term, field in (
        ("16000000700", "bling_id"), ("1.234,56", "value"), ("João da Silva", "person"), ("529.982.247-25", "person"),
        ("NF 4711", "number"),
    ):  # fmt: skip
        form = client.get(page, {"q": term}).context["form"]
        assert list(form.initial) == [field], term


DEAD = re.compile(r'href="(/admin/(?:integrations/(?:bling|kamino)connection|auth/user)/[^"]*)"')


@pytest.mark.parametrize("role", ["operacao", "financeiro"])
def test_no_page_leads_to_one_that_the_user_may_not_open(
    role: str, login: Callable[[str], Client], ours: Rows, root: User
) -> None:
    SyncRun.objects.filter(pk=ours.run.pk).update(user=root)
    Alert.objects.filter(pk=ours.alert.pk).update(connection=ours.bling)
    client = login(role)
    for model, row in (
        (Tenant, ours.tenant), (SyncRun, ours.run), (Alert, ours.alert), (Attempt, ours.attempt),
        (ForcedSettlement, ours.forced), (Title, ours.title),
    ):  # fmt: skip
        for page in (url(model, "changelist"), url(model, "change", row.pk)):
            assert DEAD.findall(client.get(page).content.decode()) == [], page
