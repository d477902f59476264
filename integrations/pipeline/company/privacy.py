"""Privacy: what is stored about a person, and erasing it on request (LGPD art. 18; docs/lgpd.md).

Amounts, days and numbers of titles stay, as the law asks of accounts. Names, documents, addresses and texts go.
"""

from collections.abc import Iterator
from contextlib import contextmanager
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
    BulkOrder,
    ConnectionEvent,
    Discrepancy,
    Export,
    ExportChunk,
    FollowUp,
    ForcedSettlement,
    KaminoSnapshot,
    Mapping,
    MappingChange,
    MonthClosing,
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
    TitleRead,
)
from integrations.models.problem_queries import has_problem
from integrations.pipeline.audit.record import keyed, record
from integrations.pipeline.company.payables_of import PayablesOf
from integrations.pipeline.company.personal_data import FREE_TEXTS
from integrations.pipeline.company.subjects import Subject, Who, namesakes, naming, subject_of, whole_name, without
from integrations.pipeline.desk.refusal import Refused, need_reason

_FINISHED = (TitleStatus.SETTLED, TitleStatus.CANCELLED, TitleStatus.DELETED, TitleStatus.RETURNED)
_UNDER_WAY = (DeliveryState.READY, DeliveryState.SENDING, DeliveryState.UNCERTAIN, DeliveryState.NEEDS_HUMAN)
_NAMING = (Reason.INVALID_DOCUMENT, Reason.PERSON_REFUSED, Reason.PERSON_UNDECIDED, Reason.DOCUMENT_DIFFERS)
_ERASED: dict[str, Any] = {
    "name": "", "document": "", "trade_name": "", "kind": "", "email": "", "street": "", "number": "",
    "complement": "", "district": "", "city": "", "state": "", "postal_code": "", "type_ids": [],
    "is_final_consumer": False,
}  # fmt: skip
"""The default category stays: it says whether titles without one are confidential."""
Told = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Erased:
    """How many contacts and titles were emptied; `namesakes` are the Bling ids of contacts that were not, though they
    are called the same."""

    persons: int
    titles: int
    namesakes: list[int]


class _Rows:
    """The rows that hang on a person."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.titles = Title.objects.filter(person__in=subject.keys)
        self.postings = Posting.objects.filter(title__in=self.titles)
        self.parts = PartPosting.objects.filter(posting__in=self.postings)
        about = [Q(posting__in=self.postings), Q(person_posting__person__in=subject.keys)]
        self.attempts = Attempt.objects.filter(reduce(or_, [*about, Q(part_posting__posting__in=self.postings)]))
        self.mappings = Mapping.objects.filter(person__in=subject.keys)
        self.for_bling = PayablesOf(subject)

    def units(self) -> list[QuerySet[Any]]:
        """Return what was or would be sent about the person and their titles."""
        persons = PersonPosting.objects.filter(person__in=self.subject.keys)
        return [persons, self.postings, self.parts, *self.for_bling.units()]

    def snapshots(self) -> QuerySet[KaminoSnapshot]:
        """Return the titles of the person in Kamino's lists: by number, by the person's id there, by their name, and
        by what is linked."""
        mine = KaminoSnapshot.objects.filter(kamino_connection__tenant=self.subject.tenant)
        found = Q(person_document__in=self.subject.documents)
        found |= Q(person_id__in=[row.kamino_id for row in self.subject.postings if row.kamino_id])
        found |= Q(kamino_id__in=[*self._in_kamino(self.postings), *self._in_kamino(self.parts)])
        for name in self.subject.telling:
            found |= Q(person_name__iregex=whole_name(name))
        return mine.filter(found)

    def _in_kamino(self, units: QuerySet[Any]) -> QuerySet[Any, Any]:
        ids: QuerySet[Any, Any] = units.exclude(kamino_id=None).order_by().values_list("kamino_id", flat=True)
        return ids

    def bulk_orders(self) -> QuerySet[BulkOrder]:
        keys = list(self.titles.values_list("pk", flat=True))
        return BulkOrder.objects.filter(tenant=self.subject.tenant, title_ids__overlap=keys)

    def exports(self) -> list[int]:
        """Return the keys of the files that hold one of the person's titles."""
        told = Discrepancy.objects.filter(posting__in=self.postings).order_by()
        keys = {
            "titulos": set(self.titles.values_list("pk", flat=True)),
            "simulacao": set(self.postings.values_list("pk", flat=True)),
            "divergencias": set(told.values_list("pk", flat=True)),
        }
        mine = Export.objects.filter(tenant_ids__contains=[self.subject.tenant.pk])
        return [row.pk for row in mine if not keys.get(row.table, set()).isdisjoint(row.ids)]


