"""The simulation as a spreadsheet: one row per planned delivery."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from integrations.models import PlannedWrite
from integrations.models.planned_writes import PlannedOperation
from integrations.pipeline.compare.exact_matches import with_exact_match
from integrations.resources.files import NativeField, PortugueseResource, TextField
from integrations.sheets.cells import safe_text


class SimulationResource(PortugueseResource):
    """What would be sent. Money is numeric and days are days."""

    permission = "integrations.export_title"
    tenant_path = "kamino_connection__tenant"
    value_path = "value"

    company = TextField("kamino_connection__tenant__name", column_name=gettext_lazy("Company"))
    operation = TextField(column_name=gettext_lazy("Operation"))
    direction = TextField(column_name=gettext_lazy("Direction"))
    bling_id = NativeField("title__bling_id", column_name=gettext_lazy("Id in Bling"))
    document = TextField("title__document_number", column_name=gettext_lazy("Document"))
    person = TextField("title__person__name", column_name=gettext_lazy("Person"))
    due_date = NativeField("due_date", column_name=gettext_lazy("Due date"))
    value = NativeField("value", column_name=gettext_lazy("Value"))
    paid_on = NativeField("paid_on", column_name=gettext_lazy("Settlement date"))
    paid = NativeField("paid", column_name=gettext_lazy("Settled amount"))
    account = TextField(column_name=gettext_lazy("Bank account in Kamino"))
    chart = TextField(column_name=gettext_lazy("Chart account in Kamino"))
    kamino_id = NativeField("kamino_id", column_name=gettext_lazy("Id in Kamino"))
    exact_match = NativeField("exact_match", column_name=gettext_lazy("Exists in Kamino already as"))

    class Meta:
        model = PlannedWrite
        fields = (
            "company", "operation", "direction", "bling_id", "document", "person", "due_date", "value", "paid_on",
            "paid", "account", "chart", "kamino_id", "exact_match",
        )  # fmt: skip
        name = gettext_lazy("Simulation")

    def every_row(self) -> QuerySet[Any]:
        return with_exact_match(PlannedWrite.objects.ready().named())

    def dehydrate_operation(self, row: Any) -> str:
        return safe_text(PlannedOperation(row.operation).label)

    def dehydrate_direction(self, row: Any) -> str:
        return safe_text(row.get_direction_display())

    def dehydrate_account(self, row: Any) -> str:
        return safe_text(row.account_name or row.account)

    def dehydrate_chart(self, row: Any) -> str:
        return safe_text(row.chart_name or row.chart)
