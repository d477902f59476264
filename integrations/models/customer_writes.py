"""Customers of other systems (Auvo, TecPet and the like), as contacts that Bling is to have."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from integrations.domain.contact_merge import Agreed, Choice, Side
from integrations.domain.payables import MOST_NAME, DesiredContact
from integrations.models.api_keys import MOST_SYSTEM, ApiKey
from integrations.models.bling_units import ContactWrite, DecidedUnit
from integrations.models.outbox import DeliveryQuerySet, DeliveryUnit
from integrations.models.subqueries import has_any

MOST_REF = 100
"""Characters of the name that another system has for a customer."""


class CustomerWrite(DecidedUnit):
    """A customer of another system: one for each `ref` of each `system` of an account.

    `contact` finds or creates it in Bling, and `bling_id` is the contact's; what the system says from then on is
    compared with it, three ways, field by field (`domain/contact_merge`): `delivered` is how the two last stood.
    `version` and `digest` name what the system said last, `left_out` the fields of that which Bling would refuse.
    `choices` are what a person said of fields on which they differ, `seen` is what the last look at the contact came
    to where it was not sent since: what Bling showed, and what it is to be. `accepted_at` is when the system, or a
    person, last said that it is to be sent.
    """

    WORD = "customer"
    FOUND: ClassVar[dict[str, Any]] = {"seen": None}
    WAITED_TOO_LONG = Q(connection__writing__live_since__gt=F("accepted_at"))
    """Who sent it was told that nothing is sent. However long one waited else, it is sent: a contact is looked for
    before it is created, and what somebody changed meanwhile is seen."""

    class Decision(models.TextChoices):
        SEND_AGAIN = "send_again", _("Send again")
        CONTACT = "contact", _("Contact chosen")
        FIELDS = "fields", _("Fields chosen")
        OTHER = "other", _("It is another customer now")
        LOOK = "look", _("Looked for anew")
        IGNORE = "ignore", _("Do not send")

    api_key = models.ForeignKey(ApiKey, models.RESTRICT, related_name="customers_sent", verbose_name=_("key"))
    contact = models.ForeignKey(
        ContactWrite, models.PROTECT, related_name="customers", verbose_name=_("contact for Bling")
    )
    system = models.CharField(_("system"), max_length=MOST_SYSTEM)
    ref = models.CharField(_("reference"), max_length=MOST_REF)
    version = models.PositiveBigIntegerField(_("version"))
    digest = models.CharField(max_length=64, editable=False)
    name = models.CharField(_("name"), max_length=MOST_NAME)
    document = models.CharField(_("CPF/CNPJ"), max_length=14, blank=True, default="")
    left_out = ArrayField(models.CharField(max_length=30), verbose_name=_("left out"), default=list, blank=True)
    choices = models.JSONField(default=dict, blank=True, editable=False)
    seen = models.JSONField(null=True, editable=False)
    decision = models.CharField(_("decided"), max_length=10, choices=Decision, blank=True, default="")

    objects = DeliveryQuerySet.as_manager()

    if TYPE_CHECKING:
        api_key_id: int
        contact_id: int

    class Meta:
        verbose_name = _("customer of another system")
        verbose_name_plural = _("customers of other systems")
        ordering = ["-accepted_at", "-pk"]
        permissions = [("resolve_customer", "Can decide about customers of other systems")]
        default_permissions = ("view",)
        indexes = [
            models.Index(
                fields=["connection", "accepted_at", "id"], condition=Q(state="ready"), name="customer_write_ready"
            ),
            models.Index(fields=["lease_until"], condition=Q(state="sending"), name="customer_write_leased"),
            models.Index(fields=["ready_at"], condition=Q(state="uncertain"), name="customer_write_uncertain"),
            models.Index(fields=["connection", "-accepted_at", "-id"], name="customer_write_newest"),
            models.Index(
                fields=["connection"], condition=Q(state__in=["needs_human", "held"]), name="customer_write_asks"
            ),
        ]
        constraints = [
            *DeliveryUnit.Meta.constraints,
            models.UniqueConstraint(fields=["connection", "system", "ref"], name="one_customer_write_per_ref"),
            models.UniqueConstraint(
                fields=["connection", "system", "bling_id"],
                condition=Q(bling_id__isnull=False),
                name="one_customer_write_per_contact",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.system} {self.ref})"

    @classmethod
    def may_be_claimed(cls) -> Q:
        """Its key may still send customers, and its contact is known."""
        keys = ApiKey.objects.that_send_customers().filter(pk=OuterRef("api_key"))
        contacts = ContactWrite.objects.filter(pk=OuterRef("contact"), bling_id__isnull=False)
        return super().may_be_claimed() & Q(has_any(keys)) & Q(has_any(contacts))

    def is_stale(self) -> bool:
        """Say of one what `WAITED_TOO_LONG` says of many; its connection's `writing` is read with it."""
        return self._is_old(self.accepted_at, "live_since")

    def get_desired(self) -> DesiredContact:
        return DesiredContact.from_json(self.desired or {})

    def get_delivered(self) -> Agreed | None:
        return Agreed.from_json(self.delivered) if self.delivered else None

    def get_choices(self) -> dict[str, Choice]:
        return {name: Choice(Side(one["side"]), one["system"], one["bling"]) for name, one in self.choices.items()}

    def to_plan_when_delivered(self, fingerprint: str) -> QuerySet[Any]:
        # The system may have said something else meanwhile, and a person may have to say who is right.
        return self.to_plan_again()

    def to_plan_when_stuck(self) -> QuerySet[Any]:
        return self.to_plan_again()
