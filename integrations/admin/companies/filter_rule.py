"""Filters: the registers whose titles a company wants, or does not want, in Kamino."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy

from integrations.admin.kit.decorators import display
from integrations.admin.kit.filters import ChoiceColumn, TenantFilter
from integrations.admin.kit.register_rules import RegisterRuleAdmin
from integrations.domain.rules import FilterKind
from integrations.models import FilterRule
from integrations.pipeline.desk import commands
from integrations.queue import enqueue_tick


@admin.register(FilterRule)
class FilterRuleAdmin(RegisterRuleAdmin):
    register_kinds = tuple(kind.value for kind in FilterKind)
    list_display = ["register", "kind", "mode_label", "company"]
    list_filter = [TenantFilter, ("mode", ChoiceColumn)]
    fields = ["item", "mode"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        self._replan(obj)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        self._replan(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self.delete_model(request, row)

    def _replan(self, row: FilterRule) -> None:
        commands.filters_changed(connection_id=row.connection_id, now=timezone.now())
        enqueue_tick()

    @display(gettext_lazy("kind"), ordering="item__kind")
    def kind(self, row: FilterRule) -> str:
        return str(row.item.get_kind_display())

    @display(gettext_lazy("rule"), ordering="mode", label={"include": "success", "exclude": "warning"})
    def mode_label(self, row: FilterRule) -> tuple[str, str]:
        return row.mode, row.get_mode_display()
