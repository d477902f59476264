"""What waits for a person: the same for the list "Requer ação", for the overview and for mails."""

from django.db.models import Q, QuerySet

from integrations.domain.delivery import DeliveryState
from integrations.domain.reasons import Holds, Problem, Reason
from integrations.models import Posting
from integrations.models.deliveries import MAY_NEED_ACTION
from integrations.models.problem_queries import has_problem

WAITING_FOR_A_PERSON = [
    code for code in Reason if Problem(code).needs_human and Problem(code).holds is not Holds.NOTHING
]


def needing_action(postings: QuerySet[Posting]) -> QuerySet[Posting]:
    """Return the postings that only a person can move on."""
    stuck = Q(state__in=[DeliveryState.NEEDS_HUMAN, DeliveryState.UNCERTAIN])
    waiting = ~Q(problems=[]) & ~Q(state=DeliveryState.IGNORED) & has_problem(WAITING_FOR_A_PERSON)
    return postings.filter(MAY_NEED_ACTION, stuck | waiting)
