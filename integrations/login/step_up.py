"""A second factor again, before what is dangerous: whoever finds a screen unlocked moves no money with it."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.base.forms import ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from allauth.mfa.webauthn.forms import ReauthenticateWebAuthnForm
from allauth.mfa.webauthn.internal.auth import begin_authentication
from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode

View = TypeVar("View", bound=Callable[..., Any])
FRESH_FOR = 300
"""Seconds for which a proof counts."""
PREFIX = "factor"
_OURS = {"csrfmiddlewaretoken", f"{PREFIX}-code", f"{PREFIX}-credential"}


def asks_first(request: HttpRequest) -> HttpResponse | None:
    """Return the page that asks for the factor, or None where the request may go on: the newest proof of this session
    is the factor (never a password) and under five minutes old.

    A form that was sent is carried along, so that nothing typed is lost. Where factors are not compulsory, people who
    have none are not asked: the demo's.
    """
    if not settings.REQUIRE_SECOND_FACTOR and not is_mfa_enabled(request.user):
        return None
    if proved_within(request, FRESH_FOR) == "mfa":
        return None
    if request.method != "POST":
        return redirect(f"{reverse('mfa_reauthenticate')}?{urlencode({'next': request.get_full_path()})}")
    code, credential = f"{PREFIX}-code", f"{PREFIX}-credential"
    by_code = ReauthenticateForm(_answer(request, code), user=request.user, prefix=PREFIX)
    by_key = ReauthenticateWebAuthnForm(_answer(request, credential), user=request.user, prefix=PREFIX)
    for form in (by_key, by_code):
        if form.is_bound and form.is_valid():
            form.save()
            return None
    kept = {name: values for name, values in request.POST.lists() if name not in _OURS}
    context: dict[str, Any] = {"form": by_code, "kept": kept, "back": request.get_full_path()}
    if Authenticator.objects.filter(user=request.user.pk, type=Authenticator.Type.WEBAUTHN).exists():
        context |= {"key": by_key, "key_data": {"request_options": begin_authentication(request.user)}}
    return TemplateResponse(request, "login/step_up.html", context)


def _answer(request: HttpRequest, name: str) -> QueryDict | None:
    return request.POST if request.POST.get(name) else None


def stepped_up(view: View) -> View:
    """Let a method of an admin page ask for the factor first."""

    @wraps(view)
    def inner(admin: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return asks_first(request) or view(admin, request, *args, **kwargs)

    return cast(View, inner)


class StepUpForm:
    """A model's admin whose forms are saved only by somebody who has just proved who they are."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        asked = asks_first(request) if request.method == "POST" else None
        return asked or super().changeform_view(request, *args, **kwargs)  # type: ignore[misc] # the admin's


def proved_within(request: HttpRequest, seconds: int) -> str | None:
    """Return how the person of this session has proved last who they are ("password", "mfa"), if so lately."""
    records = get_authentication_records(request, request.user)
    newest = max(records, key=lambda record: record["at"], default=None)
    is_late = newest is None or time.time() - newest["at"] >= seconds
    return None if newest is None or is_late else str(newest["method"])
