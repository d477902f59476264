"""Titles: both sides of each, what happened to it, and what a person may do about it."""

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.admin.kit import actions, texts
from integrations.admin.kit.base import ReadOnlyAdmin
from integrations.admin.kit.decorators import display
from integrations.admin.kit.filters import ChoiceColumn, ChoicesColumn, DayRange, StateOfPosting, TenantFilter
from integrations.admin.kit.lists import ClosedList
from integrations.admin.kit.scope import row_number
from integrations.admin.kit.spreadsheet_export import SpreadsheetExport
from integrations.admin.kit.title_search import FoundByTitle
from integrations.admin.kit.titles_filter import PersonFilter, SelectedFilter, discrepancies_url
from integrations.admin.kit.whole_list import WholeList, order_selected
from integrations.admin.reports.open_position import OpenPosition, open_position_url
from integrations.admin.titles.actions import BUTTONS, TitleButtons
from integrations.admin.titles.live_search import LiveSearch, live_search_url
from integrations.admin.titles.page import title_context
from integrations.admin.titles.payments import PaymentInline
from integrations.domain.titles import Direction
from integrations.login.step_up import stepped_up
from integrations.models import BulkOrder, PayableWrite, PersonDecision, SettlementWrite, Title
from integrations.words.colours import STATE_COLOURS, STATUS_COLOURS
from integrations.words.origins import origin_word


