"""Bulk orders: what a person ordered for all titles of a filtered list, carried out in the background."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrations.models.moments import moment
from integrations.models.tenants import Tenant


class BulkOrder(models.Model):
    """One order for many titles of one company.

    `title_ids` are frozen at the click; `listed` is the query of the list they are from, as it was understood, "" for
    selected ones. The first `cursor` of them were worked off: `done` were ordered, and `left_out`
    counts the others by code (`words/refusals`). `key` is that of the page that asked, so that a second click on it
    orders nothing. `terms` are those of forced settlements: "date", "account" (our key), the "values" of the titles by
    their keys, and their "total". `is_confidential`: one of its titles is, or was when it was ordered or a category was
    marked, so that its counts and its list are shown only to people who see such titles.
    """

    class Kind(models.TextChoices):
        RESYNC = "resync", _("Resync")
        RETRY = "retry", _("Send to Kamino again")
        IGNORE = "ignore", _("Do not sync")
        UNIGNORE = "unignore", _("Sync again")
        CREATE = "create", _("Create all the same")
        FORCE = "force", _("Force settlement in Kamino")
        UNDO = "undo", _("Undo forced settlement")

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="bulk_orders", verbose_name=_("company"))
    kind = models.CharField(_("action"), max_length=10, choices=Kind.choices)
    reason = models.TextField(_("reason"), blank=True, default="")
    terms = models.JSONField(default=dict, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("ordered by"))
    created_at = models.DateTimeField(_("ordered at"))
    key = models.UUIDField(editable=False)
    title_ids = ArrayField(models.BigIntegerField(), editable=False)
    counted = models.PositiveIntegerField(_("titles"))
    listed = models.TextField(blank=True, default="", db_default="", editable=False)
    cursor = models.PositiveIntegerField(default=0, editable=False)
    done = models.PositiveIntegerField(_("done"), default=0)
    left_out = models.JSONField(default=dict, editable=False)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    is_confidential = models.BooleanField(default=False, db_default=False, editable=False)

    if TYPE_CHECKING:
        tenant_id: int
        user_id: int

    class Meta:
        verbose_name = _("bulk order")
        verbose_name_plural = _("bulk orders")
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["created_at"], condition=Q(finished_at=None), name="bulk_order_due"),
            models.Index(fields=["-created_at", "-id"], name="bulk_order_newest"),
            models.Index(fields=["tenant", "-created_at", "-id"], name="bulk_order_of_company"),
            models.Index(fields=["kind", "-created_at", "-id"], name="bulk_order_by_kind"),
            models.Index(fields=["tenant", "kind", "-created_at", "-id"], name="bulk_order_kind_of_company"),
        ]
        constraints = [models.UniqueConstraint(fields=["key", "tenant"], name="one_bulk_order_per_click")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {moment(self.created_at)}"
