"""Slots on the database: who may call now, and who has to wait. Shared by every worker on every host."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db.models import Case, CharField, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Concat

from integrations.domain.calendar import BRASILIA
from integrations.models import BlingConnection, Breaker, KaminoConnection, RateLimit
from integrations.rest.errors import (
    DAILY_LIMIT,
    ApiError,
    NotFoundError,
    RateLimitedError,
    TransientError,
    UncertainError,
)

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
LONGEST_WAIT = 20.0
LONGEST_PASSING = 3_600.0
"""Seconds: only a limit that is spent for the day keeps an account away for longer."""
AFTER_MIDNIGHT = timedelta(minutes=5)


@dataclass(frozen=True)
class Fuse:
    """When a breaker opens: its key, how many errors in ten seconds, and which errors count."""

    key: str
    most: int
    kinds: tuple[type[ApiError], ...]


class DatabaseSlots:
    """Slots of one or more keys, the account's first; a call waits for the latest of them.

    `keys` is asked at each call: a connection learns its company's id, and with it its key, in the middle of a run.
    """

    def __init__(
        self,
        keys: Callable[[], Sequence[tuple[str, timedelta]]],
        *,
        service: str = "",
        clock: Clock,
        fuse: Fuse | None = None,
        longest_wait: float = LONGEST_WAIT,
    ) -> None:
        self._keys = keys
        self._service = service
        self._clock = clock
        self._fuse = fuse
        self._longest_wait = longest_wait
        self._is_probing = False

    @property
    def gap(self) -> float:
        return self._keys()[0][1].total_seconds()

    def reserve(self, count: int) -> list[float]:
        """Reserve slots. Raises `RateLimitedError` when they are too far away, or a breaker is open."""
        breaker = self._fuse.key if self._fuse else ""
        waits = self._try(breaker, count)
        if waits is None and breaker and Breaker.objects.is_open(breaker, self._clock()):
            raise RateLimitedError(
                "stopped after a burst of errors",
                seconds=30.0,
                service=self._service,
                operation="breaker",
                code="breaker",
            )
        if waits is None:
            waits = self._try("", 1)  # the breaker is half open, and this call is its probe
            self._is_probing = True
        if waits is None:
            keys = [key for key, _interval in self._keys()]
            ahead = RateLimit.objects.seconds_until_free(keys, self._clock())
            raise RateLimitedError(
                f"next slot in {ahead:.0f} s", seconds=ahead, service=self._service, operation="slot",
                code=DAILY_LIMIT if ahead > LONGEST_PASSING else "limit",
                until=self._clock() + timedelta(seconds=ahead),
            )  # fmt: skip
        return waits

    def _try(self, breaker: str, count: int) -> list[float] | None:
        longest = timedelta(seconds=self._longest_wait)
        return RateLimit.objects.reserve(self._keys(), longest=longest, breaker=breaker, count=count)

    def push_back(self, error: RateLimitedError) -> None:
        """Pause the account (the first key); a spent daily quota pauses it until after midnight in Brasília."""
        pause, now = timedelta(seconds=error.seconds), self._clock().astimezone(BRASILIA)
        if error.code == DAILY_LIMIT:
            midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), BRASILIA)
            pause = midnight + AFTER_MIDNIGHT - now
        error.seconds, error.until = pause.total_seconds(), now + pause
        RateLimit.objects.push_back(self._keys()[0][0], pause)

    def note(self, error: ApiError | None) -> None:
        """Count an error, or close the breaker when its probe was a success: an answer to a call of before says nothing
        of now."""
        if self._fuse is None:
            return
        was_probing, self._is_probing = self._is_probing, False
        # "There is no such object" is an answer, which readings of deleted ones expect.
        is_answer = error is None or isinstance(error, NotFoundError)
        if is_answer or not isinstance(error, (*self._fuse.kinds, RateLimitedError)):
            if was_probing:
                Breaker.objects.note_success(self._fuse.key)
        elif isinstance(error, RateLimitedError):
            return  # it has its own pause
        elif Breaker.objects.note_error(self._fuse.key, self._clock(), most=self._fuse.most):
            log.error("breaker open", key=self._fuse.key)


def bling_key(connection: BlingConnection) -> str:
    """Return the account's key: Bling counts per company, whatever connection calls."""
    return f"bling:{connection.company_id or f'connection-{connection.pk}'}"


def key_of_connections() -> Combinable:
    """Return `bling_key` of each connection of a query."""
    unnamed = Concat(Value("bling:connection-"), "pk", output_field=CharField())
    return Case(When(company_id="", then=unnamed), default=Concat(Value("bling:"), "company_id"))


def begin_account(connection: BlingConnection) -> None:
    """Block an account's own key for a second: calls that were just made under the connection's key count too."""
    RateLimit.objects.push_back(bling_key(connection), timedelta(seconds=1))


def egress_key() -> str:
    return f"bling-egress:{settings.EGRESS_ID}"


def bling_slots(connection: BlingConnection, *, clock: Clock) -> DatabaseSlots:
    """Return the slots of a Bling account and of this egress address, which Bling blocks for 300 errors in 10 s."""
    limits = settings.LIMITS
    return DatabaseSlots(
        lambda: [
            (bling_key(connection), timedelta(milliseconds=limits.bling_interval_ms)),
            (egress_key(), timedelta(milliseconds=limits.bling_egress_interval_ms)),
        ],
        service="Bling",
        clock=clock,
        fuse=Fuse(egress_key(), limits.bling_breaker_errors, (ApiError,)),
    )


def token_key() -> str:
    return f"bling-token:{settings.EGRESS_ID}"


def token_slots(*, clock: Clock, longest_wait: float = LONGEST_WAIT) -> DatabaseSlots:
    """Return the slots of the token endpoint: Bling blocks an address for an hour after 20 calls in a minute."""
    interval = timedelta(milliseconds=settings.LIMITS.bling_token_interval_ms)
    return DatabaseSlots(lambda: [(token_key(), interval)], service="Bling", clock=clock, longest_wait=longest_wait)


def seconds_until_token_slot(now: datetime) -> float:
    """Return how long the token endpoint has no free slot."""
    return RateLimit.objects.seconds_until_free([token_key()], now)


KAMINO_KEY = "kamino:"


def kamino_key(connection: KaminoConnection) -> str:
    """Return a company's key; `cn` is Kamino's number of the company."""
    return f"{KAMINO_KEY}{connection.cn}"


def kamino_slots(connection: KaminoConnection, *, clock: Clock, longest_wait: float = LONGEST_WAIT) -> DatabaseSlots:
    """Return the slots of one Kamino company; `longest_wait` (seconds) is for a person who waits."""
    per_minute = connection.requests_per_minute or settings.LIMITS.kamino_per_minute
    key = kamino_key(connection)
    return DatabaseSlots(
        lambda: [(key, timedelta(seconds=60 / per_minute))],
        service="Kamino",
        clock=clock,
        fuse=Fuse(key, settings.LIMITS.kamino_breaker_errors, (TransientError, UncertainError)),
        longest_wait=longest_wait,
    )
