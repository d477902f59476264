"""Where a payable for Bling, or its settlement, stands, and why it goes no further: one answer for its row, its page
and its file."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Count, Q

from integrations.domain.delivery import DeliveryState
from integrations.domain.reasons import Problem, Reason
from integrations.models import BlingWriting, PayableWrite, SettlementWrite, WriteBatch, WriteMode
from integrations.models.payable_queries import asks_somebody
from integrations.rest.errors import DAILY_LIMIT


class Standing(StrEnum):
    AWAITS_SECOND = "awaits_second"
    DISCARDED = "discarded"
    LEFT_OUT = "left_out"
    STOPPED = "stopped"
    SWITCHED_OFF = "switched_off"
    SIMULATION = "simulation"
    PAUSED = "paused"
    STALE = "stale"
    SUPPLIER_STUCK = "supplier_stuck"
    QUEUED = "queued"
    SENDING = "sending"
    UNCONFIRMED = "unconfirmed"
    STUCK = "stuck"
    SENT = "sent"
    SETTLED = "settled"
    REFUSED = "refused"


ASKS = (Standing.AWAITS_SECOND, Standing.STOPPED, Standing.STALE, Standing.SUPPLIER_STUCK, Standing.STUCK)
"""What only a person moves on (`models/payable_queries` says so of many)."""


@dataclass(frozen=True)
class Answer:
    """Where it stands, and the reason that is known of it."""

    standing: Standing
    why: Problem | None = None


_BY_STATE = {
    DeliveryState.DELIVERED: Standing.SENT,
    DeliveryState.SENDING: Standing.SENDING,
    DeliveryState.UNCERTAIN: Standing.UNCONFIRMED,
    DeliveryState.NEEDS_HUMAN: Standing.STUCK,
    DeliveryState.HELD: Standing.AWAITS_SECOND,
}


@dataclass(frozen=True)
class Progress:
    """How many payables of a batch Bling has, wait for somebody, are not sent, and go on by themselves (`left`);
    `moves` where something of it is sent now."""

    sent: int
    asks: int
    left_out: int
    left: int
    moves: bool


def progress_of(batch: WriteBatch, now: datetime) -> Progress:
    """Return how far a batch is; each payable counts once."""
    rows = PayableWrite.objects.filter(batch=batch)
    sent, left_out = Q(state=DeliveryState.DELIVERED), Q(state=DeliveryState.IGNORED)
    found = rows.aggregate(sent=Count("pk", filter=sent), out=Count("pk", filter=left_out), all=Count("pk"))
    asks = rows.filter(asks_somebody(now)).count()
    left = found["all"] - found["sent"] - found["out"] - asks
    writing = BlingWriting.objects.filter(connection=batch.connection_id, mode=WriteMode.LIVE)
    writing = writing.exclude(paused_until__gt=now)
    moves = left > 0 and batch.state == WriteBatch.State.SENDING and writing.exists()
    return Progress(found["sent"], asks, found["out"], left, moves)


def standing_of(payable: PayableWrite, now: datetime) -> Answer:
    """Return where a payable stands; its batch, supplier and connection's `writing` are read with it."""
    state, batch = DeliveryState(payable.state), payable.batch
    if state is DeliveryState.IGNORED:
        is_whole = batch.state == WriteBatch.State.DISCARDED
        return Answer(Standing.DISCARDED if is_whole else Standing.LEFT_OUT)
    if state in _BY_STATE:
        return Answer(_BY_STATE[state], payable.get_reason())
    return _ready(payable, now)


def _ready(payable: PayableWrite, now: datetime) -> Answer:
    writing, supplier = getattr(payable.connection, "writing", None), payable.supplier
    mode = writing.mode if writing else WriteMode.OFF
    if payable.batch.state == WriteBatch.State.STOPPED:
        return Answer(Standing.STOPPED)
    if payable.batch.state == WriteBatch.State.AWAITING:
        return Answer(Standing.AWAITS_SECOND)
    if mode != WriteMode.LIVE:
        return Answer(Standing.SIMULATION if mode == WriteMode.SIMULATION else Standing.SWITCHED_OFF)
    if payable.is_stale(now):
        return Answer(Standing.STALE)
    if supplier is not None and supplier.state == DeliveryState.NEEDS_HUMAN:
        return Answer(Standing.SUPPLIER_STUCK, supplier.get_reason())
    if writing is not None and writing.paused_until is not None and writing.paused_until > now:
        return Answer(Standing.PAUSED, _limit(writing, now))
    if writing is not None and writing.waits_for_permission(now, needs_supplier=payable.known_contact is None):
        return Answer(Standing.PAUSED)
    return Answer(Standing.QUEUED, payable.get_reason() or (supplier.get_reason() if supplier else None))


def standing_of_settlement(settlement: SettlementWrite, now: datetime) -> Answer:
    """Return where a settlement stands; its key and its connection's `writing` are read with it. One of which nothing
    happened is over once its program was told."""
    state, why = DeliveryState(settlement.state), settlement.get_reason()
    if state is DeliveryState.IGNORED:
        is_left_out = settlement.decision == SettlementWrite.Decision.IGNORE
        return Answer(Standing.LEFT_OUT) if is_left_out else Answer(Standing.REFUSED, why)
    if state is DeliveryState.DELIVERED:
        return Answer(Standing.SETTLED)
    if state in _BY_STATE:
        return Answer(_BY_STATE[state], why)
    writing = getattr(settlement.connection, "writing", None)
    is_on = writing is not None and writing.mode == WriteMode.LIVE and writing.settles
    if writing is None or not is_on or not settlement.api_key.may_settle:
        return Answer(Standing.SWITCHED_OFF)
    if settlement.is_stale(now):
        return Answer(Standing.STALE)
    waits = (writing.paused_until, writing.settlements_wait_until)
    if any(until is not None and until > now for until in waits):
        return Answer(Standing.PAUSED, _limit(writing, now) or why)
    return Answer(Standing.QUEUED, why)


def _limit(writing: BlingWriting, now: datetime) -> Problem | None:
    """Return that the calls of the day are used up, with the end of that, where writing is paused for it."""
    is_paused = writing.paused_until is not None and writing.paused_until > now
    is_spent = is_paused and writing.failure.get("code") == DAILY_LIMIT
    return Problem(Reason.LIMITED, writing.failure) if is_spent else None
