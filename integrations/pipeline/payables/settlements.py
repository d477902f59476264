"""The bridge's second call: a program settles a payable, whole and once, whatever it sends again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F, Q

from integrations.bling_v2 import answers
from integrations.bling_v2.codes import NOT_SETTLED, OFF, PENDING, REFUSED, RefusedError, because
from integrations.bling_v2.settlement import SettlementFacts, read_settlement
from integrations.bling_v2.xml import read_xml
from integrations.domain.calendar import day_of
from integrations.domain.delivery import DeliveryState, Outcome
from integrations.domain.money import ZERO
from integrations.domain.payables import DesiredSettlement, marker_of
from integrations.domain.reasons import Reason
from integrations.domain.titles import Direction
from integrations.models import ApiKey, BlingAttempt, PayableWrite, SettlementWrite, Title, WriteBatch
from integrations.models.confidential import PUBLIC
from integrations.models.outbox import NO_REASON, Priority
from integrations.pipeline.payables import throttle
from integrations.pipeline.payables.accept import OF_A_DAY, lock
from integrations.pipeline.payables.doorway import (
    DECIDES,
    SETTLE_PENDING,
    Answer,
    Call,
    Waiting,
    is_written_to,
    key_of,
    refusal,
)
from integrations.pipeline.payables.entry import closed_text

log = structlog.get_logger(__name__)
SETTLED = 200
"""HTTP status of success, whatever the key's is for payables: clients of v2 look for it."""
CLOSED_MONTH = "O mês da liquidação está fechado"
OFF_FOR_KEY = "A liquidação não está ativa para esta chave. Nada foi gravado."
LEFT_OUT = "Uma pessoa decidiu não liquidar"
NOT_OURS = "não foi lançada por esta ponte"
ABOVE_LIMIT = "o limite de 24 horas desta chave foi atingido"
TOO_MUCH = "juros, acréscimo e tarifa somam mais do que o valor da conta, ou o desconto é todo o valor"
_WHY: Mapping[str, str] = {
    Reason.NOT_OPEN: "no Bling ela não está em aberto por inteiro, ou tem outro valor",
    Reason.BANK_ACCOUNT_MISSING: "nem a conta nem a chave têm portador",
    Reason.CATEGORY_MISSING: "ela não tem categoria",
}
"""What a program is told of a settlement that was refused."""


class Ended(StrEnum):
    """SETTLED in Bling. REFUSED: nothing happened. LEFT_OUT: a person said that it is not to be settled. HELD: a person
    decides. NOT_YET."""

    SETTLED = "settled"
    REFUSED = "refused"
    LEFT_OUT = "left_out"
    HELD = "held"
    NOT_YET = "not_yet"


@dataclass(frozen=True)
class Payable:
    """What a program may settle: one that the bridge entered (`write`), or any open one of the mirror."""

    values: dict[str, Any]
    write: PayableWrite | None = None


def accept(call: Call, title_id: int, waiting: Waiting) -> Answer:
    """Answer a program that wants a payable settled; it is settled once, however often the request comes."""
    try:
        return _settled(call, title_id, waiting)
    except RefusedError as error:
        return refusal(call.path, error)


def _settled(call: Call, title_id: int, waiting: Waiting) -> Answer:
    key, request = key_of(call, waiting.clock)
    facts = read_settlement(read_xml(request.xml), day_of(waiting.clock()))
    with throttle.place(key.connection_id):
        try:
            unit = _unit_of(key, title_id, facts, waiting)
        except RefusedError as error:
            _end_what_waited(key, title_id, error, waiting.clock())
            raise
        ended = waiting.until(partial(ended_of, unit.pk), lambda found: found is not Ended.NOT_YET)
    log.info("bridge settles", settlement=unit.pk, key=key.pk, ended=ended.value)
    return _told(call, unit, ended)


