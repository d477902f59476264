"""Decisions about customers and suppliers: which person in Kamino one is, each with a reason and a row saying who.

Kamino is read right before each: what it shows now decides whether an answer is still possible.
"""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from integrations.domain.audit import AuditAction
from integrations.domain.delivery import IN_FLIGHT, DeliveryState, Outcome
from integrations.domain.documents import compact, mask, pretty
from integrations.domain.persons import is_of_another
from integrations.domain.reasons import ASKED_OF_A_PERSON, Reason
from integrations.kamino.client import KaminoClient
from integrations.kamino.translate import KaminoPerson
from integrations.models import Attempt, KaminoSnapshot, PersonDecision, PersonPosting, Posting, Title
from integrations.models.outbox import NO_REASON, Priority
from integrations.pipeline.audit.record import record
from integrations.pipeline.desk.decisions import Option
from integrations.pipeline.desk.live_kamino import reading
from integrations.pipeline.desk.refusal import Refused, need_reason
from integrations.pipeline.handover.kamino_persons import learn_document, told
from integrations.pipeline.handover.plan_requests import request_plans

Clock = Callable[[], datetime]
Kind = PersonDecision.Kind
_SEVERAL = (Reason.AMBIGUOUS, Reason.PERSON_FOUND_TWICE)


class _Question(StrEnum):
    """What a customer or supplier waits for."""

    NOTHING = "nothing"
    DIFFERS = "differs"
    GONE = "gone"
    SEVERAL = "several"
    UNKNOWN = "unknown"


def is_open(row: PersonPosting | None) -> bool:
    """Say whether a customer or supplier waits for a decision."""
    return row is not None and _question(row) is not _Question.NOTHING


def options(row: PersonPosting, *, whole: bool, clock: Clock) -> list[Option]:
    """Return the answers that a customer or supplier waits for, none when nothing is to be decided. Candidates are read
    in Kamino now; CPF numbers are shown only to who may see them (`whole`). Raises `Refused` when Kamino does not
    answer."""
    question = _question(row)
    if question is not _Question.SEVERAL:
        return [Option(code, _(label), number) for code, label, number in _OPTIONS[question]]
    record(AuditAction.LIVE_READ, company=row.kamino_connection.tenant, of=row.person, details={"at": "kamino"})
    with reading(row.kamino_connection_id, clock) as client:
        found = _with_its_document(client, row)
    return [Option(Kind.LINK, _label(row, person, whole=whole), person.kamino_id) for person in found]


def decide(*, row: PersonPosting, code: str, number: int, reason: str, user: User, now: datetime, clock: Clock) -> None:
    """Carry out the option `code`; `number` is the Kamino person that is linked. Raises `Refused` when Kamino shows
    something else by now, or somebody was faster."""
    need_reason(reason)
    question = _question(row)
    answer = _ANSWERS.get((code, question))
    if answer is None:
        raise Refused("decided", _("This was decided meanwhile, or is no longer open."))
    with reading(row.kamino_connection_id, clock) as client:
        found = _look(client, row, number, question)
    if question is _Question.DIFFERS and found is not None:
        learn_document(row, found.person.document, now)
    with transaction.atomic():
        # First: planning locks in the same order.
        request_plans(_concerned(row, question), now=now, priority=Priority.PERSON)
        rows = PersonPosting.objects.select_for_update(of=("self",)).select_related("person__connection")
        locked = rows.get(pk=row.pk)
        _refuse_overtaken(row, locked)
        answer(locked, found, now)
        PersonDecision.objects.create(
            person=locked.person, kind=code, kamino_id=number or row.kamino_id, reason=reason.strip(), user=user, at=now
        )


def _concerned(row: PersonPosting, question: _Question) -> QuerySet[Title]:
    """Return the titles that are planned again: also those of other contacts that wait for the same answer."""
    mine = Q(person=row.person_id)
    if question is _Question.SEVERAL:
        mine |= Q(
            person__document=row.person.document, person__posting__kamino_connection=row.kamino_connection_id,
            person__posting__kamino_id=None,
        )  # fmt: skip
    return Title.objects.filter(mine)


