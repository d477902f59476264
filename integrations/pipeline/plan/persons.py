"""Plans of persons: what Kamino should hold of the customers and suppliers of some titles."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from integrations.domain.delivery import DeliveryState
from integrations.domain.documents import compact
from integrations.domain.persons import DesiredPerson, desire_person, document_to_hold, is_of_another
from integrations.domain.reasons import Problem, Reason, with_since
from integrations.domain.titles import Direction
from integrations.models import KaminoConnection, Person, PersonPosting, Title
from integrations.models.outbox import NO_REASON, stored
from integrations.pipeline.access.error_texts import crash

log = structlog.get_logger(__name__)


def kamino_of(title: Title) -> KaminoConnection:
    kamino: KaminoConnection = title.connection.tenant.kamino_connection
    return kamino


def plan_persons(
    titles: Sequence[Title], now: datetime, asked: Collection[int] = frozenset()
) -> dict[int, PersonPosting]:
    """Plan the persons of some titles; a person is customer or supplier by the titles that name it. Those that need a
    person are tried again where one asked for a title of theirs (`asked`, keys of `Person`)."""
    kaminos = {title.person_id: kamino_of(title) for title in titles if title.person_id}
    directions: dict[int, set[str]] = defaultdict(set)
    pairs = Title.objects.filter(person__in=kaminos).values_list("person_id", "direction").distinct()
    for person_id, direction in pairs:
        directions[person_id].add(direction)
    PersonPosting.objects.bulk_create(
        [
            PersonPosting(person_id=pk, kamino_connection=kamino, ready_at=now, planned_at=now)
            for pk, kamino in sorted(kaminos.items())
        ],
        ignore_conflicts=True,
    )
    rows = PersonPosting.objects.select_for_update(of=("self",)).filter(person__in=kaminos).order_by("pk")
    found = {row.person_id: row for row in rows.select_related("person", "person__connection")}
    for row in found.values():
        try:
            _plan_person(row, row.person, directions[row.person_id], now, is_asked=row.person_id in asked)
        except Exception as error:
            # A bug of ours on one person must not keep all titles of the batch from being planned.
            log.exception("plan of a person crashed", person=row.person_id)
            _hand_over(row, Problem(Reason.INTERNAL, crash(error)), now)
    return found


def seek_again(persons: Collection[int | None]) -> None:
    """Have new persons looked up in Kamino that would be sent with a title, if sending were not simulated."""
    if persons:
        rows = PersonPosting.objects.filter(person__in=persons, kamino_id=None, sought_at__isnull=False)
        rows.update(sought_at=None)


def _hand_over(row: PersonPosting, why: Problem, now: datetime) -> None:
    if row.state in PersonPosting.objects.all().MOVABLE:
        row.state, row.reason, row.reason_params = DeliveryState.NEEDS_HUMAN, why.code.value, dict(why.params)
        PersonPosting.objects.plan(row.pk, state=row.state, **stored(why, now))


def _plan_person(row: PersonPosting, person: Person, directions: set[str], now: datetime, *, is_asked: bool) -> None:
    desired, problems = desire_person(
        person.to_facts(),
        is_customer=Direction.RECEIVABLE in directions,
        is_supplier=Direction.PAYABLE in directions,
        prefix=person.connection.code_prefix,
    )
    if desired is not None and row.kamino_id is not None:
        desired, problems = _of_linked(row, person, desired)
    fingerprint = desired.fingerprint if desired else ""
    unchanged = row.wants(desired)
    is_settled = row.state != DeliveryState.HELD or (desired is None and not row.kamino_id)
    is_stored = fingerprint == row.desired_fingerprint
    # What left no record may be there: only a decision sends it again.
    is_again = is_asked and row.state == DeliveryState.NEEDS_HUMAN and row.reason != Reason.NO_RECORD
    is_forgotten = row.kept_document not in ("", compact(person.document))  # a decision about another number
    is_same = is_stored and is_settled and problems == row.get_problems()
    if is_same and not is_again and not is_forgotten and row.planned_at != now:
        return
    if desired is None:
        state = DeliveryState.HELD
    elif row.was_sent(desired) or (row.kamino_id and not row.owns_person and not problems):
        state = DeliveryState.DELIVERED
    else:
        state = DeliveryState.READY
    row.problems = with_since(problems, row.problems, now)
    stays = unchanged and not is_again and row.state == DeliveryState.NEEDS_HUMAN
    new_state = row.state if stays else state
    begins = new_state == DeliveryState.READY != row.state  # how long it was to wait for something else is over
    changes: dict[str, Any] = {} if is_stored and not (is_again or begins) else {"ready_at": now}
    if not unchanged or is_again:
        changes |= {"tries": 0, **NO_REASON}
    if is_forgotten:
        changes["kept_document"] = ""
    if row.state in PersonPosting.objects.all().MOVABLE:
        row.state, row.reason = new_state, row.reason if stays else ""
    PersonPosting.objects.plan(
        row.pk,
        state=new_state,
        desired=desired.to_json() if desired else None,
        desired_fingerprint=fingerprint,
        problems=row.problems,
        planned_at=now,
        sought_at=None,
        **row.brought_up_to_date(desired),
        **changes,
    )


def _of_linked(row: PersonPosting, person: Person, desired: DesiredPerson) -> tuple[DesiredPerson, list[Problem]]:
    """Return what a linked Kamino person should hold, and whether it may be another person: then nothing of it is
    written, and nothing new is sent to it."""
    known = row.known_document
    if known is None and row.delivered_fingerprint == desired.fingerprint:
        known = desired.document  # erased on a person's request: just this was sent
    desired = replace(desired, document=document_to_hold(desired.document, known, row.kept_document))
    if is_of_another(desired.document, known):
        return desired, [Problem(Reason.DOCUMENT_DIFFERS, {"name": person.name, "id": str(row.kamino_id)})]
    return desired, []
