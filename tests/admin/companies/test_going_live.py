"""The simulation, the coverage and the checklist, as people of each role see and use them."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import pytest
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from integrations.models import (
    AuditEvent,
    KaminoConnection,
    KaminoItem,
    KaminoSnapshot,
    PersonAction,
    PlannedWrite,
    Posting,
    Tenant,
)
from tests.admin.cases import all_decided
from tests.admin.kit.test_pages import url
from tests.admin.marked import ordered
from tests.admin.world import DAY, Rows, make_title, make_user

PAID = {"date": "2026-11-20", "amount": "1234.56", "account": "", "forced": False}


@pytest.fixture
def planned(ours: Rows) -> Posting:
    return Posting.objects.get(pk=ours.planned.pk)


def page_of(rows: Rows, name: str) -> str:
    return reverse(f"admin:integrations_tenant_{name}", args=[rows.tenant.pk])


def stands_in_kamino(rows: Rows, kamino_id: int = 777) -> int:
    """Let the last reconciliation have seen the planned title in Kamino."""
    title = rows.planned.title
    KaminoSnapshot.objects.create(
        kamino_connection=rows.kamino, direction="payable", kamino_id=kamino_id, due_date=DAY, value=title.value,
        document_number=title.document_number, person_id=rows.person.posting.kamino_id, read_at=timezone.now(),
    )  # fmt: skip
    return kamino_id


def settle(rows: Rows) -> None:
    """Let the planned title be paid already, through our company's bank account."""
    body = {**rows.planned.desired, "status": "settled", "payment": {**PAID, "account": rows.bank_account.kamino_id}}
    Posting.objects.filter(pk=rows.planned.pk).update(desired=body)


def test_the_simulation_sums_up_what_is_listed(login: Callable[[str], Client], ours: Rows) -> None:
    client, page = login("financeiro"), url(PlannedWrite, "changelist")
    assert client.get(page).context["operations"][0][1:] == (1, "R$\u00a01.234,56")
    settle(ours)
    _title, other = make_title(ours.bling, ours.kamino, ours.person, ours.category, 50_000, state="ready")
    Posting.objects.filter(pk=other.pk).update(direction="receivable")
    shown = client.get(page).context
    assert [row[1] for row in shown["operations"]] == [1, 1]
    assert shown["accounts"] == [(ours.bank_account.name, 1, "R$\u00a01.234,56")]
    for query, found in [
        ({"operation": "create_paid"}, "NF 11002"),
        ({"operation": "create"}, "NF 50000"),
        ({"direction__exact": "receivable"}, "NF 50000"),
        ({"account": str(ours.bank_account.pk)}, "NF 11002"),
        ({"q": "NF 50000"}, "NF 50000"),
        ({"tenant": str(ours.tenant.pk), "operation": "create"}, "NF 50000"),
    ]:
        text = client.get(page, query).content.decode()
        assert [number for number in ("NF 11002", "NF 50000") if number in text] == [found], query
    assert client.get(page, {"operation": "cancel"}).context["operations"] == []


def test_the_simulation_is_taken_home_as_a_spreadsheet(
    login: Callable[[str], Client], ours: Rows, theirs: Rows
) -> None:
    settle(ours)
    stands_in_kamino(ours)
    type(ours.person).objects.filter(pk=ours.person.pk).update(name="=cmd()")
    page = url(PlannedWrite, "export")
    response = ordered(login("financeiro"), page, format="0")
    rows = list(load_workbook(BytesIO(response.content)).active.iter_rows(values_only=True))
    row = dict(zip(rows[0], rows[1], strict=True))
    assert len(rows) == 2
    assert (row["Empresa"], row["Pessoa"], row["Valor"]) == ("Empresa nossa", "'=cmd()", 1234.56)
    assert row["Vencimento"].date() == DAY
    assert {777, ours.bank_account.name, ours.chart_account.name} & set(row.values()) >= {777, ours.bank_account.name}
    assert "alheia" not in ordered(login("financeiro"), page, format="1").content.decode()
    assert login("suporte").get(page).status_code == 403
    assert ordered(login("suporte"), page, format="0").status_code == 403
    taken = AuditEvent.objects.filter(action="download_list", company_id=ours.tenant.pk)
    assert [event.details["file"].partition("-")[0] for event in taken] == ["simulacao"] * 2


def test_staff_link_what_stands_in_kamino_already(login: Callable[[str], Client], ours: Rows) -> None:
    client, page = login("operacao"), url(PlannedWrite, "changelist")
    link = reverse("admin:integrations_plannedwrite_link_twins")
    assert link not in client.get(page).content.decode()
    theirs = stands_in_kamino(ours)
    assert link in client.get(page).content.decode()
    for query, count in [({"twin": "1"}, 1), ({"twin": "0"}, 0)]:
        assert client.get(page, query).context["cl"].result_count == count
    assert "R$\u00a01.234,56" in client.get(link).content.decode()
    assert ordered(client, link, reason=" ").status_code == 200
    assert not PersonAction.objects.exists()
    response = ordered(client, link, reason="Conferido")
    assert response.status_code == 302
    assert next(str(message) for message in get_messages(response.wsgi_request)).startswith("1 ")
    assert Posting.objects.get(pk=ours.planned.pk).kamino_id == theirs
    action = PersonAction.objects.get()
    assert (action.reason, action.user.username) == (f"{theirs}: Conferido", "operacao")
    assert client.get(link).status_code == 302


