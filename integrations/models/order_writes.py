"""Bills of other systems, as sales orders that Bling is to have."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from integrations.domain.delivery import DeliveryState
from integrations.domain.orders import DesiredOrder
from integrations.domain.reasons import Reason
from integrations.models.api_keys import MOST_SYSTEM, ApiKey
from integrations.models.bling_units import STALE_AFTER, ContactWrite, DecidedUnit
from integrations.models.bling_writing import BlingWriting, WriteMode
from integrations.models.connections import BlingConnection
from integrations.models.customer_writes import MOST_REF, CustomerWrite
from integrations.models.outbox import DeliveryQuerySet, DeliveryUnit
from integrations.models.subqueries import has_any

OF_ANOTHER = (Reason.DOCUMENT_DIFFERS, Reason.CONTACT_UNSURE, Reason.CONTACT_GONE)
"""Why a customer may be somebody else, or nobody: nothing is ordered for them then."""


class OrderWrite(DecidedUnit):
    """A bill of another system: one for each `ref` of each `system` of an account, one order in Bling.

    `contact` finds or creates its customer, who is `customer` where the system has sent that; `reference` is ours by
    which the order is known (Bling: `numeroLoja`).
    `version` and `digest` name what the system said last. `order_number` is the one that Bling shows people,
    `shown_total` what it said the order sums to, `shown_digest` names what Bling showed of the order after it was last
    sent: another one is somebody's change.
    `accepted_at` is when the system, or a person, last said that it is to be sent.
    """

    WORD = "order"

    class Decision(models.TextChoices):
        SEND_AGAIN = "send_again", _("Send again")
        OVERWRITE = "overwrite", _("Send over changes in Bling")
        IS_THERE = "is_there", _("It is in Bling")
        NOT_THERE = "not_there", _("It is not in Bling")
        IGNORE = "ignore", _("Do not send")

    api_key = models.ForeignKey(ApiKey, models.RESTRICT, related_name="bills_sent", verbose_name=_("key"))
    contact = models.ForeignKey(
        ContactWrite, models.PROTECT, related_name="orders", verbose_name=_("contact for Bling")
    )
    customer = models.ForeignKey(
        CustomerWrite, models.PROTECT, null=True, related_name="bills", verbose_name=_("customer of another system")
    )
    system = models.CharField(_("system"), max_length=MOST_SYSTEM)
    ref = models.CharField(_("reference"), max_length=MOST_REF)
    version = models.PositiveBigIntegerField(_("version"))
    digest = models.CharField(max_length=64, editable=False)
    reference = models.CharField(_("our reference in Bling"), max_length=13, unique=True)
    customer_name = models.CharField(_("customer"), max_length=120)
    day = models.DateField(_("date"))
    total = models.DecimalField(_("total"), max_digits=15, decimal_places=2)
    order_number = models.CharField(_("number in Bling"), max_length=30, blank=True, default="")
    shown_total = models.DecimalField(_("total in Bling"), max_digits=15, decimal_places=2, null=True, editable=False)
    shown_digest = models.CharField(max_length=64, blank=True, default="", editable=False)
    decision = models.CharField(_("decided"), max_length=10, choices=Decision, blank=True, default="")

    objects = DeliveryQuerySet.as_manager()

    if TYPE_CHECKING:
        api_key_id: int
        contact_id: int

    class Meta:
        verbose_name = _("bill of another system")
        verbose_name_plural = _("bills of other systems")
        ordering = ["-accepted_at", "-pk"]
        permissions = [("resolve_order", "Can decide about bills of other systems")]
        default_permissions = ("view",)
        indexes = [
            models.Index(
                fields=["connection", "accepted_at", "id"], condition=Q(state="ready"), name="order_write_ready"
            ),
            models.Index(fields=["lease_until"], condition=Q(state="sending"), name="order_write_leased"),
            models.Index(fields=["ready_at"], condition=Q(state="uncertain"), name="order_write_uncertain"),
            models.Index(fields=["connection", "-accepted_at", "-id"], name="order_write_newest"),
            models.Index(
                fields=["connection"], condition=Q(state__in=["needs_human", "held"]), name="order_write_asks"
            ),
        ]
        constraints = [
            *DeliveryUnit.Meta.constraints,
            models.UniqueConstraint(fields=["connection", "system", "ref"], name="one_order_write_per_ref"),
            models.UniqueConstraint(
                fields=["connection", "bling_id"], condition=Q(bling_id__isnull=False), name="one_write_per_order"
            ),
            models.CheckConstraint(condition=Q(total__gt=0), name="order_write_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_name} ({self.system} {self.ref})"

    @classmethod
    def may_be_claimed(cls) -> Q:
        """Its key may still send bills, its account is switched on for them, and its contact is known."""
        keys = ApiKey.objects.that_send_bills().filter(pk=OuterRef("api_key"))
        contacts = ContactWrite.objects.filter(pk=OuterRef("contact"), bling_id__isnull=False)
        accounts = BlingWriting.objects.filter(
            connection=OuterRef("connection"), mode=WriteMode.LIVE, writes_orders=True
        )
        unsure = CustomerWrite.objects.filter(
            pk=OuterRef("customer"), state=DeliveryState.NEEDS_HUMAN, reason__in=OF_ANOTHER
        )
        known = Q(has_any(contacts)) & ~Q(has_any(unsure))
        return super().may_be_claimed() & known & Q(has_any(keys)) & Q(has_any(accounts))

    @classmethod
    def waited_too_long(cls, now: datetime) -> Q:
        """Somebody may have typed it since, or its system was told that nothing is sent."""
        never_sent = Q(bling_id=None, accepted_at__lt=now - STALE_AFTER)
        return never_sent | Q(connection__writing__live_since__gt=F("accepted_at"))

    def is_stale(self, now: datetime) -> bool:
        """Say of one what `waited_too_long` says of many; its connection's `writing` is read with it."""
        oldest = now - STALE_AFTER if self.bling_id is None else self.accepted_at
        return self._is_old(oldest, "live_since")

    @property
    def known_contact(self) -> int | None:
        """Return the contact in Bling that the order is of: the one that was decided for its customer, else found."""
        decided = self.customer.bling_id if self.customer else None
        return decided or self.contact.bling_id

    @property
    def is_of_another(self) -> bool:
        """Say whether its customer may be somebody else (`may_be_claimed`)."""
        customer = self.customer
        return customer is not None and customer.state == DeliveryState.NEEDS_HUMAN and customer.reason in OF_ANOTHER

    def get_desired(self) -> DesiredOrder:
        return DesiredOrder.from_json(self.desired or {})

    def get_delivered(self) -> DesiredOrder | None:
        return DesiredOrder.from_json(self.delivered) if self.delivered else None

    def money(self) -> dict[str, Any]:
        return {"value": self.total}

    def to_plan_when_delivered(self, fingerprint: str) -> QuerySet[Any]:
        # The system may have said something else meanwhile.
        return self.to_plan_again()

    def to_plan_when_stuck(self) -> QuerySet[Any]:
        return self.to_plan_again()


class BlingProduct(models.Model):
    """A product or service of Bling by its SKU, as it was found last; kept for a day."""

    connection = models.ForeignKey(
        BlingConnection, models.CASCADE, related_name="products", verbose_name=_("Bling connection")
    )
    sku = models.CharField(_("SKU"), max_length=60)
    bling_id = models.BigIntegerField(_("Bling id"))
    read_at = models.DateTimeField(_("read at"))

    class Meta:
        verbose_name = _("product in Bling")
        verbose_name_plural = _("products in Bling")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["connection", "sku"], name="one_product_per_sku")]

    def __str__(self) -> str:
        return self.sku
