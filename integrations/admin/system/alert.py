"""Alerts: what somebody has to do about a company, as a list and as a banner on every page."""

from typing import Any

from django.contrib import admin
from django.db.models import Case, QuerySet, When
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy

from integrations.admin.kit import texts
from integrations.admin.kit.base import ReadOnlyAdmin
from integrations.admin.kit.decorators import display
from integrations.admin.kit.filters import ChoicesColumn, OpenFilter, TenantFilter
from integrations.admin.kit.scope import change_url, scoped, sight_for, sight_told, told_connections, told_sight
from integrations.domain.alerts import AlertCause
from integrations.models import Alert
from integrations.words.alerts import ALERT_COLOURS, URGENT_CAUSES

SHOWN = 3


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    empty_text = gettext_lazy("No alert: nothing needs to be done.")
    tenant_path = "tenant"
    list_display = ["cause_label", "tenant_link", "detail_text", "connection_link", "since", "mailed", "closed"]
    list_filter = [OpenFilter, TenantFilter, ("cause", ChoicesColumn)]
    list_select_related = ["tenant", "connection__tenant"]
    fields = ["cause_label", "tenant_link", "detail_text", "connection_link", "since", "mailed", "closed"]
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return told_sight(told_connections(super().get_queryset(request), request), request)

    @display(gettext_lazy("cause"), ordering="cause", label=ALERT_COLOURS)
    def cause_label(self, alert: Alert) -> tuple[str, str]:
        return "closed" if alert.closed_at else alert.cause, alert.get_cause_display()

    @display(gettext_lazy("company"), ordering="tenant__name")
    def tenant_link(self, alert: Alert) -> str:
        return texts.link(alert.tenant)

    @display(gettext_lazy("what to do"))
    def detail_text(self, alert: Alert) -> str:
        detail = alert.detail(sight_told(alert))
        return texts.sentence_list([detail] if detail else [])

    @display(gettext_lazy("connection"))
    def connection_link(self, alert: Alert) -> str:
        return texts.connection_link(alert, alert.connection, alert.connection.label if alert.connection else None)

    @display(gettext_lazy("since"), ordering="opened_at")
    def since(self, alert: Alert) -> str:
        return texts.moment(alert.opened_at)

    @display(gettext_lazy("last e-mail"), ordering="mailed_at")
    def mailed(self, alert: Alert) -> str:
        return texts.moment(alert.mailed_at)

    @display(gettext_lazy("closed at"), ordering="closed_at")
    def closed(self, alert: Alert) -> str:
        return texts.moment(alert.closed_at)


OF_KAMINO = (AlertCause.KAMINO, AlertCause.LIST_UNKNOWN, AlertCause.LIST_FAILED)
"""What is mended on the Kamino connection."""


def banner(request: HttpRequest) -> dict[str, Any]:
    """Add the urgent alerts to every page; the page asks for them only when it shows them."""
    return {"urgent_alerts": lambda: _urgent(request)}


def _urgent(request: HttpRequest) -> dict[str, Any]:
    user = request.user
    if not (user.is_active and user.has_perm("integrations.view_alert")):
        return {}
    rows: QuerySet[Alert] = scoped(Alert.objects.filter(closed_at=None, cause__in=URGENT_CAUSES), request)
    money_first = Case(When(cause=AlertCause.DOUBLE_PAYMENT, then=0), default=1)
    rows = rows.select_related("tenant__kamino_connection", "connection")
    found = list(rows.order_by(money_first, "opened_at")[: SHOWN + 1])
    return {
        "rows": [_line(alert, request) for alert in found[:SHOWN]],
        "more": len(found) > SHOWN,
        "url": reverse("admin:integrations_alert_changelist"),
    }


def _line(alert: Alert, request: HttpRequest) -> dict[str, Any]:
    line: dict[str, Any] = {
        "alert": alert,
        "detail": alert.detail(sight_for(request)),
        "url": "",
        "link_url": "",
        "risks_url": "",
    }
    user, connection = request.user, alert.connection
    if alert.cause == AlertCause.DOUBLE_PAYMENT and user.has_perm("integrations.view_posting"):
        line["risks_url"] = f"{reverse('admin:integrations_posting_changelist')}?tenant={alert.tenant_id}&worklist=risk"
    elif connection is not None and user.has_perm("integrations.view_blingconnection"):
        line["url"] = change_url(connection)
        if alert.cause == AlertCause.RECONNECT and user.has_perm("integrations.connect_blingconnection"):
            line["link_url"] = reverse("admin:integrations_blingconnection_create_link", args=[connection.pk])
    elif alert.cause in OF_KAMINO and user.has_perm("integrations.view_kaminoconnection"):
        line["url"] = change_url(getattr(alert.tenant, "kamino_connection", None))
    return line
