"""The page for auditors: their own permission, their own companies, and never a change."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.utils import timezone

from integrations.admin.kit import audit_history as history
from integrations.domain.audit import AuditAction
from integrations.models import AuditEvent, ConfidentialCategory, Export, PayableWrite
from integrations.pipeline.audit.record import record
from integrations.resources import exporting
from tests.admin.kit.test_pages import url
from tests.admin.marked import ordered
from tests.admin.world import Rows, make_user

LIST = url(AuditEvent, "changelist")


@pytest.fixture
def auditor(ours: Rows, users: dict[str, User]) -> User:
    user = make_user("auditor", "Auditoria")
    ours.tenant.members.add(user)
    return user


@pytest.fixture
def client(auditor: User) -> Client:
    client = Client(headers={"accept-language": "pt-BR"})
    client.force_login(auditor)
    return client


def rows_of(response: Any) -> list[str]:
    return [row.action for row in response.context["cl"].result_list]


def test_only_auditors_see_it(client: Client, users: dict[str, User], login: Callable[[str], Client]) -> None:
    assert client.get(LIST).status_code == 200
    for name in ("suporte", "financeiro", "operacao", "nobody"):
        assert login(name).get(LIST).status_code == 403, name


def test_an_auditor_of_one_company_sees_its_events_only(client: Client, ours: Rows, theirs: Rows) -> None:
    record(AuditAction.DOWNLOAD_MAPPING, company=ours.tenant)
    record(AuditAction.DOWNLOAD_MONTH, company=theirs.tenant)
    other = record(AuditAction.LOGIN_FAILED)
    shown = set(rows_of(client.get(LIST)))
    assert "download_mapping" in shown
    assert not shown & {"download_month", "login_failed"}
    assert client.get(url(AuditEvent, "change", other.pk)).status_code in (302, 404)
    every = Permission.objects.get(codename="access_all_tenants")
    Group.objects.get(name="Auditoria").permissions.add(every)
    assert {"download_month", "login_failed"} <= set(rows_of(client.get(LIST)))


def test_it_is_filtered_by_who_what_when_and_company(client: Client, ours: Rows, users: dict[str, User]) -> None:
    record(AuditAction.DOWNLOAD_MAPPING, actor=users["financeiro"], company=ours.tenant)
    record(AuditAction.DOWNLOAD_MONTH, actor=users["operacao"], company=ours.tenant)
    today = timezone.localdate()
    assert rows_of(client.get(LIST, {"q": "financeiro"})) == ["download_mapping"]
    assert set(rows_of(client.get(LIST, {"action__exact": "download_month"}))) == {"download_month"}
    assert rows_of(client.get(LIST, {"at_from_0": "2020-01-01", "at_to_0": "2020-12-31"})) == []
    assert "download_month" in rows_of(client.get(LIST, {"at_from_0": f"{today}", "tenant": f"{ours.tenant.pk}"}))


def test_nobody_changes_it_there(client: Client, ours: Rows, login: Callable[[str], Client]) -> None:
    event = record(AuditAction.DOWNLOAD_MAPPING, company=ours.tenant, details={"file": "a"})
    for browser in (client, login("root")):
        page = url(AuditEvent, "change", event.pk)
        assert browser.get(page).status_code == 200
        assert browser.post(page, {"actor": "x"}).status_code == 403
        assert browser.post(url(AuditEvent, "delete", event.pk), {"post": "yes"}).status_code == 403


def test_taking_it_home_is_recorded_too(client: Client, auditor: User, ours: Rows) -> None:
    record(AuditAction.DOWNLOAD_MAPPING, company=ours.tenant)
    response = ordered(client, url(AuditEvent, "export"), format="1")
    assert response.status_code == 200
    assert "De/Para baixado" in response.content.decode("utf-8-sig")
    last = AuditEvent.objects.filter(action="download_list", actor_id=auditor.pk).get()
    assert last.details["file"].startswith("auditoria-")


def test_it_tells_nothing_of_confidential_titles(client: Client, auditor: User, ours: Rows) -> None:
    """What was forced is a title's value; who may not see the title does not see it here."""
    for action, of in (
        (AuditAction.FORCED, ours.posting), (AuditAction.PERSON_ORDER, ours.person),
        (AuditAction.BULK_ORDER, ours.bulk), (AuditAction.PAYABLES, ours.batch),
        (AuditAction.PAYABLE_ORDER, ours.payable),
    ):  # fmt: skip
        record(action, company=ours.tenant, of=of, amount=Decimal("4321.09"))
    PayableWrite.objects.filter(pk=ours.payable.pk).update(category_id=ours.category.bling_id)
    hidden = {"forced", "person_order", "bulk_order", "payables", "payable_order"}
    assert set(rows_of(client.get(LIST))) & hidden == hidden
    ConfidentialCategory.objects.create(connection=ours.bling, item=ours.category)
    shown = client.get(LIST)
    assert not set(rows_of(shown)) & hidden
    assert rows_of(shown)
    file = ordered(client, url(AuditEvent, "export"), format="1").content.decode("utf-8-sig")
    assert "4321.09" not in file
    auditor.user_permissions.add(Permission.objects.get(codename="view_confidential"))
    assert hidden <= set(rows_of(client.get(LIST)))


