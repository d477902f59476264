"""Connections to Bling: their form, their buttons, and the timeline of what happened."""

import re
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.admin.connections.access import AccessButton
from integrations.admin.connections.event_texts import cause_text, event_detail, event_text
from integrations.admin.connections.link import LinkActions
from integrations.admin.connections.state import StateActions, held_text
from integrations.admin.connections.writing import WritingButton
from integrations.admin.kit import actions, texts
from integrations.admin.kit.base import ReadOnlyInline
from integrations.admin.kit.decorators import display, page_action
from integrations.admin.kit.filters import ChoicesColumn, TenantFilter
from integrations.admin.kit.secret_fields import SecretFormMixin
from integrations.login.step_up import StepUpForm
from integrations.models import BlingConnection, ConnectionEvent, Title
from integrations.models.connections import ConnectionStatus
from integrations.models.fields import has_secret
from integrations.pipeline.company import probes
from integrations.pipeline.company.bling_access import may_ask
from integrations.pipeline.company.saving import save_bling
from integrations.pipeline.desk.deletions import deletions_to_confirm
from integrations.queue import enqueue_tick
from integrations.words.colours import CONNECTION_COLOURS

API_V2_KEY = re.compile(r"[0-9a-f]{48,}", re.IGNORECASE)
_LINK = {"connect", "create_link", "send_link"}
BUTTONS: dict[ConnectionStatus, set[str]] = {
    ConnectionStatus.NEVER: _LINK,
    ConnectionStatus.CONNECTED: _LINK | {
        "sync_this", "test", "write", "access_to_bling", "pause", "disconnect", "confirm_deletions"
    },
    ConnectionStatus.RECONNECT: _LINK | {"test", "write", "access_to_bling", "disconnect"},
    ConnectionStatus.PAUSED: {"resume", "connect", "test", "write", "access_to_bling", "disconnect"},
    ConnectionStatus.HELD: {"accept", "disconnect"},
}  # fmt: skip


class BlingConnectionForm(SecretFormMixin, forms.ModelForm[BlingConnection]):
    secret_fields = ("client_secret",)

    class Meta:
        model = BlingConnection
        fields = ["tenant", "label", "client_id", "client_secret", "code_prefix", "paid_amount"]

    def clean_client_id(self) -> str:
        client_id = str(self.cleaned_data["client_id"]).strip()
        if API_V2_KEY.fullmatch(client_id):
            raise forms.ValidationError(
                _(
                    "This looks like a key of Bling's old API v2, which cannot be used. Create an app in Bling under "
                    "Central de Extensões › Área do integrador and give its client id and client secret here."
                )
            )
        return client_id

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        if (
            data
            and data.get("client_id")
            and not (data.get("client_secret") or has_secret(self.instance, "client_secret"))
        ):
            self.add_error("client_secret", _("An app of its own needs its client secret."))
        return data


class EventInline(ReadOnlyInline):
    model = ConnectionEvent
    verbose_name_plural = gettext_lazy("Timeline")
    fields = ["moment", "what", "more", "user"]
    readonly_fields = ["moment", "what", "more"]
    per_page = 20

    @display(gettext_lazy("at"))
    def moment(self, event: ConnectionEvent) -> str:
        return texts.moment(event.at)

    @display(gettext_lazy("event"))
    def what(self, event: ConnectionEvent) -> str:
        return event_text(event.code)

    @display(gettext_lazy("detail"))
    def more(self, event: ConnectionEvent) -> str:
        return event_detail(event.code, event.detail)


