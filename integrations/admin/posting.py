"""The list "Requer ação": titles that wait for a person, each with its reason."""

from typing import Any

from django.contrib import admin
from django.db.models import BooleanField, F, Func, Q, QuerySet, Value
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesCheckboxFilter, ChoicesRadioFilter, RangeDateFilter

from integrations.admin import actions, texts
from integrations.admin.decorators import display
from integrations.admin.posting_pages import PostingPages
from integrations.admin.scope import TenantFilter
from integrations.domain.problems import Blocks, Problem, ProblemCode
from integrations.models import Posting, Title
from integrations.models.deliveries import DeliveryState
from integrations.models.problem_queries import problem_path

_WAITING_FOR_A_PERSON = [
    code for code in ProblemCode if Problem(code).needs_human and Problem(code).blocks is not Blocks.NOTHING
]


def needing_action(postings: QuerySet[Posting]) -> QuerySet[Posting]:
    """Return the postings that only a person can move on."""
    has_problem = Func(
        F("problems"),
        Value(problem_path(_WAITING_FOR_A_PERSON)),
        function="jsonb_path_exists",
        template="%(function)s(%(expressions)s::jsonpath)",
        output_field=BooleanField(),
    )
    stuck = Q(state__in=[DeliveryState.NEEDS_HUMAN, DeliveryState.UNCERTAIN])
    waiting = ~Q(state=DeliveryState.IGNORED) & Q(waits_for_person=True)
    return postings.alias(waits_for_person=has_problem).filter(stuck | waiting)


@admin.register(Posting)
class PostingAdmin(PostingPages):
    list_display = ["name", "person_name", "amount", "due", "state_label", "reasons", "waiting"]
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
