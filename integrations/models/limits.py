"""Request slots, shared by every worker on every host, and a count of what was used."""

from datetime import datetime, timedelta

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

_RESERVE = """
INSERT INTO integrations_ratelimit AS slot (key, next_at, total, day, used_today)
VALUES (
    %(key)s, clock_timestamp() + make_interval(secs => %(seconds)s), 1,
    (clock_timestamp() AT TIME ZONE 'America/Sao_Paulo')::date, 1
)
ON CONFLICT (key) DO UPDATE SET
    next_at = greatest(clock_timestamp(), slot.next_at) + make_interval(secs => %(seconds)s),
    total = slot.total + 1,
    used_today = CASE WHEN slot.day = excluded.day THEN slot.used_today + 1 ELSE 1 END,
    day = excluded.day
RETURNING extract(epoch FROM next_at - make_interval(secs => %(seconds)s) - clock_timestamp())::float
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
    def reserve(self, key: str, interval: timedelta) -> float:
        """Reserve the next slot of `key` and return how many seconds from now it begins (0: at once).

        One autocommit statement on the database's clock, so it is fair between all hosts. Must not run inside a
        transaction: the row would stay locked for everybody until its end.
        """
        if connection.in_atomic_block:
            raise RuntimeError("A slot must not be reserved inside a transaction.")
        with connection.cursor() as cursor:
            cursor.execute(_RESERVE, {"key": key, "seconds": interval.total_seconds()})
            wait: float = cursor.fetchone()[0]
        return max(0.0, wait)

    def seconds_until_free(self, key: str, now: datetime) -> float:
        """Return how long `key` has no free slot, without reserving one."""
        next_at = self.filter(key=key).values_list("next_at", flat=True).first()
        return max(0.0, (next_at - now).total_seconds()) if next_at else 0.0

    def push_back(self, key: str, pause: timedelta) -> None:
        """Let nobody use `key` for `pause`."""
        with connection.cursor() as cursor:
            cursor.execute(_PUSH_BACK, {"key": key, "seconds": pause.total_seconds()})

    def total(self, key: str) -> int:
        """Return how many slots of `key` were ever reserved."""
        return self.filter(key=key).values_list("total", flat=True).first() or 0


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
