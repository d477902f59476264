"""Keys of the v2 bridge: made, registered, revoked. The key itself is returned once, and stored nowhere."""

import re
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from integrations.models import ApiKey, BlingConnection
from integrations.models.api_keys import LONGEST, PREFIX, SHORTEST, digests_of, new_key
from integrations.pipeline.access import mails
from integrations.pipeline.access.mails import addresses
from integrations.pipeline.desk.refusal import Refused, need_reason

_ALLOWED = re.compile(r"[0-9A-Za-z]+\Z")


def make(*, connection: BlingConnection, label: str, user: User, now: datetime, **options: Any) -> tuple[ApiKey, str]:
    """Make a key for a program; return its row, and the key to be shown once."""
    key = new_key()
    return _store(connection, label, key, user, now, is_old=False, **options), key


def register(*, connection: BlingConnection, label: str, key: str, user: User, now: datetime, **options: Any) -> ApiKey:
    """Let a program go on with the key that it has for Bling's API v2. Raises `Refused` for one that is too short, is
    none, or is known already."""
    key = key.strip()
    if not SHORTEST <= len(key) <= LONGEST or not _ALLOWED.match(key) or len(set(key)) < 8:
        raise Refused("key", _("This is no key of Bling's API v2: it has at least %(count)s letters and digits.")
                      % {"count": SHORTEST})  # fmt: skip
    if ApiKey.objects.filter(digest__in=digests_of(key)).exists():
        raise Refused("known", _("This key is registered already, or was revoked. Make a new one."))
    return _store(connection, label, key, user, now, is_old=True, **options)


def revoke(*, api_key: ApiKey, reason: str, user: User, now: datetime) -> None:
    """Take a key back, at once. Raises `Refused` without a reason, or when it was revoked meanwhile."""
    need_reason(reason)
    values = {"revoked_at": now, "revoked_by": user, "reason": reason.strip()}
    if not ApiKey.objects.filter(pk=api_key.pk, revoked_at=None).update(**values):
        raise Refused("decided", _("This was decided meanwhile, or is no longer open."))


def _store(
    connection: BlingConnection, label: str, key: str, user: User, now: datetime, *, is_old: bool, **options: Any
) -> ApiKey:
    try:
        with transaction.atomic():
            row = ApiKey.objects.create(
                connection=connection, label=label, digest=digests_of(key)[0], prefix=key[:PREFIX], is_old=is_old,
                created_by=user, created_at=now, **options,
            )  # fmt: skip
    except IntegrityError as error:
        raise Refused("known", _("This key is registered already, or was revoked. Make a new one.")) from error
    _tell(row, user)
    return row


def _tell(row: ApiKey, user: User) -> None:
    """Tell the company that a program may enter payables from now on: whoever did not ask for that calls."""
    tenant = row.connection.tenant
    with override(settings.LANGUAGE_CODE):
        subject = _("A key of the bridge for %(company)s") % {"company": tenant.name}
        text = _(
            "%(user)s let a program enter payables into the Bling of %(company)s (%(label)s, key %(prefix)s…). If "
            "nobody of you asked for that, tell support at once."
        ) % {"user": user.get_username(), "company": tenant.name, "label": row.label, "prefix": row.prefix}
    mails.send(subject, text, list(dict.fromkeys([*addresses(tenant.alert_emails), *settings.SUPPORT_EMAILS])))
