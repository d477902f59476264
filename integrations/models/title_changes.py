"""What changed in Bling: for each reading that showed a title differently than before, the old and the new values."""

from typing import TYPE_CHECKING

from django.db import models

from integrations.models.moments import moment
from integrations.models.titles import Title


class TitleChange(models.Model):
    """One reading that changed a title. `values` maps the columns that people know to [old, new], as text."""

    title = models.ForeignKey(Title, models.CASCADE, related_name="changes")
    at = models.DateTimeField()
    values = models.JSONField()

    if TYPE_CHECKING:
        title_id: int

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["title", "at"], name="title_change_title"),
            models.Index(fields=["at"], name="title_change_at"),
        ]

    def __str__(self) -> str:
        return f"{self.title_id} {moment(self.at)}"
