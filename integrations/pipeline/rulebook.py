"""The rules of one connection as the domain reads them: mappings, registers of both sides, the company's decisions."""

from dataclasses import dataclass

from integrations.domain.classification import Rule, Target, TargetIndex
from integrations.domain.rules import Filter, FilterKind, Release, TenantRules
from integrations.models import BlingConnection, CatalogItem, FilterRule, KaminoConnection, KaminoItem, Mapping
from integrations.models.mappings import MappingKind
from integrations.models.registers import KaminoKind


@dataclass(frozen=True)
class Rulebook:
    """Everything about a connection that classifies its titles, loaded once for a batch."""

    rules: TenantRules
    categories: dict[int, Rule]
    bank_accounts: dict[int, Rule]
    defaults: Rule
    chart: TargetIndex
    banks: TargetIndex
    names: dict[tuple[str, int], str]

    def name(self, kind: str, bling_id: int) -> str:
        return self.names.get((kind, bling_id), f"#{bling_id}")


def load_rulebook(connection: BlingConnection) -> Rulebook:
    """Read a connection's rulebook; the company must have a Kamino connection."""
    tenant = connection.tenant
    company: KaminoConnection = tenant.kamino_connection
    items = list(KaminoItem.objects.filter(connection=company))
    catalog = CatalogItem.objects.filter(connection=connection)
    rows = Mapping.objects.filter(connection=connection, source__isnull=False).select_related(
        "source", "chart_account", "cost_center", "business_unit", "bank_account"
    )
    rules: dict[str, dict[int, Rule]] = {kind: {} for kind in MappingKind.values}
    for row in rows:
        if row.source is not None:
            rules[row.kind][row.source.bling_id] = _rule(row)
    return Rulebook(
        rules=TenantRules(
            settled_from=tenant.settled_from,
            closed_until=tenant.closed_until,
            payables=tenant.sync_payables,
            receivables=tenant.sync_receivables,
            code_prefix=connection.code_prefix,
            filters=_filters(connection),
            release=Release(tenant.release),
        ),
        categories=rules[MappingKind.CATEGORY],
        bank_accounts=rules[MappingKind.BANK_ACCOUNT],
        defaults=Rule(
            cost_center=_target(company.default_cost_center), business_unit=_target(company.default_business_unit)
        ),
        chart=TargetIndex([target for item in items if (target := _of_kind(item, KaminoKind.CHART_ACCOUNT))]),
        banks=TargetIndex([target for item in items if (target := _of_kind(item, KaminoKind.BANK_ACCOUNT))]),
        names={(item.kind, item.bling_id): item.name for item in catalog},
    )


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


def _rule(row: Mapping) -> Rule:
    return Rule(
        chart_account=_target(row.chart_account),
        cost_center=_target(row.cost_center),
        business_unit=_target(row.business_unit),
        bank_account=_target(row.bank_account),
        unresolved=tuple(str(name) for name in row.pending.values()),
    )


def _target(item: KaminoItem | None) -> Target | None:
    if item is None:
        return None
    return Target(item.kamino_id, item.name, item.is_active, item.takes_postings)


def _of_kind(item: KaminoItem, kind: KaminoKind) -> Target | None:
    return _target(item) if item.kind == kind else None