@pytest.mark.parametrize("role", ["financeiro", "suporte", "nobody"])
def test_linking_needs_its_permission(role: str, login: Callable[[str], Client], ours: Rows) -> None:
    stands_in_kamino(ours)
    link = reverse("admin:integrations_plannedwrite_link_twins")
    client = login(role)
    assert link not in client.get(url(PlannedWrite, "changelist")).content.decode()
    assert ordered(client, link, reason="Conferido").status_code == 403
    assert Posting.objects.get(pk=ours.planned.pk).kamino_id is None


def test_nobody_links_another_company_s_titles(login: Callable[[str], Client], ours: Rows, theirs: Rows) -> None:
    stands_in_kamino(theirs)
    client, link = login("operacao"), reverse("admin:integrations_plannedwrite_link_twins")
    for query in ("", f"?tenant={theirs.tenant.pk}"):
        assert "alheia" not in client.get(link + query).content.decode()
        ordered(client, link + query, reason="Conferido")
    assert Posting.objects.get(pk=theirs.planned.pk).kamino_id is None


def test_the_coverage_names_what_holds_titles_back(login: Callable[[str], Client], ours: Rows) -> None:
    Posting.objects.filter(pk=ours.planned.pk).update(problems=[])
    client = login("financeiro")
    text = client.get(page_of(ours, "coverage")).content.decode()
    assert ours.category.name in text
    assert f"/admin/integrations/mapping/mesa/{ours.tenant.pk}/?find=category-" in text
    assert "R$\u00a01.234,56" in text
    assert "R$\u00a02.469,12" in text
    assert "Empresa nossa" in text
    assert page_of(ours, "coverage") in client.get(url(Tenant, "change", ours.tenant.pk)).content.decode()


@pytest.mark.parametrize("name", ["coverage", "readiness", "activate", "to_simulation"])
def test_no_page_shows_another_company(name: str, login: Callable[[str], Client], ours: Rows, theirs: Rows) -> None:
    for role in ("financeiro", "operacao"):
        response = login(role).get(page_of(theirs, name))
        assert response.status_code in (403, 404)
        assert "alheia" not in response.content.decode()


@pytest.mark.parametrize("role", ["financeiro", "operacao"])
def test_who_may_not_change_the_company_sees_the_checklist_and_decides_nothing(
    role: str, login: Callable[[str], Client], ours: Rows
) -> None:
    client, page = login(role), page_of(ours, "readiness")
    assert client.get(page).context["form"] is None
    client.post(page, {"settled_from": "01/01/2026", "nothing_is_closed": "on", "other_integration_off": "on"})
    assert Tenant.objects.get(pk=ours.tenant.pk).settled_from is None


def colours(client: Client, rows: Rows) -> dict[str, str]:
    return {line.code: line.colour for _icon, line, _place in client.get(page_of(rows, "readiness")).context["lines"]}


def test_each_line_turns_red_and_green_again(login: Callable[[str], Client], ours: Rows) -> None:
    client = login("suporte")
    all_decided(ours)
    Posting.objects.update(problems=[], state="ready")
    KaminoConnection.objects.update(allow_unconfirmed=True)
    assert set(colours(client, ours).values()) == {"green"}
    now, tenant, kamino = timezone.now(), Tenant.objects.all(), KaminoConnection.objects.all()
    bling, items = type(ours.bling).objects.all(), KaminoItem.objects.all()
    for line, broken, fixed in [
        ("bling", lambda: bling.update(status="paused"), lambda: bling.update(status="connected")),
        (
            "scopes", lambda: bling.update(status="reconnect", status_cause="missing_scopes"),
            lambda: bling.update(status="connected", status_cause=""),
        ),
        ("sync", lambda: ours.run.__class__.objects.update(state="failed"),
         lambda: ours.run.__class__.objects.update(state="done")),
        ("kamino", lambda: kamino.update(failure={"kind": "config"}), lambda: kamino.update(failure={})),
        ("kamino", lambda: kamino.update(registers_read_at=None), lambda: kamino.update(registers_read_at=now)),
        ("kamino", lambda: items.update(is_active=False), lambda: items.update(is_active=True)),
        ("reconciled", lambda: kamino.update(reconciled_at=now - timedelta(hours=25)),
         lambda: kamino.update(reconciled_at=now)),
        ("settled_from", lambda: tenant.update(settled_from=None), lambda: tenant.update(settled_from=DAY)),
        ("closed_until", lambda: tenant.update(nothing_is_closed=False), lambda: tenant.update(closed_until=DAY)),
        ("other", lambda: tenant.update(other_integration_off=False),
         lambda: tenant.update(other_integration_off=True)),
    ]:  # fmt: skip
        broken()
        assert colours(client, ours)[line] == "red", line
        client.post(page_of(ours, "activate"), {"reason": "Agora", "is_aware": "on"})
        assert not Tenant.objects.get(pk=ours.tenant.pk).is_live, line
        fixed()
        assert set(colours(client, ours).values()) == {"green"}, line


