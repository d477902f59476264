"""What Bling said it no longer has, though something here still names it."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models

from integrations.domain.absence import ask_again_at
from integrations.models.connections import BlingConnection


class GoneInBling(models.Model):
    """A contact or borderô that Bling does not have since `since`; asked for last at `asked_at`. Deleted once Bling
    shows it again."""

    class Kind(models.TextChoices):
        CONTACT = "contact"
        BORDERO = "bordero"

    connection = models.ForeignKey(BlingConnection, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    bling_id = models.BigIntegerField()
    since = models.DateTimeField()
    asked_at = models.DateTimeField()

    if TYPE_CHECKING:
        connection_id: int

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["connection", "kind", "bling_id"], name="one_gone_per_bling_id")]

    def __str__(self) -> str:
        return f"{self.kind} {self.bling_id}"

    def is_left_alone(self, now: datetime) -> bool:
        return now < ask_again_at(self.since, self.asked_at)
