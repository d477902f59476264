"""A filter that is not understood shows no row, says so, and nothing can be ordered for what it would have shown."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.core.exceptions import ImproperlyConfigured
from django.test import Client, RequestFactory
from unfold.contrib.filters.admin import RadioFilter

from integrations.admin.companies import checklist
from integrations.admin.kit import forms as kit_forms
from integrations.admin.kit.fields import AmountField, DayField
from integrations.admin.titles import link
from integrations.models import Attempt, BulkOrder, Discrepancy, Export, PlannedWrite, Posting, Title
from tests.admin.kit.test_pages import MODELS, url
from tests.admin.kit.test_whole_list import whole
from tests.admin.marked import mark_of, ordered
from tests.admin.world import Rows, make_title

Login = Callable[[str], Client]
GARBAGE = ["30/02/2026", "²", "-1", "9" * 30, "\x00", "1.234,56", "True", "12/31/2026"]
NOT_READ = "não foi entendido"
DAYS = ["25/11/2026", "01/12/2026", "02/12/2026", "05/12/2026", "20/12/2026", "12/02/2027", "12/05/2027"]
"""Days of which US formats read some, wrongly, and others not at all."""
FIRST_BLING_ID = 60_000


def listed(user: Any, model: Any, query: dict[str, str]) -> Any:
    """Return what a list makes of a query, without its page."""
    request = RequestFactory().get(url(model, "changelist"), query)
    request.user = user
    return admin.site.get_model_admin(model).get_changelist_instance(request)


def shown(client: Client, model: Any, query: dict[str, str]) -> tuple[list[Any], str]:
    """Return the rows that a list shows, and its page."""
    response = client.get(url(model, "changelist"), query)
    assert response.status_code == 200, (model, query)
    return list(response.context["cl"].queryset), response.content.decode()


def parameters(client: Client, model: Any) -> list[str]:
    filters = client.get(url(model, "changelist"), {"open": "all"}).context["cl"].filters
    return [name for each in filters for name in each.expected_parameters()]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label_lower)
def test_garbage_in_any_filter_of_any_list_shows_no_row_and_is_said(
    login: Login, root: Any, ours: Rows, model: Any
) -> None:
    client = login("root")
    names = [*parameters(client, model), "nonsense", "pk__gte", "id__isnull"]
    for name in names:
        made = listed(root, model, {name: "zzz"})
        assert list(made.queryset) == [], name
        assert len(made.unread) == 1, name
    for text in GARBAGE:
        made = listed(root, model, dict.fromkeys(names, text))
        assert list(made.queryset) == []
        assert len(made.unread) == len(names), text
    rows, page = shown(client, model, dict.fromkeys(names, "zzz"))
    assert rows == []
    assert page.count(NOT_READ) >= len(names)
    assert "lista-inteira" not in page


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label_lower)
def test_what_a_list_offers_is_understood(root: Any, ours: Rows, model: Any) -> None:
    for each in listed(root, model, {}).filters:
        choices = getattr(each, "lookup_choices", None) or getattr(getattr(each, "field", None), "flatchoices", [])
        for value, _label in choices:
            made = listed(root, model, {each.expected_parameters()[0]: str(value)})
            assert not made.unread, (each, value)
            assert len(made.queryset) <= model._default_manager.count()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label_lower)
def test_a_search_that_would_be_dropped_shows_no_row(login: Login, ours: Rows, model: Any) -> None:
    client = login("root")
    has_search = bool(admin.site.get_model_admin(model).get_search_fields(RequestFactory().get("/")))
    for term in ["\x00", '""', *([] if has_search else ["Empresa"])]:
        rows, page = shown(client, model, {"q": term})
        assert rows == [], term
        assert NOT_READ in page, term


def test_a_filter_that_is_not_closed_cannot_be_used(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    class Careless(RadioFilter):  # type: ignore[misc]
        title, parameter_name = "x", "x"

        def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
            return [("1", "um")]

    page = admin.site.get_model_admin(Title)
    monkeypatch.setattr(page, "list_filter", [Careless])
    with pytest.raises(ImproperlyConfigured):
        login("root").get(url(Title, "changelist"))


def test_a_choice_given_twice_is_not_half_understood(login: Login, ours: Rows) -> None:
    client = login("operacao")
    response = client.get(f"{url(Title, 'changelist')}?direction__exact=payable&direction__exact=receivable")
    assert list(response.context["cl"].queryset) == []
    several = client.get(f"{url(Title, 'changelist')}?status__exact=open&status__exact=settled")
    assert NOT_READ not in several.content.decode()
    assert len(several.context["cl"].queryset) == 2


def test_a_page_that_is_not_there_keeps_the_filter(login: Login, ours: Rows) -> None:
    rows, page = shown(login("operacao"), Title, {"direction__exact": "receivable", "p": "99"})
    assert rows == []
    assert NOT_READ not in page


@pytest.fixture
def due(ours: Rows) -> list[Title]:
    """Titles of the days of `DAYS`, each with a value of its own; the company's other two are long past."""
    Title.objects.update(due_date=date(2020, 1, 1))
    Posting.objects.update(due_date=date(2020, 1, 1))
    made = []
    for number, text in enumerate(DAYS):
        title, posting = make_title(ours.bling, ours.kamino, ours.person, ours.category, FIRST_BLING_ID + number)
        day, month, year = map(int, text.split("/"))
        Title.objects.filter(pk=title.pk).update(due_date=date(year, month, day), value=Decimal(100 + number))
        Posting.objects.filter(pk=posting.pk).update(due_date=date(year, month, day))
        made.append(title)
    return made


