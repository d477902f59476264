"""Connections to Bling: connect, disconnect, test, and the timeline of what happened."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesCheckboxFilter

from integrations.admin import actions, texts
from integrations.admin.base import HistoryAdmin, ReadOnlyInline
from integrations.admin.decorators import display, page_action
from integrations.admin.event_texts import cause_text, event_text
from integrations.admin.scope import TenantFilter
from integrations.admin.secret_fields import SecretFormMixin
from integrations.models import BlingConnection, ConnectionEvent
from integrations.models.connections import ConnectionStatus
from integrations.pipeline import connections, status


class BlingConnectionForm(SecretFormMixin, forms.ModelForm[BlingConnection]):
    secret_fields = ("client_secret",)

    class Meta:
        model = BlingConnection
        fields = ["tenant", "label", "client_id", "client_secret", "code_prefix"]

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        if data and data.get("client_id") and not (data.get("client_secret") or self.instance.client_secret):
            self.add_error("client_secret", _("An app of its own needs its client secret."))
        return data


class EventInline(ReadOnlyInline):
    model = ConnectionEvent
    verbose_name_plural = gettext_lazy("Timeline")
    fields = ["moment", "what", "detail", "user"]
    readonly_fields = ["moment", "what"]
    per_page = 20

    @display(gettext_lazy("at"))
    def moment(self, event: ConnectionEvent) -> str:
        return texts.moment(event.at)

    @display(gettext_lazy("event"))
    def what(self, event: ConnectionEvent) -> str:
        return event_text(event.code)


@admin.register(BlingConnection)
class BlingConnectionAdmin(actions.PermittedActions, HistoryAdmin):
    form = BlingConnectionForm
    tenant_path = "tenant"
    list_display = ["name", "tenant", "state", "cause", "company_name", "swept"]
    list_filter = [TenantFilter, ("status", ChoicesCheckboxFilter)]
    list_select_related = ["tenant"]
    search_fields = ["label", "tenant__name", "company_name", "company_cnpj"]
    readonly_fields = [
        "state", "cause", "company_name", "company_cnpj", "company_id", "registers_read_at", "swept_at", "created_at",
        "callback_address",
    ]  # fmt: skip
    inlines = [EventInline]
    actions = ["sync_now"]
    actions_detail = ["connect", "disconnect", "test", "sync_this"]
    fieldsets = [
        (None, {"fields": ["tenant", "label", "state", "cause"]}),
        (gettext_lazy("Bling app"), {"fields": ["client_id", "client_secret", "callback_address"]}),
        (gettext_lazy("Company in Bling"), {"fields": ["company_name", "company_cnpj", "company_id"]}),
        (gettext_lazy("Reading"), {"fields": ["code_prefix", "registers_read_at", "swept_at", "created_at"]}),
    ]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False  # it would take the titles with it; disconnecting keeps them

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        # The mirror hangs on the connection: it never moves to another company.
        return [*super().get_readonly_fields(request, obj), *(["tenant"] if obj else [])]

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Show only the buttons that can do something in the connection's state."""
        shown: list[Any] = super().get_actions_detail(request, object_id)
        status = BlingConnection.objects.filter(pk=object_id).values_list("status", flat=True).first()
        if status == ConnectionStatus.NEVER:
            return [action for action in shown if action.path == "connect"]
        for action in shown:
            if action.path == "connect":
                action.description = gettext_lazy("Reconnect")
        return shown

    @display(gettext_lazy("connection"), ordering="label")
    def name(self, connection: BlingConnection) -> str:
        return connection.label

    @display(gettext_lazy("status"), ordering="status", label=texts.CONNECTION_COLOURS)
    def state(self, connection: BlingConnection) -> tuple[str, str]:
        return connection.status, connection.get_status_display()

    @display(gettext_lazy("cause"))
    def cause(self, connection: BlingConnection) -> str:
        return cause_text(connection.status_cause)

    @display(gettext_lazy("last full sweep"), ordering="swept_at")
    def swept(self, connection: BlingConnection) -> str:
        return texts.moment(connection.swept_at)

    @display(gettext_lazy("callback address"))
    def callback_address(self, _connection: BlingConnection) -> str:
        return f"{settings.PUBLIC_URL}{reverse('bling-callback')}"

    @admin.action(description=gettext_lazy("Sync now"), permissions=["sync"])
    def sync_now(self, request: HttpRequest, queryset: QuerySet[BlingConnection]) -> None:
        actions.sync(request, queryset.select_related("tenant"))

    @page_action(gettext_lazy("Sync now"), permissions=["sync"], icon="sync")
    def sync_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        connection = self.get_object_or_deny(request, object_id)
        if request.method == "POST":
            actions.sync(request, [connection])
            return actions.back_to(self, connection.pk)
        return actions.confirm(
            request,
            self,
            title=_("Sync %(name)s now") % {"name": connection},
            text=_("Reads what changed in Bling and sends it to Kamino. It may take some minutes."),
            submit=_("Sync now"),
            back=actions.page_url(self, connection.pk),
        )

    @page_action(gettext_lazy("Connect to Bling"), permissions=["connect"], icon="link", variant="primary")
    def connect(self, request: HttpRequest, object_id: str) -> HttpResponse:
        connection = self.get_object_or_deny(request, object_id)
        again = connection.status != ConnectionStatus.NEVER
        return actions.confirm(
            request,
            self,
            title=_("Reconnect to Bling") if again else _("Connect to Bling"),
            text=_(
                "You will be sent to Bling to log in as %(tenant)s and to allow the access. "
                "Use the user of that company, in this browser, within 30 minutes."
            )
            % {"tenant": connection.tenant},
            note=_("The Bling app must have this callback address: %(url)s")
            % {"url": f"{settings.PUBLIC_URL}{reverse('bling-callback')}"},
            submit=_("Reconnect to Bling") if again else _("Connect to Bling"),
            target=reverse("bling-connect", args=[connection.pk]),
            back=actions.page_url(self, connection.pk),
        )

    @page_action(gettext_lazy("Disconnect"), permissions=["connect"], icon="link_off")
    def disconnect(self, request: HttpRequest, object_id: str) -> HttpResponse:
        connection = self.get_object_or_deny(request, object_id)
        if request.method == "POST":
            told = status.disconnect(connection=connection, user=actions.user_of(request), now=timezone.now())
            if told is False:
                messages.warning(request, _("Disconnected here. Bling could not be told: revoke the app there too."))
            else:
                messages.success(request, _("Disconnected from Bling. The titles read so far are kept."))
            return actions.back_to(self, connection.pk)
        return actions.confirm(
            request,
            self,
            title=_("Disconnect %(name)s") % {"name": connection},
            text=_("Nothing more is read from this Bling account until somebody connects it again. Titles are kept."),
            submit=_("Disconnect"),
            dangerous=True,
            back=actions.page_url(self, connection.pk),
        )

    @page_action(gettext_lazy("Test connection"), permissions=["connect"], icon="network_check")
    def test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        connection = self.get_object_or_deny(request, object_id)
        lines = None
        if request.method == "POST":
            lines = connections.check_bling(connection, now=timezone.now())
        return actions.check_page(request, self, connection, lines)
