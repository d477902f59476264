"""Titles to be planned again."""

from typing import TYPE_CHECKING

from django.db import models

from integrations.models.connections import BlingConnection
from integrations.models.titles import Title


class PlanRequest(models.Model):
    """A title whose inputs changed; written in the transaction of the change, deleted in that of its plan."""

    title = models.OneToOneField(Title, models.CASCADE, related_name="plan_request", primary_key=True)
    connection = models.ForeignKey(BlingConnection, models.CASCADE, related_name="+", db_index=False)
    asked_at = models.DateTimeField()
    priority = models.PositiveSmallIntegerField(null=True)

    if TYPE_CHECKING:
        title_id: int
        connection_id: int

    class Meta:
        indexes = [models.Index(fields=["connection", "priority", "asked_at", "title"], name="plan_next")]

    def __str__(self) -> str:
        return f"plan {self.title_id}"
