"""Bookkeeping of runs: which titles their listings showed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db import connection, models
from django.db.models import Q

from integrations.models.runs import SyncRun

_MARK_SEEN = """
INSERT INTO integrations_seenrow (run_id, direction, bling_id, row_fingerprint, is_wanted, urgency)
SELECT %(run)s, direction, bling_id, fingerprint, urgency IS NOT NULL, coalesce(urgency, 0)
FROM unnest(%(directions)s::text[], %(ids)s::bigint[], %(fingerprints)s::text[], %(urgencies)s::int[])
    AS row (direction, bling_id, fingerprint, urgency)
ON CONFLICT (run_id, direction, bling_id)
    DO UPDATE SET
        row_fingerprint = excluded.row_fingerprint,
        is_wanted = integrations_seenrow.is_wanted OR excluded.is_wanted,
        urgency = CASE WHEN excluded.is_wanted THEN excluded.urgency ELSE integrations_seenrow.urgency END
    WHERE excluded.is_wanted OR integrations_seenrow.row_fingerprint <> excluded.row_fingerprint
"""


class SeenRowQuerySet(models.QuerySet["SeenRow"]):
    def mark(self, run_id: int, rows: Sequence[tuple[str, int, str, int | None]]) -> None:
        """Remember (direction, id, fingerprint, urgency) of listed rows, each once, as it was listed last; those with
        an urgency are wanted, and stay so.

        Written by hand because it is nearly all that an unchanged run does: four arrays, not 400 parameters.
        """
        names = ("directions", "ids", "fingerprints", "urgencies")
        values: dict[str, Any] = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
        values["run"] = run_id
        with connection.cursor() as cursor:
            cursor.execute(_MARK_SEEN, values)


class SeenRow(models.Model):
    """Bookkeeping of one run: which titles its listings showed. What is not here may have vanished.

    `row_fingerprint` is what the listings showed last, empty where none showed the title and a person asked for it.
    `is_wanted` until the detail was read: the row shows something new. `urgency` is its place in line, 0 first.
    """

    run = models.ForeignKey(SyncRun, models.CASCADE, related_name="seen")
    direction = models.CharField(max_length=10)
    bling_id = models.BigIntegerField()
    row_fingerprint = models.CharField(max_length=32, default="")
    is_wanted = models.BooleanField(default=False)
    urgency = models.PositiveIntegerField(default=0)

    objects = SeenRowQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["run", "urgency", "id"], condition=Q(is_wanted=True), name="seen_wanted")]
        constraints = [models.UniqueConstraint(fields=["run", "direction", "bling_id"], name="seen_once_per_run")]

    def __str__(self) -> str:
        return f"{self.run_id} {self.bling_id}"

    if TYPE_CHECKING:
        run_id: int
