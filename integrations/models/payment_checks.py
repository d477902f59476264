"""Settlements whose payments are to be read again before they are sent."""

from typing import TYPE_CHECKING

from django.db import models

from integrations.models.titles import Title


class PaymentCheck(models.Model):
    """A title whose settlement waits until the borderôs behind it were read again.

    Written when the settlement was to be sent, deleted with the plan request that follows the reading, or when nothing
    is to be settled any more. `ready_at`: when they are read, at the earliest. `is_waived` once they could not be read
    for so long (since `asked_at`, or since Bling said last that one is gone) that the settlement goes with what was
    read before; they are still read when they can be.
    """

    title = models.OneToOneField(Title, models.CASCADE, related_name="payment_check", primary_key=True)
    asked_at = models.DateTimeField()
    ready_at = models.DateTimeField()
    is_waived = models.BooleanField(default=False, db_default=False)

    if TYPE_CHECKING:
        title_id: int

    def __str__(self) -> str:
        return f"payments of {self.title_id}"
