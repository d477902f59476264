"""Exact matches: unlinked Kamino titles, entered by people or another integration, that equal one of Bling.

Found in the rows of the last reconciliation, without a request, in simulation too. An exact match has the same
direction, value, due date and document number, and the same person: by Kamino's id where that is known, else by
CPF/CNPJ. It must be the only one for its title, and its title the only one with these values.
"""

from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Count,
    Exists,
    F,
    Func,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KT
from django.db.models.functions import Upper

from integrations.domain.delivery import DeliveryState
from integrations.domain.titles import TitleStatus
from integrations.models import Attempt, KaminoSnapshot, Posting
from integrations.pipeline.handover.unlinked import unlinked

_GONE = (TitleStatus.CANCELLED, TitleStatus.DELETED)


def with_exact_match(postings: QuerySet[Any]) -> QuerySet[Any]:
    """Add `exact_match` to postings: the Kamino id of the title that exists already, or null."""
    person = "title__person__posting__kamino_id"
    known = postings.annotate(
        number=_compact("title__document_number"),
        own_code=KT("desired__code"),
        person_there=F(person),
        document_there=Case(When(**{person: None}, then=F("title__person__document")), default=Value("")),
    )
    same = _same_in_kamino()
    only_one = (
        same.order_by().values("kamino_connection").annotate(count=Count("pk"), only=Min("kamino_id")).filter(count=1)
    )
    # The cheapest condition first: inside a CASE, the database keeps the order.
    is_exact_match = _can_be_linked() & Exists(same) & ~Exists(_same_in_bling())
    exact_match = Case(When(is_exact_match, then=Subquery(only_one.values("only"))), output_field=BigIntegerField())
    found: QuerySet[Any] = known.annotate(exact_match=exact_match)
    return found


def _can_be_linked() -> Combinable:
    unresolved = Exists(Attempt.objects.filter(posting=OuterRef("pk"), outcome__in=Attempt.UNRESOLVED))
    return Q(state=DeliveryState.READY, kamino_id=None, create_anyway=False, desired__isnull=False) & ~unresolved


def _same_in_kamino() -> QuerySet[KaminoSnapshot]:
    """Return the unlinked rows like the outer posting: made by people, or marked with this title's code."""
    by_document = Q(person_document=OuterRef("document_there")) & ~Q(person_document="")
    rows = KaminoSnapshot.objects.filter(
        Q(person_id=OuterRef("person_there")) | by_document,
        Q(code="") | Q(code=OuterRef("own_code")),
        kamino_connection=OuterRef("kamino_connection"),
        direction=OuterRef("direction"),
        due_date=OuterRef("title__due_date"),
        value=OuterRef("title__value"),
        is_in_force=True,  # any other status: a person looks at it
    )
    return unlinked(rows).alias(number=_compact("document_number")).filter(number=OuterRef("number")).exclude(number="")


def _same_in_bling() -> QuerySet[Posting]:
    """Return the other unlinked titles of the company that look like the outer one, whatever their person."""
    others = Posting.objects.filter(
        kamino_connection=OuterRef("kamino_connection"),
        direction=OuterRef("direction"),
        kamino_id=None,
        title__connection__tenant=OuterRef("kamino_connection__tenant"),
        title__direction=OuterRef("direction"),
        title__due_date=OuterRef("title__due_date"),
        title__value=OuterRef("title__value"),
    ).exclude(Q(pk=OuterRef("pk")) | Q(state=DeliveryState.IGNORED) | Q(title__status__in=_GONE))
    return others.alias(number=_compact("title__document_number")).filter(number=OuterRef("number"))


def _compact(field: str) -> Upper:
    """Return a document number without punctuation, as `domain.documents.compact` does."""
    letters = Func(
        F(field), Value("[^[:alnum:]]"), Value(""), Value("g"), function="regexp_replace", output_field=CharField()
    )
    return Upper(letters)
