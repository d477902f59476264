"""Interest, discount, surcharge and fee: pages and reports show the same money on both sides."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User

from integrations.domain.settlement import PaidAmount, PaymentFacts, each_moved
from integrations.models import Discrepancy
from integrations.models.confidential import WHOLE
from integrations.pipeline.report.month import month_of
from integrations.pipeline.report.position import open_on, sums_of
from tests.admin.titles.test_answers import page_of
from tests.flows.helpers import Company
from tests.pipeline.compare.test_discrepancy_kinds import compare_again

EXTRAS = {"interest": "6.00", "surcharge": "1.00", "discount": "0.50"}


@pytest.mark.parametrize("direction", ["payable", "receivable"])
@pytest.mark.some(2)
def test_both_sides_show_the_money_that_moved(new_company: Callable[..., Company], user: User, direction: str) -> None:
    company = new_company("azul")
    company.bling.world.generous = True
    extras = {**EXTRAS, "fee": "2.50"} if direction == "receivable" else EXTRAS
    title = company.add_title(direction, value="300.00")
    company.sync()
    company.bling.pay(title, account=company.bank, **extras)
    company.sync()
    compare_again(company)
    moved = Decimal("304.00") if direction == "receivable" else Decimal("306.50")
    assert str(moved) in map(str, company.in_kamino(direction, title).values())
    month = month_of(company.tenant, company.bling.world.today.replace(day=1))
    assert [(row.bling, row.kamino) for row in month.settled.rows] == [(moved, moved)]
    assert month.settled.differences == ()
    assert sums_of(open_on(company.tenant, company.bling.world.today, WHOLE)) == []
    assert not Discrepancy.objects.filter(closed_at=None).exists()
    page = page_of(company, title, user)
    shown = f"{moved}".replace(".", ",")
    assert page.count(f"R$\u00a0{shown}") >= 2, "on both sides"
    assert "juros R$ 6,00" in page


def test_a_payment_of_an_earlier_month_is_no_part_of_this_one(company: Company) -> None:
    """The reading is that of all payments, whichever month is looked at."""
    company.split_payments()
    today = company.bling.world.today
    title = company.add_title("payable", value="100.00", issue=today - timedelta(days=70))
    company.sync()
    company.bling.pay(title, amount="40.00", date=today.replace(day=1) - timedelta(days=3), account=company.bank)
    company.bling.pay(title, amount="60.00", account=company.bank, interest="2.00")
    company.sync()
    company.sync()
    rows = month_of(company.tenant, today.replace(day=1)).settled.rows
    assert [(row.bling, row.kamino) for row in rows] == [(Decimal("62.00"), Decimal("62.00"))]


def paid(amount: str, **extras: Any) -> PaymentFacts:
    return PaymentFacts(
        1, date(2026, 3, 1), 1, Decimal(amount), **{name: Decimal(value) for name, value in extras.items()}
    )


@pytest.mark.parametrize(
    ("payments", "principal", "meaning", "expected"),
    [
        ([paid("300", interest="6")], "300", PaidAmount.UNKNOWN, ["306"]),
        ([paid("306", interest="6")], "300", PaidAmount.UNKNOWN, ["306"]),
        ([paid("306", interest="6")], "300", PaidAmount.NET, ["306"]),
        ([paid("40", interest="1"), paid("60", discount="2")], "100", PaidAmount.UNKNOWN, ["41", "58"]),
        ([paid("350", interest="6")], "300", PaidAmount.UNKNOWN, ["350"]),
        ([paid("350", interest="6")], "300", PaidAmount.PRINCIPAL, ["356"]),
        ([paid("300", interest="6")], None, PaidAmount.UNKNOWN, ["300"]),
        ([], "300", PaidAmount.UNKNOWN, []),
    ],
)
def test_what_each_payment_moved(
    payments: list[PaymentFacts], principal: str | None, meaning: PaidAmount, expected: list[str]
) -> None:
    owed = None if principal is None else Decimal(principal)
    assert each_moved(payments, owed, meaning) == [Decimal(amount) for amount in expected]
