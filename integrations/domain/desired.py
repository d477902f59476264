"""What Kamino should hold for one title: pure data, comparable by fingerprint, and the rules that make it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self

from integrations.domain.bodies import StoredBody
from integrations.domain.classification import Classification
from integrations.domain.money import ZERO
from integrations.domain.reasons import Holds, Problem, Reason, holding_title
from integrations.domain.rules import TenantRules, is_filtered, is_switched_off, kept_back, number_to_send
from integrations.domain.settlement import PaymentFacts, Settlement
from integrations.domain.titles import Direction, TitleFacts, TitleStatus, competence_of

MARKER = "[Bling {code}]"
MAX_DESCRIPTION = 250


class KaminoStatus(StrEnum):
    """What a title is in Kamino. `UNKNOWN` is only ever read, never wanted or sent: who reads it asks a person."""

    PENDING = "pending"
    SETTLED = "settled"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class DesiredPayment(StoredBody):
    """One settlement in Kamino's terms: a day, the money that moved, and the bank account's chart id."""

    date: date
    amount: Decimal
    account: str
    forced: bool = False

    @classmethod
    def _parsed(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {**values, "date": date.fromisoformat(values["date"]), "amount": Decimal(values["amount"])}


@dataclass(frozen=True)
class Forced:
    """A settlement that a person ordered, and the note that goes with it."""

    payment: DesiredPayment
    note: str = ""


@dataclass(frozen=True)
class DesiredTitle(StoredBody):
    """A whole Kamino title. `code` is what we call the title over there, `person` what we call its person."""

    direction: Direction
    code: str
    description: str
    document_number: str
    due_date: date
    competence_date: date
    value: Decimal
    chart_account: str
    cost_center: str | None
    business_unit: str | None
    status: KaminoStatus
    payment: DesiredPayment | None = None
    note: str = ""
    person: str = ""

    @classmethod
    def _parsed(cls, values: dict[str, Any]) -> dict[str, Any]:
        payment = values.get("payment")
        return {
            **values,
            "direction": Direction(values["direction"]),
            "status": KaminoStatus(values["status"]),
            "due_date": date.fromisoformat(values["due_date"]),
            "competence_date": date.fromisoformat(values["competence_date"]),
            "value": Decimal(values["value"]),
            "payment": DesiredPayment.from_json(payment) if payment else None,
        }

    def to_json(self) -> dict[str, Any]:
        return {**super().to_json(), "payment": self.payment.to_json() if self.payment else None}

    @property
    def is_older(self) -> bool:
        return super().is_older or (self.payment is not None and self.payment.is_older)

    def completed(self, now: Self) -> Self:
        title = super().completed(now)
        if title.payment is None or now.payment is None:
            return title
        return replace(title, payment=title.payment.completed(now.payment))

    @property
    def settles(self) -> bool:
        return self.payment is not None


@dataclass(frozen=True)
class Inputs:
    """Everything that decides about one title.

    `delivered` is what was last sent, `None` before creation; `paid_on` is the day of the last payment that is
    known, also when the payments make up no settlement. `rest`: the value that stays with the title itself when
    payments are titles of their own (`domain/splitting`).
    """

    title: TitleFacts
    classification: Classification
    settlement: Settlement | None
    payment_account: str | None
    person_name: str
    rules: TenantRules
    delivered: DesiredTitle | None
    paid_on: date | None = None
    contact_types: frozenset[int] = frozenset()
    forced: Forced | None = None
    deleted: bool = False
    rest: Decimal | None = None

    @property
    def value(self) -> Decimal:
        """The value of this Kamino title, in reais."""
        return self.title.value if self.rest is None else self.rest


def desire(inputs: Inputs, problems: Sequence[Problem]) -> tuple[DesiredTitle | None, list[Problem]]:
    """Return what Kamino should hold for a title, and every reason why that is nothing or only a part.

    `problems` are those that classification and settlement already found.
    """
    found = [*problems, *_refusals(inputs)]
    wanted = _wanted_status(inputs)
    title = inputs.title
    nothing_to_send = [problem for problem in found if problem.code is Reason.CANCELLED_BEFORE_SENDING]
    if nothing_to_send:
        return None, nothing_to_send
    if wanted is KaminoStatus.CANCELLED and inputs.delivered is not None:
        # A cancellation needs no classification: it says only which title goes.
        remaining = [problem for problem in found if problem.code in _STOPS_CANCELLATION]
        if remaining:
            return None, remaining
        last = inputs.delivered.completed(inputs.delivered)  # nothing of it is sent but that it goes
        cancelled = replace(last, status=KaminoStatus.CANCELLED, payment=None)
        return _respecting_closed_period(cancelled, inputs, [])
    if holding_title(found) or inputs.classification.chart_account is None or title.due_date is None:
        return None, found
    if _is_paid_in_a_way_nobody_knows(inputs, found):
        return None, found
    payment = _payment(inputs) if wanted is KaminoStatus.SETTLED else None
    if payment is not None and (payment.forced or inputs.payment_account is None):
        # What kept back the settlement is what the person decided about, or no matter any more: it was sent.
        found = [problem for problem in found if problem.holds is not Holds.SETTLEMENT]
    desired = DesiredTitle(
        direction=title.direction,
        code=f"{inputs.rules.code_prefix}{title.bling_id}",
        description=describe(title, inputs.person_name, f"{inputs.rules.code_prefix}{title.bling_id}"),
        document_number=number_to_send(title, inputs.rules),
        due_date=title.due_date,
        competence_date=competence_of(title) or title.due_date,
        value=inputs.value,
        chart_account=inputs.classification.chart_account,
        cost_center=inputs.classification.cost_center,
        business_unit=inputs.classification.business_unit,
        status=KaminoStatus.SETTLED if payment else KaminoStatus.PENDING,
        payment=payment,
        note=_note(inputs, payment),
        person=f"{inputs.rules.code_prefix}{title.contact_id}",
    )
    return _respecting_closed_period(desired, inputs, found)


_STOPS_CANCELLATION = {Reason.CANCELLED_WITH_PAYMENT, Reason.FILTERED}
_PAYMENT_UNKNOWN = {
    Reason.PAYMENTS_UNREAD,
    Reason.PAYMENTS_MISSING,
    Reason.PAYMENT_AMBIGUOUS,
    Reason.PAYMENT_OF_OTHERS,
    Reason.PAYMENTS_DO_NOT_ADD_UP,
    Reason.PAID_AMOUNT_UNSURE,
}
_NOT_COMPARABLE = {*_PAYMENT_UNKNOWN, Reason.PAYMENTS_SEVERAL}


def _is_paid_in_a_way_nobody_knows(inputs: Inputs, found: Sequence[Problem]) -> bool:
    """Say whether a title that was paid, perhaps long ago, would be new and open in Kamino, where somebody could pay or
    charge it again; or would look reversed, where it is settled already."""
    before, unknown = inputs.delivered, _PAYMENT_UNKNOWN
    if before is not None:
        unknown = _NOT_COMPARABLE if before.status is KaminoStatus.SETTLED else set()
    is_paid = inputs.forced is None and inputs.title.status is TitleStatus.SETTLED
    return is_paid and any(problem.code in unknown for problem in found)


def _wanted_status(inputs: Inputs) -> KaminoStatus:
    if inputs.title.status is TitleStatus.CANCELLED or inputs.deleted:
        return KaminoStatus.CANCELLED
    settled = inputs.forced is not None or inputs.title.status is TitleStatus.SETTLED
    return KaminoStatus.SETTLED if settled else KaminoStatus.PENDING


def _refusals(inputs: Inputs) -> list[Problem]:
    title, found = inputs.title, []
    if title.status in (TitleStatus.RETURNED, TitleStatus.PARTLY_RETURNED):
        found.append(Problem(Reason.STATUS_RETURNED))
    if title.status is TitleStatus.UNKNOWN:
        found.append(Problem(Reason.STATUS_UNKNOWN, {"number": str(title.status_number)}))
    if title.status is TitleStatus.CANCELLED:
        is_over = inputs.delivered is not None and inputs.delivered.status is KaminoStatus.CANCELLED
        if title.bordero_ids and not is_over:
            found.append(Problem(Reason.CANCELLED_WITH_PAYMENT))
        elif inputs.delivered is None:
            found.append(Problem(Reason.CANCELLED_BEFORE_SENDING))
    elif inputs.deleted and inputs.delivered is None:
        found.append(Problem(Reason.CANCELLED_BEFORE_SENDING))
    if inputs.value <= ZERO:
        found.append(Problem(Reason.VALUE_NOT_POSITIVE, {"value": str(inputs.value)}))
    if title.due_date is None:
        found.append(Problem(Reason.DUE_DATE_MISSING))
    if title.contact_id == 0:
        found.append(Problem(Reason.PERSON_MISSING))
    is_new = inputs.delivered is None
    if is_switched_off(title, inputs.rules) or (is_new and is_filtered(title, inputs.contact_types, inputs.rules)):
        found.append(Problem(Reason.FILTERED))
    elif is_new and (waits := kept_back(title, inputs.rules)):
        found.append(waits)
    settled_from = inputs.rules.settled_from
    is_history = (
        is_new
        and inputs.forced is None
        and title.status is TitleStatus.SETTLED
        and inputs.paid_on is not None
        and settled_from is not None
        and inputs.paid_on < settled_from
    )
    if is_history:
        found.append(Problem(Reason.BEFORE_SETTLED_FROM, {"date": str(settled_from)}))
    return found


def _payment(inputs: Inputs) -> DesiredPayment | None:
    real, account = None, inputs.payment_account
    if account is None and inputs.delivered is not None and inputs.delivered.payment is not None:
        account = inputs.delivered.payment.account  # settled there: what became of the account since undoes nothing
    if inputs.settlement is not None and account is not None:
        real = DesiredPayment(inputs.settlement.date, inputs.settlement.amount, account)
    if inputs.forced is None:
        return real
    # Bling's own payment counts as soon as it differs from the order: sent before, that is a conflict people must see.
    forced = inputs.forced.payment
    return forced if real is None or replace(real, forced=True) == forced else real


_SETTLES = ("status", "payment", "note")


def _respecting_closed_period(
    desired: DesiredTitle, inputs: Inputs, found: list[Problem]
) -> tuple[DesiredTitle | None, list[Problem]]:
    closed = inputs.rules.closed_until
    before = inputs.delivered.completed(desired) if inputs.delivered else None
    if closed is None or desired == before:
        return desired, found
    if before is not None and before.status is not KaminoStatus.PENDING:
        return desired, found  # settled and cancelled titles are never written again, whatever the month
    days = [desired.payment.date] if desired.payment else []
    settled = before and desired.payment and replace(before, **{name: getattr(desired, name) for name in _SETTLES})
    if desired != settled:
        # A settlement alone moves nothing but money: last month's bills are paid in this one.
        days += [desired.competence_date, *([before.competence_date] if before else [])]
    if min(days) > closed:
        return desired, found
    held = [*found, Problem(Reason.CLOSED_PERIOD, {"date": str(closed)})]
    same = settled and (desired.value, desired.person) == (settled.value, settled.person)
    if same and settled and desired.payment and desired.payment.date > closed:
        return settled, held  # the payment goes through, what else changed waits
    return None, held


def describe(title: TitleFacts, person_name: str, code: str) -> str:
    """Return the description that Kamino shows: Bling's history, else number and person, and always the marker.

    The marker is in the description because it is the only text that Kamino's lists are known to show.
    """
    text = " ".join(title.history.split())
    if not text:
        text = " – ".join(part for part in (title.document_number, person_name) if part) or "Bling"
    marker = MARKER.format(code=code)
    return f"{text[: MAX_DESCRIPTION - len(marker) - 1].rstrip()} {marker}"


def _note(inputs: Inputs, payment: DesiredPayment | None) -> str:
    if payment is None:
        return ""
    if payment.forced:
        return inputs.forced.note if inputs.forced else ""
    return payment_note(inputs.settlement) if inputs.settlement else ""


def payment_note(paid: Settlement | PaymentFacts) -> str:
    """Return what a payment was made of beside the principal, as a note: no Kamino field for it is confirmed."""
    parts = [
        (name, amount)
        for name, amount in (
            ("juros", paid.interest),
            ("desconto", paid.discount),
            ("acréscimo", paid.surcharge),
            ("tarifa", paid.fee),
        )
        if amount
    ]
    return "; ".join(f"{name} R$ {amount}".replace(".", ",") for name, amount in parts)
