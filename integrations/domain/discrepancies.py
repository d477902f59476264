"""Named differences between the two systems, each with both values. Words and advice are made where people read."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from integrations.domain.desired import DesiredTitle, KaminoStatus
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
    LOOK_ALIKE = "look_alike"
    SETTLED_VALUE = "settled_value"
    PAID_FROM = "paid_from"


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
PAYMENT_KINDS = (
    DiscrepancyKind.STATUS,
    DiscrepancyKind.PAYMENT,
    DiscrepancyKind.MISSING_IN_KAMINO,
    DiscrepancyKind.SETTLED_ONLY_IN_BLING,
    DiscrepancyKind.SETTLED_ONLY_IN_KAMINO,
    DiscrepancyKind.PARTIAL,
    DiscrepancyKind.DOUBLE_PAYMENT_RISK,
    DiscrepancyKind.FORCED_SETTLEMENT,
)
"""What may be wrong with the status or payment of a title: they exclude each other (`domain/payment_differences`)."""
WRITTEN_KINDS = (DiscrepancyKind.VALUE, DiscrepancyKind.DUE_DATE)
"""What each write to Kamino ends: it says these as Bling does."""
ROW_KINDS = (
    *WRITTEN_KINDS, DiscrepancyKind.CLASSIFICATION, DiscrepancyKind.PERSON, DiscrepancyKind.EDITED_IN_KAMINO,
)  # fmt: skip
"""What a row of Kamino's list shows otherwise than was sent, beside status and payment."""
MONEY_KINDS = (
    *PAYMENT_KINDS,
    DiscrepancyKind.VALUE,
    DiscrepancyKind.SETTLED_VALUE,
    DiscrepancyKind.MISSING_IN_BLING,
    *COMPUTED_KINDS,
)
"""Kinds whose sides show amounts."""
ACCEPTABLE = (
    DiscrepancyKind.CLASSIFICATION, DiscrepancyKind.PERSON, DiscrepancyKind.EDITED_IN_KAMINO,
    DiscrepancyKind.LOOK_ALIKE, DiscrepancyKind.PAID_FROM,
)  # fmt: skip
"""What a person may say is meant to be so: it is told again once one of its sides changed."""
RISKS = (DiscrepancyKind.DOUBLE_PAYMENT_RISK, DiscrepancyKind.DUPLICATED)
"""What may end in money paid twice: reported at once."""
SAID_FIRST = (*RISKS, DiscrepancyKind.LOOK_ALIKE)
"""What a title's headline begins with, the worst first."""


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


def compare(told: DesiredTitle, row: KaminoTitle, *, names: Names, tolerance: Decimal = ZERO) -> list[Difference]:
    """Compare what was told to Kamino of a title with the row that it shows, except status and payment
    (`payment_difference`).

    Amounts that differ by no more than `tolerance` (reais) are equal.
    """
    found: list[Difference] = []
    if told.status is KaminoStatus.CANCELLED or row.status is KaminoStatus.CANCELLED:
        return found
    if abs(row.value - told.value) > tolerance:
        found.append(Difference(DiscrepancyKind.VALUE, str(told.value), str(row.value), row.value - told.value))
    if row.due_date is not None and row.due_date != told.due_date:
        due = str(told.due_date), str(row.due_date)
        found.append(Difference(DiscrepancyKind.DUE_DATE, *due, days=(row.due_date - told.due_date).days))
    if row.chart_account and row.chart_account != told.chart_account:
        accounts = names.account(told.chart_account), names.account(row.chart_account)
        found.append(Difference(DiscrepancyKind.CLASSIFICATION, *accounts))
    if names.person_id is not None and row.person_id is not None and row.person_id != names.person_id:
        ours, theirs = f"{names.person_id} {names.person}", f"{row.person_id} {row.person_name}"
        found.append(Difference(DiscrepancyKind.PERSON, ours.strip(), theirs.strip()))
    # Ours always holds the marker; an empty one was erased on a person's request.
    if told.description and row.description.strip() != told.description.strip():
        found.append(Difference(DiscrepancyKind.EDITED_IN_KAMINO, told.description, row.description))
    return found
