"""Claim: who is served next, and the intention written down before anything is sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from integrations.domain.delivery import DeliveryState, Operation
from integrations.models import (
    DELIVERY_UNITS,
    Attempt,
    KaminoConnection,
    PartPosting,
    PersonPosting,
    PlanRequest,
    Posting,
    Tenant,
)
from integrations.models.deliveries import Priority
from integrations.pipeline.access import failpoints
from integrations.pipeline.access.leases import LEASE, is_free

Unit = Posting | PersonPosting | PartPosting
_WORDS: dict[type[Unit], str] = {Posting: "title", PersonPosting: "person", PartPosting: "part"}
_TARGETS: dict[type[Unit], str] = {
    Posting: "posting", PersonPosting: "person_posting", PartPosting: "part_posting"
}  # fmt: skip
KNOWN_FOR = timedelta(hours=48)
"""How long a reconciliation tells what stands in Kamino; a new one is due every day and goes first when it is late."""


@dataclass
class Claimed:
    """One unit in state "sending": only the holder of its fence may record what came of it.

    `is_sent` turns true right before a write leaves: from then on every failure that Kamino did not itself declare
    means "outcome unknown".
    """

    unit: Unit
    attempt: Attempt
    fence: int
    is_sent: bool = False

    @property
    def word(self) -> str:
        return _WORDS[type(self.unit)]


def ready_postings(now: datetime) -> QuerySet[Posting]:
    """Return postings that may be sent now: no input changed since their plan, and their person is in Kamino, or can be
    sent first."""
    return (
        Posting.objects.filter(_is_planned(), state=DeliveryState.READY, ready_at__lte=now)
        .exclude(desired_fingerprint="")
        .filter(
            Q(title__person__posting__kamino_id__isnull=False)
            | Q(title__person__posting__state=DeliveryState.READY, title__person__posting__ready_at__lte=now)
        )
    )


def _is_planned() -> Q:
    """An open plan request means that what stands ready may no longer be wanted: a month was closed, say. No join, so
    that an UPDATE sees the row as it is once it has its lock."""
    return Q(~Exists(PlanRequest.objects.filter(title=OuterRef("title"))))


def ready_persons(now: datetime) -> QuerySet[PersonPosting]:
    """Return persons that are in Kamino and changed; new ones are sent when a title needs them."""
    ready = PersonPosting.objects.filter(state=DeliveryState.READY, ready_at__lte=now, kamino_id__isnull=False)
    return ready.exclude(desired_fingerprint="")


def ready_parts(now: datetime) -> QuerySet[PartPosting]:
    """Return parts that may be sent now: the title they are taken from stands in Kamino as it should, without them."""
    return PartPosting.objects.filter(_may_follow(), state=DeliveryState.READY, ready_at__lte=now)


def _may_follow() -> Q:
    """Kamino must never show more than the title's value, so the title falls first. No join: see `_is_planned`."""
    waits = PlanRequest.objects.filter(title__posting=OuterRef("posting"))
    fallen = Posting.objects.filter(
        pk=OuterRef("posting"), state=DeliveryState.DELIVERED, kamino_id__isnull=False,
        delivered_fingerprint=F("desired_fingerprint"),
    )  # fmt: skip
    return Q(~Exists(waits), Exists(fallen))


def uncertain_units(model: type[Unit], now: datetime) -> QuerySet[Any]:
    """Return units whose last write has to be looked up now."""
    return model.objects.filter(state=DeliveryState.UNCERTAIN, ready_at__lte=now)


def live_kaminos(now: datetime) -> QuerySet[KaminoConnection]:
    """Return the companies to which anything may be sent now: what stands there already was looked at lately."""
    live = KaminoConnection.objects.filter(
        tenant__delivery_mode=Tenant.DeliveryMode.LIVE, tenant__is_active=True, is_paused=False,
        reconciled_at__gte=now - KNOWN_FOR,
    )  # fmt: skip
    return live.defer(*KaminoConnection.SECRETS)


def kaminos_with_work(
    now: datetime, tenant_ids: Sequence[int] | None, *, for_people: bool = False
) -> QuerySet[KaminoConnection]:
    """Return the live companies that have something to send or to look up.

    `for_people`: only those with a title that a person asked for.
    """
    mine = {"kamino_connection": OuterRef("pk")}
    asked = {"priority": Priority.PERSON, **mine}
    has_work = Q(Exists(ready_postings(now).filter(**asked))) | Q(Exists(ready_parts(now).filter(**asked)))
    if not for_people:
        has_work = Q(Exists(ready_postings(now).filter(**mine))) | Q(Exists(ready_parts(now).filter(**mine)))
        has_work |= Q(Exists(ready_persons(now).filter(**mine)))
        for model in DELIVERY_UNITS:
            has_work |= Q(Exists(uncertain_units(model, now).filter(**mine)))
    query = live_kaminos(now).filter(has_work)
    if tenant_ids is not None:
        query = query.filter(tenant__in=tenant_ids)
    return query


def kaminos_to_serve(
    now: datetime, tenant_ids: Sequence[int] | None, *, for_people: bool = False
) -> QuerySet[KaminoConnection]:
    """Return the companies with work that nobody has a call in flight for; their slots may have to be waited for."""
    return kaminos_with_work(now, tenant_ids, for_people=for_people).filter(is_free(now))


def claim(unit: Unit, operation: Operation, *, settles: bool, now: datetime) -> Claimed | None:
    """Move a ready unit to "sending" and write the intention, in one transaction.

    `None` if somebody was faster, the wish changed or is to be planned again, or an earlier write has to be looked up
    first.
    """
    model = type(unit)
    unresolved = Attempt.objects.filter(outcome__in=Attempt.UNRESOLVED)
    with transaction.atomic():
        units = model.objects.exclude(Exists(unresolved.filter(**{_TARGETS[model]: OuterRef("pk")})))
        if not isinstance(unit, PersonPosting):
            units = units.filter(_is_planned() if isinstance(unit, Posting) else _may_follow())
        if not units.begin_sending(unit.pk, unit.fence, desired=unit.desired_fingerprint, lease_until=now + LEASE):
            if unresolved.filter(**{_TARGETS[model]: unit}).exists():
                model.objects.look_up_first(unit.pk, unit.fence, now=now)
            return None
        attempt = Attempt.objects.create(
            kamino_connection_id=unit.kamino_connection_id,
            operation=operation,
            settles=settles,
            body=unit.desired,
            fingerprint=unit.desired_fingerprint,
            fence=unit.fence + 1,
            started_at=now,
            **{_TARGETS[model]: unit},
        )
    unit.fence += 1
    unit.tries += 1
    claimed = Claimed(unit, attempt, unit.fence)
    failpoints.passed(f"{claimed.word}.claimed")
    return claimed


def next_posting(kamino: KaminoConnection, now: datetime) -> Posting | None:
    """Return the most urgent posting of a company."""
    query = ready_postings(now).filter(kamino_connection=kamino).order_by("priority", "due_date", "pk")
    return query.select_related("title__person__posting").first()


def next_person(kamino: KaminoConnection, now: datetime) -> PersonPosting | None:
    """Return a changed person of a company."""
    return (
        ready_persons(now).filter(kamino_connection=kamino).select_related("person").order_by("ready_at", "pk").first()
    )


def next_part(kamino: KaminoConnection, now: datetime) -> PartPosting | None:
    """Return the most urgent part of a company."""
    query = ready_parts(now).filter(kamino_connection=kamino).order_by("priority", "pk")
    return query.select_related("posting__title__person__posting").first()
