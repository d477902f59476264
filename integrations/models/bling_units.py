"""What Bling is to hold because people want it there: suppliers, payables and their settlements."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from integrations.domain.delivery import DeliveryState
from integrations.domain.payables import DesiredContact, DesiredPayable, DesiredSettlement
from integrations.domain.reasons import Reason
from integrations.models.api_keys import ApiKey
from integrations.models.bling_writing import BlingWriting, WriteMode
from integrations.models.connections import BlingConnection, BlingToken
from integrations.models.outbox import DeliveryQuerySet, DeliveryUnit
from integrations.models.subqueries import has_any
from integrations.models.write_batches import WriteBatch

STALE_AFTER = timedelta(hours=24)
STALE_OF_PROGRAMS = timedelta(hours=2)
"""What Bling does not have so long after it was accepted is not sent by itself: somebody may have typed it since.
Whoever looks after a program that was told to wait does so sooner than who entered it here."""


class BlingUnit(DeliveryUnit):
    """What is delivered to Bling."""

    ACCOUNT = "connection"
    REMOTE = "bling_id"

    connection = models.ForeignKey(
        BlingConnection, models.CASCADE, related_name="+", verbose_name=_("Bling connection")
    )
    bling_id = models.BigIntegerField(_("Bling id"), null=True, blank=True)

    if TYPE_CHECKING:
        connection_id: int

    class Meta(DeliveryUnit.Meta):
        abstract = True

    @classmethod
    def may_be_claimed(cls) -> Q:
        """Whose account the present authorization opens was read with it."""
        checked = BlingToken.objects.filter(connection=OuterRef("connection"), company_checked_version=F("version"))
        return has_any(checked)

    def to_plan_when_delivered(self, fingerprint: str) -> QuerySet[Any]:
        # What people entered is sent as they entered it: nothing follows from what became of it.
        return self._none()

    def to_plan_when_stuck(self) -> QuerySet[Any]:
        return self._none()

    def to_plan_again(self) -> QuerySet[Any]:
        return QuerySet(type(self)).filter(pk=self.pk)

    def _none(self) -> QuerySet[Any]:
        return QuerySet(type(self)).none()


class DecidedUnit(BlingUnit):
    """What somebody said is to be sent (`accepted_at`: when last), and what was decided about it since."""

    accepted_at = models.DateTimeField(_("accepted at"))
    decision_reason = models.TextField(_("reason"), blank=True, default="")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided at"), null=True)

    class Meta(BlingUnit.Meta):
        abstract = True

    def _is_old(self, oldest: datetime, *switches: str) -> bool:
        """Say whether it was accepted before a moment, or before its account was switched on for it (`switches`: the
        columns that say when)."""
        writing = getattr(self.connection, "writing", None)
        moments: list[datetime | None] = [getattr(writing, name, None) for name in switches]
        return self.accepted_at < max([oldest, *(moment for moment in moments if moment is not None)])


class ContactWrite(BlingUnit):
    """A supplier or customer that Bling is to have: found there, or created. One for each CPF/CNPJ (compact), else for
    each name (`folded_name`), whoever asks for it."""

    WORD = "contact"

    name = models.CharField(_("name"), max_length=120)
    folded_name = models.CharField(max_length=120, editable=False)
    document = models.CharField(_("CPF/CNPJ"), max_length=14, blank=True, default="")
    create_anyway = models.BooleanField(_("none of the contacts that Bling has"), default=False)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact for Bling")
        verbose_name_plural = _("contacts for Bling")
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["connection", "ready_at"], condition=Q(state="ready"), name="contact_write_ready"),
            models.Index(fields=["lease_until"], condition=Q(state="sending"), name="contact_write_leased"),
            models.Index(fields=["ready_at"], condition=Q(state="uncertain"), name="contact_write_uncertain"),
        ]
        constraints = [
            *DeliveryUnit.Meta.constraints,
            models.UniqueConstraint(
                fields=["connection", "document"], condition=~Q(document=""), name="one_contact_write_per_document"
            ),
            models.UniqueConstraint(
                fields=["connection", "folded_name"], condition=Q(document=""), name="one_contact_write_per_name"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def may_be_claimed(cls) -> Q:
        """Somebody needs it still: a payable or customer whose contact it is, and that is to be sent."""
        needed = Q(pk__in=[])
        for relation in cls._meta.related_objects:
            model = relation.related_model
            if isinstance(model, type) and issubclass(model, DecidedUnit):
                waiting = {relation.field.name: OuterRef("pk"), "state": DeliveryState.READY}
                needed |= has_any(model._default_manager.filter(**waiting))
        return super().may_be_claimed() & needed

    def get_desired(self) -> DesiredContact:
        return DesiredContact.from_json(self.desired or {})

    def get_delivered(self) -> DesiredContact | None:
        return DesiredContact.from_json(self.delivered) if self.delivered else None


class PayableWrite(DecidedUnit):
    """A payable that Bling is to have. It is created once; from then on Bling owns it, and it reaches Kamino like every
    other title.

    Its supplier is a contact that Bling has (`contact_id`), or one that is found or created first (`supplier`).
    `marker` ends its text in Bling. `position` of `of` installments that were entered together (`series`).
    `accepted_at` is when a person last said that it is to be sent; `decision` what somebody decided about it last. What
    is wanted is in `desired`; the columns are what lists need.
    """

    WORD = "payable"

    class Decision(models.TextChoices):
        SEND_AGAIN = "send_again", _("Send again")
        CREATE = "create", _("Create all the same")
        IS_THERE = "is_there", _("It is in Bling")
        NOT_THERE = "not_there", _("It is not in Bling")
        SUPPLIER = "supplier", _("Supplier chosen")
        IGNORE = "ignore", _("Do not send")

    batch = models.ForeignKey(WriteBatch, models.CASCADE, related_name="payables", verbose_name=_("batch"))
    supplier = models.ForeignKey(
        ContactWrite, models.PROTECT, null=True, related_name="payables", verbose_name=_("contact for Bling")
    )
    contact_id = models.BigIntegerField(_("contact in Bling"), null=True)
    supplier_name = models.CharField(_("supplier"), max_length=255)
    supplier_document = models.CharField(_("CPF/CNPJ"), max_length=14, blank=True, default="")
    value = models.DecimalField(_("value"), max_digits=15, decimal_places=2)
    due_date = models.DateField(_("due date"))
    document_number = models.CharField(_("document number"), max_length=40, blank=True, default="")
    category_id = models.BigIntegerField(_("category"), default=0)
    marker = models.CharField(_("marker"), max_length=10, unique=True)
    series = models.UUIDField(_("entered together"), null=True, editable=False)
    position = models.PositiveSmallIntegerField(_("installment"), default=1)
    of = models.PositiveSmallIntegerField(_("installments"), default=1)
    duplicates = models.JSONField(_("possible duplicates"), default=list, blank=True)
    create_anyway = models.BooleanField(_("create although there are possible duplicates"), default=False)
    decision = models.CharField(_("decided"), max_length=10, choices=Decision, blank=True, default="")

    objects = DeliveryQuerySet.as_manager()

    if TYPE_CHECKING:
        batch_id: int
        supplier_id: int | None

    class Meta:
        verbose_name = _("payable for Bling")
        verbose_name_plural = _("payables for Bling")
        ordering = ["-accepted_at", "-pk"]
        permissions = [
            ("enter_payable", "Can enter payables into Bling"),
            ("approve_payable", "Can confirm payables above the limit"),
            ("resolve_payable", "Can decide about payables for Bling"),
        ]
        default_permissions = ("view",)
        indexes = [
            models.Index(
                fields=["connection", "due_date", "id"], condition=Q(state="ready"), name="payable_write_ready"
            ),
            models.Index(fields=["accepted_at"], condition=Q(state="ready"), name="payable_write_fresh"),
            models.Index(fields=["lease_until"], condition=Q(state="sending"), name="payable_write_leased"),
            models.Index(fields=["ready_at"], condition=Q(state="uncertain"), name="payable_write_uncertain"),
            models.Index(fields=["connection", "value", "due_date"], name="payable_write_same"),
            models.Index(fields=["connection", "-accepted_at", "-id"], name="payable_write_newest"),
        ]
        constraints = [
            *DeliveryUnit.Meta.constraints,
            models.UniqueConstraint(
                fields=["connection", "bling_id"], condition=Q(bling_id__isnull=False), name="one_write_per_payable"
            ),
            models.CheckConstraint(condition=Q(value__gt=0), name="payable_write_is_positive"),
            models.CheckConstraint(
                condition=Q(supplier__isnull=False) | Q(contact_id__isnull=False), name="payable_write_has_a_supplier"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.supplier_name} {self.document_number}".strip()

    @classmethod
    def may_be_claimed(cls) -> Q:
        """Its batch was not stopped meanwhile, and nobody saw one like it."""
        stopped = WriteBatch.objects.filter(pk=OuterRef("batch")).exclude(state=WriteBatch.State.SENDING)
        return super().may_be_claimed() & ~has_any(stopped) & (Q(duplicates=[]) | Q(create_anyway=True))

    @classmethod
    def waited_too_long(cls, now: datetime) -> Q:
        """A person says anew that it is to be sent. That it was tried says nothing of what somebody typed since: a
        missing permission may last for weeks."""
        old_of_program = Q(batch__source=WriteBatch.Source.BRIDGE, accepted_at__lt=now - STALE_OF_PROGRAMS)
        before_live = Q(connection__writing__live_since__gt=F("accepted_at"))
        return Q(accepted_at__lt=now - STALE_AFTER) | old_of_program | before_live

    def get_desired(self) -> DesiredPayable:
        return DesiredPayable.from_json(self.desired or {})

    def get_delivered(self) -> DesiredPayable | None:
        return DesiredPayable.from_json(self.delivered) if self.delivered else None

    def money(self) -> dict[str, Any]:
        return {"value": self.value}

    def is_stale(self, now: datetime) -> bool:
        """Say of one what `waited_too_long` says of many; its batch and its connection's `writing` are read with it."""
        is_program = self.batch.source == WriteBatch.Source.BRIDGE
        return self._is_old(now - (STALE_OF_PROGRAMS if is_program else STALE_AFTER), "live_since")

    @property
    def known_contact(self) -> int | None:
        """Return the id of its supplier in Bling, `None` while that is not known."""
        return self.contact_id if self.supplier is None else self.supplier.bling_id


