"""Every action, driven as a person does: with the permission, without it, on another company's rows, and twice."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.db.models import Model
from django.test import Client
from django_q.models import OrmQ

from integrations.models import (
    Discrepancy,
    FilterRule,
    ForcedSettlement,
    KaminoConnection,
    OrderWrite,
    PayableWrite,
    Posting,
    SettlementWrite,
    SyncRun,
    Tenant,
    Title,
)
from integrations.pipeline.access.clients import CheckLine
from tests.admin.bill_cases import BILL_ACTIONS, BILL_LIST_ACTIONS
from tests.admin.cases import LIST_ACTIONS as OTHER_LIST_ACTIONS
from tests.admin.cases import PAGE_ACTIONS as OTHER_PAGE_ACTIONS
from tests.admin.cases import Case, forced, planned
from tests.admin.customer_cases import CUSTOMER_ACTIONS, CUSTOMER_LIST_ACTIONS
from tests.admin.kit.test_pages import MODELS, url
from tests.admin.marked import ordered
from tests.admin.payable_cases import PAYABLE_ACTIONS, PAYABLE_LIST_ACTIONS
from tests.admin.world import Rows

LIST_ACTIONS = [*OTHER_LIST_ACTIONS, *PAYABLE_LIST_ACTIONS, *CUSTOMER_LIST_ACTIONS, *BILL_LIST_ACTIONS]
PAGE_ACTIONS = [*OTHER_PAGE_ACTIONS, *PAYABLE_ACTIONS, *CUSTOMER_ACTIONS, *BILL_ACTIONS]

SHOWS_A_PAGE = {"test", "connect", "create_link", "coverage"}
HARMLESS = {"test", "connect", "resume_syncing", "coverage"}


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer for both services where an action would ask them."""
    monkeypatch.setattr("integrations.pipeline.company.authorization.auth.revoke", lambda *_args: None)
    lines = [
        CheckLine("chart.list (confirmed)", True, "3 rows"),
        CheckLine("payable.list (unconfirmed)", False, "config: refused", "Chave recusada"),
    ]
    for name in ("probe_kamino", "probe_bling"):
        monkeypatch.setattr(f"integrations.pipeline.company.probes.{name}", lambda *_args, **_kwargs: iter(lines))


def run_list(client: Client, case: Case, row: Model, rows: Rows) -> Any:
    data = {"action": case.name, ACTION_CHECKBOX_NAME: str(row.pk), **case.data(rows)}
    return client.post(url(case.model, "changelist"), data)


def run_page(client: Client, case: Case, row: Model, rows: Rows) -> Any:
    return client.post(url(case.model, "change", row.pk).replace("/change/", f"/{case.name}/"), case.data(rows))


def case_id(case: Case) -> str:
    return f"{case.model.__name__}.{case.name}"


def said(response: Any) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def test_every_registered_action_has_a_case() -> None:
    lists, pages = set(), set()
    for model in MODELS:
        model_admin: Any = admin.site._registry[model]
        names = {name if isinstance(name, str) else name.__name__ for name in model_admin.actions or ()}
        if model is FilterRule:
            names.add("delete_selected")
        lists |= {(model, name) for name in names}
        pages |= {(model, name) for name in model_admin._extract_action_names(model_admin.actions_detail)}
        for kind in ("actions_list", "actions_row", "actions_submit_line"):
            assert not getattr(model_admin, kind), (model, kind)
    lists.remove((User, "remove_factor"))  # about people: see tests/login/test_factor
    lists.remove((Title, "export_discrepancies"))  # changes nothing: see test_discrepancies_of_titles
    for model, name in (
        (PayableWrite, "it_is_there"), (PayableWrite, "surplus_gone"), (SettlementWrite, "it_is_settled"),
        (OrderWrite, "is_there"),
        (SettlementWrite, "surplus_gone"),
    ):  # fmt: skip
        pages.remove((model, name))  # reads in Bling: see tests/admin/payables
    assert lists == {(case.model, case.name) for case in LIST_ACTIONS}
    assert pages == {(case.model, case.name) for case in PAGE_ACTIONS}


