"""Registers of both sides that titles are classified with."""

from typing import TYPE_CHECKING

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Upper
from django.utils.translation import gettext_lazy as _

from integrations.domain.classification import Target
from integrations.domain.names import fold
from integrations.models.connections import BlingConnection, KaminoConnection


class CatalogKind(models.TextChoices):
    CATEGORY = "category", _("Category")
    BANK_ACCOUNT = "bank_account", _("Bank account")
    PAYMENT_FORM = "payment_form", _("Payment form")
    CONTACT_TYPE = "contact_type", _("Contact type")
    SALES_CHANNEL = "sales_channel", _("Sales channel")
    BUSINESS_UNIT = "business_unit", _("Business unit")


def list_indexes(name: str, rare: Q, number: Combinable | str) -> list[models.Index]:
    """Return the indexes by which lists of registers find their pages: in their order, those that a `rare` condition
    keeps, of one company, and by the words and the `number` that people search for. `name` begins their names."""
    order = ["kind", "path", "name", "id"]
    return [
        models.Index(fields=order, name=f"{name}_by_kind"),
        models.Index(fields=["connection", *order], name=f"{name}_of_company"),
        models.Index(fields=order, condition=rare, name=f"{name}_rare"),
        models.Index(fields=["connection", *order], condition=rare, name=f"{name}_rare_of_company"),
        *(
            GinIndex("connection", OpClass(Upper(told), name="gin_trgm_ops"), name=f"{name}_{suffix}")
            for told, suffix in (("name", "name_words"), ("path", "path_words"), (number, "id"))
        ),
    ]


class CatalogItem(models.Model):
    """A Bling register. Id 0 stands for "none": titles without category, payments without account."""

    connection = models.ForeignKey(
        BlingConnection, models.CASCADE, related_name="catalog", verbose_name=_("connection")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=CatalogKind.choices)
    bling_id = models.BigIntegerField(_("Bling id"))
    name = models.CharField(_("name"), max_length=255)
    path = models.CharField(_("path"), max_length=600, blank=True, default="")
    nature = models.CharField(_("nature"), max_length=20, blank=True, default="")
    is_active = models.BooleanField(_("active in Bling"), default=True, db_default=True)
    is_gone = models.BooleanField(_("no longer in Bling"), default=False)
    renamed_from = models.CharField(_("former name"), max_length=255, blank=True, default="")
    renamed_at = models.DateTimeField(_("renamed at"), null=True, blank=True)
    read_at = models.DateTimeField(_("read at"))

    if TYPE_CHECKING:
        connection_id: int

    class Meta:
        verbose_name = _("Bling register")
        verbose_name_plural = _("Bling registers")
        ordering = ["kind", "path", "name"]
        indexes = list_indexes("bling_item", Q(is_gone=True), Cast("bling_id", models.TextField()))
        constraints = [
            models.UniqueConstraint(fields=["connection", "kind", "bling_id"], name="one_catalog_item_per_bling_id")
        ]

    def __str__(self) -> str:
        return self.path or self.name


class KaminoKind(models.TextChoices):
    CHART_ACCOUNT = "chart_account", _("Chart account")
    COST_CENTER = "cost_center", _("Cost center")
    BUSINESS_UNIT = "business_unit", _("Business unit")
    BANK_ACCOUNT = "bank_account", _("Bank account")


class KaminoItem(models.Model):
    """A Kamino register. `kamino_id` is text, trimmed (chart ids come padded with spaces).

    `nature` of a chart account: "income", "expense" or "" where Kamino does not say. `locks` of a bank account: the
    periods that Kamino's people closed on it, as [first day, last day], written by `pipeline/deliver/locked_periods`.
    """

    connection = models.ForeignKey(KaminoConnection, models.CASCADE, related_name="items", verbose_name=_("connection"))
    kind = models.CharField(_("kind"), max_length=20, choices=KaminoKind.choices)
    kamino_id = models.CharField(_("Kamino id"), max_length=40)
    name = models.CharField(_("name"), max_length=255)
    folded_name = models.CharField(max_length=255, editable=False, db_index=True)
    path = models.CharField(_("path"), max_length=600, blank=True, default="")
    is_active = models.BooleanField(_("active"), default=True)
    takes_postings = models.BooleanField(_("takes postings"), default=True)
    nature = models.CharField(_("nature"), max_length=20, blank=True, default="")
    read_at = models.DateTimeField(_("read at"))
    locks = models.JSONField(default=list, editable=False)
    locks_read_at = models.DateTimeField(null=True, editable=False)

    if TYPE_CHECKING:
        connection_id: int

    class Meta:
        verbose_name = _("Kamino register")
        verbose_name_plural = _("Kamino registers")
        ordering = ["kind", "path", "name"]
        indexes = list_indexes("kamino_item", Q(is_active=False), "kamino_id")
        constraints = [
            models.UniqueConstraint(fields=["connection", "kind", "kamino_id"], name="one_kamino_item_per_id")
        ]

    def __str__(self) -> str:
        return f"{self.kamino_id} {self.name}"

    def to_target(self) -> Target:
        return Target(self.kamino_id, self.name, self.is_active, self.takes_postings, self.nature)

    def fold_name(self) -> "KaminoItem":
        """Keep the folded name in step with the name; to be called before bulk writes."""
        self.folded_name = fold(self.name)
        return self
