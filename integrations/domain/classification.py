"""Name mapping: which Kamino registers stand for what a title says in Bling.

For each target the strongest row of the De/Para that names one wins; a chart account may also be found by the
category's identical name, if that is active, takes postings, fits the direction and is unique; else a problem names
what is missing. Suggestions are never applied.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum

from integrations.domain.names import fold
from integrations.domain.reasons import Problem, Reason
from integrations.domain.titles import Direction, SalesOrderFacts


class Nature(StrEnum):
    """What a chart account is for. Kamino does not always say: "" fits both directions."""

    INCOME = "income"
    EXPENSE = "expense"


_NATURES = {Direction.PAYABLE: Nature.EXPENSE, Direction.RECEIVABLE: Nature.INCOME}


@dataclass(frozen=True)
class Target:
    """One Kamino register: a chart account, cost center, business unit or bank account."""

    kamino_id: str
    name: str
    active: bool = True
    takes_postings: bool = True
    nature: str = ""

    @property
    def usable(self) -> bool:
        return self.active and self.takes_postings

    def fits(self, direction: Direction) -> bool:
        """Say whether titles of this direction may use this chart account."""
        return self.nature in ("", _NATURES[direction])


@dataclass(frozen=True)
class Rule:
    """One mapping row as finance wrote it: what stands for the register or person `name`. `unresolved` are names that
    Kamino's registers do not contain."""

    name: str = ""
    chart_account: Target | None = None
    cost_center: Target | None = None
    business_unit: Target | None = None
    bank_account: Target | None = None
    unresolved: tuple[str, ...] = ()


class RuleWord(StrEnum):
    """Which rule chose a title's chart account; its words are in `words/rules.py`."""

    PERSON = "person"
    MAPPING = "mapping"
    NAME = "name"
    CONTACT = "contact"
    BORDERO = "bordero"
    KEPT = "kept"


@dataclass(frozen=True)
class Classification:
    """Kamino ids for one title, and the rule that chose the chart account ("": none did)."""

    chart_account: str | None = None
    cost_center: str | None = None
    business_unit: str | None = None
    rule: str = ""


CLASSIFIED = tuple(field.name for field in fields(Classification) if field.name != "rule")
"""What classification chooses: the chart account first, then what is looked for one by one."""


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

    def named(self, name: str) -> list[Target]:
        """Return the registers of that name, usable or not."""
        return self._by_name.get(fold(name), [])

    def usable_named(self, name: str) -> list[Target]:
        """Return the usable registers of that name; more than one means that the name decides nothing."""
        return [target for target in self.named(name) if target.usable]


def units_by_name(units: Mapping[int, str], there: TargetIndex) -> dict[int, Rule]:
    """Return what business units of Bling (names by id) stand for by their names: each the one usable unit of Kamino
    that is named alike, if there is just one."""
    found = {bling_id: there.usable_named(name) for bling_id, name in units.items() if bling_id}
    return {key: Rule(units[key], business_unit=alike[0]) for key, alike in found.items() if len(alike) == 1}


@dataclass(frozen=True)
class RuleSet:
    """The mapping rows of one connection by Bling id (category 0: titles without one), and Kamino's chart of accounts.

    `defaults` are the connection's cost center and business unit, since Bling's titles carry neither. `named_units` are
    what business units stand for by their names: no title waits for them (an app may not be allowed to read orders).
    """

    accounts: TargetIndex
    categories: Mapping[int, Rule] = field(default_factory=dict)
    customers: Mapping[int, Rule] = field(default_factory=dict)
    suppliers: Mapping[int, Rule] = field(default_factory=dict)
    channels: Mapping[int, Rule] = field(default_factory=dict)
    units: Mapping[int, Rule] = field(default_factory=dict)
    named_units: Mapping[int, Rule] = field(default_factory=dict)
    defaults: Rule = Rule()

    def of_person(self, direction: Direction, contact_id: int) -> Rule | None:
        """Return the row of a title's customer or supplier."""
        return (self.customers if direction is Direction.RECEIVABLE else self.suppliers).get(contact_id)

    def of_order(self, order: SalesOrderFacts | None) -> list[Rule]:
        """Return the rows of a sales order, the business unit's before the channel's."""
        if order is None:
            return []
        unit = self.units.get(order.unit_id) or self.named_units.get(order.unit_id)
        found = [unit, self.channels.get(order.channel_id)]
        return [rule for rule in found if rule is not None]

    def order_may_say(self, target: str) -> bool:
        """Say whether some channel or business unit stands for a `target`."""
        return any(getattr(rule, target) for rule in (*self.channels.values(), *self.units.values()))


@dataclass(frozen=True)
class Subject:
    """What is known of a title when it is classified.

    `category` is Bling's, `contact_category` the default category of its contact (`None`: none that Bling still has).
    `order` is the sales order behind it; `awaits_order`: there is one, and it was not read yet. `sent` is what was
    sent to Kamino (`None`: nothing); `keeps_sent`: people chose that it stays. `is_of_bordero`: the category is that of
    its payments; `disputed` are the names of theirs where they have several, or of those among which Bling divides the
    title (`is_split`).
    """

    direction: Direction
    contact_id: int
    category: Register
    contact_category: Register | None = None
    order: SalesOrderFacts | None = None
    awaits_order: bool = False
    sent: Classification | None = None
    keeps_sent: bool = False
    is_of_bordero: bool = False
    disputed: tuple[str, ...] = ()
    is_split: bool = False


