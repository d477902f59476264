"""Every write to Bling."""

from django.db import models
from django.db.models import Func, Q
from django.utils.translation import gettext_lazy as _

from integrations.domain.delivery import Operation
from integrations.models.bling_units import ContactWrite, PayableWrite, SettlementWrite
from integrations.models.connections import BlingConnection
from integrations.models.customer_writes import CustomerWrite
from integrations.models.moments import moment
from integrations.models.order_writes import OrderWrite
from integrations.models.outbox import BaseAttempt


class _NextNumber(Func):
    """One numbering of all deliveries, whatever they are sent to: by the highest one a restored backup is noticed."""

    template = "nextval('integrations_attempt_id_seq'::regclass)"


class BlingAttempt(BaseAttempt):
    """One write to Bling. While an attempt's outcome is unknown, no other one can exist for its unit."""

    REMOTE = "bling_id"
    OPERATIONS = [
        (Operation.CREATE.value, _("Create")),
        (Operation.SAVE_PERSON.value, _("Save person")),
        (Operation.SETTLE.value, _("Settle")),
        (Operation.UPDATE.value, _("Change")),
    ]

    id = models.BigIntegerField(
        primary_key=True, db_default=_NextNumber(output_field=models.BigIntegerField()), editable=False
    )
    connection = models.ForeignKey(
        BlingConnection, models.CASCADE, related_name="+", verbose_name=_("Bling connection")
    )
    contact = models.ForeignKey(
        ContactWrite, models.CASCADE, null=True, related_name="attempts", verbose_name=_("supplier")
    )
    payable = models.ForeignKey(
        PayableWrite, models.CASCADE, null=True, related_name="attempts", verbose_name=_("payable")
    )
    settlement = models.ForeignKey(
        SettlementWrite, models.CASCADE, null=True, related_name="attempts", verbose_name=_("settlement")
    )
    customer = models.ForeignKey(
        CustomerWrite, models.CASCADE, null=True, related_name="attempts", verbose_name=_("customer")
    )
    order = models.ForeignKey(OrderWrite, models.CASCADE, null=True, related_name="attempts", verbose_name=_("bill"))
    operation = models.CharField(_("operation"), max_length=20, choices=OPERATIONS)
    bling_id = models.BigIntegerField(_("Bling id"), null=True)

    class Meta:
        verbose_name = _("write to Bling")
        verbose_name_plural = _("writes to Bling")
        default_permissions = ("view",)
        ordering = ["-started_at", "-pk"]
        indexes = [
            models.Index(fields=["connection", "-started_at", "-id"], name="bling_attempt_company"),
            models.Index(fields=["started_at"], condition=~BaseAttempt.IS_EMPTIED, name="bling_attempt_with_body"),
            models.Index(fields=["connection"], condition=BaseAttempt.HAS_SURPLUS, name="bling_attempt_has_surplus"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["contact"],
                condition=Q(outcome__in=["", "uncertain"], contact__isnull=False),
                name="one_open_attempt_per_contact_write",
            ),
            models.UniqueConstraint(
                fields=["payable"],
                condition=Q(outcome__in=["", "uncertain"], payable__isnull=False),
                name="one_open_attempt_per_payable_write",
            ),
            models.UniqueConstraint(
                fields=["settlement"],
                condition=Q(outcome__in=["", "uncertain"], settlement__isnull=False),
                name="one_open_attempt_per_settlement_write",
            ),
            models.UniqueConstraint(
                fields=["customer"],
                condition=Q(outcome__in=["", "uncertain"], customer__isnull=False),
                name="one_open_attempt_per_customer_write",
            ),
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(outcome__in=["", "uncertain"], order__isnull=False),
                name="one_open_attempt_per_order_write",
            ),
            models.UniqueConstraint(
                fields=["settlement"],
                condition=Q(settles=True, outcome__in=["delivered", "adopted"]),
                name="one_settlement_per_settlement_write",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_operation_display()} {moment(self.started_at)}"
