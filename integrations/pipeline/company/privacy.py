"""Privacy: what is stored about a person, and erasing it on request (LGPD art. 18; docs/lgpd.md).

Amounts, days and numbers of titles stay, as the law asks of accounts. Names, documents, addresses and texts go.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models import F, Func, Q, QuerySet, Value
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.domain.audit import AuditAction
from integrations.domain.calendar import day_of
from integrations.domain.delivery import DeliveryState
from integrations.domain.documents import compact
from integrations.domain.reasons import Reason
from integrations.domain.titles import TitleStatus
from integrations.models import (
    Attempt,
    ConnectionEvent,
    Discrepancy,
    FollowUp,
    KaminoSnapshot,
    Mapping,
    PartPosting,
    Payment,
    Person,
    PersonAction,
    PersonDecision,
    PersonPosting,
    PlanRequest,
    Posting,
    StoredDiscrepancy,
    Tenant,
    Title,
    TitleChange,
)
from integrations.models.problem_queries import has_problem
from integrations.pipeline.audit.record import keyed, record
from integrations.pipeline.desk.refusal import Refused, need_reason

_FINISHED = (TitleStatus.SETTLED, TitleStatus.CANCELLED, TitleStatus.DELETED, TitleStatus.RETURNED)
_UNDER_WAY = (DeliveryState.READY, DeliveryState.SENDING, DeliveryState.UNCERTAIN, DeliveryState.NEEDS_HUMAN)
_NAMING = (Reason.INVALID_DOCUMENT, Reason.PERSON_REFUSED, Reason.PERSON_UNDECIDED, Reason.DOCUMENT_DIFFERS)
_ERASED = {
    "name": "", "document": "", "trade_name": "", "kind": "", "email": "", "street": "", "number": "",
    "complement": "", "district": "", "city": "", "state": "", "postal_code": "",
}  # fmt: skip


@dataclass(frozen=True)
class Erased:
    """How many contacts and titles were emptied."""

    persons: int
    titles: int


def persons_of(tenant: Tenant, document: str) -> QuerySet[Person]:
    """Return a company's contacts with this CPF or CNPJ, however it is punctuated."""
    return Person.objects.filter(connection__tenant=tenant, document=compact(document))


def report(tenant: Tenant, document: str) -> dict[str, list[dict[str, Any]]]:
    """Return everything that is stored about a person for one company: tables and columns by the names that people
    know, in the active language. Empty when nobody has this document."""
    record(AuditAction.PERSON_REPORT, company=tenant, details={"document": keyed(compact(document))})
    persons = persons_of(tenant, document)
    if not persons.exists():
        return {}
    titles = Title.objects.filter(person__in=persons)
    postings = Posting.objects.filter(title__in=titles)
    about = Q(posting__in=postings) | Q(person_posting__person__in=persons) | Q(part_posting__posting__in=postings)
    rows: list[QuerySet[Any]] = [
        persons,
        titles,
        Payment.objects.filter(title__in=titles),
        TitleChange.objects.filter(title__in=titles),
        PersonPosting.objects.filter(person__in=persons),
        postings,
        PartPosting.objects.filter(posting__in=postings),
        Attempt.objects.filter(about),
        Discrepancy.objects.filter(posting__in=postings),
        PersonAction.objects.filter(posting__in=postings),
        PersonDecision.objects.filter(person__in=persons),
        FollowUp.objects.filter(posting__in=postings),
        Mapping.objects.filter(person__in=persons),
        KaminoSnapshot.objects.filter(kamino_connection__tenant=tenant, person_document=compact(document)),
    ]
    return {str(query.model._meta.verbose_name_plural): _cells(query) for query in rows if query.exists()}


def _cells(query: QuerySet[Any]) -> list[dict[str, Any]]:
    fields = [field for field in query.model._meta.concrete_fields if not isinstance(field, models.GeneratedField)]
    return [{str(field.verbose_name): field.value_from_object(row) for field in fields} for row in query.order_by("pk")]


