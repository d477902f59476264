"""Connections to Kamino: keys that are written and never shown, and their test."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.admin.connections import title_lists
from integrations.admin.kit import actions, texts
from integrations.admin.kit.base import HistoryAdmin
from integrations.admin.kit.decorators import display, page_action
from integrations.admin.kit.filters import BooleanColumn, TenantFilter
from integrations.admin.kit.secret_fields import SecretFormMixin
from integrations.domain.titles import Direction
from integrations.login.step_up import StepUpForm
from integrations.models import KaminoConnection
from integrations.models.registers import KaminoKind
from integrations.pipeline.company import probes
from integrations.pipeline.company.saving import KEYS, RefusedPlaceError, place_of, save_kamino
from integrations.queue import enqueue_tick


class KaminoConnectionForm(SecretFormMixin, forms.ModelForm[KaminoConnection]):
    secret_fields = KaminoConnection.SECRETS

    class Meta:
        model = KaminoConnection
        fields = [
            "tenant", "base_url", "cn", "app", "id_usr", "usr", "hash", "requests_per_minute", "allow_unconfirmed",
            "lists_are_complete", "payable_number", "is_paused", "default_cost_center", "default_business_unit",
        ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = {"default_cost_center": KaminoKind.COST_CENTER, "default_business_unit": KaminoKind.BUSINESS_UNIT}
        for name, kind in kinds.items():
            field = self.fields.get(name)
            if isinstance(field, forms.ModelChoiceField) and field.queryset is not None:
                field.queryset = field.queryset.filter(connection_id=self.instance.pk, kind=kind, is_active=True)

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        if data and data.get("base_url") and data.get("cn"):
            given = [name for name in self.secret_fields if data.get(name)]
            try:
                data["base_url"] = place_of(self.instance, data["base_url"], data["cn"], given=given)
            except RefusedPlaceError as error:
                self.add_error(error.field, error.text)
        return data


@admin.register(KaminoConnection)
class KaminoConnectionAdmin(StepUpForm, actions.PermittedActions, HistoryAdmin):
    form = KaminoConnectionForm
    tenant_path = "tenant"
    list_display = ["tenant", "base_url", "cn", "state", "last_error", "reconciled"]
    list_filter = [TenantFilter, ("is_paused", BooleanColumn)]
    list_select_related = ["tenant"]
    search_fields = ["tenant__name", "base_url", "cn"]
    readonly_fields = [
        "state", "last_error", "registers_read_at", "reconciled_at", "list_of_payables", "list_of_receivables",
    ]  # fmt: skip
    actions_detail = ["test", "no_list"]
    decided_fields = ("payable_list", "receivable_list")
    fieldsets = [
        (None, {"fields": ["tenant", "state", "last_error"]}),
        (gettext_lazy("Keys"), {"fields": ["base_url", "cn", "app", "id_usr", "usr", "hash"]}),
        (
            gettext_lazy("Sending"),
            {
                "fields": [
                    "is_paused", "allow_unconfirmed", "lists_are_complete", "requests_per_minute",
                    "payable_number", "default_cost_center", "default_business_unit",
                ]
            },
        ),
        (
            gettext_lazy("Reading"),
            {"fields": ["registers_read_at", "reconciled_at", "list_of_payables", "list_of_receivables"]},
        ),
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("tenant")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            save_kamino(obj, form.changed_data, user=actions.user_of(request), now=timezone.now())
        else:
            super().save_model(request, obj, form, change)
        if not KEYS.isdisjoint(form.changed_data):
            transaction.on_commit(lambda: self._try_keys(request, obj))  # no call is made while rows are locked
        enqueue_tick()

    def _try_keys(self, request: HttpRequest, connection: KaminoConnection) -> None:
        line = probes.try_keys(connection, clock=timezone.now)
        if line.ok:
            messages.success(request, _("Kamino takes these keys."))
        else:
            messages.error(request, _("Saved, but tried in vain: %(why)s") % {"why": line.sentence})

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False  # what was sent hangs on it; pausing stops the sending

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), *(["tenant"] if obj else [])]

    @display(gettext_lazy("status"), label={"error": "danger", "paused": "warning", "ok": "success", "new": "default"})
    def state(self, connection: KaminoConnection) -> tuple[str, Any]:
        if connection.is_paused:
            return "paused", gettext_lazy("Paused")
        if connection.error:
            return "error", gettext_lazy("Error")
        return (
            ("ok", gettext_lazy("Working")) if connection.registers_read_at else ("new", gettext_lazy("Not read yet"))
        )

    @display(gettext_lazy("last error"))
    def last_error(self, connection: KaminoConnection) -> str:
        return connection.error or texts.EMPTY

    @display(gettext_lazy("reconciled at"), ordering="reconciled_at")
    def reconciled(self, connection: KaminoConnection) -> str:
        return texts.moment(connection.reconciled_at)

    @display(gettext_lazy("list of payables"))
    def list_of_payables(self, connection: KaminoConnection) -> str:
        return title_lists.state_text(connection, Direction.PAYABLE)

    @display(gettext_lazy("list of receivables"))
    def list_of_receivables(self, connection: KaminoConnection) -> str:
        return title_lists.state_text(connection, Direction.RECEIVABLE)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Show the decision about lists only where there is one to take."""
        connection = KaminoConnection.objects.filter(pk=object_id).first()
        useless = "" if connection is not None and title_lists.decisions(connection) else "no_list"
        return [action for action in super().get_actions_detail(request, object_id) if action.path != useless]

    @page_action(gettext_lazy("Kamino has no such list"), permissions=["lists"], icon="visibility_off")
    def no_list(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return title_lists.page(request, self, self.get_object_or_deny(request, object_id))

    @page_action(gettext_lazy("Test connection"), permissions=["test"], icon="network_check", variant="primary")
    def test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        connection = self.get_object_or_deny(request, object_id)
        lines = None
        if request.method == "POST":
            lines = list(probes.probe_kamino(connection, clock=timezone.now))
        return actions.check_page(request, self, connection, lines)
