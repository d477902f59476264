"""What holds for every request of somebody who is logged in: a second factor where one is compulsory, and an end."""

import time
from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _

from integrations.login.audit import address_of
from integrations.pipeline.audit.who import Acting, acts

Respond = Callable[[HttpRequest], HttpResponse]
BEGAN, SEEN, HAS_FACTOR = "login_began", "login_seen", "login_has_factor"
_EVERY = 60
"""Seconds between two notes that somebody is there: each is a write."""
_ENROLMENT = {
    "mfa_activate_totp", "mfa_add_webauthn", "mfa_generate_recovery_codes", "mfa_view_recovery_codes", "mfa_index",
    "mfa_reauthenticate", "account_reauthenticate", "account_logout", "account_login", "set_language",
}  # fmt: skip
_PUBLIC = {"bling-callback", "connect-by-link", "health-live", "health-ready", "bridge-payables"}


class WhoActs:
    """Lets what a request changes be recorded with who asked for it, and from where."""

    def __init__(self, get_response: Respond) -> None:
        self._respond = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with acts(Acting(lambda: request.user, lambda: address_of(request))):
            return self._respond(request)


RENEWED = "renewed"
"""What a page adds to its address when it asks for itself again."""


class SessionEnd:
    """Ends a session some time after the last page that a person asked for, and some hours after its beginning."""

    def __init__(self, get_response: Respond) -> None:
        self._respond = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and self._is_over(request):
            logout(request)
            messages.info(request, _("Your session has ended. Log in again."))
        return self._respond(request)

    def _is_over(self, request: HttpRequest) -> bool:
        now, session = time.time(), request.session
        began, seen = session.setdefault(BEGAN, now), session.setdefault(SEEN, now)
        if now - seen > settings.SESSION_IDLE_SECONDS or now - began > settings.SESSION_COOKIE_AGE:
            return True
        # A card or a page that renews itself is no person.
        if now - seen > _EVERY and "HX-Request" not in request.headers and RENEWED not in request.GET:
            session[SEEN] = now
        return False


class RequireFactor:
    """Lets a person without a second factor reach nothing but its enrolment, the log-out and what is public."""

    def __init__(self, get_response: Respond) -> None:
        self._respond = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.REQUIRE_SECOND_FACTOR and not self._may_pass(request):
            messages.info(request, _("Set up your second factor first: nothing else is shown without one."))
            return HttpResponseRedirect(resolve_url("mfa_activate_totp"))
        return self._respond(request)

    def _may_pass(self, request: HttpRequest) -> bool:
        if not request.user.is_authenticated or request.session.get(HAS_FACTOR) == request.user.pk:
            return True
        if is_mfa_enabled(request.user):
            request.session[HAS_FACTOR] = request.user.pk
            return True
        try:
            return resolve(request.path_info).url_name in _ENROLMENT | _PUBLIC
        except Resolver404:
            return False
