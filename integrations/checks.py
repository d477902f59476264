"""System checks: what must be right before anything runs, each with an id and a hint."""

from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from integrations.models.audit_rights import may_change
from integrations.models.fields import ciphers
from integrations.models.secrets import stored_key_ids


@register()
def check_keys(**_kwargs: Any) -> list[CheckMessage]:
    """E001: every encryption key is a Fernet key."""
    for key in settings.FIELD_ENCRYPTION_KEYS:
        try:
            Fernet(key)
        except ValueError:
            hint = "Each key is 32 url-safe base64 bytes; make one with manage.py make_encryption_key."
            return [Error("FIELD_ENCRYPTION_KEYS holds a malformed key.", hint=hint, id="integrations.E001")]
    return []


@register()
def check_queue(**_kwargs: Any) -> list[CheckMessage]:
    """E002: django-q2 neither repeats tasks by itself nor fetches ahead; our own rows do the retrying."""
    conf: dict[str, Any] = settings.Q_CLUSTER
    wanted: dict[str, Any] = {"bulk": 1, "queue_limit": 1, "max_attempts": 1, "ack_failures": True, "catch_up": False}
    wanted |= {"poll": 0, "broker_class": "integrations.broker.Broker"}  # it waits itself; another one would not at all
    wrong = [f"{key}={value!r}" for key, value in wanted.items() if conf.get(key) != value]
    timeout = conf.get("timeout") or 0
    if not timeout or conf.get("retry", 0) < 3 * (timeout + 5):
        wrong.append("retry ≥ 3 × (timeout + 5)")
    if wrong:
        return [Error("Q_CLUSTER must have " + ", ".join(wrong) + ".", id="integrations.E002")]
    return []


@register()
def check_export_permission(**_kwargs: Any) -> list[CheckMessage]:
    """E003: without this code, django-import-export lets everybody export everything."""
    if not getattr(settings, "IMPORT_EXPORT_EXPORT_PERMISSION_CODE", None):
        return [Error("IMPORT_EXPORT_EXPORT_PERMISSION_CODE is not set.", id="integrations.E003")]
    return []


@register(Tags.database)
def check_stored_secrets(**_kwargs: Any) -> list[CheckMessage]:
    """E005: every stored secret can be opened with the configured keys."""
    try:
        missing = stored_key_ids() - set(ciphers())
    except (DatabaseError, ImproperlyConfigured):
        return []  # no tables yet, or E001 says it
    if missing:
        hint = "Put the missing key back behind the newest one; without it those connections must be made again."
        names = ", ".join(sorted(missing))
        return [Error(f"Stored secrets need keys that are not configured: {names}.", hint=hint, id="integrations.E005")]
    return []


@register(Tags.database)
def check_roles(**_kwargs: Any) -> list[CheckMessage]:
    """E006: in production, the role of web and workers cannot change the audit record."""
    try:
        is_wrong = settings.IS_PRODUCTION and may_change()
    except DatabaseError:
        return []
    if is_wrong:
        hint = "Give DATABASE_URL a role of its own, DATABASE_OWNER_URL the owner's, and run manage.py migrate."
        return [Error("The role of DATABASE_URL may change the audit record.", hint=hint, id="integrations.E006")]
    return []


@register(deploy=True)
def check_mails(**_kwargs: Any) -> list[CheckMessage]:
    """W001: mails of production go to a mail server. What is only printed reaches nobody and counts as mailed."""
    backend = settings.EMAIL_BACKEND.removeprefix("django.core.mail.backends.").partition(".")[0]
    if settings.IS_PRODUCTION and backend in {"console", "dummy", "filebased", "locmem"}:
        hint = "Set EMAIL_URL, e.g. smtp+tls://user:password@host:587; alerts and daily summaries reach nobody."
        return [Warning("EMAIL_URL names no mail server.", hint=hint, id="integrations.W001")]
    return []


@register(deploy=True)
def check_auditors(**_kwargs: Any) -> list[CheckMessage]:
    """W002: the heads of the audit record leave this host. Without one from outside, its end cannot be proved."""
    if settings.IS_PRODUCTION and not settings.AUDIT_EMAILS:
        hint = "Set AUDIT_EMAILS to addresses that no administrator of this service can read."
        return [Warning("AUDIT_EMAILS names nobody.", hint=hint, id="integrations.W002")]
    return []
