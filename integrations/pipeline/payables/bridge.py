"""The bridge: what programs that still speak Bling's API v2 send is accepted like what people enter, and answered as v2
did. The web process calls nobody: it stores what is wanted, and waits for what the workers make of it."""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import connection as database
from django.db import transaction

from integrations.bling_v2 import answers
from integrations.bling_v2.codes import (
    BUSY,
    CODES,
    NO_DATE,
    NO_KEY,
    OFF,
    PENDING,
    REFUSED,
    TOO_LARGE,
    TOO_MANY,
    RefusedError,
    status_of,
)
from integrations.bling_v2.facts import Names, PayableFacts, read_facts
from integrations.bling_v2.request import MOST_BYTES as MOST_BYTES
from integrations.bling_v2.request import Request, read_request
from integrations.bling_v2.xml import read_xml
from integrations.domain.calendar import day_of
from integrations.domain.names import fold
from integrations.domain.occurrences import Recurrence
from integrations.domain.reasons import Reason
from integrations.models import ApiKey, BlingWriting, CatalogItem, WriteBatch, WriteMode
from integrations.models.api_keys import LONGEST, ParcelValue, UnknownNames
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.payables import throttle
from integrations.pipeline.payables.accept import Accepted, lock
from integrations.pipeline.payables.accept import accept as store
from integrations.pipeline.payables.entry import Entry, Supplier, closed_text, registers_of
from integrations.pipeline.payables.outcome import Ended, Outcome, end_refused, outcome_of
from integrations.pipeline.payables.repeats import held_by, same_request

log = structlog.get_logger(__name__)
Clock = Callable[[], datetime]
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0
RETRY_AFTER = 60
ONLY_HTTPS = "Use https: a chave foi enviada sem proteção. Peça outra ao suporte."
DECIDES = "Uma pessoa decide sobre este lançamento. Não envie de novo."
CLOSED_MONTH = "O mês da competência está fechado"
TOO_SMALL = "Cada parcela deve valer ao menos um centavo"


@dataclass(frozen=True, repr=False)
class Call:
    """A request as it arrived. `query` follows the "?", `address` is where it comes from, `encoding` its
    `Content-Encoding`. In no `repr`, for what it holds."""

    raw: bytes
    content_type: str
    query: str
    path: str
    address: str
    encoding: str = ""


@dataclass(frozen=True)
class Answer:
    """What a program is told; `retry_after` in seconds, 0 where repeating it is of no use."""

    status: int
    body: bytes
    content_type: str
    retry_after: int = 0


def accept(
    call: Call, *, clock: Clock, wake: Callable[[], None], sleep: Callable[[float], None] = time.sleep
) -> Answer:
    """Answer a program that wants a payable booked; it is asked for once, however often the request comes. `wake` asks
    the workers to look for work now: what is waited for here should not wait for their next minute."""
    try:
        return _booked(call, clock, wake, sleep)
    except RefusedError as error:
        return _refusal(call.path, error)


def plain(call: Call) -> Answer:
    """Return the refusal of a request that came without encryption. Whose key travelled so is logged: whoever listened
    has it now."""
    with suppress(RefusedError):
        request = read_request(call.raw, call.content_type, call.query, encoding=call.encoding)
        key = ApiKey.objects.known(request.key) if len(request.key) <= LONGEST else None
        if key is not None:
            log.error("a key of the bridge came without encryption: revoke it", key=key.pk, begins=key.prefix)
    return _refusal(call.path, RefusedError(OFF, ONLY_HTTPS), status=403)


def _refusal(path: str, error: RefusedError, *, status: int = 0) -> Answer:
    """Return a refusal in v2's form, with the status of its code or another one."""
    body, content_type = answers.refused(error.code, error.text, as_json=answers.is_json(path))
    may_repeat = error.code in (BUSY, TOO_MANY) or error.text == CODES[PENDING]
    return Answer(status or status_of(error.code), body, content_type, RETRY_AFTER if may_repeat else 0)


def _booked(call: Call, clock: Clock, wake: Callable[[], None], sleep: Callable[[float], None]) -> Answer:
    if len(call.raw) > MOST_BYTES:
        raise RefusedError(TOO_LARGE)
    key, request = _key_of(call, clock)
    facts = read_facts(read_xml(request.xml), _names_of(key))
    _check_live(key, facts)
    with throttle.place(key.connection_id):
        batch = _batch_of(key, facts, clock)
        outcome = _ended(batch, clock, wake, sleep)
    log.info("bridge", batch=batch.pk, key=key.pk, ended=outcome.ended.value)
    return _told(call, key, facts, batch, outcome, clock())


def _key_of(call: Call, clock: Clock) -> tuple[ApiKey, Request]:
    """Return the key of a request and what it says. Strangers learn nothing of what they sent besides."""
    try:
        request = read_request(call.raw, call.content_type, call.query, encoding=call.encoding)
    except RefusedError:
        throttle.count_unknown(call.address)
        raise
    key = ApiKey.objects.known(request.key) if len(request.key) <= LONGEST else None
    if key is None or (request.is_key_in_query and not key.allows_query):
        throttle.count_unknown(call.address)
        raise RefusedError(NO_KEY)
    ApiKey.objects.note_use(key, request.key, clock())
    return key, request


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


def _check_live(key: ApiKey, facts: PayableFacts) -> None:
    """Raise `RefusedError` where nothing would be sent: it is not stored to be sent some day."""
    connection = key.connection
    is_live = BlingWriting.objects.filter(connection=connection, mode=WriteMode.LIVE).exists()
    is_connected = connection.status == ConnectionStatus.CONNECTED and connection.tenant.is_active
    is_unsaid = facts.recurrence is Recurrence.INSTALLMENTS and key.parcel_value == ParcelValue.UNSET
    if not is_live or not is_connected or is_unsaid:
        raise RefusedError(OFF)


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


def _ended(batch: WriteBatch, clock: Clock, wake: Callable[[], None], sleep: Callable[[float], None]) -> Outcome:
    """Return what became of a batch, at the latest after some seconds. Whoever waits holds no transaction, and between
    two looks no connection to the database."""
    until, pause, is_awake = clock() + timedelta(seconds=settings.BRIDGE_WAIT_SECONDS), FIRST_PAUSE, False
    while True:
        outcome = outcome_of(batch)
        if outcome.ended is not Ended.NOT_YET:
            return outcome
        if not is_awake:
            wake()
            is_awake = True
        if clock() >= until:
            return outcome
        if not database.in_atomic_block:
            database.close()
        sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)


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
