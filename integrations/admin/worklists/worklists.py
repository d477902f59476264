"""Worklists: what needs action, by what has to be done about it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.admin.kit.filters import ChoiceFilter
from integrations.admin.kit.scope import scoped
from integrations.domain.delivery import DeliveryState
from integrations.domain.discrepancies import RISKS
from integrations.domain.titles import UNSETTLED
from integrations.models import Discrepancy, ForcedSettlement, Posting
from integrations.models.deliveries import ASKS
from integrations.models.problem_queries import LACKS_ANY, has_problem
from integrations.pipeline.desk.restores import held_for_a_person
from integrations.pipeline.report.needs_action import needing_action
from integrations.words.reasons import of_worklist
from integrations.words.worklists import WORKLIST_WORDS

_STUCK = Q(state=DeliveryState.NEEDS_HUMAN)


@dataclass(frozen=True)
class Worklist:
    """Titles that the same action ends. `page` is the name of the admin page for it, "" for the list's own actions.

    `told_by` gives the rows of another table that name the postings, where that is not a condition on these.
    """

    name: str
    titles: Callable[[], Q] = Q
    page: str = ""
    told_by: Callable[[], QuerySet[Any]] | None = None

    @property
    def label(self) -> str:
        return _(WORKLIST_WORDS[self.name].name)

    @property
    def action(self) -> str:
        return _(WORKLIST_WORDS[self.name].action)


def _at_risk() -> QuerySet[Any]:
    return Discrepancy.objects.filter(kind__in=RISKS, closed_at=None)


def _to_approve() -> QuerySet[Any]:
    return ForcedSettlement.objects.awaiting()


def _forced() -> QuerySet[Any]:
    return ForcedSettlement.objects.in_force().filter(posting__title__status__in=UNSETTLED)


def _of_reasons(name: str) -> Q:
    """Return the condition for titles with a reason of a worklist, whether the plan or the delivery met it."""
    reasons = of_worklist(name)
    return has_problem(reasons) | (_STUCK & Q(reason__in=reasons))


WORKLISTS = {
    worklist.name: worklist
    for worklist in (
        Worklist("risk", page="integrations_discrepancy_changelist", told_by=_at_risk),
        Worklist("classification", lambda: LACKS_ANY, "integrations_mapping_changelist"),
        Worklist("person", lambda: _of_reasons("person"), "integrations_person_changelist"),
        Worklist("release", lambda: _of_reasons("release")),
        Worklist("unconfirmed", lambda: Q(state=DeliveryState.UNCERTAIN) | _of_reasons("unconfirmed")),
        Worklist("conflict", lambda: _of_reasons("conflict")),
        Worklist("refused", lambda: _of_reasons("refused")),
        Worklist("partial", lambda: _of_reasons("partial")),
        Worklist("forced", page="integrations_forcedsettlement_changelist", told_by=_forced),
        Worklist("approval", page="integrations_forcedsettlement_changelist", told_by=_to_approve),
        Worklist("invalid", lambda: _of_reasons("invalid")),
        Worklist("closed", lambda: _of_reasons("closed")),
        Worklist("restored", held_for_a_person, "integrations_restorehold_changelist"),
    )
}


_RESTORED = "restored"
_IN_ITSELF = tuple(name for name, worklist in WORKLISTS.items() if not worklist.told_by and name != _RESTORED)
"""Those that a posting itself tells."""
COUNTED = 250
"""So many titles are looked at to count these; of more, a worklist has at least as many as were found."""
_MOST_OF_OTHERS = 50


def titles_of(worklist: str, request: HttpRequest) -> Q:
    """Return the condition for the postings of a worklist; what a person took out of the sync is in none."""
    found = WORKLISTS[worklist]
    is_synced = ~Q(state=DeliveryState.IGNORED)
    if found.told_by:
        return is_synced & Q(pk__in=scoped(found.told_by(), request).order_by().values("posting"))
    return is_synced & found.titles() & (ASKS if worklist in _IN_ITSELF else Q())


def counted(postings: QuerySet[Posting], request: HttpRequest) -> list[dict[str, Any]]:
    """Return each worklist with how many titles are in it, or that there are `more` than were counted."""
    tells = {f"in_{name}": ExpressionWrapper(titles_of(name, request), BooleanField()) for name in _IN_ITSELF}
    asking = postings.filter(ASKS).order_by().annotate(**tells).values_list(*tells)
    looked_at = list(asking[: COUNTED + 1])
    counts = Counter({name: sum(bool(row[place]) for row in looked_at) for place, name in enumerate(_IN_ITSELF)})
    others = [_told(name, request) for name, worklist in WORKLISTS.items() if worklist.told_by]
    held = postings.filter(titles_of(_RESTORED, request)).order_by().values_list(Value(_RESTORED), "pk")
    rows = held[: _MOST_OF_OTHERS + 1].union(*others, all=True)
    counts += Counter(name for name, _posting in set(rows))
    many = len(looked_at) > COUNTED
    query = request.GET.copy()
    found = []
    for name, worklist in WORKLISTS.items():
        query[WorklistFilter.parameter_name] = name
        count = counts[name]
        more = many if name in _IN_ITSELF else count > _MOST_OF_OTHERS
        found.append({"label": worklist.label, "count": count, "more": more, "url": f"?{query.urlencode()}"})
    return found


def _told(name: str, request: HttpRequest) -> QuerySet[Any]:
    """Return some postings of a worklist that another table tells, with its name."""
    told_by = WORKLISTS[name].told_by
    rows = scoped(told_by() if told_by else Posting.objects.none(), request).exclude(
        posting__state=DeliveryState.IGNORED
    )
    some: QuerySet[Any] = rows.order_by().values_list(Value(name), "posting")[: _MOST_OF_OTHERS + 1]
    return some


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
        return queryset.filter(titles_of(self.choice, request)) if self.choice else needing_action(queryset)


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
