"""Both sides of a title, line by line: Bling, what Kamino should hold, and what it was sent or showed since."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from integrations.admin.kit import texts
from integrations.domain.classification import CLASSIFIED
from integrations.domain.conflicts import edited
from integrations.domain.desired import DesiredTitle, KaminoStatus, payment_note
from integrations.domain.discrepancies import DiscrepancyKind
from integrations.domain.matching import KaminoTitle, as_shown
from integrations.domain.settlement import PaidAmount, each_moved
from integrations.domain.titles import TitleStatus, competence_of
from integrations.models import (
    CatalogItem,
    KaminoItem,
    PartPosting,
    PersonPosting,
    Posting,
    Title,
)
from integrations.models.registers import KaminoKind
from integrations.pipeline.desk.acceptance import accepted_kinds
from integrations.pipeline.handover.kamino_rows import seen_in_kamino


@dataclass(frozen=True)
class Side:
    """One line of the comparison; `differs` when Kamino has something else than it should have, `apart` when it has
    what it should have, and that is not what Bling has."""

    key: str
    label: str
    bling: Any
    desired: str
    delivered: str
    differs: bool
    apart: bool = False

    def words(self) -> str:
        """Say what differs: the line, what Kamino has, and what it should have."""
        should = self.desired or str(self.bling)
        return _("%(line)s (in Kamino %(there)s, should be %(here)s)") % {
            "line": self.label, "there": self.delivered, "here": should,
        }  # fmt: skip


_COMPARED = ("status", "value", "due", "number")
"""What is compared with Bling itself while nothing is wanted, because the title is held back."""


def sides_of(
    title: Title,
    posting: Posting | None,
    seen: tuple[KaminoTitle, datetime] | None,
    parts: Sequence[PartPosting],
    request: HttpRequest,
) -> list[Side]:
    """Return the lines of a title; what Kamino was seen to have (`seen`) stands in for what was sent."""
    delivered = posting.get_delivered() if posting else None
    if seen is not None and delivered is not None:
        delivered = as_shown(seen[0], delivered)
    return compared(title, posting, delivered, request, parts, shown=seen[0] if seen else None)


def compared(
    title: Title,
    posting: Posting | None,
    delivered: DesiredTitle | None,
    request: HttpRequest,
    parts: Sequence[PartPosting] = (),
    *,
    shown: KaminoTitle | None = None,
) -> list[Side]:
    """Return Bling's side, what is wanted, and `delivered`, line by line; `parts` are payments with a title of their
    own in Kamino, `shown` is the row that Kamino showed."""
    desired = posting.get_desired() if posting and posting.desired else None
    names = _register_names(posting, [desired, delivered])
    registers = {
        (item.kind, item.bling_id): str(item)
        for item in CatalogItem.objects.filter(
            connection=title.connection_id, bling_id__in=[title.category_id, title.account_id]
        )
    }
    person = _bling_person(title, request)
    kamino_person = _kamino_person(title, posting)
    ours, theirs = _words(desired, names), _words(delivered, names)
    bling = {
        "status": texts.status_word(title),
        "value": texts.money(title.value),
        "due": texts.day(title.due_date),
        "competence": _competence(title),
        "number": title.document_number or texts.EMPTY,
        "description": title.history or texts.EMPTY,
        "chart_account": registers.get(("category", title.category_id), texts.EMPTY),
        "payment": _payments(title, parts),
    }
    wanted = ours or {key: bling[key] for key in _COMPARED}
    theirs_is = _person_there(posting, shown) if delivered and shown else ""
    rows = [
        Side(
            "person", _("Person"), person, kamino_person if desired else "",
            theirs_is or (kamino_person if delivered else ""),
            differs=bool(theirs_is) and theirs_is != kamino_person,
        )
    ]  # fmt: skip
    rows += [
        Side(
            key, label, bling.get(key, texts.EMPTY), ours.get(key, ""), theirs.get(key, ""),
            differs=key in theirs and key in wanted and theirs[key] != wanted[key],
            apart=key == "status" and delivered is not None and delivered.status != _status_for(title),
        )
        for key, label in _labels().items()
    ]  # fmt: skip
    return rows


def _status_for(title: Title) -> KaminoStatus:
    words = {TitleStatus.SETTLED: KaminoStatus.SETTLED, TitleStatus.CANCELLED: KaminoStatus.CANCELLED}
    return words.get(TitleStatus(title.status), KaminoStatus.PENDING)


def _bling_person(title: Title, request: HttpRequest) -> str:
    if title.person is None:
        return texts.EMPTY
    if not title.person.document:
        return str(title.person)
    return f"{title.person} · {texts.document(title.person.document, whole=texts.sees_personal_data(request))}"


def _kamino_person(title: Title, posting: Posting | None) -> str:
    kamino_id = posting.kamino_person_id if posting else None
    return f"{title.person} (Kamino {kamino_id})" if kamino_id else texts.EMPTY


def _person_there(posting: Posting | None, shown: KaminoTitle) -> str:
    """Name the person to whom a title belongs in Kamino, as its row shows it; "" where it does not, or shows ours."""
    there = shown.person_id
    if posting is None or there is None or there == posting.kamino_person_id:
        return ""
    known = PersonPosting.objects.filter(kamino_connection=posting.kamino_connection_id, kamino_id=there)
    person = known.select_related("person").first()
    name = shown.person_name or (str(person.person) if person else "")
    return f"{name} (Kamino {there})" if name else f"Kamino {there}"


def _competence(title: Title) -> str:
    """Write the day that Kamino gets as competence, and where it comes from when Bling has another one."""
    day = texts.day(competence_of(title))
    return f"{day} ({_('issue date')})" if title.issue_date not in (None, title.competence_date) else day


def _payments(title: Title, parts: Sequence[PartPosting]) -> str:
    there = {part.bordero_id: f" · {_kamino_title(part)}" for part in parts}
    payments = [payment.to_facts() for payment in title.payments.all()]
    lines = []
    amounts = each_moved(payments, title.principal, PaidAmount(title.connection.paid_amount))
    for payment, amount in zip(payments, amounts, strict=True):
        note = payment_note(payment)
        extras = f" ({note})" if note else ""
        lines.append(f"{texts.day(payment.date)} · {texts.money(amount)}{extras}{there.get(payment.bordero_id, '')}")
    return "\n".join(lines) or texts.EMPTY


def _kamino_title(part: PartPosting) -> str:
    """Name the Kamino title that a payment is: its id, or what it waits for."""
    return f"Kamino {part.kamino_id}" if part.kamino_id else str(part.get_state_display())


def edited_lines(posting: Posting) -> list[dict[str, str]]:
    """Return what people changed in Kamino of an open title that stays so until somebody says otherwise: name of the
    line, what is there, and what would be."""
    seen, desired = seen_in_kamino(posting), posting.get_desired() if posting.desired else None
    if seen is None or desired is None or KaminoStatus.PENDING not in (desired.status, seen[0].status):
        return []
    shown, labels = as_shown(seen[0], desired), _labels()
    names = _register_names(posting, [desired, shown])
    here, there = _words(desired, names), _words(shown, names)
    return [{"what": labels[name], "there": there[name], "here": here[name]} for name in edited(seen[0], desired)]


_KINDS = {
    "person": DiscrepancyKind.PERSON, "chart_account": DiscrepancyKind.CLASSIFICATION,
    "description": DiscrepancyKind.EDITED_IN_KAMINO,
}  # fmt: skip
"""Which difference a line shows, where a person may accept it."""


def unaccepted(posting: Posting, sides: Sequence[Side]) -> list[Side]:
    """Return the lines where Kamino shows something else than it should, of which nobody said that it is meant so."""
    lines = [side for side in sides if side.differs]
    accepted = accepted_kinds(posting) if lines else set()
    return [side for side in lines if _KINDS.get(side.key) not in accepted]


def _labels() -> dict[str, str]:
    return {
        "status": _("Status"),
        "value": _("Value"),
        "due": _("Due date"),
        "competence": _("Competence"),
        "number": _("Document number"),
        "description": _("Description"),
        "chart_account": _("Category / chart account"),
        "cost_center": _("Cost center"),
        "business_unit": _("Business unit"),
        "payment": _("Payment"),
    }


def _register_names(posting: Posting | None, bodies: list[DesiredTitle | None]) -> dict[tuple[str, str], str]:
    if posting is None:
        return {}
    ids = {
        kamino_id
        for body in bodies
        if body is not None
        for kamino_id in (
            *(getattr(body, name) for name in CLASSIFIED), body.payment.account if body.payment else None,
        )
        if kamino_id
    }  # fmt: skip
    rows = KaminoItem.objects.filter(connection=posting.kamino_connection_id, kamino_id__in=ids)
    return {(row.kind, row.kamino_id): row.name for row in rows}


def _words(body: DesiredTitle | None, names: dict[tuple[str, str], str]) -> dict[str, str]:
    """Write a Kamino title in words; registers by their name."""
    if body is None:
        return {}
    statuses = {
        KaminoStatus.PENDING: _("Pending"),
        KaminoStatus.SETTLED: _("Paid"),
        KaminoStatus.CANCELLED: _("Cancelled"),
        KaminoStatus.UNKNOWN: _("Unknown"),
    }

    def register(kind: KaminoKind, kamino_id: str | None) -> str:
        return names.get((kind.value, kamino_id), kamino_id) if kamino_id else texts.EMPTY

    payment = texts.EMPTY
    if body.payment is not None:
        account = register(KaminoKind.BANK_ACCOUNT, body.payment.account)
        payment = f"{texts.day(body.payment.date)} · {texts.money(body.payment.amount)} · {account}"
        if body.payment.forced:
            forced = _("forced")  # outside the f-string, where xgettext would not find it
            payment += f" · {forced}"
    return {
        "status": statuses[body.status],
        "value": texts.money(body.value),
        "due": texts.day(body.due_date),
        "competence": texts.day(body.competence_date),
        "number": body.document_number or texts.EMPTY,
        "description": body.description,
        "chart_account": register(KaminoKind.CHART_ACCOUNT, body.chart_account),
        "cost_center": register(KaminoKind.COST_CENTER, body.cost_center),
        "business_unit": register(KaminoKind.BUSINESS_UNIT, body.business_unit),
        "payment": payment,
    }
