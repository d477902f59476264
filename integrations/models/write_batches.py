"""Batches: what one person, file or program asked Bling to hold, together."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrations.models.connections import BlingConnection
from integrations.models.moments import moment


class WriteBatch(models.Model):
    """One request for payables. What is sent of it is in state ready only while the batch is `SENDING`.

    `total` and `count` are those of its payables. `approved_by` is the second person where one was needed.
    """

    class Source(models.TextChoices):
        FORM = "form", _("Form")
        SHEET = "sheet", _("Spreadsheet")

    class State(models.TextChoices):
        AWAITING = "awaiting", _("Awaits a second person")
        SENDING = "sending", _("Confirmed")
        STOPPED = "stopped", _("Stopped after refusals")
        DISCARDED = "discarded", _("Discarded")

    connection = models.ForeignKey(
        BlingConnection, models.CASCADE, related_name="write_batches", verbose_name=_("Bling connection")
    )
    source = models.CharField(_("origin"), max_length=10, choices=Source)
    state = models.CharField(_("state"), max_length=10, choices=State)
    count = models.PositiveIntegerField(_("payables"))
    total = models.DecimalField(_("sum"), max_digits=15, decimal_places=2)
    file_name = models.CharField(_("file"), max_length=255, blank=True, default="")
    reason = models.TextField(_("reason"), blank=True, default="")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("entered by"))
    created_at = models.DateTimeField(_("entered at"))
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("confirmed by"),
    )  # fmt: skip
    approved_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)

    if TYPE_CHECKING:
        connection_id: int
        user_id: int

    class Meta:
        verbose_name = _("batch of payables")
        verbose_name_plural = _("batches of payables")
        default_permissions = ("view",)
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["connection", "-created_at", "-id"], name="write_batch_newest"),
            models.Index(fields=["connection", "user", "created_at"], name="write_batch_of_person"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=models.F("user")), name="write_batch_has_two_persons"
            )
        ]

    def __str__(self) -> str:
        return moment(self.created_at)
