"""What happened to a title, in one list that a non-programmer reads: both systems, the machine and people."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from integrations.admin.kit import texts
from integrations.admin.kit.scope import change_url
from integrations.domain.delivery import DeliveryState, Outcome
from integrations.models import (
    Attempt,
    CatalogItem,
    Discrepancy,
    PartPosting,
    Person,
    Posting,
    Title,
    TitleChange,
)
from integrations.models.registers import CatalogKind
from integrations.models.titles import STATUS_CHOICES
from integrations.words.reasons import answer_of, problem_sentences
from integrations.words.values import readable

MOST = 80
"""Lines that the page shows; the lists of deliveries and discrepancies have the older ones."""


@dataclass(frozen=True)
class Event:
    """One line. `icon` is a name of Material Symbols, `lines` are the details below the words."""

    at: datetime
    icon: str
    words: str
    lines: tuple[str, ...] = ()
    who: str = ""
    url: str = ""


def timeline(
    title: Title, posting: Posting | None, parts: Sequence[PartPosting], differences: Iterable[Discrepancy]
) -> list[Event]:
    """Return the newest events first, at most `MOST`. `parts` are the payments that are titles of their own in Kamino,
    `differences` those of the posting, open or closed."""
    events = [Event(title.first_seen_at, "visibility", _("Seen in Bling for the first time")), *_changes(title)]
    if posting is not None:
        events += [
            *_plan(posting),
            *_attempts(posting, parts),
            *_orders(posting),
            *_decisions(title),
            *_differences(differences),
        ]
    return sorted(events, key=lambda event: event.at, reverse=True)[:MOST]


def _changes(title: Title) -> Iterator[Event]:
    rows = list(title.changes.all()[:MOST])
    names = _names(title, rows)
    for row in rows:
        lines = [
            f"{_field_words()[field]}: {_shown(names, field, old)} → {_shown(names, field, new)}"
            for field, (old, new) in row.values.items()
        ]
        yield Event(row.at, "edit", _("Changed in Bling"), tuple(lines))


def _field_words() -> dict[str, str]:
    """One for each of `pipeline.title_changes.SHOWN`."""
    return {
        "status": _("Status"),
        "value": _("Value"),
        "balance": _("Balance"),
        "due_date": _("Due date"),
        "issue_date": _("Issue date"),
        "competence_date": _("Competence"),
        "document_number": _("Document number"),
        "history": _("Description"),
        "contact_id": _("Person"),
        "category_id": _("Category"),
        "account_id": _("Account"),
        "payment_form_id": _("Payment form"),
        "origin_number": _("Invoice or order"),
    }


_KINDS = {
    "category_id": CatalogKind.CATEGORY,
    "account_id": CatalogKind.BANK_ACCOUNT,
    "payment_form_id": CatalogKind.PAYMENT_FORM,
}


def _names(title: Title, rows: Iterable[TitleChange]) -> dict[tuple[str, str], str]:
    """Return the names of the ids that some changes mention, by column and id."""
    ids = {
        (field, value) for row in rows for field, pair in row.values.items() for value in pair if field.endswith("_id")
    }
    if not ids:
        return {}
    numbers = {int(value) for _field, value in ids if value}
    items = CatalogItem.objects.filter(connection=title.connection_id, bling_id__in=numbers)
    known = {(item.kind, str(item.bling_id)): str(item) for item in items}
    persons = Person.objects.filter(connection=title.connection_id, bling_id__in=numbers)
    found = {("contact_id", str(person.bling_id)): str(person) for person in persons}
    for field, kind in _KINDS.items():
        found |= {(field, value): name for (its_kind, value), name in known.items() if its_kind == kind}
    return found


def _shown(names: dict[tuple[str, str], str], field: str, value: str) -> str:
    if field == "status":
        return str(dict(STATUS_CHOICES).get(value, value))
    if field.endswith("_id") and value == "0":
        return texts.EMPTY
    return names.get((field, value)) or readable(value) or texts.EMPTY


def _plan(posting: Posting) -> Iterator[Event]:
    sentences = problem_sentences(posting.get_problems())
    words = _("Planned: held back") if posting.state == DeliveryState.HELD else _("Decided what Kamino should hold")
    yield Event(posting.planned_at, "rule", words, tuple(sentences))


def _attempts(posting: Posting, parts: Sequence[PartPosting]) -> Iterator[Event]:
    payments = {part.pk: _("Payment %(bordero)s") % {"bordero": part.bordero_id} for part in parts}
    rows = Attempt.objects.filter(Q(posting=posting) | Q(part_posting__in=list(payments)))
    for attempt in rows.order_by("-started_at")[:MOST]:
        url, operation = change_url(attempt), attempt.get_operation_display()
        payment = _said(payments.get(attempt.part_posting_id or 0, ""))
        begun = _begun(attempt.outcome)
        if begun:
            yield Event(attempt.started_at, "send", begun % {"what": operation.lower()}, payment, url=url)
        if attempt.ended_at is not None:
            lines = (*payment, *_said(answer_of(attempt.failure, attempt.message, attempt.outcome)))
            words = _answer(attempt) % {"what": operation.lower()}
            yield Event(attempt.ended_at, _icon(attempt), words, lines, url=url)


def _icon(attempt: Attempt) -> str:
    return "check" if attempt.outcome in (Outcome.DELIVERED, Outcome.ADOPTED, Outcome.UNCHANGED) else "warning"


def _begun(outcome: str) -> str:
    """Return what is said of an attempt's beginning: that it was sent only where it certainly was, nothing where it
    ended before."""
    if outcome in (Outcome.DELIVERED, Outcome.REJECTED, Outcome.UNCERTAIN):
        return _("Sent to Kamino: %(what)s")
    return "" if outcome in (Outcome.CONFLICT, Outcome.UNCHANGED) else _("Delivery begun: %(what)s")


def _answer(attempt: Attempt) -> str:
    if attempt.outcome == Outcome.CONFLICT:
        return _("Not sent: %(what)s")
    if attempt.outcome == Outcome.UNCHANGED:
        return _("Compared with Kamino, nothing to send")
    if attempt.outcome in (Outcome.TRANSIENT, Outcome.CONFIG, Outcome.INTERNAL):
        return _("Nothing written in Kamino: %(what)s")
    if attempt.settles and attempt.outcome == Outcome.DELIVERED:
        return _("Settled in Kamino")
    if attempt.outcome == Outcome.DELIVERED:
        return _("Kamino accepted it")
    return str(attempt.get_outcome_display())


def _orders(posting: Posting) -> Iterator[Event]:
    for order in posting.person_actions.select_related("user")[:MOST]:
        yield Event(order.at, "person", order.get_kind_display(), _said(order.reason), who=str(order.user))


def _decisions(title: Title) -> Iterator[Event]:
    if title.person is None or not getattr(title, "has_decided_person", True):
        return
    for row in title.person.decisions.select_related("user")[:MOST]:
        yield Event(row.at, "person", row.get_kind_display(), _said(row.reason), who=str(row.user))


def _differences(rows: Iterable[Discrepancy]) -> Iterator[Event]:
    for row in rows:
        kind: dict[str, Any] = {"kind": row.get_kind_display()}
        url = change_url(row)
        yield Event(
            row.opened_at,
            "difference",
            _("Discrepancy: %(kind)s") % kind,
            (row.cause_text(),),
            url=url,
        )
        if row.closed_at is not None:
            yield Event(row.closed_at, "task_alt", _("Discrepancy gone: %(kind)s") % kind, url=url)


def _said(text: str) -> tuple[str, ...]:
    return (text,) if text else ()
