"""Drain: serve the accounts of a destination in turn, one call in flight each, until nothing is due or time is up."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from integrations.models.outbox import DeliveryUnit
from integrations.pipeline.access import failpoints
from integrations.pipeline.access.error_texts import failure_of
from integrations.pipeline.outbox.destination import Clock, Destination
from integrations.pipeline.outbox.record import first_look
from integrations.rest.errors import ApiError, RateLimitedError

log = structlog.get_logger(__name__)

LONGEST_NAP = 1.0
MOST_IN_A_ROW = 20
"""Units of one account before the others get their turn (fewer when its slots are taken)."""

Step = Callable[[list[DeliveryUnit]], bool]
"""Work on one unit of a leased account, and name it in the list; false when there is none that may be worked on now."""


class Accounts(Protocol):
    """The accounts of one destination that have work."""

    to: Destination
    stage: str
    """The name of the stage in those of failpoints."""

    def lease_next(self, now: datetime) -> tuple[Any, float | None]:
        """Lease an account with work and a free slot. Returns it, or `None` and the seconds until the next slot of one
        of them (`None` when none has work)."""

    def open(self, account: Any) -> Step:
        """Return how a leased account is worked on. Raises `ApiError` when it cannot be."""

    def free(self, account: Any) -> None:
        """Give the lease back, unless somebody took it over meanwhile."""


class Waiters:
    """Lets one thread of this process wait for the slots of a destination: the others would do no more than ask for the
    same ones."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def is_waiting(self) -> bool:
        """Say whether a thread of this process waits for the next slot of any account."""
        return self._lock.locked()

    def join(self) -> bool:
        return self._lock.acquire(blocking=False)

    def leave(self) -> None:
        self._lock.release()


class _Waiter:
    """One thread that may wait: always where it waits alone (`waiters` is `None`), for it serves only some accounts."""

    def __init__(self, waiters: Waiters | None) -> None:
        self._waiters = waiters
        self._is_mine = False

    def may_wait(self) -> bool:
        if self._waiters is None:
            return True
        self._is_mine = self._is_mine or self._waiters.join()
        return self._is_mine

    def stop(self) -> None:
        if self._waiters is not None and self._is_mine:
            self._waiters.leave()
        self._is_mine = False


@dataclass
class DrainResult:
    """How many units were worked on, and whether something still waits only for a slot."""

    worked: int = 0
    is_empty: bool = False


def drain(accounts: Accounts, *, clock: Clock, deadline: datetime, waiters: Waiters | None) -> DrainResult:
    """Work until `deadline` or until nothing is due. Accounts that wait for a slot are waited for, unless another of
    the `waiters` does."""
    waiter = _Waiter(waiters)
    try:
        return _drain(accounts, clock, deadline, waiter)
    finally:
        waiter.stop()


def _drain(accounts: Accounts, clock: Clock, deadline: datetime, waiter: _Waiter) -> DrainResult:
    result, to = DrainResult(), accounts.to
    while (now := clock()) < deadline:
        account, wait = accounts.lease_next(now)
        if account is None:
            if wait is None or not waiter.may_wait():
                result.is_empty = True
                return result
            time.sleep(min(wait, LONGEST_NAP))
            continue
        waiter.stop()
        failpoints.passed(f"{accounts.stage}.leased")
        try:
            result.worked += _serve(accounts.open(account), to, clock, deadline)
        except ApiError as error:
            log.warning("account not served", service=to.service, account=account.pk, error=str(error))
            to.pause_account(account.pk, failure_of(error), now + _pause(error, to))
        finally:
            accounts.free(account)
        failpoints.passed(f"{accounts.stage}.freed")
    return result


def _pause(error: ApiError, to: Destination) -> timedelta:
    return timedelta(seconds=error.seconds) if isinstance(error, RateLimitedError) else to.config_pause


def _serve(step: Step, to: Destination, clock: Clock, deadline: datetime) -> int:
    """Work on a few units of a leased account; stop when it has to wait for a slot."""
    worked = 0
    while worked < MOST_IN_A_ROW and clock() < deadline:
        working_on: list[DeliveryUnit] = []
        try:
            if not step(working_on):
                break
        except Exception:
            # One unit that makes us stumble must not keep the others waiting, nor be tried without end.
            log.exception("unit crashed", unit=[str(unit.pk) for unit in working_on])
            for unit in working_on:
                type(unit).objects.filter(pk=unit.pk).update(ready_at=clock() + to.config_pause)
            if not working_on:
                raise
        worked += 1
    return worked


def sweep(models: Iterable[type[DeliveryUnit]], *, now: datetime) -> int:
    """Make units of dead workers visible: their outcome is unknown and will be looked up."""
    look_at = first_look(now)
    return sum(model.objects.release_expired(now, look_at=look_at) for model in models)
