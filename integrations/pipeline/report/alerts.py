"""Health of a company: one colour and the next thing to do; alerts that open, are mailed, and close by themselves."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db.models import Count, Exists, Max, Q, QuerySet
from django.utils.translation import gettext as _

from integrations.domain.alerts import AlertCause
from integrations.domain.discrepancies import RISKS
from integrations.domain.title_lists import TitleList
from integrations.domain.titles import Direction
from integrations.models import (
    Alert,
    Attempt,
    BlingConnection,
    Discrepancy,
    Heartbeat,
    KaminoConnection,
    Posting,
    RestoreHold,
    SyncRun,
    Tenant,
)
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.access.mails import CLAIM, addresses, send
from integrations.pipeline.desk.restores import held_for_a_person
from integrations.pipeline.report.coverage import lacking_names
from integrations.pipeline.report.estimate import outlook
from integrations.words.alerts import URGENT_CAUSES, alert_text

log = structlog.get_logger(__name__)

LATE_AFTER = timedelta(hours=36)
MAIL_AGAIN_AFTER = timedelta(hours=24)
MOST_NAMED = 10
"""Numbers that one alert names, the newest first."""
WATCH = "alerts"
WATCH_EVERY = timedelta(minutes=2)


@dataclass(frozen=True)
class Finding:
    """One cause for an alert; `params` are those of its sentence, without personal data. `newest` grows with each new
    case of a cause that has several: each new one is mailed at once."""

    cause: AlertCause
    params: dict[str, Any] = field(default_factory=dict)
    connection: BlingConnection | None = None
    newest: int = 0

    @property
    def detail(self) -> str:
        """The sentence: what happened and what to do."""
        return alert_text(self.cause, self.params)


@dataclass(frozen=True)
class Health:
    """`colour` is "green", "yellow", "red" or "grey" (not set up yet); `action` is the next thing to do."""

    colour: str
    action: str
    findings: list[Finding]


def health_of(tenant: Tenant, *, now: datetime) -> Health:
    """Judge a company from what is stored: no request is made."""
    findings = find_causes(tenant, now=now)
    connections = list(tenant.bling_connections.all())
    if not connections:
        return Health("grey", _("Add a Bling connection."), findings)
    if all(connection.status == ConnectionStatus.NEVER for connection in connections):
        return Health("grey", _("Connect to Bling, or send the link to the customer."), findings)
    if not KaminoConnection.objects.filter(tenant=tenant).exists():
        return Health("grey", _("Add the Kamino connection."), findings)
    if findings:
        worst = next((finding for finding in findings if finding.cause in URGENT_CAUSES), findings[0])
        return Health("red" if worst.cause in URGENT_CAUSES else "yellow", worst.detail, findings)
    if all(connection.status == ConnectionStatus.PAUSED for connection in connections):
        return Health("yellow", _("Paused by a person. Resume when ready."), findings)
    left = outlook(tenant, now=now)
    return Health("green", left.sentence() if left else _("Nothing to do."), findings)


def find_causes(tenant: Tenant, *, now: datetime) -> list[Finding]:
    """Return what is wrong with a company's connections, the worst first."""
    found: list[Finding] = []
    for connection in tenant.bling_connections.select_related("token"):
        label = connection.label
        if connection.status == ConnectionStatus.RECONNECT:
            found.append(Finding(AlertCause.RECONNECT, {"label": label}, connection))
        elif connection.status == ConnectionStatus.HELD:
            found.append(Finding(AlertCause.HELD, {"label": label, "company": connection.company_name}, connection))
        elif connection.status in (ConnectionStatus.CONNECTED, ConnectionStatus.PAUSED):
            if connection.is_expiring(now):
                found.append(Finding(AlertCause.EXPIRING, {"label": label}, connection))
            if connection.status == ConnectionStatus.CONNECTED:
                found += _run_findings(connection, now)
    company = KaminoConnection.objects.filter(tenant=tenant).first()
    if company is not None and company.failure:
        found.append(Finding(AlertCause.KAMINO, {"failure": company.failure}))
    if company is not None and tenant.is_live and company.reconciled_at is not None:
        found += _list_findings(tenant, company)
    risky = Discrepancy.objects.filter(
        posting__kamino_connection__tenant=tenant, kind__in=RISKS, closed_at=None
    ).aggregate(count=Count("pk"), newest=Max("pk"))
    if risky["count"]:
        found.append(Finding(AlertCause.DOUBLE_PAYMENT, {"count": risky["count"]}, newest=risky["newest"]))
    surplus = Attempt.objects.filter(Attempt.HAS_SURPLUS, kamino_connection__tenant=tenant).order_by("-pk")
    if numbers := list(surplus.values_list("surplus_id", "pk")[:MOST_NAMED]):
        ids = ", ".join(str(number) for number, _pk in numbers)
        found.append(Finding(AlertCause.SURPLUS, {"ids": ids}, newest=numbers[0][1]))
    holds = RestoreHold.objects.filter(RestoreHold.OPEN, kamino_connection__tenant=tenant)
    if newest := holds.aggregate(newest=Max("pk"))["newest"]:
        titles = Posting.objects.filter(held_for_a_person(), kamino_connection__tenant=tenant).count()
        found.append(Finding(AlertCause.RESTORED, {"titles": titles}, newest=newest))
    names, titles = lacking_names(tenant)
    if names:
        found.append(Finding(AlertCause.UNMAPPED, {"names": names, "titles": titles}))
    return sorted(found, key=lambda finding: finding.cause not in URGENT_CAUSES)


