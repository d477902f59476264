"""Plan: compute what Kamino should hold for each title with a request, and whether anything is to be sent.

Locks the requests and the postings, reads the inputs after the lock, and deletes each request with its result: a
death in between forgets nothing, and nothing older overwrites newer.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import QuerySet

from integrations.domain.calendar import day_of
from integrations.domain.classification import choose_bank_account, classify_title
from integrations.domain.delivery import Operation, next_step
from integrations.domain.desired import DesiredTitle, Forced, Inputs, KaminoStatus, desire
from integrations.domain.persons import desire_person
from integrations.domain.problems import Problem, ProblemCode
from integrations.domain.settlement import PaymentFacts, settle
from integrations.domain.titles import Direction, SalesOrderFacts, TitleStatus
from integrations.models import (
    Attempt,
    Bordero,
    ForcedSettlement,
    KaminoConnection,
    Person,
    PersonPosting,
    PlanRequest,
    Posting,
    Title,
)
from integrations.models.deliveries import DeliveryState, Failure, Priority
from integrations.models.registers import CatalogKind
from integrations.pipeline import milestones, orders
from integrations.pipeline.rulebook import Rulebook, load_rulebook

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


@dataclass(frozen=True)
class _Read:
    """What was read of Bling for a batch beside its titles, each by connection and id: the days of borderôs, and sales
    orders."""

    borderos: dict[tuple[int, int], date]
    orders: dict[tuple[int, int], SalesOrderFacts]


def plan_turn(
    *, clock: Callable[[], datetime], deadline: datetime, tenant_ids: Sequence[int] | None, for_people: bool = False
) -> bool:
    """Plan one batch of each connection that has requests, so that none waits for all of another's; false when none
    has. `for_people`: only what people asked for. Titles whose Kamino was never read keep waiting."""
    requests = _requests(for_people)
    if tenant_ids is not None:
        requests = requests.filter(title__connection__tenant__in=tenant_ids)
    worked = False
    for connection_id in requests.order_by().values_list("title__connection", flat=True).distinct():
        worked |= plan_batch(connection_id, now=clock(), for_people=for_people) > 0
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
        milestones.passed("plan.locked")
        titles = list(
            Title.objects.filter(pk__in=list(requests))
            .select_related("person", "connection__tenant__kamino_connection")
            .prefetch_related("payments")
            .order_by("pk")
        )
        rulebooks = {title.connection_id: load_rulebook(title.connection) for title in _first_of_each(titles)}
        persons = _plan_persons(titles, now)
        postings = _ensure_postings(titles, now)
        forced = {
            row.posting_id: row.to_forced()
            for row in ForcedSettlement.objects.in_force()
            .filter(posting__in=postings.values())
            .select_related("account")
        }
        read = _Read(_known_borderos(titles), orders.known_of(titles))
        unresolved = set(
            Attempt.objects.filter(posting__in=postings.values(), outcome__in=Attempt.UNRESOLVED).values_list(
                "posting_id", flat=True
            )
        )
        for title in titles:
            posting = postings[title.pk]
            try:
                inputs, problems = _gather(title, posting, rulebooks[title.connection_id], persons, read)
                changes = _plan_title(
                    posting, inputs, problems, forced.get(posting.pk), requests[title.pk], now,
                    is_deleted=title.status == TitleStatus.DELETED,
                    cancels_deleted=title.connection.tenant.cancel_deleted,
                )  # fmt: skip
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
        milestones.passed("plan.computed")
    milestones.passed("plan.saved")
    return len(titles)


def _lock_requests(connection_id: int, for_people: bool, limit: int) -> dict[int, int | None]:
    query = _requests(for_people).filter(title__connection=connection_id)
    rows = query.select_for_update(skip_locked=True, of=("self",)).order_by("priority", "asked_at", "pk")
    return {row.title_id: row.priority for row in rows[:limit]}


def _first_of_each(titles: Sequence[Title]) -> list[Title]:
    return list({title.connection_id: title for title in titles}.values())


def company_of(title: Title) -> KaminoConnection:
    company: KaminoConnection = title.connection.tenant.kamino_connection
    return company


def _plan_persons(titles: Sequence[Title], now: datetime) -> dict[int, PersonPosting]:
    """Plan the persons of some titles; a person is customer or supplier by the titles that name it."""
    companies = {title.person_id: company_of(title) for title in titles if title.person_id}
    directions: dict[int, set[str]] = defaultdict(set)
    pairs = Title.objects.filter(person__in=companies).values_list("person_id", "direction").distinct()
    for person_id, direction in pairs:
        directions[person_id].add(direction)
    PersonPosting.objects.bulk_create(
        [
            PersonPosting(person_id=pk, company=company, ready_at=now, planned_at=now)
            for pk, company in sorted(companies.items())
        ],
        ignore_conflicts=True,
    )
    rows = PersonPosting.objects.select_for_update(of=("self",)).filter(person__in=companies).order_by("pk")
    found = {row.person_id: row for row in rows.select_related("person", "person__connection")}
    for row in found.values():
        _plan_person(row, row.person, directions[row.person_id], now)
    return found


def _plan_person(row: PersonPosting, person: Person, directions: set[str], now: datetime) -> None:
    desired, problems = desire_person(
        person.to_facts(),
        is_customer=Direction.RECEIVABLE in directions,
        is_supplier=Direction.PAYABLE in directions,
        prefix=person.connection.code_prefix,
    )
    fingerprint = desired.fingerprint if desired else ""
    unchanged = fingerprint == row.desired_fingerprint
    is_settled = row.state != DeliveryState.HELD or (desired is None and not row.kamino_id)
    if (
        unchanged
        and is_settled
        and [problem.to_json() for problem in problems] == row.problems
        and row.planned_at != now
    ):
        return
    if desired is None:
        state = DeliveryState.HELD
    elif fingerprint == row.delivered_fingerprint or (row.kamino_id and not row.owns_person):
        state = DeliveryState.DELIVERED
    else:
        state = DeliveryState.READY
    row.problems = [problem.to_json() for problem in problems]
    changes: dict[str, Any] = {} if unchanged else {"tries": 0, "ready_at": now, "failure": "", "message": ""}
    stays = unchanged and row.state == DeliveryState.NEEDS_HUMAN
    new_state = row.state if stays else state
    if row.state in PersonPosting.objects.all().MOVABLE:
        row.state, row.failure = new_state, row.failure if stays else ""
    PersonPosting.objects.plan(
        row.pk,
        state=new_state,
        desired=desired.to_json() if desired else None,
        desired_fingerprint=fingerprint,
        problems=row.problems,
        planned_at=now,
        **changes,
    )


def _ensure_postings(titles: Sequence[Title], now: datetime) -> dict[int, Posting]:
    Posting.objects.bulk_create(
        [
            Posting(title=title, company=company_of(title), direction=title.direction, ready_at=now, planned_at=now)
            for title in titles
        ],
        ignore_conflicts=True,
    )
    rows = Posting.objects.select_for_update(of=("self",)).filter(title__in=titles).order_by("pk")
    return {row.title_id: row for row in rows}


def _known_borderos(titles: Sequence[Title]) -> dict[tuple[int, int], date]:
    """Return the payment days of the borderôs that some titles name, by connection and id."""
    wanted = {bordero for title in titles for bordero in title.bordero_ids}
    rows = Bordero.objects.filter(bling_id__in=wanted).values_list("connection_id", "bling_id", "date")
    return {(connection, bling_id): day for connection, bling_id, day in rows}


def _gather(
    title: Title,
    posting: Posting,
    rulebook: Rulebook,
    persons: dict[int, PersonPosting],
    read: _Read,
) -> tuple[Inputs, list[Problem]]:
    facts, borderos = title.to_facts(), read.borderos
    order = read.orders.get((title.connection_id, facts.order_id))
    classification, problems = classify_title(rulebook.subject(title, posting, order), rulebook.mappings)
    payments = [
        PaymentFacts(**{name: getattr(row, name) for name in PaymentFacts.__dataclass_fields__})
        for row in title.payments.all()
    ]
    matched = {payment.bordero_id for payment in payments}
    ambiguous = [
        Problem(ProblemCode.PAYMENT_AMBIGUOUS, {"bordero": str(bordero)})
        for bordero in facts.bordero_ids
        if bordero not in matched and (title.connection_id, bordero) in borderos
    ]
    settlement, found = settle(facts, payments, ambiguous)
    problems += found
    account = None
    if settlement is not None:
        register = rulebook.register(CatalogKind.BANK_ACCOUNT, settlement.account_id)
        account, found = choose_bank_account(register, rulebook.bank_accounts, rulebook.banks)
        problems += found
    problems += _person_problems(title, persons)
    if title.maybe_replaces:
        ids = ", ".join(str(bling_id) for bling_id in title.maybe_replaces)
        problems.append(Problem(ProblemCode.RELAUNCH_UNCLEAR, {"ids": ids}))
    return (
        Inputs(
            title=facts,
            classification=classification,
            settlement=settlement,
            payment_account=account,
            person_name=title.person.name if title.person else "",
            rules=rulebook.rules,
            delivered=posting.get_delivered(),
            contact_types=frozenset(title.person.type_ids) if title.person else frozenset(),
            paid_on=max((borderos[key] for key in _keys(title) if key in borderos), default=None),
        ),
        problems,
    )


def _keys(title: Title) -> list[tuple[int, int]]:
    return [(title.connection_id, bordero) for bordero in title.bordero_ids]


def _person_problems(title: Title, persons: dict[int, PersonPosting]) -> list[Problem]:
    if title.person is None or title.person_id is None:
        return [Problem(ProblemCode.PERSON_UNREAD, {"id": str(title.contact_id)})] if title.contact_id else []
    row = persons[title.person_id]
    if row.kamino_id:
        return []
    if row.state in (DeliveryState.NEEDS_HUMAN, DeliveryState.UNCERTAIN):
        return [Problem(ProblemCode.PERSON_REFUSED, {"name": title.person.name, "message": row.message})]
    return row.get_problems()


def _plan_title(
    posting: Posting, inputs: Inputs, problems: list[Problem], forced: Forced | None,
    asked: int | None, now: datetime, *, is_deleted: bool, cancels_deleted: bool,
) -> dict[str, Any]:  # fmt: skip
    """Return what to store of a title's plan: its state, and everything that goes with it."""
    cancels = is_deleted and (inputs.delivered is None or (cancels_deleted and not inputs.title.bordero_ids))
    values = {**vars(inputs), "forced": forced, "deleted": cancels}
    if is_deleted and not cancels:
        problems = [*problems, Problem(ProblemCode.DELETED_IN_BLING)]
    desired, found = desire(Inputs(**values), problems)
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
        problems = [*problems, step.conflict]
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
