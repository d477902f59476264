"""Ready: what may be sent to Kamino now, and which of it goes first."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db.models import DateTimeField, Exists, ExpressionWrapper, Min, OuterRef, Q, QuerySet, Subquery, Value

from integrations.domain.delivery import DeliveryState
from integrations.domain.reasons import Reason
from integrations.models import (
    DELIVERY_UNITS,
    KaminoConnection,
    PartPosting,
    PersonPosting,
    Posting,
    Tenant,
    WakeUpKind,
)
from integrations.models.deliveries import MAY_END_THERE
from integrations.models.outbox import Priority
from integrations.models.subqueries import has_any
from integrations.models.title_lists import of_waiting_lists
from integrations.pipeline.access.leases import CONFIG_PAUSE, is_free, taken_slots
from integrations.pipeline.handover.wake_ups import Moments, Rhythm, next_after_calls

Unit = Posting | PersonPosting | PartPosting
KNOWN_FOR = timedelta(hours=48)
"""How long a reconciliation is believed; a new one is due every day and goes first when it is late."""


def ready_postings(now: datetime) -> QuerySet[Posting]:
    """Return postings that may be sent now: no input changed since their plan, and their person is in Kamino, or can be
    sent first."""
    return (
        Posting.objects.due(DeliveryState.READY, now)
        .filter(Posting.may_be_claimed(), _list_may_be_tried(now))
        .exclude(desired_fingerprint="")
        .filter(
            Posting.IS_LEFT
            | Q(title__person__posting__kamino_id__isnull=False)
            | Q(title__person__posting__state=DeliveryState.READY, title__person__posting__ready_at__lte=now)
        )
    )


def ready_persons(now: datetime) -> QuerySet[PersonPosting]:
    """Return persons that are in Kamino and changed; new ones are sent when a title needs them."""
    ready = PersonPosting.objects.due(DeliveryState.READY, now).filter(kamino_id__isnull=False)
    return ready.exclude(desired_fingerprint="")


def ready_parts(now: datetime) -> QuerySet[PartPosting]:
    """Return parts that may be sent now: the title they are taken from is in Kamino as it should be, without them."""
    parts = PartPosting.objects.due(DeliveryState.READY, now)
    return parts.filter(PartPosting.may_be_claimed(), _list_may_be_tried(now))


def _list_may_be_tried(now: datetime) -> Q:
    """Leave a list that failed alone for a while: everything of its direction would ask for it. What a person ordered
    since it failed tries it at once."""
    kaminos, ordered = KaminoConnection.objects, OuterRef("planned_at") + Value(CONFIG_PAUSE)
    failed_since = of_waiting_lists(kaminos, ExpressionWrapper(ordered, DateTimeField()))
    return ~of_waiting_lists(kaminos, now) | (Q(priority=Priority.PERSON) & ~failed_since)


def stuck_postings(now: datetime) -> QuerySet[Posting]:
    """Return the stuck titles that are to be looked at in Kamino now: what their writes did there is known."""
    rows = Posting.objects.filter(MAY_END_THERE, ready_at__lte=now, kamino_id__isnull=False, delivered__isnull=False)
    return rows.filter(Posting.may_be_claimed(), _list_may_be_tried(now), ~Exists(Posting.unresolved()))


def stuck_persons(now: datetime) -> QuerySet[PersonPosting]:
    """Return the persons whom Kamino had more than once, and who are to be looked up again now."""
    rows = PersonPosting.objects.filter(
        state=DeliveryState.NEEDS_HUMAN, reason=Reason.AMBIGUOUS, kamino_id=None, ready_at__lte=now
    )
    return rows.filter(~Exists(PersonPosting.unresolved()))


def live_kaminos(now: datetime) -> QuerySet[KaminoConnection]:
    """Return the companies to which anything may be sent now: they were reconciled recently."""
    return KaminoConnection.objects.filter(
        tenant__delivery_mode=Tenant.DeliveryMode.LIVE, tenant__is_active=True, is_paused=False,
        reconciled_at__gte=now - KNOWN_FOR,
    )  # fmt: skip


def kaminos_with_work(
    now: datetime, tenant_ids: Sequence[int] | None, *, for_people: bool = False
) -> QuerySet[KaminoConnection]:
    """Return the live companies that have something to send or to look up.

    `for_people`: only those with a title that a person asked for.
    """
    mine = {"kamino_connection": OuterRef("pk")}
    asked = {"priority": Priority.PERSON, **mine}
    has_work = has_any(ready_postings(now).filter(**asked)) | has_any(ready_parts(now).filter(**asked))
    if not for_people:
        has_work = has_any(ready_postings(now).filter(**mine)) | has_any(ready_parts(now).filter(**mine))
        has_work |= has_any(ready_persons(now).filter(**mine))
        for model in DELIVERY_UNITS:
            has_work |= has_any(model.objects.due(DeliveryState.UNCERTAIN, now).filter(**mine))
        has_work |= has_any(stuck_postings(now).filter(**mine)) | has_any(stuck_persons(now).filter(**mine))
    query = live_kaminos(now).filter(has_work)
    if tenant_ids is not None:
        query = query.filter(tenant__in=tenant_ids)
    return query


def kaminos_to_serve(
    now: datetime, tenant_ids: Sequence[int] | None, *, for_people: bool = False
) -> QuerySet[KaminoConnection]:
    """Return the companies with work that nobody has a call in flight for; their slots may have to be waited for."""
    return kaminos_with_work(now, tenant_ids, for_people=for_people).filter(is_free(now))


def _with_free_slot(now: datetime, tenant_ids: Sequence[int] | None, *, for_people: bool) -> QuerySet[KaminoConnection]:
    return kaminos_to_serve(now, tenant_ids, for_people=for_people).exclude(has_any(taken_slots(now)))


def _next_deliveries(tenant_ids: Sequence[int], now: datetime, *, for_people: bool) -> Moments:
    """Return when something of some companies may be sent next: the slot, the end of a list's wait, or the moment of a
    unit itself."""
    live = live_kaminos(now).filter(tenant__in=tenant_ids)
    with_slot = live.annotate(slot_at=Subquery(taken_slots(now).values("next_at")))
    kaminos = {kamino.pk: kamino for kamino in with_slot.order_by()}
    for kamino in kaminos.values():
        for at in (kamino.slot_at, kamino.payable_list_waits_until, kamino.receivable_list_waits_until):
            yield kamino.tenant_id, next_after_calls(kamino, now, at if at and at > now else None)
    for waiting in _waiting(for_people=for_people):
        mine = waiting.filter(kamino_connection__in=kaminos, ready_at__gt=now).order_by()
        for kamino_id, at in mine.values_list("kamino_connection").annotate(at=Min("ready_at")):
            yield kaminos[kamino_id].tenant_id, next_after_calls(kaminos[kamino_id], now, at)


def _waiting(*, for_people: bool) -> list[QuerySet[Any]]:
    """Return the units that something is done with at their moment, each kind from the index of its own."""
    asked = {"priority": Priority.PERSON} if for_people else {}
    units: list[QuerySet[Any]] = [Posting.objects.filter(**asked), PartPosting.objects.filter(**asked)]
    units.append(PersonPosting.objects.all())
    found = [rows.filter(state=state) for rows in units for state in (DeliveryState.READY, DeliveryState.UNCERTAIN)]
    stuck = PersonPosting.objects.filter(state=DeliveryState.NEEDS_HUMAN, reason=Reason.AMBIGUOUS)
    return [*found, Posting.objects.filter(MAY_END_THERE, **asked), stuck]


DELIVER, PEOPLE_DELIVER = (
    Rhythm(
        kind, partial(_with_free_slot, for_people=for_people), "tenant",
        partial(_next_deliveries, for_people=for_people), is_leased=True,
    )
    for kind, for_people in ((WakeUpKind.DELIVER, False), (WakeUpKind.PEOPLE_DELIVER, True))
)  # fmt: skip


def next_posting(kamino: KaminoConnection, now: datetime) -> Posting | None:
    """Return the most urgent posting of a company."""
    query = ready_postings(now).filter(kamino_connection=kamino).order_by("priority", "due_date", "pk")
    return query.select_related("title__person__posting").first()


def next_stuck(kamino: KaminoConnection, now: datetime) -> Posting | None:
    """Return the stuck title of a company that waited longest for a look."""
    return stuck_postings(now).filter(kamino_connection=kamino).order_by("ready_at", "pk").first()


def next_stuck_person(kamino: KaminoConnection, now: datetime) -> PersonPosting | None:
    """Return the stuck person of a company that waited longest for a look."""
    stuck = stuck_persons(now).filter(kamino_connection=kamino).select_related("person")
    return stuck.order_by("ready_at", "pk").first()


def next_person(kamino: KaminoConnection, now: datetime) -> PersonPosting | None:
    """Return a changed person of a company."""
    return (
        ready_persons(now).filter(kamino_connection=kamino).select_related("person").order_by("ready_at", "pk").first()
    )


def next_part(kamino: KaminoConnection, now: datetime) -> PartPosting | None:
    """Return the most urgent part of a company."""
    query = ready_parts(now).filter(kamino_connection=kamino).order_by("priority", "pk")
    return query.select_related("posting__title__person__posting").first()
