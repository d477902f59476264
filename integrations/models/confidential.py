"""Confidential categories (payroll, health): their titles are shown only to people who may see them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from integrations.domain.confidential import COUNTED, Guard, category_mark, chart_mark
from integrations.domain.names import fold
from integrations.models.bling_units import PayableWrite, SettlementWrite
from integrations.models.bulk_orders import BulkOrder
from integrations.models.connections import BlingConnection
from integrations.models.customer_writes import CustomerWrite
from integrations.models.deliveries import PersonPosting, Posting
from integrations.models.mappings import Mapping as MappingRow
from integrations.models.registers import CatalogItem, CatalogKind, KaminoItem, KaminoKind
from integrations.models.tenants import Tenant
from integrations.models.titles import Person, Title
from integrations.models.write_batches import WriteBatch

Rows = TypeVar("Rows", bound=QuerySet[Any])


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

    def save(self, *args: Any, **options: Any) -> None:
        """Keep it, and hide the orders for whole lists that have such titles: their counts tell of them."""
        super().save(*args, **options)
        for order in BulkOrder.objects.filter(tenant__bling_connections=self.connection_id, is_confidential=False):
            if holds_confidential(order.title_ids):
                BulkOrder.objects.filter(pk=order.pk).update(is_confidential=True)

    def clean(self) -> None:
        """Refuse registers that are no categories."""
        if self.item_id and self.item.kind != CatalogKind.CATEGORY:
            raise ValidationError({"item": _("Only categories can be confidential.")})


Marked = Mapping[int, Sequence[int]]
"""The Bling ids of confidential categories by connection, for conditions that need no look at another table."""


def marked_ids() -> Marked:
    """Return the confidential categories of all companies."""
    found: dict[int, list[int]] = {}
    for connection, bling_id in ConfidentialCategory.objects.order_by("pk").values_list("connection", "item__bling_id"):
        found.setdefault(connection, []).append(bling_id)
    return found


def is_confidential(marked: Marked, path: str = "") -> Q:
    """Return the condition for rows whose title, at `path`, has one of the `marked` categories: its own, any of its
    borderôs', or its contact's default where it has none."""
    found = Q(pk__in=[])
    for connection, ids in marked.items():
        own = Q(**{f"{path}category_id__in": ids})
        # Not joined: only the persons of such a company's titles without a category are looked at.
        defaults = Person.objects.filter(pk=OuterRef(f"{path}person"), category_id__in=ids)
        by_default = Q(Exists(defaults), **{f"{path}category_id": 0})
        disputed = Q(**{f"{path}disputed_categories__isnull": False, f"{path}disputed_categories__overlap": ids})
        found |= Q(**{f"{path}connection": connection}) & (own | by_default | disputed)
    return found


def holds_confidential(titles: Sequence[int]) -> bool:
    """Say whether one of some titles (keys) is confidential."""
    marked = marked_ids()
    return bool(marked) and Title.objects.filter(is_confidential(marked), pk__in=titles).exists()


def hidden_persons(marked: Marked) -> QuerySet[Person]:
    """Return the persons that are known from titles of the `marked` categories only."""
    hidden = is_confidential(marked)
    named = Title.objects.filter(hidden).order_by().values("person")
    others = Title.objects.filter(person=OuterRef("pk")).exclude(hidden)
    return Person.objects.filter(~Exists(others), pk__in=named).order_by()


_TITLES = {
    "Title": "", "Payment": "title__", "Posting": "title__", "PlannedWrite": "title__",
    "ForcedSettlement": "posting__title__", "Discrepancy": "posting__title__", "StoredDiscrepancy": "posting__title__",
}  # fmt: skip
_PAYABLES = {"PayableWrite": "pk", "BlingAttempt": "payable", "WriteBatch": "payables"}
"""A batch with one that somebody may not see is not shown to them at all: its sum would tell."""
_SETTLEMENTS = {"SettlementWrite": "pk", "BlingAttempt": "settlement"}
_PERSONS = {"Person": "pk", "PersonPosting": "person", "Mapping": "person"}
_CUSTOMERS = {"CustomerWrite": "pk", "BlingAttempt": "customer"}


def without_confidential(rows: QuerySet[Any], marked: Marked | None = None) -> QuerySet[Any]:
    """Return the rows of any table that show nothing of a confidential title; tables without titles come back whole.

    `marked` are the `marked_ids`, where the caller knows them already.
    """
    name = rows.model.__name__
    if name == "BulkOrder":
        return rows.filter(is_confidential=False)
    if name in _CUSTOMERS:
        rows = rows.exclude(**{f"{_CUSTOMERS[name]}__in": _hidden_customers(marked)})
    if name in _PAYABLES or name in _SETTLEMENTS:
        for paths, model in ((_PAYABLES, PayableWrite), (_SETTLEMENTS, SettlementWrite)):
            if name in paths:
                rows = rows.exclude(**{f"{paths[name]}__in": _hidden_writes(model, marked)})
        return rows
    if name not in _TITLES and name not in _PERSONS and name not in ("Attempt", "AuditEvent"):
        return rows
    marked = marked_ids() if marked is None else marked
    if name == "AuditEvent":
        return _without_events(rows, marked)
    if not marked:
        return rows
    if name in _TITLES:
        return rows.exclude(is_confidential(marked, _TITLES[name]))
    if name in _PERSONS:
        return rows.exclude(**{f"{_PERSONS[name]}__in": hidden_persons(marked).values("pk")})
    # A delivery is of one of three things: a title, a part of one, a person.
    for path in ("posting__title__", "part_posting__posting__title__"):
        rows = rows.exclude(is_confidential(marked, path))
    persons = PersonPosting.objects.filter(person__in=hidden_persons(marked).values("pk")).order_by().values("pk")
    return rows.filter(Q(person_posting=None) | ~Q(person_posting__in=persons))


def _hidden_writes(model: type[PayableWrite | SettlementWrite], marked: Marked | None) -> QuerySet[Any]:
    """Return the payables for Bling, or their settlements, of confidential categories."""
    hidden = Q(pk__in=[])
    for connection, ids in (marked_ids() if marked is None else marked).items():
        hidden |= Q(connection=connection, category_id__in=ids)
    found: QuerySet[Any] = model.objects.filter(hidden).order_by()
    return found


def _hidden_customers(marked: Marked | None) -> QuerySet[CustomerWrite]:
    """Return the customers of other systems whose contacts are known from confidential titles only."""
    marked = marked_ids() if marked is None else marked
    mine = hidden_persons(marked).filter(connection=OuterRef("connection")) if marked else Person.objects.none()
    hidden = mine.filter(Q(bling_id=OuterRef("bling_id")) | Q(bling_id=OuterRef("contact__bling_id")))
    return CustomerWrite.objects.filter(Exists(hidden)).order_by()


def _without_events(rows: QuerySet[Any], marked: Marked) -> QuerySet[Any]:
    """Return events of the audit record without those about confidential titles: they tell amounts."""
    hidden: dict[str, QuerySet[Any]] = {"bulkorder": BulkOrder.objects.filter(is_confidential=True)}
    if marked:
        hidden |= {
            "posting": Posting.objects.filter(is_confidential(marked, "title__")), "person": hidden_persons(marked),
            "payablewrite": _hidden_writes(PayableWrite, marked),
            "settlementwrite": _hidden_writes(SettlementWrite, marked),
            "customerwrite": _hidden_customers(marked),
            "writebatch": WriteBatch.objects.filter(payables__in=_hidden_writes(PayableWrite, marked)),
        }  # fmt: skip
    for kind, found in hidden.items():
        rows = rows.exclude(object_type=kind, object_id__in=found.order_by().values("pk"))
    return rows


@dataclass(frozen=True)
class Sight:
    """What the reader of a page, file or mail sees of confidential titles: all of them, or nothing.

    Whatever counts, sums up or names titles takes one, and has no default for it. `marked`: the `marked_ids`, where
    they are known.
    """

    is_whole: bool
    marked: Marked | None = None

    def of(self, rows: Rows) -> Rows:
        """Return the rows of any table that the reader sees."""
        return rows if self.is_whole else cast(Rows, without_confidential(rows, self.marked))

    def charts(self, tenant: Tenant) -> frozenset[str]:
        """Return the Kamino ids of the chart accounts whose titles the reader does not see, "" for those without."""
        return frozenset() if self.is_whole else confidential_charts(tenant)

    def left_out(self, tenant: Tenant) -> int:
        """Return how many titles of a company the reader does not see, at most one more than `COUNTED`: of the whole
        company, never of a day, an account or a category, for the difference of two such counts is a single title."""
        return 0 if self.is_whole else count_confidential(tenant)


WHOLE = Sight(is_whole=True)
PUBLIC = Sight(is_whole=False)


def sight_of(user: Any) -> Sight:
    """Return what a user sees."""
    return WHOLE if user.has_perm("integrations.view_confidential") else PUBLIC


def count_confidential(tenant: Tenant) -> int:
    """Return how many confidential titles a company has, at most one more than `COUNTED`: each way to be one is looked
    for by its own index."""
    found: set[int] = set()
    for connection, ids in _marked_of(tenant).items():
        titles = Title.objects.filter(connection=connection).order_by()
        by_default = Person.objects.filter(connection=connection, category_id__in=ids).order_by().values("pk")
        ways = (
            titles.filter(category_id__in=ids),
            titles.filter(disputed_categories__isnull=False, disputed_categories__overlap=ids),
            titles.filter(category_id=0, person__in=by_default),
        )
        for way in ways:
            found.update(way.values_list("pk", flat=True)[: COUNTED + 1])
    return min(len(found), COUNTED + 1)


def _marked_of(tenant: Tenant) -> Marked:
    found: dict[int, list[int]] = {}
    rows = ConfidentialCategory.objects.filter(connection__tenant=tenant).order_by("pk")
    for connection, bling_id in rows.values_list("connection", "item__bling_id"):
        found.setdefault(connection, []).append(bling_id)
    return found


def confidential_ids(connection: BlingConnection) -> frozenset[int]:
    """Return the Bling ids of a connection's confidential categories."""
    return frozenset(marked_ids().get(connection.pk, ()))


