"""What Kamino's lists proved: spans of due dates of which every title was shown."""

from django.db import models

from integrations.models.connections import KaminoConnection
from integrations.models.titles import DIRECTION_CHOICES


class ListedSpan(models.Model):
    """A span of due dates, both days included, whose titles a list showed all: whatever of it is not in
    `KaminoSnapshot` since `read_at` (taken before the request) was not there. The first and the last day that there is
    mean "open".

    Written by `pipeline/handover/kamino_absence`, which alone concludes anything from it.
    """

    kamino_connection = models.ForeignKey(KaminoConnection, models.CASCADE, related_name="+")
    direction = models.CharField(max_length=10, choices=DIRECTION_CHOICES)
    first_day = models.DateField()
    last_day = models.DateField()
    read_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["kamino_connection", "direction", "read_at"], name="listed_span_fresh"),
            models.Index(fields=["read_at"], name="listed_span_age"),
        ]

    def __str__(self) -> str:
        return f"{self.direction} {self.first_day}..{self.last_day}"
