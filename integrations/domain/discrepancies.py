"""Named differences between the two systems, each with both values. Words and advice are made where people read."""

from dataclasses import dataclass
from enum import StrEnum

from integrations.domain.desired import DesiredTitle, KaminoStatus
from integrations.domain.matching import KaminoTitle


class DiscrepancyKind(StrEnum):
    VALUE = "value"
    DUE_DATE = "due_date"
    STATUS = "status"
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
    HELD = "held"
    REFUSED = "refused"
    UNCONFIRMED = "unconfirmed"
    POSSIBLE_DUPLICATE = "possible_duplicate"


@dataclass(frozen=True)
class Difference:
    """One difference: what Bling (and our rules) say, and what Kamino shows."""

    kind: DiscrepancyKind
    bling: str
    kamino: str


def compare(delivered: DesiredTitle, row: KaminoTitle | None, *, person_id: int | None) -> list[Difference]:
    """Compare a title that we delivered with what Kamino shows now; `row` is `None` when the list lacks it."""
    if delivered.status is KaminoStatus.CANCELLED:
        if row is None or row.status is KaminoStatus.CANCELLED:
            return []
        return [Difference(DiscrepancyKind.STATUS, KaminoStatus.CANCELLED, row.status)]
    if row is None:
        return [Difference(DiscrepancyKind.MISSING_IN_KAMINO, str(delivered.value), "")]
    found = _settlement_differences(delivered, row)
    if row.value != delivered.value:
        found.append(Difference(DiscrepancyKind.VALUE, str(delivered.value), str(row.value)))
    if row.due_date is not None and row.due_date != delivered.due_date:
        found.append(Difference(DiscrepancyKind.DUE_DATE, str(delivered.due_date), str(row.due_date)))
    if row.chart_account and row.chart_account != delivered.chart_account:
        found.append(Difference(DiscrepancyKind.CLASSIFICATION, delivered.chart_account, row.chart_account))
    if person_id is not None and row.person_id is not None and row.person_id != person_id:
        found.append(Difference(DiscrepancyKind.PERSON, str(person_id), str(row.person_id)))
    if row.description.strip() != delivered.description.strip():
        found.append(Difference(DiscrepancyKind.EDITED_IN_KAMINO, delivered.description, row.description))
    return found


def _settlement_differences(delivered: DesiredTitle, row: KaminoTitle) -> list[Difference]:
    if delivered.status is KaminoStatus.SETTLED and row.status is KaminoStatus.PENDING:
        paid = str(delivered.payment.amount) if delivered.payment else ""
        kind = DiscrepancyKind.DOUBLE_PAYMENT_RISK if row.scheduled else DiscrepancyKind.SETTLED_ONLY_IN_BLING
        return [Difference(kind, paid, "")]
    if delivered.status is KaminoStatus.PENDING and row.status is KaminoStatus.SETTLED:
        return [Difference(DiscrepancyKind.SETTLED_ONLY_IN_KAMINO, "", str(row.paid_amount or row.value))]
    if row.status is KaminoStatus.CANCELLED:
        return [Difference(DiscrepancyKind.STATUS, delivered.status, row.status)]
    payment = delivered.payment
    if payment and (row.payment_date, row.paid_amount) != (payment.date, payment.amount):
        ours, theirs = f"{payment.date} {payment.amount}", f"{row.payment_date} {row.paid_amount}"
        return [Difference(DiscrepancyKind.STATUS, ours, theirs)]
    return []
