"""Reads are tried again with full jitter; writes never are (they have a state machine of their own)."""

import time
from collections.abc import Callable
from typing import TypeVar

import tenacity

from integrations.rest.errors import NO_TIME_LEFT, ApiError, RateLimitedError, TransientError
from integrations.rest.limits import Slots, take

T = TypeVar("T")
ATTEMPTS = 4
LONGEST_WAIT = 30.0
FIRST_WAIT = 0.5
"""Seconds that the first wait before another try lasts at most; each later one at most twice as long."""


def read_with_retries(
    call: Callable[[], T],
    slots: Slots,
    sleep: Callable[[float], None] = time.sleep,
    *,
    sent: Callable[[], T] | None = None,
) -> T:
    """Run `call`, each try in its own slot. Raises the last `TransientError` when all tries failed.

    `sent` is a first try that is under way already, in a slot of its own. A rate limit further away than
    `LONGEST_WAIT` seconds is raised at once: the caller's run goes on later.
    """

    under_way = [sent] if sent else []

    def one_try() -> T:
        attempt = under_way.pop() if under_way else call
        if attempt is call:
            take(slots, sleep)
        try:
            result = attempt()
        except ApiError as error:
            if isinstance(error, RateLimitedError):
                slots.push_back(error)
            slots.note(error)
            raise
        slots.note(None)
        return result

    def worth_it(error: BaseException) -> bool:
        if isinstance(error, RateLimitedError):
            return error.seconds <= LONGEST_WAIT
        return isinstance(error, TransientError) and error.code != NO_TIME_LEFT

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(worth_it),
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        wait=tenacity.wait_random_exponential(multiplier=FIRST_WAIT, max=10),
        sleep=sleep,
        reraise=True,
    )
    return retrying(one_try)
