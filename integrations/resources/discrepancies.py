"""Discrepancies as a table: one row each, both sides' values next to each other."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy

from integrations.models import Discrepancy
from integrations.resources.files import NativeField, PortugueseResource, TextField
from integrations.sheets.cells import safe_text
from integrations.words.values import side_text


class DiscrepancyResource(PortugueseResource):
    """One row per discrepancy. Money is numeric and days are days; both sides' values are
    text, and beside it the amounts that they name."""

    summed_by = ("direction", "kind")
    sums = ("value", "difference")
    added_up = ("difference",)
    permission = "integrations.export_discrepancy"
    tenant_path = "kamino_connection__tenant"

    company = TextField("posting__kamino_connection__tenant__name", column_name=gettext_lazy("Company"))
    direction = TextField(column_name=gettext_lazy("Direction"))
    bling_id = NativeField("posting__title__bling_id", column_name=gettext_lazy("Id in Bling"))
    kamino_id = NativeField("posting__kamino_id", column_name=gettext_lazy("Id in Kamino"))
    document = TextField("posting__title__document_number", column_name=gettext_lazy("Document"))
    person = TextField("posting__title__person__name", column_name=gettext_lazy("Person"))
    due_date = NativeField("posting__title__due_date", column_name=gettext_lazy("Due date"))
    value = NativeField("posting__title__value", column_name=gettext_lazy("Value"))
    kind = TextField(column_name=gettext_lazy("Discrepancy"))
    in_bling = TextField(column_name=gettext_lazy("In Bling"))
    in_kamino = TextField(column_name=gettext_lazy("In Kamino"))
    amount_in_bling = NativeField(column_name=gettext_lazy("Amount in Bling"))
    amount_in_kamino = NativeField(column_name=gettext_lazy("Amount in Kamino"))
    difference = NativeField(column_name=gettext_lazy("Difference"))
    days = NativeField("days", column_name=gettext_lazy("Days apart"))
    cause = TextField(column_name=gettext_lazy("Cause"))
    to_do = TextField(column_name=gettext_lazy("Suggested action"))
    since = NativeField(column_name=gettext_lazy("Since"))

    class Meta:
        model = Discrepancy
        fields = (
            "company", "direction", "bling_id", "kamino_id", "document", "person", "due_date", "value", "kind",
            "in_bling", "in_kamino", "amount_in_bling", "amount_in_kamino", "difference", "days",
            "cause", "to_do", "since",
        )  # fmt: skip
        name = gettext_lazy("Discrepancies")

    def dehydrate_direction(self, row: Discrepancy) -> str:
        return safe_text(row.posting.get_direction_display())

    def dehydrate_kind(self, row: Discrepancy) -> str:
        return safe_text(row.get_kind_display())

    def dehydrate_in_bling(self, row: Discrepancy) -> str:
        return safe_text(side_text(row.kind, row.bling_value))

    def dehydrate_in_kamino(self, row: Discrepancy) -> str:
        return safe_text(side_text(row.kind, row.kamino_value))

    def dehydrate_amount_in_bling(self, row: Discrepancy) -> Decimal | None:
        return row.amount_in_bling()

    def dehydrate_amount_in_kamino(self, row: Discrepancy) -> Decimal | None:
        return row.amount_in_kamino()

    def dehydrate_difference(self, row: Discrepancy) -> Decimal | None:
        return row.apart()

    def dehydrate_cause(self, row: Discrepancy) -> str:
        return safe_text(row.cause_text())

    def dehydrate_to_do(self, row: Discrepancy) -> str:
        return safe_text(row.to_do())

    def dehydrate_since(self, row: Discrepancy) -> date:
        return timezone.localtime(row.opened_at).date()

    def prepared(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.select_related("posting__title__person", "posting__kamino_connection__tenant")