def forget(*, tenant: Tenant, document: str, reason: str, user: User | None, now: datetime) -> Erased:
    """Empty everything that names a person. Raises `Refused` while anything of theirs is unfinished, or would be read
    from Bling again; nothing is changed then. Nothing is erased in Bling and Kamino: do that first."""
    need_reason(reason)
    with transaction.atomic():
        persons = list(persons_of(tenant, document).select_for_update(of=("self",)).order_by("pk"))
        if not persons:
            raise Refused("unknown", _("Nobody has this CPF or CNPJ in this company."))
        titles = Title.objects.filter(person__in=persons)
        # Locked in planning's order, so that no plan writes what is erased here.
        planned = PlanRequest.objects.select_for_update(of=("self",)).filter(title__in=titles).order_by("pk")
        is_planned = bool(list(planned.values_list("pk", flat=True)))
        for query in _units(persons):
            list(query.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
        obstacles = _obstacles(persons, titles, day_of(now), is_planned=is_planned)
        if obstacles:
            raise Refused("unfinished", " ".join(obstacles))
        count = titles.count()
        _erase(persons, titles, now)
        details = {"document": keyed(compact(document)), "contacts": len(persons)}
        record(AuditAction.PERSON_FORGOTTEN, actor=user, company=tenant, count=count, details=details)
        for connection_id in {person.connection_id for person in persons}:
            detail = f"{', '.join(str(person.bling_id) for person in persons)}: {reason.strip()}"
            ConnectionEvent.objects.create(
                connection_id=connection_id, at=now, code="person_forgotten", detail=detail, user=user
            )
    return Erased(len(persons), count)


def _units(persons: Sequence[Person]) -> list[QuerySet[Any]]:
    """Return what was or would be sent about some persons and their titles."""
    return [
        PersonPosting.objects.filter(person__in=persons),
        Posting.objects.filter(title__person__in=persons),
        PartPosting.objects.filter(posting__title__person__in=persons),
    ]


def _obstacles(persons: Sequence[Person], titles: QuerySet[Title], today: date, *, is_planned: bool) -> list[str]:
    """Return, in sentences, what still needs the data or would bring it back."""
    found = []
    open_titles = titles.exclude(status__in=_FINISHED).count()
    if open_titles:
        text = ngettext(
            "%(count)s title is not finished in Bling.", "%(count)s titles are not finished in Bling.", open_titles
        )
        found.append(text % {"count": open_titles})
    last_month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    if Payment.objects.filter(title__in=titles, date__gte=last_month).exists():
        found.append(_("Something was paid in this or the last month; such titles are still read again."))
    waiting = sum(query.filter(state__in=_UNDER_WAY).count() for query in _units(persons))
    read_each_run = Q(state=DeliveryState.HELD, title__status=TitleStatus.SETTLED)
    held = Posting.objects.filter(read_each_run, title__in=titles)
    waiting += held.exclude(has_problem([Reason.BEFORE_SETTLED_FROM])).count()
    if waiting or is_planned:
        found.append(_("Something is still to be sent, or waits for a person's decision."))
    if Discrepancy.objects.filter(posting__title__in=titles, closed_at=None).exists():
        found.append(_("There are open discrepancies."))
    return found


def _erase(persons: Sequence[Person], titles: QuerySet[Title], now: datetime) -> None:
    keys = [person.pk for person in persons]
    mappings = Mapping.objects.filter(person__in=keys)
    gone = list(mappings.values_list("pk", flat=True))
    mappings.delete()
    Mapping.history.filter(id__in=gone).delete()  # afterwards: the deletion is a line of it
    postings = Posting.objects.filter(title__in=titles)
    about = [Q(posting__in=postings), Q(person_posting__person__in=keys), Q(part_posting__posting__in=postings)]
    Attempt.objects.filter(reduce(or_, about)).update(body={}, sent_body=None, message="", failure=None)
    TitleChange.objects.filter(title__in=titles).delete()
    StoredDiscrepancy.objects.filter(posting__in=postings).delete()
    FollowUp.objects.filter(posting__in=postings).update(comment="")
    names = [person.document for person in persons if person.document]
    KaminoSnapshot.objects.filter(
        kamino_connection__tenant=persons[0].connection.tenant, person_document__in=names
    ).delete()
    postings.filter(has_problem(_NAMING)).update(problems=[])
    for query in (postings, PartPosting.objects.filter(posting__in=postings)):
        query.update(reason_params={}, desired=_without_text("desired"), delivered=_without_text("delivered"))
    # The fingerprints stay: what Bling shows unchanged, should it show it again, is not sent again.
    empty: dict[str, Any] = {"desired": None, "delivered": None, "reason_params": {}, "problems": []}
    PersonPosting.objects.filter(person__in=keys).update(kept_document="", **empty)
    titles.update(history="")
    Person.objects.filter(pk__in=keys).update(**_ERASED, forgotten_at=now)


def _without_text(column: str) -> Func:
    """Return a title's body without its text; its numbers, days and accounts stay."""
    empty = Value({"description": ""}, models.JSONField())
    return Func(F(column), empty, arg_joiner=" || ", template="(%(expressions)s)", output_field=models.JSONField())
