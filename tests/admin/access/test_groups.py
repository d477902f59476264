"""The three groups: what they may, what they may not, and that the migration goes back and forth."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader
from django.test import Client
from django.urls import reverse
from django.utils import translation

from integrations.admin.access.users import OWN_PERMISSIONS, permission_label
from tests.admin.world import Rows, make_user

ABLE = {
    "Suporte": {
        "add_tenant", "change_tenant", "add_blingconnection", "change_blingconnection", "add_kaminoconnection",
        "change_kaminoconnection", "connect_blingconnection", "test_kaminoconnection", "decide_titlelist",
        "access_all_tenants", "activate_tenant", "activate_blingwriting", "manage_apikey", "close_tenant",
        "sync_tenant", "add_filterrule", "change_filterrule", "delete_filterrule",
    },
    "Financeiro": {
        "change_mapping", "export_mapping", "import_mapping", "sync_tenant", "export_discrepancy", "export_title",
        "close_month", "view_personal_data", "view_confidential", "add_filterrule", "change_filterrule",
        "delete_filterrule", "add_confidentialcategory", "change_confidentialcategory", "delete_confidentialcategory",
        "enter_payable", "approve_payable", "resolve_payable", "approve_apikey",
        "resolve_customer", "resolve_order",
    },
    "Operação": {
        "sync_tenant", "resync_title", "search_bling", "force_settlement", "resolve_posting", "export_discrepancy",
        "export_title", "release_restorehold", "recreate_posting", "resolve_payable", "resolve_customer",
        "resolve_order",
    },
    "Auditoria": {"export_auditevent"},
}  # fmt: skip
WHOLE = 10_000
"""More steps than there are migrations: back to the first one, which knows no group."""


@pytest.mark.parametrize("name", ABLE)
def test_a_group_may_do_exactly_this_besides_looking(name: str, db: None) -> None:
    codes = set(Group.objects.get(name=name).permissions.values_list("codename", flat=True))
    shows_more = codes & {"view_personal_data", "view_confidential"}
    assert {code for code in codes if not code.startswith("view_")} | shows_more == ABLE[name]


def test_only_support_sees_connections(db: None) -> None:
    for code in ("view_blingconnection", "view_kaminoconnection", "view_ratelimit", "view_breaker"):
        assert list(Group.objects.filter(permissions__codename=code).values_list("name", flat=True)) == ["Suporte"]


def test_every_group_sees_alerts(db: None) -> None:
    groups = Group.objects.filter(permissions__codename="view_alert")
    assert set(groups.values_list("name", flat=True)) == set(ABLE) - {"Auditoria"}


@pytest.mark.parametrize(
    "steps", [pytest.param(5, marks=pytest.mark.long), pytest.param(WHOLE, marks=pytest.mark.soak)], ids=["5", "all"]
)
@pytest.mark.django_db(transaction=True)
def test_the_migrations_are_reversible(steps: int) -> None:
    ours = sorted(name for app, name in MigrationLoader(None).disk_migrations or () if app == "integrations")
    call_command("migrate", "integrations", ours[max(-1 - steps, -len(ours))], verbosity=0)
    assert Group.objects.exists() == (steps < WHOLE)
    call_command("migrate", "integrations", verbosity=0)
    assert set(Group.objects.values_list("name", flat=True)) == set(ABLE)


def test_every_permission_of_ours_has_a_name_in_portuguese(db: None) -> None:
    models = apps.get_app_config("integrations").get_models()
    declared = [name for model in models for _code, name in model._meta.permissions]
    assert sorted(set(declared)) == sorted(OWN_PERMISSIONS)
    with translation.override("pt-br"):
        label = permission_label(Permission.objects.get(codename="force_settlement"))
        assert label == "Lançamento na Kamino: forçar baixa na Kamino"
        assert permission_label(Permission.objects.get(codename="add_tenant")) == "Empresa: adicionar"


@pytest.mark.parametrize(
    ("codes", "looks", "brings"),
    [
        (["view_title"], 403, 403),
        (["view_title", "resync_title"], 403, 403),
        (["view_title", "search_bling"], 200, 403),
        (["view_title", "search_bling", "resync_title"], 200, 302),
    ],
)
def test_looking_in_bling_and_reading_again_are_two_permissions(
    codes: list[str], looks: int, brings: int, ours: Rows
) -> None:
    user = make_user("alguem")
    user.user_permissions.set(Permission.objects.filter(codename__in=codes, content_type__app_label="integrations"))
    ours.tenant.members.add(user)
    client, page = Client(), reverse("admin:integrations_title_live_search")
    client.force_login(user)
    assert client.get(page).status_code == looks
    bring = {"bring": "77", "direction": "payable", "connection": str(ours.bling.pk)}
    assert client.post(page, bring).status_code == brings
