from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.domain.reasons import Problem, Reason
from integrations.domain.settlement import PaymentFacts, Settlement, match_payments, settle
from integrations.domain.titles import BorderoFacts, BorderoLine, TitleFacts
from tests.domain.builders import (
    CANCELLED,
    CONFIRMED,
    OPEN,
    PAID_ON,
    PARTIAL,
    RETURNED,
    amounts,
    bordero,
    extras,
    line,
    money,
    paid_title,
)


def match(title: TitleFacts, *borderos: BorderoFacts) -> tuple[list[Decimal], list[Reason]]:
    payments, problems = match_payments(title, borderos)
    return [payment.amount for payment in payments], [problem.code for problem in problems]


AMBIGUOUS = [Reason.PAYMENT_AMBIGUOUS]
OTHER_CONTACT = 8


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        pytest.param([line()], "100.00", id="the only line, same contact"),
        pytest.param([line(document_number="")], "100.00", id="the only line, without a number"),
        pytest.param([line(document_number="NF 99")], "100.00", id="the only line, renumbered since"),
        pytest.param([line(contact_id=OTHER_CONTACT)], None, id="the only line, of somebody else"),
        pytest.param([line(), line("50.00", document_number="NF 11")], "100.00", id="told apart by number"),
        pytest.param([line(), line("50.00", contact_id=OTHER_CONTACT)], "100.00", id="told apart by contact"),
        pytest.param([line(), line("50.00")], "100.00", id="one number, told apart by amount"),
        pytest.param([line(), line()], "100.00", id="interchangeable lines"),
        pytest.param([line("40.00"), line("60.00")], None, id="one number, no line has the amount"),
        pytest.param(
            [line(document_number="NF 11"), line("50.00", document_number="NF 12")], "100.00", id="amount, no number"
        ),
        pytest.param([line("98.00", document_number="A"), line("50.00", document_number="B")], None, id="nothing fits"),
        pytest.param(
            [line("103.50", interest="3.50", document_number=""), line("100.00", document_number="")],
            None,
            id="same principal, different money moved",
        ),
        pytest.param([line("50.00", contact_id=8), line("50.00", contact_id=9)], None, id="no line of this contact"),
        pytest.param([], None, id="no line at all"),
    ],
)
def test_one_bordero(lines: Sequence[BorderoLine], found: str | None) -> None:
    expected = ([], AMBIGUOUS) if found is None else ([money(found)], [])
    assert match(paid_title(), bordero(*lines)) == expected


@pytest.mark.parametrize(
    ("values", "numbers", "found"),
    [
        pytest.param(["10.00", "20.00", "30.00"], ["A", "B", "C"], True, id="different numbers"),
        pytest.param(["10.00", "20.00", "30.00"], ["", "", ""], True, id="no numbers, different values"),
        pytest.param(["10.00", "10.00", "10.00"], ["", "", ""], True, id="no numbers, equal values"),
        pytest.param(["10.00", "20.00", "30.00"], ["A", "A", "A"], True, id="one number, different values"),
        pytest.param(["10.00", "10.00", "30.00"], ["A", "A", ""], True, id="mixed"),
    ],
)
def test_each_title_of_a_common_bordero_gets_its_own_amount(values: list[str], numbers: list[str], found: bool) -> None:
    together = bordero(*(line(value, document_number=number) for value, number in zip(values, numbers, strict=True)))
    for value, number in zip(values, numbers, strict=True):
        title = paid_title(value=money(value), document_number=number)
        assert match(title, together) == ([money(value)], [])


@given(
    st.lists(st.tuples(amounts, st.sampled_from(["", "A", "B"])), min_size=1, max_size=6),
    st.booleans(),
)
def test_what_a_common_bordero_gives_to_its_titles_is_never_more_than_it_paid(
    paid: list[tuple[Decimal, str]], shares_contact: bool
) -> None:
    lines = [
        line(str(amount), document_number=number, contact_id=7 if shares_contact else 7 + place)
        for place, (amount, number) in enumerate(paid)
    ]
    total = Decimal(0)
    for place, (amount, number) in enumerate(paid):
        contact = 7 if shares_contact else 7 + place
        title = paid_title(value=amount, document_number=number, contact_id=contact)
        found, problems = match(title, bordero(*lines))
        assert found == [amount] or problems == AMBIGUOUS
        total += sum(found, Decimal(0))
    assert total <= sum(amount for amount, _number in paid)


def test_without_a_balance_amounts_decide_nothing() -> None:
    title = paid_title(balance=None)
    assert match(title, bordero(line(), line("50.00"))) == ([], AMBIGUOUS)


def test_with_two_borderos_an_amount_alone_decides_nothing() -> None:
    title = paid_title(bordero_ids=(1, 2), document_number="")
    lines = [line(document_number=""), line("50.00", document_number="")]
    assert match(title, bordero(*lines), bordero(*lines, bling_id=2)) == ([], AMBIGUOUS * 2)


def test_the_payment_carries_everything_that_the_line_says() -> None:
    only = line("103.50", interest="5.00", discount="1.00", surcharge="0.50", fee="2.00")
    payments, _problems = match_payments(paid_title(), [bordero(only)])
    assert payments == [
        PaymentFacts(1, PAID_ON, 5, money("103.50"), money("5.00"), money("1.00"), money("0.50"), money("2.00"))
    ]


