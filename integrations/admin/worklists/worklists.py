"""Worklists: what needs action, by what has to be done about it, each with its mend."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import RadioFilter

from integrations.domain.discrepancies import RISKS
from integrations.domain.problems import BANK_CODES, NAME_CODES, ProblemCode
from integrations.domain.titles import UNSETTLED
from integrations.models import Discrepancy, ForcedSettlement, Posting
from integrations.models.deliveries import MAY_NEED_ACTION, DeliveryState, Failure
from integrations.models.problem_queries import LACKS_ANY, has_problem
from integrations.pipeline.report.needs_action import WAITING_FOR_A_PERSON, needing_action

_PERSONS = (ProblemCode.PERSON_MISSING, ProblemCode.PERSON_UNREAD, ProblemCode.PERSON_REFUSED)
_INVALID = (
    ProblemCode.INVALID_DOCUMENT, ProblemCode.DUE_DATE_MISSING, ProblemCode.VALUE_NOT_POSITIVE,
    ProblemCode.STATUS_UNKNOWN, ProblemCode.STATUS_RETURNED,
)  # fmt: skip
_PAYMENTS = (
    ProblemCode.PARTIALLY_PAID, ProblemCode.PAYMENTS_SEVERAL, ProblemCode.PAYMENTS_MISSING,
    ProblemCode.PAYMENT_AMBIGUOUS, ProblemCode.PAYMENTS_DO_NOT_ADD_UP, ProblemCode.PART_REVERSED,
    ProblemCode.PART_DIFFERS, ProblemCode.PART_STUCK, ProblemCode.SPLIT_NOT_PROVED,
)  # fmt: skip
_CLOSED = (ProblemCode.CLOSED_PERIOD, ProblemCode.CLOSED_PERIOD_FOR_PARTS)
_SHOWN_ELSEWHERE = {*NAME_CODES, *BANK_CODES, *_PERSONS, *_INVALID, *_PAYMENTS, *_CLOSED}
_CONFLICTS = [code for code in WAITING_FOR_A_PERSON if code not in _SHOWN_ELSEWHERE]
_STUCK = Q(state=DeliveryState.NEEDS_HUMAN)


@dataclass(frozen=True)
class Worklist:
    """Titles that the same deed mends. `page` is the name of the admin page for it, "" for the list's own actions."""

    label: Any
    mend: Any
    titles: Callable[[], Q]
    page: str = ""


def _at_risk() -> Q:
    open_risks = Discrepancy.objects.filter(kind__in=RISKS, closed_at=None)
    return Q(pk__in=open_risks.order_by().values("posting"))


def _to_approve() -> Q:
    return Q(pk__in=ForcedSettlement.objects.awaiting().order_by().values("posting"))


def _forced() -> Q:
    orders = ForcedSettlement.objects.in_force().filter(posting__title__status__in=UNSETTLED)
    return Q(pk__in=orders.order_by().values("posting"))


