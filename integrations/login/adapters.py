"""How people log in, where django-allauth leaves it to us: nobody signs up, wrong passwords delay and are told, secrets
of second factors are encrypted like all others."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override

from integrations.domain.audit import AuditAction
from integrations.login.audit import note_failure
from integrations.login.step_up import FRESH_FOR, proved_within
from integrations.models import KnownAddress
from integrations.models.fields import decrypt, encrypt
from integrations.models.known_addresses import digest_of
from integrations.pipeline.access import mails

_LEFT_IN_ENGLISH = gettext_noop("Name")
"""Of a security key: the library's own catalogue lacks it."""
TOLD_FOR = 3600
"""Seconds within which one account's delay is told once."""


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc] # the library has no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Say whether the library has to ask for a proof again: not for the first factor, right after the log-in."""
        request = context.request
        is_first = app == "allauth.mfa" and not is_mfa_enabled(request.user)
        if is_first and proved_within(request, FRESH_FOR) is not None:
            return False
        return bool(super().is_reauthentication_required(app=app, **kwargs))

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        KnownAddress.objects.note(user, self.get_client_ip(request), now=timezone.now())

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count a try; raises `ValidationError` for one too many, which is told to the person and to support."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            username = str(credentials.get("username", ""))
            note_failure(AuditAction.LOGIN_LOCKED, username)
            self._tell_of_delay(username)
            raise

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return from where a request comes, without the zone of an IPv6 address: it may be any text, of any length."""
        return str(super().get_client_ip(request)).partition("%")[0]

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        note_failure(AuditAction.LOGIN_FAILED, str(credentials.get("username", "")))

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Count the tries of all strange addresses together, and those of each known one apart: a stranger who tries
        passwords must not keep a person out."""
        username, address = str(credentials.get("username", "")).lower(), self.get_client_ip(request)
        is_known = KnownAddress.objects.has(username, address)
        return f"{username}:{digest_of(address)}" if is_known else username

    def _tell_of_delay(self, username: str) -> None:
        user = User.objects.filter(username__iexact=username, is_active=True).first()
        if user is None or not cache.add(f"delay-told:{user.pk}", True, TOLD_FOR):
            return
        with override(settings.LANGUAGE_CODE):
            subject = _("Too many wrong passwords for %(user)s") % {"user": user.get_username()}
            text = _(
                "Somebody has tried wrong passwords for %(user)s. Further tries from strange addresses are refused for "
                "a quarter of an hour; from where %(user)s logged in before, the log-in works as always. If it was not "
                "you, nothing needs to be done; if you use this password elsewhere, change it."
            ) % {"user": user.get_username()}
        mails.send(subject, text, sorted({*filter(None, [user.email]), *settings.SUPPORT_EMAILS}))


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc] # the library has no types
    def encrypt(self, text: str) -> str:
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text)
