"""The queue's broker: told of tasks with their commit, and finding by itself what nobody told it of."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from django_q import core_signing as signing
from django_q.brokers import get_broker
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.signing import BadSignature, PickleSerializer, SignedPackage

from integrations import broker as module
from integrations.broker import POLL, Broker

CALLS = 30
"""How many calls may pass until a notification has come; each ends with it, or after a second."""


class Clock:
    """The broker's clock, which a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Do nothing: time passes when a test lets it."""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def idle(clock: Clock, transactional_db: None) -> Iterator[Broker]:
    """A broker that has looked at an empty queue, and waits."""
    broker = get_broker()
    assert isinstance(broker, Broker)
    assert broker.dequeue() is None
    yield broker
    if broker._listener is not None:
        broker._listener.end()


def at_once(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> object:
    """Return what a call finds that does not wait."""
    with monkeypatch.context() as patch:
        patch.setattr(module, "LONGEST_CALL", 0.01)
        return broker.dequeue()


def soon(broker: Broker) -> object:
    """Return what one of the next calls finds, without any time passing on the broker's clock."""
    return next((found for found in (broker.dequeue() for _ in range(CALLS)) if found), None)


def listeners() -> list[int]:
    """Return the processes of the database's server that serve listeners."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%%' AND datname = current_database()")
        return [pid for (pid,) in cursor.fetchall()]


def test_a_task_is_found_with_its_commit(idle: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction.atomic():
        get_broker().enqueue("first")
        assert at_once(idle, monkeypatch) is None
    assert soon(idle) == [(OrmQ.objects.get().pk, "first")]
    get_broker().enqueue("second")
    assert soon(idle) == [(OrmQ.objects.latest("pk").pk, "second")]


def test_a_task_that_was_rolled_back_wakes_nobody(idle: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction.atomic():
        get_broker().enqueue("never")
        transaction.set_rollback(True)
    monkeypatch.setattr(Broker, "_look", lambda *_: pytest.fail("it looked"))
    assert at_once(idle, monkeypatch) is None
    assert at_once(idle, monkeypatch) is None


def test_what_nobody_told_is_found_by_the_next_look_and_the_deaf_listener_is_replaced(
    idle: Broker, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf = listeners()
    ORM().enqueue("untold")
    clock.now += POLL - 0.1
    assert at_once(idle, monkeypatch) is None
    clock.now += 0.1
    assert idle.dequeue() == [(OrmQ.objects.get().pk, "untold")]
    assert idle.dequeue() is None
    assert len(listeners()) == 1
    assert listeners() != deaf


def test_a_task_whose_lock_ran_out_is_found_by_the_next_look(
    idle: Broker, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    get_broker().enqueue("taken by a worker that died")
    assert soon(idle)
    assert idle.dequeue() is None
    OrmQ.objects.update(lock=timezone.now() - timedelta(seconds=1))
    assert at_once(idle, monkeypatch) is None
    clock.now += POLL
    assert idle.dequeue()


def test_a_task_from_a_host_whose_clock_is_ahead_is_looked_for_again(idle: Broker, clock: Clock) -> None:
    get_broker().enqueue("from the future")
    OrmQ.objects.update(lock=timezone.now() + timedelta(hours=1))
    assert any(idle._is_told for _ in range(CALLS) if not idle.dequeue())
    assert idle.dequeue() is None
    OrmQ.objects.update(lock=timezone.now())  # the time has come
    clock.now += 1.0
    assert idle.dequeue()


def test_a_lost_listener_is_replaced_and_what_came_meanwhile_is_found(idle: Broker, clock: Clock) -> None:
    [lost] = listeners()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [lost])
    ORM().enqueue("told to nobody")
    assert soon(idle)
    clock.now += POLL
    assert idle.dequeue() is None
    get_broker().enqueue("told to the new one")
    assert soon(idle)
    assert len(listeners()) == 1


def test_where_listening_is_refused_tasks_are_found_by_looking(
    clock: Clock, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker, name = Broker(), connection.ops.quote_name(connection.settings_dict["NAME"])
    with connection._nodb_cursor() as cursor:  # type: ignore[attr-defined]  # no database refuses its own sessions
        cursor.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        try:
            assert broker.dequeue() is None
            broker.enqueue("told to nobody")
            assert at_once(broker, monkeypatch) is None
            clock.now += POLL
            assert broker.dequeue()
            assert listeners() == []
        finally:
            cursor.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    clock.now += POLL
    assert broker.dequeue() is None
    broker.enqueue("told again")
    assert soon(broker)
    broker._listener.end()  # type: ignore[union-attr]


def test_tasks_are_signed_by_a_key_that_signs_nothing_else(settings: Any) -> None:
    assert SignedPackage.loads(SignedPackage.dumps({"func": "f"})) == {"func": "f"}
    forged = signing.dumps(
        {"func": "os.system"}, key=settings.SECRET_KEY, salt=Conf.PREFIX, serializer=PickleSerializer
    )
    with pytest.raises(BadSignature):
        SignedPackage.loads(forged)
