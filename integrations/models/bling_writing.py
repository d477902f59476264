"""Whether and how a company's Bling account is written to. A connection without such a row is only read."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from integrations.models.connections import BlingConnection
from integrations.words.errors import failure_text

_NOTHING: dict[str, Any] = {
    "default": dict, "db_default": models.Value({}, models.JSONField()), "editable": False,
}  # fmt: skip


WRITTEN_KINDS = ("payables", "contacts", "settlements", "customers", "orders")
"""What Bling may let be written, or not, each by itself."""


class WriteMode(models.TextChoices):
    OFF = "off", _("Off")
    SIMULATION = "simulation", _("Simulation")
    LIVE = "live", _("Live delivery")


SWITCHED_OFF: dict[str, Any] = {
    "mode": WriteMode.OFF,
    "settles": False,
    "changes_contacts": False,
    "writes_orders": False,
}
"""The switches of an account, as they are until a person decides."""


class BlingWriting(models.Model):
    """The switch for writing, and the row that is leased while one write of the account is in flight.

    Above `limit` reais, within 24 hours and by one person, a second person confirms. `paused_until` and `failure`: a
    call was refused for what only people correct. `payables_…`, `contacts_…`, `settlements_…`, `customers_…` (what
    changes the contacts that Bling has) and `orders_…`: Bling lets nobody write this kind, and the others go on. What
    was entered before `live_since` waits for a person's word: who entered it was told that nothing is sent, and a
    restored database may not know what was.
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
    changes_contacts = models.BooleanField(
        _("contacts may be changed"),
        default=False,
        db_default=False,
        help_text=_(
            "Contacts that Bling has are changed by what other systems send of their customers. How Bling answers that "
            "was tried on one account only, by others. Without it they are only found or created."
        ),
    )
    writes_orders = models.BooleanField(
        _("bills become sales orders"),
        default=False,
        db_default=False,
        help_text=_(
            "What other systems bill becomes sales orders in Bling; a person issues the invoice there. How Bling "
            "answers changes of orders was not tried on a real account yet."
        ),
    )
    live_since = models.DateTimeField(null=True, editable=False)
    settles_since = models.DateTimeField(null=True, editable=False)
    failure = models.JSONField(_("last error"), default=dict, editable=False)
    paused_until = models.DateTimeField(null=True, editable=False)
    payables_failure = models.JSONField(**_NOTHING)
    payables_wait_until = models.DateTimeField(null=True, editable=False)
    contacts_failure = models.JSONField(**_NOTHING)
    contacts_wait_until = models.DateTimeField(null=True, editable=False)
    settlements_failure = models.JSONField(**_NOTHING)
    settlements_wait_until = models.DateTimeField(null=True, editable=False)
    customers_failure = models.JSONField(**_NOTHING)
    customers_wait_until = models.DateTimeField(null=True, editable=False)
    orders_failure = models.JSONField(**_NOTHING)
    orders_wait_until = models.DateTimeField(null=True, editable=False)
    served_at = models.DateTimeField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    fence = models.PositiveBigIntegerField(default=0, editable=False)

    history = HistoricalRecords(
        excluded_fields=[
            "live_since",
            "settles_since",
            "failure",
            "paused_until",
            *(f"{kind}_failure" for kind in WRITTEN_KINDS),
            *(f"{kind}_wait_until" for kind in WRITTEN_KINDS),
            "served_at",
            "lease_until",
            "fence",
        ]
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
        """The sentences for what Bling refused last; empty when it works."""
        failures = (self.failure, *(failure for failure, _until in self._kinds()))
        return " ".join(failure_text(failure) for failure in failures if failure)

    def refused_since(self, moment: datetime) -> list[dict[str, str]]:
        """Return why Bling let nobody write a kind of object, for each that was left alone after a moment."""
        return [failure for failure, until in self._kinds() if failure and until is not None and until > moment]

    def _kinds(self) -> Iterator[tuple[dict[str, str], datetime | None]]:
        for kind in WRITTEN_KINDS:
            yield getattr(self, f"{kind}_failure"), getattr(self, f"{kind}_wait_until")

    def waits_for_permission(self, now: datetime, *, needs_supplier: bool) -> bool:
        """Say whether a payable is not sent now because Bling lets nobody write it, or the supplier that it needs."""
        waits = [self.payables_wait_until, self.contacts_wait_until if needs_supplier else None]
        return any(until is not None and until > now for until in waits)
