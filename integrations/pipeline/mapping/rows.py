"""The rows of the mapping desk: every Bling register seen, what hangs on it, what it stands for, what it may mean."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum

from integrations.domain.money import ZERO
from integrations.models import (
    BlingConnection,
    CatalogItem,
    ConfidentialCategory,
    KaminoItem,
    Mapping,
    Payment,
    Person,
    SalesOrder,
    Title,
)
from integrations.models.confidential import Sight
from integrations.models.mappings import PERSON_KINDS, TARGET_KINDS, TARGETS, MappingKind
from integrations.models.registers import CatalogKind
from integrations.pipeline.mapping.targets import KaminoTargets, nature_of_row

SURE = 90
"""A suggestion at least so like may be accepted together with others of its kind."""
_MAIN_FIELD = {
    MappingKind.CATEGORY: "chart_account",
    MappingKind.BANK_ACCOUNT: "bank_account",
    MappingKind.SALES_CHANNEL: "business_unit",
    MappingKind.BUSINESS_UNIT: "business_unit",
}
REGISTER_KINDS = tuple(_MAIN_FIELD)
Key = tuple[int, str, int]
"""Connection, kind, and the key of the register or person."""
Usage = dict[tuple[int, str, int], tuple[int, Decimal]]


@dataclass(frozen=True)
class DeskRow:
    """One Bling register, customer or supplier.

    `titles` and `total` hang on it (for accounts: payments), of what the reader sees; `is_confidential`: there may be
    others. `by_name` is what an identical name stands for, where no
    mapping says otherwise; `suggestion` is offered where nothing decides yet, with its `score` (0 to 100).
    """

    connection: BlingConnection
    kind: str
    source: CatalogItem | None
    person: Person | None
    mapping: Mapping | None
    titles: int = 0
    total: Decimal = ZERO
    by_name: KaminoItem | None = None
    suggestion: KaminoItem | None = None
    score: int = 0
    is_confidential: bool = False

    @property
    def key(self) -> Key:
        owner = self.source or self.person
        return self.connection.pk, self.kind, owner.pk if owner else 0

    @property
    def bling_id(self) -> int:
        owner = self.source or self.person
        return owner.bling_id if owner else 0

    @property
    def name(self) -> str:
        return str(self.source or (self.person.name if self.person else ""))

    @property
    def main_field(self) -> str:
        return _MAIN_FIELD.get(MappingKind(self.kind), "chart_account")

    @property
    def state(self) -> str:
        """Return "mapped", "by_name" or "open"; "unused" where nothing hangs on it, and "optional" for channels
        and units that nobody maps."""
        if self.mapping is not None and not self.mapping.pending and _main_target(self):
            return "mapped"
        if self.by_name is not None:
            return "by_name"
        if self.kind in (MappingKind.SALES_CHANNEL, MappingKind.BUSINESS_UNIT):
            return "mapped" if self.mapping is not None else "optional"
        return "open" if self.titles or self.is_confidential else "unused"

    def values(self) -> dict[str, int | None]:
        """Return the keys of what the row's mapping stands for, by target field."""
        return values_of(self.mapping, self.kind)


def _main_target(row: DeskRow) -> object:
    return row.kind in PERSON_KINDS or getattr(row.mapping, f"{row.main_field}_id")


def values_of(mapping: Mapping | None, kind: str) -> dict[str, int | None]:
    """Return the keys of a mapping's targets by field; all `None` without a mapping."""
    return {field: getattr(mapping, f"{field}_id") if mapping else None for field in TARGETS[kind]}


def desk_rows(tenant_id: int, targets: KaminoTargets, sight: Sight) -> list[DeskRow]:
    """Return what a reader sees of a company's rows, by connection, kind and path. Vanished registers only while
    something hangs on them."""
    connections = {row.pk: row for row in BlingConnection.objects.filter(tenant=tenant_id)}
    seen = sight.of(Mapping.objects.filter(connection__in=connections))
    mappings = list(seen.select_related("person", "source"))
    by_source = {row.source_id: row for row in mappings if row.source_id}
    usage = _usage(connections, sight)
    marked = ConfidentialCategory.objects.filter(connection__in=connections)
    hidden = set() if sight.is_whole else set(marked.values_list("item", flat=True))
    rows = []
    catalog = CatalogItem.objects.filter(connection__in=connections, kind__in=REGISTER_KINDS)
    for item in catalog.order_by("connection", "kind", "path", "name"):
        mapping = by_source.get(item.pk)
        titles, total = usage.get((item.connection_id, item.kind, item.bling_id), (0, ZERO))
        if (item.is_gone or item.bling_id == 0) and mapping is None and not titles:
            continue
        row = DeskRow(
            connections[item.connection_id], item.kind, item, None, mapping, titles, total,
            is_confidential=item.pk in hidden,
        )  # fmt: skip
        rows.append(_register_row(row, item, targets))
    return rows + _person_rows(connections, [row for row in mappings if row.person_id], sight)


