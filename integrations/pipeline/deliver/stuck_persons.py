"""Stuck persons: whom Kamino had more than once is looked up again there, and goes on once people merged them."""

from datetime import timedelta

import structlog
from django.db import transaction

from integrations.domain.reasons import Problem, Reason
from integrations.kamino.client import KaminoClient
from integrations.models import PersonPosting
from integrations.models.outbox import FIRST_LOOK
from integrations.pipeline.deliver.persons import PersonDirectory, who_it_may_be
from integrations.pipeline.handover.plan_requests import request_plans
from integrations.pipeline.outbox.destination import Clock
from integrations.pipeline.outbox.record import look_after
from integrations.rest.errors import AmbiguousError, ApiError, RateLimitedError

log = structlog.get_logger(__name__)


def look_at_stuck_person(client: KaminoClient, row: PersonPosting, directory: PersonDirectory, *, clock: Clock) -> None:
    """Look a stuck person up in Kamino: let it go on where it is one by now, or nobody."""
    why, wait = Problem(Reason.AMBIGUOUS, row.reason_params), FIRST_LOOK
    try:
        who_it_may_be(client, row, row.get_desired(), directory, clock)
    except AmbiguousError as error:
        why = Problem(Reason.AMBIGUOUS, {"ids": error.message})
        wait = look_after(row.reason_since, clock())
    except ApiError as error:
        log.warning("stuck person not looked at", person=row.person_id, error=str(error))
        wait = timedelta(seconds=error.seconds) if isinstance(error, RateLimitedError) else FIRST_LOOK
    else:
        now = clock()
        with transaction.atomic():
            request_plans(row.to_plan_when_stuck(), now=now)  # first: planning locks in the same order
            PersonPosting.objects.go_on(row.pk, row.fence, wanted=row.desired_fingerprint, now=now)
        return
    PersonPosting.objects.look_later(row.pk, row.fence, why=why, now=clock(), ready_at=clock() + wait)
