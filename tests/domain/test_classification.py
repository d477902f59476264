from typing import Any

import pytest

from integrations.domain.classification import (
    Classification,
    Register,
    Rule,
    RuleSet,
    Subject,
    Target,
    TargetIndex,
    choose_bank_account,
    classify_title,
)
from integrations.domain.reasons import Holds, Reason
from integrations.domain.titles import Direction

RENT = Target("3.1", "Aluguel")
ENERGY = Target("3.2", "ENERGIA ELETRICA")
GROUP = Target("3", "Despesas", takes_postings=False)
OLD = Target("9.9", "Conta antiga", active=False)
TWIN_A, TWIN_B = Target("4.1", "Fretes"), Target("4.2", "fretes")
CHART = TargetIndex([RENT, ENERGY, GROUP, OLD, TWIN_A, TWIN_B])
OFFICE, CLOSED_OFFICE = Target("10", "Administrativo"), Target("11", "Fechado", active=False)
UNIT = Target("20", "Matriz")
NOTHING = Rule()


def classify(
    name: str, rule: Rule | None = None, *, bling_id: int = 3, defaults: Rule = NOTHING
) -> tuple[Classification, list[Reason]]:
    categories = {} if rule is None else {bling_id: rule}
    return by_rules(payable(category=Register(bling_id, name)), categories=categories, defaults=defaults)


def payable(**changes: Any) -> Subject:
    """A payable of contact 7 in the category "Aluguel", which has a namesake."""
    values: dict[str, Any] = {"direction": Direction.PAYABLE, "contact_id": 7, "category": Register(3, "Aluguel")}
    return Subject(**{**values, **changes})


def by_rules(subject: Subject, **rules: Any) -> tuple[Classification, list[Reason]]:
    found, problems = classify_title(subject, RuleSet(accounts=CHART, **rules))
    return found, [problem.code for problem in problems]


@pytest.mark.parametrize(
    ("name", "account", "how", "codes"),
    [
        ("Aluguel", "3.1", "name", []),
        ("  aluguel ", "3.1", "name", []),
        ("Energia elétrica", "3.2", "name", []),
        ("Despesas", None, "", [Reason.ACCOUNT_IS_GROUP]),
        ("Conta antiga", None, "", [Reason.ACCOUNT_INACTIVE]),
        ("Fretes", None, "", [Reason.CATEGORY_AMBIGUOUS]),
        ("Brindes", None, "", [Reason.CATEGORY_UNMAPPED]),
    ],
)
def test_without_a_mapping_only_one_usable_namesake_decides(
    name: str, account: str | None, how: str, codes: list[Reason]
) -> None:
    found, problems = classify(name)
    assert (found.chart_account, found.rule, problems) == (account, how, codes)


def test_a_mapping_wins_over_a_namesake() -> None:
    found, problems = classify("Aluguel", Rule(chart_account=ENERGY))
    assert (found.chart_account, found.rule, problems) == ("3.2", "mapping", [])


def test_a_mapping_decides_where_the_name_is_ambiguous() -> None:
    found, problems = classify("Fretes", Rule(chart_account=TWIN_B))
    assert (found.chart_account, problems) == ("4.2", [])


@pytest.mark.parametrize(("target", "why"), [(GROUP, Reason.ACCOUNT_IS_GROUP), (OLD, Reason.ACCOUNT_INACTIVE)])
def test_a_mapping_to_an_unusable_account_never_falls_back_to_the_name(target: Target, why: Reason) -> None:
    found, problems = classify("Aluguel", Rule(chart_account=target))
    assert (found.chart_account, problems) == (None, [why])


def test_a_mapping_to_an_unknown_name_is_named_and_never_falls_back() -> None:
    rules = RuleSet(accounts=CHART, categories={3: Rule(name="Aluguel", unresolved=("Aluguéis",))})
    found, problems = classify_title(payable(), rules)
    assert found.chart_account is None
    assert [problem.params for problem in problems] == [{"bling_name": "Aluguel", "name": "Aluguéis"}]


def test_a_mapping_that_only_names_a_cost_center_leaves_the_account_to_the_name() -> None:
    found, problems = classify("Aluguel", Rule(cost_center=OFFICE))
    assert (found.chart_account, found.cost_center, found.rule, problems) == ("3.1", "10", "name", [])


def test_a_title_without_category_is_classified_by_its_own_mapping_row_only() -> None:
    assert classify("(sem categoria)", bling_id=0)[1] == [Reason.CATEGORY_MISSING]
    assert classify("Aluguel", bling_id=0)[1] == [Reason.CATEGORY_MISSING]
    assert classify("(sem categoria)", Rule(chart_account=RENT), bling_id=0)[0].chart_account == "3.1"