@pytest.mark.parametrize("case", LIST_ACTIONS, ids=case_id)
def test_a_list_action_does_what_it_says(case: Case, login: Callable[[str], Client], ours: Rows, users: Any) -> None:
    if case.may == "financeiro" and case.model is Tenant:
        users["financeiro"].user_permissions.clear()
    case.prepare(ours)
    response = run_list(login(case.may), case, getattr(ours, case.row), ours)
    assert response.status_code == 302
    assert case.done(ours)
    assert case.says in said(response)
    if case.name != "delete_selected":
        assert OrmQ.objects.exists()


@pytest.mark.parametrize("case", LIST_ACTIONS, ids=case_id)
def test_a_list_action_is_neither_shown_nor_done_without_permission(
    case: Case, login: Callable[[str], Client], ours: Rows
) -> None:
    client = login(case.may_not)
    page = client.get(url(case.model, "changelist"))
    assert f'value="{case.name}"' not in page.content.decode()
    run_list(client, case, getattr(ours, case.row), ours)
    assert not case.done(ours)


@pytest.mark.parametrize("case", LIST_ACTIONS, ids=case_id)
def test_a_list_action_leaves_another_company_alone(
    case: Case, login: Callable[[str], Client], theirs: Rows, users: Any
) -> None:
    role = "operacao" if case.may == "suporte" else case.may
    run_list(login(role), case, getattr(theirs, case.row), theirs)
    assert not case.done(theirs)


@pytest.mark.parametrize("case", PAGE_ACTIONS, ids=case_id)
def test_a_page_action_asks_first_and_then_does_what_it_says(
    case: Case, login: Callable[[str], Client], ours: Rows
) -> None:
    client, row = login(case.may), getattr(ours, case.row)
    case.prepare(ours)
    if case.name == "resume_syncing":
        Posting.objects.update(state="ignored")
    before = case.done(ours)
    asked_first = client.get(url(case.model, "change", row.pk).replace("/change/", f"/{case.name}/"))
    assert asked_first.status_code == 200
    assert "<form" in asked_first.content.decode()
    assert case.done(ours) == before
    response = run_page(client, case, row, ours)
    assert response.status_code == (200 if case.name in SHOWS_A_PAGE else 302)
    assert case.done(ours)
    assert case.says in said(response)


@pytest.mark.parametrize("case", PAGE_ACTIONS, ids=case_id)
def test_a_page_action_is_neither_shown_nor_done_without_permission(
    case: Case, login: Callable[[str], Client], ours: Rows
) -> None:
    client, row = login(case.may_not), getattr(ours, case.row)
    case.prepare(ours)
    page = client.get(url(case.model, "change", row.pk))
    assert f"/{case.name}/" not in page.content.decode()
    assert run_page(client, case, row, ours).status_code == 403
    assert case.name in HARMLESS or not case.done(ours)


@pytest.mark.parametrize("case", PAGE_ACTIONS, ids=case_id)
def test_a_page_action_does_not_find_another_company(case: Case, login: Callable[[str], Client], theirs: Rows) -> None:
    role = "operacao" if case.may == "suporte" else case.may
    case.prepare(theirs)
    response = run_page(login(role), case, getattr(theirs, case.row), theirs)
    assert response.status_code in (403, 404)
    assert case.name in HARMLESS or not case.done(theirs)


def test_asking_twice_starts_one_run(login: Callable[[str], Client], ours: Rows) -> None:
    client = login("operacao")
    run_list(client, LIST_ACTIONS[0], ours.tenant, ours)
    response = run_list(client, LIST_ACTIONS[0], ours.tenant, ours)
    assert "1 não alterada: já em execução" in said(response)
    assert SyncRun.objects.filter(connection=ours.bling, state="open").count() == 1


def test_a_settlement_is_forced_once(login: Callable[[str], Client], ours: Rows) -> None:
    client = login("operacao")
    page = url(Title, "change", ours.title.pk).replace("/change/", "/force_settlement/")
    client.post(page, forced(ours))
    response = client.post(page, forced(ours))
    assert "Já existe uma baixa manual para este título." in said(response)
    assert ForcedSettlement.objects.filter(posting=ours.posting).count() == 1


@pytest.mark.parametrize(
    ("field_name", "value"),
    [("amount", "0"), ("amount", "-1"), ("amount", "dez"), ("date", "31/02/2026"), ("reason", " "), ("account", "")],
)
def test_a_wrong_settlement_is_asked_again(
    field_name: str, value: str, login: Callable[[str], Client], ours: Rows
) -> None:
    page = url(Title, "change", ours.title.pk).replace("/change/", "/force_settlement/")
    response = login("operacao").post(page, {**forced(ours), field_name: value})
    assert response.status_code == 200
    assert not ForcedSettlement.objects.filter(posting=ours.posting).exists()


