"""Forms that are refused before our own code sees them: a page of the product, in Portuguese, with the way back."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.models import AuthorizationRequest, Mapping, MappingChange, Tenant
from integrations.pipeline.company import authorization
from tests.admin.world import Rows


def old_form(client: Client, url: str) -> str:
    """Return a form's token, and log the browser in anew."""
    page = client.get(url).content.decode()
    return page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]


@pytest.fixture
def browser(root: User) -> Client:
    client = Client(enforce_csrf_checks=True, headers={"accept-language": "pt-BR"})
    client.force_login(root)
    return client


PLACES: dict[str, Callable[[Rows], str]] = {
    "a company": lambda rows: reverse("admin:integrations_tenant_change", args=[rows.tenant.pk]),
    "the mapping desk": lambda rows: reverse("admin:integrations_mapping_desk", args=[rows.tenant.pk]),
    "the log-in": lambda _rows: reverse("admin:login"),
}


@pytest.mark.parametrize("place", PLACES)
def test_an_old_form_after_a_new_log_in_leads_back_to_its_page(
    place: str, browser: Client, ours: Rows, root: User
) -> None:
    url = PLACES[place](ours)
    token = old_form(browser, url)
    browser.logout()
    browser.force_login(root)
    browser.get(reverse("admin:index"))
    address = f"http://testserver{url}?p=1"
    answer = browser.post(url, {"csrfmiddlewaretoken": token or "x" * 64, "name": "x"}, headers={"referer": address})
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "Esta página não vale mais" in page
    assert f'href="{url}?p=1"' in page
    assert "DEBUG" not in page
    assert Tenant.objects.get(pk=ours.tenant.pk).name == ours.tenant.name


def test_a_customer_s_page_does_so_as_well(ours: Rows, root: User) -> None:
    token = authorization.create_link(connection=ours.bling, user=root, now=timezone.now())
    url = reverse("connect-by-link", args=[token])
    customer = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    for fields in ({}, {"csrfmiddlewaretoken": "x" * 64}):
        answer = customer.post(url, fields)
        page = answer.content.decode()
        assert (answer.status_code, "Esta página não vale mais" in page) == (403, True)
        assert f'href="{url}"' in page
        assert "no-store" in answer["Cache-Control"]
    assert not AuthorizationRequest.objects.exists()


@pytest.mark.parametrize("sent_from", ["https://evil.example/admin/", "//evil.example", "javascript:alert(1)", ""])
def test_it_leads_to_no_other_site(sent_from: str, browser: Client, ours: Rows) -> None:
    answer = browser.post(PLACES["a company"](ours), {}, headers={"referer": sent_from})
    assert answer.status_code == 403
    assert 'class="button" href="/"' in answer.content.decode()


def test_it_leads_to_no_other_site_by_two_slashes(browser: Client, ours: Rows) -> None:
    sent_from = "http://testserver//evil.example/admin/"
    answer = browser.post(PLACES["a company"](ours), {}, headers={"referer": sent_from})
    assert 'class="button" href="/evil.example/admin/"' in answer.content.decode()


class TestTooMuch:
    def test_a_form_of_more_fields_than_are_read_is_a_sentence(
        self, login: Callable[[str], Client], ours: Rows, settings: Any
    ) -> None:
        url = PLACES["the mapping desk"](ours)
        rows = {f"{number}-chart_account": "" for number in range(settings.DATA_UPLOAD_MAX_NUMBER_FIELDS)}
        before = (Mapping.objects.count(), MappingChange.objects.count())
        answer = login("financeiro").post(
            url, {"do": "save", "row": "1", **rows}, headers={"referer": f"http://testserver{url}"}
        )
        page = answer.content.decode()
        assert answer.status_code == 400
        assert "O formulário tem mais de 1.000 campos" in page
        assert f'href="{url}"' in page
        assert (Mapping.objects.count(), MappingChange.objects.count()) == before

    def test_a_form_of_too_much_text_as_well(self, login: Callable[[str], Client], ours: Rows, settings: Any) -> None:
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
        answer = login("financeiro").post(
            PLACES["the mapping desk"](ours), f"do=save&x={'x' * 2000}", "application/x-www-form-urlencoded"
        )
        assert (answer.status_code, "O formulário tem mais de" in answer.content.decode()) == (400, True)

    def test_what_cannot_be_read_is_no_matter_of_size(self, login: Callable[[str], Client], ours: Rows) -> None:
        answer = login("financeiro").post(
            PLACES["the mapping desk"](ours), b"do=save", 'multipart/form-data; boundary="' + "x" * 300 + '"'
        )
        page = answer.content.decode()
        assert (answer.status_code, "não pode ser lido" in page, "mais de" in page) == (400, True, False)

    def test_a_host_that_is_not_ours_gets_a_page_too(self, client: Client, settings: Any) -> None:
        settings.ALLOWED_HOSTS = ["ponte.example"]
        answer = client.get("/admin/", headers={"host": "evil.example", "referer": "https://evil.example/"})
        assert (answer.status_code, 'href="/"' in answer.content.decode()) == (400, True)
