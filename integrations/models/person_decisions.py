"""What people decided about a customer or supplier: who, what, why and when. Rows are only ever added."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from integrations.models.moments import moment
from integrations.models.titles import Person


class PersonDecision(models.Model):
    """One decision of one person about which Kamino person a contact is. `kamino_id` is the one that was chosen or
    looked at; of `OTHER_COMPANY`, the one that the contact was before."""

    class Kind(models.TextChoices):
        SAME_COMPANY = "same_company", _("Same company: the number was corrected in Kamino")
        OTHER_COMPANY = "other_company", _("Another company: new titles go to a person of its own")
        KEEP_DOCUMENT = "keep_document", _("The number in Kamino is right")
        LINK = "link", _("Link to a person in Kamino")
        CREATE = "create", _("Not in Kamino: send it again")

    person = models.ForeignKey(Person, models.CASCADE, related_name="decisions", verbose_name=_("person"))
    kind = models.CharField(_("decision"), max_length=14, choices=Kind.choices)
    kamino_id = models.BigIntegerField(_("Kamino id"), null=True)
    reason = models.TextField(_("reason"))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("user"))
    at = models.DateTimeField(_("at"))

    if TYPE_CHECKING:
        person_id: int

    class Meta:
        verbose_name = _("decision about a person")
        verbose_name_plural = _("decisions about persons")
        ordering = ["-at", "-pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {moment(self.at)}"
