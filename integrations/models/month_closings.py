"""Month closings: both systems compared for one company and month, frozen when a person says so."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from integrations.models.tenants import Tenant


class MonthClosing(models.Model):
    """The numbers of one month as they were; a row never changes, looking again makes a new `version`. Only the text
    about a person who is forgotten is taken out.

    `month` is its first day. `numbers` are the tables of `pipeline/report/month_numbers.py`, amounts as text.
    `as_sent_accepted_by`: who froze it although part of Kamino's side was not read.
    """

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="month_closings", verbose_name=_("company"))
    month = models.DateField(_("month"))
    version = models.PositiveSmallIntegerField(_("version"))
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("frozen by"))
    made_at = models.DateTimeField(_("frozen at"))
    as_sent_accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+",
        verbose_name=_("accepted what was not read"),
    )  # fmt: skip
    numbers = models.JSONField(editable=False)

    if TYPE_CHECKING:
        tenant_id: int

    class Meta:
        verbose_name = _("month closing")
        verbose_name_plural = _("month closings")
        ordering = ["-month", "tenant", "-version"]
        indexes = [models.Index(fields=["-month", "tenant", "-version"], name="closing_newest")]
        permissions = [("close_month", "Can freeze the comparison of a month")]
        constraints = [models.UniqueConstraint(fields=["tenant", "month", "version"], name="one_closing_per_version")]

    def __str__(self) -> str:
        return f"{self.tenant} {self.month:%m/%Y} v{self.version}"
