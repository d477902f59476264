"""Differences between the two systems, and Kamino's rows as they were last read.

Two of one kind: those that a comparison found are stored; those that only rename a state of a title of ours
(waiting, refused, unconfirmed) are computed from the postings. `Discrepancy`, a view, shows both alike.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrations.domain.desired import KaminoStatus
from integrations.domain.discrepancies import COMPUTED_KINDS, MONEY_KINDS, PAYMENT_KINDS, RISKS, DiscrepancyKind
from integrations.domain.matching import KaminoTitle
from integrations.domain.reasons import Problem
from integrations.models.connections import KaminoConnection
from integrations.models.deliveries import Posting
from integrations.models.locks import lock_until_commit
from integrations.models.titles import DIRECTION_CHOICES
from integrations.words.discrepancies import kind_cause, kind_choices, part_text, suggested_action
from integrations.words.reasons import advice, full_sentence
from integrations.words.values import amount_of


class Difference(models.Model):
    """The columns of a difference. Both sides' values are plain text (ISO days, plain amounts); `difference` in reais
    and `days` are Kamino minus Bling. `bordero_id` names the part of a split title that differs.

    `kamino_connection`, `direction` and `due_date` are the posting's: the database repeats them
    (`models/open_reasons`), so that an index begins with what a list is filtered by."""

    kind = models.CharField(_("kind"), max_length=30, choices=kind_choices)
    bling_value = models.TextField(_("in Bling"), blank=True, default="")
    kamino_value = models.TextField(_("in Kamino"), blank=True, default="")
    difference = models.DecimalField(_("difference"), max_digits=15, decimal_places=2, null=True)
    days = models.IntegerField(_("days apart"), null=True)
    bordero_id = models.BigIntegerField(null=True, editable=False)
    opened_at = models.DateTimeField(_("since"))
    seen_at = models.DateTimeField(_("last seen at"))
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    kamino_connection = models.ForeignKey(
        KaminoConnection, models.DO_NOTHING, null=True, related_name="+", editable=False, db_constraint=False,
        db_index=False,
    )  # fmt: skip
    direction = models.CharField(
        _("direction"), max_length=10, choices=DIRECTION_CHOICES, default="", db_default="", editable=False
    )
    due_date = models.DateField(_("due date"), null=True, editable=False)

    if TYPE_CHECKING:
        posting_id: int
        posting: Any

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.posting}"

    def amount_in_bling(self) -> Decimal | None:
        """Return what Bling's side shows in reais; `None` where that is no amount."""
        return amount_of(self.bling_value) if self.kind in MONEY_KINDS else None

    def amount_in_kamino(self) -> Decimal | None:
        """Return what Kamino's side shows in reais; `None` where that is no amount."""
        return amount_of(self.kamino_value) if self.kind in MONEY_KINDS else None

    def apart(self) -> Decimal | None:
        """Return Kamino's amount minus Bling's, in reais; `None` where one of them is not known."""
        bling, kamino = self.amount_in_bling(), self.amount_in_kamino()
        if self.difference is not None or bling is None or kamino is None:
            return self.difference
        return kamino - bling

    def cause_text(self) -> str:
        """Return why it is so in the active language: what is in the title's way, else what its kind means."""
        parts = list(dict.fromkeys(full_sentence(problem) for problem in self._causes()))
        if self.bordero_id is not None:
            parts.append(part_text(self.bordero_id))
        return " ".join(parts) or kind_cause(self.kind)

    def to_do(self) -> str:
        """Return what to do about it in the active language: about its reasons, where it only says how a title is."""
        about = [advice(problem) for problem in self._causes()] if self.kind in COMPUTED_KINDS else []
        return " ".join(dict.fromkeys(words for words in about if words)) or suggested_action(self.kind)

    def _causes(self) -> list[Problem]:
        is_own = self.closed_at is None and self.kind != DiscrepancyKind.INVOICE_CANCELLED
        return self.posting.get_causes() if is_own else []


