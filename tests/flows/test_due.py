"""The gate: for each kind of due work it opens, and closes once a tick did it; nothing due costs next to nothing."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations import tasks
from integrations.domain.audit import AuditAction
from integrations.models import (
    BlingToken,
    BlingWriting,
    Heartbeat,
    KaminoConnection,
    MappingChange,
    PartPosting,
    PaymentCheck,
    PersonPosting,
    Posting,
    SyncRun,
    Tenant,
    Title,
    TitleRead,
    WakeUp,
)
from integrations.models.outbox import Priority
from integrations.pipeline.access import restores
from integrations.pipeline.audit.record import record
from integrations.pipeline.desk import bulk, commands
from integrations.pipeline.handover.due import Kind, due
from integrations.pipeline.handover.plan_requests import request_plans
from integrations.pipeline.payables.accept import Accepted, accept
from integrations.pipeline.payables.entry import Entry, Supplier
from integrations.pipeline.run import tick
from integrations.resources import exporting
from tests.flows.helpers import Company
from tests.flows.wake_ups import settle_all
from tests.pipeline.mapping.edits import propose_cells
from tests.pipeline.report.test_digest import at

KINDS = (*tick.KINDS, *tasks.ALSO)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def ago(*, hours: float = 0, seconds: float = 1) -> datetime:
    return timezone.now() - timedelta(hours=hours, seconds=seconds)


def make_ready(**changes: Any) -> None:
    past = ago()
    Posting.objects.update(state="ready", ready_at=past, delivered_fingerprint="", **changes)


def make_person_ready(_company: Company) -> None:
    PersonPosting.objects.update(state="ready", ready_at=ago())


def make_unsought(company: Company) -> None:
    """Let the company be in simulation, and nobody have looked for its supplier in Kamino."""
    company.to_shadow()
    make_ready(kamino_id=None, delivered=None)
    PersonPosting.objects.update(state="ready", kamino_id=None, sought_at=None, delivered=None)


def make_stuck(_company: Company) -> None:
    Posting.objects.update(state="needs_human", reason="awaiting_approval", ready_at=ago())


def make_uncertain(model: Any) -> Callable[[Company], Any]:
    return lambda _company: model.objects.update(state="uncertain", ready_at=ago())


def make_part(state: str) -> Callable[[Company], Any]:
    def make(_company: Company) -> None:
        posting = Posting.objects.get()
        PartPosting.objects.create(
            posting=posting, kamino_connection_id=posting.kamino_connection_id, direction=posting.direction,
            bordero_id=1, state=state,
            ready_at=ago(), planned_at=ago(),
            desired=posting.desired, desired_fingerprint="part",
        )  # fmt: skip

    return make


def ask_for_plans(priority: int | None) -> Callable[[Company], Any]:
    return lambda _company: request_plans(Title.objects.all(), now=timezone.now(), priority=priority)


def check_payments(asked_at: float = 0, priority: int = Priority.UPDATE) -> Callable[[Company], Any]:
    def make(_company: Company) -> None:
        at = ago(hours=asked_at)
        Posting.objects.update(priority=priority)
        PaymentCheck.objects.create(title=Title.objects.get(), asked_at=at, ready_at=at)

    return make


def start_a_run(company: Company) -> None:
    commands.request_sync(connections=[company.connection], user=None, now=timezone.now())


def as_time_passes(make: Callable[[Company], Any]) -> Callable[[Company], Any]:
    """Return what makes something due that only time makes due: by then the company is looked at."""

    def pass_time(company: Company) -> None:
        make(company)
        WakeUp.objects.update(due_at=ago())

    return pass_time


def change_mapping(state: str) -> Callable[[Company], Any]:
    def make(company: Company) -> None:
        propose_cells(company, "category", company.category, chart_account="Categoria de Teste")
        MappingChange.objects.update(state=state, claimed_until=None)

    return make


def order_many(company: Company) -> None:
    titles = [bulk.ListedTitle(*row) for row in Title.objects.values_list("connection__tenant", "pk", "value")]
    user, now = User.objects.create_superuser("maria"), timezone.now()
    bulk.order(kind="retry", titles=titles, mark=bulk.look(titles).mark, reason="", key=uuid4(), user=user, now=now)


def enter_a_payable(company: Company) -> None:
    BlingWriting.objects.update_or_create(connection=company.connection, defaults={"mode": "live"})
    today = timezone.localdate()
    entry = Entry(Supplier("Gráfica Sol"), Decimal(5), today, today, today, category_id=company.category)
    user = User.objects.create_user("paula")
    accept(connection=company.connection, accepted=[Accepted(entry)], source="form", user=user, now=timezone.now())


def order_a_file(_company: Company) -> None:
    rows, user = Title.objects.all(), User.objects.create_superuser("maria")
    ids = list(rows.values_list("pk", flat=True))
    exporting.order(table="titulos", file_format="csv", rows=rows, ids=ids, user=user, now=timezone.now())


def update(model: Any, **values: Callable[[], Any]) -> Callable[[Company], Any]:
    """Return what sets columns to values of the moment at which it is called."""
    return lambda _company: model.objects.update(**{name: value() for name, value in values.items()})


CASES: list[tuple[str, Callable[[Company], Any]]] = [
    ("schedule", as_time_passes(update(SyncRun, due_at=lambda: ago(hours=48)))),
    ("schedule", as_time_passes(lambda _company: SyncRun.objects.all().delete())),
    ("tokens", update(BlingToken, expires_at=lambda: timezone.now() + HOUR / 2)),
    ("mails", update(Heartbeat, beat_at=lambda: ago(hours=1))),
    ("mails", lambda _company: Heartbeat.objects.all().delete()),
    ("alerts", as_time_passes(update(SyncRun, ended_at=lambda: ago(hours=40)))),
    ("digests", update(Tenant, digest_emails=lambda: "financeiro@azul.example", digested_at=lambda: None)),
    ("seals", lambda _company: record(AuditAction.LOGIN)),
    ("sweep", update(Posting, state=lambda: "sending", lease_until=ago)),
    ("sweep", update(PersonPosting, state=lambda: "sending", lease_until=ago)),
    ("asked", update(TitleRead, asked_at=ago)),
    ("people.asked", update(TitleRead, asked_at=ago)),
    ("restored", lambda _company: restores.after_restore(timezone.now())),
    ("checks", check_payments()),
    ("checks", check_payments(asked_at=25)),
    ("people.checks", check_payments(priority=Priority.PERSON)),
    ("pull", start_a_run),
    ("registers", update(KaminoConnection, registers_read_at=lambda: ago(hours=25))),
    ("registers", update(KaminoConnection, registers_read_at=lambda: None)),
    ("plan", ask_for_plans(None)),
    ("people.plan", ask_for_plans(Priority.PERSON)),
    ("reconcile", update(KaminoConnection, reconciled_at=lambda: ago(hours=25))),
    ("reconcile", update(KaminoConnection, reconciled_at=lambda: None)),
    ("reconcile", update(KaminoConnection, reconcile_asked_at=timezone.now)),
    ("simulated", make_unsought),
    ("deliver", lambda _company: make_ready()),
    ("deliver", make_person_ready),
    ("deliver", make_stuck),
    ("deliver", make_part("ready")),
    ("deliver", make_part("uncertain")),
    ("deliver", make_uncertain(Posting)),
    ("deliver", make_uncertain(PersonPosting)),
    ("people.deliver", lambda _company: make_ready(priority=Priority.PERSON)),
    ("guard", as_time_passes(update(KaminoConnection, guarded_at=lambda: ago(hours=2)))),
    ("guard", as_time_passes(update(KaminoConnection, guarded_at=lambda: None))),
    ("review", update(Posting, is_review_due=lambda: True)),
    ("mappings", change_mapping("applying")),
    ("mappings", change_mapping("reading")),
    ("writes", enter_a_payable),
    ("bulk", order_many),
    ("exports", order_a_file),
]


def groups(*names: str) -> list[Any]:
    """Return the cases of each kind, to be made one after the other; a delivery leaves too much behind for that."""
    found: dict[str, list[Callable[[Company], Any]]] = {}
    for number, (name, make) in enumerate(CASES):
        if not names or name in names:
            found.setdefault(f"{name}-{number}" if name == "deliver" else name, []).append(make)
    return [pytest.param(key.partition("-")[0], makes, id=key) for key, makes in found.items()]


@pytest.fixture
def idle(company: Company) -> Company:
    """A company of which nothing is due."""
    company.add_title("payable")
    company.sync()
    tick_once()
    return company


def tick_once(ahead: timedelta = timedelta(), also: tuple[Kind, ...] = tasks.ALSO) -> bool:
    def clock() -> datetime:
        return timezone.now() + ahead

    return tick.run_tick(clock=clock, deadline=clock() + timedelta(minutes=2), also=also)


def test_every_kind_has_a_case() -> None:
    assert {kind.name for kind in KINDS} == {name for name, _make in CASES}
    assert len({kind.name for kind in KINDS}) == len(KINDS)


def finish() -> None:
    """Do what a case left behind beside what it is about."""
    for _ in range(5):
        if not due(KINDS, timezone.now()):
            return
        tick_once()
    raise AssertionError(due(KINDS, timezone.now()))


@pytest.mark.parametrize(("name", "makes"), groups())
@pytest.mark.some(15, drawn=3)
def test_the_gate_opens_for_what_is_due_and_closes_when_it_is_done(
    idle: Company, name: str, makes: list[Callable[[Company], Any]]
) -> None:
    ahead = at(7, 31) - timezone.now() if name == "digests" else timedelta()
    for number, make in enumerate(makes):
        finish()
        make(idle)
        assert name in due(KINDS, timezone.now() + ahead), number
        tick_once(ahead)
        settle_all(timezone.now() + ahead)  # what was written last wakes once more
        assert name not in due(KINDS, timezone.now() + ahead), number


@pytest.mark.some(6)
@pytest.mark.parametrize(("name", "makes"), groups("pull", "deliver", "registers", "reconcile"))
def test_the_gate_is_closed_for_what_somebody_works_on(
    idle: Company, name: str, makes: list[Callable[[Company], Any]]
) -> None:
    for number, make in enumerate(makes):
        finish()
        make(idle)
        Posting.objects.update(is_review_due=False)
        later = timezone.now() + timedelta(minutes=3)
        SyncRun.objects.update(lease_until=later)
        KaminoConnection.objects.update(lease_until=later)
        settle_all(timezone.now())
        assert due(tick.TURN, timezone.now()) == frozenset(), (name, number)
        SyncRun.objects.update(lease_until=None)
        KaminoConnection.objects.update(lease_until=None)


def test_an_idle_tick_asks_twice_and_starts_no_thread(idle: Company) -> None:
    threads = threading.active_count()
    seen: list[int] = []
    with CaptureQueriesContext(connection) as asked:
        tick.run_tick(
            clock=timezone.now, deadline=timezone.now() + timedelta(minutes=2), also=tasks.ALSO,
            beat=lambda: seen.append(threading.active_count()),
        )  # fmt: skip
    assert len(asked) == 2, [query["sql"][:100] for query in asked]
    assert seen == [threads]


def test_a_refresh_that_takes_long_keeps_nothing_else_from_being_done(idle: Company) -> None:
    BlingToken.objects.update(expires_at=timezone.now() + HOUR / 2)
    Heartbeat.objects.all().delete()
    version = BlingToken.objects.get().version
    title = idle.add_title("payable")
    start_a_run(idle)

    def tick_in_thread() -> None:
        tick_once()
        connections.close_all()

    ticking = threading.Thread(target=tick_in_thread)
    with transaction.atomic():
        BlingToken.objects.select_for_update().get()  # no refresh ends before this does
        ticking.start()
        for _ in range(300):
            if idle.in_kamino("payable", title) is not None:
                break
            threading.Event().wait(0.1)
        was_done_meanwhile = idle.in_kamino("payable", title) is not None
    ticking.join()
    assert was_done_meanwhile
    assert Heartbeat.objects.exists()
    assert BlingToken.objects.get().version > version


def test_what_a_person_asks_for_while_a_thread_works_is_done_meanwhile(idle: Company, settings: Any) -> None:
    settings.TICK_THREADS = 1
    begun, may_end = threading.Event(), threading.Event()
    in_time: list[bool] = []

    def work(_turn: object) -> bool:
        first = not begun.is_set()
        begun.set()
        in_time.append(may_end.wait(60))
        return first

    long = Kind("long", lambda _now, _tenants: [Tenant.objects.all()] if not may_end.is_set() else [], work)

    def tick_in_thread() -> None:
        tick_once(also=(long,))
        connections.close_all()

    ticking = threading.Thread(target=tick_in_thread)
    ticking.start()
    assert begun.wait(30)
    user = User.objects.create_superuser("maria")
    commands.request_resync(titles=Title.objects.all(), user=user, now=timezone.now())
    asked = TitleRead.objects.filter(asked_at__isnull=False)
    for _ in range(300):
        if not asked.exists():
            break
        threading.Event().wait(0.1)
    was_done_meanwhile = not asked.exists()
    may_end.set()
    ticking.join(60)
    assert was_done_meanwhile
    assert all(in_time)
    assert not ticking.is_alive()


def test_a_kind_whose_rows_cannot_be_asked_for_keeps_nothing_else_from_being_done(company: Company) -> None:
    """Everything was tried again and again until the tick's deadline, and with it one processor was busy."""
    turns: list[int] = []

    def broken(_now: datetime, _tenants: object) -> list[Any]:
        raise ValueError("no rows")

    bling_id = company.add_title("payable")
    tick_once(also=(Kind("broken", broken, lambda _turn: bool(turns.append(1))),))
    assert company.in_kamino("payable", bling_id) is not None
    assert len(turns) <= 60


def test_work_that_is_due_and_cannot_be_done_does_not_keep_a_tick_alive(idle: Company) -> None:
    turns: list[int] = []
    stuck = Kind("stuck", lambda _now, _tenants: [Tenant.objects.all()], lambda _turn: bool(turns.append(1)))
    assert not tick_once(also=(stuck,))
    assert 0 < len(turns) <= 16
