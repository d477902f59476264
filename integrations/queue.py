"""Names and options of everything that is put into the queue. Tasks are ticks: they carry no payload."""

from typing import Any

from django.conf import settings
from django.utils.crypto import salted_hmac
from django_q.brokers import get_broker
from django_q.conf import Conf
from django_q.tasks import async_task

TICK = "integrations.tasks.tick"
OPEN_RUNS = "integrations.tasks.open_runs"
PURGE = "integrations.tasks.purge"
MOST_WAITING = 8


def sign_with_own_key() -> None:
    """Let tasks be signed by a key of their own. A worker unpickles what is signed: who learns the key of cookies and
    links, or of all of these, must not be able to write it. It follows from the first of FIELD_ENCRYPTION_KEYS; a tick
    that waits while that changes is refused, and the next minute has its own."""
    key = settings.FIELD_ENCRYPTION_KEYS[0]
    Conf.SECRET_KEY = salted_hmac("integrations.queue", "tasks", secret=key, algorithm="sha256").hexdigest()


def enqueue_tick() -> None:
    """Ask a worker to look for due work now; a queue that is already full of ticks needs no other one."""
    # Counted by the broker: what a killed worker had taken stays locked for minutes, and waits for nobody.
    if get_broker().queue_size() < MOST_WAITING:
        _enqueue(TICK)


def enqueue_purge() -> None:
    """Ask a worker to go on with a purge that its time did not suffice for."""
    _enqueue(PURGE)


def _enqueue(name: str, **options: Any) -> None:
    async_task(name, task_name=name.rsplit(".", 1)[-1], **options)
