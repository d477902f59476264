"""Keys of the bridge: shown once, kept as a digest, made only by who may."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.models import ApiKey, AuditEvent, CatalogItem, Tenant
from integrations.models.api_keys import KeyKind
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.payables import keys
from tests.admin.kit.test_pages import url
from tests.admin.world import Rows

MAKE, REGISTER = "admin:integrations_apikey_make", "admin:integrations_apikey_register"
OLD = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c"


def form(rows: Rows, **values: Any) -> dict[str, Any]:
    return {
        "connection": str(rows.bling.pk), "label": "ERP da loja", "parcel_value": "each", "unknown_names": "refuse",
        "window_hours": "12", "success_status": "201", **values,
    }  # fmt: skip


def test_a_new_key_is_shown_once(login: Callable[[str], Client], ours: Rows) -> None:
    Tenant.objects.update(alert_emails="financeiro@nossa.example")
    client = login("suporte")
    assert client.get(reverse(MAKE)).status_code == 200
    answer = client.post(reverse(MAKE), form(ours))
    row = ApiKey.objects.latest("pk")
    key = answer.context["key"]
    assert (answer.status_code, len(key), "no-store" in answer["Cache-Control"]) == (200, 72, True)
    assert key in answer.content.decode()
    assert ApiKey.objects.known(key, KeyKind.BRIDGE) == row
    assert not row.may_enter
    assert (row.label, row.parcel_value, row.unknown_names, row.window_hours) == ("ERP da loja", "each", "refuse", 12)
    pages = [reverse("admin:integrations_apikey_changelist")]
    for page in [*pages, reverse("admin:integrations_apikey_change", args=[row.pk])]:
        shown = client.get(page).content.decode()
        assert row.label in shown
        assert key not in shown
        assert row.digest not in shown
    [sent] = mail.outbox
    assert "financeiro@nossa.example" in sent.to
    assert key not in sent.body
    assert AuditEvent.objects.filter(action="bridge_key", object_id=row.pk, actor="suporte").exists()


def test_a_customer_s_key_is_registered(login: Callable[[str], Client], ours: Rows) -> None:
    answer = login("suporte").post(reverse(REGISTER), form(ours, key=OLD))
    row = ApiKey.objects.latest("pk")
    assert ApiKey.objects.known(OLD, KeyKind.BRIDGE) == row
    assert row.is_old
    assert OLD not in answer.content.decode()


@pytest.mark.parametrize("key", ["", "short", "a" * 40, f"{OLD[:-1]} ", "ç" * 40])
def test_what_is_no_key_is_not_registered(login: Callable[[str], Client], ours: Rows, key: str) -> None:
    before = ApiKey.objects.count()
    if key.strip() == OLD[:-1]:
        key = "0f1e2d3c-4b5a6978.8796a5b4+c3d2e1f00f1e2d3c"
    answer = login("suporte").post(reverse(REGISTER), form(ours, key=key))
    assert ApiKey.objects.count() == before
    assert not key or key not in answer.content.decode()


def test_nor_is_one_that_is_known_already(login: Callable[[str], Client], ours: Rows) -> None:
    client = login("suporte")
    for _ in range(2):
        client.post(reverse(REGISTER), form(ours, key=OLD))
    assert ApiKey.objects.filter(label="ERP da loja").count() == 1


@pytest.mark.parametrize("role", ["financeiro", "operacao"])
@pytest.mark.parametrize("page", [MAKE, REGISTER])
def test_only_support_makes_one(login: Callable[[str], Client], ours: Rows, role: str, page: str) -> None:
    before = ApiKey.objects.count()
    client = login(role)
    assert client.get(reverse(page)).status_code == 403
    assert client.post(reverse(page), form(ours, key=OLD)).status_code == 403
    assert ApiKey.objects.count() == before


@pytest.mark.parametrize("page", [MAKE, REGISTER])
def test_it_asks_for_the_factor_first(login: Callable[[str], Client], ours: Rows, settings: Any, page: str) -> None:
    client = login("suporte")
    settings.REQUIRE_SECOND_FACTOR = True
    before = ApiKey.objects.count()
    client.post(reverse(page), form(ours, key=OLD))
    assert ApiKey.objects.count() == before


def pressed(key: ApiKey, name: str) -> str:
    """Return the address of a button."""
    return url(ApiKey, "change", key.pk).replace("/change/", f"/{name}/")


class TestSettling:
    """What a key may settle counts once two people said so."""

    SETTLES: ClassVar[dict[str, str]] = {"settles": "on", "settle_account_id": ""}

    def make(self, client: Client, rows: Rows, **values: str) -> ApiKey:
        client.post(reverse(MAKE), form(rows, **values))
        return ApiKey.objects.latest("pk")

    def press(self, client: Client, key: ApiKey, name: str, **values: str) -> int:
        key.refresh_from_db()
        return client.post(pressed(key, name), values or {"asked": keys.asked_of(key)}).status_code

    def test_support_asks_and_finance_confirms(self, login: Callable[[str], Client], ours: Rows) -> None:
        Tenant.objects.update(alert_emails="financeiro@nossa.example")
        support = login("suporte")
        key = self.make(support, ours, **self.SETTLES)
        assert (key.settles, key.may_settle, str(key.settle_asked_by)) == (True, False, "suporte")
        assert "liquidar" in mail.outbox[-1].body
        assert self.press(support, key, "confirm") == 403
        assert self.press(login("financeiro"), key, "confirm") == 302
        key.refresh_from_db()
        assert (key.may_settle, str(key.settle_approved_by)) == (True, "financeiro")
        assert (key.may_enter, str(key.confirmed_by)) == (True, "financeiro")
        found = AuditEvent.objects.filter(action="bridge_key", object_id=key.pk, actor="financeiro")
        assert "settle_approved_by_id" in str(found.get().details)

    def test_nobody_is_both(self, login: Callable[[str], Client], ours: Rows, users: Any) -> None:
        names = ["manage_apikey", "approve_apikey"]
        users["suporte"].user_permissions.set(Permission.objects.filter(codename__in=names))
        client = login("suporte")
        key = self.make(client, ours, **self.SETTLES)
        self.press(client, key, "confirm")
        key.refresh_from_db()
        assert (key.may_enter, key.may_settle) == (False, False)
        for name in ("settle_approved_by", "confirmed_by"):
            with pytest.raises(IntegrityError), transaction.atomic():
                ApiKey.objects.filter(pk=key.pk).update(**{name: users["suporte"]})

    @pytest.mark.parametrize(
        ("change", "is_kept"),
        [
            ({}, True), ({"label": "Outro"}, True), ({"settles_any": "on"}, False), ({"settle_account_id": "5"}, False),
            ({"settles": ""}, False),
        ],
    )  # fmt: skip
    def test_what_it_may_more_is_confirmed_anew(
        self, login: Callable[[str], Client], ours: Rows, change: dict[str, str], is_kept: bool
    ) -> None:
        CatalogItem.objects.create(
            connection=ours.bling, kind="bank_account", bling_id=5, name="Banco", is_active=True, read_at=timezone.now()
        )
        support = login("suporte")
        key = self.make(support, ours, **self.SETTLES)
        self.press(login("financeiro"), key, "confirm")
        values = {name: value for name, value in {**form(ours), **self.SETTLES, **change}.items() if value}
        del values["connection"]
        assert self.press(support, key, "change_settings", **values) == 302
        key.refresh_from_db()
        assert key.may_settle is is_kept
        assert (key.settle_approved_by is not None) is is_kept
        if "settles" in change:
            assert (key.settles, key.settle_asked_by, key.settle_account_id) == (False, None, 0)

    def test_an_account_that_bling_does_not_have_is_refused(self, login: Callable[[str], Client], ours: Rows) -> None:
        support = login("suporte")
        key = self.make(support, ours, **self.SETTLES)
        values = {name: value for name, value in form(ours, settles="on").items() if name != "connection"}
        assert self.press(support, key, "change_settings", **values, settle_account_id="4711") == 200
        key.refresh_from_db()
        assert key.settle_account_id == 0

    def test_the_accounts_to_choose_from_are_its_own(
        self, login: Callable[[str], Client], ours: Rows, theirs: Rows
    ) -> None:
        for rows, number, name in ((ours, 5, "Banco nosso"), (theirs, 6, "Banco deles")):
            CatalogItem.objects.create(
                connection=rows.bling, kind="bank_account", bling_id=number, name=name, is_active=True,
                read_at=timezone.now(),
            )  # fmt: skip
        page = login("suporte").get(pressed(ours.api_key, "change_settings")).content.decode()
        assert ("Banco nosso" in page, "Banco deles" in page) == (True, False)

    def test_finance_confirms_what_it_saw(self, ours: Rows, users: Any) -> None:
        """What support changes while finance reads the page is not confirmed with it."""
        now = timezone.now()
        ApiKey.objects.filter(pk=ours.api_key.pk).update(settles=True, settle_asked_by=users["suporte"])
        seen = ApiKey.objects.get(pk=ours.api_key.pk)
        asked = keys.asked_of(seen)
        ApiKey.objects.filter(pk=seen.pk).update(settles_any=True)
        with pytest.raises(Refused):
            keys.confirm(api_key=seen, asked=asked, user=users["financeiro"], now=now)
        seen.refresh_from_db()
        assert not seen.may_settle
        keys.confirm(api_key=seen, asked=keys.asked_of(seen), user=users["financeiro"], now=now)
        seen.refresh_from_db()
        assert seen.may_settle


def test_who_looks_after_a_program_is_told_of_its_end(login: Callable[[str], Client], ours: Rows) -> None:
    ApiKey.objects.filter(pk=ours.api_key.pk).update(contact_email="ti@cliente.example")
    login("suporte").post(pressed(ours.api_key, "revoke"), {"reason": "trocada"})
    [sent] = mail.outbox
    assert (sent.to, ours.api_key.prefix in sent.body) == (["ti@cliente.example"], True)


def test_a_changed_key_mails_the_company_where_it_may_more(login: Callable[[str], Client], ours: Rows) -> None:
    Tenant.objects.update(alert_emails="financeiro@nossa.example")
    values = {name: value for name, value in form(ours).items() if name != "connection"}
    for more, count in (({}, 0), ({"allows_query": "on"}, 1), ({"settles": "on"}, 2)):
        login("suporte").post(pressed(ours.api_key, "change_settings"), {**values, **more})
        assert len(mail.outbox) == count


def test_a_revoked_key_is_not_changed(login: Callable[[str], Client], ours: Rows) -> None:
    ApiKey.objects.update(revoked_at=timezone.now())
    values = {name: value for name, value in form(ours).items() if name != "connection"}
    login("suporte").post(pressed(ours.api_key, "change_settings"), values)
    assert not ApiKey.objects.filter(label="ERP da loja").exists()


class TestLimit:
    """What a program may enter within 24 hours before a person is asked."""

    def set_limit(self, client: Client, rows: Rows, amount: str) -> ApiKey:
        values = {name: value for name, value in form(rows).items() if name != "connection"}
        assert client.post(pressed(rows.api_key, "change_settings"), {**values, "limit": amount}).status_code == 302
        return ApiKey.objects.get(pk=rows.api_key.pk)

    def test_a_raised_one_is_confirmed_by_another_person(
        self, login: Callable[[str], Client], ours: Rows, users: Any
    ) -> None:
        Tenant.objects.update(alert_emails="financeiro@nossa.example")
        support, finance = login("suporte"), login("financeiro")
        key = self.set_limit(support, ours, "1.000,00")
        assert (key.limit, key.may_enter) == (Decimal(1000), True), "a limit may be set and lowered by one person"
        assert self.set_limit(support, ours, "500").may_enter
        told = AuditEvent.objects.filter(action="bridge_key", object_id=key.pk).latest("pk").details
        assert (told["before"]["limit"], told["after"]["limit"]) == (1000.0, 500.0)
        mail.outbox.clear()
        for amount, wanted in (("500,01", Decimal("500.01")), ("", None)):
            key = self.set_limit(support, ours, amount)
            assert (key.limit, key.next_limit, key.limit_asked_by) == (500, wanted, users["suporte"])
            assert (key.may_enter, len(mail.outbox)) == (True, 1)
            mail.outbox.clear()
            names = ["manage_apikey", "approve_apikey"]
            users["suporte"].user_permissions.set(Permission.objects.filter(codename__in=names))
            login("suporte").post(pressed(key, "confirm"), {"asked": keys.asked_of(key)})
            key.refresh_from_db()
            assert key.limit == 500, "nobody confirms what they asked for"
            assert "suporte pede" in finance.get(pressed(key, "confirm")).content.decode()
            finance.post(pressed(key, "confirm"), {"asked": keys.asked_of(key)})
            key.refresh_from_db()
            assert (key.limit, key.limit_asked_by) == (wanted, None)
            assert self.set_limit(support, ours, "500").limit == 500

    def test_who_confirms_sees_it(self, login: Callable[[str], Client], ours: Rows) -> None:
        ApiKey.objects.filter(pk=ours.api_key.pk).update(is_confirmed=False, limit=1234)
        page = login("financeiro").get(pressed(ours.api_key, "confirm")).content.decode()
        assert "R$\xa01.234,00" in page or "R$ 1.234,00" in page


def test_what_was_done_to_a_key_is_shown_to_who_may_see_the_record(
    login: Callable[[str], Client], ours: Rows, users: Any
) -> None:
    support = login("suporte")
    support.post(pressed(ours.api_key, "revoke"), {"reason": "trocada"})
    address = url(ApiKey, "history", ours.api_key.pk)
    assert address in support.get(url(ApiKey, "change", ours.api_key.pk)).content.decode()
    may_see = Permission.objects.get(codename="view_auditevent")
    users["suporte"].user_permissions.remove(may_see)
    page = support.get(address).content.decode()
    assert ("trocada" in page, "Trilha de auditoria, mostrada só" in page) == (False, True)
    users["suporte"].user_permissions.add(may_see)
    page = login("suporte").get(address).content.decode()
    assert "revoked_at" in page


def test_where_the_program_sends_to_stands_beside_the_key(login: Callable[[str], Client], ours: Rows) -> None:
    made = login("suporte").post(reverse(MAKE), form(ours)).content.decode()
    key = ApiKey.objects.latest("pk")
    page = login("financeiro").get(url(ApiKey, "change", key.pk)).content.decode()
    for shown in (made, page):
        assert f"{settings.PUBLIC_URL.rstrip('/')}/Api/v2/contapagar/json/" in shown
    assert url(ApiKey, "change", key.pk) in made


def test_a_key_of_our_api_is_made_by_support_and_confirmed_by_finance(
    login: Callable[[str], Client], ours: Rows
) -> None:
    Tenant.objects.update(alert_emails="financeiro@nossa.example")
    client = login("suporte")
    page = "/admin/integrations/apikey/nova-api/"
    wrong = {"connection": ours.bling.pk, "label": "Auvo", "system": "Auvo é", "customers": "both"}
    assert "Letras minúsculas" in client.post(page, wrong).content.decode()
    answer = client.post(page, {**wrong, "system": "campo", "prefers": "bling"})
    row = ApiKey.objects.get(system="campo")
    assert ApiKey.objects.known(answer.context["key"], KeyKind.API) == row
    assert (row.kind, row.customers, row.prefers, row.is_confirmed) == ("api", "both", "bling", False)
    assert "/api/v1/docs" in answer.content.decode()
    assert "Nos dois sentidos" in mail.outbox[-1].body
    assert not row.may_send_customers
    confirm = f"/admin/integrations/apikey/{row.pk}/confirm/"
    asked = login("financeiro").get(confirm).content.decode()
    assert "Clientes: Nos dois sentidos." in asked
    login("financeiro").post(confirm, {"confirmed": "yes", "asked": keys.asked_of(row)})
    row.refresh_from_db()
    assert row.may_send_customers
    assert not row.may_enter
    changed = {"confirmed": "yes", "label": "Auvo campo", "contact_email": "ti@auvo.example"}
    login("suporte").post(f"/admin/integrations/apikey/{row.pk}/change_settings/", changed)
    row.refresh_from_db()
    assert (row.label, row.customers, row.is_confirmed) == ("Auvo campo", "both", True)


def test_a_key_that_sends_bills_alone_is_told_as_that(login: Callable[[str], Client], ours: Rows) -> None:
    Tenant.objects.update(alert_emails="financeiro@nossa.example")
    page = "/admin/integrations/apikey/nova-api/"
    form = {"connection": ours.bling.pk, "label": "Auvo", "system": "campo"}
    assert "Escolha o que o sistema pode fazer" in login("suporte").post(page, form).content.decode()
    login("suporte").post(page, {**form, "bills": "on"})
    row = ApiKey.objects.get(system="campo")
    assert (row.customers, row.bills, row.may_send_bills) == ("", True, False)
    assert "pode enviar faturas" in mail.outbox[-1].body
    confirm = f"/admin/integrations/apikey/{row.pk}/confirm/"
    assert "Envia faturas" in login("financeiro").get(confirm).content.decode()
    login("financeiro").post(confirm, {"confirmed": "yes", "asked": keys.asked_of(row)})
    row.refresh_from_db()
    assert (row.may_send_bills, row.may_send_customers) == (True, False)
