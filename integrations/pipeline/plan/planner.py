"""Plan: compute what Kamino should hold for each title with a request, and whether anything is to be sent.

Locks the requests and the postings, reads the inputs after the lock, and deletes each request with its result: a
death in between forgets nothing, and nothing older overwrites newer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F, QuerySet

from integrations.domain.calendar import day_of
from integrations.domain.delivery import Operation, next_step
from integrations.domain.desired import DesiredTitle, KaminoStatus, desire
from integrations.domain.problems import Problem, ProblemCode
from integrations.models import Attempt, BlingConnection, ForcedSettlement, PlanRequest, Posting, Title
from integrations.models.deliveries import DeliveryState, Failure, Priority
from integrations.pipeline.access import failpoints
from integrations.pipeline.plan.inputs import Gathered, gather, read_for
from integrations.pipeline.plan.parts import lock_parts, plan_parts
from integrations.pipeline.plan.persons import kamino_of, plan_persons
from integrations.pipeline.plan.rulebook import load_rulebook

log = structlog.get_logger(__name__)

BATCH = 200
HISTORY_AGE = timedelta(days=7)
"""A title that was paid so long ago and is new to Kamino is history: nobody waits for it."""
_CONFLICTS = {ProblemCode.DELETED_IN_BLING, ProblemCode.CANCELLED_WITH_PAYMENT}


@dataclass(frozen=True)
class Decision:
    """Where a posting goes: its state, why (for needs_human), and how urgent it is."""

    state: str
    failure: str = ""
    priority: int = Priority.UPDATE


def plan_turn(
    *, clock: Callable[[], datetime], deadline: datetime, tenant_ids: Sequence[int] | None, for_people: bool = False
) -> bool:
    """Plan one batch of each connection that has requests, so that none waits for all of another's; false when none
    has. The one that waited longest comes first: a deadline that lets few through lets others through the next time.
    `for_people`: only what people asked for. Titles whose Kamino was never read keep waiting."""
    requests = _requests(for_people)
    if tenant_ids is not None:
        requests = requests.filter(title__connection__tenant__in=tenant_ids)
    worked = False
    waiting = BlingConnection.objects.filter(pk__in=requests.order_by().values("title__connection"))
    turns = waiting.order_by(F("planned_at").asc(nulls_first=True), "pk").values_list("pk", flat=True)
    for connection_id in turns:
        now = clock()
        # Before the batch: one that fails must not keep the first place.
        BlingConnection.objects.filter(pk=connection_id).update(planned_at=now)
        worked |= plan_batch(connection_id, now=now, for_people=for_people) > 0
        if clock() >= deadline:
            break
    return worked


def _requests(for_people: bool) -> QuerySet[PlanRequest]:
    query = PlanRequest.objects.filter(title__connection__tenant__kamino_connection__registers_read_at__isnull=False)
    return query.filter(priority=Priority.PERSON) if for_people else query


def plan_batch(connection_id: int, *, now: datetime, for_people: bool = False, limit: int = BATCH) -> int:
    """Plan up to `limit` requested titles of a connection and return how many."""
    with transaction.atomic():
        requests = _lock_requests(connection_id, for_people, limit)
        failpoints.passed("plan.locked")
        titles = list(
            Title.objects.filter(pk__in=list(requests))
            .exclude(person__forgotten_at__isnull=False)  # what was erased must not be written over what Kamino has
            .select_related("person", "connection__tenant__kamino_connection")
            .prefetch_related("payments")
            .order_by("pk")
        )
        rulebooks = {title.connection_id: load_rulebook(title.connection) for title in _first_of_each(titles)}
        persons = plan_persons(titles, now)
        postings = _ensure_postings(titles, now)
        ForcedSettlement.objects.filter(posting__in=postings.values()).hand_over_above_limit()
        parts = lock_parts(postings.values())
        read = read_for(titles, postings.values())
        unresolved = set(
            Attempt.objects.filter(posting__in=postings.values(), outcome__in=Attempt.UNRESOLVED).values_list(
                "posting_id", flat=True
            )
        )
        for title in titles:
            posting, asked = postings[title.pk], requests[title.pk]
            try:
                found = gather(title, posting, rulebooks[title.connection_id], persons, read, parts[posting.pk])
                changes = _plan_title(posting, found, asked, now)
            except Exception as error:
                # A bug of ours on one title must not keep all the others from being planned.
                log.exception("plan crashed", title=title.pk)
                message = f"{type(error).__name__}"
                changes = {"state": DeliveryState.NEEDS_HUMAN, "failure": Failure.INTERNAL, "message": message}
            if posting.pk in unresolved and changes["state"] in (DeliveryState.HELD, DeliveryState.DELIVERED):
                # Whatever Bling says now, nobody knows what Kamino holds: that stays a person's question.
                changes |= {
                    "state": DeliveryState.NEEDS_HUMAN,
                    "failure": Failure.UNCERTAIN,
                    "message": posting.message,
                }
            Posting.objects.plan(posting.pk, **changes)
        PlanRequest.objects.filter(pk__in=list(requests)).delete()
        failpoints.passed("plan.computed")
    failpoints.passed("plan.saved")
    return len(requests)


def _lock_requests(connection_id: int, for_people: bool, limit: int) -> dict[int, int | None]:
    query = _requests(for_people).filter(title__connection=connection_id)
    rows = query.select_for_update(skip_locked=True, of=("self",)).order_by("priority", "asked_at", "pk")
    return {row.title_id: row.priority for row in rows[:limit]}


def _first_of_each(titles: Sequence[Title]) -> list[Title]:
    return list({title.connection_id: title for title in titles}.values())


def _ensure_postings(titles: Sequence[Title], now: datetime) -> dict[int, Posting]:
    Posting.objects.bulk_create(
        [
            Posting(
                title=title, kamino_connection=kamino_of(title), direction=title.direction, ready_at=now, planned_at=now
            )
            for title in titles
        ],
        ignore_conflicts=True,
    )
    rows = Posting.objects.select_for_update(of=("self",)).filter(title__in=titles).order_by("pk")
    return {row.title_id: row for row in rows}


def _plan_title(posting: Posting, gathered: Gathered, asked: int | None, now: datetime) -> dict[str, Any]:
    """Store the title's parts; return what to store of its own plan: its state, and everything that goes with it."""
    inputs = gathered.inputs
    desired, found = desire(inputs, gathered.problems)
    plan_parts(posting, gathered.parts, gathered.bodies(desired), asked=asked, now=now)
    decision, found = _decide(
        posting, desired, found, inputs.delivered, day_of(now), asked_by_person=asked == Priority.PERSON
    )
    fingerprint = desired.fingerprint if desired else ""
    changes: dict[str, Any] = {"failure": decision.failure, "failure_code": "", "priority": decision.priority}
    if asked == Priority.PERSON:
        changes["priority"] = Priority.PERSON
    if fingerprint != posting.desired_fingerprint or asked == Priority.PERSON:
        changes |= {"tries": 0, "ready_at": now, "message": ""}
    if decision.state == DeliveryState.NEEDS_HUMAN and not decision.failure:
        changes |= {"failure": posting.failure, "failure_code": posting.failure_code}
    elif decision.state == DeliveryState.DELIVERED:
        changes["message"] = ""
    return {
        "state": decision.state,
        "desired": desired.to_json() if desired else None,
        "desired_fingerprint": fingerprint,
        "problems": [problem.to_json() for problem in found],
        "due_date": inputs.title.due_date,
        "rule": inputs.classification.rule,
        "planned_at": now,
        **changes,
    }


