"""Which Kamino row is ours? By marker or external code only; a row that merely looks like ours stays unlinked."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from integrations.domain.desired import MARKER, DesiredPayment, DesiredTitle, KaminoStatus
from integrations.domain.documents import compact, digits

LOOKS_ALIKE = timedelta(days=3)
"""So far apart two titles of the same person and value may be due and still be the same one, entered twice."""
_MARKER = re.compile(re.escape(MARKER).replace(re.escape("{code}"), r"([\w.-]+)"))


@dataclass(frozen=True)
class KaminoTitle:
    """One title as a Kamino list shows it; `code` is empty where lists hide external codes."""

    kamino_id: int
    person_id: int | None
    description: str
    note: str
    code: str
    due_date: date | None
    value: Decimal
    status: KaminoStatus
    awaits_approval: bool = False
    payment_date: date | None = None
    paid_amount: Decimal | None = None
    payment_account: str = ""
    competence_date: date | None = None
    chart_account: str = ""
    cost_center: str = ""
    business_unit: str = ""
    document_number: str = ""
    reconciled: bool = False
    scheduled: bool = False
    sent_to_bank: bool = False
    person_name: str = ""
    person_document: str = ""
    raw: dict[str, object] | None = None

    @property
    def is_in_force(self) -> bool:
        """False for a status that is neither open nor paid: awaiting approval, cancelled, or unknown to us."""
        return self.status in (KaminoStatus.PENDING, KaminoStatus.SETTLED) and not self.awaits_approval

    @property
    def may_be_paid(self) -> bool:
        """Say whether Kamino is about to pay this title: scheduled, or in a file that went to the bank."""
        return self.scheduled or self.sent_to_bank

    @property
    def carries_marker(self) -> bool:
        """Say whether a text of the row holds our marker; an external code alone may be anybody's."""
        return bool(_MARKER.search(self.description) or _MARKER.search(self.note))

    @property
    def marked_code(self) -> str:
        """Return the code in the row's marker, or its external code where lists show that; else ""."""
        if self.code:
            return self.code
        found = _MARKER.search(self.description) or _MARKER.search(self.note)
        return found.group(1) if found else ""

    def is_marked(self, code: str) -> bool:
        marker = MARKER.format(code=code)
        return self.code == code or marker in self.description or marker in self.note


def may_have_number(theirs: str, ours: str) -> bool:
    """Two document numbers that are both there and differ tell two titles apart; one of which only digits are sent says
    nothing of the letters."""
    return not (theirs and ours) or compact(theirs) == compact(ours) or digits(theirs) == ours


def marked(rows: Iterable[KaminoTitle], code: str) -> list[KaminoTitle]:
    """Return the rows that carry our code or marker."""
    return [row for row in rows if row.is_marked(code)]


def as_shown(row: KaminoTitle, desired: DesiredTitle) -> DesiredTitle:
    """Return `desired` as Kamino's row has it; what differs is then written like any other change."""
    payment = None
    if row.status is KaminoStatus.SETTLED and row.payment_date is not None:
        payment = DesiredPayment(row.payment_date, row.paid_amount or row.value, row.payment_account)
        ours = desired.payment
        # Lists do not say who ordered a settlement: one equal to what a person ordered is that person's.
        is_order = ours is not None and ours.forced and (ours.date, ours.amount) == (payment.date, payment.amount)
        payment = replace(payment, forced=is_order)
    return replace(
        desired,
        description=row.description,
        document_number=row.document_number,
        due_date=row.due_date or desired.due_date,
        competence_date=row.competence_date or desired.competence_date,
        value=row.value,
        chart_account=row.chart_account or desired.chart_account,
        cost_center=row.cost_center or None,
        business_unit=row.business_unit or None,
        status=row.status,
        payment=payment,
        note=row.note,
    )


def holds(row: KaminoTitle, desired: DesiredTitle) -> bool:
    """Say whether Kamino's row already is what we sent (used after an answer was lost). A settlement is told by its day
    and amount, whatever people did to its text meanwhile."""
    if row.status is not desired.status or row.value != desired.value or row.due_date != desired.due_date:
        return False
    if desired.payment is None:
        return row.description.strip() == desired.description.strip()
    return row.payment_date == desired.payment.date and row.paid_amount == desired.payment.amount