def classify_title(subject: Subject, rules: RuleSet) -> tuple[Classification, list[Problem]]:
    """Choose chart account, cost center and business unit of a title.

    Chart account: the person's row, the category's row or namesake; a title without category takes that of its
    borderôs, its contact's default category, else the row of "(sem categoria)". Cost center and business unit, each by
    itself: the person's row, the category's, those of the sales order, the connection's default.
    """
    if subject.keeps_sent and subject.sent is not None:
        return subject.sent, []
    borrowed = subject.contact_category if subject.category.bling_id == 0 else None
    category = borrowed or subject.category
    person = rules.of_person(subject.direction, subject.contact_id)
    by_category = None if subject.disputed else rules.categories.get(category.bling_id)
    stronger = [rule for rule in (person, by_category) if rule is not None]
    by_order = rules.of_order(subject.order)
    problems = _unknown_targets([*stronger, *by_order])
    account, how, found = _chart_account(category, person, by_category, rules.accounts, subject)
    problems += found
    chosen: dict[str, str | None] = {}
    for target in CLASSIFIED[1:]:
        chosen[target], found = _further(target, subject, stronger, by_order, rules)
        problems += [problem for problem in found if problem not in problems]
    if how in (RuleWord.MAPPING, RuleWord.NAME) and (borrowed is not None or subject.is_of_bordero):
        how = RuleWord.BORDERO if subject.is_of_bordero else RuleWord.CONTACT
    return Classification(chart_account=account.kamino_id if account else None, **chosen, rule=how), problems


def _unknown_targets(rules: Iterable[Rule]) -> list[Problem]:
    return [
        Problem(Reason.MAPPING_TARGET_UNKNOWN, {"bling_name": rule.name, "name": name})
        for rule in rules
        for name in rule.unresolved
    ]


def _chart_account(
    category: Register, person: Rule | None, by_category: Rule | None, accounts: TargetIndex, subject: Subject
) -> tuple[Target | None, str, list[Problem]]:
    direction = subject.direction
    for rule, word in ((person, RuleWord.PERSON), (by_category, RuleWord.MAPPING)):
        if rule is not None and rule.chart_account is not None:
            problems = _why_not(rule.chart_account, direction)
            return (None, "", problems) if problems else (rule.chart_account, word, [])
        if rule is not None and rule.unresolved:
            return None, "", []
    if subject.disputed:
        code = Reason.CATEGORY_SPLIT if subject.is_split else Reason.CATEGORY_DISPUTED
        return None, "", [Problem(code, {"names": ", ".join(subject.disputed)})]
    if category.bling_id == 0:
        return None, "", [Problem(Reason.CATEGORY_MISSING)]
    found = [target for target in accounts.usable_named(category.name) if target.fits(direction)]
    if len(found) == 1:
        return found[0], RuleWord.NAME, []
    if found:
        return None, "", [Problem(Reason.CATEGORY_AMBIGUOUS, {"name": category.name})]
    namesakes = sorted(accounts.named(category.name), key=lambda target: (not target.active, not target.usable))
    unusable = [problem for target in namesakes for problem in _why_not(target, direction)]
    return None, "", unusable[:1] or [Problem(Reason.CATEGORY_UNMAPPED, {"name": category.name})]


def _why_not(account: Target, direction: Direction) -> list[Problem]:
    if not account.active:
        return [Problem(Reason.ACCOUNT_INACTIVE, {"name": account.name})]
    if not account.takes_postings:
        return [Problem(Reason.ACCOUNT_IS_GROUP, {"name": account.name})]
    if not account.fits(direction):
        return [Problem(Reason.ACCOUNT_WRONG_DIRECTION, {"name": account.name})]
    return []


def _further(
    target: str, subject: Subject, stronger: Sequence[Rule], by_order: Sequence[Rule], rules: RuleSet
) -> tuple[str | None, list[Problem]]:
    """Choose a title's cost center or business unit. What only an unread sales order can say is a problem of a new
    title; one that Kamino has keeps what was sent, so that its settlement does not wait."""
    chosen = _first(target, stronger)
    if chosen is None and subject.awaits_order and rules.order_may_say(target):
        if subject.sent is None:
            return None, [Problem(Reason.ORDER_UNREAD)]
        sent: str | None = getattr(subject.sent, target)
        return sent, []
    chosen = chosen or _first(target, [*by_order, rules.defaults])
    if chosen is None:
        return None, []
    unusable = [] if chosen.active else [Problem(Reason.ACCOUNT_NOT_USABLE, {"name": chosen.name})]
    return chosen.kamino_id, unusable


def _first(target: str, rules: Iterable[Rule]) -> Target | None:
    return next((found for rule in rules if (found := getattr(rule, target)) is not None), None)


def choose_bank_account(
    account: Register, rules: Mapping[int, Rule], accounts: TargetIndex
) -> tuple[str | None, list[Problem]]:
    """Choose the Kamino bank account for the Bling account a payment moved on (its `portador`)."""
    rule = rules.get(account.bling_id)
    if rule is not None and rule.bank_account is not None:
        if rule.bank_account.active:
            return rule.bank_account.kamino_id, []
        return None, [Problem(Reason.BANK_ACCOUNT_NOT_USABLE, {"name": rule.bank_account.name})]
    if rule is not None and rule.unresolved:
        return None, [
            Problem(Reason.BANK_ACCOUNT_UNMAPPED, {"name": f"{account.name} → {name}"}) for name in rule.unresolved
        ]
    if account.bling_id == 0:
        return None, [Problem(Reason.BANK_ACCOUNT_MISSING)]
    found = accounts.usable_named(account.name)
    if len(found) == 1:
        return found[0].kamino_id, []
    if not found and accounts.named(account.name):
        return None, [Problem(Reason.BANK_ACCOUNT_NOT_USABLE, {"name": account.name})]
    code = Reason.BANK_ACCOUNT_AMBIGUOUS if found else Reason.BANK_ACCOUNT_UNMAPPED
    return None, [Problem(code, {"name": account.name})]
