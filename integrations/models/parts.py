"""Parts: payments of a title that are Kamino titles of their own, where a company lets its titles be split."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrations.domain.desired import DesiredTitle
from integrations.models.deliveries import DeliveryQuerySet, DeliveryUnit, PersonPosting, Posting


class PartPosting(DeliveryUnit):
    """One payment (a line of a borderô) as a settled Kamino title. It is created once and never changed: Kamino's open
    title falls to the balance first, then its parts are sent."""

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
                fields=["kamino_connection", "kamino_id"],
                condition=Q(kamino_id__isnull=False),
                name="one_part_per_kamino_title",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.posting} · {self.bordero_id}"

    @property
    def direction(self) -> str:
        return self.posting.direction

    def get_desired(self) -> DesiredTitle:
        return DesiredTitle.from_json(self.desired or {})

    def get_delivered(self) -> DesiredTitle | None:
        return DesiredTitle.from_json(self.delivered) if self.delivered else None


DELIVERY_UNITS: tuple[type[Posting | PersonPosting | PartPosting], ...] = (Posting, PersonPosting, PartPosting)
"""Everything that is claimed, sent and looked up on its own."""
