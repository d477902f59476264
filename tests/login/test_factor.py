"""The second factor: compulsory in production, asked again before what is dangerous, lost only with another person."""

import re
from typing import Any

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.contrib.auth.models import Group, Permission, User
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from integrations.models import KaminoConnection, Tenant
from integrations.models.secrets import stored_key_ids
from tests.admin.world import make_rows
from tests.login.factors import PASSWORD, browser, code_of, give_factor, log_in, shown_secret, stored_secret

ENROL = "/conta/segundo-fator/totp/activate/"
ASKED = "Confirme que é você"


@pytest.fixture
def ana(db: None) -> User:
    return User.objects.create_user("ana", "ana@exemplo.com.br", PASSWORD, is_staff=True, is_superuser=True)


@pytest.fixture
def compulsory(settings: Any) -> None:
    settings.REQUIRE_SECOND_FACTOR = True


def proved(client: Client, seconds_ago: int) -> None:
    """Let the newest proof of a session be older."""
    session = client.session
    records = session[AUTHENTICATION_METHODS_SESSION_KEY]
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{**record, "at": record["at"] - seconds_ago} for record in records]
    session.save()


@pytest.fixture
def inside(ana: User) -> tuple[Client, str]:
    """A browser of somebody who has just logged in with their factor, and its secret."""
    secret, client = give_factor(ana), browser()
    log_in(client, "ana")
    client.post("/conta/segundo-fator/authenticate/", {"code": code_of(secret)})
    return client, secret


@pytest.mark.usefixtures("compulsory")
def test_without_one_nothing_is_reached_but_its_enrolment(ana: User) -> None:
    client = browser()
    assert log_in(client, "ana").request["PATH_INFO"] == ENROL
    for path in (
        "/admin/",
        "/admin/integrations/title/",
        "/admin/nada/",
        "/conta/sessoes/",
        "/bling/connect/1/",
        "/xyz",
    ):
        assert client.get(path)["Location"] == ENROL, path
        assert client.post(path)["Location"] == ENROL, path
    assert client.get("/health/live").status_code == 200
    page = client.get(ENROL).content.decode()
    secret = re.search(r'value="([A-Z2-7]{16,})"', page)
    assert secret is not None
    wrong = client.post(ENROL, {"code": "000000"})
    assert wrong.status_code == 200
    client.post(ENROL, {"code": code_of(secret[1])})
    assert shown_secret(ana) == secret[1]
    assert client.get("/admin/").status_code == 200


@pytest.mark.usefixtures("compulsory")
def test_with_one_the_password_alone_opens_nothing(ana: User) -> None:
    secret, client = give_factor(ana), browser()
    page = log_in(client, "ana")
    assert page.request["PATH_INFO"] == "/conta/segundo-fator/authenticate/"
    assert client.get("/admin/").status_code == 302
    assert "/admin/" not in client.post("/conta/segundo-fator/authenticate/", {"code": "000000"}).get("Location", "")
    assert client.post("/conta/segundo-fator/authenticate/", {"code": code_of(secret)})["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_nothing_is_asked_of_people_without_one_where_it_is_not_compulsory(ana: User) -> None:
    client = browser()
    assert log_in(client, "ana").request["PATH_INFO"] == "/admin/"
    make_rows("nossa", 11, ana)
    tenant = Tenant.objects.get()
    assert client.get(reverse("admin:integrations_tenant_activate", args=[tenant.pk])).status_code in (200, 302)


def test_its_secret_is_encrypted_and_follows_the_keys(ana: User, settings: Any) -> None:
    secret, old = give_factor(ana), settings.FIELD_ENCRYPTION_KEYS
    assert secret not in stored_secret(ana)
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *old]
    before = stored_key_ids()
    call_command("rotate_keys")
    assert (shown_secret(ana), len(before)) == (secret, 1)
    assert stored_key_ids() != before
    settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS[:1]
    assert shown_secret(ana) == secret