WORKLISTS: dict[str, Worklist] = {
    "risk": Worklist(
        gettext_lazy("Risk of double payment"),
        gettext_lazy("Stop one of the two payments before its due date. It closes by itself once both sides agree."),
        _at_risk, "integrations_discrepancy_changelist",
    ),
    "classification": Worklist(
        gettext_lazy("Awaiting classification"),
        gettext_lazy("Classify the names in the De/Para; every title of a name follows by itself."),
        lambda: LACKS_ANY, "integrations_mapping_changelist",
    ),
    "person": Worklist(
        gettext_lazy("Awaiting the person"),
        gettext_lazy("Correct the customer or supplier in Bling or Kamino, then choose “Resync”."),
        lambda: has_problem(_PERSONS), "integrations_person_changelist",
    ),
    "release": Worklist(
        gettext_lazy("Awaiting release"),
        gettext_lazy("Nothing is to be done: it is sent once the invoice is issued, as the company chose."),
        lambda: has_problem([ProblemCode.AWAITING_RELEASE]),
    ),
    "unconfirmed": Worklist(
        gettext_lazy("Sent without confirmation"),
        gettext_lazy("Look in Kamino whether it is there, then open the title and choose “Decide”."),
        lambda: Q(state=DeliveryState.UNCERTAIN) | (_STUCK & Q(failure=Failure.UNCERTAIN)),
    ),
    "conflict": Worklist(
        gettext_lazy("Conflicts"),
        gettext_lazy("Both sides differ. Open the title: “Decide”, “Link”, or correct one side and resync."),
        lambda: (_STUCK & Q(failure__in=[Failure.CONFLICT, Failure.AMBIGUOUS])) | has_problem(_CONFLICTS),
    ),
    "refused": Worklist(
        gettext_lazy("Refused by Kamino"),
        gettext_lazy("Correct what Kamino names, then choose “Send to Kamino again”."),
        lambda: _STUCK & Q(failure__in=[Failure.REJECTED, Failure.EXHAUSTED, Failure.INTERNAL, Failure.CONFIG]),
    ),
    "partial": Worklist(
        gettext_lazy("Partial and unclear payments"),
        gettext_lazy("Correct the payments in Bling and resync, or force the settlement of one title."),
        lambda: has_problem(_PAYMENTS),
    ),
    "forced": Worklist(
        gettext_lazy("Forced settlements not confirmed"),
        gettext_lazy("Pay the title in Bling too, or undo the forced settlement."),
        _forced, "integrations_forcedsettlement_changelist",
    ),
    "approval": Worklist(
        gettext_lazy("Forced settlements to approve"),
        gettext_lazy("Somebody else than who ordered them approves or refuses them, several at once if need be."),
        _to_approve, "integrations_forcedsettlement_changelist",
    ),
    "invalid": Worklist(
        gettext_lazy("Invalid CPF/CNPJ or data"),
        gettext_lazy("Correct it in Bling, then choose “Resync”."),
        lambda: has_problem(_INVALID),
    ),
    "closed": Worklist(
        gettext_lazy("Closed month"),
        gettext_lazy("Open the month again at the company, or choose “Do not sync”."),
        lambda: has_problem(_CLOSED),
    ),
}  # fmt: skip


_FROM_OTHER_TABLES = ("risk", "forced", "approval")


def titles_of(worklist: str) -> Q:
    """Return the condition for the postings of a worklist; what a person took out of the sync is in none."""
    return ~Q(state=DeliveryState.IGNORED) & WORKLISTS[worklist].titles()


def counted(postings: QuerySet[Posting], request: HttpRequest) -> list[dict[str, Any]]:
    """Return each worklist with how many titles are in it, those with any first."""
    inside = [name for name in WORKLISTS if name not in _FROM_OTHER_TABLES]
    rows = postings.filter(MAY_NEED_ACTION).order_by()
    numbers = rows.aggregate(**{name: Count("pk", filter=titles_of(name)) for name in inside})
    listed = (postings.filter(titles_of(name)).order_by() for name in _FROM_OTHER_TABLES)
    first, *others = (rows.values_list(Value(name)) for name, rows in zip(_FROM_OTHER_TABLES, listed, strict=True))
    numbers = Counter(numbers) + Counter(name for (name,) in first.union(*others, all=True))
    query = request.GET.copy()
    found = []
    for name, worklist in WORKLISTS.items():
        query[WorklistFilter.parameter_name] = name
        found.append({"label": worklist.label, "count": numbers[name], "url": f"?{query.urlencode()}"})
    return found


def chosen(request: HttpRequest) -> tuple[Worklist | None, str]:
    """Return the worklist that a list shows, and the address where its titles are mended, "" for none."""
    worklist = WORKLISTS.get(request.GET.get(WorklistFilter.parameter_name, ""))
    return worklist, reverse(f"admin:{worklist.page}") if worklist and worklist.page else ""


class WorklistFilter(RadioFilter):  # type: ignore[misc]
    """Without a choice: everything that only a person can move on."""

    title = gettext_lazy("worklist")
    parameter_name = "worklist"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, worklist.label) for name, worklist in WORKLISTS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(titles_of(self.value())) if self.value() in WORKLISTS else needing_action(queryset)


class ResponsibleFilter(RadioFilter):  # type: ignore[misc]
    """Whose titles: one's own, or nobody's yet."""

    title = gettext_lazy("responsible")
    parameter_name = "responsible"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("me", gettext_lazy("Mine")), ("nobody", gettext_lazy("Nobody’s"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "me":
            return queryset.filter(follow_up__responsible=request.user.pk)
        return queryset.filter(follow_up__responsible=None) if self.value() == "nobody" else queryset
