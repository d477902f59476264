"""Request slots, shared by every worker on every host, and a count of what was used."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

_RESERVE = """
WITH wanted AS (
    SELECT * FROM unnest(%(keys)s::text[], %(seconds)s::float8[]) WITH ORDINALITY AS given (key, seconds, place)
)
INSERT INTO integrations_ratelimit AS slot (key, next_at, total, day, used_today)
SELECT key, clock_timestamp() + make_interval(secs => seconds * %(count)s), %(count)s,
       (clock_timestamp() AT TIME ZONE 'America/Sao_Paulo')::date, %(count)s
FROM wanted, set_config('synchronous_commit', 'off', true)
WHERE NOT EXISTS (
    SELECT FROM integrations_ratelimit
    WHERE key = ANY(%(keys)s) AND next_at > clock_timestamp() + make_interval(secs => %(longest)s)
) AND NOT EXISTS (SELECT FROM integrations_breaker WHERE key = %(breaker)s AND open_until IS NOT NULL)
ORDER BY place
ON CONFLICT (key) DO UPDATE SET
    next_at = greatest(clock_timestamp(), slot.next_at)
        + make_interval(secs => (SELECT seconds * %(count)s FROM wanted WHERE wanted.key = slot.key)),
    total = slot.total + excluded.total,
    used_today = excluded.used_today + CASE WHEN slot.day = excluded.day THEN slot.used_today ELSE 0 END,
    day = excluded.day
RETURNING extract(epoch FROM next_at - clock_timestamp())::float8,
    (SELECT seconds FROM wanted WHERE wanted.key = slot.key)
"""

BREAK = timedelta(seconds=60)
PROBE = timedelta(seconds=30)

_NOTE_ERROR = """
INSERT INTO integrations_breaker AS breaker (key, window_start, errors, open_until)
VALUES (%(key)s, %(now)s, 1, NULL)
ON CONFLICT (key) DO UPDATE SET
    errors = CASE
        WHEN breaker.window_start > %(now)s - interval '10 seconds' THEN breaker.errors + 1 ELSE 1 END,
    window_start = CASE
        WHEN breaker.window_start > %(now)s - interval '10 seconds' THEN breaker.window_start ELSE %(now)s END,
    open_until = CASE
        WHEN breaker.open_until IS NOT NULL
          OR (breaker.window_start > %(now)s - interval '10 seconds' AND breaker.errors + 1 >= %(most)s)
        THEN %(now)s + make_interval(secs => %(pause)s) END