def test_what_is_amber_is_said_and_has_to_be_seen(login: Callable[[str], Client], ours: Rows) -> None:
    client = login("suporte")
    all_decided(ours)
    stands_in_kamino(ours)
    Posting.objects.filter(pk=ours.planned.pk).update(direction="payable")
    _title, overdue = make_title(ours.bling, ours.kamino, ours.person, ours.category, 50_000, state="ready")
    Posting.objects.filter(pk=overdue.pk).update(direction="receivable", due_date=DAY - timedelta(days=400))
    KaminoConnection.objects.update(allow_unconfirmed=False)
    found = colours(client, ours)
    assert {name for name, colour in found.items() if colour == "amber"} == {
        "names",
        "overdue",
        "exact_matches",
        "unconfirmed",
    }
    page = page_of(ours, "activate")
    assert "R$\u00a01.234,56" in client.get(page).content.decode()
    assert client.post(page, {"reason": "Agora"}).status_code == 200
    assert not Tenant.objects.get(pk=ours.tenant.pk).is_live
    assert client.post(page, {"reason": "Agora", "is_aware": "on"}).status_code == 302
    assert Tenant.objects.get(pk=ours.tenant.pk).is_live


def test_the_checklist_shows_what_a_date_would_settle(login: Callable[[str], Client], ours: Rows) -> None:
    ours.title.__class__.objects.filter(pk=ours.title.pk).update(status="settled")
    client, page = login("suporte"), page_of(ours, "readiness")
    for day, since, before in [("21/11/2026", 1, 0), ("22/11/2026", 0, 1)]:
        shown = client.post(page, {"settled_from": day, "preview": "yes"}).context["payments"]
        assert [(row.count, row.count_before) for row, _total, _before in shown] == [(since, before)]
    assert Tenant.objects.get(pk=ours.tenant.pk).settled_from is None
    both = {"settled_from": "21/11/2026", "closed_until": "31/10/2026", "nothing_is_closed": "on"}
    assert client.post(page, both).context["form"].errors


def test_going_live_and_back_leaves_rows_that_say_why(login: Callable[[str], Client], ours: Rows) -> None:
    client = login("suporte")
    all_decided(ours)
    client.post(page_of(ours, "activate"), {"reason": "Combinado com a cliente", "is_aware": "on"})
    client.post(page_of(ours, "activate"), {"reason": "Outra vez", "is_aware": "on"})
    client.post(page_of(ours, "to_simulation"), {"reason": "Revisar o plano"})
    history = Tenant.objects.get(pk=ours.tenant.pk).history.filter(history_change_reason__isnull=False)
    rows = list(history.values_list("delivery_mode", "history_change_reason", "history_user__username"))
    assert rows == [("shadow", "Revisar o plano", "suporte"), ("live", "Combinado com a cliente", "suporte")]
    text = client.get(url(Tenant, "history", ours.tenant.pk)).content.decode()
    assert "Combinado com a cliente" in text


def test_the_company_s_form_switches_nothing(login: Callable[[str], Client], ours: Rows) -> None:
    all_decided(ours)
    data = {"name": "Nova", "slug": "nossa", "sync_from": "21/11/2026", "release": "always", "delivery_mode": "live"}
    data["partial_policy"] = "keep"
    data["sale_release"] = "always"
    data["tolerance_cents"] = "0"
    assert login("suporte").post(url(Tenant, "change", ours.tenant.pk), data).status_code == 302
    tenant = Tenant.objects.get(pk=ours.tenant.pk)
    assert (tenant.name, tenant.delivery_mode) == ("Nova", "shadow")


def test_who_makes_a_company_sees_it(db: None) -> None:
    user = make_user("parceiro")
    codes = ["add_tenant", "view_tenant", "change_tenant"]
    user.user_permissions.set(Permission.objects.filter(codename__in=codes, content_type__app_label="integrations"))
    client = Client()
    client.force_login(user)
    page = client.get(url(Tenant, "add"))
    form = page.context["adminform"].form
    shown = {name: form.get_initial_for_field(form.fields[name], name) for name in form.fields}
    typed = {name: value for name, value in shown.items() if value is not None and value is not False}
    typed |= {"name": "Minha", "slug": "minha", "cnpj": "11222333000181", "sync_from": "01/11/2026"}
    answer = client.post(url(Tenant, "add"), typed)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert list(Tenant.objects.get(slug="minha").members.all()) == [user]
    assert "Minha" in client.get(url(Tenant, "changelist")).content.decode()
