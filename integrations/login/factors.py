"""People's second factors, for those who look after them."""

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest


def remove_factor(person: User) -> None:
    """Take somebody's second factor away, with all its codes, and end their sessions: whoever has the lost one, or
    found an open screen, is out."""
    with transaction.atomic():
        Authenticator.objects.filter(user=person).delete()
        for session in UserSession.objects.filter(user=person):
            session.end()


def note_activation(request: HttpRequest, user: User, authenticator: Authenticator, **_signal: Any) -> None:
    """Take the code with which somebody has just set up their app for a proof: the codes for emergencies come next."""
    if authenticator.type == Authenticator.Type.TOTP:
        record_authentication(request, user, "mfa", type=authenticator.type, id=authenticator.pk, reauthenticated=True)