def payment(amount: str = "100.00", **changes: Any) -> PaymentFacts:
    values: dict[str, Any] = {"bordero_id": 1, "date": PAID_ON, "account_id": 5}
    values |= {
        name: Decimal(value) if isinstance(value, str) else value
        for name, value in changes.items()
    }  # fmt: skip
    return PaymentFacts(amount=Decimal(amount), **values)


def settle_codes(title: TitleFacts, *payments: PaymentFacts) -> tuple[Decimal | None, list[Reason]]:
    settlement, problems = settle(title, payments, [])
    return settlement.amount if settlement else None, [problem.code for problem in problems]


@pytest.mark.parametrize("status", [OPEN, RETURNED, CANCELLED, CONFIRMED, 99])
def test_only_a_status_that_says_paid_settles(status: int) -> None:
    assert settle_codes(paid_title(status_number=status), payment()) == (None, [])


def test_a_partial_title_keeps_its_full_value_and_says_so() -> None:
    title = paid_title(status_number=PARTIAL, balance=money("60.00"))
    settlement, problems = settle(title, [payment("40.00")], [])
    assert settlement is None
    assert problems == [Problem(Reason.PARTIALLY_PAID, {"paid": "40.00", "balance": "60.00"})]


@pytest.mark.parametrize(
    ("title", "payments", "amount", "codes"),
    [
        (paid_title(bordero_ids=()), [], None, [Reason.PAYMENTS_MISSING]),
        (paid_title(bordero_ids=(1, 2)), [payment("50.00")], None, [Reason.PAYMENTS_UNREAD]),
        (paid_title(), [payment()], "100.00", []),
        (
            paid_title(bordero_ids=(1, 2)),
            [payment("50.00"), payment("50.00", bordero_id=2, date=PAID_ON + timedelta(days=1))],
            None,
            [Reason.PAYMENTS_SEVERAL],
        ),
        (
            paid_title(bordero_ids=(1, 2)),
            [payment("50.00"), payment("50.00", bordero_id=2, account_id=6)],
            None,
            [Reason.PAYMENTS_SEVERAL],
        ),
        (paid_title(bordero_ids=(1, 2)), [payment("50.00"), payment("50.00", bordero_id=2)], "100.00", []),
        (paid_title(), [payment("99.99")], None, [Reason.PAYMENTS_DO_NOT_ADD_UP]),
        (paid_title(), [payment("0.00")], None, [Reason.PAYMENTS_DO_NOT_ADD_UP]),
        (paid_title(), [payment("0.00", discount="100.00")], None, [Reason.PAYMENTS_DO_NOT_ADD_UP]),
        (paid_title(), [payment("120.00")], "120.00", [Reason.OVERPAID]),
        (paid_title(balance=None), [payment()], "100.00", []),
        (paid_title(balance=money("100.00")), [payment()], "100.00", [Reason.OVERPAID]),
    ],
)
def test_settlement(title: TitleFacts, payments: list[PaymentFacts], amount: str | None, codes: list[Reason]) -> None:
    expected = None if amount is None else money(amount)
    assert settle_codes(title, *payments) == (expected, codes)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"amount": "100.00", "interest": "3.50"}, id="interest beside the principal"),
        pytest.param({"amount": "103.50", "interest": "3.50"}, id="interest inside"),
        pytest.param({"amount": "102.00", "surcharge": "2.00"}, id="surcharge inside"),
        pytest.param({"amount": "99.00", "discount": "1.00"}, id="discount taken off"),
        pytest.param({"amount": "100.00", "discount": "1.00"}, id="discount beside the principal"),
        pytest.param({"amount": "98.00", "fee": "2.00"}, id="fee taken off"),
        pytest.param({"amount": "100.00", "fee": "2.00"}, id="fee beside the principal"),
        pytest.param({"amount": "100.50", "interest": "3.50", "discount": "1.00", "fee": "2.00"}, id="all at once"),
    ],
)
def test_every_reading_of_the_paid_amount_that_bling_leaves_open_is_accepted(changes: dict[str, str]) -> None:
    amount = changes.pop("amount")
    assert settle_codes(paid_title(), payment(amount, **changes)) == (money(amount), [])


def test_problems_of_matching_keep_the_settlement_back() -> None:
    ambiguous = Problem(Reason.PAYMENT_AMBIGUOUS, {"bordero": "1"})
    assert settle(paid_title(), [payment()], [ambiguous]) == (None, [ambiguous])


@given(
    value=amounts,
    parts=st.lists(st.tuples(amounts, extras, extras, extras, extras), min_size=1, max_size=4),
    balance=st.none() | extras,
)
def test_a_settlement_is_the_money_that_moved_and_never_less_than_owed(
    value: Decimal, parts: list[tuple[Decimal, ...]], balance: Decimal | None
) -> None:
    payments = [PaymentFacts(place, PAID_ON, 5, *part) for place, part in enumerate(parts)]
    title = paid_title(value=value, balance=balance, bordero_ids=tuple(range(len(parts))))
    settlement, problems = settle(title, payments, [])
    moved = sum((part[0] for part in parts), Decimal(0))
    if settlement is None:
        assert [problem.code for problem in problems] == [Reason.PAYMENTS_DO_NOT_ADD_UP]
        return
    assert isinstance(settlement, Settlement)
    assert settlement.amount == moved > 0
    owed = value - (balance or Decimal(0))
    assert moved + sum((part[2] + part[4] for part in parts), Decimal(0)) >= owed
