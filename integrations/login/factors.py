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
    """Take the code or key with which somebody has just set up their first factor for a proof: the codes for
    emergencies come next. A further one proves nothing: it may be a stranger's."""
    others = Authenticator.objects.filter(user=user).exclude(pk=authenticator.pk)
    is_first = not others.exclude(type=Authenticator.Type.RECOVERY_CODES).exists()
    if authenticator.type != Authenticator.Type.RECOVERY_CODES and is_first:
        record_authentication(request, user, "mfa", type=authenticator.type, id=authenticator.pk, reauthenticated=True)