@pytest.mark.parametrize(
    ("rule", "defaults", "cost_center", "unit"),
    [
        (None, NOTHING, None, None),
        (None, Rule(cost_center=OFFICE, business_unit=UNIT), "10", "20"),
        (Rule(cost_center=OFFICE), Rule(business_unit=UNIT), "10", "20"),
        (Rule(cost_center=Target("12", "Comercial")), Rule(cost_center=OFFICE), "12", None),
    ],
)
def test_cost_center_and_unit_come_from_the_mapping_then_from_the_connection(
    rule: Rule | None, defaults: Rule, cost_center: str | None, unit: str | None
) -> None:
    found, problems = classify("Aluguel", rule, defaults=defaults)
    assert (found.cost_center, found.business_unit, problems) == (cost_center, unit, [])


def test_an_inactive_cost_center_holds_the_title_back() -> None:
    _found, problems = classify("Aluguel", Rule(cost_center=CLOSED_OFFICE))
    assert problems == [Reason.ACCOUNT_NOT_USABLE]


BANK = Target("1.1", "Banco do Brasil")
CLOSED_BANK = Target("1.2", "Itaú", active=False)
BANKS = TargetIndex([BANK, CLOSED_BANK, Target("1.3", "Caixa"), Target("1.4", "caixa")])


@pytest.mark.parametrize(
    ("register", "rule", "account", "codes"),
    [
        (Register(5, "banco do brasil"), None, "1.1", []),
        (Register(5, "Mercado Pago"), Rule(bank_account=BANK), "1.1", []),
        (Register(5, "banco do brasil"), NOTHING, "1.1", []),
        (Register(5, "Mercado Pago"), None, None, [Reason.BANK_ACCOUNT_UNMAPPED]),
        (Register(5, "Itaú"), None, None, [Reason.BANK_ACCOUNT_NOT_USABLE]),
        (Register(5, "Caixa"), None, None, [Reason.BANK_ACCOUNT_AMBIGUOUS]),
        (Register(5, "Caixa"), Rule(bank_account=CLOSED_BANK), None, [Reason.BANK_ACCOUNT_NOT_USABLE]),
        (Register(5, "Banco do Brasil"), Rule(unresolved=("BB",)), None, [Reason.BANK_ACCOUNT_UNMAPPED]),
        (Register(0, "(sem conta)"), None, None, [Reason.BANK_ACCOUNT_MISSING]),
        (Register(0, "(sem conta)"), Rule(bank_account=BANK), "1.1", []),
    ],
)
def test_bank_account(register: Register, rule: Rule | None, account: str | None, codes: list[Any]) -> None:
    rules = {} if rule is None else {register.bling_id: rule}
    found, problems = choose_bank_account(register, rules, BANKS)
    assert (found, [problem.code for problem in problems]) == (account, codes)


@pytest.mark.parametrize(
    ("register", "rule"),
    [
        (Register(5, "Mercado Pago"), None),
        (Register(5, "Caixa"), None),
        (Register(0, ""), None),
        (Register(5, "Caixa"), Rule(bank_account=CLOSED_BANK)),
    ],
)
def test_a_missing_bank_account_holds_back_the_settlement_only(register: Register, rule: Rule | None) -> None:
    rules = {} if rule is None else {register.bling_id: rule}
    _account, problems = choose_bank_account(register, rules, BANKS)
    assert {problem.holds for problem in problems} == {Holds.SETTLEMENT}


@pytest.mark.parametrize(
    ("direction", "account"), [(Direction.PAYABLE, "6.1"), (Direction.RECEIVABLE, "6.2")]
)  # fmt: skip
def test_of_two_namesakes_the_one_that_fits_the_direction_is_meant(direction: Direction, account: str) -> None:
    chart = TargetIndex([Target("6.1", "Juros", nature="expense"), Target("6.2", "juros", nature="income")])
    found, problems = classify_title(payable(direction=direction, category=Register(3, "Juros")), RuleSet(chart))
    assert (found.chart_account, problems) == (account, [])


INCOME = Target("6.2", "Juros", nature="income")
IDLE = Target("6.3", "juros", active=False)
HEADING = Target("6", "Juros", takes_postings=False)


@pytest.mark.parametrize(
    ("namesakes", "why"),
    [
        ([INCOME], Reason.ACCOUNT_WRONG_DIRECTION),
        ([HEADING], Reason.ACCOUNT_IS_GROUP),
        ([IDLE], Reason.ACCOUNT_INACTIVE),
        ([IDLE, HEADING, INCOME], Reason.ACCOUNT_WRONG_DIRECTION),
        ([IDLE, HEADING], Reason.ACCOUNT_IS_GROUP),
        ([], Reason.CATEGORY_UNMAPPED),
    ],
)
def test_a_namesake_that_cannot_be_used_says_why(namesakes: list[Target], why: Reason) -> None:
    found, problems = classify_title(payable(category=Register(3, "Juros")), RuleSet(TargetIndex(namesakes)))
    assert (found.chart_account, [problem.code for problem in problems]) == (None, [why])
