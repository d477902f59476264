"""Log-ins, log-outs and proofs for the audit record. Wrong passwords are counted, so that strangers cannot fill it."""

import time
from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from integrations.domain.audit import AuditAction
from integrations.models.known_addresses import digest_of
from integrations.pipeline.audit.record import keyed, record
from integrations.pipeline.audit.who import acting

EVERY = 60
"""Seconds within which the failures of one account from one address make one event, with their count."""
MOST_PLACES = 10
"""Addresses of one account, or of strangers, that are told apart within that time."""
_FORGOTTEN = 3600


def note_login(request: HttpRequest, user: User, **_signal: Any) -> None:
    _note_left(user)
    record(AuditAction.LOGIN, actor=user)


def note_logout(request: HttpRequest | None, user: User | None, **_signal: Any) -> None:
    if user is not None:
        record(AuditAction.LOGOUT, actor=user)


def note_proof(request: HttpRequest, user: User, **signal: Any) -> None:
    """Note that somebody proved again who they are, before something dangerous."""
    if signal.get("reauthenticated"):
        record(AuditAction.PROOF, actor=user, details={"method": str(signal.get("method", ""))})


def note_failure(action: AuditAction, username: str, *, method: str = "password") -> None:
    """Note a try that failed: one event a minute for each account and address, with how many it stands for. A name that
    nobody has is kept as a keyed hash: it may be a password that was typed into the wrong field."""
    user = User.objects.filter(username__iexact=username).first()
    who = acting()
    account = str(user.pk) if user else "stranger"
    count = _counted(f"{action}:{account}", digest_of(who.address) if who else "")
    if count:
        name = {} if user else {"name": keyed(username.lower())}
        record(action, actor=user, count=count, details={"method": method, **name})


def _note_left(user: User) -> None:
    """Note the failures that no event stands for yet: whoever gets in now may have got in by trying."""
    who = acting()
    account = f"{AuditAction.LOGIN_FAILED}:{user.pk}"
    for place in (digest_of(who.address) if who else "", "others"):
        key = f"audit-failed:{account}:{place}"
        left = int(cache.get(key) or 0)
        if left:
            cache.set(key, 0, _FORGOTTEN)
            record(AuditAction.LOGIN_FAILED, actor=user, count=left)


def _counted(account: str, place: str) -> int:
    """Count a failure; return how many an event now stands for, or 0 where another one was made a moment ago."""
    key = f"audit-failed:{account}:{place if _is_told_apart(account, place) else 'others'}"
    if cache.add(f"{key}:said", True, EVERY):
        count = int(cache.get(key) or 0) + 1
        cache.set(key, 0, _FORGOTTEN)
        return count
    cache.set(key, int(cache.get(key) or 0) + 1, _FORGOTTEN)
    return 0


def _is_told_apart(account: str, place: str) -> bool:
    """Say whether an address of an account is one of those that are counted by themselves in this minute."""
    key = f"audit-places:{account}:{int(time.time()) // EVERY}"
    places: list[str] = cache.get(key) or []
    if place not in places and len(places) < MOST_PLACES:
        cache.set(key, [*places, place], 2 * EVERY)
        return True
    return place in places


def note_wrong_code(request: HttpRequest, user: User, **_signal: Any) -> None:
    note_failure(AuditAction.LOGIN_FAILED, user.get_username(), method="mfa")


def address_of(request: HttpRequest) -> str:
    """Return from where a request comes, "" where a proxy does not say."""
    try:
        return str(get_adapter().get_client_ip(request))
    except PermissionDenied:
        return ""
