"""A title that is paid in Bling and settled in Kamino never looks reversed, whatever became of its payment."""

import pytest
from django.contrib.auth.models import User

from tests.flows.helpers import Company
from tests.flows.test_settlement_cases import PAID, SETTLED, VALUE, in_two, outcome_of, reversed_


@pytest.mark.parametrize("direction", ["payable", "receivable"])
def test_a_settled_title_whose_bank_account_was_switched_off_does_not_look_reversed(
    company: Company, user: User, direction: str
) -> None:
    title = company.add_title(direction, value=VALUE)
    company.bling.pay(title, account=company.bank)
    company.sync()
    [row] = [row for row in company.kamino.bank_accounts.values() if row["IDPlanoContaAtivo"] == company.kamino_bank]
    row["Ativo"] = False
    company.kamino.touch()
    company.forget_registers()
    company.sync()
    company.resync(title, user)
    assert outcome_of(company, direction, title) == SETTLED


def test_a_settled_title_that_shows_two_payments_since_does_not_look_reversed(company: Company, user: User) -> None:
    title = company.add_title("payable", value=VALUE)
    company.bling.pay(title, account=company.bank)
    company.sync()
    reversed_(company, title)
    in_two(1)(company, title)
    company.resync(title, user)
    found = outcome_of(company, "payable", title)
    assert (found.status, found.paid, found.state, found.problems) == (PAID, VALUE, "held", ("payments_several",))