def _list_findings(tenant: Tenant, company: KaminoConnection) -> list[Finding]:
    """Return what holds back the directions that are synced, because their lists are not known or cannot be read."""
    synced = [direction for direction in Direction if tenant.syncs(direction)]
    unknown = [direction for direction in synced if company.title_lists[direction] is TitleList.UNKNOWN]
    failing = [direction for direction in synced if direction in company.failing_lists]
    found = [Finding(AlertCause.LIST_UNKNOWN, {"directions": unknown})] if unknown else []
    if failing:
        params = {"directions": failing, "failure": company.failing_lists[failing[0]]}
        found.append(Finding(AlertCause.LIST_FAILED, params))
    return found


def _run_findings(connection: BlingConnection, now: datetime) -> list[Finding]:
    runs = SyncRun.objects.filter(connection=connection).with_authorization()
    last = runs.exclude(state=SyncRun.State.OPEN).order_by("-pk").first()
    if last is not None and last.is_failed:
        return [Finding(AlertCause.RUN_FAILED, {"label": connection.label, "failure": last.failure}, connection)]
    done = SyncRun.objects.filter(connection=connection, state=SyncRun.State.DONE).order_by("-pk").first()
    since = done.ended_at if done else connection.created_at
    if since is not None and since < now - LATE_AFTER:
        return [Finding(AlertCause.LATE, {"label": connection.label}, connection)]
    return []


def companies_to_watch(now: datetime) -> QuerySet[Tenant]:
    """Return the companies whose alerts are to be reviewed and mailed: all of them, every two minutes."""
    return Tenant.objects.filter(~Exists(Heartbeat.objects.filter(name=WATCH, beat_at__gte=now - WATCH_EVERY)))


def watch(*, now: datetime) -> bool:
    """Review and mail alerts, every two minutes and by one worker; false for the others."""
    mine, created = Heartbeat.objects.get_or_create(name=WATCH, defaults={"beat_at": now})
    taken = Heartbeat.objects.filter(name=WATCH, beat_at=mine.beat_at, beat_at__lt=now - WATCH_EVERY).update(
        beat_at=now
    )
    if created or taken:
        review_alerts(now=now)
        mail_alerts(now=now)
    return bool(created or taken)


def review_alerts(*, now: datetime) -> int:
    """Open, renew and close the alerts of all active companies; returns how many are open."""
    count = 0
    for tenant in Tenant.objects.filter(is_active=True):
        try:
            count += review_company(tenant, now=now)
        except Exception:
            log.exception("alerts not reviewed", tenant=tenant.pk)  # the other companies' risks are still mailed
    return count


def review_company(tenant: Tenant, *, now: datetime) -> int:
    """Open, renew and close the alerts of a company; returns how many are open."""
    found = {finding.cause: finding for finding in reversed(find_causes(tenant, now=now))}
    for finding in found.values():
        alert, created = Alert.objects.get_or_create(
            tenant=tenant, cause=finding.cause, closed_at=None,
            defaults={
                "opened_at": now, "params": finding.params, "connection": finding.connection,
                "newest": finding.newest,
            },
        )  # fmt: skip
        if not created and (alert.params, alert.newest) != (finding.params, finding.newest):
            Alert.objects.filter(pk=alert.pk).update(params=finding.params, connection=finding.connection)
            Alert.objects.filter(pk=alert.pk, newest__lt=finding.newest).update(newest=finding.newest, mailed_at=None)
    Alert.objects.filter(tenant=tenant, closed_at=None).exclude(cause__in=list(found)).update(closed_at=now)
    return len(found)


def mail_alerts(*, now: datetime) -> int:
    """Mail open alerts, each once a day, to the company's and the support's addresses. Returns how many were sent.

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
        subject, text = f"{alert.tenant.name}: {alert.get_cause_display()}", alert.detail
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
