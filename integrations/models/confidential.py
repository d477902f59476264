"""Confidential categories (payroll, health): their titles are shown only to people who may see them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from integrations.domain.names import fold
from integrations.models.connections import BlingConnection
from integrations.models.mappings import Mapping
from integrations.models.registers import CatalogItem, CatalogKind, KaminoItem, KaminoKind
from integrations.models.tenants import Tenant
from integrations.models.titles import Title


class ConfidentialCategory(models.Model):
    """A category whose titles only some people see. It stands for itself only, not for the categories below it."""

    connection = models.ForeignKey(
        BlingConnection, models.CASCADE, related_name="confidential", verbose_name=_("connection")
    )
    item = models.OneToOneField(
        CatalogItem, models.CASCADE, related_name="confidential", verbose_name=_("category"),
        help_text=_("Categories below it are marked one by one."),
    )  # fmt: skip

    history = HistoricalRecords()

    if TYPE_CHECKING:
        connection_id: int
        item_id: int

    class Meta:
        verbose_name = _("confidential category")
        verbose_name_plural = _("confidential categories")
        ordering = ["connection", "item"]

    def __str__(self) -> str:
        return str(self.item)

    def clean(self) -> None:
        """Refuse registers that are no categories."""
        if self.item_id and self.item.kind != CatalogKind.CATEGORY:
            raise ValidationError({"item": _("Only categories can be confidential.")})


def is_confidential(path: str = "") -> Exists:
    """Return the condition for rows whose title, at `path`, has a confidential category: its own, or its contact's
    default where it has none."""
    of_contact = OuterRef(f"{path}person__category_id")
    category = Coalesce(NullIf(OuterRef(f"{path}category_id"), Value(0)), of_contact)
    marked = ConfidentialCategory.objects.filter(connection=OuterRef(f"{path}connection"), item__bling_id=category)
    return Exists(marked)


def hides_person(path: str = "") -> Q:
    """Return the condition for rows whose person, at `path`, is known from confidential titles only."""
    titles = Title.objects.filter(person=OuterRef(f"{path}pk"))
    return Q(Exists(titles.filter(is_confidential()))) & ~Q(Exists(titles.filter(~is_confidential())))


_TITLES = {
    "Title": [""], "Payment": ["title__"], "Posting": ["title__"], "PlannedWrite": ["title__"],
    "ForcedSettlement": ["posting__title__"], "Discrepancy": ["posting__title__"],
    "Attempt": ["posting__title__", "part_posting__posting__title__"],
}  # fmt: skip
_PERSONS = {"Person": "", "PersonPosting": "person__", "Attempt": "person_posting__person__"}


def without_confidential(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return the rows of any table that show nothing of a confidential title; tables without titles come back whole."""
    name = rows.model.__name__
    for path in _TITLES.get(name, ()):
        rows = rows.filter(~is_confidential(path))
    return rows.exclude(hides_person(_PERSONS[name])) if name in _PERSONS else rows


def confidential_ids(connection: BlingConnection) -> frozenset[int]:
    """Return the Bling ids of a connection's confidential categories."""
    rows = ConfidentialCategory.objects.filter(connection=connection)
    return frozenset(rows.values_list("item__bling_id", flat=True))


@dataclass(frozen=True)
class ConfidentialNames:
    """What a company's confidential categories are called in Bling, and their chart accounts in Kamino, by id and
    name."""

    categories: frozenset[str]
    charts: dict[str, str]


def confidential_names(tenant: Tenant) -> ConfidentialNames:
    """Return them; a chart account is confidential when such a category is mapped to it, or has the same name."""
    marked = ConfidentialCategory.objects.filter(connection__tenant=tenant)
    names = frozenset(marked.values_list("item__name", flat=True))
    items = KaminoItem.objects.filter(connection__tenant=tenant, kind=KaminoKind.CHART_ACCOUNT)
    mapped = Mapping.objects.filter(source__confidential__in=marked).values("chart_account")
    charts = items.filter(Q(pk__in=mapped) | Q(folded_name__in=[fold(name) for name in names]))
    return ConfidentialNames(names, dict(charts.values_list("kamino_id", "name")) if names else {})