def _decide(
    posting: Posting,
    desired: DesiredTitle | None,
    problems: list[Problem],
    delivered: DesiredTitle | None,
    today: date,
    *,
    asked_by_person: bool,
) -> tuple[Decision, list[Problem]]:
    if desired is None:
        conflict = any(problem.code in _CONFLICTS for problem in problems)
        state = DeliveryState.NEEDS_HUMAN if conflict else DeliveryState.HELD
        return Decision(state, Failure.CONFLICT if conflict else ""), problems
    step = next_step(desired, delivered)
    if step.conflict is not None:
        problems = [*problems, _as_it_came_about(posting, step.conflict)]
        frozen = step.conflict.code is ProblemCode.FROZEN_AFTER_SETTLEMENT
        if frozen:
            return Decision(DeliveryState.DELIVERED), problems
        return Decision(DeliveryState.NEEDS_HUMAN, Failure.CONFLICT), problems
    if step.operation is None:
        return Decision(DeliveryState.DELIVERED), problems
    stays = (
        posting.state == DeliveryState.NEEDS_HUMAN
        and posting.desired_fingerprint == desired.fingerprint
        and not asked_by_person
    )
    state = DeliveryState.NEEDS_HUMAN if stays else DeliveryState.READY
    return Decision(state, "", _priority(step.operation, desired, today)), problems


def _as_it_came_about(posting: Posting, conflict: Problem) -> Problem:
    """A settlement that we never sent was not reversed: Kamino paid first, and nobody must undo that."""
    if conflict.code is not ProblemCode.REVERSED_AFTER_SETTLEMENT or posting.attempts.filter(settles=True).exists():
        return conflict
    return Problem(ProblemCode.PAID_IN_KAMINO_FIRST)


def _priority(operation: Operation, desired: DesiredTitle, today: date) -> int:
    if operation in (Operation.SETTLE, Operation.CANCEL):
        return Priority.SETTLEMENT
    if operation is Operation.UPDATE:
        return Priority.UPDATE
    is_history = (
        desired.status is KaminoStatus.SETTLED
        and desired.payment is not None
        and today - desired.payment.date > HISTORY_AGE
    )
    return Priority.HISTORY if is_history else Priority.NEW