@admin.register(Title)
class TitleAdmin(FoundByTitle, SpreadsheetExport, LiveSearch, OpenPosition, WholeList, TitleButtons, ReadOnlyAdmin):
    export_name = "titulos"
    tenant_path = "connection__tenant"
    quick_orders = ("value",)
    list_display = ["name", "side", "person_name", "due", "amount", "status_label", "state_label", "company"]
    list_filter = [
        TenantFilter,
        ("direction", ChoiceColumn),
        ("status", ChoicesColumn),
        ("posting__state", StateOfPosting),
        ("due_date", DayRange),
        PersonFilter,
        SelectedFilter,
    ]
    list_select_related = ["person", "posting", "connection__tenant"]
    list_disable_select_all = True
    search_fields = ["document_number"]
    search_help_text = gettext_lazy("Name, CPF/CNPJ, document number, value, Bling id or Kamino id")
    not_found_text = gettext_lazy("“Search in Bling”, above, says why a title is not here.")
    list_before_template = "admin/integrations/kit/whole_list.html"
    change_form_outer_before_template = "admin/integrations/titles/page.html"
    inlines = [PaymentInline]
    actions = [
        "resync", "retry", "force_these", "undo_these", "stop_syncing_these", "resume_syncing_these", "create_anyway",
        "export_discrepancies",
    ]  # fmt: skip
    actions_detail = BUTTONS
    readonly_fields = [
        "bling_number", "balance_text", "issued", "competence", "origin_text", "entered_here", "borderos",
        "first_seen_at", "read_at", "changed_at",
    ]  # fmt: skip
    fieldsets = [(gettext_lazy("Details in Bling"), {"fields": readonly_fields})]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Title | None:
        """Read with a title all that its page shows, once for each request: Django's page and ours both ask for it. A
        list that reads as much is planned badly."""
        read: dict[str, Title | None] = vars(request).setdefault("titles_read", {})
        if object_id in read:
            return read[object_id]
        rows: QuerySet[Any] = self.get_queryset(request)
        whole = rows.select_related(
            "person__posting",
            "posting__kamino_connection",
            "connection__tenant__kamino_connection",
            "replaced_by",
            "last_read",
            "payment_check",
        )
        decided = PersonDecision.objects.filter(person=OuterRef("person"))
        entered = PayableWrite.objects.filter(connection=OuterRef("connection"), bling_id=OuterRef("bling_id"))
        settled = SettlementWrite.objects.filter(connection=OuterRef("connection"), title_id=OuterRef("bling_id"))
        whole = whole.annotate(
            has_decided_person=Exists(decided), entered_as=Subquery(entered.values("pk")[:1]),
            settled_as=Subquery(settled.values("pk")[:1]),
        )  # fmt: skip
        return read.setdefault(object_id, whole.filter(pk=row_number(object_id)).first())

    def get_inline_formsets(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Leave out a table of payments that has none."""
        tables: list[Any] = super().get_inline_formsets(*args, **kwargs)
        return [table for table in tables if table.formset.initial_form_count()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        may_search = request.user.has_perm("integrations.search_bling")
        context = {**(extra_context or {}), "live_search_url": live_search_url(request) if may_search else ""}
        context["open_position_url"] = open_position_url()
        return super().changelist_view(request, context)

    def list_context(self, request: HttpRequest, listed: ClosedList) -> dict[str, Any]:
        context = super().list_context(request, listed)
        if not listed.unread and self.has_export_discrepancies_permission(request):
            context["discrepancies_url"] = discrepancies_url(listed.understood())
        return context

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        title = self.get_object_or_deny(request, object_id) if object_id else None
        context = {**(extra_context or {}), **(title_context(title, request) if title else {})}
        return super().changeform_view(request, object_id, form_url, context)

    @display(gettext_lazy("title"), ordering="document_number")
    def name(self, title: Title) -> str:
        return title.document_number or f"Bling {title.bling_id}"

    @display(gettext_lazy("entered here"))
    def entered_here(self, title: Title) -> SafeString | str:
        """The payable that was entered here and that this title is in Bling, and the settlement that a program asked
        for."""
        if title.direction != Direction.PAYABLE:
            return texts.EMPTY
        links = [
            texts.anchor(reverse(f"admin:integrations_{page}_change", args=[key]), words)
            for page, key, words in (
                ("payablewrite", getattr(title, "entered_as", None), _("Payable for Bling")),
                ("settlementwrite", getattr(title, "settled_as", None), _("Settlement for Bling")),
            )
            if key is not None
        ]
        return format_html_join(" · ", "{}", ((link,) for link in links)) or texts.EMPTY

    @display(gettext_lazy("direction"), ordering="direction", label={"payable": "warning", "receivable": "info"})
    def side(self, title: Title) -> tuple[str, str]:
        return title.direction, title.get_direction_display()

    @display(gettext_lazy("person"), ordering="person__name")
    def person_name(self, title: Title) -> str:
        return texts.link(title.person)

    @display(gettext_lazy("due date"), ordering="due_date")
    def due(self, title: Title) -> str:
        return texts.day(title.due_date)

    @display(gettext_lazy("value"), ordering="value")
    def amount(self, title: Title) -> str:
        return texts.money(title.value)

    @display(gettext_lazy("in Bling"), ordering="status", label=STATUS_COLOURS)
    def status_label(self, title: Title) -> tuple[str, str]:
        return title.status, texts.status_word(title)

    @display(gettext_lazy("in Kamino"), ordering="posting__state", label=STATE_COLOURS)
    def state_label(self, title: Title) -> tuple[str, Any]:
        posting = getattr(title, "posting", None)
        return (posting.state, posting.get_state_display()) if posting else ("", gettext_lazy("Not planned yet"))

    @display(gettext_lazy("company"), ordering="connection__tenant__name")
    def company(self, title: Title) -> str:
        return str(title.connection.tenant)

    @display(gettext_lazy("Bling id"))
    def bling_number(self, title: Title) -> str:
        return texts.plain_number(title.bling_id)

    @display(gettext_lazy("balance"))
    def balance_text(self, title: Title) -> str:
        return texts.money(title.balance)

    @display(gettext_lazy("issue date"))
    def issued(self, title: Title) -> str:
        return texts.day(title.issue_date)

    @display(gettext_lazy("competence in Bling"))
    def competence(self, title: Title) -> str:
        return texts.day(title.competence_date)

    @display(gettext_lazy("origin"))
    def origin_text(self, title: Title) -> str:
        return f"{origin_word(title.origin, title.origin_kind)} {title.origin_number}".strip() or texts.EMPTY

    @display(gettext_lazy("borderôs"))
    def borderos(self, title: Title) -> str:
        return ", ".join(str(number) for number in title.bordero_ids) or texts.EMPTY

    @admin.action(description=gettext_lazy("Resync"), permissions=["resync"])
    def resync(self, request: HttpRequest, queryset: QuerySet[Title]) -> None:
        actions.resync(request, queryset)

    @admin.action(description=gettext_lazy("Send to Kamino again"), permissions=["resolve"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Title]) -> HttpResponse | None:
        return order_selected(request, self, BulkOrder.Kind.RETRY, queryset)

    @admin.action(description=gettext_lazy("Force settlement in Kamino"), permissions=["force"])
    @stepped_up
    def force_these(self, request: HttpRequest, queryset: QuerySet[Title]) -> HttpResponse | None:
        return order_selected(request, self, BulkOrder.Kind.FORCE, queryset)

    @admin.action(description=gettext_lazy("Undo forced settlement"), permissions=["force"])
    def undo_these(self, request: HttpRequest, queryset: QuerySet[Title]) -> HttpResponse | None:
        return order_selected(request, self, BulkOrder.Kind.UNDO, queryset)

    @admin.action(description=gettext_lazy("Do not sync these titles"), permissions=["resolve"])
    def stop_syncing_these(self, request: HttpRequest, queryset: QuerySet[Title]) -> HttpResponse | None:
        text = _("Nothing more of these titles is sent to Kamino. What Kamino already holds stays as it is.")
        return order_selected(request, self, BulkOrder.Kind.IGNORE, queryset, text=text)

    @admin.action(description=gettext_lazy("Sync these titles again"), permissions=["resolve"])
    def resume_syncing_these(self, request: HttpRequest, queryset: QuerySet[Title]) -> HttpResponse | None:
        text = _("The titles are planned again and sent to Kamino like every other.")
        return order_selected(request, self, BulkOrder.Kind.UNIGNORE, queryset, text=text)

    @admin.action(description=gettext_lazy("Create all the same"), permissions=["resolve"])
    def create_anyway(self, request: HttpRequest, queryset: QuerySet[Title]) -> HttpResponse | None:
        text = _("Kamino has similar titles. These are created beside them, as titles of their own.")
        return order_selected(request, self, BulkOrder.Kind.CREATE, queryset, text=text)

    @admin.action(description=gettext_lazy("Export discrepancies"), permissions=["export_discrepancies"])
    def export_discrepancies(self, request: HttpRequest, queryset: QuerySet[Title]) -> HttpResponse:
        ids = ",".join(str(pk) for pk in queryset.order_by("pk").values_list("pk", flat=True))
        return HttpResponseRedirect(discrepancies_url(f"id__in={ids}"))
