"""Titles: both sides of each, what happened to it, and what a person may do about it."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesCheckboxFilter, ChoicesRadioFilter, RangeDateFilter

from integrations.admin import actions, texts
from integrations.admin.base import CappedPaginator, ReadOnlyAdmin, ReadOnlyInline
from integrations.admin.decorators import display, page_action
from integrations.admin.forms import DecisionForm, ForceSettlementForm
from integrations.admin.scope import TenantFilter
from integrations.admin.title_page import title_context
from integrations.admin.title_search import title_query
from integrations.models import Payment, Posting, Title
from integrations.models.deliveries import DeliveryState
from integrations.pipeline import decisions, desk
from integrations.pipeline.reconcile import cause_of
from integrations.queue import enqueue_tick


class PaymentInline(ReadOnlyInline):
    model = Payment
    verbose_name_plural = gettext_lazy("Payments in Bling")
    fields = ["day", "paid", "interest_text", "discount_text", "surcharge_text", "fee_text", "bordero"]
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Payment]:
        rows: QuerySet[Payment] = super().get_queryset(request)
        return rows.select_related("title")

    @display(gettext_lazy("date"))
    def day(self, payment: Payment) -> str:
        return texts.day(payment.date)

    @display(gettext_lazy("amount"))
    def paid(self, payment: Payment) -> str:
        return texts.money(payment.amount)

    @display(gettext_lazy("interest"))
    def interest_text(self, payment: Payment) -> str:
        return texts.money(payment.interest)

    @display(gettext_lazy("discount"))
    def discount_text(self, payment: Payment) -> str:
        return texts.money(payment.discount)

    @display(gettext_lazy("surcharge"))
    def surcharge_text(self, payment: Payment) -> str:
        return texts.money(payment.surcharge)

    @display(gettext_lazy("fee"))
    def fee_text(self, payment: Payment) -> str:
        return texts.money(payment.fee)

    @display(gettext_lazy("borderô"))
    def bordero(self, payment: Payment) -> str:
        return texts.plain_number(payment.bordero_id)


@admin.register(Title)
class TitleAdmin(actions.PermittedActions, ReadOnlyAdmin):
    tenant_path = "connection__tenant"
    paginator = CappedPaginator
    list_display = ["name", "side", "person_name", "due", "amount", "status_label", "state_label", "company"]
    list_filter = [
        TenantFilter,
        ("direction", ChoicesRadioFilter),
        ("status", ChoicesCheckboxFilter),
        ("posting__state", ChoicesCheckboxFilter),
        ("due_date", RangeDateFilter),
    ]
    list_select_related = ["person", "posting", "connection__tenant"]
    list_disable_select_all = True
    search_fields = ["document_number"]
    search_help_text = gettext_lazy("Name, CPF/CNPJ, document number, value, Bling id or Kamino id")
    change_form_outer_before_template = "admin/integrations/title_page.html"
    inlines = [PaymentInline]
    actions = ["resync"]
    actions_detail = ["decide_this", "resync_this", "retry_this", "force_settlement", "stop_syncing", "resume_syncing"]
    readonly_fields = [
        "bling_number", "balance_text", "issued", "competence", "origin", "status_number", "borderos", "first_seen_at",
        "read_at", "changed_at",
    ]  # fmt: skip
    fieldsets = [(gettext_lazy("Details in Bling"), {"fields": readonly_fields})]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("person", "posting__company", "connection__tenant")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(title_query(term, whole_documents=texts.sees_personal_data(request))), False

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        title = self.get_object_or_deny(request, object_id) if object_id else None
        context = {**(extra_context or {}), **(title_context(title, request) if title else {})}
        return super().changeform_view(request, object_id, form_url, context)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Show only the buttons that can do something for this title."""
        posting = Posting.objects.filter(title_id=object_id).first()
        state = posting.state if posting else ""
        useless = {
            "stop_syncing": state in ("", DeliveryState.IGNORED),
            "resume_syncing": state != DeliveryState.IGNORED,
            "retry_this": state != DeliveryState.NEEDS_HUMAN,
            "force_settlement": state == "",
            "decide_this": posting is None or not decisions.options(posting),
        }
        shown = super().get_actions_detail(request, object_id)
        return [action for action in shown if not useless.get(action.path, False)]

    @display(gettext_lazy("title"), ordering="document_number")
    def name(self, title: Title) -> str:
        return title.document_number or f"Bling {title.bling_id}"

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

    @display(gettext_lazy("in Bling"), ordering="status", label=texts.STATUS_COLOURS)
    def status_label(self, title: Title) -> tuple[str, str]:
        return title.status, texts.status_word(title)

    @display(gettext_lazy("in Kamino"), ordering="posting__state", label=texts.STATE_COLOURS)
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

    @display(gettext_lazy("competence"))
    def competence(self, title: Title) -> str:
        return texts.day(title.competence_date)

    @display(gettext_lazy("origin"))
    def origin(self, title: Title) -> str:
        return f"{title.origin_kind} {title.origin_number}".strip() or texts.EMPTY

    @display(gettext_lazy("borderôs"))
    def borderos(self, title: Title) -> str:
        return ", ".join(str(number) for number in title.bordero_ids) or texts.EMPTY

    @admin.action(description=gettext_lazy("Resync"), permissions=["resync"])
    def resync(self, request: HttpRequest, queryset: QuerySet[Title]) -> None:
        actions.resync(request, queryset)

    @page_action(gettext_lazy("Resync"), permissions=["resync"], icon="sync", variant="primary")
    def resync_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        title = self.get_object_or_deny(request, object_id)
        if request.method == "POST":
            actions.resync(request, self.get_queryset(request).filter(pk=title.pk))
            return actions.back_to(self, title.pk)
        return actions.confirm(
            request,
            self,
            title=_("Resync %(name)s") % {"name": title},
            text=_("Reads the title from Bling again and sends to Kamino what differs."),
            submit=_("Resync"),
            back=actions.page_url(self, title.pk),
        )

    @page_action(gettext_lazy("Try again"), permissions=["resolve"], icon="replay")
    def retry_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        title = self.get_object_or_deny(request, object_id)
        if request.method == "POST":
            actions.retry(request, Posting.objects.filter(title=title))
            return actions.back_to(self, title.pk)
        return actions.confirm(
            request,
            self,
            title=_("Try %(name)s again") % {"name": title},
            text=_("Sends the title to Kamino again. Do so once what Kamino complained about has been corrected."),
            submit=_("Try again"),
            back=actions.page_url(self, title.pk),
        )

    @page_action(gettext_lazy("Decide"), permissions=["resolve"], icon="rule", variant="primary")
    def decide_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        title = self.get_object_or_deny(request, object_id)
        posting = Posting.objects.select_related("title").filter(title=title).first()
        found = decisions.options(posting) if posting else []
        if posting is None or not found:
            messages.info(request, _("Nothing is to be decided about this title."))
            return actions.back_to(self, title.pk)
        form = DecisionForm(request.POST or None, options=found)
        if request.method == "POST" and form.is_valid():
            order = {"user": actions.user_of(request), "now": timezone.now(), **form.answer()}
            try:
                decisions.decide(posting=posting, **order)
            except desk.Refused as error:
                actions.refused(request, error)
            else:
                enqueue_tick()
                messages.success(request, _("Decided. The title is planned again."))
            return actions.back_to(self, title.pk)
        return actions.confirm(
            request,
            self,
            title=_("Decide about %(name)s") % {"name": title},
            text=posting.message or cause_of(posting),
            note=texts.title_line(title),
            submit=_("Decide"),
            form=form,
            dangerous=True,
            back=actions.page_url(self, title.pk),
        )

    @page_action(gettext_lazy("Force settlement in Kamino"), permissions=["force"], icon="gavel")
    def force_settlement(self, request: HttpRequest, object_id: str) -> HttpResponse:
        title = self.get_object_or_deny(request, object_id)
        posting = Posting.objects.select_related("company", "title").filter(title=title).first()
        if posting is None:
            messages.error(request, _("This title has not been planned yet; resync it first."))
            return actions.back_to(self, title.pk)
        form = ForceSettlementForm(request.POST or None, posting=posting)
        if request.method == "POST" and form.is_valid():
            try:
                desk.force_settlement(
                    posting=posting, user=actions.user_of(request), now=timezone.now(), **form.cleaned_data
                )
            except desk.Refused as error:
                actions.refused(request, error)
            else:
                enqueue_tick()
                messages.success(
                    request,
                    _("Settlement of %(amount)s on %(date)s ordered; it is sent to Kamino next.")
                    % {
                        "amount": texts.money(form.cleaned_data["amount"]),
                        "date": texts.day(form.cleaned_data["date"]),
                    },
                )
            return actions.back_to(self, title.pk)
        return actions.confirm(
            request,
            self,
            title=_("Force the settlement of %(name)s in Kamino") % {"name": title},
            text=_("The settlement is valid only in Kamino; in Bling the title stays open."),
            note=texts.title_line(title),
            submit=_("Force settlement in Kamino"),
            form=form,
            dangerous=True,
            back=actions.page_url(self, title.pk),
        )

    @page_action(gettext_lazy("Do not sync this title"), permissions=["resolve"], icon="block")
    def stop_syncing(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._set_ignored(request, object_id, ignored=True)

    @page_action(gettext_lazy("Sync this title again"), permissions=["resolve"], icon="play_arrow")
    def resume_syncing(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._set_ignored(request, object_id, ignored=False)

    def _set_ignored(self, request: HttpRequest, object_id: str, *, ignored: bool) -> HttpResponse:
        title = self.get_object_or_deny(request, object_id)
        form = actions.ReasonForm(request.POST or None)
        posting = Posting.objects.filter(title=title).first()
        if request.method == "POST" and form.is_valid() and posting is not None:
            actions.set_ignored(request, [posting], ignored=ignored, reason=form.cleaned_data["reason"])
            return actions.back_to(self, title.pk)
        name = {"name": title}
        return actions.confirm(
            request,
            self,
            title=_("Do not sync %(name)s") % name if ignored else _("Sync %(name)s again") % name,
            text=_("Nothing more of this title is sent to Kamino. What Kamino already holds stays as it is.")
            if ignored
            else _("The title is planned again and sent to Kamino like every other."),
            note=texts.title_line(title),
            submit=_("Do not sync this title") if ignored else _("Sync this title again"),
            form=form,
            dangerous=ignored,
            back=actions.page_url(self, title.pk),
        )
