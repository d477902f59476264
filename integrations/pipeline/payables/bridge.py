"""The bridge: what programs that still speak Bling's API v2 send is accepted like what people enter, and answered as v2
did. The web process calls nobody: it stores what is wanted, and waits for what the workers make of it."""

from collections import Counter
from datetime import datetime
from functools import partial

import structlog
from django.db import transaction

from integrations.bling_v2 import answers
from integrations.bling_v2.codes import CODES, NO_DATE, OFF, PENDING, REFUSED, RefusedError
from integrations.bling_v2.facts import Names, PayableFacts, read_facts
from integrations.bling_v2.xml import read_xml
from integrations.domain.calendar import day_of
from integrations.domain.names import fold
from integrations.domain.occurrences import Recurrence
from integrations.domain.reasons import Reason
from integrations.models import ApiKey, CatalogItem, WriteBatch
from integrations.models.api_keys import ParcelValue, UnknownNames
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.payables import throttle
from integrations.pipeline.payables.accept import Accepted, lock
from integrations.pipeline.payables.accept import accept as store
from integrations.pipeline.payables.doorway import (
    CLOSED_MONTH,
    DECIDES,
    Answer,
    Call,
    Clock,
    Waiting,
    is_written_to,
    key_of,
    refusal,
)
from integrations.pipeline.payables.entry import Entry, Supplier, closed_text, registers_of
from integrations.pipeline.payables.outcome import Ended, Outcome, end_refused, outcome_of
from integrations.pipeline.payables.repeats import held_by, same_request

log = structlog.get_logger(__name__)
NOT_CONFIRMED = "Esta chave ainda não foi confirmada por uma segunda pessoa. Nada foi gravado."
VALUE_UNSAID = "Falta dizer nesta chave se o valor de uma conta parcelada é o de cada parcela. Nada foi gravado."
TOO_SMALL = "Cada parcela deve valer ao menos um centavo"


def accept(call: Call, waiting: Waiting) -> Answer:
    """Answer a program that wants a payable booked; it is asked for once, however often the request comes."""
    try:
        return _booked(call, waiting)
    except RefusedError as error:
        return refusal(call.path, error)


def _booked(call: Call, waiting: Waiting) -> Answer:
    key, request = key_of(call, waiting.clock)
    facts = read_facts(read_xml(request.xml), _names_of(key))
    if not key.may_enter:
        raise RefusedError(OFF, NOT_CONFIRMED)
    if facts.recurrence is Recurrence.INSTALLMENTS and key.parcel_value == ParcelValue.UNSET:
        raise RefusedError(OFF, VALUE_UNSAID)
    if not is_written_to(key.connection):
        raise RefusedError(OFF)
    with throttle.place(key.connection_id):
        batch = _batch_of(key, facts, waiting.clock)
        outcome = waiting.until(partial(outcome_of, batch), lambda found: found.ended is not Ended.NOT_YET)
    log.info("bridge", batch=batch.pk, key=key.pk, ended=outcome.ended.value)
    return _told(call, key, facts, batch, outcome, waiting.clock())


def _names_of(key: ApiKey) -> Names:
    registers = registers_of(key.connection)
    return Names(
        categories=_by_name(registers.categories),
        accounts=_by_name(registers.accounts),
        payment_forms=frozenset(registers.payment_forms),
        is_strict=key.unknown_names == UnknownNames.REFUSE,
    )


def _by_name(items: dict[int, CatalogItem]) -> dict[str, int]:
    times = Counter(fold(item.name) for item in items.values())
    return {fold(item.name): bling_id for bling_id, item in items.items() if times[fold(item.name)] == 1}


def _batch_of(key: ApiKey, facts: PayableFacts, clock: Clock) -> WriteBatch:
    """Return the batch of a request: the one that it made before, or a new one."""
    with transaction.atomic():
        lock(key.connection)
        now = clock()
        before = same_request(key, facts.fingerprint, facts.document_number, now)
        if before is not None:
            return before
        throttle.check_accepted(key, now)
        entry = _entry_of(key, facts, now)
        one = Accepted(entry, held=held_by(key, entry, now))
        try:
            return store(
                connection=key.connection, accepted=[one], source=WriteBatch.Source.BRIDGE, now=now, api_key=key,
                fingerprint=facts.fingerprint,
            )  # fmt: skip
        except Refused as error:
            raise RefusedError(OFF) from error


def _entry_of(key: ApiKey, facts: PayableFacts, now: datetime) -> Entry:
    """Return a request as an entry; days that it does not name are today's, from its first acceptance on."""
    today, given = day_of(now), facts.supplier
    entry = Entry(
        supplier=Supplier(given.name, given.document, facts.contact_id or None, known=given),
        value=facts.value,
        due_date=facts.due_date or today,
        issue_date=facts.issue_date or today,
        competence_date=facts.competence_date or today,
        document_number=facts.document_number,
        history=facts.history,
        category_id=facts.category_id,
        account_id=facts.account_id,
        payment_form_id=facts.payment_form_id,
        recurrence=facts.recurrence,
        installments=facts.installments,
        day=facts.day,
        is_total=key.parcel_value == ParcelValue.TOTAL,
    )
    if closed_text(key.connection, entry.competence_date):
        raise RefusedError(REFUSED, CLOSED_MONTH)
    try:
        entry.parcels()
    except ValueError as error:
        is_small = entry.is_total and entry.value < entry.installments / 100
        raise (RefusedError(REFUSED, TOO_SMALL) if is_small else RefusedError(NO_DATE)) from error
    return entry


def _told(call: Call, key: ApiKey, facts: PayableFacts, batch: WriteBatch, outcome: Outcome, now: datetime) -> Answer:
    if outcome.ended is Ended.BOOKED:
        WriteBatch.objects.filter(pk=batch.pk).update(answered_at=now)
        rows = [answers.Booked(row.bling_id or 0, row.document_number, row.due_date) for row in outcome.rows]
        body, content_type = answers.booked(rows, as_json=answers.is_json(call.path))
        return Answer(key.success_status, body, content_type)
    if outcome.ended is Ended.REFUSED and end_refused(batch):
        # Bling names no code for it; its text is about the contact that the request names by its id.
        if facts.contact_id and "contato" in fold(outcome.said):
            raise RefusedError(81)
        raise RefusedError(REFUSED, f"{CODES[REFUSED]}: {outcome.said}")
    raise _why_not(outcome, now)


def _why_not(outcome: Outcome, now: datetime) -> RefusedError:
    booked = ", ".join(str(row.bling_id) for row in outcome.rows if row.bling_id is not None)
    first = outcome.rows[0]
    if outcome.ended is Ended.PARTLY:
        return RefusedError(PENDING, f"Lançado em parte (ids {booked}). Não envie de novo.")
    if outcome.ended is Ended.DUPLICATE:
        return RefusedError(PENDING, f"Possível duplicado (linha {first.pk}). {DECIDES}")
    if outcome.ended is Ended.LEFT_OUT:
        return RefusedError(REFUSED, "Uma pessoa decidiu não lançar")
    if outcome.ended is Ended.HELD:
        is_ambiguous = first.supplier is not None and first.supplier.reason in (
            Reason.AMBIGUOUS, Reason.PERSON_FOUND_TWICE
        )  # fmt: skip
        if is_ambiguous and not booked:
            return RefusedError(REFUSED, f"O Bling tem mais de um fornecedor assim. {DECIDES}")
        return RefusedError(PENDING, DECIDES)
    is_stale = any(row.bling_id is None and row.is_stale(now) for row in outcome.rows)
    return RefusedError(PENDING, DECIDES if is_stale else "")
