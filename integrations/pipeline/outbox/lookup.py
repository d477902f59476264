"""Look-ups: find out what became of a write whose answer was lost. Twice looked up, never blindly repeated."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from integrations.domain.delivery import Body, Outcome
from integrations.domain.reasons import Problem, Reason, because_of
from integrations.models.outbox import BaseAttempt, DeliveryUnit
from integrations.pipeline.access import failpoints
from integrations.pipeline.access.error_texts import reason_of
from integrations.pipeline.outbox import record
from integrations.pipeline.outbox.claim import Claimed
from integrations.pipeline.outbox.destination import Clock, Destination
from integrations.rest.errors import (
    NO_TIME_LEFT,
    ApiError,
    ConfigError,
    InternalError,
    RateLimitedError,
    UnusableListError,
)

log = structlog.get_logger(__name__)

LOOKUPS = 2
LONGEST_LOOK = timedelta(hours=6)
"""How long one look-up may fail before a person is asked."""


@dataclass(frozen=True)
class LookUp:
    """One look-up of an uncertain unit: its answer is one of `adopt`, `again`, `absent` and `ask`."""

    attempt: BaseAttempt
    unit: DeliveryUnit
    to: Destination
    clock: Clock
    began_at: datetime
    """When it was first tried: what the destination shows from then on counts for it."""

    @property
    def is_last(self) -> bool:
        """Say whether what is not found now was looked for often enough."""
        return self.unit.lookups + 1 >= LOOKUPS

    def adopt(self, held: Body, remote_id: int) -> None:
        """Record that the write happened: the destination holds `held`."""
        claimed = Claimed(self.unit, self.attempt, self.unit.fence, self.to)
        record.delivered(claimed, remote_id=remote_id, held=held, now=self.clock(), outcome=Outcome.ADOPTED)

    def again(self) -> None:
        """Nothing was found, and the destination may still be at work: a later look-up decides."""
        unit = self.unit
        type(unit).objects.look_again(unit.pk, unit.fence, look_at=record.first_look(self.clock()))

    def absent(self) -> None:
        """It is proved not to have happened: it may be sent again."""
        unit, now = self.unit, self.clock()
        failure = {"code": "not_there_twice", "service": self.to.service}
        record.close_attempt(self.attempt, Outcome.TRANSIENT, now=now, failure=failure)
        type(unit).objects.resolve_absent(unit.pk, unit.fence)
        self.to.plan_again(unit.to_plan_again(), now)

    def ask(self, why: Problem) -> None:
        """Nobody can tell what happened: a person decides."""
        record.close_attempt(self.attempt, Outcome.UNCERTAIN, now=self.clock(), failure={"code": why.code.value})
        record.needs_human(self.unit, why=why, now=self.clock(), to=self.to)


def look_up(unit: DeliveryUnit, look: Callable[[LookUp], None], *, to: Destination, clock: Clock) -> None:
    """Look an uncertain unit up by `look`. A look-up that fails is made again later, one that ran out of time goes on
    at once; a person is asked about one that did not come to its end for hours."""
    attempt = unit.attempts.filter(outcome__in=BaseAttempt.UNRESOLVED).order_by("-pk").first()
    began_at = unit.look_began_at or clock()
    if attempt is None:
        record.needs_human(unit, why=Problem(Reason.NO_RECORD), now=clock(), to=to)
        return
    if unit.look_began_at is None:
        type(unit).objects.begin_look(unit.pk, unit.fence, now=began_at)
    this = LookUp(attempt, unit, to, clock, began_at)
    try:
        look(this)
    except Exception as error:
        _failed(this, error)
    failpoints.passed("lookup.done")


def _failed(look: LookUp, error: Exception) -> None:
    unit, now = look.unit, look.clock()
    known = error if isinstance(error, ApiError) else InternalError.of_bug(error, look.to.service)
    if known is not error:
        log.exception("look-up crashed", unit=unit.pk)
    log.warning("look-up failed", unit=unit.pk, error=str(error))
    if now - look.began_at >= LONGEST_LOOK:
        look.ask(because_of(Reason.LOOK_UP_FAILED, reason_of(known)))
        return
    if known.code == NO_TIME_LEFT:
        return
    # Whoever asks again and again keeps the others from their turn: while a limit or a breaker holds everybody back, or
    # where this list alone is refused (wrong keys are noticed, and pause the account, when something is sent).
    wait = timedelta(0)
    if isinstance(known, RateLimitedError):
        wait = timedelta(seconds=known.seconds)
    elif isinstance(known, ConfigError | UnusableListError):
        wait = look.to.config_pause
    ready_at = max(now + wait, record.first_look(now))
    type(unit).objects.filter(pk=unit.pk, fence=unit.fence).update(ready_at=ready_at)