def test_a_large_file_holds_what_is_of_no_company(
    login: Callable[[str], Client], ours: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "MOST_AT_ONCE", 0)
    event = record(AuditAction.LOGIN_LOCKED)
    assert (
        ordered(login("root"), url(AuditEvent, "export") + "?action__exact=login_locked", format="1").status_code == 302
    )
    while exporting.advance_exports(clock=timezone.now):
        pass
    row = Export.objects.get()
    assert exporting.OF_NO_COMPANY in row.tenant_ids
    assert str(event.pk) in b"".join(exporting.file_of(row)).decode("utf-8-sig")


class TestHistory:
    """The history of users and groups is the audit record's, for who may see that."""

    def shown(self, client: Client, row: User | Group) -> str:
        response = client.get(url(type(row), "history", row.pk))
        assert response.status_code == 200
        found: str = response.content.decode()
        return found

    @pytest.fixture
    def rui(self, ours: Rows, theirs: Rows) -> User:
        """Somebody who was given a group and two companies."""
        rui = make_user("rui", "Financeiro")
        for rows in (ours, theirs):
            rows.tenant.members.add(rui)
        return rui

    def test_who_may_see_the_record_sees_what_was_done(self, login: Callable[[str], Client], rui: User) -> None:
        page = self.shown(login("root"), rui)
        for words in ("Grupos de um usuário alterados", "Financeiro", "Usuários de uma empresa alterados"):
            assert words in page, words
        assert page.count("Usuários de uma empresa alterados") == 2
        assert "o serviço" in page
        group = Group.objects.get(name="Financeiro")
        group.permissions.remove(group.permissions.all()[0])
        page = self.shown(login("root"), group)
        assert "Permissões de um grupo alteradas" in page
        assert "Usuários de uma empresa" not in page

    def test_others_are_told_where_it_is(self, rui: User, ours: Rows) -> None:
        reader = make_user("leitor")
        reader.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "access_all_tenants"]))
        client = Client(headers={"accept-language": "pt-BR"})
        client.force_login(reader)
        page = self.shown(client, rui)
        assert "Trilha de auditoria" in page
        assert "só para quem pode vê-la" in page
        assert "Usuários de uma empresa" not in page
        assert "não tem um histórico" not in page

    def test_an_auditor_of_one_company_sees_its_events_only(self, client: Client, auditor: User, rui: User) -> None:
        auditor.user_permissions.add(Permission.objects.get(codename="view_user"))
        page = self.shown(client, rui)
        assert page.count("Usuários de uma empresa alterados") == 1
        assert "Grupos de um usuário" not in page
        assert "para quem vê todas as empresas" in page

    def test_old_lines_of_django_s_log_are_still_shown(self, login: Callable[[str], Client], rui: User) -> None:
        LogEntry.objects.create(
            user=rui, content_type=ContentType.objects.get_for_model(User), object_id=str(rui.pk), object_repr="rui",
            action_flag=2, change_message="trocado em 2025",
        )  # fmt: skip
        page = self.shown(login("root"), rui)
        assert "trocado em 2025" in page
        assert page.index("Grupos de um usuário") < page.index("trocado em 2025")

    def test_a_long_one_shows_the_newest_and_says_so(self, login: Callable[[str], Client], rui: User) -> None:
        for number in range(history.SHOWN + 1):
            record(AuditAction.USER, of=rui, details={"number": f"n{number}."})
        page = self.shown(login("root"), rui)
        assert f"n{history.SHOWN}." in page
        assert "n0." not in page
        assert f"{history.SHOWN} mais recentes" in page

    def test_who_may_not_see_a_user_sees_no_history(self, client: Client, rui: User) -> None:
        assert client.get(url(User, "history", rui.pk)).status_code == 403
