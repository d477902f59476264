"""Differences between the two systems (written by `pipeline/compare`), and Kamino rows read lately."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrations.domain.discrepancies import DiscrepancyKind
from integrations.models.connections import KaminoConnection
from integrations.models.deliveries import Posting
from integrations.models.titles import DIRECTION_CHOICES

KIND_CHOICES = [
    (DiscrepancyKind.VALUE.value, _("Different value")),
    (DiscrepancyKind.DUE_DATE.value, _("Different due date")),
    (DiscrepancyKind.STATUS.value, _("Different status")),
    (DiscrepancyKind.PAYMENT.value, _("Different settlement")),
    (DiscrepancyKind.CLASSIFICATION.value, _("Different classification")),
    (DiscrepancyKind.PERSON.value, _("Different person")),
    (DiscrepancyKind.MISSING_IN_KAMINO.value, _("Missing in Kamino")),
    (DiscrepancyKind.MISSING_IN_BLING.value, _("Missing in Bling")),
    (DiscrepancyKind.SETTLED_ONLY_IN_BLING.value, _("Settled only in Bling")),
    (DiscrepancyKind.SETTLED_ONLY_IN_KAMINO.value, _("Settled only in Kamino")),
    (DiscrepancyKind.PARTIAL.value, _("Partly paid")),
    (DiscrepancyKind.DOUBLE_PAYMENT_RISK.value, _("Risk of double payment")),
    (DiscrepancyKind.EDITED_IN_KAMINO.value, _("Edited in Kamino")),
    (DiscrepancyKind.FORCED_SETTLEMENT.value, _("Forced settlement, open in Bling")),
    (DiscrepancyKind.UNMAPPED.value, _("Without classification")),
    (DiscrepancyKind.INVALID_DOCUMENT.value, _("Invalid CPF/CNPJ")),
    (DiscrepancyKind.CLOSED_PERIOD.value, _("Closed period")),
    (DiscrepancyKind.INVOICE_CANCELLED.value, _("Invoice cancelled, title open")),
    (DiscrepancyKind.HELD.value, _("Held back")),
    (DiscrepancyKind.REFUSED.value, _("Needs action")),
    (DiscrepancyKind.UNCONFIRMED.value, _("Unconfirmed delivery")),
    (DiscrepancyKind.POSSIBLE_DUPLICATE.value, _("Possible duplicate")),
    (DiscrepancyKind.DUPLICATED.value, _("Twice in Kamino")),
]


class Discrepancy(models.Model):
    """One named difference of one title; closed ones stay as history.

    Both sides' values are plain text (ISO days, plain amounts); `difference` in reais and `days` are Kamino minus
    Bling. `cause` is what is special to this title; what its kind means stands in `discrepancy_texts`.
    """

    posting = models.ForeignKey(Posting, models.CASCADE, related_name="discrepancies", verbose_name=_("title"))
    kind = models.CharField(_("kind"), max_length=30, choices=KIND_CHOICES)
    bling_value = models.TextField(_("in Bling"), blank=True, default="")
    kamino_value = models.TextField(_("in Kamino"), blank=True, default="")
    difference = models.DecimalField(_("difference"), max_digits=15, decimal_places=2, null=True)
    days = models.IntegerField(_("days apart"), null=True)
    cause = models.TextField(_("cause"), blank=True, default="")
    opened_at = models.DateTimeField(_("since"))
    seen_at = models.DateTimeField(_("last seen at"))
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)

    if TYPE_CHECKING:
        posting_id: int

    class Meta:
        verbose_name = _("discrepancy")
        verbose_name_plural = _("discrepancies")
        ordering = ["-opened_at", "-pk"]
        permissions = [("export_discrepancy", "Can export discrepancies")]
        indexes = [
            models.Index(fields=["-opened_at", "-id"], condition=Q(closed_at__isnull=True), name="discrepancy_open")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["posting", "kind"], condition=Q(closed_at__isnull=True), name="one_open_discrepancy_per_kind"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.posting}"


class KaminoSnapshot(models.Model):
    """One Kamino title as a list showed it; `read_at` was taken before that request. `row` is Kamino's wire form;
    `code` is the code in its marker, empty for titles that people made over there."""

    kamino_connection = models.ForeignKey(KaminoConnection, models.CASCADE, related_name="snapshots")
    direction = models.CharField(max_length=10, choices=DIRECTION_CHOICES)
    kamino_id = models.BigIntegerField()
    due_date = models.DateField(null=True)
    code = models.CharField(max_length=60, default="")
    person_id = models.BigIntegerField(null=True)
    value = models.DecimalField(max_digits=15, decimal_places=2, default=0)
    document_number = models.CharField(max_length=100, default="")
    person_document = models.CharField(max_length=40, default="")
    row = models.JSONField()
    read_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["kamino_connection", "direction", "code"], condition=~Q(code=""), name="snapshot_code"
            ),
            models.Index(fields=["kamino_connection", "direction", "person_id", "value"], name="snapshot_look"),
            models.Index(fields=["kamino_connection", "direction", "due_date", "value"], name="snapshot_due"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["kamino_connection", "direction", "kamino_id"], name="one_snapshot_per_kamino_title"
            )
        ]

    def __str__(self) -> str:
        return f"{self.direction} {self.kamino_id}"
