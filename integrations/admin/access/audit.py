"""The audit record, for auditors: a page of its own permission, to be filtered and taken home."""

import json
from contextlib import suppress
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.admin.kit import texts
from integrations.admin.kit.base import ReadOnlyAdmin
from integrations.admin.kit.decorators import display
from integrations.admin.kit.filters import ChoicesColumn, MomentRange, TenantFilter
from integrations.admin.kit.spreadsheet_export import SpreadsheetExport
from integrations.models import AuditEvent
from integrations.pipeline.audit.record import SYSTEM


@admin.register(AuditEvent)
class AuditEventAdmin(SpreadsheetExport, ReadOnlyAdmin):
    """People see the events of their companies; those of none (log-ins, permissions) who sees every company."""

    export_name = "auditoria"
    tenant_path = "company_id"
    empty_text = gettext_lazy("Nobody has done anything that is recorded yet.")
    not_found_text = gettext_lazy("Nobody did this, in this time.")
    search_fields = ["=actor", "=address"]
    search_help_text = gettext_lazy("Who (log-in name) or address")
    list_display = ["moment", "who", "action_name", "company", "subject", "count", "money", "address"]
    list_display_links = ["moment"]
    list_filter = [TenantFilter, ("action", ChoicesColumn), ("at", MomentRange)]
    fields = [
        "moment", "who", "address", "action_name", "company", "subject", "filter", "count", "money", "told",
        "role", "application", "backend",
    ]  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: Any = super().get_queryset(request)
        found: QuerySet[Any] = rows.with_company_key()
        return found

    @display(gettext_lazy("at"), ordering="at")
    def moment(self, row: AuditEvent) -> str:
        return texts.moment(row.at)

    @display(gettext_lazy("who"), ordering="actor")
    def who(self, row: AuditEvent) -> str:
        return _("the service") if row.actor_id is None and row.actor == SYSTEM else row.actor or texts.EMPTY

    @display(gettext_lazy("action"), ordering="action")
    def action_name(self, row: AuditEvent) -> str:
        return str(row.get_action_display())

    @display(gettext_lazy("of what"))
    def subject(self, row: AuditEvent) -> str:
        return f"{_name_of(row.object_type)} {row.object_id}" if row.object_id is not None else texts.EMPTY

    @display(gettext_lazy("value"), ordering="amount")
    def money(self, row: AuditEvent) -> str:
        return texts.EMPTY if row.amount is None else texts.money(row.amount)

    @display(gettext_lazy("details"))
    def told(self, row: AuditEvent) -> str:
        return json.dumps(row.details, ensure_ascii=False, indent=1, sort_keys=True) if row.details else texts.EMPTY


def _name_of(object_type: str) -> str:
    """Return what people call a kind of row."""
    for label in ("integrations", "auth", "mfa"):
        with suppress(LookupError):
            return str(apps.get_model(label, object_type)._meta.verbose_name)
    return object_type
