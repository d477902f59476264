"""Logging in: one way in, wrong passwords delay strangers only, sessions end."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from integrations.login import middleware
from integrations.models import KnownAddress

PASSWORD = "uma-senha-comprida"
LOGIN = "/conta/login/"
HOME, STRANGE = "203.0.113.7", "198.51.100.9"
TOO_MANY = "Muitas tentativas"


@pytest.fixture(autouse=True)
def ana(db: None, settings: Any) -> User:
    settings.SUPPORT_EMAILS = ["suporte@exemplo.com.br"]
    cache.clear()
    return User.objects.create_user("ana", "ana@exemplo.com.br", PASSWORD, is_staff=True, is_superuser=True)


def try_it(password: str, *, at: str, username: str = "ana") -> Any:
    return Client(headers={"accept-language": "pt-BR"}, REMOTE_ADDR=at).post(
        LOGIN, {"login": username, "password": password}
    )


def is_in(response: Any) -> bool:
    return response.status_code == 302 and response["Location"] == "/admin/"


@pytest.mark.parametrize(
    "path", ["signup/", "email/", "confirm-email/", "password/set/", "signup/passkey/", "google/login/", "3rdparty/"]
)
def test_nobody_signs_up(path: str, ana: User) -> None:
    client = Client()
    for _as in ("a stranger", "somebody"):
        for method in (client.get, client.post):
            assert method(f"/conta/{path}").status_code == 404
        client.force_login(ana)


@pytest.mark.parametrize("wanted", ["/admin/integrations/title/?q=x", "//evil.example", "https://evil.example/", ""])
def test_the_admin_s_own_log_in_leads_to_ours(wanted: str, ana: User) -> None:
    target = wanted if wanted.startswith("/admin/") else "/admin/"
    client = Client()
    response = client.get("/admin/login/", {"next": wanted}, follow=True)
    assert response.request["PATH_INFO"] == LOGIN
    # It takes no password itself: that would pass by the limits and the second factor.
    assert client.post("/admin/login/", {"username": "ana", "password": PASSWORD})["Location"].startswith(LOGIN)
    login = client.post(LOGIN, {"login": "ana", "password": PASSWORD, "next": target})
    assert login["Location"] == target
    other = User.objects.create_user("bia", password=PASSWORD, is_staff=True)
    client.post("/admin/login/", {"username": "bia", "password": PASSWORD})
    assert client.get("/admin/").wsgi_request.user != other


def test_whoever_is_no_staff_is_told_instead_of_sent_around(ana: User) -> None:
    User.objects.filter(pk=ana.pk).update(is_staff=False)
    client = Client()
    client.force_login(ana)
    assert client.get("/admin/", follow=True).status_code == 403


def test_strangers_who_try_passwords_are_delayed_and_the_person_is_not() -> None:
    assert is_in(try_it(PASSWORD, at=HOME))
    answers = [try_it(f"errada-{number}", at=f"198.51.100.{number}") for number in range(11)]
    assert TOO_MANY not in answers[9].content.decode()
    assert TOO_MANY in answers[10].content.decode()
    assert not is_in(try_it(PASSWORD, at=STRANGE))  # the right one too: it may have been guessed
    assert is_in(try_it(PASSWORD, at=HOME))
    assert not is_in(try_it(PASSWORD, at=STRANGE))
    [told] = mail.outbox
    assert told.to == ["ana@exemplo.com.br", "suporte@exemplo.com.br"]
    assert "ana" in told.subject
    assert "senha" in told.body


def test_wrong_passwords_from_a_known_address_have_their_own_limit() -> None:
    assert is_in(try_it(PASSWORD, at=HOME))
    for number in range(10):
        try_it(f"errada-{number}", at=HOME)
    assert not is_in(try_it(PASSWORD, at=HOME))
    assert is_in(try_it(PASSWORD, at=STRANGE))


def test_tries_for_nobody_are_told_to_nobody() -> None:
    for number in range(12):
        try_it("x", at=f"198.51.100.{number}", username="ninguem")
    assert mail.outbox == []


def test_an_address_is_kept_as_a_digest() -> None:
    try_it(PASSWORD, at=HOME)
    [known] = KnownAddress.objects.values()
    assert HOME not in str(known)
    assert KnownAddress.objects.has("ANA", HOME)
    assert not KnownAddress.objects.has("ana", STRANGE)


def age(client: Client, **seconds: int) -> None:
    session = client.session
    for name, ago in seconds.items():
        session[name] = session[name] - ago
    session.save()


@pytest.mark.parametrize(
    ("aged", "ends"),
    [
        ({middleware.SEEN: 1700}, False), ({middleware.SEEN: 1900}, True), ({middleware.BEGAN: 11 * 3600}, False),
        ({middleware.BEGAN: 13 * 3600}, True),
    ],
)  # fmt: skip
def test_a_session_ends(aged: dict[str, int], ends: bool, ana: User) -> None:
    client = Client(headers={"accept-language": "pt-BR"})
    client.force_login(ana)
    assert client.get("/admin/").status_code == 200
    age(client, **aged)
    response = client.get("/admin/", follow=True)
    assert (response.request["PATH_INFO"] == LOGIN) is ends
    assert ("Sua sessão terminou" in response.content.decode()) is ends


def test_what_renews_itself_keeps_no_session_alive(ana: User) -> None:
    client = Client()
    client.force_login(ana)
    client.get("/admin/")
    age(client, **{middleware.SEEN: 1000})
    client.get("/admin/", headers={"HX-Request": "true"})
    age(client, **{middleware.SEEN: 1000})
    assert client.get("/admin/").status_code == 302


def test_one_s_sessions_are_listed_and_ended(ana: User) -> None:
    here, there = (Client(headers={"accept-language": "pt-BR"}) for _where in range(2))
    for client in (here, there):
        client.post(LOGIN, {"login": "ana", "password": PASSWORD})
    page = here.get(reverse("usersessions_list")).content.decode()
    assert "Atual" in page
    here.post(reverse("usersessions_list"))
    assert there.get("/admin/").status_code == 302
    assert here.get("/admin/").status_code == 200