class StoredDiscrepancy(Difference):
    """One difference that a comparison found on one title; open until it is gone, or a person accepted it as it is.
    Written by `pipeline/compare`, accepted by `desk/acceptance`."""

    accepted_at = models.DateTimeField(null=True, blank=True, editable=False)
    posting = models.ForeignKey(Posting, models.CASCADE, related_name="+", verbose_name=_("title"))

    STANDS = Q(closed_at=None) | Q(accepted_at__isnull=False)
    """What is so as far as is known: told, or accepted."""

    class Meta:
        db_table = "integrations_discrepancy"
        default_permissions = ()
        indexes = [
            models.Index(fields=["-opened_at", "-id"], condition=Q(closed_at__isnull=True), name="discrepancy_open"),
            models.Index(fields=["-opened_at", "-id"], name="discrepancy_newest"),
            models.Index(fields=["kamino_connection", "-opened_at", "-id"], name="discrepancy_of_company"),
            models.Index(
                fields=["kamino_connection", "-opened_at", "-id"],
                condition=Q(closed_at__isnull=True),
                name="discrepancy_open_of_company",
            ),
            models.Index(fields=["kind", "-opened_at", "-id"], name="discrepancy_by_kind"),
            models.Index(fields=["kamino_connection", "kind", "-opened_at", "-id"], name="discrepancy_kind_of_company"),
            models.Index(
                fields=["due_date", "kamino_connection"], condition=Q(closed_at__isnull=True), name="discrepancy_by_due"
            ),
            models.Index(fields=["closed_at"], condition=Q(closed_at__isnull=False), name="discrepancy_age"),
            models.Index(fields=["posting"], condition=Q(closed_at=None, kind__in=RISKS), name="discrepancy_risk"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["posting", "kind"], condition=Q(closed_at__isnull=True), name="one_open_discrepancy_per_kind"
            ),
            models.UniqueConstraint(
                fields=["posting"],
                condition=Q(closed_at__isnull=True, bordero_id__isnull=True, kind__in=PAYMENT_KINDS),
                name="one_open_discrepancy_of_payment",
            ),
        ]

    @staticmethod
    @contextmanager
    def one_writer(kamino_connection_id: int) -> Iterator[None]:
        """A transaction in which nobody else writes the discrepancies of a company. Two that meet the same rows in
        another order would wait for each other, and what one has read would be written over what another has closed.
        Postings are locked before, never within: there only as far as a key goes, which `no_key` locks let pass."""
        with transaction.atomic():
            lock_until_commit(f"discrepancies {kamino_connection_id}")
            yield

    @property
    def shows(self) -> tuple[str, str, str]:
        """What it says: its kind and both sides."""
        return self.kind, self.bling_value, self.kamino_value


class Discrepancy(Difference):
    """Every difference, stored or computed: a row of the view that `models/open_reasons` makes. Never written."""

    posting = models.ForeignKey(
        Posting, models.DO_NOTHING, related_name="discrepancies", verbose_name=_("title"), db_constraint=False
    )

    class Meta:
        managed = False
        db_table = "integrations_discrepancies"
        verbose_name = _("discrepancy")
        verbose_name_plural = _("discrepancies")
        ordering = ["-opened_at", "-pk"]
        permissions = [("export_discrepancy", "Can export discrepancies")]


class KaminoSnapshot(models.Model):
    """One Kamino title as a list showed it; `read_at` was taken before that request.

    The columns are what was read of it (`FIELDS` are those of `KaminoTitle`); `code` is the code in its marker, empty
    for titles that people made over there. `row` is Kamino's own form, kept for writing the whole object back.
    """

    kamino_connection = models.ForeignKey(KaminoConnection, models.CASCADE, related_name="snapshots")
    direction = models.CharField(max_length=10, choices=DIRECTION_CHOICES)
    kamino_id = models.BigIntegerField()
    due_date = models.DateField(null=True)
    code = models.CharField(max_length=60, default="")
    person_id = models.BigIntegerField(null=True)
    value = models.DecimalField(max_digits=15, decimal_places=2, default=0)
    document_number = models.CharField(max_length=100, default="")
    person_document = models.CharField(max_length=40, default="")
    person_name = models.TextField(default="")
    description = models.TextField(default="")
    note = models.TextField(default="")
    external_code = models.TextField(default="")
    status = models.CharField(max_length=12, default=KaminoStatus.PENDING.value)
    is_in_force = models.BooleanField(default=True)
    awaits_approval = models.BooleanField(default=False)
    payment_date = models.DateField(null=True)
    paid_amount = models.DecimalField(max_digits=15, decimal_places=2, null=True)
    payment_account = models.TextField(default="")
    competence_date = models.DateField(null=True)
    chart_account = models.TextField(default="")
    cost_center = models.TextField(default="")
    business_unit = models.TextField(default="")
    reconciled = models.BooleanField(default=False)
    scheduled = models.BooleanField(default=False)
    sent_to_bank = models.BooleanField(default=False)
    row = models.JSONField(default=dict)
    read_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["kamino_connection", "direction", "code"], condition=~Q(code=""), name="snapshot_code"
            ),
            models.Index(fields=["kamino_connection", "direction", "person_id", "value"], name="snapshot_look"),
            models.Index(fields=["kamino_connection", "direction", "due_date", "value"], name="snapshot_due"),
            models.Index(fields=["read_at"], name="snapshot_age"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["kamino_connection", "direction", "kamino_id"], name="one_snapshot_per_kamino_title"
            )
        ]

    def __str__(self) -> str:
        return f"{self.direction} {self.kamino_id}"

    FIELDS = (
        "kamino_id", "person_id", "person_name", "person_document", "description", "note", "due_date",
        "competence_date", "value", "awaits_approval", "payment_date", "paid_amount", "payment_account",
        "chart_account", "cost_center", "business_unit", "document_number", "reconciled", "scheduled", "sent_to_bank",
    )  # fmt: skip

    def to_title(self) -> KaminoTitle:
        return KaminoTitle(
            code=self.external_code,
            status=KaminoStatus(self.status),
            raw=self.row,
            **{name: getattr(self, name) for name in self.FIELDS},
        )
