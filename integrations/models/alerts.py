"""Alerts: what somebody has to do about a company, one open row per company and cause."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrations.domain.alerts import AlertCause
from integrations.models.confidential import Sight
from integrations.models.connections import BlingConnection
from integrations.models.tenants import Tenant
from integrations.words.alerts import alert_choices, alert_text


class Alert(models.Model):
    """One thing to do. `params` are those of the sentence of its cause (`words/alerts`), without personal data; where
    it counts titles, also those for who does not see confidential ones."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="alerts", verbose_name=_("company"))
    connection = models.ForeignKey(
        BlingConnection, models.CASCADE, null=True, related_name="+", verbose_name=_("connection")
    )
    cause = models.CharField(_("cause"), max_length=20, choices=alert_choices)
    params = models.JSONField(default=dict, editable=False)
    opened_at = models.DateTimeField(_("since"))
    newest = models.BigIntegerField(default=0, editable=False)
    mailed_at = models.DateTimeField(_("last e-mail"), null=True, blank=True)
    mail_claimed_until = models.DateTimeField(null=True, editable=False)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)

    if TYPE_CHECKING:
        tenant_id: int

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering = ["-opened_at"]
        indexes = [
            models.Index(fields=["closed_at"], condition=Q(closed_at__isnull=False), name="alert_age"),
            models.Index(fields=["-opened_at", "-id"], name="alert_newest"),
            models.Index(fields=["-opened_at", "-id"], condition=Q(closed_at__isnull=True), name="alert_open"),
            models.Index(fields=["tenant", "-opened_at", "-id"], name="alert_of_company"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "cause"], condition=Q(closed_at__isnull=True), name="one_open_alert_per_cause"
            )
        ]

    def detail(self, sight: Sight) -> str:
        """Return the sentence: what happened and what to do."""
        return alert_text(AlertCause(self.cause), self.params, is_whole=sight.is_whole)

    def __str__(self) -> str:
        return f"{self.tenant}: {self.get_cause_display()}"
