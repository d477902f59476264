"""Restores: which database this is, and which companies wait because it is older than what was sent from it."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrations.models.connections import KaminoConnection
from integrations.models.moments import moment
from integrations.models.titles import DIRECTION_CHOICES


class KnownDatabase(models.Model):
    """The one row that says which database the workers know: `key` names it in the journals of the hosts and comes back
    with a backup, `identity` is what its server said of it and does not.

    `restored_at` is when it was last found to be restored or another one, by `signals` (`pipeline/access/restores`).
    """

    THE_ONE = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=THE_ONE)
    key = models.CharField(max_length=32)
    identity = models.JSONField(default=dict)
    restored_at = models.DateTimeField(null=True)
    signals = models.JSONField(default=list)

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_known_database")]

    def __str__(self) -> str:
        return self.key


class RestoreHold(models.Model):
    """Nothing of one direction is sent to one company: since `since` it is not known what it holds.

    It ends when Kamino's lists showed all of it since then, or when a person released what waits (`released_by`, with
    the count and the sum that they saw). `looked_at`: its lists were tried and prove nothing, so a person is asked.
    """

    kamino_connection = models.ForeignKey(
        KaminoConnection, models.CASCADE, related_name="restore_holds", verbose_name=_("Kamino connection")
    )
    direction = models.CharField(_("direction"), max_length=10, choices=DIRECTION_CHOICES)
    since = models.DateTimeField(_("since"))
    looked_at = models.DateTimeField(_("Kamino's list tried at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("released by")
    )
    reason = models.TextField(_("reason"), blank=True, default="")
    released_count = models.PositiveIntegerField(_("titles released"), null=True, blank=True)
    released_total = models.DecimalField(_("sum released"), max_digits=20, decimal_places=2, null=True, blank=True)

    OPEN = Q(ended_at=None)

    if TYPE_CHECKING:
        kamino_connection_id: int

    class Meta:
        verbose_name = _("hold after a restore")
        verbose_name_plural = _("holds after a restore")
        ordering = ["-since", "-pk"]
        indexes = [
            models.Index(fields=["-since", "-id"], name="restore_hold_newest"),
            models.Index(fields=["direction", "-since", "-id"], name="restore_hold_by_direction"),
        ]
        permissions = [("release_restorehold", "Can release what waits after a restore")]
        constraints = [
            models.UniqueConstraint(
                fields=["kamino_connection", "direction"], condition=Q(ended_at=None), name="one_open_restore_hold"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kamino_connection} · {self.get_direction_display()} · {moment(self.since)}"