def _register_row(row: DeskRow, item: CatalogItem, targets: KaminoTargets) -> DeskRow:
    """Return a register's row with what it stands for by its name, or may mean."""
    decided = row.mapping is not None and getattr(row.mapping, f"{row.main_field}_id")
    if decided or item.bling_id == 0:
        return row
    kind, nature = TARGET_KINDS[row.main_field], nature_of_row(item.kind, item.nature)
    classifies = item.kind != CatalogKind.SALES_CHANNEL
    by_name = targets.named(kind, item.name, nature=nature) if classifies and row.mapping is None else None
    if by_name is not None:
        return replace(row, by_name=by_name)
    nearest = targets.nearest(kind, list(dict.fromkeys([item.name, item.path or item.name])), nature=nature)
    if not nearest:
        return row
    [(suggestion, score)] = nearest
    return replace(row, suggestion=suggestion, score=score)


def _person_rows(connections: dict[int, BlingConnection], mappings: Sequence[Mapping], sight: Sight) -> list[DeskRow]:
    found = []
    titles = sight.of(Title.objects.filter(person__in=[row.person_id for row in mappings]))
    used: dict[tuple[int | None, str], tuple[int, Decimal]] = {
        (row["person"], row["direction"]): (row["titles"], row["total"] or ZERO)
        for row in _counted(titles, "person", "direction")
    }
    for row in sorted(mappings, key=lambda row: (row.kind, str(row.person))):
        direction = "receivable" if row.kind == MappingKind.CUSTOMER else "payable"
        count, total = used.get((row.person_id, direction), (0, ZERO))
        found.append(DeskRow(connections[row.connection_id], row.kind, None, row.person, row, count, total))
    return found


def _counted(titles: QuerySet[Title], *by: str) -> Iterable[dict[str, Any]]:
    rows: Any = titles.filter(replaced_by=None).order_by().values(*by)
    counted: Iterable[dict[str, Any]] = rows.annotate(titles=Count("pk"), total=Sum("value"))
    return counted


def _usage(connections: Iterable[int], sight: Sight) -> Usage:
    """Return how many of the titles that a reader sees, and how much money, hang on each register: one statement per
    kind."""
    found: Usage = {}
    titles = sight.of(Title.objects.filter(connection__in=connections))
    for row in _counted(titles, "connection", "category_id"):
        found[row["connection"], CatalogKind.CATEGORY, row["category_id"]] = (row["titles"], row["total"] or ZERO)
    paid = sight.of(Payment.objects.filter(title__connection__in=connections)).order_by()
    for account in paid.values("title__connection", "account_id").annotate(
        n=Count("title", distinct=True), s=Sum("amount")
    ):
        key = (account["title__connection"], CatalogKind.BANK_ACCOUNT, account["account_id"])
        found[key] = (account["n"], account["s"])
    for kind, column in ((CatalogKind.SALES_CHANNEL, "channel_id"), (CatalogKind.BUSINESS_UNIT, "unit_id")):
        order = SalesOrder.objects.filter(connection=OuterRef("connection"), bling_id=OuterRef("origin_id"))
        sold = titles.filter(Q(direction="receivable"), origin_id__gt=0)
        for row in _counted(sold.annotate(of=Subquery(order.values(column)[:1])).exclude(of=None), "connection", "of"):
            found[row["connection"], kind, row["of"]] = (row["titles"], row["total"] or ZERO)
    return found


def rows_by_key(rows: Iterable[DeskRow]) -> dict[Key, DeskRow]:
    return {row.key: row for row in rows}


def counts_by_state(rows: Iterable[DeskRow]) -> dict[str, int]:
    """Return how many rows are in each state."""
    found: dict[str, int] = defaultdict(int)
    for row in rows:
        found[row.state] += 1
    return dict(found)