def test_a_settlement_takes_no_bank_account_of_another_company(
    login: Callable[[str], Client], ours: Rows, theirs: Rows
) -> None:
    page = url(Title, "change", ours.title.pk).replace("/change/", "/force_settlement/")
    response = login("root").post(page, {**forced(ours), "account": str(theirs.bank_account.pk)})
    assert response.status_code == 200
    assert str(theirs.bank_account) not in response.content.decode()


def test_the_settlement_form_says_where_it_is_valid(login: Callable[[str], Client], ours: Rows) -> None:
    page = url(Title, "change", ours.title.pk).replace("/change/", "/force_settlement/")
    text = "A baixa é feita só na Kamino; no Bling nada muda."
    assert text in login("operacao").get(page).content.decode()


def test_a_connection_test_shows_a_line_per_read(login: Callable[[str], Client], ours: Rows) -> None:
    page = url(KaminoConnection, "change", ours.kamino.pk).replace("/change/", "/test/")
    text = login("suporte").post(page).content.decode()
    for words in ("Plano de contas", "3 linhas", "Contas a pagar (não confirmado pela Kamino)", "Chave recusada"):
        assert words in text


def test_a_new_filter_plans_the_titles_of_its_connection_again(login: Callable[[str], Client], ours: Rows) -> None:
    response = login("financeiro").post(url(FilterRule, "add"), {"item": ours.category.pk, "mode": "exclude"})
    assert response.status_code == 302
    assert FilterRule.objects.get(item=ours.category).connection == ours.bling
    assert planned(ours)


def test_a_filter_takes_no_register_of_another_company(
    login: Callable[[str], Client], ours: Rows, theirs: Rows
) -> None:
    response = login("financeiro").post(url(FilterRule, "add"), {"item": theirs.category.pk, "mode": "exclude"})
    assert response.status_code == 200
    assert not FilterRule.objects.filter(item=theirs.category).exists()


def test_a_decision_needs_a_choice_and_a_reason(login: Callable[[str], Client], ours: Rows) -> None:
    page = url(Title, "change", ours.title.pk).replace("/change/", "/decide_this/")
    client = login("operacao")
    choice = f"{ours.posting.fence}:create:0"
    for data in ({"choice": choice, "reason": " "}, {"reason": "Conferido"}, {"choice": "9", "reason": "Conferido"}):
        assert client.post(page, data).status_code == 200
    assert not Posting.objects.get(pk=ours.posting.pk).create_anyway
    Posting.objects.filter(pk=ours.posting.pk).update(reason="refused")
    response = client.post(page, {"choice": choice, "reason": "Conferido"})
    assert "Não há nada a decidir sobre este título." in said(response)


def test_a_company_s_new_rule_plans_its_titles_again(login: Callable[[str], Client], ours: Rows) -> None:
    data = {"name": "Empresa nossa", "slug": "nossa", "sync_from": "21/11/2026", "closed_until": "01/11/2026"}
    response = login("suporte").post(
        url(Tenant, "change", ours.tenant.pk),
        {
            **data,
            "delivery_mode": "live",
            "is_active": "on",
            "sync_payables": "on",
            "sync_receivables": "on",
            "release": "always",
            "partial_policy": "keep",
            "sale_release": "always",
            "tolerance_cents": "0",
        },
    )
    assert response.status_code == 302, response.content.decode()
    assert planned(ours)


@pytest.mark.parametrize(("role", "status"), [("financeiro", 200), ("operacao", 200), ("suporte", 403)])
def test_exporting_needs_its_permission(
    role: str, status: int, login: Callable[[str], Client], ours: Rows, theirs: Rows
) -> None:
    client = login(role)
    assert client.get(url(Discrepancy, "export")).status_code == status
    response = ordered(client, url(Discrepancy, "export"), format="1")
    assert response.status_code == status
    if status == 200:
        text = response.content.decode()
        assert "Pessoa nossa" in text
        assert "alheia" not in text
    assert ("/export/" in client.get(url(Discrepancy, "changelist")).content.decode()) is (status == 200)
