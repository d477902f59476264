"""Bulk orders: what was ordered for how many titles, by whom, the progress, and what was left out and why."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.admin.kit import actions, texts
from integrations.admin.kit.base import ReadOnlyAdmin
from integrations.admin.kit.decorators import display
from integrations.admin.kit.filters import ChoiceColumn, TenantFilter
from integrations.admin.kit.lists import ClosedList, listed_by
from integrations.models import BulkOrder, Title
from integrations.pipeline.desk.bulk import progress


@admin.register(BulkOrder)
class BulkOrderAdmin(ReadOnlyAdmin):
    empty_text = gettext_lazy("Nobody gave an order for a whole list yet. It is given above the list of titles.")
    tenant_path = "tenant"
    list_display = ["ordered", "kind_text", "company", "so_far", "result", "user"]
    list_filter = [TenantFilter, ("kind", ChoiceColumn)]
    list_select_related = ["tenant", "user"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("tenant", "user").defer("title_ids", "terms")

    @display(gettext_lazy("ordered at"), ordering="created_at")
    def ordered(self, row: BulkOrder) -> str:
        return texts.moment(row.created_at)

    @display(gettext_lazy("action"), ordering="kind")
    def kind_text(self, row: BulkOrder) -> str:
        return row.get_kind_display()

    @display(gettext_lazy("company"), ordering="tenant__name")
    def company(self, row: BulkOrder) -> str:
        return str(row.tenant)

    @display(gettext_lazy("so far"))
    def so_far(self, row: BulkOrder) -> str:
        return f"{row.cursor}/{row.counted}"

    @display(gettext_lazy("result"))
    def result(self, row: BulkOrder) -> str:
        return progress(row).sentence

    def _list_of(self, row: BulkOrder, request: HttpRequest) -> ClosedList:
        return listed_by(self.admin_site.get_model_admin(Title), request, row.listed)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show how far an order is; the page renews itself until it is finished."""
        row = self.get_object_or_deny(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("%(action)s: the whole list") % {"action": row.get_kind_display()},
            "order": row,
            "progress": progress(row),
            "listed": "; ".join(self._list_of(row, request).in_words()) if row.listed else "",
            "back": actions.changelist_url(self),
        }
        return TemplateResponse(request, "admin/integrations/worklists/bulk_order.html", context)
