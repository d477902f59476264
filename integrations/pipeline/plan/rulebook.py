"""The rules of one connection as the domain reads them: mappings, registers of both sides, the company's decisions."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from integrations.domain.classification import (
    CLASSIFIED,
    Classification,
    Register,
    Rule,
    RuleSet,
    RuleWord,
    Subject,
    Target,
    TargetIndex,
    units_by_name,
)
from integrations.domain.rules import Filter, FilterKind, PayableNumber, Release, SaleRelease, TenantRules
from integrations.domain.settlement import PaidAmount
from integrations.domain.titles import Direction, SalesOrderFacts
from integrations.models import (
    BlingConnection,
    CatalogItem,
    FilterRule,
    KaminoConnection,
    KaminoItem,
    Mapping,
    Posting,
    Tenant,
    Title,
)
from integrations.models.mappings import TARGET_KINDS, MappingKind
from integrations.models.registers import CatalogKind, KaminoKind


@dataclass(frozen=True)
class Rulebook:
    """Everything about a connection that classifies its titles, loaded once for a batch."""

    rules: TenantRules
    mappings: RuleSet
    bank_accounts: dict[int, Rule]
    banks: TargetIndex
    names: dict[tuple[str, int], str]
    gone: frozenset[tuple[str, int]]

    def register(self, kind: str, bling_id: int) -> Register:
        """Return a Bling register with its name; one that was not read yet is named by its id."""
        return Register(bling_id, self.names.get((kind, bling_id), f"#{bling_id}"))

    def subject(self, title: Title, posting: Posting, order: SalesOrderFacts | None) -> Subject:
        """Return what classifies a title; `order` is the sales order behind it, where it was read."""
        return Subject(
            direction=Direction(title.direction),
            contact_id=title.contact_id,
            category=self.register(CatalogKind.CATEGORY, title.category_id),
            contact_category=self._category_of(title.person.category_id) if title.person else None,
            order=order,
            awaits_order=order is None and title.to_facts().order_id != 0,
            sent=_sent(posting),
            is_of_bordero=title.own_category_id == 0 and title.category_id != 0,
            disputed=tuple(self.register(CatalogKind.CATEGORY, each).name for each in title.disputed_categories or ()),
            is_split=bool(title.split_categories),
            keeps_sent=posting.kept_for_category == title.category_id and self._is_told_of(posting, title.contact_id),
        )

    def _is_told_of(self, posting: Posting, contact_id: int) -> bool:
        """Say whether the title was sent with this person: another one has other rules."""
        body = posting.get_delivered()
        return body is None or body.person in ("", f"{self.rules.code_prefix}{contact_id}")

    def _category_of(self, bling_id: int) -> Register | None:
        """Return a contact's default category; one that Bling no longer has counts only where it is mapped."""
        key = (CatalogKind.CATEGORY.value, bling_id)
        is_known = key in self.names and key not in self.gone
        if bling_id == 0 or not (is_known or bling_id in self.mappings.categories):
            return None
        return self.register(*key)


def _sent(posting: Posting) -> Classification | None:
    body = posting.get_delivered()
    if body is None:
        return None
    return Classification(**{name: getattr(body, name) for name in CLASSIFIED}, rule=RuleWord.KEPT)


def load_rulebook(connection: BlingConnection) -> Rulebook:
    """Read a connection's rulebook; a company without Kamino has names and nothing that they stand for."""
    tenant = connection.tenant
    kamino: KaminoConnection | None = getattr(tenant, "kamino_connection", None)
    items = list(KaminoItem.objects.filter(connection=kamino))
    catalog = list(CatalogItem.objects.filter(connection=connection))
    rules = _mapping_rules(connection)
    units = {
        item.bling_id: item.name for item in catalog if item.kind == CatalogKind.BUSINESS_UNIT and not item.is_gone
    }
    return Rulebook(
        rules=TenantRules(
            settled_from=tenant.settled_from,
            closed_until=tenant.closed_until,
            payables=tenant.sync_payables,
            receivables=tenant.sync_receivables,
            code_prefix=connection.code_prefix,
            paid_amount=PaidAmount(connection.paid_amount),
            payable_number=PayableNumber(kamino.payable_number) if kamino else PayableNumber.TEXT,
            filters=_filters(connection),
            release=Release(tenant.release),
            sale_release=SaleRelease(tenant.sale_release),
            wants_split=tenant.partial_policy == Tenant.PartialPolicy.SPLIT,
            may_split=kamino is not None and kamino.lists_are_complete and kamino.allow_unconfirmed,
        ),
        mappings=RuleSet(
            accounts=_index(items, KaminoKind.CHART_ACCOUNT),
            categories=rules[MappingKind.CATEGORY],
            customers=rules[MappingKind.CUSTOMER],
            suppliers=rules[MappingKind.SUPPLIER],
            channels=rules[MappingKind.SALES_CHANNEL],
            units=rules[MappingKind.BUSINESS_UNIT],
            named_units=units_by_name(units, _index(items, KaminoKind.BUSINESS_UNIT)),
            defaults=Rule(
                cost_center=_target(kamino.default_cost_center) if kamino else None,
                business_unit=_target(kamino.default_business_unit) if kamino else None,
            ),
        ),
        bank_accounts=rules[MappingKind.BANK_ACCOUNT],
        banks=_index(items, KaminoKind.BANK_ACCOUNT),
        names={(item.kind, item.bling_id): item.name for item in catalog},
        gone=frozenset((item.kind, item.bling_id) for item in catalog if item.is_gone),
    )


def _mapping_rules(connection: BlingConnection) -> dict[str, dict[int, Rule]]:
    """Return the mapping rows whose Bling side is known, by kind and Bling id."""
    rows = Mapping.objects.filter(Q(source__isnull=False) | Q(person__isnull=False), connection=connection)
    rules: dict[str, dict[int, Rule]] = defaultdict(dict)
    for row in rows.select_related("source", "person", *TARGET_KINDS):
        named = row.source or row.person
        if named is not None:
            rules[row.kind][named.bling_id] = _rule(row, named.name)
    return rules


def _filters(connection: BlingConnection) -> dict[FilterKind, Filter]:
    ids: dict[tuple[str, str], set[int]] = {}
    for row in FilterRule.objects.filter(connection=connection).select_related("item"):
        ids.setdefault((row.item.kind, row.mode), set()).add(row.item.bling_id)
    return {
        kind: Filter(
            include=frozenset(ids.get((kind, FilterRule.Mode.INCLUDE), ())),
            exclude=frozenset(ids.get((kind, FilterRule.Mode.EXCLUDE), ())),
        )
        for kind in FilterKind
    }


def _rule(row: Mapping, name: str) -> Rule:
    return Rule(
        name=name,
        **{field: _target(getattr(row, field)) for field in TARGET_KINDS},
        unresolved=tuple(str(name) for name in row.pending.values()),
    )


def _target(item: KaminoItem | None) -> Target | None:
    return None if item is None else item.to_target()


def _index(items: Sequence[KaminoItem], kind: KaminoKind) -> TargetIndex:
    return TargetIndex([item.to_target() for item in items if item.kind == kind])