def _refuse_overtaken(looked_at: PersonPosting, locked: PersonPosting) -> None:
    same = ("fence", "kamino_id", "reason")
    is_same = all(getattr(locked, name) == getattr(looked_at, name) for name in same)
    if not is_same or looked_at.person.document != locked.person.document or locked.state in IN_FLIGHT:
        raise Refused("decided", _("This was decided meanwhile, or is no longer open."))


def _look(client: KaminoClient, row: PersonPosting, number: int, question: _Question) -> KaminoPerson | None:
    if question is _Question.SEVERAL:
        return next((person for person in _with_its_document(client, row) if person.kamino_id == number), None)
    kamino_id = row.kamino_id or number
    return client.person(kamino_id) if kamino_id else None


def _with_its_document(client: KaminoClient, row: PersonPosting) -> list[KaminoPerson]:
    document = compact(row.person.document)
    return client.persons_with_document(document) if document else []


def _same_company(row: PersonPosting, found: KaminoPerson | None, now: datetime) -> None:
    if found is None:
        raise Refused("gone", _("Kamino does not show this person any more."))
    if is_of_another(compact(row.person.document), found.person.document):
        still = _("Kamino still shows %(document)s for the person %(id)s. Correct it there first, then decide again.")
        raise Refused("uncorrected", still % {"document": mask(found.person.document), "id": found.kamino_id})


def _keep_document(row: PersonPosting, found: KaminoPerson | None, now: datetime) -> None:
    _refuse_healed(row, found)
    if found is None:
        raise Refused("gone", _("Kamino does not show this person any more."))
    PersonPosting.objects.filter(pk=row.pk).update(kept_document=compact(row.person.document))


def _other_company(row: PersonPosting, found: KaminoPerson | None, now: datetime) -> None:
    """Let a contact be another person in Kamino from now on. What is in Kamino stays with the one it was."""
    _refuse_healed(row, found)
    mine = Posting.objects.filter(title__person=row.person_id)
    on_its_way = Q(state__in=IN_FLIGHT) | Q(attempts__outcome__in=Attempt.UNRESOLVED)
    if mine.filter(on_its_way, kamino_id=None).exists():
        raise Refused(
            "in_flight", _("A new title of it is being sent, or was sent without confirmation. Clear that up first.")
        )
    sent_as_its = Q(delivered__person__in=["", _code(row)]) | ~Q(delivered__has_key="person")
    there = mine.filter(sent_as_its, kamino_id__isnull=False)
    # Those of an earlier decision stay with the one of then.
    there.exclude(Posting.IS_LEFT).update(left_with=row.kamino_id, left_by=row.person_id)
    _unlink(row, now)


def _create_again(row: PersonPosting, found: KaminoPerson | None, now: datetime) -> None:
    if row.kamino_id is not None and found is not None:
        raise Refused("there", _("Kamino shows the person %(id)s by now.") % {"id": found.kamino_id})
    _unlink(row, now)


def _link(row: PersonPosting, found: KaminoPerson | None, now: datetime) -> None:
    if found is None:
        raise Refused("absent", _("Kamino does not show that person. Choose again."))
    others = PersonPosting.objects.filter(kamino_connection=row.kamino_connection_id, kamino_id=found.kamino_id)
    owned = others.filter(owns_person=True).exclude(pk=row.pk).exists()
    _close_unresolved(row, Outcome.ADOPTED, now, kamino_id=found.kamino_id)
    document = told(found.person.document)
    _release(row, now, kamino_id=found.kamino_id, owns_person=not owned, **document)


def _unlink(row: PersonPosting, now: datetime) -> None:
    _close_unresolved(row, Outcome.TRANSIENT, now)
    nothing = {"delivered": None, "delivered_fingerprint": "", "kept_document": ""}
    _release(row, now, kamino_id=None, owns_person=True, **nothing)
    if row.kamino_id is not None and row.owns_person:
        # Another contact that shares the person keeps its data right from now on.
        same = {"kamino_connection": row.kamino_connection_id, "kamino_id": row.kamino_id}
        heir = PersonPosting.objects.filter(**same).order_by("pk").values("pk")[:1]
        PersonPosting.objects.filter(pk__in=heir).update(owns_person=True)


