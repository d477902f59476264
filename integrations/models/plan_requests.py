"""Titles to be planned again."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from integrations.models.outbox import Priority
from integrations.models.titles import Title


class PlanRequest(models.Model):
    """A title whose inputs changed; written in the transaction of the change, deleted in that of its plan."""

    title = models.OneToOneField(Title, models.CASCADE, related_name="plan_request", primary_key=True)
    asked_at = models.DateTimeField()
    priority = models.PositiveSmallIntegerField(null=True)

    if TYPE_CHECKING:
        title_id: int

    class Meta:
        indexes = [models.Index(fields=["title"], condition=Q(priority=Priority.PERSON), name="plan_asked_by_person")]

    def __str__(self) -> str:
        return f"plan {self.title_id}"