def report(tenant: Tenant, who: Who) -> Told:
    """Return everything that is stored about a person for one company: tables and columns by the names that people
    know, in the active language. Raises `Refused` where nobody is meant."""
    with _refusals("report", tenant, who, None):
        rows = _Rows(subject_of(tenant, who))
    record(AuditAction.PERSON_REPORT, company=tenant, details=_about(who, rows))
    keys = rows.subject.keys
    queries: list[QuerySet[Any]] = [
        Person.objects.filter(pk__in=keys),
        rows.titles,
        Payment.objects.filter(title__in=rows.titles),
        TitleChange.objects.filter(title__in=rows.titles),
        TitleRead.objects.filter(title__in=rows.titles).exclude(failure=None),
        *rows.units(),
        rows.attempts,
        rows.for_bling.attempts,
        Discrepancy.objects.filter(posting__in=rows.postings),
        ForcedSettlement.objects.filter(posting__in=rows.postings),
        PersonAction.objects.filter(posting__in=rows.postings),
        PersonDecision.objects.filter(person__in=keys),
        FollowUp.objects.filter(posting__in=rows.postings),
        rows.mappings,
        Mapping.history.filter(person__in=keys),
        rows.snapshots(),
    ]
    found = {str(query.model._meta.verbose_name_plural): _cells(query) for query in queries if query.exists()}
    for name, parts in _told_elsewhere(rows):
        known = found.setdefault(name, [])
        known += [part for part in parts if part not in known]
    return found


@contextmanager
def _refusals(asked: str, tenant: Tenant, who: Who, user: User | None) -> Iterator[None]:
    """Record that something was refused, outside of the transaction that is rolled back."""
    try:
        yield
    except Refused as error:
        note_refusal(asked, error.code, tenant=tenant, who=who, user=user)
        raise


def note_refusal(
    asked: str, why: str, *, tenant: Tenant | None = None, who: Who | None = None, user: User | None = None
) -> None:
    """Record that somebody asked for a "report" or to "forget" a person, and why it was refused, as a code. Of what was
    typed it keeps a hash: it may name anybody."""
    document = keyed(compact(who.document)) if who else ""
    record(AuditAction.PERSON_REFUSED, actor=user, company=tenant, details={
        "asked": asked, "why": why, "document": document, "contacts": len(who.bling_ids) if who else 0,
    })  # fmt: skip


def _about(who: Who, rows: _Rows) -> dict[str, Any]:
    """Return whom an order was about, for a record that nothing is ever erased from."""
    return {"document": keyed(compact(who.document)), "contacts": len(rows.subject.keys)}