def confidential_charts(tenant: Tenant) -> frozenset[str]:
    """Return the Kamino ids of a company's confidential chart accounts: such a category is mapped to them, or has the
    same name. Where there is such a category, "" is one of them: a title in Kamino without account may be anything."""
    marked = ConfidentialCategory.objects.filter(connection__tenant=tenant)
    names = [fold(name) for name in marked.values_list("item__name", flat=True)]
    if not names:
        return frozenset()
    items = KaminoItem.objects.filter(connection__tenant=tenant, kind=KaminoKind.CHART_ACCOUNT)
    mapped = MappingRow.objects.filter(source__confidential__in=marked).values("chart_account")
    charts = items.filter(Q(pk__in=mapped) | Q(folded_name__in=names))
    return frozenset({"", *charts.values_list("kamino_id", flat=True)})


def category_marks(tenants: Sequence[int]) -> frozenset[str]:
    """Return the marks of the confidential categories of some companies (keys)."""
    rows = ConfidentialCategory.objects.filter(connection__tenant__in=tenants).order_by()
    return frozenset(category_mark(*row) for row in rows.values_list("connection", "item__bling_id"))


def marks_of(tenant: Tenant) -> frozenset[str]:
    """Return what makes a row of a company's reports confidential now: its categories, and accounts in Kamino."""
    return category_marks([tenant.pk]) | {chart_mark(chart) for chart in confidential_charts(tenant)}


def guard_of(title: Title, marks: Iterable[str]) -> Guard:
    """Return what decides who sees a title in a report that is kept; `marks` are the `marks_of` its company. The same
    as `is_confidential`, which asks the database."""
    default = title.person.category_id if title.person is not None and not title.category_id else 0
    decisive = {title.category_id or default, *(title.disputed_categories or ())} - {0}
    return Guard.of((category_mark(title.connection_id, number) for number in decisive), marks)