def _release(row: PersonPosting, now: datetime, **changes: Any) -> None:
    """Take a person out of "needs human"; the plan that was asked for decides what follows, at once."""
    PersonPosting.objects.filter(pk=row.pk).update(
        state=DeliveryState.HELD, ready_at=now, tries=0, lookups=0, lease_until=None, fence=F("fence") + 1,
        **NO_REASON, **changes,
    )  # fmt: skip


def _close_unresolved(row: PersonPosting, outcome: Outcome, now: datetime, **changes: Any) -> None:
    row.attempts.filter(outcome__in=Attempt.UNRESOLVED).update(outcome=outcome, ended_at=now, **changes)


def _refuse_healed(row: PersonPosting, found: KaminoPerson | None) -> None:
    if found is not None and not is_of_another(compact(row.person.document), found.person.document):
        raise Refused("healed", _("Kamino's person has the number of Bling by now: nothing is to be decided."))


_OPTIONS: dict[_Question, list[tuple[str, str, int | None]]] = {
    _Question.NOTHING: [],
    _Question.DIFFERS: [
        (Kind.SAME_COMPANY, gettext_noop("It is the same company, and its number was corrected in Kamino"), 0),
        (
            Kind.OTHER_COMPANY,
            gettext_noop(
                "It is another company: its new titles go to a person of its own, those in Kamino stay where they are"
            ),
            0,
        ),
        (Kind.KEEP_DOCUMENT, gettext_noop("The number in Kamino is right, the one in Bling is wrong"), 0),
    ],
    _Question.GONE: [(Kind.CREATE, gettext_noop("It is no longer in Kamino: link or create it again"), 0)],
    _Question.UNKNOWN: [
        (Kind.LINK, gettext_noop("It is in Kamino, under this number"), None),
        (Kind.CREATE, gettext_noop("It is not in Kamino: create it"), 0),
    ],
}
_ANSWERS: dict[tuple[str, _Question], Callable[[PersonPosting, KaminoPerson | None, datetime], None]] = {
    (Kind.SAME_COMPANY, _Question.DIFFERS): _same_company,
    (Kind.OTHER_COMPANY, _Question.DIFFERS): _other_company,
    (Kind.KEEP_DOCUMENT, _Question.DIFFERS): _keep_document,
    (Kind.CREATE, _Question.GONE): _create_again,
    (Kind.LINK, _Question.SEVERAL): _link,
    (Kind.LINK, _Question.UNKNOWN): _link,
    (Kind.CREATE, _Question.UNKNOWN): _create_again,
}


def _question(row: PersonPosting) -> _Question:
    if row.state in IN_FLIGHT:
        return _Question.NOTHING
    if any(problem.code is Reason.DOCUMENT_DIFFERS for problem in row.get_problems()):
        return _Question.DIFFERS
    reason = row.reason if row.state == DeliveryState.NEEDS_HUMAN else ""
    if row.kamino_id is not None:
        return _Question.GONE if reason == Reason.GONE_FROM_KAMINO else _Question.NOTHING
    if reason in _SEVERAL:
        return _Question.SEVERAL
    return _Question.UNKNOWN if reason in ASKED_OF_A_PERSON else _Question.NOTHING


def _code(row: PersonPosting) -> str:
    return f"{row.person.connection.code_prefix}{row.person.bling_id}"


def _label(row: PersonPosting, found: KaminoPerson, *, whole: bool) -> str:
    seen = KaminoSnapshot.objects.filter(kamino_connection=row.kamino_connection_id, person_id=found.kamino_id).count()
    titles = ngettext("%(count)s known title", "%(count)s known titles", seen) % {"count": seen}
    document = (pretty if whole else mask)(found.person.document)
    parts = [found.person.name, document, titles, *([] if found.active else [_("inactive")])]
    it_is = _("It is the person %(id)s of Kamino: %(parts)s")
    return it_is % {"id": found.kamino_id, "parts": " · ".join(part for part in parts if part)}
