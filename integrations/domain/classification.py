"""Name mapping: which Kamino register stands for a Bling category or account.

An explicit mapping wins; else an identical name that is active, takes postings and is unique; else a problem that
names what is missing. Suggestions are never applied.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from integrations.domain.names import fold
from integrations.domain.problems import Problem, ProblemCode


@dataclass(frozen=True)
class Target:
    """One Kamino register: a chart account, cost center, business unit or bank account."""

    kamino_id: str
    name: str
    active: bool = True
    takes_postings: bool = True

    @property
    def usable(self) -> bool:
        return self.active and self.takes_postings


@dataclass(frozen=True)
class Rule:
    """One mapping row as finance wrote it. `unresolved` are names that Kamino's registers do not contain."""

    chart_account: Target | None = None
    cost_center: Target | None = None
    business_unit: Target | None = None
    bank_account: Target | None = None
    unresolved: tuple[str, ...] = ()


@dataclass(frozen=True)
class Classification:
    """Kamino ids for one title, and the rule that chose the chart account ("mapping", "name" or "")."""

    chart_account: str | None = None
    cost_center: str | None = None
    business_unit: str | None = None
    rule: str = ""


@dataclass(frozen=True)
class Register:
    """A Bling register (category or account) by id, with the name that people see; id 0 means "none"."""

    bling_id: int
    name: str


class TargetIndex:
    """Kamino's registers of one kind, found by folded name."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self._by_name: dict[str, list[Target]] = {}
        for target in targets:
            self._by_name.setdefault(fold(target.name), []).append(target)

    def usable_named(self, name: str) -> list[Target]:
        """Return the usable registers of that name; more than one means that the name decides nothing."""
        return [target for target in self._by_name.get(fold(name), []) if target.usable]


def classify_title(
    category: Register, rules: Mapping[int, Rule], accounts: TargetIndex, defaults: Rule
) -> tuple[Classification, list[Problem]]:
    """Choose chart account, cost center and business unit of a title from its Bling category.

    `rules` are the category mappings by Bling id (0: titles without category); `defaults` are the connection's cost
    center and business unit, since Bling's titles carry neither.
    """
    rule = rules.get(category.bling_id)
    problems: list[Problem] = []
    if rule is not None:
        problems += [
            Problem(ProblemCode.MAPPING_TARGET_UNKNOWN, {"bling_name": category.name, "name": name})
            for name in rule.unresolved
        ]
    cost_center = (rule and rule.cost_center) or defaults.cost_center
    unit = (rule and rule.business_unit) or defaults.business_unit
    for target in (cost_center, unit):
        if target is not None and not target.active:
            problems.append(Problem(ProblemCode.ACCOUNT_NOT_USABLE, {"name": target.name}))
    account, how, account_problems = _chart_account(category, rule, accounts)
    return (
        Classification(
            chart_account=account.kamino_id if account else None,
            cost_center=cost_center.kamino_id if cost_center else None,
            business_unit=unit.kamino_id if unit else None,
            rule=how,
        ),
        problems + account_problems,
    )


def _chart_account(
    category: Register, rule: Rule | None, accounts: TargetIndex
) -> tuple[Target | None, str, list[Problem]]:
    if rule is not None and rule.chart_account is not None:
        if rule.chart_account.usable:
            return rule.chart_account, "mapping", []
        return None, "", [Problem(ProblemCode.ACCOUNT_NOT_USABLE, {"name": rule.chart_account.name})]
    if rule is not None and rule.unresolved:
        return None, "", []
    if category.bling_id == 0:
        return None, "", [Problem(ProblemCode.CATEGORY_MISSING)]
    found = accounts.usable_named(category.name)
    if len(found) == 1:
        return found[0], "name", []
    code = ProblemCode.CATEGORY_AMBIGUOUS if found else ProblemCode.CATEGORY_UNMAPPED
    return None, "", [Problem(code, {"name": category.name})]


def choose_bank_account(
    account: Register, rules: Mapping[int, Rule], accounts: TargetIndex
) -> tuple[str | None, list[Problem]]:
    """Choose the Kamino bank account for the Bling account a payment moved on (its `portador`)."""
    rule = rules.get(account.bling_id)
    if rule is not None and rule.bank_account is not None:
        if rule.bank_account.active:
            return rule.bank_account.kamino_id, []
        return None, [Problem(ProblemCode.BANK_ACCOUNT_NOT_USABLE, {"name": rule.bank_account.name})]
    if rule is not None and rule.unresolved:
        return None, [
            Problem(ProblemCode.BANK_ACCOUNT_UNMAPPED, {"name": f"{account.name} → {name}"}) for name in rule.unresolved
        ]
    if account.bling_id == 0:
        return None, [Problem(ProblemCode.BANK_ACCOUNT_MISSING)]
    found = accounts.usable_named(account.name)
    if len(found) == 1:
        return found[0].kamino_id, []
    code = ProblemCode.BANK_ACCOUNT_AMBIGUOUS if found else ProblemCode.BANK_ACCOUNT_UNMAPPED
    return None, [Problem(code, {"name": account.name})]
