"""How much programs may ask for: strangers by their address, everybody by what waits already. Nothing is stored of what
is refused here."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db.models import QuerySet

from integrations.bling_v2.codes import BUSY, TOO_MANY, RefusedError
from integrations.domain.delivery import Outcome
from integrations.models import ApiKey, BlingAttempt, CustomerWrite, OrderWrite, SettlementWrite, WriteBatch
from integrations.models.known_addresses import digest_of
from integrations.models.payable_queries import refused_whole

MOST_UNKNOWN, WITHIN_SECONDS = 10, 60
"""Requests with an unknown key from one address, within so many seconds."""
MOST_WAITING, MOST_WAITING_OF_ONE = 8, 2
"""Requests that wait in this process, and those of one Bling account among them."""
MOST_A_MINUTE = 60
"""Requests of one Bling account that are accepted within a minute."""
MOST_SENT_A_MINUTE = 300
"""Customers of one Bling account, and as many bills, that are new or changed within a minute: more than Bling takes
within ten."""
MOST_REFUSED, REFUSED_WITHIN, STOPPED_FOR = 5, timedelta(minutes=10), timedelta(minutes=5)
"""So many requests of one key that Bling refused stop it for a while: errors count against the address of all."""

_waiting: Counter[int] = Counter()
_lock = threading.Lock()


def count_unknown(address: str) -> None:
    """Count a request with an unknown key. Raises `RefusedError` for one too many."""
    key = f"bridge-unknown:{digest_of(address)}"
    if cache.add(key, 1, WITHIN_SECONDS):
        return
    try:
        tries = cache.incr(key)
    except ValueError:  # it ended between the two
        cache.set(key, 1, WITHIN_SECONDS)
        return
    if tries > MOST_UNKNOWN:
        raise RefusedError(TOO_MANY)


@contextmanager
def place(connection_id: int) -> Iterator[None]:
    """Take a place among those who wait in this process. Raises `RefusedError` where all are taken."""
    with _lock:
        if _waiting.total() >= MOST_WAITING or _waiting[connection_id] >= MOST_WAITING_OF_ONE:
            raise RefusedError(BUSY)
        _waiting[connection_id] += 1
    try:
        yield
    finally:
        with _lock:
            _waiting[connection_id] -= 1


def check_accepted(key: ApiKey, now: datetime) -> None:
    """Raise `RefusedError` where an account's programs asked for too much lately, or Bling refused a key too often."""
    rows = WriteBatch.objects.filter(connection=key.connection_id, source=WriteBatch.Source.BRIDGE)
    if rows.filter(created_at__gt=now - timedelta(minutes=1)).count() >= MOST_A_MINUTE:
        raise RefusedError(TOO_MANY)
    mine = {"connection": key.connection_id, "api_key": key, "created_at__gt": now - REFUSED_WITHIN}
    refused = refused_whole().filter(**mine)
    newest = list(refused.order_by("-created_at").values_list("created_at", flat=True)[:MOST_REFUSED])
    if len(newest) == MOST_REFUSED and newest[0] > now - STOPPED_FOR:
        raise RefusedError(TOO_MANY)


def check_sent(sent: QuerySet[CustomerWrite] | QuerySet[OrderWrite], now: datetime) -> None:
    """Raise `RefusedError` where an account's systems sent too much within a minute; `sent` is all that they did."""
    if sent.filter(accepted_at__gt=now - timedelta(minutes=1)).count() >= MOST_SENT_A_MINUTE:
        raise RefusedError(TOO_MANY)


def check_settlements(key: ApiKey, now: datetime) -> None:
    """Raise `RefusedError` where an account's programs wanted too many payables settled lately, or those of a key could
    not be, too often."""
    rows = SettlementWrite.objects.filter(connection=key.connection_id)
    if rows.filter(accepted_at__gt=now - timedelta(minutes=1)).count() >= MOST_A_MINUTE:
        raise RefusedError(TOO_MANY)
    # By its account: an index finds what that wrote lately, not all that a key ever wanted.
    lately = BlingAttempt.objects.filter(connection=key.connection_id, started_at__gt=now - REFUSED_WITHIN)
    tried = lately.filter(settlement__api_key=key)
    refused = tried.filter(outcome__in=(Outcome.REJECTED, Outcome.CONFLICT)).order_by("-started_at")
    newest = list(refused.values_list("started_at", flat=True)[:MOST_REFUSED])
    if len(newest) == MOST_REFUSED and newest[0] > now - STOPPED_FOR:
        raise RefusedError(TOO_MANY)
