"""Filters: which titles a company wants in Kamino. What was sent before a filter existed is still kept up to date."""

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from integrations.models.connections import BlingConnection
from integrations.models.registers import CatalogItem


class FilterRule(models.Model):
    """One register that titles must have, or must not have; of several to include of one kind, any will do."""

    class Mode(models.TextChoices):
        INCLUDE = "include", _("Send only these")
        EXCLUDE = "exclude", _("Do not send these")

    connection = models.ForeignKey(
        BlingConnection, models.CASCADE, related_name="filters", verbose_name=_("connection")
    )
    mode = models.CharField(_("rule"), max_length=10, choices=Mode.choices, default=Mode.EXCLUDE)
    item = models.ForeignKey(CatalogItem, models.CASCADE, related_name="filters", verbose_name=_("register"))

    history = HistoricalRecords()

    if TYPE_CHECKING:
        connection_id: int
        item_id: int

    class Meta:
        verbose_name = _("filter")
        verbose_name_plural = _("filters")
        ordering = ["connection", "item"]
        constraints = [models.UniqueConstraint(fields=["item"], name="one_filter_per_register")]

    def __str__(self) -> str:
        return f"{self.get_mode_display()}: {self.item}"
