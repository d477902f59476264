"""The list "Requer ação": titles that wait for a person, each with its reason."""

from typing import Any

from django.contrib import admin
from django.db.models import DateTimeField, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, Least
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integrations.admin.kit import actions, texts
from integrations.admin.kit.decorators import display
from integrations.admin.kit.filters import ChoiceColumn, ChoicesColumn, DayRange, TenantFilter
from integrations.admin.kit.forms import FollowUpForm
from integrations.admin.kit.scope import scoped
from integrations.admin.kit.whole_list import WholeList
from integrations.admin.worklists.posting_pages import PostingPages
from integrations.admin.worklists.worklists import ResponsibleFilter, WorklistFilter, chosen, counted
from integrations.models import FollowUp, Posting, Title
from integrations.pipeline.desk import follow_ups
from integrations.words.colours import STATE_COLOURS
from integrations.words.reasons import problem_sentences


@admin.register(Posting)
class PostingAdmin(WholeList, PostingPages):
    empty_text = gettext_lazy("Nothing waits for a person.")
    title_path = "title__"
    list_display = ["name", "person_name", "amount_due", "state_label", "reasons", "looked_after", "waiting"]
    list_before_template = "admin/integrations/worklists/needs_action.html"
    list_filter = [
        TenantFilter,
        WorklistFilter,
        ResponsibleFilter,
        ("state", ChoicesColumn),
        ("reason", ChoicesColumn),
        ("direction", ChoiceColumn),
        ("due_date", DayRange),
    ]
    list_select_related = ["title__person", "title__connection", "kamino_connection__tenant", "follow_up__responsible"]
    list_disable_select_all = True
    actions = ["follow_up", "retry", "resync", "stop_syncing"]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {
            "title": _("Needs action"),
            "page_header": _("Needs action"),
            "subtitle": None,
            "worklists": counted(scoped(Posting.objects.all(), request), request),
            "worklist": chosen(request),
            **(extra_context or {}),
        }
        response: HttpResponse = super().changelist_view(request, context)
        return response

    @display(gettext_lazy("state"), ordering="state", label=STATE_COLOURS)
    def state_label(self, posting: Posting) -> tuple[str, str]:
        return posting.state, posting.get_state_display()

    @display(gettext_lazy("reason"))
    def reasons(self, posting: Posting) -> str:
        return format_html(
            '<div class="ik-reasons">{}</div>', texts.sentence_list(problem_sentences(posting.get_causes()))
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Posting]:
        """Add `waiting_since`: its oldest open reason; what is planned again for the same reason grows older."""
        first = Cast(KT("problems__0__since"), DateTimeField())
        found: QuerySet[Posting] = super().get_queryset(request)
        return found.annotate(waiting_since=Coalesce(Least("reason_since", first), "planned_at"))

    @display(gettext_lazy("for"), ordering="-waiting_since")
    def waiting(self, posting: Posting) -> str:
        return texts.age(getattr(posting, "waiting_since", posting.planned_at), timezone.now())

    @display(gettext_lazy("responsible"))
    def looked_after(self, posting: Posting) -> str:
        row: FollowUp | None = getattr(posting, "follow_up", None)
        return texts.two_lines(row.responsible or texts.EMPTY, row.comment) if row else texts.EMPTY

    @admin.action(description=gettext_lazy("Assign or comment"), permissions=["resolve"])
    def follow_up(self, request: HttpRequest, queryset: QuerySet[Posting]) -> HttpResponse | None:
        rows = list(queryset.select_related("title", "kamino_connection"))
        people = follow_ups.may_look_after(posting.kamino_connection.tenant_id for posting in rows)
        form = FollowUpForm(request.POST if "confirmed" in request.POST else None, people=people)
        if form.is_valid():
            actions.carry_out(request, follow_ups.follow_up, _noted, postings=rows, **form.cleaned_data)
            return None
        return actions.confirm(
            request,
            self,
            title=_("Assign or comment"),
            text=_("Says who looks after these titles, and what is known. Nothing is sent because of it."),
            submit=_("Note"),
            form=form,
            rows=rows,
            action="follow_up",
        )

    @admin.action(description=gettext_lazy("Send to Kamino again"), permissions=["resolve"])
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


def _noted(count: int) -> str:
    return ngettext("%(count)s title noted.", "%(count)s titles noted.", count) % {"count": count}
