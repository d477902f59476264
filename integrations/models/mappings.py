"""Mappings: which Kamino registers a Bling register stands for. Written by people, through admin or `provision`."""

from typing import TYPE_CHECKING

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from integrations.domain.classification import CLASSIFIED
from integrations.models.connections import BlingConnection
from integrations.models.registers import CatalogItem, KaminoItem, KaminoKind
from integrations.models.titles import Person

TARGET_KINDS = {
    "chart_account": KaminoKind.CHART_ACCOUNT,
    "cost_center": KaminoKind.COST_CENTER,
    "business_unit": KaminoKind.BUSINESS_UNIT,
    "bank_account": KaminoKind.BANK_ACCOUNT,
}


class MappingKind(models.TextChoices):
    CATEGORY = "category", _("Category")
    BANK_ACCOUNT = "bank_account", _("Bank account")
    SALES_CHANNEL = "sales_channel", _("Sales channel")
    BUSINESS_UNIT = "business_unit", _("Business unit")
    CUSTOMER = "customer", _("Customer")
    SUPPLIER = "supplier", _("Supplier")


PERSON_KINDS = (MappingKind.CUSTOMER, MappingKind.SUPPLIER)
ORDER_KINDS = (MappingKind.SALES_CHANNEL, MappingKind.BUSINESS_UNIT)
"""Rows that speak of the sales order behind a receivable, which is read because of them."""
TARGETS: dict[str, tuple[str, ...]] = {
    MappingKind.CATEGORY: CLASSIFIED,
    MappingKind.BANK_ACCOUNT: ("bank_account",),
    MappingKind.SALES_CHANNEL: CLASSIFIED[1:],
    MappingKind.BUSINESS_UNIT: CLASSIFIED[1:],
    MappingKind.CUSTOMER: CLASSIFIED,
    MappingKind.SUPPLIER: CLASSIFIED,
}
"""What a row of each kind may stand for."""


class Mapping(models.Model):
    """One row of the De/Para. `source` keys on Bling's id, so a rename over there keeps the mapping; rows of one
    customer or supplier have a `person` instead.

    `bling_name` and `pending` hold names that were given before the registers were read (by `provision`): `pending`
    maps a target field to the Kamino name that is still to be found.
    """

    connection = models.ForeignKey(
        BlingConnection, models.CASCADE, related_name="mappings", verbose_name=_("connection")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=MappingKind.choices)
    source = models.ForeignKey(
        CatalogItem, models.PROTECT, null=True, blank=True, related_name="mappings", verbose_name=_("in Bling")
    )
    person = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="mappings", verbose_name=_("person")
    )
    bling_name = models.CharField(_("name in Bling"), max_length=600, blank=True, default="")
    chart_account = models.ForeignKey(
        KaminoItem, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("chart account"),
        limit_choices_to={"kind": KaminoKind.CHART_ACCOUNT},
    )  # fmt: skip
    cost_center = models.ForeignKey(
        KaminoItem, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("cost center"),
        limit_choices_to={"kind": KaminoKind.COST_CENTER},
    )  # fmt: skip
    business_unit = models.ForeignKey(
        KaminoItem, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("business unit"),
        limit_choices_to={"kind": KaminoKind.BUSINESS_UNIT},
    )  # fmt: skip
    bank_account = models.ForeignKey(
        KaminoItem, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("bank account"),
        limit_choices_to={"kind": KaminoKind.BANK_ACCOUNT},
    )  # fmt: skip
    pending = models.JSONField(_("names not found yet"), default=dict, blank=True, editable=False)

    history = HistoricalRecords()

    if TYPE_CHECKING:
        connection_id: int
        source_id: int | None
        person_id: int | None

    class Meta:
        verbose_name = _("mapping")
        verbose_name_plural = _("mappings")
        ordering = ["connection", "kind", "bling_name"]
        indexes = [
            models.Index(fields=["connection", "kind", "id"], name="mapping_of_company"),
            models.Index(fields=["kind", "connection", "id"], name="mapping_by_kind"),
            GinIndex("connection", OpClass(Upper("bling_name"), name="gin_trgm_ops"), name="mapping_name_words"),
        ]
        permissions = [("export_mapping", "Can export mappings"), ("import_mapping", "Can import mappings")]
        constraints = [
            models.UniqueConstraint(
                fields=["source"], condition=Q(source__isnull=False), name="one_mapping_per_bling_register"
            ),
            models.UniqueConstraint(
                fields=["connection", "kind", "bling_name"],
                condition=Q(source__isnull=True, person__isnull=True),
                name="one_pending_mapping_per_name",
            ),
            models.UniqueConstraint(
                fields=["person", "kind"], condition=Q(person__isnull=False), name="one_mapping_per_person"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.source or self.person or self.bling_name}"

    def clean(self) -> None:
        """Refuse targets of another company, of the wrong kind, or that take no postings."""
        if self.source is not None and self.source.connection_id != self.connection_id:
            raise ValidationError({"source": _("This register belongs to another connection.")})
        if self.source is not None and self.source.kind != self.kind:
            raise ValidationError({"source": _("This register is of another kind.")})
        for field, kind in TARGET_KINDS.items():
            item: KaminoItem | None = getattr(self, field)
            if item is None:
                continue
            if item.connection.tenant_id != self.connection.tenant_id:
                raise ValidationError({field: _("This register belongs to another company.")})
            if item.kind != kind:
                raise ValidationError({field: _("This register is of another kind.")})
            if not (item.is_active and item.takes_postings):
                raise ValidationError({field: _("%(name)s is inactive or takes no postings.") % {"name": item.name}})