@admin.register(BlingConnection)
class BlingConnectionAdmin(
    StepUpForm, actions.PermittedActions, WritingButton, AccessButton, LinkActions, StateActions
):
    form = BlingConnectionForm
    tenant_path = "tenant"
    list_display = ["name", "tenant", "state", "cause", "company_name", "swept"]
    list_filter = [TenantFilter, ("status", ChoicesColumn)]
    list_select_related = ["tenant"]
    search_fields = ["label", "tenant__name", "company_name", "company_cnpj"]
    readonly_fields = [
        "state", "cause", "company_name", "company_cnpj", "company_id", "registers_read_at", "swept_at", "created_at",
        "callback_address", "decision", "shown_access", "shown_next_access",
        "writing_mode", "writing_limit", "writing_error",
    ]  # fmt: skip
    inlines = [EventInline]
    actions = ["sync_now"]
    actions_detail: list[Any] = [
        "resume", "accept", "confirm_deletions", "connect",
        {"title": gettext_lazy("Link for the customer"), "icon": "add_link", "items": ["create_link", "send_link"]},
        "sync_this",
        {"title": gettext_lazy("More"), "icon": "more_vert", "items": [
            "test", "write", "access_to_bling", "pause", "disconnect"
        ]},
    ]  # fmt: skip
    fieldsets = [
        (None, {"fields": ["tenant", "label", "state", "cause"]}),
        (
            gettext_lazy("Bling app"),
            {"fields": ["client_id", "client_secret", "callback_address", "shown_access", "shown_next_access"]},
        ),
        (gettext_lazy("Company in Bling"), {"fields": ["company_name", "company_cnpj", "company_id"]}),
        (gettext_lazy("Rules"), {"fields": ["code_prefix", "paid_amount"]}),
        (gettext_lazy("Writing into Bling"), {"fields": ["writing_mode", "writing_limit", "writing_error"]}),
        (gettext_lazy("Reading"), {"fields": ["registers_read_at", "swept_at", "created_at"]}),
    ]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            super().save_model(request, obj, form, change)
            return
        save_bling(obj, form.changed_data, user=actions.user_of(request), now=timezone.now())
        enqueue_tick()

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False  # it would take the titles with it; disconnecting keeps them

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        # The mirror hangs on the connection: it never moves to another company. What was sent is found by its prefix.
        shown = super().get_readonly_fields(request, obj)
        if obj is None:
            return list(shown)
        has_titles = Title.objects.filter(connection_id=obj.pk).exists()
        return [*shown, "tenant", *(["code_prefix"] if has_titles else [])]

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Show only the buttons that can do something in the connection's state."""
        shown: list[Any] = super().get_actions_detail(request, object_id)
        connection = BlingConnection.objects.filter(pk=object_id).first()
        status = connection.status if connection else ""
        buttons = BUTTONS[ConnectionStatus(status)] if status else set()
        for action in shown:
            if action.path == "connect" and status != ConnectionStatus.NEVER:
                action.description = gettext_lazy("Reconnect")
        if connection is None or not deletions_to_confirm(connection):
            buttons = buttons - {"confirm_deletions"}
        if connection is None or not connection.may_be_accepted:
            buttons = buttons - {"accept"}
        if connection is None or not may_ask(connection):
            buttons = buttons - {"access_to_bling"}
        return [action for action in shown if action.path in buttons]

    @display(gettext_lazy("connection"), ordering="label")
    def name(self, connection: BlingConnection) -> str:
        return connection.label

    @display(gettext_lazy("status"), ordering="status", label=CONNECTION_COLOURS)
    def state(self, connection: BlingConnection) -> tuple[str, str]:
        return connection.status, connection.status_text()

    @display(gettext_lazy("cause"))
    def cause(self, connection: BlingConnection) -> str:
        return cause_text(connection.status_cause)

    @display(gettext_lazy("to be decided"))
    def decision(self, connection: BlingConnection) -> SafeString:
        """Which company was expected and which came, for a connection that waits for support's word."""
        lines = ((line,) for line in held_text(connection).splitlines())
        return format_html_join("", '<div class="ik-sentence">{}</div>', lines)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or obj.status != ConnectionStatus.HELD:
            return fieldsets
        return [(gettext_lazy("Held"), {"fields": ["decision"]}), *fieldsets]

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

    @page_action(gettext_lazy("Test connection"), permissions=["connect"], icon="network_check")
    def test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        connection = self.get_object_or_deny(request, object_id)
        lines = None
        if request.method == "POST":
            lines = list(probes.probe_bling(connection, clock=timezone.now))
        return actions.check_page(request, self, connection, lines)
