"""Worklists: what needs action, by what has to be done about it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.admin.kit.filters import ChoiceFilter
from integrations.domain.delivery import DeliveryState
from integrations.domain.discrepancies import RISKS
from integrations.domain.titles import UNSETTLED
from integrations.models import Discrepancy, ForcedSettlement, Posting
from integrations.models.deliveries import MAY_NEED_ACTION
from integrations.models.problem_queries import LACKS_ANY, has_problem
from integrations.pipeline.desk.restores import held_for_a_person
from integrations.pipeline.report.needs_action import needing_action
from integrations.words.reasons import of_worklist
from integrations.words.worklists import WORKLIST_WORDS

_STUCK = Q(state=DeliveryState.NEEDS_HUMAN)


@dataclass(frozen=True)
class Worklist:
    """Titles that the same action ends. `page` is the name of the admin page for it, "" for the list's own actions."""

    name: str
    titles: Callable[[], Q]
    page: str = ""

    @property
    def label(self) -> str:
        return _(WORKLIST_WORDS[self.name].name)

    @property
    def action(self) -> str:
        return _(WORKLIST_WORDS[self.name].action)


def _at_risk() -> Q:
    open_risks = Discrepancy.objects.filter(kind__in=RISKS, closed_at=None)
    return Q(pk__in=open_risks.order_by().values("posting"))


def _to_approve() -> Q:
    return Q(pk__in=ForcedSettlement.objects.awaiting().order_by().values("posting"))


def _forced() -> Q:
    orders = ForcedSettlement.objects.in_force().filter(posting__title__status__in=UNSETTLED)
    return Q(pk__in=orders.order_by().values("posting"))


def _of_reasons(name: str) -> Q:
    """Return the condition for titles with a reason of a worklist, whether the plan or the delivery met it."""
    reasons = of_worklist(name)
    return has_problem(reasons) | (_STUCK & Q(reason__in=reasons))


WORKLISTS = {
    worklist.name: worklist
    for worklist in (
        Worklist("risk", _at_risk, "integrations_discrepancy_changelist"),
        Worklist("classification", lambda: LACKS_ANY, "integrations_mapping_changelist"),
        Worklist("person", lambda: _of_reasons("person"), "integrations_person_changelist"),
        Worklist("release", lambda: _of_reasons("release")),
        Worklist("unconfirmed", lambda: Q(state=DeliveryState.UNCERTAIN) | _of_reasons("unconfirmed")),
        Worklist("conflict", lambda: _of_reasons("conflict")),
        Worklist("refused", lambda: _of_reasons("refused")),
        Worklist("partial", lambda: _of_reasons("partial")),
        Worklist("forced", _forced, "integrations_forcedsettlement_changelist"),
        Worklist("approval", _to_approve, "integrations_forcedsettlement_changelist"),
        Worklist("invalid", lambda: _of_reasons("invalid")),
        Worklist("closed", lambda: _of_reasons("closed")),
        Worklist("restored", held_for_a_person, "integrations_restorehold_changelist"),
    )
}


_FROM_OTHER_TABLES = ("risk", "forced", "approval", "restored")
COUNTED = 50
"""So far each worklist is counted: the list says more of the one that is looked at."""


def titles_of(worklist: str) -> Q:
    """Return the condition for the postings of a worklist; what a person took out of the sync is in none."""
    found = ~Q(state=DeliveryState.IGNORED) & WORKLISTS[worklist].titles()
    return found if worklist in _FROM_OTHER_TABLES else MAY_NEED_ACTION & found


def counted(postings: QuerySet[Posting], request: HttpRequest) -> list[dict[str, Any]]:
    """Return each worklist with how many titles are in it, or that there are more than are counted."""
    listed = (postings.filter(titles_of(name)).order_by().values_list(Value(name))[: COUNTED + 1] for name in WORKLISTS)
    first, *others = listed
    numbers = Counter(name for (name,) in first.union(*others, all=True))
    query = request.GET.copy()
    found = []
    for name, worklist in WORKLISTS.items():
        query[WorklistFilter.parameter_name] = name
        count, more = min(numbers[name], COUNTED), numbers[name] > COUNTED
        found.append({"label": worklist.label, "count": count, "more": more, "url": f"?{query.urlencode()}"})
    return found


def chosen(request: HttpRequest) -> tuple[Worklist | None, str]:
    """Return the worklist that a list shows, and the page of its action, "" for none."""
    worklist = WORKLISTS.get(request.GET.get(WorklistFilter.parameter_name, ""))
    return worklist, reverse(f"admin:{worklist.page}") if worklist and worklist.page else ""


class WorklistFilter(ChoiceFilter):
    """Without a choice: everything that only a person can move on."""

    title = gettext_lazy("worklist")
    parameter_name = "worklist"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, worklist.label) for name, worklist in WORKLISTS.items()]

    def narrowed(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(titles_of(self.choice)) if self.choice else needing_action(queryset)


class ResponsibleFilter(ChoiceFilter):
    """Filter by the person responsible: the user, or nobody yet."""

    title = gettext_lazy("responsible")
    parameter_name = "responsible"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("me", gettext_lazy("Mine")), ("nobody", gettext_lazy("Unassigned"))]

    def narrowed(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.choice == "me":
            return queryset.filter(follow_up__responsible=request.user.pk)
        return queryset.filter(follow_up__responsible=None) if self.choice == "nobody" else queryset
