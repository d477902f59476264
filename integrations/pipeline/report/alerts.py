"""Health of a company: one colour and the next thing to do; alerts that open, are mailed, and close by themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Q, QuerySet
from django.utils.translation import gettext as _

from integrations.domain.alerts import AlertCause
from integrations.models import Alert, BlingConnection, Heartbeat, KaminoConnection, Tenant, WakeUpKind
from integrations.models.confidential import PUBLIC, Sight
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.access.mails import CLAIM, addresses, send
from integrations.pipeline.handover.wake_ups import Rhythm
from integrations.pipeline.report.causes import Finding, find_causes, next_causes
from integrations.pipeline.report.estimate import outlook
from integrations.words.alerts import OF_TITLES, URGENT_CAUSES
from integrations.words.confidential import left_out_text

log = structlog.get_logger(__name__)

MAIL_AGAIN_AFTER = timedelta(hours=24)
MAILS = "alerts"
MAIL_EVERY = timedelta(minutes=2)


@dataclass(frozen=True)
class Health:
    """`colour` is "green", "yellow", "red" or "grey" (not set up yet); `action` is the next thing to do."""

    colour: str
    action: str
    findings: list[Finding]


def health_of(tenant: Tenant, sight: Sight, *, now: datetime) -> Health:
    """Judge a company from what is stored: no request is made. Its numbers are what the reader sees."""
    findings = find_causes([tenant], now=now)[tenant.pk]
    has_kamino = KaminoConnection.objects.filter(tenant=tenant).exists()
    judged = health_from(list(tenant.bling_connections.all()), has_kamino=has_kamino, findings=findings, sight=sight)
    left = outlook(tenant, now=now) if judged.colour == "green" else None
    return replace(judged, action=left.sentence()) if left else judged


def health_from(
    connections: Sequence[BlingConnection], *, has_kamino: bool, findings: list[Finding], sight: Sight
) -> Health:
    """Judge a company by its connections to Bling, by whether it has one to Kamino, and by what is wrong with it."""
    if not connections:
        return Health("grey", _("Add a Bling connection."), findings)
    if all(connection.status == ConnectionStatus.NEVER for connection in connections):
        return Health("grey", _("Connect to Bling, or send the link to the customer."), findings)
    if not has_kamino:
        return Health("grey", _("Add the Kamino connection."), findings)
    if findings:
        worst = next((finding for finding in findings if finding.cause in URGENT_CAUSES), findings[0])
        return Health("red" if worst.cause in URGENT_CAUSES else "yellow", worst.detail(sight), findings)
    if all(connection.status == ConnectionStatus.PAUSED for connection in connections):
        return Health("yellow", _("Paused by a person. Resume when ready."), findings)
    return Health("green", _("Nothing to do."), findings)


def companies_to_mail_of(now: datetime) -> QuerySet[Tenant]:
    """Return the companies whose alerts are to be mailed: all of them, every two minutes."""
    return Tenant.objects.filter(~Exists(Heartbeat.objects.filter(name=MAILS, beat_at__gte=now - MAIL_EVERY)))


def mail_in_time(*, now: datetime) -> bool:
    """Mail alerts, every two minutes and by one worker; false for the others."""
    mine, created = Heartbeat.objects.get_or_create(name=MAILS, defaults={"beat_at": now})
    taken = Heartbeat.objects.filter(name=MAILS, beat_at=mine.beat_at, beat_at__lt=now - MAIL_EVERY).update(beat_at=now)
    if created or taken:
        mail_alerts(now=now)
    return bool(created or taken)


def _watched(_now: datetime, _tenant_ids: Sequence[int] | None) -> QuerySet[Tenant]:
    return Tenant.objects.none()  # one that was reviewed is reviewed again once something changed


WATCH = Rhythm(WakeUpKind.ALERTS, _watched, "pk", next_causes)


def review_alerts(*, now: datetime, tenant_ids: Sequence[int] | None = None) -> None:
    """Open, renew and close the alerts of active companies (of some, or of all)."""
    tenants = Tenant.objects.filter(is_active=True).order_by("pk")
    if tenant_ids is not None:
        tenants = tenants.filter(pk__in=tenant_ids)
    together = list(tenants)
    if not _was_reviewed(together, now) and len(together) > 1:
        for tenant in together:  # the other companies' risks are still mailed
            _was_reviewed([tenant], now)


def _was_reviewed(tenants: Sequence[Tenant], now: datetime) -> bool:
    try:
        with transaction.atomic():
            _review(tenants, now)
    except Exception:
        log.exception("alerts not reviewed", tenants=[tenant.pk for tenant in tenants])
        return False
    return True


def _review(tenants: Sequence[Tenant], now: datetime) -> None:
    open_ones: dict[int, list[Alert]] = {tenant.pk: [] for tenant in tenants}
    for alert in Alert.objects.filter(tenant__in=tenants, closed_at=None):
        open_ones[alert.tenant_id].append(alert)
    for tenant_id, findings in find_causes(tenants, now=now).items():
        first = {finding.cause: finding for finding in reversed(findings)}
        _keep(tenant_id, first, {AlertCause(alert.cause): alert for alert in open_ones[tenant_id]}, now)


def _keep(
    tenant_id: int, found: Mapping[AlertCause, Finding], open_ones: Mapping[AlertCause, Alert], now: datetime
) -> None:
    """Open, renew and close the alerts of one company."""
    for cause, finding in found.items():
        alert = open_ones.get(cause)
        shown = {"params": finding.params, "connection": finding.connection}
        if alert is None:
            opened = {**shown, "opened_at": now, "newest": finding.newest}
            Alert.objects.get_or_create(tenant_id=tenant_id, cause=cause, closed_at=None, defaults=opened)
        elif (alert.params, alert.newest) != (finding.params, finding.newest):
            Alert.objects.filter(pk=alert.pk).update(**shown)
            Alert.objects.filter(pk=alert.pk, newest__lt=finding.newest).update(newest=finding.newest, mailed_at=None)
    over = [alert.pk for cause, alert in open_ones.items() if cause not in found]
    if over:
        Alert.objects.filter(pk__in=over, closed_at=None).update(closed_at=now)


def mail_alerts(*, now: datetime) -> int:
    """Mail open alerts, each once a day, to the company's and the support's addresses. Returns how many were sent.
    Nobody knows who reads a mail: confidential titles are not counted.

    One that was not taken is tried again the next time. It ends this time: a mail server that does not answer must not
    keep a tick waiting for each alert. In no fixed order, so that one refused address does not keep the others back.
    One whose worker died while sending is sent again once its claim is over: rather twice than never.
    """
    free = Q(mail_claimed_until=None) | Q(mail_claimed_until__lt=now)
    due = Alert.objects.filter(free, closed_at=None).filter(
        Q(mailed_at__isnull=True) | Q(mailed_at__lt=now - MAIL_AGAIN_AFTER)
    )
    sent = 0
    for alert in due.select_related("tenant").order_by("?"):
        subject, text = f"{alert.tenant.name}: {alert.get_cause_display()}", _text(alert)
        # Claimed before sending: two workers mail once.
        mine = Alert.objects.filter(pk=alert.pk)
        if not mine.filter(free, mailed_at=alert.mailed_at).update(mail_claimed_until=now + CLAIM):
            continue
        recipients = list(dict.fromkeys([*addresses(alert.tenant.alert_emails), *settings.SUPPORT_EMAILS]))
        is_sent = send(subject, f"{text}\n\n{settings.PUBLIC_URL}/admin/", recipients)
        if is_sent:
            sent += 1
            mine.filter(newest=alert.newest).update(mailed_at=now)  # what is newer is mailed as well
        mine.update(mail_claimed_until=None)
        if recipients and not is_sent:
            break
    return sent


def _text(alert: Alert) -> str:
    """Return what a mail says: counts leave confidential titles out, and say so."""
    counts = AlertCause(alert.cause) in OF_TITLES
    left_out = left_out_text(PUBLIC.left_out(alert.tenant)) if counts else ""
    return "\n\n".join(part for part in (alert.detail(PUBLIC), left_out) if part)