def _unit_of(key: ApiKey, title_id: int, facts: SettlementFacts, waiting: Waiting) -> SettlementWrite:
    """Return the settlement of a request: the one that the payable has, or a new one. Raises `RefusedError`."""
    with transaction.atomic():
        lock(key.connection)
        now = waiting.clock()
        rows = SettlementWrite.objects.select_for_update(of=("self",)).select_related("connection__writing", "api_key")
        before = rows.filter(connection=key.connection, title_id=title_id).first()
        if before is None or before.api_key_id != key.pk:
            _check_allowed(key)
        if before is not None and not _is_over(before, facts, now):
            if before.fingerprint != facts.fingerprint:
                raise because(NOT_SETTLED, "já foi pedida com outro dia ou outros valores")
            return before
        _check_allowed(key)
        if not is_written_to(key.connection, settles=True):
            raise RefusedError(OFF, OFF_FOR_KEY)
        payable = _payable_of(key, title_id)
        if closed_text(key.connection, facts.day):
            raise RefusedError(REFUSED, CLOSED_MONTH)
        _check_amounts(facts, payable.values["value"])
        _check_limit(key, title_id, payable.values["value"] + facts.interest + facts.surcharge + facts.fee, now)
        throttle.check_settlements(key, now)
        desired = _desired(key, title_id, facts)
        values = {
            "api_key": key, "payable": payable.write, "paid_on": facts.day, "fingerprint": facts.fingerprint,
            "state": DeliveryState.READY, "desired": desired.to_json(), "desired_fingerprint": desired.fingerprint,
            "priority": Priority.PERSON, "accepted_at": now, "ready_at": now, "planned_at": now, "tries": 0,
            **payable.values, **NO_REASON,
        }  # fmt: skip
        if before is None:
            return SettlementWrite.objects.create(connection=key.connection, title_id=title_id, **values)
        # An answer to what was asked for before, however late, is none to this.
        SettlementWrite.objects.filter(pk=before.pk).update(fence=F("fence") + 1, **values)
        before.refresh_from_db()
        return before


def _is_over(unit: SettlementWrite, facts: SettlementFacts, now: datetime) -> bool:
    """Say whether nothing came, or will come, of what a program asked for before, so that it may ask anew: it was
    refused and told so (or asks otherwise), it waited too long, or its key may not settle any more."""
    if unit.decision == SettlementWrite.Decision.IGNORE or unit.bling_id is not None or _is_unresolved(unit.pk):
        return False
    if unit.state == DeliveryState.READY:
        return unit.is_stale(now) or not unit.api_key.may_settle
    is_other = unit.fingerprint != facts.fingerprint
    return unit.state == DeliveryState.IGNORED or (is_other and ended_of(unit.pk) is Ended.REFUSED)


def _payable_of(key: ApiKey, title_id: int) -> Payable:
    """Return the payable that a key may settle. Raises `RefusedError`: 86 for one that is not to be settled by it or
    that the mirror shows as paid, 903 for one that may be ours and is not known to be."""
    titles = Title.objects.filter(connection=key.connection, direction=Direction.PAYABLE, bling_id=title_id)
    title = titles.first()
    ours = PayableWrite.objects.filter(
        connection=key.connection, bling_id=title_id, batch__source=WriteBatch.Source.BRIDGE
    ).first()
    if ours is None and (title is None or not key.settles_any or not PUBLIC.of(titles).exists()):
        raise because(NOT_SETTLED, NOT_OURS)  # nothing else is told of what the key may not settle
    if title is not None and not title.is_untouched:
        raise because(NOT_SETTLED, _WHY[Reason.NOT_OPEN])
    if ours is not None:
        return Payable(_told_of(ours), ours)
    assert title is not None
    marker = marker_of(title.history)
    if marker and PayableWrite.objects.filter(connection=key.connection, marker=marker, bling_id=None).exists():
        raise RefusedError(PENDING, SETTLE_PENDING)
    return Payable(_told_of(title))


def _check_amounts(facts: SettlementFacts, value: Decimal) -> None:
    """Raise `RefusedError` for what is added to a payable and exceeds it, or a discount of all of it: more likely a
    slip, such as a comma lost, than a payment."""
    if facts.interest + facts.surcharge + facts.fee > value or facts.discount >= value:
        raise because(NOT_SETTLED, TOO_MUCH)


def _check_limit(key: ApiKey, title_id: int, amount: Decimal, now: datetime) -> None:
    """Raise `RefusedError` where a key would settle more within 24 hours than it may. What it asked for of the same
    payable before is over."""
    if key.limit is None:
        return
    rows = SettlementWrite.objects.filter(connection=key.connection_id, api_key=key, accepted_at__gt=now - OF_A_DAY)
    rows = rows.exclude(state=DeliveryState.IGNORED).exclude(title_id=title_id)
    if amount + sum((_leaves(row) for row in rows), ZERO) > key.limit:
        raise because(NOT_SETTLED, ABOVE_LIMIT)


