"""Follow-ups: which person looks after a title that needs action, and what was last said about it."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from integrations.models.deliveries import Posting


class FollowUp(models.Model):
    """The last word about one title. Earlier ones are on its timeline, as `PersonAction` rows."""

    posting = models.OneToOneField(Posting, models.CASCADE, related_name="follow_up", primary_key=True)
    responsible = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("responsible")
    )
    comment = models.TextField(_("comment"), blank=True, default="")
    at = models.DateTimeField(_("at"))

    if TYPE_CHECKING:
        posting_id: int
        responsible_id: int | None

    class Meta:
        verbose_name = _("follow-up")
        verbose_name_plural = _("follow-ups")
        default_permissions = ()

    def __str__(self) -> str:
        return f"follow-up {self.posting_id}"
