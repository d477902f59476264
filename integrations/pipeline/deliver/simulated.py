"""Simulated: while nothing is sent for a company, who its new customers and suppliers may be in Kamino is looked up all
the same, by reading only: whom Kamino has more than once is said before anything is sent."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from integrations.domain.delivery import DeliveryState
from integrations.domain.reasons import Problem, Reason
from integrations.kamino.client import KaminoClient
from integrations.models import KaminoConnection, PersonPosting, Posting, Tenant, Title
from integrations.pipeline.access.clients import open_kamino
from integrations.pipeline.access.leases import is_free
from integrations.pipeline.deliver.persons import PersonDirectory, directory_of, who_it_may_be
from integrations.pipeline.handover.plan_requests import request_plans
from integrations.rest.errors import AmbiguousError, IncompleteError, InternalError, RejectedError

log = structlog.get_logger(__name__)


def persons_to_seek(kamino_connection: Any) -> QuerySet[PersonPosting]:
    """Return a company's persons that nobody looked for since a title of theirs was to be sent: few, and none when
    nothing is due, whatever else waits."""
    return PersonPosting.objects.filter(kamino_connection=kamino_connection, **PersonPosting.UNSOUGHT)


def kaminos_to_look_at(now: datetime, tenant_ids: Sequence[int] | None) -> QuerySet[KaminoConnection]:
    """Return the companies in simulation that have such persons."""
    kaminos = KaminoConnection.objects.filter(
        Exists(persons_to_seek(OuterRef("pk"))), is_free(now), tenant__delivery_mode=Tenant.DeliveryMode.SHADOW,
        tenant__is_active=True, is_paused=False, registers_read_at__isnull=False,
    )  # fmt: skip
    return kaminos if tenant_ids is None else kaminos.filter(tenant__in=tenant_ids)


def look_for_persons(kamino: KaminoConnection, *, clock: Callable[[], datetime], deadline: datetime) -> None:
    """Look for one leased company's persons until `deadline`. Raises `ApiError` kinds where Kamino cannot be asked; who
    was looked for is kept."""
    client, directory = open_kamino(kamino, clock=clock), directory_of(kamino)
    # Those of held titles only are not worth a request; the plan asks for them once a title is to be sent.
    sent_with = Posting.objects.filter(title__person=OuterRef("person"), state=DeliveryState.READY)
    persons_to_seek(kamino.pk).filter(~Exists(sent_with)).update(sought_at=clock())
    for row in persons_to_seek(kamino.pk).select_related("person").order_by("pk"):
        _look_for(client, row, directory, clock)
        if clock() >= deadline:
            return


def _look_for(
    client: KaminoClient, row: PersonPosting, directory: PersonDirectory, clock: Callable[[], datetime]
) -> None:
    why = None
    try:
        who_it_may_be(client, row, row.get_desired(), directory, clock)
    except AmbiguousError as error:
        why = Problem(Reason.AMBIGUOUS, {"ids": error.message})
    except (IncompleteError, RejectedError, InternalError) as error:
        # What Kamino shows of one person says nothing: that stops no other one, and its delivery will look again.
        log.warning("person not looked for", person=row.person_id, kind=error.kind, error=str(error))
    now = clock()
    with transaction.atomic():
        request_plans(Title.objects.filter(person=row.person_id) if why else Title.objects.none(), now=now)
        PersonPosting.objects.sought(row.pk, row.fence, why=why, now=now)
