"""Settlements for Bling: what programs wanted settled, what became of it, and what a person decides about it."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from integrations.admin.kit import actions, texts
from integrations.admin.kit.base import ReadOnlyAdmin
from integrations.admin.kit.bling_forms import LARGEST_ID
from integrations.admin.kit.decorators import display, page_action
from integrations.admin.kit.filters import DayRange, TenantFilter
from integrations.admin.kit.standing_columns import StandingColumns
from integrations.admin.kit.state_in_bling import StateInBling
from integrations.admin.payables.attempts import SettlementAttemptInline, SurplusButton, has_surplus, register_name
from integrations.domain.titles import Direction
from integrations.models import SettlementWrite, Title
from integrations.models.registers import CatalogKind
from integrations.pipeline.payables import live, orders, settlement_orders
from integrations.pipeline.payables.standing import Standing, standing_of_settlement

USEFUL: dict[Standing, set[str]] = {
    Standing.SWITCHED_OFF: {"leave_out"},
    Standing.PAUSED: {"leave_out"},
    Standing.QUEUED: {"leave_out"},
    Standing.STALE: {"send_again", "leave_out"},
    Standing.STUCK: {"send_again", "it_is_settled", "it_is_not_settled", "leave_out"},
}
"""The buttons that can do something where a settlement stands."""


class BorderoForm(actions.ReasonForm):
    """The number of the borderô that settled a payable, and how a person knows."""

    field_order = ["bordero_id", "reason"]
    bordero_id = forms.IntegerField(
        label=gettext_lazy("Number of the borderô in Bling"), min_value=1, max_value=LARGEST_ID,
        widget=UnfoldAdminIntegerFieldWidget(),
    )  # fmt: skip


@admin.register(SettlementWrite)
class SettlementWriteAdmin(StandingColumns, SurplusButton, actions.PermittedActions, ReadOnlyAdmin):
    answers = staticmethod(standing_of_settlement)
    QUIET = (Standing.SETTLED, Standing.LEFT_OUT)
    OVER = (Standing.REFUSED,)
    tenant_path = "connection__tenant"
    empty_text = gettext_lazy("No program settled a payable in Bling yet.")
    list_display = ["what", "amount", "day", "standing", "why", "program", "company"]
    list_filter = [TenantFilter, ("state", StateInBling), ("paid_on", DayRange)]
    list_select_related = ["api_key", "payable", "connection__tenant", "connection__writing"]
    search_fields = ["document_number"]
    search_help_text = gettext_lazy("Document number")
    ordering = ["-accepted_at", "-pk"]
    inlines = [SettlementAttemptInline]
    readonly_fields = fields = [
        "standing", "whole_answer", "advice", "what", "amount", "day", "due", "category", "payable_link", "title_link",
        "bordero", "surplus", "program", "decided", "company",
    ]  # fmt: skip
    actions_detail = ["send_again", "it_is_settled", "it_is_not_settled", "surplus_gone", "leave_out"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).select_related(*self.list_select_related)
        return rows

    def has_resolve_payable_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm("integrations.resolve_payable"))

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Show only the buttons that can do something."""
        row = SettlementWrite.objects.select_related("api_key", "connection__writing").filter(pk=object_id).first()
        useful = set(USEFUL.get(standing_of_settlement(row, timezone.now()).standing, ())) if row else set()
        if row is not None:
            is_unknown = orders.is_unknown(row)
            useful -= {"leave_out"} if is_unknown else {"it_is_not_settled"}
            useful |= {"surplus_gone"} if has_surplus(row) else set()
        shown = super().get_actions_detail(request, object_id)
        return [action for action in shown if action.path in useful]

    @page_action(gettext_lazy("Send again"), permissions=["resolve_payable"], icon="replay", variant="primary")
    def send_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._ask(
            request, object_id, settlement_orders.send_again, _("It is looked at and settled next."),
            title=_("Send again"), submit=_("Send again"),
            text=_("What may have happened is looked up in Bling first. It is settled only if it is open and whole."),
        )  # fmt: skip

    @page_action(gettext_lazy("It is settled in Bling"), permissions=["resolve_payable"], icon="link")
    def it_is_settled(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._ask(
            request, object_id, live.is_settled, _("Noted: nothing more is sent."), title=_("It is settled in Bling"),
            form=BorderoForm(request.POST or None), submit=_("It is settled"),
            text=_("The borderô with this number is read in Bling now; it has to be one of this payable."),
        )  # fmt: skip

    @page_action(gettext_lazy("It is not settled in Bling"), permissions=["resolve_payable"], icon="link_off")
    def it_is_not_settled(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._ask(
            request, object_id, settlement_orders.is_not_settled, _("It is looked at and settled next."),
            title=_("It is not settled in Bling"), form=actions.ReasonForm(request.POST or None), dangerous=True,
            text=_("Look in Bling first. It is settled only if Bling shows it as open and whole."),
            submit=_("It is not settled: settle it"),
        )  # fmt: skip

    @page_action(gettext_lazy("Do not settle"), permissions=["resolve_payable"], icon="block")
    def leave_out(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._ask(
            request, object_id, settlement_orders.leave_out, _("It is not settled."), title=_("Do not settle"),
            form=actions.ReasonForm(request.POST or None), dangerous=True, submit=_("Do not settle"),
            text=_("No program can settle this payable any more; a person does it in Bling."),
        )  # fmt: skip

    def _ask(
        self, request: HttpRequest, object_id: str, order: Callable[..., object], done: str, **page: Any
    ) -> HttpResponse:
        row = self.get_object_or_deny(request, object_id)
        note = " · ".join([self.what(row), texts.day(row.paid_on), texts.money(row.value)])
        return actions.ask_then(request, self, row.pk, order, done, given={"settlement": row}, note=note, **page)

    @display(gettext_lazy("payable"), ordering="document_number")
    def what(self, row: SettlementWrite) -> str:
        return str(row.payable or row)

    @display(gettext_lazy("settlement date"), ordering="paid_on")
    def day(self, row: SettlementWrite) -> str:
        return texts.day(row.paid_on)

    @display(gettext_lazy("category"))
    def category(self, row: SettlementWrite) -> str:
        return register_name(row.connection_id, CatalogKind.CATEGORY, row.category_id)

    @display(gettext_lazy("payable for Bling"))
    def payable_link(self, row: SettlementWrite) -> SafeString | str:
        return texts.link(row.payable) if row.payable else texts.EMPTY

    @display(gettext_lazy("title"))
    def title_link(self, row: SettlementWrite) -> SafeString | str:
        mirrored = {"connection": row.connection_id, "direction": Direction.PAYABLE, "bling_id": row.title_id}
        title = Title.objects.filter(**mirrored).first()
        return texts.link(title) if title else texts.plain_number(row.title_id)

    @display(gettext_lazy("borderô in Bling"))
    def bordero(self, row: SettlementWrite) -> str:
        return texts.plain_number(row.bling_id)

    @display(gettext_lazy("asked for by"), ordering="accepted_at")
    def program(self, row: SettlementWrite) -> str:
        return f"{row.api_key} · {texts.moment(row.accepted_at)}"
