"""Spreadsheets of payables that somebody sent, until they are confirmed or discarded."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Value
from django.utils.translation import gettext_lazy as _

from integrations.models.connections import BlingConnection
from integrations.models.moments import moment
from integrations.models.write_batches import WriteBatch


class PayableSheet(models.Model):
    """One file. `rows` are what was in it: the number of each row, its cells by column, and which of them are formulas.
    What is wrong with one, and what it becomes, is found whenever it is shown. `hidden_rows` is how many rows nobody
    saw in the file: they are not
    read; `unread_columns` are headers that the template does not have."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("To be confirmed")
        DONE = "done", _("Done")
        DISCARDED = "discarded", _("Discarded")

    connection = models.ForeignKey(
        BlingConnection, models.CASCADE, related_name="payable_sheets", verbose_name=_("Bling connection")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PROPOSED)
    file_name = models.CharField(_("file"), max_length=255)
    rows = models.JSONField(default=list, editable=False)
    hidden_rows = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    unread_columns = models.JSONField(default=list, db_default=Value([], models.JSONField()), editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("sent by"))
    created_at = models.DateTimeField(_("sent at"))
    batch = models.OneToOneField(
        WriteBatch, models.SET_NULL, null=True, related_name="sheet", verbose_name=_("batch"), editable=False
    )

    if TYPE_CHECKING:
        connection_id: int
        user_id: int

    class Meta:
        verbose_name = _("spreadsheet of payables")
        verbose_name_plural = _("spreadsheets of payables")
        default_permissions = ("view",)
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["connection", "-created_at", "-id"], name="payable_sheet_newest")]

    def __str__(self) -> str:
        return f"{self.file_name} · {moment(self.created_at)}"
