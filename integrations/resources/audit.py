"""The audit record as a table for download."""

import json
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from integrations.models import AuditEvent
from integrations.resources.files import NativeField, PortugueseResource, TextField
from integrations.sheets.cells import safe_text


class AuditResource(PortugueseResource):
    """One line for each event. The company of those that have none is 0: they are for who sees every company."""

    permission = "integrations.export_auditevent"
    tenant_path = "company_key"

    number = NativeField("id", column_name=gettext_lazy("Number"))
    at = TextField("at", column_name=gettext_lazy("Moment"))
    actor = TextField("actor", column_name=gettext_lazy("Who"))
    address = TextField("address", column_name=gettext_lazy("Address"))
    action = TextField(column_name=gettext_lazy("Action"))
    company = TextField("company", column_name=gettext_lazy("Company"))
    object_type = TextField("object_type", column_name=gettext_lazy("Of what"))
    object_id = NativeField("object_id", column_name=gettext_lazy("Its number"))
    filter = TextField("filter", column_name=gettext_lazy("Filter"))
    count = NativeField("count", column_name=gettext_lazy("Rows"))
    amount = NativeField("amount", column_name=gettext_lazy("Amount"))
    details = TextField(column_name=gettext_lazy("Details"))
    role = TextField("role", column_name=gettext_lazy("Role of the database"))
    application = TextField("application", column_name=gettext_lazy("Program"))
    backend = NativeField("backend", column_name=gettext_lazy("Process of the database"))

    class Meta:
        model = AuditEvent
        fields = (
            "number", "at", "actor", "address", "action", "company", "object_type", "object_id", "filter", "count",
            "amount", "details", "role", "application", "backend",
        )  # fmt: skip
        name = gettext_lazy("Audit record")

    def every_row(self) -> QuerySet[Any]:
        return AuditEvent.objects.with_company_key()

    def dehydrate_at(self, row: Any) -> str:
        return str(row.at.isoformat(sep=" ", timespec="microseconds"))

    def dehydrate_action(self, row: Any) -> str:
        return safe_text(row.get_action_display())

    def dehydrate_details(self, row: Any) -> str:
        return safe_text(json.dumps(row.details, ensure_ascii=False, sort_keys=True))
