"""Addresses of the log-in and of one's own account. What would let strangers in does not exist here."""

from typing import NoReturn

from django.http import Http404, HttpRequest
from django.urls import include, path


def closed(_request: HttpRequest) -> NoReturn:
    """Answer as if there were no such page: people are made by an administrator, and mails by nobody themselves."""
    raise Http404


urlpatterns = [
    *(path(f"{name}/", closed) for name in ("signup", "email", "confirm-email", "password/set", "signup/passkey")),
    path("", include("allauth.account.urls")),
    path("segundo-fator/", include("allauth.mfa.urls")),
    path("sessoes/", include("allauth.usersessions.urls")),
]
