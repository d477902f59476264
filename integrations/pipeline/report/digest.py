"""The daily summary for finance: what changed since the last one, in numbers. Nothing changed: no mail."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import structlog
from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.lookups import LessThanOrEqual
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from integrations.domain.calendar import BRASILIA
from integrations.models import Discrepancy, Posting, Tenant
from integrations.models.confidential import PUBLIC
from integrations.pipeline.access.mails import CLAIM, addresses, send
from integrations.pipeline.handover.due import derived
from integrations.pipeline.report.needs_action import needing_action
from integrations.pipeline.report.sync_summary import Written, written_since
from integrations.words.confidential import left_out_text
from integrations.words.discrepancies import kind_choices

log = structlog.get_logger(__name__)

SENT_AT = time(7, 30)
"""Brasília."""
A_DAY = timedelta(days=1)
LANGUAGE = "pt-br"


@dataclass(frozen=True)
class News:
    """What changed for a company; `opened` counts new discrepancies by kind, `open_now` all that are open."""

    written: Written
    opened: Counter[str]
    closed: int
    open_now: int
    needs_action: int

    @property
    def is_empty(self) -> bool:
        return self.written == Written(0, 0, 0, 0) and not self.opened and not self.closed


def _due_since(now: datetime) -> datetime:
    return datetime.combine(now.astimezone(BRASILIA).date(), SENT_AT, BRASILIA)


def companies_due(now: datetime) -> QuerySet[Tenant]:
    """Return the companies whose summary of today is to be sent."""
    due_since = derived(now, _due_since)
    waiting = Tenant.objects.filter(LessThanOrEqual(due_since, now), _free(now), is_active=True)
    waiting = waiting.exclude(digest_emails="")
    return waiting.filter(Q(digested_at=None) | Q(digested_at__lt=due_since))


def _free(now: datetime) -> Q:
    return Q(digest_claimed_until=None) | Q(digest_claimed_until__lt=now)


def send_digests(*, now: datetime) -> int:
    """Mail the summaries that are due; returns how many were sent."""
    due_since = _due_since(now)
    sent = 0
    for tenant in companies_due(now):
        try:
            sent += _send_one(tenant, due_since, now)
        except Exception:
            log.exception("digest crashed", tenant=tenant.pk)  # the other companies get theirs
    return sent


def _send_one(tenant: Tenant, due_since: datetime, now: datetime) -> bool:
    """Mail one company's summary, unless nothing changed or another worker does."""
    news = news_since(tenant, tenant.digested_at or now - A_DAY, now)
    with override(LANGUAGE):
        subject = _("%(company)s: summary of %(day)s") % {"company": tenant.name, "day": f"{due_since:%d/%m/%Y}"}
        text = _text(tenant, news)
    same = Tenant.objects.filter(pk=tenant.pk, digested_at=tenant.digested_at)
    if news.is_empty:
        same.update(digested_at=now)
        return False
    # Claimed before sending: two workers mail once. One that was not sent is tried again, also when its worker died.
    if not same.filter(_free(now)).update(digest_claimed_until=now + CLAIM):
        return False
    is_sent = send(subject, text, addresses(tenant.digest_emails))
    same.update(digest_claimed_until=None, digested_at=now if is_sent else tenant.digested_at)
    return is_sent


def news_since(tenant: Tenant, since: datetime, until: datetime) -> News:
    """Count what changed for a company from one moment until another, which begins the next summary. Nobody knows who
    reads a mail: confidential titles are not counted."""
    rows = PUBLIC.of(Discrepancy.objects.filter(posting__kamino_connection__tenant=tenant))
    is_open = Q(closed_at=None)
    waiting = needing_action(PUBLIC.of(Posting.objects.filter(kamino_connection__tenant=tenant)))
    opened = rows.filter(is_open, opened_at__gte=since, opened_at__lt=until)
    return News(
        written=written_since(tenant, since, PUBLIC, until),
        opened=Counter(opened.order_by().values_list("kind", flat=True)),
        closed=rows.filter(closed_at__gte=since, closed_at__lt=until).count(),
        open_now=rows.filter(is_open).count(),
        needs_action=waiting.count(),
    )


def _text(tenant: Tenant, news: News) -> str:
    """Write the mail: counts and kinds, no names and no amounts."""
    done = news.written
    lines = [
        _("Sent to Kamino: %(created)s created, %(updated)s updated, %(settled)s settled, %(cancelled)s cancelled.")
        % {"created": done.created, "updated": done.updated, "settled": done.settled, "cancelled": done.cancelled},
        _("Discrepancies: %(opened)s new, %(closed)s closed, %(open)s open now.")
        % {"opened": news.opened.total(), "closed": news.closed, "open": news.open_now},
    ]
    names = dict(kind_choices())
    lines += [f"  · {names[kind]}: {count}" for kind, count in news.opened.most_common()]
    words = ngettext("%(count)s title needs action.", "%(count)s titles need action.", news.needs_action)
    lines.append(words % {"count": news.needs_action})
    left_out = left_out_text(PUBLIC.left_out(tenant))
    lines += [left_out] if left_out else []
    page = f"{settings.PUBLIC_URL}/admin/integrations"
    lines += ["", f"{page}/discrepancy/?tenant={tenant.pk}", f"{page}/posting/?tenant={tenant.pk}"]
    return "\n".join(lines)
