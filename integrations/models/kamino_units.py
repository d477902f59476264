"""What is delivered to Kamino: what every unit has in common, and what every unit has that is a title there."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from integrations.domain.desired import DesiredTitle
from integrations.models.connections import KaminoConnection
from integrations.models.outbox import DeliveryUnit
from integrations.models.restores import RestoreHold
from integrations.models.title_lists import of_known_lists
from integrations.models.titles import DIRECTION_CHOICES


class KaminoUnit(DeliveryUnit):
    """What is delivered to Kamino."""

    ACCOUNT = "kamino_connection"
    REMOTE = "kamino_id"

    kamino_connection = models.ForeignKey(
        KaminoConnection, models.PROTECT, related_name="+", verbose_name=_("Kamino connection")
    )
    kamino_id = models.BigIntegerField(_("Kamino id"), null=True, blank=True)

    if TYPE_CHECKING:
        kamino_connection_id: int

    class Meta(DeliveryUnit.Meta):
        abstract = True


class TitleUnit(KaminoUnit):
    """What is a title in Kamino."""

    IS_WHOLE: ClassVar[bool]
    """Whether it is what Bling shows as a title: such a one may have been entered in Kamino by somebody else."""
    create_anyway: bool
    """Whether a person said that none of its `candidates` is the same."""
    # Kamino numbers payables and receivables apart.
    direction = models.CharField(_("direction"), max_length=10, choices=DIRECTION_CHOICES)

    class Meta(KaminoUnit.Meta):
        abstract = True

    @classmethod
    def may_be_claimed(cls) -> Q:
        """Nothing is sent of a direction before it is known whether Kamino lists it, and, after a restore, what Kamino
        holds of it."""
        held = RestoreHold.objects.filter(
            RestoreHold.OPEN, kamino_connection=OuterRef("kamino_connection"), direction=OuterRef("direction")
        )
        return of_known_lists(KaminoConnection.objects) & Q(~Exists(held))

    @classmethod
    def of_another_table(cls, remote_id: int) -> Q:
        same = {"kamino_connection": OuterRef("kamino_connection"), "direction": OuterRef("direction")}
        taken = Q(pk__in=[])
        for model in TitleUnit.__subclasses__():
            if model is not cls:
                taken |= Q(Exists(model.objects.filter(kamino_id=remote_id, **same)))
        return taken

    def offer(self, candidates: list[int]) -> None:
        """Remember the Kamino titles among which a person has to choose."""

    def is_none_of(self, candidates: list[int]) -> bool:
        """Say whether a person said that it is another one than each of these Kamino titles."""
        return False

    def was_there(self) -> bool:
        """Say whether Kamino had it before, and a person has it created once more."""
        return False

    def replaces_none(self) -> bool:
        """Say whether a person was asked which vanished title this one replaces, and answered none."""
        return True

    def money(self) -> dict[str, Any]:
        desired = self.get_desired()
        paid = desired.payment
        return {"value": desired.value, "paid": paid and paid.amount, "paid_on": paid and paid.date}

    def get_desired(self) -> DesiredTitle:
        return DesiredTitle.from_json(self.desired or {})

    def get_delivered(self) -> DesiredTitle | None:
        return DesiredTitle.from_json(self.delivered) if self.delivered else None