def test_a_new_password_by_mail_leaves_it_as_it_is(ana: User) -> None:
    give_factor(ana)
    client = browser()
    client.post("/conta/password/reset/", {"email": ana.email})
    link = re.search(r"https?://[^/]+(/conta/password/reset/key/\S+)", str(mail.outbox[0].body))
    assert link is not None
    form = client.get(link[1], follow=True).request["PATH_INFO"]
    client.post(form, {"password1": "outra-senha-comprida", "password2": "outra-senha-comprida"})
    ana.refresh_from_db()
    assert ana.check_password("outra-senha-comprida")
    client.post("/conta/login/", {"login": "ana", "password": "outra-senha-comprida"})
    assert client.get("/admin/").status_code == 302


class TestAskedAgain:
    @pytest.fixture
    def kamino(self, ana: User) -> KaminoConnection:
        return make_rows("nossa", 11, ana).kamino

    def save(self, client: Client, kamino: KaminoConnection, **more: str) -> Any:
        shown = {"base_url": kamino.base_url, "cn": kamino.cn, "payable_number": kamino.payable_number}
        data = {**shown, **dict.fromkeys(KaminoConnection.SECRETS, ""), "requests_per_minute": "77", **more}
        return client.post(reverse("admin:integrations_kaminoconnection_change", args=[kamino.pk]), data)

    def test_keys_are_saved_only_after_a_fresh_proof_and_nothing_typed_is_lost(
        self, inside: tuple[Client, str], kamino: KaminoConnection
    ) -> None:
        client, secret = inside
        proved(client, 299)
        assert self.save(client, kamino, hash="novo").status_code == 302
        proved(client, 10)
        page = self.save(client, kamino, hash="mais-novo").content.decode()
        assert ASKED in page
        assert 'name="hash" value="mais-novo"' in page
        assert KaminoConnection.objects.get(pk=kamino.pk).hash == "novo"
        again = self.save(client, kamino, hash="mais-novo", **{"factor-code": "000000"}).content.decode()
        assert ASKED in again
        assert KaminoConnection.objects.get(pk=kamino.pk).hash == "novo"
        assert self.save(client, kamino, hash="mais-novo", **{"factor-code": code_of(secret)}).status_code == 302
        assert KaminoConnection.objects.get(pk=kamino.pk).hash == "mais-novo"
        assert self.save(client, kamino, hash="ainda-mais").status_code == 302

    def test_a_password_is_no_proof(self, inside: tuple[Client, str], kamino: KaminoConnection) -> None:
        client, _secret = inside
        proved(client, 400)
        client.post("/conta/reauthenticate/", {"password": PASSWORD})
        assert ASKED in self.save(client, kamino).content.decode()

    @pytest.mark.parametrize(
        "name", ["tenant_activate", "title_export", "discrepancy_export", "plannedwrite_export", "export_download"]
    )
    def test_pages_of_what_is_dangerous_ask_first(
        self, inside: tuple[Client, str], kamino: KaminoConnection, name: str
    ) -> None:
        client, _secret = inside
        key = {"tenant_activate": [kamino.tenant_id], "export_download": [1]}.get(name, [])
        path = reverse(f"admin:integrations_{name}", args=key)
        assert "reauthenticate" not in client.get(path).get("Location", "")
        proved(client, 400)
        assert client.get(path)["Location"].startswith("/conta/segundo-fator/reauthenticate/?next=")
        assert ASKED in client.post(path, {"x": "1"}).content.decode()

    @pytest.mark.parametrize("name", ["user_add", "group_add"])
    def test_so_do_permissions(self, inside: tuple[Client, str], name: str) -> None:
        client, _secret = inside
        proved(client, 400)
        assert ASKED in client.post(reverse(f"admin:auth_{name}"), {"username": "x", "name": "x"}).content.decode()
        assert (User.objects.count(), Group.objects.filter(name="x").count()) == (1, 0)


