"""Payables for Bling: the list, and one of them with what became of it."""

from datetime import date
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet, Value
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.admin.kit import texts
from integrations.admin.kit.base import ReadOnlyAdmin
from integrations.admin.kit.bling_attempts import AttemptInline
from integrations.admin.kit.decorators import display
from integrations.admin.kit.filters import ChoiceFilter, DayRange, TenantFilter
from integrations.admin.kit.scope import change_url
from integrations.admin.kit.standing_columns import StandingColumns
from integrations.admin.kit.state_in_bling import StateInBling
from integrations.admin.payables.attempts import SurplusButton, occurrence_text, register_name
from integrations.admin.payables.decisions import PayableDecisions
from integrations.admin.payables.enter import EnterPage, enter_url
from integrations.admin.payables.sheet import upload_url
from integrations.domain.titles import Direction
from integrations.models import PayableWrite, Title
from integrations.models.payable_queries import asks_somebody
from integrations.models.registers import CatalogKind
from integrations.pipeline.payables.standing import Standing, standing_of


class WaitsForSomebody(ChoiceFilter):
    """Payables of live accounts that only a person moves on."""

    title = gettext_lazy("waits for a person")
    parameter_name = "asks"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", gettext_lazy("Yes"))]

    def narrowed(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(asks_somebody(timezone.now())) if self.choice else queryset


@admin.register(PayableWrite)
class PayableWriteAdmin(StandingColumns, EnterPage, SurplusButton, PayableDecisions, ReadOnlyAdmin):
    answers = staticmethod(standing_of)
    QUIET = (Standing.SENT, Standing.LEFT_OUT, Standing.DISCARDED)
    tenant_path = "connection__tenant"
    list_before_template = "admin/integrations/payables/list.html"
    empty_text = gettext_lazy("Nobody entered a payable for Bling yet. It is done by “Enter a payable”.")
    list_display = ["what", "due", "amount", "standing", "why", "entered"]
    list_filter = [TenantFilter, WaitsForSomebody, ("state", StateInBling), ("due_date", DayRange)]
    list_select_related = ["batch__user", "batch__api_key", "supplier", "connection__tenant", "connection__writing"]
    search_fields = ["supplier_name", "document_number"]
    search_help_text = gettext_lazy("Supplier or document number")
    ordering = ["-accepted_at", "-pk"]
    inlines = [AttemptInline]
    readonly_fields = fields = [
        "standing", "whole_answer", "advice", "supplier_text", "document_text", "number", "amount", "due", "repeats",
        "issue",
        "competence", "category", "account", "payment_form", "history_text", "similar", "title_link", "bling_number",
        "surplus",
        "batch_link", "entered", "decided", "company",
    ]  # fmt: skip
    actions = ["send_these_again"]
    actions_detail = [
        "decide_supplier", "send_again", "it_is_there", "it_is_not_there", "create_anyway", "surplus_gone", "leave_out",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        whole = Value(texts.sees_personal_data(request))
        rows: QuerySet[Any] = super().get_queryset(request).select_related(*self.list_select_related)
        told: QuerySet[Any] = rows.annotate(whole_document=whole)
        return told

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        may_enter = request.user.has_perm("integrations.enter_payable")
        return super().changelist_view(
            request,
            {
                "enter_url": enter_url() if may_enter else "",
                "upload_url": upload_url() if may_enter else "",
                **(extra_context or {}),
            },
        )

    @display(gettext_lazy("supplier"), ordering="supplier_name")
    def supplier_text(self, row: PayableWrite) -> str:
        return row.supplier_name

    @display(gettext_lazy("supplier"), ordering="supplier_name")
    def what(self, row: PayableWrite) -> str:
        told = [row.document_number, str(row.connection.tenant)]
        return texts.two_lines(row.supplier_name, " · ".join(filter(None, told)))

    @display(gettext_lazy("CPF/CNPJ"))
    def document_text(self, row: PayableWrite) -> str:
        return texts.document(row.supplier_document, whole=getattr(row, "whole_document", False))

    @display(gettext_lazy("document number"), ordering="document_number")
    def number(self, row: PayableWrite) -> str:
        return row.document_number or texts.EMPTY

    @display(gettext_lazy("occurrence"))
    def repeats(self, row: PayableWrite) -> str:
        return occurrence_text(row)

    @display(gettext_lazy("entered by"), ordering="accepted_at")
    def entered(self, row: PayableWrite) -> str:
        batch = row.batch
        return texts.two_lines(f"{batch.author} · {batch.get_source_display()}", texts.moment(batch.created_at))

    @display(gettext_lazy("issue date"))
    def issue(self, row: PayableWrite) -> str:
        return texts.day(row.get_desired().issue_date)

    @display(gettext_lazy("competence"))
    def competence(self, row: PayableWrite) -> str:
        return texts.day(row.get_desired().competence_date)

    @display(gettext_lazy("description"))
    def history_text(self, row: PayableWrite) -> str:
        return row.get_desired().history or texts.EMPTY

    @display(gettext_lazy("category"))
    def category(self, row: PayableWrite) -> str:
        return register_name(row.connection_id, CatalogKind.CATEGORY, row.category_id)

    @display(gettext_lazy("account"))
    def account(self, row: PayableWrite) -> str:
        return register_name(row.connection_id, CatalogKind.BANK_ACCOUNT, row.get_desired().account_id)

    @display(gettext_lazy("payment form"))
    def payment_form(self, row: PayableWrite) -> str:
        return register_name(row.connection_id, CatalogKind.PAYMENT_FORM, row.get_desired().payment_form_id)

    @display(gettext_lazy("possible duplicates"))
    def similar(self, row: PayableWrite) -> SafeString | str:
        """Numbers and days only, with links: the reader may not be allowed to see the rows themselves."""
        found = dict.fromkeys(_duplicate(one) for one in row.duplicates)
        return format_html_join(", ", "{}", ((one,) for one in found)) or texts.EMPTY

    @display(gettext_lazy("title"))
    def title_link(self, row: PayableWrite) -> SafeString | str:
        title = Title.objects.filter(
            connection=row.connection_id, direction=Direction.PAYABLE, bling_id=row.bling_id or 0
        ).first()  # fmt: skip
        return texts.link(title) if title else texts.EMPTY

    @display(gettext_lazy("Bling id"))
    def bling_number(self, row: PayableWrite) -> str:
        return texts.plain_number(row.bling_id)

    @display(gettext_lazy("batch"))
    def batch_link(self, row: PayableWrite) -> SafeString | str:
        return texts.link(row.batch)


def _duplicate(found: dict[str, Any]) -> SafeString | str:
    day = texts.day(date.fromisoformat(str(found["due_date"])))
    if "write" in found:
        words = _("payable for Bling %(number)s, due %(day)s") % {"number": found["write"], "day": day}
        return texts.anchor(reverse("admin:integrations_payablewrite_change", args=[found["write"]]), words)
    title = Title.objects.filter(pk=found.get("title", 0)).first()
    number = title.bling_id if title else found.get("bling", texts.EMPTY)
    words = _("%(number)s in Bling, due %(day)s") % {"number": number, "day": day}
    return texts.anchor(change_url(title), words) if title else words
