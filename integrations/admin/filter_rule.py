"""Filters: the registers whose titles a company wants, or does not want, in Kamino."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesRadioFilter

from integrations.admin.base import HistoryAdmin
from integrations.admin.decorators import display
from integrations.admin.scope import TenantFilter, scoped
from integrations.domain.rules import FilterKind
from integrations.models import CatalogItem, FilterRule
from integrations.pipeline import desk
from integrations.queue import enqueue_tick


@admin.register(FilterRule)
class FilterRuleAdmin(HistoryAdmin):
    tenant_path = "connection__tenant"
    list_display = ["register", "kind", "mode_label", "company"]
    list_filter = [TenantFilter, ("mode", ChoicesRadioFilter)]
    list_select_related = ["connection__tenant", "item"]
    search_fields = ["item__name", "item__path"]
    fields = ["item", "mode"]
    autocomplete_fields = ["item"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("connection__tenant", "item")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "item":
            rows = CatalogItem.objects.filter(kind__in=[kind.value for kind in FilterKind], bling_id__gt=0)
            kwargs["queryset"] = scoped(rows, request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.connection = obj.item.connection
        super().save_model(request, obj, form, change)
        self._replan(obj)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        self._replan(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self.delete_model(request, row)

    def _replan(self, row: FilterRule) -> None:
        desk.filters_changed(connection_id=row.connection_id, now=timezone.now())
        enqueue_tick()

    @display(gettext_lazy("register"), ordering="item__path")
    def register(self, row: FilterRule) -> str:
        return str(row.item)

    @display(gettext_lazy("kind"), ordering="item__kind")
    def kind(self, row: FilterRule) -> str:
        return str(row.item.get_kind_display())

    @display(gettext_lazy("rule"), ordering="mode", label={"include": "success", "exclude": "warning"})
    def mode_label(self, row: FilterRule) -> tuple[str, str]:
        return row.mode, row.get_mode_display()

    @display(gettext_lazy("company"), ordering="connection__tenant__name")
    def company(self, row: FilterRule) -> str:
        return str(row.connection)
