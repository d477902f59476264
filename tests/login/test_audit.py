"""What the audit record says of log-ins, and that strangers cannot fill it."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from integrations.domain.audit import AuditAction
from integrations.login import audit
from integrations.models import AuditEvent
from integrations.pipeline.audit.record import keyed
from integrations.pipeline.audit.who import Acting, acts
from tests.login.factors import browser, give_factor, log_in

PASSWORD = "uma-senha-comprida"
LOGIN = "/conta/login/"


@pytest.fixture(autouse=True)
def ana(db: None) -> User:
    cache.clear()
    return User.objects.create_user("ana", "ana@exemplo.com.br", PASSWORD, is_staff=True, is_superuser=True)


@pytest.fixture
def newest(db: None) -> Callable[[str], list[AuditEvent]]:
    last = AuditEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    return lambda action: list(AuditEvent.objects.filter(pk__gt=last, action=action).order_by("pk"))


def try_it(password: str, *, at: str, username: str = "ana") -> Any:
    return Client(REMOTE_ADDR=at).post(LOGIN, {"login": username, "password": password})


def test_coming_and_going_are_recorded(newest: Any, ana: User) -> None:
    client = Client(REMOTE_ADDR="203.0.113.7")
    client.post(LOGIN, {"login": "ana", "password": PASSWORD})
    client.post("/conta/logout/")
    (came,), (went,) = newest("login"), newest("logout")
    assert {(row.actor, row.actor_id, row.address) for row in (came, went)} == {("ana", ana.pk, "203.0.113.7")}


def test_an_address_says_no_more_than_where(newest: Any) -> None:
    """The zone of an IPv6 address is any text of any length."""
    client = Client(REMOTE_ADDR=f"fe80::1%{'x' * 100}")
    assert client.post(LOGIN, {"login": "ana", "password": PASSWORD}).status_code == 302
    assert [row.address for row in newest("login")] == ["fe80::1"]


def test_wrong_passwords_are_counted(newest: Any, ana: User) -> None:
    for number in range(5):
        try_it(f"errada-{number}", at="198.51.100.9")
    (failed,) = newest("login_failed")
    assert (failed.actor_id, failed.address, failed.count) == (ana.pk, "198.51.100.9", 1)
    cache.delete(next(iter(_said(ana))))  # a minute later
    try_it("errada", at="198.51.100.9")
    assert [row.count for row in newest("login_failed")] == [1, 5]


def _said(ana: User) -> list[str]:
    return [f"audit-failed:login_failed:{ana.pk}:{audit.digest_of('198.51.100.9')}:said"]


def test_a_password_that_was_found_by_trying_is_told_with_all_tries(newest: Any) -> None:
    for number in range(4):
        try_it(f"errada-{number}", at="198.51.100.9")
    for _again in range(2):
        try_it(PASSWORD, at="198.51.100.9")
    assert [row.count for row in newest("login_failed")] == [1, 3]
    assert newest("login")[0].pk > newest("login_failed")[1].pk


def test_a_refused_log_in_is_recorded(newest: Any) -> None:
    for number in range(12):
        try_it(f"errada-{number}", at=f"198.51.100.{number}")
    assert newest("login_locked")


def test_strangers_cannot_fill_it(newest: Any, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {}
    for number in range(3 * audit.MOST_PLACES):
        try_it("x", at=f"198.51.{number}.1", username=f"nobody-{number}")
    found = newest("login_failed")
    assert len(found) <= audit.MOST_PLACES + 1
    assert found[0].details == {"method": "password", "name": keyed("nobody-0")}
    assert not [row for row in found if "nobody" in f"{row.actor} {row.details}"]


def test_addresses_of_earlier_minutes_are_not_told_apart_for_ever(newest: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    minute = [0]
    monkeypatch.setattr(audit, "time", SimpleNamespace(time=lambda: 60.0 * minute[0]))
    for minute[0] in range(1, 4):  # each of which brings ten new addresses
        before = len(newest("login_failed"))
        for number in reversed(range(audit.MOST_PLACES * minute[0])):
            place = f"198.51.{number}.1"
            cache.delete(f"audit-failed:login_failed:stranger:{audit.digest_of(place)}:said")  # that of another minute
            with acts(Acting(lambda: None, lambda place=place: place)):  # type: ignore[misc]
                audit.note_failure(AuditAction.LOGIN_FAILED, "nobody")
        assert 0 < len(newest("login_failed")) - before <= audit.MOST_PLACES + 1


def test_strangers_push_no_limit_out_of_the_cache(db: None) -> None:
    cache.set("a-limit", 61, 600)
    for number in range(400):
        cache.set(f"stranger-{number}", 1, 600)
    assert cache.get("a-limit") == 61


def test_factors_and_wrong_codes_are_recorded_without_their_secrets(newest: Any, ana: User) -> None:
    secret = give_factor(ana)
    (set_up,) = newest("factor")
    assert (set_up.object_id, set_up.details["kind"], set_up.details["did"]) == (ana.pk, "totp", "insert")
    assert secret not in str(set_up.details)
    client = browser()
    log_in(client, "ana")
    client.post("/conta/segundo-fator/authenticate/", {"code": "000000"})
    (failed,) = newest("login_failed")
    assert (failed.actor, failed.details) == ("ana", {"method": "mfa"})
    assert not newest("login")