def test_only_another_administrator_takes_it_away(inside: tuple[Client, str], ana: User) -> None:
    client, _secret = inside
    bia = User.objects.create_user("bia", password=PASSWORD, is_staff=True)
    give_factor(bia)
    order = {"action": "remove_factor", "_selected_action": [ana.pk, bia.pk], "confirmed": "yes"}
    client.post(reverse("admin:auth_user_changelist"), order)
    assert set(Authenticator.objects.values_list("user", flat=True)) == {ana.pk}
    User.objects.filter(pk=ana.pk).update(is_superuser=False)
    ana.user_permissions.set(Permission.objects.filter(content_type__app_label="auth"))
    give_factor(bia)
    client.post(reverse("admin:auth_user_changelist"), order)
    assert Authenticator.objects.filter(user=bia).exists()


class TestNobodyGrantsMore:
    """Whoever may change users or groups is no superuser by that."""

    @pytest.fixture
    def clerk(self, db: None) -> User:
        clerk = User.objects.create_user("clara", password=PASSWORD, is_staff=True)
        names = ["add_user", "change_user", "view_user", "change_group", "view_group", "view_title"]
        clerk.user_permissions.set(Permission.objects.filter(codename__in=names))
        return clerk

    @pytest.fixture
    def client(self, clerk: User) -> Client:
        client = browser()
        client.force_login(clerk)
        return client

    def form(self, user: User, **more: Any) -> dict[str, Any]:
        day, time = "2026-01-01", "00:00:00"
        return {"username": user.username, "is_active": "on", "date_joined_0": day, "date_joined_1": time, **more}

    def test_not_to_themselves(self, client: Client, clerk: User) -> None:
        path = reverse("admin:auth_user_change", args=[clerk.pk])
        client.post(path, self.form(clerk, is_superuser="on", is_staff="on"))
        clerk.refresh_from_db()
        assert not clerk.is_superuser
        more = Permission.objects.get(codename="force_settlement")
        client.post(path, self.form(clerk, is_staff="on", user_permissions=[more.pk]))
        assert not User.objects.get(pk=clerk.pk).has_perm("integrations.force_settlement")
        operation = Group.objects.get(name="Operação")
        client.post(path, self.form(clerk, is_staff="on", groups=[operation.pk]))
        assert not clerk.groups.exists()

    def test_not_to_a_group_that_has_more(self, client: Client) -> None:
        operation = Group.objects.get(name="Operação")
        before = set(operation.permissions.values_list("pk", flat=True))
        client.post(reverse("admin:auth_group_change", args=[operation.pk]), {"name": "Operação", "permissions": []})
        assert set(operation.permissions.values_list("pk", flat=True)) == before

    def test_what_they_have_they_give(self, client: Client, clerk: User) -> None:
        other = User.objects.create_user("dora")
        mine = Permission.objects.get(codename="view_title")
        client.post(reverse("admin:auth_user_change", args=[other.pk]), self.form(other, user_permissions=[mine.pk]))
        assert User.objects.get(pk=other.pk).has_perm("integrations.view_title")

    def test_who_has_more_is_not_changed(self, client: Client, ana: User) -> None:
        for page in ("change", "password_change"):
            name = "admin:auth_user_password_change" if page == "password_change" else "admin:auth_user_change"
            path = reverse(name, args=[ana.pk])
            client.post(path, self.form(ana, email="outro@exemplo.com.br", password1="x" * 12, password2="x" * 12))
        ana.refresh_from_db()
        assert (ana.email, ana.check_password(PASSWORD)) == ("ana@exemplo.com.br", True)


def test_somebody_with_a_history_is_not_deleted(inside: tuple[Client, str], ana: User) -> None:
    client, _secret = inside
    bia, caio = (User.objects.create_user(name, password=PASSWORD, is_staff=True) for name in ("bia", "caio"))
    browser().post("/conta/login/", {"login": "bia", "password": PASSWORD})
    for person in (bia, caio):
        client.post(reverse("admin:auth_user_delete", args=[person.pk]), {"post": "yes"})
    order = {"action": "delete_selected", "_selected_action": [bia.pk, ana.pk], "post": "yes"}
    client.post(reverse("admin:auth_user_changelist"), order)
    assert set(User.objects.values_list("username", flat=True)) == {"ana", "bia"}
