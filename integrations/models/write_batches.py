"""Batches: what one person, file or program asked Bling to hold, together."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrations.models.api_keys import ApiKey
from integrations.models.connections import BlingConnection
from integrations.models.moments import moment


class WriteBatch(models.Model):
    """One request for payables. What is sent of it is in state ready only while the batch is `SENDING`.

    A person entered it (`user`), or a program (`api_key`): then `fingerprint` names what was wanted, and `answered_at`
    is when the program was last told that all of it is in Bling. `total` and `count` are those of its payables;
    `limit_amount` is what it counts for the limit: of those that repeat, what falls due within a year.
    `approved_by` is the second person where one was needed. `resumed_at` is when somebody last let one that was stopped
    go on: refusals are counted anew from there.
    """

    class Source(models.TextChoices):
        FORM = "form", _("Form")
        SHEET = "sheet", _("Spreadsheet")
        BRIDGE = "bridge", _("Program (API v2)")

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
    limit_amount = models.DecimalField(_("counts for the limit"), max_digits=15, decimal_places=2, null=True)
    file_name = models.CharField(_("file"), max_length=255, blank=True, default="")
    reason = models.TextField(_("reason"), blank=True, default="")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("entered by")
    )
    api_key = models.ForeignKey(
        ApiKey, models.RESTRICT, null=True, related_name="batches", verbose_name=_("key of the bridge")
    )
    fingerprint = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)
    answered_at = models.DateTimeField(_("confirmed to the program at"), null=True)
    created_at = models.DateTimeField(_("entered at"))
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("confirmed by"),
    )  # fmt: skip
    approved_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    resumed_at = models.DateTimeField(_("went on at"), null=True, blank=True)

    if TYPE_CHECKING:
        connection_id: int
        user_id: int | None

    class Meta:
        verbose_name = _("batch of payables")
        verbose_name_plural = _("batches of payables")
        default_permissions = ("view",)
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["connection", "-created_at", "-id"], name="write_batch_newest"),
            models.Index(fields=["connection", "user", "created_at"], name="write_batch_of_person"),
            models.Index(
                fields=["connection", "fingerprint", "created_at"],
                condition=~Q(fingerprint=""),
                name="write_batch_same",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=models.F("user")), name="write_batch_has_two_persons"
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=False) | Q(api_key__isnull=False), name="write_batch_has_an_author"
            ),
        ]

    def __str__(self) -> str:
        return moment(self.created_at)

    @property
    def author(self) -> str:
        """Who entered it: a person, or a program."""
        return str(self.user or self.api_key)