@pytest.mark.some(3)
@pytest.mark.parametrize("language", ["pt-BR", "en"])
@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        ("01/12/2026", "05/12/2026", 3),
        ("05/12/2026", "31/12/2026", 2),
        ("15/11/2026", "30/11/2026", 1),
        ("1/12/26", "05/12/26", 3),
        ("2026-12-01", "2026-12-05", 3),
        ("20/12/2026", "", 3),
    ],
)
def test_days_are_read_as_in_brazil(
    login: Login, due: list[Title], language: str, since: str, until: str, found: int
) -> None:
    client = login("operacao")
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    query = {"due_date_from": since, "due_date_to": until}
    for model in (Title, Posting):
        assert len(shown(client, model, query)[0]) == found, model


@pytest.mark.parametrize("text", ["30/02/2026", "12/31/2026", "01/12/0026", "amanhã", "2026-13-01", "01-12-2026"])
def test_what_is_no_day_is_named_and_nothing_is_settled(login: Login, due: list[Title], ours: Rows, text: str) -> None:
    client, query = login("operacao"), f"due_date_from={text}"
    rows, page = shown(client, Title, {"due_date_from": text})
    assert rows == []
    assert f"Vencimento: “{text}” não foi entendido. Escreva o dia como 31/12/2026." in page
    order = {"mark": "x", "date": "21/11/2026", "account": str(ours.bank_account.pk), "reason": "Pix"}
    for ask, data in ((client.get, None), (client.post, order)):
        answer = ask(whole("force", query), data, follow=True)
        assert f"“{text}” não foi entendido" in answer.content.decode()
        assert "Nada foi pedido" in answer.content.decode()
        assert list(answer.context["cl"].queryset) == []
    assert not BulkOrder.objects.filter(kind="force").exists()


@pytest.mark.parametrize("model", [Title, PlannedWrite, Discrepancy])
@pytest.mark.some(3)
def test_nothing_is_exported_of_what_is_not_understood(login: Login, ours: Rows, model: Any) -> None:
    client = login("root")
    for parameter in parameters(client, model):
        address = f"{url(model, 'export')}?{parameter}=zzz"
        for ask, data in ((client.get, None), (client.post, {"format": "1", "mark": "x"})):
            answer = ask(address, data, follow=True)
            assert "Nada foi exportado" in answer.content.decode()
            assert list(answer.context["cl"].queryset) == []
    assert not Export.objects.exists()


def test_a_moment_without_a_time_means_the_whole_day(login: Login, ours: Rows) -> None:
    client = login("operacao")
    today = Attempt.objects.get(pk=ours.attempt.pk).started_at.astimezone().strftime("%d/%m/%Y")
    assert shown(client, Attempt, {"started_at_from_0": today, "started_at_to_0": today})[0] == [ours.attempt]
    assert shown(client, Attempt, {"started_at_from_0": "01/01/2099"})[0] == []
    rows, page = shown(client, Attempt, {"started_at_from_1": "10:00"})
    assert rows == []
    assert NOT_READ in page


