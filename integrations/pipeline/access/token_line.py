"""The line for the token endpoint, which takes one refresh in a few seconds for all companies together.

Nobody reserves a slot ahead: whoever needs a newer token leaves its place in the token's row, and takes the next slot
when it is near and nobody is before it. So a person who comes later is served first all the same. Only who waits at an
open page reserves the next slot at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from integrations.models import BlingToken, SyncRun, Waiting
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.access.rate_limits import seconds_until_token_slot
from integrations.rest.errors import IN_LINE, RateLimitedError

Clock = Callable[[], datetime]
ABANDONED_REFRESH = timedelta(seconds=90)
"""After this long without a result, a refresh counts as abandoned."""
REFRESH_BEFORE = timedelta(minutes=60)
REFRESH_IDLE_AFTER = timedelta(days=7)
NEAR_SLOT = 1.0
"""Seconds until a slot that is reserved: all that a person who comes now may have to wait for others."""
LONGEST_AWAY = timedelta(minutes=15)
"""When one that waits by itself tries again at the latest; a refresh calls it earlier."""


@dataclass(frozen=True)
class Place:
    """How many tokens are refreshed before one, and in how many seconds its turn comes."""

    ahead: int
    seconds: float


def tokens_due(now: datetime, tenant_ids: Sequence[int] | None = None) -> QuerySet[BlingToken]:
    """Return the tokens to refresh: an hour before they expire, and weekly where nothing runs."""
    working = Q(connection__status=ConnectionStatus.CONNECTED, expires_at__lt=now + REFRESH_BEFORE)
    resting = Q(connection__status=ConnectionStatus.PAUSED, refreshed_at__lt=now - REFRESH_IDLE_AFTER)
    rested = Q(retry_at__isnull=True) | Q(retry_at__lte=now)
    # What both ask of the token alone, for its indexes: the others are some thousand, and asked about every minute.
    is_old = Q(expires_at__lt=now + REFRESH_BEFORE) | Q(refreshed_at__lt=now - REFRESH_IDLE_AFTER)
    due = BlingToken.objects.filter(is_old, working | resting, rested)
    return due if tenant_ids is None else due.filter(connection__tenant__in=tenant_ids)


def line(now: datetime) -> QuerySet[BlingToken]:
    """Return the tokens to refresh that nobody refreshes now, the next one first: where a person waits, then by age."""
    under_way = Q(refresh_started_version=F("version"), refresh_started_at__gte=now - ABANDONED_REFRESH)
    waits = tokens_due(now).exclude(under_way).annotate(since=Coalesce("waits_since", "expires_at"))
    return waits.order_by("-waiting", "since", "pk")


def place_of(token: BlingToken, now: datetime) -> Place:
    """Return a token's place in the line."""
    since = token.waits_since or token.expires_at
    earlier = Q(since__lt=since) | Q(since=since, pk__lt=token.pk)
    ahead = line(now).filter(Q(waiting__gt=token.waiting) | Q(earlier, waiting=token.waiting)).count()
    interval = settings.LIMITS.bling_token_interval_ms / 1000
    return Place(ahead, seconds_until_token_slot(now) + ahead * interval)


def wait_for_turn(token: BlingToken, now: datetime, waiting: Waiting) -> None:
    """Return when a slot is near and the token is the next one. Otherwise leave its place and raise
    `RateLimitedError`, which says when its turn comes."""
    wanted = BlingToken(pk=token.pk, waiting=token.waiting, waits_since=token.waits_since, expires_at=token.expires_at)
    if wanted.waiting < waiting:
        wanted.waiting, wanted.waits_since = waiting, now
    if place_of(wanted, now).seconds > NEAR_SLOT:
        leave_place(token, now, waiting)
        raise turn_of(token, now)


def leave_place(token: BlingToken, now: datetime, waiting: Waiting) -> None:
    """Note who waits for a newer token."""
    mine = BlingToken.objects.filter(pk=token.pk, version=token.version, waiting__lt=waiting)
    if token.waiting < waiting and mine.update(waiting=waiting, waits_since=now):
        token.waiting, token.waits_since = waiting, now


def note_refused(connection_id: int, version: int, now: datetime) -> None:
    """Let a token count as expired that Bling refuses: as one that holds for hours it would not stand in the line."""
    refused = BlingToken.objects.filter(connection=connection_id, version=version, expires_at__gt=now)
    refused.update(expires_at=now)


def turn_of(token: BlingToken, now: datetime) -> RateLimitedError:
    """Return what says when a token's turn comes."""
    place = place_of(token, now)
    turn = timedelta(seconds=place.seconds)
    return RateLimitedError(
        str(place.ahead), seconds=min(turn, LONGEST_AWAY).total_seconds(), service="Bling", operation="refresh",
        code=IN_LINE, until=now + turn,
    )  # fmt: skip


def call_waiting(connection_id: int, now: datetime) -> None:
    """Let a run go on that waits for this connection's token."""
    runs = SyncRun.objects.filter(connection=connection_id, state=SyncRun.State.OPEN, not_before__gt=now)
    runs.filter(failure__code=IN_LINE).update(not_before=None)
