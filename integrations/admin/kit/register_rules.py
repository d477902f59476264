"""What the tables share that people fill with registers of Bling: filters, confidential categories."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from integrations.admin.kit.base import HistoryAdmin
from integrations.admin.kit.decorators import display
from integrations.admin.kit.scope import scoped
from integrations.models import CatalogItem


class RegisterRuleAdmin(HistoryAdmin):
    """Rows that name a register (`item`) of one of `register_kinds`; its connection follows from it."""

    register_kinds: tuple[str, ...] = ()
    tenant_path = "connection__tenant"
    list_select_related = ["connection__tenant", "item"]
    search_fields = ["item__name", "item__path"]
    long_order = ("connection_id", "item_id", "pk")
    autocomplete_fields = ["item"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("connection__tenant", "item")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "item":
            rows = CatalogItem.objects.filter(kind__in=self.register_kinds, bling_id__gt=0)
            kwargs["queryset"] = scoped(rows, request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.connection = obj.item.connection
        super().save_model(request, obj, form, change)

    @display(gettext_lazy("register"), ordering="item__path")
    def register(self, row: Any) -> str:
        return str(row.item)

    @display(gettext_lazy("company"), ordering="connection__tenant__name")
    def company(self, row: Any) -> str:
        return str(row.connection)
