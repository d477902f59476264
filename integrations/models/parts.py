"""Parts: payments of a title that are Kamino titles of their own, where a company lets its titles be split."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from integrations.domain.delivery import DeliveryState
from integrations.models.deliveries import PersonPosting, Posting
from integrations.models.kamino_units import TitleUnit
from integrations.models.outbox import DeliveryQuerySet, DeliveryUnit
from integrations.models.payment_checks import PaymentCheck
from integrations.models.plan_requests import PlanRequest
from integrations.models.titles import Title


class PartPosting(TitleUnit):
    """One payment (a line of a borderô) as a settled Kamino title. It is created once and never changed: Kamino's open
    title falls to the balance first, then its parts are sent."""

    WORD = "part"
    IS_WHOLE = False
    create_anyway = False

    posting = models.ForeignKey(Posting, models.CASCADE, related_name="parts", verbose_name=_("title"))
    bordero_id = models.BigIntegerField(_("borderô"))

    objects = DeliveryQuerySet.as_manager()

    if TYPE_CHECKING:
        posting_id: int

    class Meta:
        verbose_name = _("part of a title in Kamino")
        verbose_name_plural = _("parts of titles in Kamino")
        default_permissions = ()
        indexes = [
            models.Index(fields=["kamino_connection", "ready_at"], condition=Q(state="ready"), name="part_ready"),
            models.Index(fields=["lease_until"], condition=Q(state="sending"), name="part_leased"),
            models.Index(fields=["ready_at"], condition=Q(state="uncertain"), name="part_uncertain"),
        ]
        constraints = [
            *DeliveryUnit.Meta.constraints,
            models.UniqueConstraint(fields=["posting", "bordero_id"], name="one_part_per_payment"),
            models.UniqueConstraint(
                fields=["kamino_connection", "direction", "kamino_id"],
                condition=Q(kamino_id__isnull=False),
                name="one_part_per_kamino_title",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.posting} · {self.bordero_id}"

    @classmethod
    def may_be_claimed(cls) -> Q:
        """Kamino must never show more than the title's value, so the title falls first."""
        mine = {"title__posting": OuterRef("posting")}
        checked = PaymentCheck.objects.filter(is_waived=False, **mine)
        waits = PlanRequest.objects.filter(**mine)
        fallen = Posting.objects.filter(
            pk=OuterRef("posting"), state=DeliveryState.DELIVERED, kamino_id__isnull=False,
            delivered_fingerprint=F("desired_fingerprint"),
        )  # fmt: skip
        return super().may_be_claimed() & Q(~Exists(waits), ~Exists(checked), Exists(fallen))

    def to_plan_when_delivered(self, fingerprint: str) -> QuerySet[Title]:
        return self.to_plan_when_stuck()

    def to_plan_when_stuck(self) -> QuerySet[Title]:
        return Title.objects.filter(posting=self.posting_id)


DELIVERY_UNITS: tuple[type[Posting | PersonPosting | PartPosting], ...] = (Posting, PersonPosting, PartPosting)
"""Everything that is claimed, sent and looked up on its own."""
