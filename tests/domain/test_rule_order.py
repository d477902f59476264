"""Which row of the De/Para decides about a title, where several speak about it."""

from typing import Any

import pytest

from integrations.domain.classification import Classification, Register, Rule, Target
from integrations.domain.reasons import Holds, Problem, Reason
from integrations.domain.titles import Direction, SalesOrderFacts
from tests.domain.builders import title
from tests.domain.test_classification import CLOSED_OFFICE, ENERGY, OFFICE, RENT, UNIT, by_rules, payable

SALES, SHOP = Target("12", "Comercial"), Target("21", "Loja")
INCOME = Target("5.1", "Vendas", nature="income")
EXPENSE = Target("3.1", "Aluguel", nature="expense")
NO_CATEGORY = Register(0, "(sem categoria)")
TOLD = Classification("9.1", "99", "98", rule="kept")
ORDER = SalesOrderFacts(500, channel_id=40, unit_id=30)
A_CUSTOMER = {"direction": Direction.RECEIVABLE}


@pytest.mark.parametrize(("direction", "account"), [(Direction.PAYABLE, "3.2"), (Direction.RECEIVABLE, "3.1")])
def test_the_row_of_the_supplier_decides_about_payables_only(direction: Direction, account: str) -> None:
    rules: dict[str, Any] = {"suppliers": {7: Rule(chart_account=ENERGY)}, "categories": {3: Rule(chart_account=RENT)}}
    found, problems = by_rules(payable(direction=direction), **rules)
    assert (found.chart_account, found.rule, problems) == (
        account, "person" if account == "3.2" else "mapping", [],
    )  # fmt: skip


def test_the_row_of_another_customer_decides_nothing() -> None:
    found, _problems = by_rules(payable(**A_CUSTOMER), customers={8: Rule(chart_account=ENERGY)})
    assert (found.chart_account, found.rule) == ("3.1", "name")


def test_a_person_s_row_decides_what_it_names_and_leaves_the_rest() -> None:
    found, problems = by_rules(
        payable(), suppliers={7: Rule(cost_center=SALES)}, categories={3: Rule(cost_center=OFFICE, business_unit=UNIT)}
    )
    assert (found, problems) == (Classification("3.1", "12", "20", rule="name"), [])


@pytest.mark.parametrize(
    ("contact_category", "categories", "account", "rule", "codes"),
    [
        (Register(4, "Energia elétrica"), {0: Rule(chart_account=RENT)}, "3.2", "contact", []),
        (Register(4, "Brindes"), {4: Rule(chart_account=ENERGY), 0: Rule(chart_account=RENT)}, "3.2", "contact", []),
        (Register(4, "Brindes"), {0: Rule(chart_account=RENT)}, None, "", [Reason.CATEGORY_UNMAPPED]),
        (None, {0: Rule(chart_account=RENT)}, "3.1", "mapping", []),
        (None, {}, None, "", [Reason.CATEGORY_MISSING]),
    ],
)
def test_a_title_without_category_takes_its_contact_s_before_the_row_of_none(
    contact_category: Register | None, categories: dict[int, Rule], account: str | None, rule: str, codes: list[Any]
) -> None:
    subject = payable(category=NO_CATEGORY, contact_category=contact_category)
    found, problems = by_rules(subject, categories=categories)
    assert (found.chart_account, found.rule, problems) == (account, rule, codes)


def test_a_title_with_a_category_never_takes_its_contact_s() -> None:
    subject = payable(category=Register(3, "Brindes"), contact_category=Register(4, "Aluguel"))
    assert by_rules(subject)[1] == [Reason.CATEGORY_UNMAPPED]


@pytest.mark.parametrize(
    ("order", "cost_center", "unit"),
    [
        (ORDER, "12", "21"),
        (SalesOrderFacts(500, channel_id=40), "10", "21"),
        (SalesOrderFacts(500, unit_id=30), "12", "20"),
        (SalesOrderFacts(500), "11", "20"),
        (None, "11", "20"),
    ],
)
def test_cost_center_and_unit_come_from_the_order_s_unit_then_its_channel_then_the_default(
    order: SalesOrderFacts | None, cost_center: str, unit: str
) -> None:
    found, problems = by_rules(
        payable(order=order, **A_CUSTOMER),
        units={30: Rule(cost_center=SALES)},
        channels={40: Rule(cost_center=OFFICE, business_unit=SHOP)},
        defaults=Rule(cost_center=Target("11", "Geral"), business_unit=UNIT),
    )
    assert (found.cost_center, found.business_unit, problems) == (cost_center, unit, [])


