"""Slots on the database: who may call now, and who has to wait. Shared by every worker on every host."""

import time
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings

from integrations.models import BlingConnection, KaminoConnection, RateLimit
from integrations.rest.errors import RateLimitedError

LONGEST_WAIT = 20.0


class DatabaseSlots:
    """Slots of one or more keys, the account's first; a call waits for the latest of them."""

    def __init__(self, keys: Sequence[tuple[str, timedelta]], *, longest_wait: float = LONGEST_WAIT) -> None:
        self._keys = keys
        self._longest_wait = longest_wait

    def take(self) -> None:
        """Reserve and wait. Raises `RateLimitedError` when the slot is further away than `longest_wait` seconds."""
        wait = max(RateLimit.objects.reserve(key, interval) for key, interval in self._keys)
        if wait > self._longest_wait:
            raise RateLimitedError(f"next slot in {wait:.0f} s", seconds=wait, operation="slot")
        if wait > 0:
            time.sleep(wait)

    def push_back(self, seconds: float) -> None:
        """Pause the account (the first key)."""
        RateLimit.objects.push_back(self._keys[0][0], timedelta(seconds=seconds))


def bling_key(connection: BlingConnection) -> str:
    """Return the account's key: Bling counts per company, whatever connection calls."""
    return f"bling:{connection.company_id or f'connection-{connection.pk}'}"


def bling_slots(connection: BlingConnection) -> DatabaseSlots:
    """Return the slots of a Bling account and of this egress address."""
    limits = settings.LIMITS
    return DatabaseSlots(
        [
            (bling_key(connection), timedelta(milliseconds=limits.bling_interval_ms)),
            (f"bling-egress:{settings.EGRESS_ID}", timedelta(milliseconds=limits.bling_egress_interval_ms)),
        ]
    )


def token_slots() -> DatabaseSlots:
    """Return the slots of the token endpoint: Bling blocks an address for an hour after 20 calls in a minute."""
    interval = timedelta(milliseconds=settings.LIMITS.bling_token_interval_ms)
    return DatabaseSlots([(f"bling-token:{settings.EGRESS_ID}", interval)], longest_wait=60.0)


def kamino_key(connection: KaminoConnection) -> str:
    return f"kamino:{connection.cn}"


def kamino_slots(connection: KaminoConnection) -> DatabaseSlots:
    """Return the slots of one Kamino company."""
    per_minute = connection.requests_per_minute or settings.LIMITS.kamino_per_minute
    return DatabaseSlots([(kamino_key(connection), timedelta(seconds=60 / per_minute))])
