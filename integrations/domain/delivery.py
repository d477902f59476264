"""Which write, if any, brings Kamino from what was sent to what it should hold. A settlement is never repeated."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from integrations.domain.desired import DesiredPayment, DesiredTitle, KaminoStatus
from integrations.domain.reasons import Problem, Reason


class DeliveryState(StrEnum):
    """Where a title, person or part is on its way to Kamino; only the conditional updates of `models/outbox` move
    it."""

    HELD = "held"
    READY = "ready"
    SENDING = "sending"
    DELIVERED = "delivered"
    UNCERTAIN = "uncertain"
    NEEDS_HUMAN = "needs_human"
    IGNORED = "ignored"


IN_FLIGHT = (DeliveryState.SENDING, DeliveryState.UNCERTAIN)
"""A call is under way, or nobody knows what came of it."""


class Outcome(StrEnum):
    """What came of one write; nothing yet while it is in flight, or when its worker was killed."""

    IN_FLIGHT = ""
    DELIVERED = "delivered"
    ADOPTED = "adopted"
    UNCHANGED = "unchanged"
    TRANSIENT = "transient"
    REJECTED = "rejected"
    CONFIG = "config"
    CONFLICT = "conflict"
    UNCERTAIN = "uncertain"
    INTERNAL = "internal"


class Operation(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    SETTLE = "settle"
    CANCEL = "cancel"
    SAVE_PERSON = "save_person"


class Body(Protocol):
    """What is sent of a unit, in the terms of the domain; `settles`: it says that money moved."""

    @property
    def settles(self) -> bool: ...

    @property
    def fingerprint(self) -> str: ...

    def to_json(self) -> dict[str, object]: ...


@dataclass(frozen=True)
class NextStep:
    """One of: an operation to do; a conflict for a person; neither (Kamino holds what it should)."""

    operation: Operation | None = None
    conflict: Problem | None = None


def next_step(desired: DesiredTitle, delivered: DesiredTitle | None) -> NextStep:
    """Compare what should be with what was delivered. `delivered` is `None` for a title that Kamino never got."""
    if delivered is None:
        return NextStep(None if desired.status is KaminoStatus.CANCELLED else Operation.CREATE)
    delivered = delivered.completed(desired)
    if not delivered.description:  # erased on a person's request (it always held the marker): says nothing
        delivered = replace(delivered, description=desired.description)
    if desired == delivered:
        return NextStep()
    if KaminoStatus.UNKNOWN in (desired.status, delivered.status):
        return NextStep(conflict=Problem(Reason.UNKNOWN_IN_KAMINO))
    if delivered.status is KaminoStatus.SETTLED:
        return NextStep(conflict=_after_settlement(desired, delivered))
    if delivered.status is KaminoStatus.CANCELLED:
        return NextStep(conflict=Problem(Reason.REOPENED_AFTER_CANCELLATION))
    if desired.status is KaminoStatus.CANCELLED:
        return NextStep(Operation.CANCEL)
    return NextStep(Operation.SETTLE if desired.status is KaminoStatus.SETTLED else Operation.UPDATE)


def _after_settlement(desired: DesiredTitle, delivered: DesiredTitle) -> Problem:
    if desired.status is KaminoStatus.CANCELLED:
        return Problem(Reason.CANCELLED_AFTER_SETTLEMENT)
    if desired.status is KaminoStatus.PENDING:
        return Problem(Reason.REVERSED_AFTER_SETTLEMENT)
    ours, theirs = desired.payment, delivered.payment
    if ours and theirs and (ours.date, ours.amount, ours.account) != (theirs.date, theirs.amount, theirs.account):
        return Problem(
            Reason.SETTLEMENT_DIFFERS,
            {"bling": _paid_text(ours, theirs), "kamino": _paid_text(theirs, ours)},
        )
    if desired.value != delivered.value:
        sides = {"bling": str(desired.value), "kamino": str(delivered.value)}
        return Problem(Reason.VALUE_AFTER_SETTLEMENT, sides)
    return Problem(Reason.FROZEN_AFTER_SETTLEMENT)


def _paid_text(payment: DesiredPayment, other: DesiredPayment) -> str:
    """Write a settlement; its account where that is what sets it apart."""
    text = f"{payment.date} {payment.amount}"
    return text if payment.account == other.account else f"{text} · {payment.account}"
