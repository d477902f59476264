"""Whether and how a company's Bling account is written to. A connection without such a row is only read."""

from typing import TYPE_CHECKING

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from integrations.models.connections import BlingConnection
from integrations.words.errors import failure_text


class WriteMode(models.TextChoices):
    OFF = "off", _("Off")
    SIMULATION = "simulation", _("Simulation")
    LIVE = "live", _("Live delivery")


class BlingWriting(models.Model):
    """The switch for writing, and the row that is leased while one write of the account is in flight.

    Above `limit` reais, within 24 hours and by one person, a second person confirms. `paused_until` and `failure`: a
    call was refused for what only people correct. What was entered before `live_since` waits for a person's word: who
    entered it was told that nothing is sent, and a restored database may not know what was.
    """

    connection = models.OneToOneField(
        BlingConnection, models.CASCADE, primary_key=True, related_name="writing", verbose_name=_("Bling connection")
    )
    mode = models.CharField(_("writing into Bling"), max_length=10, choices=WriteMode, default=WriteMode.OFF)
    limit = models.DecimalField(
        _("limit of payables"),
        max_digits=15,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_(
            "What one person enters in 24 hours above this amount waits for a second person; what repeats counts with "
            "a year of it. Empty: no limit."
        ),
    )
    only_writer = models.BooleanField(
        _("no other system writes these payables"),
        default=False,
        help_text=_("A person made sure that no other program enters the same payables into this Bling account."),
    )
    settles = models.BooleanField(
        _("programs may settle"),
        default=False,
        db_default=False,
        help_text=_(
            "Payables are settled in Bling when a program asks for it with a key that may do so. How Bling answers "
            "that was not tried on a real account yet."
        ),
    )
    live_since = models.DateTimeField(null=True, editable=False)
    failure = models.JSONField(_("last error"), default=dict, editable=False)
    paused_until = models.DateTimeField(null=True, editable=False)
    served_at = models.DateTimeField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    fence = models.PositiveBigIntegerField(default=0, editable=False)

    history = HistoricalRecords(
        excluded_fields=["live_since", "failure", "paused_until", "served_at", "lease_until", "fence"]
    )

    if TYPE_CHECKING:
        connection_id: int

    class Meta:
        verbose_name = _("writing into Bling")
        verbose_name_plural = _("writing into Bling")
        ordering = ["connection__tenant__name"]
        permissions = [("activate_blingwriting", "Can let a Bling account be written to")]

    def __str__(self) -> str:
        return str(self.connection)

    @property
    def error(self) -> str:
        """The sentence for `failure`, the last call that Bling refused; empty when it works."""
        return failure_text(self.failure)
