"""People's second factors, for those who look after them."""

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.db import transaction


def remove_factor(person: User) -> None:
    """Take somebody's second factor away, with all its codes, and end their sessions: whoever has the lost one, or
    found an open screen, is out."""
    with transaction.atomic():
        Authenticator.objects.filter(user=person).delete()
        for session in UserSession.objects.filter(user=person):
            session.end()
