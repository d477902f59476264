"""No sum, count, bar, file or kept row holds a confidential title for people who may not see it."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any
from uuid import uuid4

import openpyxl
import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.models import (
    BulkOrder,
    CatalogItem,
    ConfidentialCategory,
    Discrepancy,
    Mapping,
    MappingChange,
    MonthClosing,
    Payment,
    Person,
    Posting,
    RestoreHold,
    StoredDiscrepancy,
    Tenant,
    Title,
)
from integrations.models.confidential import WHOLE, guard_of, is_confidential, marked_ids, marks_of
from integrations.pipeline.report.digest import news_since
from integrations.pipeline.report.month import freeze, month_of
from integrations.pipeline.report.month_numbers import fingerprint_of
from tests.admin.kit.test_pages import MODELS, url
from tests.admin.marked import mark_of
from tests.admin.world import DAY, Rows, make_title

Login = Callable[[str], Client]
SALARY, BOTH = "4.321,09", "8.642,18"
NOTE = "Sem 2 títulos confidenciais desta empresa."
NAMED = ("Zeca", SALARY, BOTH, "8.649,18")


@pytest.fixture(autouse=True)
def hidden(ours: Rows) -> ConfidentialCategory:
    """Both our titles, of 4,321.09 each, are confidential: one by its category, one without by its contact's default. A
    third one is open to everybody."""
    person = Person.objects.create(
        connection=ours.bling, bling_id=555, name="Zeca", category_id=ours.category.bling_id, read_at=timezone.now()
    )
    Title.objects.filter(connection=ours.bling).update(value="4321.09", person=person)
    Title.objects.filter(pk=ours.title.pk).update(category_id=0)
    Payment.objects.filter(title__connection=ours.bling).update(amount="4321.09")
    StoredDiscrepancy.objects.all().update(bling_value="4321.09")
    for posting in Posting.objects.filter(title__connection=ours.bling):
        posting.desired["value"] = "4321.09"
        posting.save()
    make_title(ours.bling, ours.kamino, ours.person, ours.free_category, 11_009)
    Title.objects.filter(bling_id=11_009).update(value="7.00")
    return ConfidentialCategory.objects.create(connection=ours.bling, item=ours.category)


def text_of(response: Any) -> str:
    """Return what a page or a workbook holds, as text."""
    if "spreadsheet" in response.get("Content-Type", ""):
        book = openpyxl.load_workbook(BytesIO(b"".join(response)))
        return "\n".join(str(cell) for sheet in book.worksheets for row in sheet.values for cell in row)
    found: str = response.content.decode()
    return found


def secrets_in(text: str) -> list[str]:
    return [secret for secret in (*NAMED, "4321.09", "8642.18", "8649.18") if secret in text]


def page(client: Client, name: str, *args: Any, **query: Any) -> str:
    return text_of(client.get(reverse(f"admin:integrations_{name}", args=args), query, follow=True))


def reports(ours: Rows) -> list[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    tenant = ours.tenant.pk
    found: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
        ("title_open_position", (), {"tenant": tenant, "day": f"{DAY:%d/%m/%Y}"}),
        ("title_open_position", (), {"tenant": tenant, "day": f"{DAY:%d/%m/%Y}", "planilha": "1"}),
        ("monthclosing_compare", (), {"tenant": tenant, "month": f"{DAY:%m/%Y}"}),
        ("tenant_coverage", (tenant,), {}),
        ("mapping_desk", (tenant,), {}),
    ]
    return found


def test_reports_leave_them_out_and_say_how_many_the_company_has(login: Login, ours: Rows) -> None:
    for name, args, query in reports(ours):
        found = page(login("operacao"), name, *args, **query)
        assert secrets_in(found) == [], name
        assert NOTE in found, name
        assert "7,00" in found or "\n7\n" in found or "\n1\n" in found, name
        whole = page(login("financeiro"), name, *args, **query)
        assert secrets_in(whole), name
        assert NOTE not in whole, name


def test_the_count_says_nothing_of_a_day(login: Login, ours: Rows) -> None:
    Title.objects.filter(pk=ours.title.pk).update(issue_date=DAY + timedelta(days=3))
    for days in (0, 2, 4):
        query = {"tenant": ours.tenant.pk, "day": f"{DAY + timedelta(days=days):%d/%m/%Y}"}
        found = page(login("operacao"), "title_open_position", **query)
        assert NOTE in found
        assert secrets_in(found) == []


def test_no_list_and_no_page_of_a_company_sums_them_up(login: Login, ours: Rows) -> None:
    client = login("operacao")
    hold = RestoreHold.objects.create(
        kamino_connection=ours.kamino, direction="payable", since=timezone.now(), looked_at=timezone.now()
    )
    addresses = [url(model, "changelist") for model in MODELS]
    addresses += [url(type(row), "change", row.pk) for row in (*ours.all(), hold)]
    addresses += [
        reverse(f"admin:integrations_tenant_{name}", args=[ours.tenant.pk]) for name in ("coverage", "readiness")
    ]
    addresses += [reverse("admin:index"), reverse("admin:integrations_plannedwrite_sums")]
    for address in addresses:
        assert secrets_in(text_of(client.get(address, follow=True))) == [], address


def test_the_first_page_does_not_count_them(login: Login) -> None:
    states = {
        role: {state["label"]: state["count"].counted for state in card.states} | {"asks": card.needs_action.counted}
        for role in ("operacao", "financeiro")
        for card in login(role).get("/admin/").context["cards"]
    }
    assert states["operacao"] == {"Requer ação": 1, "asks": 1}
    assert sum(states["financeiro"].values()) > 3


def test_going_live_counts_what_its_reader_sees(login: Login, ours: Rows) -> None:
    Tenant.objects.update(delivery_mode="shadow")
    Title.objects.filter(pk=ours.title.pk).update(status="settled")
    Posting.objects.filter(title=ours.title).update(kamino_id=None)
    whole = page(login("financeiro"), "tenant_readiness", ours.tenant.pk)
    found = page(login("suporte"), "tenant_readiness", ours.tenant.pk)
    assert SALARY in whole
    assert secrets_in(found) == []
    assert NOTE in found


def test_a_mail_does_not_count_them(ours: Rows) -> None:
    now = timezone.now()
    news = news_since(ours.tenant, now - timedelta(days=1), now + timedelta(days=1))
    told = Discrepancy.objects.filter(closed_at=None)
    theirs = told.filter(posting__title__bling_id=11_009).count()
    assert (news.open_now, news.opened.total(), news.needs_action, news.written.created) == (theirs, theirs, 1, 0)
    assert told.count() > theirs


def kept(ours: Rows) -> MonthClosing:
    month = month_of(ours.tenant, DAY.replace(day=1))
    assert sum(row.bling for row in month.competence.rows) == Decimal("8649.18")
    return freeze(tenant=ours.tenant, found=month, user=ours.closing.made_by, now=timezone.now(), accepts_as_sent=True)


def test_a_frozen_month_hides_them_whatever_is_renamed_or_unmarked(
    login: Login, ours: Rows, hidden: ConfidentialCategory
) -> None:
    closing = kept(ours)
    CatalogItem.objects.filter(pk=ours.category.pk).update(name="Outro nome")
    for _ in range(2):
        for name in ("change", "sheet"):
            found = page(login("operacao"), f"monthclosing_{name}", closing.pk)
            assert secrets_in(found) == [], name
            assert secrets_in(page(login("financeiro"), f"monthclosing_{name}", closing.pk)), name
        Person.objects.filter(name="Zeca").update(category_id=0)
    hidden.delete()
    assert secrets_in(page(login("operacao"), "monthclosing_change", closing.pk)) == []


def test_a_month_frozen_before_a_category_was_marked_hides_its_titles_from_then_on(
    login: Login, ours: Rows, hidden: ConfidentialCategory
) -> None:
    hidden.delete()
    closing = kept(ours)
    assert secrets_in(page(login("operacao"), "monthclosing_change", closing.pk))
    ConfidentialCategory.objects.create(connection=ours.bling, item=ours.category)
    for name in ("change", "sheet"):
        found = page(login("operacao"), f"monthclosing_{name}", closing.pk)
        assert secrets_in(found) == [], name
        assert NOTE in found


def test_a_month_of_an_older_version_is_shown_only_whole(login: Login, ours: Rows, hidden: Any) -> None:
    assert "NF 1 nossa" in page(login("financeiro"), "monthclosing_change", ours.closing.pk)
    found = page(login("operacao"), "monthclosing_change", ours.closing.pk)
    assert "NF 1 nossa" not in found
    assert "versão anterior" in found
    hidden.delete()
    assert "NF 1 nossa" in page(login("operacao"), "monthclosing_change", ours.closing.pk)


def test_the_list_of_months_does_not_count_what_its_reader_cannot_see(login: Login, ours: Rows) -> None:
    for role, shown in (("operacao", False), ("financeiro", True)):
        row = login(role).get(url(MonthClosing, "changelist")).context["cl"].result_list[0]
        assert row.shows_counts is shown


def test_the_mark_of_a_month_is_no_way_to_try_amounts(ours: Rows, settings: Any) -> None:
    numbers = kept(ours).numbers
    before = fingerprint_of(numbers)
    settings.SECRET_KEY = "another"
    assert fingerprint_of(numbers) != before


def supplier(ours: Rows) -> Mapping:
    return Mapping.objects.create(
        connection=ours.bling, kind="supplier", person=Person.objects.get(name="Zeca"), bling_name="Zeca",
        chart_account=ours.chart_account,
    )  # fmt: skip


def test_the_mappings_do_not_know_who_is_only_on_the_payroll(login: Login, ours: Rows) -> None:
    mapping, client = supplier(ours), login("operacao")
    assert "Zeca" in page(login("financeiro"), "mapping_desk", ours.tenant.pk)
    for address in (
        url(Mapping, "changelist"), url(Mapping, "changelist") + "?q=zec", url(Mapping, "change", mapping.pk),
        url(Mapping, "history", mapping.pk), reverse("admin:integrations_mapping_desk", args=[ours.tenant.pk]),
        reverse("admin:integrations_mapping_desk", args=[ours.tenant.pk]) + "?find=supplier-555",
        reverse("admin:integrations_mapping_export", args=[ours.tenant.pk, "xlsx"]),
        reverse("admin:integrations_mapping_export", args=[ours.tenant.pk, "csv"]),
    ):  # fmt: skip
        assert secrets_in(text_of(client.get(address, follow=True)).replace('value="zec"', "")) == [], address


def test_nobody_is_found_at_the_desk_by_a_number(login: Login, ours: Rows, users: Any) -> None:
    address = reverse("admin:integrations_mapping_desk", args=[ours.tenant.pk])
    assert "Zeca" in login("financeiro").get(f"{address}?find=supplier-555").content.decode()
    assert "Zeca" not in login("operacao").get(f"{address}?find=supplier-555").content.decode()
    known = f"{address}?find=supplier-{ours.person.bling_id}"
    assert "Pessoa nossa" in login("operacao").get(known).content.decode()
    operacao = users["operacao"]
    operacao.groups.clear()
    grant(operacao, "view_mapping")
    assert "Pessoa nossa" not in login("operacao").get(known).content.decode()


def grant(user: Any, *names: str) -> None:
    user.user_permissions.set(Permission.objects.filter(codename__in=names))


def test_nor_by_a_spreadsheet_with_the_number(login: Login, ours: Rows, users: Any) -> None:
    supplier(ours)
    grant(users["operacao"], "import_mapping", "change_mapping", "export_mapping")
    head = ["Empresa", "Conexão", "Tipo", "ID no Bling", "Nome no Bling", "Plano de contas", "Centro de custo",
            "Unidade de negócio", "Conta corrente"]  # fmt: skip
    book = openpyxl.Workbook()
    for row in (head, [ours.tenant.name, ours.bling.label, "Fornecedor", 555, "?", "", "", "", ""]):
        book.active.append(row)
    out = BytesIO()
    book.save(out)
    for role, shown in (("operacao", False), ("financeiro", True)):
        MappingChange.objects.all().delete()
        desk = reverse("admin:integrations_mapping_desk", args=[ours.tenant.pk])
        sent = {"do": "upload", "file": SimpleUploadedFile("a.xlsx", out.getvalue())}
        answer = login(role).post(desk, sent, follow=True)
        assert ("Zeca" in answer.content.decode()) == shown, role


def proposed(ours: Rows) -> MappingChange:
    """A proposal of finance that names Zeca, maps the confidential category, and has a row nobody understands."""
    targets = {"chart_account": None, "cost_center": None, "business_unit": None}
    row = {"connection": ours.bling.pk, "old": targets, "new": targets, "errors": [], "line": 0, "cells": []}
    zeca = Person.objects.get(name="Zeca")
    ours.change.rows = [
        {**row, "kind": "supplier", "source": None, "person": zeca.pk, "name": "Zeca"},
        {**row, "kind": "category", "source": ours.category.pk, "person": None, "name": "Folha"},
        {**row, "connection": 0, "kind": "", "source": None, "person": None, "name": "Zeca", "cells": ["Zeca"],
         "errors": [{"column": "kind", "code": "no_kind", "params": {}}]},
    ]  # fmt: skip
    ours.change.total_rows = 3
    ours.change.titles_planned = 2
    ours.change.save()
    return ours.change


def test_a_proposal_names_and_counts_what_its_reader_sees(login: Login, ours: Rows, users: Any) -> None:
    change = proposed(ours)
    grant(users["operacao"], "change_mapping", "export_mapping")
    for name, args in (("mappingchange_change", (change.pk,)), ("mappingchange_errors", (change.pk,))):
        assert "Zeca" in page(login("financeiro"), name, *args)
        assert secrets_in(page(login("operacao"), name, *args)) == []
    assert BOTH in page(login("financeiro"), "mappingchange_change", change.pk)
    MappingChange.objects.update(user=users["operacao"])
    assert "Zeca" in page(login("operacao"), "mappingchange_errors", change.pk), "what they sent themselves"
    MappingChange.objects.update(state="done")
    assert "Títulos replanejados: –" in page(login("operacao"), "mappingchange_change", change.pk)


def test_what_decides_is_the_same_in_the_database_and_in_kept_rows(ours: Rows) -> None:
    marked, free = ours.category.bling_id, ours.free_category.bling_id
    marks = marks_of(ours.tenant)
    zeca, other = Person.objects.get(name="Zeca"), ours.person
    for category in (0, marked, free):
        for disputed in (None, [], [marked, free], [free]):
            for person in (zeca, other, None):
                Title.objects.filter(pk=ours.title.pk).update(
                    category_id=category, disputed_categories=disputed, person=person
                )
                title = Title.objects.select_related("person").get(pk=ours.title.pk)
                asked = Title.objects.filter(is_confidential(marked_ids()), pk=title.pk).exists()
                case = (category, disputed, person)
                assert guard_of(title, marks).is_hidden == asked == guard_of(title, ()).hides(marks), case


def test_the_count_stops(ours: Rows, monkeypatch: pytest.MonkeyPatch, login: Login) -> None:
    monkeypatch.setattr("integrations.models.confidential.COUNTED", 1)
    monkeypatch.setattr("integrations.words.confidential.COUNTED", 1)
    assert "mais de 1." in page(login("operacao"), "tenant_coverage", ours.tenant.pk)
    assert WHOLE.left_out(ours.tenant) == 0


def test_an_order_for_a_list_with_them_is_shown_only_to_who_sees_them(
    login: Login, ours: Rows, hidden: ConfidentialCategory
) -> None:
    """Its list (“Zeca”) and its counts tell of them."""
    page, query = "/admin/integrations/title/lista-inteira/resync/", "?q=Zeca"
    client = login("financeiro")
    grant(User.objects.get(username="financeiro"), "resync_title")
    mark = mark_of(client, page + query)
    assert client.post(page + query, {"mark": mark, "key": str(uuid4()), "confirmed": "yes"}).status_code == 302
    row = BulkOrder.objects.latest("pk")
    assert (row.counted, row.is_confidential) == (2, True)
    for role, found in (("operacao", 404), ("financeiro", 200)):
        assert login(role).get(url(BulkOrder, "change", row.pk)).status_code == found
    hidden.delete()
    BulkOrder.objects.update(is_confidential=False)
    assert login("operacao").get(url(BulkOrder, "change", row.pk)).status_code == 200
    ConfidentialCategory.objects.create(connection=ours.bling, item=ours.category)
    assert login("operacao").get(url(BulkOrder, "change", row.pk)).status_code == 404