def test_the_category_s_row_is_stronger_than_the_order_s() -> None:
    found, _problems = by_rules(
        payable(order=ORDER, **A_CUSTOMER),
        categories={3: Rule(cost_center=OFFICE)},
        units={30: Rule(cost_center=SALES, business_unit=SHOP)},
    )
    assert (found.cost_center, found.business_unit) == ("10", "21")


def test_an_order_s_row_that_names_something_unusable_holds_the_title_back() -> None:
    subject = payable(order=ORDER, **A_CUSTOMER)
    assert by_rules(subject, units={30: Rule(cost_center=CLOSED_OFFICE)})[1] == [Reason.ACCOUNT_NOT_USABLE]
    assert by_rules(subject, units={30: Rule(unresolved=("Lojas",))})[1] == [Reason.MAPPING_TARGET_UNKNOWN]


class TestBeforeTheOrderIsRead:
    """A title with a sales order behind it that nobody read yet."""

    def test_a_new_title_waits_where_the_order_decides(self) -> None:
        subject = payable(awaits_order=True, **A_CUSTOMER)
        assert by_rules(subject, channels={1: Rule(business_unit=SHOP)})[1] == [Reason.ORDER_UNREAD]

    @pytest.mark.parametrize(
        "rules",
        [
            {},
            {"channels": {1: Rule(business_unit=SHOP)}, "customers": {7: Rule(business_unit=UNIT)}},
            {"channels": {1: Rule(business_unit=SHOP)}, "categories": {3: Rule(business_unit=UNIT)}},
        ],
    )
    def test_it_waits_for_nothing_where_other_rows_decide(self, rules: dict[str, Any]) -> None:
        assert by_rules(payable(awaits_order=True, **A_CUSTOMER), **rules)[1] == []

    def test_one_that_kamino_has_keeps_what_it_was_told_meanwhile(self) -> None:
        subject = payable(awaits_order=True, sent=TOLD, **A_CUSTOMER)
        found, problems = by_rules(
            subject, channels={1: Rule(business_unit=SHOP)}, defaults=Rule(cost_center=OFFICE, business_unit=UNIT)
        )
        assert (found.cost_center, found.business_unit, problems) == ("10", "98", [])

    def test_the_problem_is_shown_and_holds_the_title(self) -> None:
        problem = Problem(Reason.ORDER_UNREAD)
        assert (problem.needs_human, problem.holds) == (True, Holds.TITLE)


@pytest.mark.parametrize(
    ("direction", "origin", "order"),
    [
        (Direction.RECEIVABLE, "venda", 500),
        (Direction.RECEIVABLE, "Venda", 500),
        (Direction.RECEIVABLE, "notafiscal", 0),
        (Direction.RECEIVABLE, "", 0),
        (Direction.PAYABLE, "venda", 0),
    ],
)
def test_only_a_receivable_of_a_sale_names_an_order(direction: Direction, origin: str, order: int) -> None:
    assert title(direction=direction, origin_kind=origin, origin_id=500).order_id == order


@pytest.mark.parametrize(
    ("direction", "account", "codes"),
    [
        (Direction.PAYABLE, EXPENSE, []),
        (Direction.PAYABLE, INCOME, [Reason.ACCOUNT_WRONG_DIRECTION]),
        (Direction.RECEIVABLE, INCOME, []),
        (Direction.RECEIVABLE, EXPENSE, [Reason.ACCOUNT_WRONG_DIRECTION]),
        (Direction.RECEIVABLE, ENERGY, []),
    ],
)
def test_a_mapping_must_fit_the_direction(direction: Direction, account: Target, codes: list[Any]) -> None:
    for rules in ({"categories": {3: Rule(chart_account=account)}}, _person_rules(account)):
        found, problems = by_rules(payable(direction=direction), **rules)
        assert problems == codes
        assert found.chart_account == (None if codes else account.kamino_id)


def _person_rules(account: Target) -> dict[str, Any]:
    rows = {7: Rule(chart_account=account)}
    return {"customers": rows, "suppliers": rows}


def test_what_people_chose_to_keep_is_kept_whatever_the_mappings_say() -> None:
    subject = payable(category=Register(3, "Brindes"), sent=TOLD, keeps_sent=True)
    assert by_rules(subject, categories={3: Rule(chart_account=INCOME, unresolved=("X",))}) == (TOLD, [])


def test_nothing_is_kept_of_a_title_that_kamino_never_got() -> None:
    assert by_rules(payable(keeps_sent=True))[0].chart_account == "3.1"
