"""A second factor again, before what is dangerous: whoever finds a screen unlocked moves no money with it."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.base.forms import ReauthenticateForm
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode

View = TypeVar("View", bound=Callable[..., Any])
FRESH_FOR = 300
"""Seconds for which a proof counts."""
PREFIX = "factor"


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
    is_answer = f"{PREFIX}-code" in request.POST
    form = ReauthenticateForm(request.POST if is_answer else None, user=request.user, prefix=PREFIX)
    if is_answer and form.is_valid():
        form.save()
        return None
    ours = {"csrfmiddlewaretoken", f"{PREFIX}-code"}
    kept = {name: values for name, values in request.POST.lists() if name not in ours}
    context = {"form": form, "kept": kept, "back": request.get_full_path()}
    return TemplateResponse(request, "login/step_up.html", context)


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
