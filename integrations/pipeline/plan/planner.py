"""Plan: compute what Kamino should hold for each title with a request, and whether anything is to be sent.

Locks the requests and the postings, reads the inputs after the lock, and deletes each request with its result: a
death in between forgets nothing, and nothing older overwrites newer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet

from integrations.domain.calendar import day_of
from integrations.domain.conflicts import GONE
from integrations.domain.delivery import IN_FLIGHT, DeliveryState, Operation, Outcome, next_step
from integrations.domain.desired import DesiredTitle, KaminoStatus, desire
from integrations.domain.reasons import LOST_ANSWERS, Problem, Reason, with_since
from integrations.domain.titles import NOT_OWED, Direction
from integrations.models import (
    Attempt,
    BlingConnection,
    ForcedSettlement,
    KaminoConnection,
    PlanRequest,
    Posting,
    Title,
    WakeUpKind,
)
from integrations.models.outbox import NO_REASON, Priority, stored
from integrations.models.subqueries import has_any
from integrations.pipeline.access import failpoints
from integrations.pipeline.access.error_texts import crash
from integrations.pipeline.handover import payment_checks
from integrations.pipeline.handover.wake_ups import Rhythm
from integrations.pipeline.plan.inputs import Gathered, gather, read_for
from integrations.pipeline.plan.parts import lock_parts, plan_parts
from integrations.pipeline.plan.persons import kamino_of, plan_persons, seek_again
from integrations.pipeline.plan.rulebook import load_rulebook

log = structlog.get_logger(__name__)

BATCH = 200
HISTORY_AGE = timedelta(days=7)
"""A title that was paid so long ago and is new to Kamino is history: nobody waits for it."""
_CONFLICTS = {Reason.DELETED_IN_BLING, Reason.CANCELLED_WITH_PAYMENT}


@dataclass(frozen=True)
class Decision:
    """Where a posting goes: its state, why (where a person is needed), and how urgent it is."""

    state: str
    why: Problem | None = None
    priority: int = Priority.UPDATE


def plan_turn(
    *, clock: Callable[[], datetime], deadline: datetime, tenant_ids: Sequence[int] | None, for_people: bool = False
) -> bool:
    """Plan one batch of each connection that has requests, so that none waits for all of another's; false when none
    has. The one that waited longest comes first: a deadline that lets few through lets others through the next time.
    `for_people`: only what people asked for. Titles whose Kamino was never read keep waiting."""
    worked = False
    waiting = connections_to_plan(tenant_ids, for_people=for_people)
    turns = waiting.order_by(F("planned_at").asc(nulls_first=True), "pk").values_list("pk", flat=True)
    for connection_id in turns:
        try:
            worked |= plan_batch(connection_id, clock=clock, for_people=for_people) > 0
        except Exception:
            _note_planned(connection_id, clock())  # one that fails must not keep the first place
            raise
        if clock() >= deadline:
            break
    return worked


def connections_to_plan(tenant_ids: Sequence[int] | None, *, for_people: bool) -> QuerySet[BlingConnection]:
    """Return the connections with requests that can be planned."""
    mine = _requests(for_people=for_people).filter(connection=OuterRef("pk"))
    has_requests = has_any(mine, "priority", "asked_at", "pk")
    known = BlingConnection.objects.filter(has_requests, tenant__kamino_connection__registers_read_at__isnull=False)
    return known if tenant_ids is None else known.filter(tenant__in=tenant_ids)


def _requests(*, for_people: bool) -> QuerySet[PlanRequest]:
    return PlanRequest.objects.filter(priority=Priority.PERSON) if for_people else PlanRequest.objects.all()


def _to_plan(now: datetime, tenant_ids: Sequence[int] | None, *, for_people: bool) -> QuerySet[BlingConnection]:
    return connections_to_plan(tenant_ids, for_people=for_people)


PLAN, PEOPLE_PLAN = (
    Rhythm(kind, partial(_to_plan, for_people=for_people), "tenant", lambda _tenants, _now: ())
    for kind, for_people in ((WakeUpKind.PLAN, False), (WakeUpKind.PEOPLE_PLAN, True))
)


def plan_batch(
    connection_id: int, *, clock: Callable[[], datetime], for_people: bool = False, limit: int = BATCH
) -> int:
    """Plan up to `limit` requested titles of a connection and return how many."""
    with transaction.atomic():
        requests = _lock_requests(connection_id, for_people, limit)
        if not requests:
            return 0
        # After the lock: a review that saw no request ran before this moment (`compare.discrepancies`).
        now = clock()
        failpoints.passed("plan.locked")
        titles = list(
            Title.objects.filter(pk__in=list(requests))
            .exclude(person__forgotten_at__isnull=False)  # what was erased must not be written over what Kamino has
            .select_related("person", "payment_check", "connection__tenant__kamino_connection")
            .prefetch_related("payments")
            .order_by("pk")
        )
        rulebooks = {title.connection_id: load_rulebook(title.connection) for title in _first_of_each(titles)}
        asked_for = {title.person_id for title in titles if requests[title.pk] == Priority.PERSON}
        persons = plan_persons(titles, now, {pk for pk in asked_for if pk is not None})
        known = _lock_postings(titles)
        postings = known | _add_postings([title for title in titles if title.pk not in known], now)
        over = [row.pk for title in titles if (row := known.get(title.pk)) and _needs_no_settlement(title, row)]
        if over:
            ForcedSettlement.objects.filter(posting__in=over).end_awaiting(now)
        orders = ForcedSettlement.objects.in_force().filter(posting__in=known.values()).select_related("account")
        if orders and orders.hand_over_above_limit():
            orders = orders.all()
        parts = lock_parts(known.values())
        read = read_for(titles, orders)
        unresolved = set(
            Attempt.objects.filter(posting__in=known.values(), outcome__in=Attempt.UNRESOLVED).values_list(
                "posting_id", flat=True
            )
        )
        unsettled, simulated = [], set[int | None]()
        for title in titles:
            posting, asked = postings[title.pk], requests[title.pk]
            try:
                found = gather(title, posting, rulebooks[title.connection_id], persons, read, parts[posting.pk])
                changes = _plan_title(posting, found, asked, now)
                if hasattr(title, "payment_check") and not found.settles:
                    unsettled.append(title.pk)
            except Exception as error:
                # A bug of ours on one title must not keep all the others from being planned.
                log.exception("plan crashed", title=title.pk)
                why = Problem(Reason.INTERNAL, crash(error))
                changes = {"state": DeliveryState.NEEDS_HUMAN, **stored(why, now)}
            if posting.pk in unresolved and changes["state"] in (DeliveryState.HELD, DeliveryState.DELIVERED):
                # Whatever Bling says now, nobody knows what Kamino holds: that stays a person's question.
                changes |= {"state": DeliveryState.NEEDS_HUMAN, **stored(_question_of(posting), now)}
            elif posting.state == DeliveryState.NEEDS_HUMAN and posting.reason == Reason.NO_RECORD:
                changes |= {"state": DeliveryState.NEEDS_HUMAN, **stored(Problem(Reason.NO_RECORD), now)}
            Posting.objects.plan(posting.pk, **changes)
            becomes_ready = changes["state"] == DeliveryState.READY != posting.state
            if becomes_ready and not title.connection.tenant.is_live:
                simulated.add(title.person_id)
        seek_again(simulated)
        PlanRequest.objects.filter(pk__in=list(requests)).delete()
        payment_checks.drop(unsettled)
        _note_planned(connection_id, now)
        failpoints.passed("plan.computed")
    failpoints.passed("plan.saved")
    return len(requests)


def _note_planned(connection_id: int, now: datetime) -> None:
    BlingConnection.objects.filter(pk=connection_id).update(planned_at=now)


def _lock_requests(connection_id: int, for_people: bool, limit: int) -> dict[int, int | None]:
    # Asked once, and not for each request.
    is_known = KaminoConnection.objects.filter(tenant__bling_connections=connection_id, registers_read_at__isnull=False)
    query = _requests(for_people=for_people).filter(Exists(is_known), connection=connection_id)
    rows = query.select_for_update(skip_locked=True).order_by("priority", "asked_at", "pk")
    return {row.title_id: row.priority for row in rows[:limit]}


def _first_of_each(titles: Sequence[Title]) -> list[Title]:
    return list({title.connection_id: title for title in titles}.values())


def _lock_postings(titles: Sequence[Title]) -> dict[int, Posting]:
    rows = Posting.objects.select_for_update(of=("self",)).filter(title__in=titles).order_by("pk")
    return {row.title_id: row for row in rows.select_related("kamino_connection__tenant")}


def _add_postings(titles: Sequence[Title], now: datetime) -> dict[int, Posting]:
    """Add the postings of titles that are planned for the first time: nothing hangs on them yet. Nobody else can add
    one meanwhile: their requests are locked."""
    rows = Posting.objects.bulk_create(
        [
            Posting(
                title=title, kamino_connection=kamino_of(title), direction=title.direction, ready_at=now, planned_at=now
            )
            for title in titles
        ]
    )
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
    changes: dict[str, Any] = {"priority": Priority.PERSON if asked == Priority.PERSON else decision.priority}
    if not posting.wants(desired) or asked == Priority.PERSON:
        changes |= {"tries": 0, "ready_at": now, **NO_REASON}
    elif decision.state in (DeliveryState.HELD, DeliveryState.DELIVERED):
        changes |= NO_REASON
    elif fingerprint != posting.desired_fingerprint:
        changes["ready_at"] = now  # planned by another version than what waited
    if decision.why is not None:
        changes |= stored(decision.why, now)
    return {
        "state": decision.state,
        "desired": desired.to_json() if desired else None,
        "desired_fingerprint": fingerprint,
        "problems": with_since(found, posting.problems, now),
        "due_date": inputs.title.due_date,
        "rule": inputs.classification.rule,
        "planned_at": now,
        **({} if inputs.title.status not in NOT_OWED else Posting.FOUND),
        **posting.brought_up_to_date(desired),
        **changes,
    }


def _needs_no_settlement(title: Title, posting: Posting) -> bool:
    """Say whether nobody can settle a title by hand any more: it is not owed, or was settled or cancelled in Kamino."""
    sent = posting.get_delivered()
    return title.status in NOT_OWED or (sent is not None and sent.status is not KaminoStatus.PENDING)


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
        conflict = next((problem for problem in problems if problem.code in _CONFLICTS), None)
        return Decision(DeliveryState.NEEDS_HUMAN if conflict else DeliveryState.HELD, conflict), problems
    step = next_step(desired, delivered)
    if step.conflict is not None:
        conflict = _as_it_came_about(posting, step.conflict, desired, delivered)
        if conflict.code in _NOTED_AFTER_SETTLEMENT:
            compares = asked_by_person and _can_compare(posting)
            return Decision(DeliveryState.READY if compares else DeliveryState.DELIVERED), [*problems, conflict]
        return Decision(DeliveryState.NEEDS_HUMAN, conflict), [*problems, conflict]
    if step.operation is Operation.SETTLE and _may_be_paid_twice(posting, asked_by_person=asked_by_person):
        return Decision(DeliveryState.NEEDS_HUMAN, posting.get_reason(), Priority.SETTLEMENT), problems
    stays = posting.state == DeliveryState.NEEDS_HUMAN and posting.wants(desired) and not asked_by_person
    if step.operation is None and stays and posting.reason in GONE:
        return Decision(DeliveryState.NEEDS_HUMAN), problems
    if step.operation is None:
        compares = asked_by_person and posting.kamino_id is not None and _can_compare(posting)
        return Decision(DeliveryState.READY if compares else DeliveryState.DELIVERED), problems
    state = DeliveryState.NEEDS_HUMAN if stays else DeliveryState.READY
    return Decision(state, None, _priority(step.operation, desired, today)), problems


_NOTED_AFTER_SETTLEMENT = (
    Reason.FROZEN_AFTER_SETTLEMENT, Reason.VALUE_AFTER_SETTLEMENT, Reason.PAID_FROM_ANOTHER_ACCOUNT
)  # fmt: skip
"""What is said of a settled title, and keeps nothing back."""


def _may_be_paid_twice(posting: Posting, *, asked_by_person: bool) -> bool:
    """Say whether Kamino was about to pay what Bling shows as paid. Whatever changed in Bling since, that ends by a
    look at Kamino (`deliver/stuck`); and where Kamino paid it, by a person who saw that."""
    is_open = posting.reason == Reason.SCHEDULED
    is_open |= posting.reason == Reason.PAID_AS_SCHEDULED and not asked_by_person
    return posting.state == DeliveryState.NEEDS_HUMAN and is_open


def _can_compare(posting: Posting) -> bool:
    """Say whether what Kamino shows of a title can be read now: nothing is in simulation, and such titles are listed
    there."""
    kamino = posting.kamino_connection
    return kamino.tenant.is_live and kamino.has_list(Direction(posting.direction))


def _question_of(posting: Posting) -> Problem:
    """Return what a person is asked about a write whose outcome nobody knows."""
    if posting.state in IN_FLIGHT:
        return Problem(Reason.UNCONFIRMED)
    why = posting.get_reason()
    return why if why is not None and why.code in LOST_ANSWERS else Problem(Reason.OUTCOME_UNKNOWN)


_NOT_OURS = (*Attempt.NOT_WRITTEN, Outcome.ADOPTED)
"""How attempts ended that settled nothing."""


def _as_it_came_about(
    posting: Posting, conflict: Problem, desired: DesiredTitle, delivered: DesiredTitle | None
) -> Problem:
    """A settlement that we never sent was not reversed: Kamino paid first, and nobody must undo that. Nor is it another
    one where people chose another account for it."""
    settled = posting.attempts.filter(settles=True)
    if conflict.code is Reason.REVERSED_AFTER_SETTLEMENT and not settled.exists():
        return Problem(Reason.PAID_IN_KAMINO_FIRST)
    if conflict.code is not Reason.SETTLEMENT_DIFFERS or settled.exclude(outcome__in=_NOT_OURS).exists():
        return conflict
    theirs = delivered.payment if delivered else None
    if delivered is None or theirs is None or desired.payment is None:
        return conflict
    as_theirs = replace(desired, payment=replace(desired.payment, account=theirs.account))
    if as_theirs.payment != theirs:
        return conflict
    beside = next_step(as_theirs, delivered).conflict
    if beside is not None and beside.code is not Reason.FROZEN_AFTER_SETTLEMENT:
        return beside  # the value changed too: the account must not hide that
    return Problem(Reason.PAID_FROM_ANOTHER_ACCOUNT)


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