class SettlementWrite(DecidedUnit):
    """A payable in Bling that is to be settled, whole, because a program said so: one for each payable, for ever.

    `title_id` is the payable's id in Bling, `bling_id` the borderô that settled it. `payable` is what was sent of it
    before, where it was sent from here. `fingerprint` names what the program asked for, `accepted_at` is when it, or a
    person, last said so. The other columns are what answers and lists need.
    """

    WORD = "settlement"
    REFUSED = (Reason.REFUSED, Reason.NOT_OPEN, Reason.BANK_ACCOUNT_MISSING, Reason.CATEGORY_MISSING)
    """Reasons of a stuck one of which nothing happened: its program is told, and may ask anew."""

    class Decision(models.TextChoices):
        SEND_AGAIN = "send_again", _("Send again")
        IS_THERE = "is_there", _("It is settled in Bling")
        NOT_THERE = "not_there", _("It is not settled in Bling")
        IGNORE = "ignore", _("Do not settle")

    payable = models.ForeignKey(
        PayableWrite, models.CASCADE, null=True, related_name="settlements", verbose_name=_("payable for Bling")
    )
    api_key = models.ForeignKey(
        ApiKey, models.RESTRICT, related_name="settlements", verbose_name=_("key of the bridge")
    )
    title_id = models.BigIntegerField(_("payable in Bling"))
    category_id = models.BigIntegerField(_("category"), default=0)
    document_number = models.CharField(_("document number"), max_length=100, blank=True, default="")
    due_date = models.DateField(_("due date"), null=True)
    value = models.DecimalField(_("value"), max_digits=15, decimal_places=2)
    paid_on = models.DateField(_("settled on"))
    fingerprint = models.CharField(max_length=64, editable=False)
    decision = models.CharField(_("decided"), max_length=10, choices=Decision, blank=True, default="")

    objects = DeliveryQuerySet.as_manager()

    if TYPE_CHECKING:
        payable_id: int | None
        api_key_id: int

    class Meta:
        verbose_name = _("settlement for Bling")
        verbose_name_plural = _("settlements for Bling")
        ordering = ["-accepted_at", "-pk"]
        default_permissions = ("view",)
        indexes = [
            models.Index(
                fields=["connection", "accepted_at", "id"], condition=Q(state="ready"), name="settlement_write_ready"
            ),
            models.Index(fields=["lease_until"], condition=Q(state="sending"), name="settlement_write_leased"),
            models.Index(fields=["ready_at"], condition=Q(state="uncertain"), name="settlement_write_uncertain"),
            models.Index(fields=["connection", "-accepted_at", "-id"], name="settlement_write_newest"),
        ]
        constraints = [
            *DeliveryUnit.Meta.constraints,
            models.UniqueConstraint(fields=["connection", "title_id"], name="one_settlement_write_per_payable"),
            models.UniqueConstraint(
                fields=["connection", "bling_id"], condition=Q(bling_id__isnull=False), name="one_write_per_settlement"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document_number or self.title_id}"

    @classmethod
    def may_be_claimed(cls) -> Q:
        """Its account is switched on for it, and its key may settle still."""
        accounts = BlingWriting.objects.filter(connection=OuterRef("connection"), mode=WriteMode.LIVE, settles=True)
        keys = ApiKey.objects.that_settle().filter(pk=OuterRef("api_key"))
        return super().may_be_claimed() & Q(has_any(accounts)) & Q(has_any(keys))

    @classmethod
    def waited_too_long(cls, now: datetime) -> Q:
        """Its program says anew that it is to be settled, or a person does: also where settling was switched off and on
        again meanwhile, or its key's permission taken back and given again."""
        before_live = Q(connection__writing__live_since__gt=F("accepted_at"))
        before_live |= Q(connection__writing__settles_since__gt=F("accepted_at"))
        before_live |= Q(api_key__settle_approved_at__gt=F("accepted_at"))
        return Q(accepted_at__lt=now - STALE_OF_PROGRAMS) | before_live

    def is_stale(self, now: datetime) -> bool:
        """Say of one what `waited_too_long` says of many; its connection's `writing` is read with it."""
        approved_at = self.api_key.settle_approved_at
        was_asked_before = approved_at is not None and approved_at > self.accepted_at
        return was_asked_before or self._is_old(now - STALE_OF_PROGRAMS, "live_since", "settles_since")

    def get_desired(self) -> DesiredSettlement:
        return DesiredSettlement.from_json(self.desired or {})

    def get_delivered(self) -> DesiredSettlement | None:
        return DesiredSettlement.from_json(self.delivered) if self.delivered else None

    def money(self) -> dict[str, Any]:
        return {"value": self.value, "paid_on": self.paid_on}