def _told_elsewhere(rows: _Rows) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Return what tables hold that hang on nobody: of each row only what is about the person."""
    orders = [{"id": row.pk, str(_("titles")): _of(rows, row.title_ids)} for row in rows.bulk_orders()]
    files: list[dict[str, Any]] = [{"id": pk} for pk in rows.exports()]
    if orders:
        yield str(BulkOrder._meta.verbose_name_plural), orders
    if files:
        yield str(Export._meta.verbose_name_plural), files
    for text in FREE_TEXTS:
        words = rows.subject.telling_words
        parts: list[dict[str, Any]] = []
        for row in _candidates(rows, text.model, text.tenant_path, text.fields):
            for name in text.fields:
                value = getattr(row, name)
                told = [value] if isinstance(value, str) and words and words.search(value) else []
                told += list(naming(value, words)) if not isinstance(value, str) else []
                told += [part for part in _own_parts(rows, row) if part not in told] if name in _OWN_PARTS else []
                parts += [{"id": row.pk, str(row._meta.get_field(name).verbose_name): part} for part in told]
        if parts:
            yield str(text.model._meta.verbose_name_plural), parts


def _of(rows: _Rows, keys: list[int]) -> list[int]:
    return list(rows.titles.filter(pk__in=keys).order_by("bling_id").values_list("bling_id", flat=True))


_OWN_PARTS = ("numbers", "rows")
"""Columns whose parts name titles and persons by their ids."""


def _candidates(rows: _Rows, model: type[models.Model], path: str, fields: tuple[str, ...]) -> list[Any]:
    """Return the rows of a table that may be about the person."""
    mine = model._default_manager.filter(**{path: rows.subject.tenant.pk})
    if not set(fields).isdisjoint(_OWN_PARTS):
        return list(mine.order_by("pk"))
    return list(rows.subject.mentions(mine, fields).order_by("pk"))


def _own_parts(rows: _Rows, row: Any) -> list[Any]:
    """Return the lines of a frozen month that are titles of the person, or those of a proposal that are theirs."""
    if isinstance(row, MappingChange):
        return [line for line in row.rows if line.get("person") in rows.subject.keys]
    if not isinstance(row, MonthClosing):
        return []
    ids = set(rows.titles.values_list("bling_id", flat=True))
    there = {*rows._in_kamino(rows.postings), *rows._in_kamino(rows.parts)}
    tables = [table for table in row.numbers.values() if isinstance(table, dict)]
    return [line for table in tables for line in table["differences"] if line[4] in ids or line[5] in there]


def _cells(query: QuerySet[Any]) -> list[dict[str, Any]]:
    fields = [field for field in query.model._meta.concrete_fields if not isinstance(field, models.GeneratedField)]
    return [{str(field.verbose_name): field.value_from_object(row) for field in fields} for row in query.order_by("pk")]


def forget(*, tenant: Tenant, who: Who, reason: str, user: User, now: datetime) -> Erased:
    """Empty everything that names a person, as `user` decided who sees the company and whole documents. Raises
    `Refused` while anything of theirs is unfinished, or would be read from Bling again; nothing is changed then.
    Nothing is erased in Bling and Kamino: do that first."""
    with _refusals("forget", tenant, who, user), transaction.atomic():
        need_reason(reason)
        sees_company = Tenant.objects.for_user(user).filter(pk=tenant.pk).exists()
        if not sees_company or not user.has_perm("integrations.view_personal_data"):
            raise Refused("not_allowed", _("The named user may not decide about this company's personal data."))
        rows = _Rows(subject_of(tenant, who))
        others = list(namesakes(rows.subject).values_list("bling_id", flat=True))
        persons = list(Person.objects.filter(pk__in=rows.subject.keys).select_for_update(of=("self",)).order_by("pk"))
        # Locked in planning's order, so that no plan writes what is erased here.
        planned = PlanRequest.objects.select_for_update(of=("self",)).filter(title__in=rows.titles).order_by("pk")
        is_planned = bool(list(planned.values_list("pk", flat=True)))
        for query in rows.units():
            list(query.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
        obstacles = _obstacles(rows, day_of(now), is_planned=is_planned)
        if obstacles:
            raise Refused("unfinished", " ".join(obstacles))
        count = rows.titles.count()
        said = without(reason.strip(), rows.subject.words)
        record(AuditAction.PERSON_FORGOTTEN, actor=user, company=tenant, count=count, details=_about(who, rows))
        _erase(rows, now)
        for connection_id in {person.connection_id for person in persons}:
            detail = f"{', '.join(str(person.bling_id) for person in persons)}: {said}"
            ConnectionEvent.objects.create(
                connection_id=connection_id, at=now, code="person_forgotten", detail=detail, user=user
            )
    return Erased(len(persons), count, others)


def _obstacles(rows: _Rows, today: date, *, is_planned: bool) -> list[str]:
    """Return, in sentences, what still needs the data or would bring it back."""
    found, titles = [], rows.titles
    open_titles = titles.exclude(status__in=_FINISHED).count()
    if open_titles:
        text = ngettext(
            "%(count)s title is not finished in Bling.", "%(count)s titles are not finished in Bling.", open_titles
        )
        found.append(text % {"count": open_titles})
    last_month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    if Payment.objects.filter(title__in=titles, date__gte=last_month).exists():
        found.append(_("Something was paid in this or the last month; such titles are still read again."))
    waiting = sum(query.filter(state__in=_UNDER_WAY).count() for query in rows.units())
    read_each_run = Q(state=DeliveryState.HELD, title__status=TitleStatus.SETTLED)
    held = Posting.objects.filter(read_each_run, title__in=titles)
    waiting += held.exclude(has_problem([Reason.BEFORE_SETTLED_FROM])).count()
    if waiting or is_planned:
        found.append(_("Something is still to be sent, or waits for a person's decision."))
    if Discrepancy.objects.filter(posting__title__in=titles, closed_at=None).exists():
        found.append(_("There are open discrepancies."))
    under_way = [MappingChange.State.READING, MappingChange.State.APPLYING]
    if MappingChange.objects.filter(tenant=rows.subject.tenant, state__in=under_way).exists():
        found.append(_("A change of the mappings is under way: try again in a minute."))
    if Export.objects.filter(pk__in=rows.exports(), finished_at=None).exists():
        found.append(_("A file with titles of this person is being made: try again in a minute."))
    return found


def _erase(rows: _Rows, now: datetime) -> None:
    subject = rows.subject
    _erase_elsewhere(rows, now)
    rows.for_bling.erase()
    gone = list(rows.mappings.values_list("pk", flat=True))
    rows.mappings.delete()
    Mapping.history.filter(Q(id__in=gone) | Q(person__in=subject.keys)).delete()  # the deletion is a line of it
    rows.snapshots().delete()
    rows.attempts.update(body={}, sent_body=None, message="", failure=None)
    TitleChange.objects.filter(title__in=rows.titles).delete()
    TitleRead.objects.filter(title__in=rows.titles).update(failure=None)
    StoredDiscrepancy.objects.filter(posting__in=rows.postings).delete()
    FollowUp.objects.filter(posting__in=rows.postings).update(comment="")
    rows.postings.filter(has_problem(_NAMING)).update(problems=[])
    for query in (rows.postings, rows.parts):
        for unit in query.exclude(problems=[]):
            query.filter(pk=unit.pk).update(problems=without(unit.problems, subject.words))
        query.update(reason_params={}, desired=_without_text("desired"), delivered=_without_text("delivered"))
    # The fingerprints stay: what Bling shows unchanged, should it show it again, is not sent again.
    empty: dict[str, Any] = {"desired": None, "delivered": None, "reason_params": {}, "problems": []}
    PersonPosting.objects.filter(person__in=subject.keys).update(kept_document="", **empty)
    rows.titles.update(history="")
    Person.objects.filter(pk__in=subject.keys).update(**_ERASED, forgotten_at=now)


def _erase_elsewhere(rows: _Rows, now: datetime) -> None:
    """Take the person out of what hangs on nobody; reasons stay, without the name: they account for decisions about
    money. Files that hold a title of theirs can no longer be fetched."""
    subject, files = rows.subject, rows.exports()
    ExportChunk.objects.filter(export__in=files).delete()
    Export.objects.filter(pk__in=files, expires_at__gt=now).update(expires_at=now)
    for text in FREE_TEXTS:
        for row in _candidates(rows, text.model, text.tenant_path, text.fields):
            _empty(_own_parts(rows, row))
            changes = {name: without(getattr(row, name), subject.telling_words) for name in text.fields}
            text.model._default_manager.filter(pk=row.pk).update(**changes)
    own = (ForcedSettlement, ("reason", "refusal")), (PersonAction, ("reason",))
    for model, fields in own:
        for row in model._default_manager.filter(posting__in=rows.postings):
            changes = {name: without(getattr(row, name), subject.words) for name in fields}
            model._default_manager.filter(pk=row.pk).update(**changes)
    for decision in PersonDecision.objects.filter(person__in=subject.keys):
        said = without(decision.reason, subject.words)
        PersonDecision.objects.filter(pk=decision.pk).update(reason=said)


def _empty(parts: list[Any]) -> None:
    """Take the text out of lines of a proposal (objects) and of a frozen month (lists), where they stand."""
    for part in parts:
        if isinstance(part, dict):
            part |= {"name": "", "cells": []}
        else:
            part[9] = ""


def _without_text(column: str) -> Func:
    """Return a title's body without its text; its numbers, days and accounts stay."""
    empty = Value({"description": ""}, models.JSONField())
    return Func(F(column), empty, arg_joiner=" || ", template="(%(expressions)s)", output_field=models.JSONField())