RETURNING open_until IS NOT NULL
"""

_PUSH_BACK = """
INSERT INTO integrations_ratelimit AS slot (key, next_at, total, day, used_today)
VALUES (
    %(key)s, clock_timestamp() + make_interval(secs => %(seconds)s), 0,
    (clock_timestamp() AT TIME ZONE 'America/Sao_Paulo')::date, 0
)
ON CONFLICT (key) DO UPDATE SET next_at = greatest(slot.next_at, clock_timestamp() + make_interval(secs => %(seconds)s))
"""


class RateLimitQuerySet(models.QuerySet["RateLimit"]):
    def reserve(
        self, slots: Sequence[tuple[str, timedelta]], *, longest: timedelta, breaker: str = "", count: int = 1
    ) -> list[float] | None:
        """Reserve the next `count` slots of every (key, interval) and return how many seconds from now each of them
        begins: the latest of its keys decides.

        `None`, and nothing is reserved, when a key's slot is further away than `longest` (callers that give up must
        not push it further) or when `breaker` is open. One autocommit statement on the database's clock, so it is
        fair between all hosts; a row inside a transaction would stay locked for everybody until its end. The commit
        does not wait for the disk: a crash of the server costs one early request.
        """
        if connection.in_atomic_block:
            raise RuntimeError("A slot must not be reserved inside a transaction.")
        values: dict[str, Any] = {
            "keys": [key for key, _interval in slots],
            "seconds": [interval.total_seconds() for _key, interval in slots],
            "longest": longest.total_seconds(),
            "breaker": breaker,
            "count": count,
        }
        with connection.cursor() as cursor:
            cursor.execute(_RESERVE, values)
            ends: list[tuple[float, float]] = cursor.fetchall()
        if not ends:
            return None
        return [max(0.0, *(end - seconds * (count - place) for end, seconds in ends)) for place in range(count)]

    def seconds_until_free(self, keys: Sequence[str], now: datetime) -> float:
        """Return how long some of `keys` has no free slot, without reserving one."""
        next_at = self.filter(key__in=keys).aggregate(last=models.Max("next_at"))["last"]
        return max(0.0, (next_at - now).total_seconds()) if next_at else 0.0

    def push_back(self, key: str, pause: timedelta) -> None:
        """Block `key` for `pause`."""
        with connection.cursor() as cursor:
            cursor.execute(_PUSH_BACK, {"key": key, "seconds": pause.total_seconds()})

    def total(self, key: str) -> int:
        """Return how many slots of `key` were ever reserved."""
        return self.filter(key=key).values_list("total", flat=True).first() or 0


class BreakerQuerySet(models.QuerySet["Breaker"]):
    def is_open(self, key: str, now: datetime) -> bool:
        """Say whether calls under `key` have to wait. After the pause, one probe at a time goes through."""
        row = self.filter(key=key, open_until__isnull=False).first()
        if row is None or row.open_until is None:
            return False
        if row.open_until > now:
            return True
        # Half open: the worker that moves the end of the pause makes the probe; the others keep waiting for its result.
        return not self.filter(key=key, open_until=row.open_until).update(open_until=now + PROBE)

    def note_error(self, key: str, now: datetime, *, most: int) -> bool:
        """Count an error; open the breaker when `most` fell into ten seconds. Returns whether it is open now."""
        with connection.cursor() as cursor:
            cursor.execute(_NOTE_ERROR, {"key": key, "now": now, "most": most, "pause": BREAK.total_seconds()})
            return bool(cursor.fetchone()[0])

    def note_success(self, key: str) -> None:
        """Close the breaker after a probe that worked."""
        self.filter(key=key, open_until__isnull=False).update(open_until=None, errors=0)


class Breaker(models.Model):
    """Stops calls after a burst of errors, long before Bling would block the address (300 errors in 10 s)."""

    key = models.CharField(_("key"), max_length=120, primary_key=True)
    window_start = models.DateTimeField()
    errors = models.PositiveIntegerField(_("errors"), default=0)
    open_until = models.DateTimeField(_("stopped until"), null=True, blank=True)

    objects = BreakerQuerySet.as_manager()

    class Meta:
        verbose_name = _("breaker")
        verbose_name_plural = _("breakers")
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key


class Heartbeat(models.Model):
    """When a worker of a cluster last lived, whether its host keeps a journal (`None`: nobody said), and by how many
    seconds its clock is ahead of the database's, if that keeps it from working. The supervisor and the health page read
    it."""

    name = models.CharField(max_length=60, primary_key=True)
    beat_at = models.DateTimeField()
    has_journal = models.BooleanField(null=True)
    clock_off_by = models.IntegerField(default=0, db_default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name} {self.beat_at:%d/%m/%Y %H:%M:%S}"


class RateLimit(models.Model):
    """One limited resource: a Bling company, our egress address, the token endpoint, a Kamino company."""

    key = models.CharField(_("key"), max_length=120, primary_key=True)
    next_at = models.DateTimeField(_("next free slot"))
    total = models.PositiveBigIntegerField(_("used in all"), default=0)
    day = models.DateField(_("day"))
    used_today = models.PositiveIntegerField(_("used today"), default=0)

    objects = RateLimitQuerySet.as_manager()

    class Meta:
        verbose_name = _("limit")
        verbose_name_plural = _("limits")
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key