def _leaves(row: SettlementWrite) -> Decimal:
    """Return how much leaves the bank account by a settlement, any discount apart."""
    desired = row.get_desired()
    return row.value + desired.interest + desired.surcharge + desired.fee


def _check_allowed(key: ApiKey) -> None:
    if not key.may_settle:
        raise RefusedError(OFF, OFF_FOR_KEY)


def _end_what_waited(key: ApiKey, title_id: int, error: RefusedError, now: datetime) -> None:
    """End what waited too long, once its program is told that nothing is settled: nobody is to send it any more."""
    if error.code not in (NOT_SETTLED, REFUSED):
        return
    rows = SettlementWrite.objects.select_related("connection__writing", "api_key")
    row = rows.filter(connection=key.connection, title_id=title_id, api_key=key, state=DeliveryState.READY).first()
    if row is not None and row.is_stale(now) and row.bling_id is None and not _is_unresolved(row.pk):
        same = SettlementWrite.objects.filter(pk=row.pk, state=DeliveryState.READY, accepted_at=row.accepted_at)
        same.update(state=DeliveryState.IGNORED)


def _told_of(payable: PayableWrite | Title) -> dict[str, Any]:
    """Return what the lists of settlements tell of a payable."""
    return {name: getattr(payable, name) for name in ("category_id", "document_number", "due_date", "value")}


def _desired(key: ApiKey, title_id: int, facts: SettlementFacts) -> DesiredSettlement:
    return DesiredSettlement(
        title_id=title_id, day=facts.day, interest=facts.interest, discount=facts.discount, surcharge=facts.surcharge,
        fee=facts.fee, value=facts.value, account_id=key.settle_account_id,
    )  # fmt: skip


def ended_of(pk: int) -> Ended:
    """Return what became of a settlement, by its row as it is now."""
    unit = SettlementWrite.objects.get(pk=pk)
    if unit.state == DeliveryState.DELIVERED:
        return Ended.SETTLED
    if unit.state == DeliveryState.IGNORED:
        return Ended.LEFT_OUT if unit.decision == SettlementWrite.Decision.IGNORE else Ended.REFUSED
    if unit.state != DeliveryState.NEEDS_HUMAN:
        return Ended.NOT_YET
    return Ended.REFUSED if _is_refused(unit) else Ended.HELD


def _is_refused(unit: SettlementWrite) -> bool:
    """Say whether nothing happened. Where an answer was lost before, and Bling now shows the payable as paid or
    refuses it, it may have been that payment, late: a person looks."""
    if unit.reason not in SettlementWrite.REFUSED or _is_unresolved(unit.pk):
        return False
    was_lost = BlingAttempt.objects.filter(settlement=unit, outcome=Outcome.TRANSIENT, failure__code="not_there_twice")
    return unit.reason not in (Reason.NOT_OPEN, Reason.REFUSED) or not was_lost.exists()


def _is_unresolved(pk: int) -> bool:
    """Say whether nobody knows what became of a write, or one came too late and named a borderô that is there still."""
    may_be = Q(outcome__in=BlingAttempt.UNRESOLVED) | BlingAttempt.HAS_SURPLUS
    found: bool = BlingAttempt.objects.filter(may_be, settlement=pk).exists()
    return found


def end_refused(pk: int) -> bool:
    """Take a settlement back of which nothing happened, before its program is told so; false where somebody decided
    otherwise meanwhile."""
    with transaction.atomic():
        SettlementWrite.objects.select_for_update().get(pk=pk)
        if ended_of(pk) is not Ended.REFUSED:
            return False
        SettlementWrite.objects.filter(pk=pk).update(state=DeliveryState.IGNORED)
    return True


def _told(call: Call, unit: SettlementWrite, ended: Ended) -> Answer:
    unit.refresh_from_db()
    if ended is Ended.SETTLED:
        row = answers.Booked(unit.title_id, unit.document_number, unit.due_date)
        body, content_type = answers.booked([row], as_json=answers.is_json(call.path))
        return Answer(SETTLED, body, content_type)
    if ended is Ended.REFUSED and end_refused(unit.pk):
        raise because(NOT_SETTLED, _WHY.get(unit.reason) or str(unit.reason_params.get("message", "")))
    if ended is Ended.LEFT_OUT:
        raise RefusedError(REFUSED, LEFT_OUT)
    raise RefusedError(PENDING, SETTLE_PENDING if ended is Ended.NOT_YET else DECIDES)
