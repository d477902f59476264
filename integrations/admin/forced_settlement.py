"""Forced settlements: who ordered which, and the way back."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import RangeDateFilter

from integrations.admin import actions, texts
from integrations.admin.base import ReadOnlyAdmin
from integrations.admin.decorators import display, page_action
from integrations.admin.scope import TenantFilter
from integrations.models import ForcedSettlement
from integrations.pipeline import desk
from integrations.queue import enqueue_tick


@admin.register(ForcedSettlement)
class ForcedSettlementAdmin(actions.PermittedActions, ReadOnlyAdmin):
    tenant_path = "posting__company__tenant"
    list_display = ["ordered", "title_link", "person", "paid_on", "paid", "account", "state_label", "user", "company"]
    list_filter = [TenantFilter, ("date", RangeDateFilter)]
    list_select_related = ["posting__title__person", "posting__company__tenant", "account", "user"]
    search_fields = ["posting__title__document_number", "posting__title__person__name", "reason"]
    fields = [
        "company", "title_link", "person", "paid_on", "paid", "account", "reason", "state_label", "user", "created_at",
        "undone_at", "undone_by",
    ]  # fmt: skip
    readonly_fields = ["company", "title_link", "person", "paid_on", "paid", "state_label"]
    actions_detail = ["undo"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related(*self.list_select_related)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        undone = ForcedSettlement.objects.filter(pk=object_id, undone_at__isnull=False).exists()
        return [] if undone else list(super().get_actions_detail(request, object_id))

    @display(gettext_lazy("ordered at"), ordering="created_at")
    def ordered(self, row: ForcedSettlement) -> str:
        return texts.moment(row.created_at)

    @display(gettext_lazy("title"))
    def title_link(self, row: ForcedSettlement) -> str:
        return texts.link(row.posting.title)

    @display(gettext_lazy("person"), ordering="posting__title__person__name")
    def person(self, row: ForcedSettlement) -> str:
        return texts.link(row.posting.title.person)

    @display(gettext_lazy("payment date"), ordering="date")
    def paid_on(self, row: ForcedSettlement) -> str:
        return texts.day(row.date)

    @display(gettext_lazy("amount"), ordering="amount")
    def paid(self, row: ForcedSettlement) -> str:
        return texts.money(row.amount)

    @display(gettext_lazy("state"), label={"standing": "warning", "undone": "default"})
    def state_label(self, row: ForcedSettlement) -> tuple[str, Any]:
        return ("undone", gettext_lazy("Undone")) if row.undone_at else ("standing", gettext_lazy("In force"))

    @display(gettext_lazy("company"), ordering="posting__company__tenant__name")
    def company(self, row: ForcedSettlement) -> str:
        return str(row.posting.company.tenant)

    @page_action(gettext_lazy("Undo forced settlement"), permissions=["force"], icon="undo")
    def undo(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_object_or_deny(request, object_id)
        if request.method == "POST":
            try:
                desk.undo_forced_settlement(forced=row, user=actions.user_of(request), now=timezone.now())
            except desk.Refused as error:
                actions.refused(request, error)
            else:
                enqueue_tick()
                messages.success(request, _("Forced settlement undone; the title follows Bling again."))
            return actions.back_to(self, row.pk)
        return actions.confirm(
            request,
            self,
            title=_("Undo forced settlement"),
            text=_("The title follows Bling again. What Kamino already holds as paid must be reopened there by hand."),
            note=texts.title_line(row.posting.title),
            submit=_("Undo forced settlement"),
            dangerous=True,
            back=actions.page_url(self, row.pk),
        )
