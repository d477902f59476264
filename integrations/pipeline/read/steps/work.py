"""What every step of a run works with: the run, a client, and how what was read is kept."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db import transaction
from django.db.models import F

from integrations.bling.client import BlingClient
from integrations.models import SyncRun
from integrations.pipeline.access import failpoints
from integrations.pipeline.handover import sales_orders
from integrations.pipeline.read import gone_objects, mirror
from integrations.pipeline.read.batch import Chunk, Failed, What
from integrations.pipeline.read.failures import note_failures
from integrations.pipeline.read.saving import save_each
from integrations.rest.errors import (
    ApiError,
    FilterIgnoredError,
    InternalError,
    RateLimitedError,
    TransientError,
)

Clock = Callable[[], datetime]
LEASE = timedelta(seconds=240)
LEFT_OUT = "left_out"
TRIES_OF_A_STEP = 5
"""So often a step that meets a passing failure is tried, over some four minutes, before a run goes on without it."""
HOLD_EVERY = timedelta(seconds=5)
"""So long a run goes on without a write of its own, as long as nothing was found that has to be kept."""


class Work:
    """One leased run, for as long as one worker may work on it. Writes raise `LostLeaseError` after a take-over."""

    def __init__(self, run: SyncRun, client: BlingClient, *, clock: Clock, deadline: datetime) -> None:
        self.run = run
        self.client = client
        self.clock = clock
        self.deadline = deadline
        self._counted = client.requests
        self._held_at = clock()

    @cached_property
    def reads_orders(self) -> bool:
        """Say whether sales orders are read, by the registers as they are: to be asked once this run has saved them."""
        return sales_orders.are_needed(self.run.connection)

    @property
    def is_over(self) -> bool:
        return self.clock() >= self.deadline

    @property
    def has_older_readings(self) -> bool:
        """False where every title was first read by this run: none can be gone, and none is read again."""
        return bool(self.run.cursor.get("has_older", True))

    def save_chunk(self, chunk: Chunk) -> None:
        """Mirror what was read of some titles; a title that the database refuses is noted, and stops no other one."""
        failpoints.passed("pull.chunk_read")
        mirror.note_rows(self.run, chunk)
        save_each(chunk, self._save_chunk)
        failpoints.passed("pull.chunk_saved")

    def _save_chunk(self, chunk: Chunk) -> None:
        with transaction.atomic():
            changed = mirror.save_chunk(self.run.connection, chunk, now=self.clock(), run=self.run)
            gone_objects.keep(self.run.connection, chunk.looked_for, now=self.clock())
            mirror.take_off(self.run, chunk.asked)
            self.hold(
                titles_read=F("titles_read") + len(chunk.titles),
                titles_changed=F("titles_changed") + changed,
                **note_failures(self.run, chunk.failures),
            )

    @property
    def left_out(self) -> Mapping[str, Mapping[str, str]]:
        """What this run goes on without: steps, each with its first failure."""
        found: dict[str, dict[str, str]] = self.run.cursor.get(LEFT_OUT, {})
        return found

    def gives_up(self, error: ApiError) -> bool:
        """Say whether a run goes on without what met this error: it lasts, or will not pass, and Bling answers to
        something else. Raises `ApiError` kinds where it does not."""
        if isinstance(error, RateLimitedError) or not isinstance(error, TransientError | InternalError):
            return False
        is_passing = isinstance(error, TransientError) and not isinstance(error, FilterIgnoredError)
        if is_passing and self.run.cursor.get("tries", 0) < TRIES_OF_A_STEP:
            return False
        self.client.company()
        return True

    def leave_out(self, error: ApiError) -> None:
        """Note what this run goes on without; it ends as failed, and the next one is soon."""
        run = self.run
        failed = Failed.by(What.LIST, 0, error)
        run.cursor[LEFT_OUT] = {run.step: failed.failure, **self.left_out}
        run.cursor["tries"] = 0
        self.hold_alone(**note_failures(run, [failed]))

    def hold_alone(self, **changes: Any) -> None:
        """Hold the run's lease in a transaction of its own."""
        with transaction.atomic():
            self.hold(**changes)

    def hold(self, **changes: Any) -> None:
        """Prolong the lease inside the current transaction, count requests, store step and cursor."""
        now = self.clock()
        kept = {"step": self.run.step, "cursor": self.run.cursor} | changes
        requests = F("bling_requests") + self.new_requests()
        mirror.hold_lease(self.run, lease_until=now + LEASE, bling_requests=requests, **kept)
        self._held_at = now

    def hold_if_due(self) -> None:
        if self.clock() - self._held_at >= HOLD_EVERY:
            self.hold_alone()

    def new_requests(self) -> int:
        """Return how many requests were made since this was last asked."""
        requests, self._counted = self.client.requests - self._counted, self.client.requests
        return requests
