"""The list "Requer ação": titles that wait for a person, each with its reason."""

from typing import Any

from django.contrib import admin
from django.db.models import BooleanField, F, Func, Q, QuerySet, Value
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesCheckboxFilter, ChoicesRadioFilter, RangeDateFilter

from integrations.admin import actions, texts
from integrations.admin.base import CappedPaginator, ReadOnlyAdmin
from integrations.admin.decorators import display
from integrations.admin.scope import TenantFilter, change_url
from integrations.admin.title_search import title_query
from integrations.domain.problems import Blocks, Problem, ProblemCode
from integrations.models import Posting, Title
from integrations.models.deliveries import DeliveryState

_WAITING_FOR_A_PERSON = [
    code for code in ProblemCode if Problem(code).needs_human and Problem(code).blocks is not Blocks.NOTHING
]


def needing_action(postings: QuerySet[Posting]) -> QuerySet[Posting]:
    """Return the postings that only a person can move on."""
    codes = " || ".join(f'@.code == "{code}"' for code in _WAITING_FOR_A_PERSON)
    has_problem = Func(
        F("problems"),
        Value(f"$[*] ? ({codes})"),
        function="jsonb_path_exists",
        template="%(function)s(%(expressions)s::jsonpath)",
        output_field=BooleanField(),
    )
    stuck = Q(state__in=[DeliveryState.NEEDS_HUMAN, DeliveryState.UNCERTAIN])
    waiting = ~Q(state=DeliveryState.IGNORED) & Q(waits_for_person=True)
    return postings.alias(waits_for_person=has_problem).filter(stuck | waiting)


@admin.register(Posting)
class PostingAdmin(actions.PermittedActions, ReadOnlyAdmin):
    tenant_path = "company__tenant"
    paginator = CappedPaginator
    list_display = ["name", "person_name", "amount", "due", "state_label", "reasons", "waiting"]
    list_display_links = None
    list_before_template = "admin/integrations/needs_action.html"
    list_filter = [
        TenantFilter,
        ("state", ChoicesCheckboxFilter),
        ("failure", ChoicesCheckboxFilter),
        ("direction", ChoicesRadioFilter),
        ("due_date", RangeDateFilter),
    ]
    list_select_related = ["title__person", "company__tenant"]
    list_disable_select_all = True
    ordering = ["due_date", "pk"]
    search_fields = ["title__document_number"]
    search_help_text = gettext_lazy("Name, CPF/CNPJ, document number, value, Bling id or Kamino id")
    actions = ["retry", "resync", "stop_syncing"]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {
            "title": _("Needs action"),
            "page_header": _("Needs action"),
            "subtitle": None,
            **(extra_context or {}),
        }
        response: HttpResponse = super().changelist_view(request, context)
        return response

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return needing_action(rows)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Lead to the title's page, which shows all about it."""
        rows = super().get_queryset(request).select_related("title")
        posting = rows.filter(pk=object_id).first() if object_id.isdigit() else None
        if posting is None:
            return HttpResponseRedirect(actions.changelist_url(self))
        return HttpResponseRedirect(change_url(posting.title))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        found = title_query(term, path="title__", whole_documents=texts.sees_personal_data(request))
        return queryset.filter(found), False

    @display(gettext_lazy("title"), ordering="title__document_number")
    def name(self, posting: Posting) -> str:
        number = posting.title.document_number or f"Bling {posting.title.bling_id}"
        return texts.two_lines(texts.link(posting.title, number), posting.get_direction_display())

    @display(gettext_lazy("person"), ordering="title__person__name")
    def person_name(self, posting: Posting) -> str:
        return texts.two_lines(texts.link(posting.title.person), posting.company.tenant)

    @display(gettext_lazy("value"), ordering="title__value")
    def amount(self, posting: Posting) -> str:
        return texts.money(posting.title.value)

    @display(gettext_lazy("due date"), ordering="due_date")
    def due(self, posting: Posting) -> str:
        return texts.day(posting.title.due_date)

    @display(gettext_lazy("state"), ordering="state", label=texts.STATE_COLOURS)
    def state_label(self, posting: Posting) -> tuple[str, str]:
        return posting.state, posting.get_state_display()

    @display(gettext_lazy("reason"))
    def reasons(self, posting: Posting) -> str:
        sentences = texts.problem_sentences(posting.get_problems())
        if posting.failure or posting.message:
            sentences.insert(0, ": ".join(part for part in (posting.get_failure_display(), posting.message) if part))
        return format_html('<div class="ik-reasons">{}</div>', texts.sentence_list(sentences))

    @display(gettext_lazy("for"), ordering="-planned_at")
    def waiting(self, posting: Posting) -> str:
        return texts.one_line(texts.age(posting.planned_at, timezone.now()))

    @admin.action(description=gettext_lazy("Try again"), permissions=["resolve"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Posting]) -> None:
        actions.retry(request, queryset)

    @admin.action(description=gettext_lazy("Resync"), permissions=["resync"])
    def resync(self, request: HttpRequest, queryset: QuerySet[Posting]) -> None:
        actions.resync(request, Title.objects.filter(posting__in=list(queryset)))

    @admin.action(description=gettext_lazy("Do not sync these titles"), permissions=["resolve"])
    def stop_syncing(self, request: HttpRequest, queryset: QuerySet[Posting]) -> HttpResponse | None:
        form = actions.ReasonForm(request.POST if "confirmed" in request.POST else None)
        rows = list(queryset.select_related("title"))
        if form.is_valid():
            actions.set_ignored(request, rows, ignored=True, reason=form.cleaned_data["reason"])
            return None
        return actions.confirm(
            request,
            self,
            title=_("Do not sync these titles"),
            text=_("Nothing more of these titles is sent to Kamino. What Kamino already holds stays as it is."),
            submit=_("Do not sync these titles"),
            form=form,
            rows=rows,
            action="stop_syncing",
            dangerous=True,
        )