def test_an_order_says_its_filter_and_carries_it_as_understood(login: Login, due: list[Title]) -> None:
    client = login("operacao")
    page = shown(client, Title, {"due_date_from": "01/12/26", "due_date_to": "05/12/2026"})[1]
    understood = "due_date_from=2026-12-01&amp;due_date_to=2026-12-05"
    assert f"lista-inteira/ignore/?{understood}" in page
    address = whole("ignore", understood.replace("&amp;", "&"))
    asked = client.get(address).content.decode().replace("\xa0", " ")
    assert "de 01/12/2026 a 05/12/2026" in asked
    assert "3 títulos, R$ 306,00" in asked
    done = ordered(client, address, reason="Duplicados", key="0" * 32)
    row = BulkOrder.objects.get(kind="ignore")
    assert (row.counted, row.listed) == (3, understood.replace("&amp;", "&"))
    assert "de 01/12/2026 a 05/12/2026" in client.get(done["Location"]).content.decode()
    file = client.get(f"{url(Title, 'export')}?due_date_from=01/12/26&due_date_to=05/12/2026").content.decode()
    assert "3 linhas, R$ 306,00" in file.replace("\xa0", " ")
    assert "de 01/12/2026 a 05/12/2026" in file


def swap(titles: list[Title]) -> None:
    """Let one title leave December and another come, of the same value: the count and the sum stay."""
    Title.objects.filter(pk=titles[1].pk).update(due_date=date(2025, 1, 1))
    Title.objects.filter(pk=titles[5].pk).update(due_date=date(2026, 12, 2), value=Decimal(101))


def dearer(titles: list[Title]) -> None:
    Title.objects.filter(pk=titles[1].pk).update(value=Decimal("9000.00"))


def fewer(titles: list[Title]) -> None:
    Title.objects.filter(pk=titles[1].pk).update(due_date=date(2025, 1, 1))


@pytest.mark.parametrize("change", [swap, dearer, fewer])
def test_a_list_that_changed_since_it_was_confirmed_is_asked_again(
    login: Login, due: list[Title], change: Callable[[list[Title]], None]
) -> None:
    client, query = login("operacao"), "due_date_from=2026-12-01&due_date_to=2026-12-05"
    orders, files = whole("ignore", query), f"{url(Title, 'export')}?{query}"
    before = {address: mark_of(client, address) for address in (orders, files)}
    change(due)
    refused = client.post(orders, {"mark": before[orders], "key": "0" * 32, "reason": "Duplicados"}, follow=True)
    assert "A lista mudou" in refused.content.decode()
    assert not BulkOrder.objects.filter(kind="ignore").exists()
    refused = client.post(files, {"mark": before[files], "format": "1"}, follow=True)
    assert "A lista mudou" in refused.content.decode()
    assert "text/csv" in ordered(client, files, format="1")["Content-Type"]
    assert ordered(client, orders, reason="Duplicados", key="0" * 32).status_code == 302
    assert BulkOrder.objects.filter(kind="ignore").exists()


def all_forms() -> list[type[forms.BaseForm]]:
    return [
        each for module in (kit_forms, link, checklist) for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, forms.BaseForm)
    ]  # fmt: skip


def test_every_day_and_amount_that_a_person_types_is_read_the_same_way(login: Login, root: Any) -> None:
    request = RequestFactory().get("/")
    request.user = root
    fields = [(form, name, field) for form in all_forms() for name, field in form.base_fields.items()]
    for model in MODELS:
        page = admin.site.get_model_admin(model)
        if page.has_change_permission(request):
            fields += [(model, name, field) for name, field in page.get_form(request).base_fields.items()]
    days = [entry for entry in fields if isinstance(entry[2], forms.DateField)]
    amounts = [entry for entry in fields if isinstance(entry[2], forms.DecimalField)]
    assert len(days) >= 10
    assert len(amounts) >= 5
    assert [entry for entry in days if not isinstance(entry[2], DayField)] == []
    assert [entry for entry in amounts if not isinstance(entry[2], AmountField)] == []


@pytest.mark.parametrize("language", ["pt-BR", "en"])
def test_a_settlement_typed_in_brazil_is_booked_so_in_any_browser(login: Login, ours: Rows, language: str) -> None:
    client = login("operacao")
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    page = url(Title, "force_settlement", ours.title.pk)
    order = {"date": "01/11/2026", "amount": "12,34", "account": str(ours.bank_account.pk), "reason": "Pix"}
    client.post(page, {**order, "date": "31/02/2026"})
    client.post(page, {**order, "amount": "12.345.6"})
    assert not ours.posting.forced_settlements.exists()
    client.post(page, order)
    forced = ours.posting.forced_settlements.get()
    assert (forced.date, forced.amount) == (date(2026, 11, 1), Decimal("12.34"))
