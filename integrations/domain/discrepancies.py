"""Named differences between the two systems, each with both values. Words and advice are made where people read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from integrations.domain.desired import DesiredPayment, DesiredTitle, KaminoStatus
from integrations.domain.matching import KaminoTitle
from integrations.domain.money import ZERO


class DiscrepancyKind(StrEnum):
    VALUE = "value"
    DUE_DATE = "due_date"
    STATUS = "status"
    PAYMENT = "payment"
    CLASSIFICATION = "classification"
    PERSON = "person"
    MISSING_IN_KAMINO = "missing_in_kamino"
    MISSING_IN_BLING = "missing_in_bling"
    SETTLED_ONLY_IN_BLING = "settled_only_in_bling"
    SETTLED_ONLY_IN_KAMINO = "settled_only_in_kamino"
    PARTIAL = "partial"
    DOUBLE_PAYMENT_RISK = "double_payment_risk"
    EDITED_IN_KAMINO = "edited_in_kamino"
    FORCED_SETTLEMENT = "forced_settlement"
    UNMAPPED = "unmapped"
    INVALID_DOCUMENT = "invalid_document"
    CLOSED_PERIOD = "closed_period"
    INVOICE_CANCELLED = "invoice_cancelled"
    HELD = "held"
    REFUSED = "refused"
    UNCONFIRMED = "unconfirmed"
    POSSIBLE_DUPLICATE = "possible_duplicate"
    DUPLICATED = "duplicated"
    DOCUMENT = "document"


COMPUTED_KINDS = (
    DiscrepancyKind.UNCONFIRMED,
    DiscrepancyKind.REFUSED,
    DiscrepancyKind.UNMAPPED,
    DiscrepancyKind.INVALID_DOCUMENT,
    DiscrepancyKind.CLOSED_PERIOD,
    DiscrepancyKind.HELD,
    DiscrepancyKind.DOCUMENT,
)
"""Kinds that only say how a title of ours stands: no row stores them. The place of each in this order is part of its
rows' keys, so new ones go to the end."""
RISKS = (DiscrepancyKind.DOUBLE_PAYMENT_RISK, DiscrepancyKind.DUPLICATED)
"""What may end in money paid twice: reported at once."""


@dataclass(frozen=True)
class Difference:
    """One difference: what Bling (and our rules) say, and what Kamino shows, as plain text (ISO days, plain amounts).

    `amount` in reais and `days` are Kamino's side minus Bling's, where that means something. `bordero_id` names the
    payment whose own title in Kamino differs, `None` for the title itself.
    """

    kind: DiscrepancyKind
    bling: str
    kamino: str
    amount: Decimal | None = None
    days: int | None = None
    bordero_id: int | None = None


@dataclass(frozen=True)
class Names:
    """What ids are called: chart accounts, and the person on our side (`None`: never linked, not compared)."""

    accounts: Mapping[str, str]
    person_id: int | None = None
    person: str = ""

    def account(self, kamino_id: str) -> str:
        name = self.accounts.get(kamino_id, "")
        return f"{kamino_id} {name}".strip()


def compare(
    delivered: DesiredTitle, row: KaminoTitle | None, *, names: Names, tolerance: Decimal = ZERO
) -> list[Difference]:
    """Compare a title that we delivered with what Kamino shows now; `row` is `None` when the list lacks it.

    Amounts that differ by no more than `tolerance` (reais) are equal.
    """
    if delivered.status is KaminoStatus.CANCELLED:
        if row is None or row.status is KaminoStatus.CANCELLED:
            return []
        return [Difference(DiscrepancyKind.STATUS, KaminoStatus.CANCELLED, row.status)]
    if row is None:
        return [Difference(DiscrepancyKind.MISSING_IN_KAMINO, str(delivered.value), "")]
    found = _settlement_differences(delivered, row, tolerance)
    if abs(row.value - delivered.value) > tolerance:
        amount = row.value - delivered.value
        found.append(Difference(DiscrepancyKind.VALUE, str(delivered.value), str(row.value), amount))
    if row.due_date is not None and row.due_date != delivered.due_date:
        days = (row.due_date - delivered.due_date).days
        due = str(delivered.due_date), str(row.due_date)
        found.append(Difference(DiscrepancyKind.DUE_DATE, *due, days=days))
    if row.chart_account and row.chart_account != delivered.chart_account:
        accounts = names.account(delivered.chart_account), names.account(row.chart_account)
        found.append(Difference(DiscrepancyKind.CLASSIFICATION, *accounts))
    if names.person_id is not None and row.person_id is not None and row.person_id != names.person_id:
        theirs = row.person_name or str(row.person_id)
        found.append(Difference(DiscrepancyKind.PERSON, names.person or str(names.person_id), theirs))
    # Ours always holds the marker; an empty one was erased on a person's request.
    if delivered.description and row.description.strip() != delivered.description.strip():
        found.append(Difference(DiscrepancyKind.EDITED_IN_KAMINO, delivered.description, row.description))
    return found


def _settlement_differences(delivered: DesiredTitle, row: KaminoTitle, tolerance: Decimal) -> list[Difference]:
    payment = delivered.payment
    if row.status is KaminoStatus.UNKNOWN:
        is_risk = delivered.status is KaminoStatus.SETTLED and row.may_be_paid
        kind = DiscrepancyKind.DOUBLE_PAYMENT_RISK if is_risk else DiscrepancyKind.STATUS
        return [Difference(kind, delivered.status, row.status)]
    if delivered.status is KaminoStatus.SETTLED and row.status is KaminoStatus.PENDING:
        paid = _payment_text(payment.date, payment.amount) if payment else ""
        kind = DiscrepancyKind.DOUBLE_PAYMENT_RISK if row.may_be_paid else DiscrepancyKind.SETTLED_ONLY_IN_BLING
        return [Difference(kind, paid, KaminoStatus.PENDING)]
    if delivered.status is KaminoStatus.PENDING and row.status is KaminoStatus.SETTLED:
        paid = _payment_text(row.payment_date, row.paid_amount or row.value)
        return [Difference(DiscrepancyKind.SETTLED_ONLY_IN_KAMINO, KaminoStatus.PENDING, paid)]
    if row.status is KaminoStatus.CANCELLED:
        return [Difference(DiscrepancyKind.STATUS, delivered.status, row.status)]
    return _payment_differences(payment, row, tolerance) if payment else []


def _payment_differences(payment: DesiredPayment, row: KaminoTitle, tolerance: Decimal) -> list[Difference]:
    amount = None if row.paid_amount is None else row.paid_amount - payment.amount
    days = None if row.payment_date is None else (row.payment_date - payment.date).days
    if amount is not None and abs(amount) <= tolerance and days == 0:
        return []
    ours = _payment_text(payment.date, payment.amount)
    theirs = _payment_text(row.payment_date, row.paid_amount)
    return [Difference(DiscrepancyKind.PAYMENT, ours, theirs, amount or None, days or None)]


def _payment_text(day: date | None, amount: Decimal | None) -> str:
    return " ".join(str(part) for part in (day, amount) if part is not None)
