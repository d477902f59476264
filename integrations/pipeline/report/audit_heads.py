"""What auditors and support are told of the audit record: its head once a day, and that its events are not sealed."""

from datetime import datetime

import structlog
from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from integrations.models import AuditSeal
from integrations.pipeline.access.mails import send
from integrations.pipeline.audit.seal import late, wait_again

log = structlog.get_logger(__name__)

A_DAY, AGAIN = 24 * 3600, 600
"""Seconds: between two mails, and until one that was not taken is tried again."""


def look(*, now: datetime) -> None:
    """Mail the head, if today's was not; tell of events that should have been sealed, and let them be."""
    head = AuditSeal.objects.order_by("-number").first()
    if head is not None:
        with override(settings.LANGUAGE_CODE):
            subject = _("Audit record: head %(number)s") % {"number": head.number}
            text = _(
                "Keep this mail: with it, “manage.py audit_verify --head %(head)s” says whether a row of the audit "
                "record was changed or removed since."
            ) % {"head": head}
        _once_a_day("head", subject, text, settings.AUDIT_EMAILS)
    events = late(now=now)
    count = events.count()
    if count:
        log.error("audit record not sealed", events=count)
        wait_again(events)
        with override(settings.LANGUAGE_CODE):
            subject = _("Audit record: not sealed")
            text = ngettext(
                "%(count)s event of the audit record is older than five minutes and has no seal.",
                "%(count)s events of the audit record are older than five minutes and have no seal.",
                count,
            ) % {"count": count}
        _once_a_day("late", subject, text, [*settings.AUDIT_EMAILS, *settings.SUPPORT_EMAILS])


def _once_a_day(what: str, subject: str, text: str, recipients: list[str]) -> None:
    """Send a mail, by one worker and once a day; one that was not taken is tried again soon."""
    key = f"audit-mail:{what}"
    if recipients and cache.add(key, True, A_DAY) and not send(subject, text, list(dict.fromkeys(recipients))):
        cache.set(key, True, AGAIN)
