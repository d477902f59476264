"""People with a second factor, and the codes that their app would show."""

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

PASSWORD = "uma-senha-comprida"


def code_of(secret: str) -> str:
    """Return what an app shows now; one that was used already is forgotten, as if half a minute had passed."""
    cache.clear()
    counters = list(yield_hotp_counters_from_time())
    return str(format_hotp_value(hotp_value(secret, counters[len(counters) // 2])))


def give_factor(person: User) -> str:
    """Let somebody have a second factor; return its secret."""
    secret: str = generate_totp_secret()
    TOTP.activate(person, secret)
    return secret


def stored_secret(person: User) -> str:
    data: dict[str, Any] = Authenticator.objects.get(user=person, type=Authenticator.Type.TOTP).data
    return str(data["secret"])


def shown_secret(person: User) -> str:
    return str(get_adapter().decrypt(stored_secret(person)))


def browser() -> Client:
    return Client(headers={"accept-language": "pt-BR"})


def log_in(client: Client, username: str) -> Any:
    return client.post("/conta/login/", {"login": username, "password": PASSWORD, "next": "/admin/"}, follow=True)
