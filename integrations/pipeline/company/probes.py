"""Probes: try each endpoint of a real account once and say what was seen. Read-only by default."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import structlog

from integrations.bling.client import BlingClient
from integrations.bling.write_probe import CONTACT, WriteProbe
from integrations.domain.calendar import day_of
from integrations.domain.desired import DesiredTitle, KaminoStatus
from integrations.domain.matching import KaminoTitle, marked
from integrations.domain.persons import DesiredPerson
from integrations.domain.titles import Direction
from integrations.kamino.client import KaminoClient
from integrations.kamino.endpoints import ENDPOINTS, TITLE_LISTS, Op
from integrations.kamino.title_lists import WORKS
from integrations.models import BlingConnection, KaminoConnection, SyncRun, Waiting
from integrations.models.title_lists import list_field
from integrations.pipeline.access.clients import CheckLine, open_bling, open_bling_writer, open_kamino
from integrations.pipeline.access.error_texts import error_text
from integrations.pipeline.access.leases import lift_pause
from integrations.pipeline.handover.title_lists import find_list
from integrations.pipeline.payables.entry import registers_of
from integrations.rest.errors import ApiError, NotFoundError, RejectedError
from integrations.rest.session import Patience
from integrations.words.errors import list_answer_text

log = structlog.get_logger(__name__)
Clock = Callable[[], datetime]
PROBE_CODE = "probe"
NUMBERS = ("NF 1/A", "1", "")
"""Document numbers of a payable, tried in this order until Kamino takes one: which form it takes is not confirmed."""


KEYS_PATIENCE = 10.0


def probe_bling(connection: BlingConnection, *, clock: Clock) -> Iterator[CheckLine]:
    """Yield one line per scope that a sync needs."""
    try:
        client = open_bling(connection, clock=clock, waiting=Waiting.PERSON)
    except ApiError as error:
        yield CheckLine("authorization", False, str(error), error_text(error))
        return
    for name, read in client.probes():
        try:
            read()
        except NotFoundError:
            yield CheckLine(name, True, "allowed (nothing under this id)")
        except ApiError as error:
            yield CheckLine(name, False, f"{error.kind}: {error}", error_text(error))
        else:
            yield CheckLine(name, True, "allowed")


def probe_bling_writes(connection: BlingConnection, *, clock: Clock) -> Iterator[CheckLine]:
    """Yield what Bling shows of payables of one centavo that are made and deleted again (docs/bling-writes.md). Refuses
    where a run reads the account just now: it would take them for titles of the company."""
    registers = registers_of(connection, frozenset())
    category, account = next(iter(registers.categories), None), next(iter(registers.accounts), 0)
    if category is None:
        yield CheckLine("category", False, "no category for expenses is known: sync this company first")
        return
    if SyncRun.objects.filter(connection=connection, state=SyncRun.State.OPEN).exists():
        yield CheckLine("run", False, "a run reads this account: wait for its end")
        return
    try:
        client = open_bling(connection, clock=clock, waiting=Waiting.PERSON)
        writer = open_bling_writer(connection, clock=clock, waiting=Waiting.PERSON)
    except ApiError as error:
        yield CheckLine("authorization", False, str(error), error_text(error))
        return
    begin = clock()
    probe = WriteProbe(client, writer, category_id=category, account_id=account, today=day_of(clock()))
    try:
        yield from (CheckLine(seen.name, seen.ok, seen.what) for seen in probe.run())
    finally:
        removed = probe.remove_all()
        for seen in removed:
            log.info("probe of writes", name=seen.name, gone=seen.ok, what=seen.what)
    yield from (CheckLine(seen.name, seen.ok, seen.what) for seen in removed)
    if SyncRun.objects.filter(connection=connection, started_at__gte=begin).exists():
        yield CheckLine("run", False, f"one began meanwhile: look in Kamino for titles of {CONTACT.name}")


def probe_v2_numbers(
    connection: BlingConnection, *, contact_id: int | None, payment_form_id: int | None, clock: Clock
) -> Iterator[CheckLine]:
    """Yield whom and what API v3 shows by numbers that programs know from API v2: whether both count alike is not
    documented."""
    try:
        client = open_bling(connection, clock=clock, waiting=Waiting.PERSON)
        if contact_id is not None:
            yield _v2_contact(client, contact_id)
        if payment_form_id is not None:
            forms = client.payment_forms().whole("GET /formas-pagamentos")
            name = next((row.descricao for row in forms if row.id == payment_form_id), None)
            yield CheckLine(f"v2 payment form {payment_form_id}", name is not None, name or "v3 shows none by it")
    except ApiError as error:
        yield CheckLine("v2 numbers", False, str(error), error_text(error))


def _v2_contact(client: BlingClient, number: int) -> CheckLine:
    name = f"v2 contact {number}"
    try:
        return CheckLine(name, True, client.contact(number).name)
    except NotFoundError:
        return CheckLine(name, False, "v3 shows nobody by it")


def try_keys(connection: KaminoConnection, *, clock: Clock) -> CheckLine:
    """Ask Kamino one question with keys that were just saved, while a person waits for it, at most `KEYS_PATIENCE`
    seconds. Right ones end what waits because of wrong ones."""
    try:
        open_kamino(connection, clock=clock, patience=Patience(KEYS_PATIENCE)).cost_centers()
    except ApiError as error:
        return CheckLine("keys", False, *_texts(error))
    lift_pause(connection.pk, clock())
    return CheckLine("keys", True, "taken")


def probe_kamino(connection: KaminoConnection, *, clock: Clock, write: bool = False) -> Iterator[CheckLine]:
    """Yield one line per endpoint; with `write` a test person and title are created, changed and cancelled."""
    try:
        client = open_kamino(connection, clock=clock)
    except ApiError as error:
        yield CheckLine("address", False, str(error), error_text(error))
        return
    reads: list[tuple[Op, Callable[[], object]]] = [
        (Op.CHART_LIST, lambda: client.chart_accounts().rows),
        (Op.COST_CENTER_LIST, lambda: client.cost_centers().rows),
        (Op.BUSINESS_UNIT_LIST, lambda: client.business_units().rows),
        (Op.BANK_ACCOUNT_LIST, lambda: client.bank_accounts().rows),
        (Op.LOCK_LIST, lambda: _locks(client, day_of(clock()))),
        (Op.PERSON_LIST, lambda: next(client.person_pages()).rows),
    ]
    lines = [_line(op, read) for op, read in reads]
    yield from lines
    yield from _title_lists(client, connection, clock)
    if all(line.ok for line in lines if not line.name.endswith("(unconfirmed)")):
        # The cause of the pause is gone: the backlog goes on at once.
        lift_pause(connection.pk, clock())
    if write:
        yield from _probe_writes(client, clock)


def _title_lists(client: KaminoClient, connection: KaminoConnection, clock: Clock) -> Iterator[CheckLine]:
    """Look for the list of each direction and keep what was found; yield the line of the address that is proved, else
    of all that were tried."""
    for direction in Direction:
        try:
            changes, _page = find_list(client, connection, direction, clock=clock)
        except ApiError as error:
            yield CheckLine(_name(next(iter(TITLE_LISTS[direction].values()))), False, *_texts(error))
            continue
        asked = {"reconcile_asked_at": clock()} if list_field(direction) in changes else {}
        KaminoConnection.objects.filter(pk=connection.pk).update(**changes, **asked)
        answers = connection.list_answers[direction.value]
        proved = {op: answer for op, answer in answers.items() if answer == WORKS}
        for op, answer in (proved or answers).items():
            yield CheckLine(_name(Op(op)), answer == WORKS, answer, list_answer_text(answer))


def _texts(error: ApiError) -> tuple[str, str]:
    return f"{error.kind}: {error}", error_text(error)


def _locks(client: KaminoClient, today: date) -> list[tuple[date, date]]:
    """Read the locked periods of the first bank account."""
    accounts = client.bank_accounts().rows
    return client.locks(accounts[0].kamino_id, today - timedelta(days=365), today) if accounts else []


def _name(op: Op) -> str:
    return f"{op} ({'confirmed' if ENDPOINTS[op].confirmed else 'unconfirmed'})"


def _line(op: Op, call: Callable[[], object]) -> CheckLine:
    try:
        seen = call()
    except ApiError as error:
        return CheckLine(_name(op), False, *_texts(error))
    count = f"{len(seen)} rows" if isinstance(seen, list) else f"ok ({seen})"
    return CheckLine(_name(op), True, count)


def _listed(client: KaminoClient, direction: Direction, due: date) -> list[KaminoTitle]:
    listing = client.titles_due(direction, due, due)
    return listing.rows if listing is not None else []


def _probe_writes(client: KaminoClient, clock: Clock) -> Iterator[CheckLine]:
    """Create, read back, change and cancel one title of one centavo per direction, marked as ours."""
    try:
        account = next((row for row in client.chart_accounts().rows if row.active and row.takes_postings), None)
        if account is None:
            yield CheckLine(str(Op.CHART_LIST), False, "no chart account takes postings")
            return
        person = client.save_person(DesiredPerson(code=PROBE_CODE, name="Teste de integração Bling", is_customer=True))
    except ApiError as error:
        yield CheckLine(str(Op.PERSON_SAVE), False, *_texts(error))
        return
    yield CheckLine(str(Op.PERSON_SAVE), True, f"ID {person}")
    for direction in Direction:
        yield from _probe_title(client, direction, person, account.kamino_id, clock)


def _probe_title(
    client: KaminoClient, direction: Direction, person: int, account: str, clock: Clock
) -> Iterator[CheckLine]:
    today = day_of(clock())
    wanted = DesiredTitle(
        direction=direction, code=PROBE_CODE, description=f"Teste de integração [Bling {PROBE_CODE}]",
        document_number="", due_date=today + timedelta(days=30), competence_date=today, value=Decimal("0.01"),
        chart_account=account, cost_center=None, business_unit=None, status=KaminoStatus.PENDING,
    )  # fmt: skip
    save = Op.PAYABLE_SAVE if direction is Direction.PAYABLE else Op.RECEIVABLE_SAVE
    cancel = Op.PAYABLE_CANCEL if direction is Direction.PAYABLE else Op.RECEIVABLE_CANCEL
    made: list[int] = []
    for number in NUMBERS if direction is Direction.PAYABLE else ("",):
        wanted, may_try_again = replace(wanted, document_number=number), False
        try:
            made.append(client.save_title(wanted, person_id=person))
            yield CheckLine(_name(save), True, f"ok (ID {made[0]}, document number {number!r})")
        except ApiError as error:
            seen = f"{error.kind}: {error} (document number {number!r})"
            yield CheckLine(_name(save), False, seen, error_text(error))
            may_try_again = isinstance(error, RejectedError)
        if not may_try_again:
            break
    if not made:
        return
    due = wanted.due_date
    listing = TITLE_LISTS[direction].get(client.title_lists[direction])
    if listing is not None:
        yield _line(listing, lambda: marked(_listed(client, direction, due), PROBE_CODE))
    changed = replace(wanted, value=Decimal("0.02"))
    yield _line(save, lambda: client.save_title(changed, person_id=person, kamino_id=made[0]))
    yield _line(cancel, lambda: client.cancel_title(direction, made[0]))
