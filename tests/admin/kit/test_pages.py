"""Every page opens for who may see it, in Portuguese, with few queries."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations.models import Attempt, Posting, Tenant, Title
from tests.admin.world import CPF, Rows, make_title, make_user
from tests.roles import ROLES

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
MOST_QUERIES = 12


def url(model: type[Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def may_view(user: User, model: type[Model]) -> bool:
    allowed = user.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}")
    if model._meta.model_name == "ratelimit":
        allowed = allowed and user.has_perm("integrations.access_all_tenants")
    return allowed


@pytest.mark.parametrize("role", [*ROLES, "root"])
def test_each_list_opens_for_who_may_view_it_with_few_queries(
    role: str, login: Callable[[str], Client], users: dict[str, User]
) -> None:
    client = login(role)
    for model in MODELS:
        with CaptureQueriesContext(connection) as queries:
            response = client.get(url(model, "changelist"))
        expected = 200 if may_view(users[role], model) else 403
        assert response.status_code == expected, model
        assert len(queries) <= MOST_QUERIES, (model, len(queries))


def test_lists_do_not_ask_once_per_row(login: Callable[[str], Client], ours: Rows) -> None:
    client = login("root")
    for number in range(30):
        make_title(ours.bling, ours.kamino, ours.person, ours.category, 50_000 + number)
    for model in (Title, Posting, Attempt):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url(model, "changelist")).status_code == 200
        assert len(queries) <= MOST_QUERIES, model


@pytest.mark.parametrize("role", [*ROLES, "root"])
def test_each_object_opens_for_who_may_view_it(
    role: str, login: Callable[[str], Client], users: dict[str, User], ours: Rows
) -> None:
    client = login(role)
    for row in ours.all():
        for page in ("change", "history"):
            response = client.get(url(type(row), page, row.pk))
            if isinstance(row, Posting) and page == "change" and may_view(users[role], type(row)):
                assert response.status_code == 302
                continue
            assert response.status_code == (200 if may_view(users[role], type(row)) else 403), (role, row, page)


def test_the_first_page_shows_what_waits(login: Callable[[str], Client]) -> None:
    page = login("operacao").get("/admin/").content.decode()
    assert "2 títulos requerem ação" in page
    assert "Empresa nossa" in page
    assert "Empresa alheia" not in page


def test_the_first_page_names_the_next_step(db: None) -> None:
    client = Client(headers={"accept-language": "pt-BR"})
    client.force_login(make_user("s", "Suporte"))
    assert "Cadastre a primeira empresa" in client.get("/admin/").content.decode()
    client.force_login(make_user("o", "Operação"))
    assert "Você ainda não tem acesso a nenhuma empresa" in client.get("/admin/").content.decode()
    Tenant.objects.create(slug="nova", name="Nova", sync_from="2026-01-01")
    client.force_login(User.objects.get(username="s"))
    assert "Cadastre uma conexão com o Bling" in client.get("/admin/").content.decode()


def test_the_title_page_tells_both_sides_and_the_reason(login: Callable[[str], Client], ours: Rows) -> None:
    page = login("operacao").get(url(Title, "change", ours.title.pk)).content.decode()
    for text in (
        "R$\u00a01.234,56",
        "21/11/2026",
        "Recusado nossa",
        "Pessoa nossa",
        "não tem conta contábil",
        "A pagar",
    ):
        assert text in page, text


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("person", "De/Para do cliente ou fornecedor"),
        ("contact", "Categoria padrão do cliente ou fornecedor"),
        ("kept", "Mantida como foi enviada"),
    ],
)
def test_the_title_page_says_which_rule_chose_the_chart_account(
    login: Callable[[str], Client], ours: Rows, rule: str, words: str
) -> None:
    Posting.objects.filter(pk=ours.posting.pk).update(rule=rule)
    page = login("operacao").get(url(Title, "change", ours.title.pk)).content.decode()
    assert f"Conta contábil escolhida por: {words}" in page


@pytest.mark.parametrize(
    "term",
    ["pessoa NOSSA", "péssoa nossa", "529.982.247-25", CPF, "NF 11001", "11001", "1.234,56", "R$ 1234,56", "1234.56"],
)
@pytest.mark.parametrize("model", [Title, Posting])
def test_a_title_is_found_by_anything_that_names_it(
    term: str, model: type[Model], login: Callable[[str], Client], ours: Rows
) -> None:
    page = login("financeiro").get(url(model, "changelist"), {"q": term}).content.decode()
    assert "NF 11001 nossa" in page


def test_a_cpf_is_masked_without_the_permission(login: Callable[[str], Client], ours: Rows) -> None:
    for page in (url(type(ours.person), "changelist"), url(type(ours.person), "change", ours.person.pk)):
        masked, whole = (login(role).get(page).content.decode() for role in ("operacao", "financeiro"))
        assert "***.***.247-**" in masked
        assert "529.982.247-25" not in masked
        assert CPF not in masked
        assert "529.982.247-25" in whole


def test_without_the_permission_a_cpf_is_not_found_by_its_first_digits(
    login: Callable[[str], Client], ours: Rows
) -> None:
    page = url(type(ours.person), "changelist")
    assert "Pessoa nossa" not in login("operacao").get(page, {"q": CPF[:8]}).content.decode()
    assert "Pessoa nossa" in login("financeiro").get(page, {"q": CPF[:8]}).content.decode()


def test_the_worklist_holds_only_what_a_person_must_decide(login: Callable[[str], Client], ours: Rows) -> None:
    client = login("operacao")

    def listed() -> bool:
        return "NF 11001 nossa" in client.get(url(Posting, "changelist")).content.decode()

    rows = Posting.objects.filter(pk=ours.posting.pk)
    for state, problems, expected in [
        ("needs_human", [], True),
        ("uncertain", [], True),
        ("held", [{"code": "category_unmapped", "params": {"name": "x"}}], True),
        ("ready", [{"code": "bank_account_unmapped", "params": {"name": "x"}}], True),
        ("held", [{"code": "before_settled_from", "params": {"date": "2026-01-01"}}], False),
        ("delivered", [{"code": "partially_paid", "params": {"paid": "1.00", "balance": "2.00"}}], False),
        ("ignored", [{"code": "category_unmapped", "params": {"name": "x"}}], False),
        ("delivered", [], False),
    ]:
        rows.update(state=state, problems=problems)
        assert listed() is expected, (state, problems)


def test_no_column_of_ours_is_hidden_by_a_field_of_the_same_name() -> None:
    """Django shows the field then: its raw value, under its name in code."""
    hidden = [
        f"{model.__name__}.{name}"
        for model, page in admin.site._registry.items()
        for shown in (page, *page.inlines)
        for name in (*shown.readonly_fields, *getattr(shown, "list_display", ()))
        if name in {field.name for field in getattr(shown, "model", model)._meta.get_fields()}
        and callable(getattr(shown, name, None))
    ]
    assert not hidden


def test_a_history_is_written_in_words(login: Callable[[str], Client], ours: Rows) -> None:
    tenant = Tenant.objects.get(pk=ours.tenant.pk)
    tenant.delivery_mode, tenant.cancel_deleted, tenant.closed_until = "shadow", False, None
    tenant.save()
    tenant.delivery_mode, tenant.cancel_deleted, tenant.closed_until = "live", True, date(2026, 10, 31)
    tenant.save()
    page = login("suporte").get(url(Tenant, "history", tenant.pk)).content.decode()
    for words in ("Envio:</strong> Simulação → Envio ativo", "</strong> Não → Sim", "</strong> – → 31/10/2026"):
        assert words in page
