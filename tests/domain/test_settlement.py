from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.domain.reasons import Problem, Reason
from integrations.domain.settlement import READINGS, PaidAmount, PaymentFacts, Reading, as_one, match_payments, settle
from integrations.domain.titles import BorderoFacts, BorderoLine, Direction, TitleFacts
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


def match(
    title: TitleFacts, *borderos: BorderoFacts, alone: Collection[int] = ()
) -> tuple[list[Decimal], list[Reason]]:
    payments, problems = match_payments(title, borderos, alone)
    return [payment.amount for payment in payments], [problem.code for problem in problems]


AMBIGUOUS = [Reason.PAYMENT_AMBIGUOUS]
OTHER_CONTACT = 8


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        pytest.param([line()], "100.00", id="the only line, same contact"),
        pytest.param([line(document_number="")], "100.00", id="the only line, without a number"),
        pytest.param([line(document_number="NF 99")], "100.00", id="the only line, renumbered since"),
        pytest.param([line(), line("50.00", document_number="NF 11")], "100.00", id="told apart by number"),
        pytest.param([line(), line("50.00", contact_id=OTHER_CONTACT)], "100.00", id="told apart by contact"),
        pytest.param([line("50.00"), line(document_number="NF 11")], "50.00", id="the number goes before the amount"),
        pytest.param([line("120.00", document_number="")], None, id="the only line, more than was paid"),
        pytest.param([line("104.00", interest="5.00", document_number="")], "104.00", id="the only line, maybe less"),
        pytest.param([line("50.00", document_number="NF 99")], None, id="the only line, other number and amount"),
        pytest.param(
            [line("40.00"), line("60.00"), line(document_number="NF 99")], None, id="the amount under another number"
        ),
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
        pytest.param([], None, id="no line at all"),
    ],
)
def test_one_bordero(lines: Sequence[BorderoLine], found: str | None) -> None:
    expected = ([], AMBIGUOUS) if found is None else ([money(found)], [])
    assert match(paid_title(), bordero(*lines)) == expected
    assert match(paid_title(), bordero(*lines), alone={1}) == expected, "no other title names it"


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


NOBODY = 0


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        pytest.param([line(contact_id=OTHER_CONTACT)], "100.00", id="of somebody else, same number"),
        pytest.param([line(contact_id=NOBODY)], "100.00", id="of nobody"),
        pytest.param([line(contact_id=OTHER_CONTACT, document_number="")], "100.00", id="without a number"),
        pytest.param([line("98.00", contact_id=8, discount="2.00")], "98.00", id="in some reading"),
        pytest.param([line(contact_id=8), line("50.00", contact_id=9)], "100.00", id="alone with its amount"),
        pytest.param([line(contact_id=OTHER_CONTACT, document_number="NF 99")], None, id="of another number"),
        pytest.param([line(contact_id=8), line(contact_id=9)], None, id="two of that amount"),
        pytest.param([line("50.00", contact_id=8), line("50.00", contact_id=9)], None, id="none of that amount"),
        pytest.param([line("50.00", document_number="A"), line(contact_id=8)], None, id="one of this contact"),
    ],
)
def test_a_bordero_of_one_title_may_name_another_contact(lines: Sequence[BorderoLine], found: str | None) -> None:
    paid = bordero(*lines)
    payments, problems = match_payments(paid_title(), [paid], {paid.bling_id})
    assert [payment.amount for payment in payments] == ([] if found is None else [money(found)])
    assert bool(problems) == (found is None)
    assert not any(payment.amount == money("100.00") for payment in match_payments(paid_title(), [paid])[0])


def test_nor_does_it_without_a_balance_or_with_another_bordero() -> None:
    paid = bordero(line(contact_id=OTHER_CONTACT))
    for title in (paid_title(balance=None), paid_title(bordero_ids=(paid.bling_id, 999))):
        assert match_payments(title, [paid], {paid.bling_id})[0] == []


@pytest.mark.parametrize(("contacts", "shown"), [([8], "8"), ([9, 8, 8], "8, 9"), ([NOBODY], "–"), ([8, NOBODY], "8")])
def test_a_person_is_told_whom_the_payment_names(contacts: list[int], shown: str) -> None:
    _payments, [problem] = match_payments(paid_title(), [bordero(*(line(contact_id=each) for each in contacts))])
    assert problem.code is Reason.PAYMENT_OF_OTHERS
    assert problem.params["contacts"] == shown


def test_without_a_balance_amounts_decide_nothing() -> None:
    title = paid_title(balance=None)
    assert match(title, bordero(line(), line("50.00"))) == ([], AMBIGUOUS)
    assert match(title, bordero(line("120.00", document_number=""))) == ([money("120.00")], []), "the only line"


def test_of_a_partial_title_the_line_with_what_was_paid_so_far_is_meant() -> None:
    title = paid_title(status_number=PARTIAL, balance=money("60.00"))
    assert match(title, bordero(line("40.00"), line("160.00"))) == ([money("40.00")], [])


def test_an_empty_number_tells_no_line_apart() -> None:
    lines = [line("50.00", document_number=""), line("30.00", document_number="A")]
    assert match(paid_title(document_number=""), bordero(*lines)) == ([], AMBIGUOUS)


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        pytest.param(line("60.00", document_number=""), (["40.00", "60.00"], []), id="both without a number"),
        pytest.param(line("100.00", document_number=""), (["40.00", "100.00"], []), id="more than is owed in sum"),
        pytest.param(line("100.01", document_number=""), (["40.00"], AMBIGUOUS), id="one is more than was paid"),
        pytest.param(line("100.00", document_number="NF 99"), (["40.00"], AMBIGUOUS), id="another number"),
    ],
)
def test_the_only_lines_of_two_borderos(second: BorderoLine, expected: tuple[list[str], list[Reason]]) -> None:
    first = bordero(line("40.00", document_number=""))
    amounts, problems = match(paid_title(bordero_ids=(1, 2)), first, bordero(second, bling_id=2))
    assert ([str(amount) for amount in amounts], problems) == expected


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


@pytest.mark.parametrize(("balance", "shown"), [("60.00", "60.00"), (None, "–")])
def test_a_partial_title_keeps_its_full_value_and_says_so(balance: str | None, shown: str) -> None:
    title = paid_title(status_number=PARTIAL, balance=balance and money(balance))
    settlement, problems = settle(title, [payment("40.00")], [])
    assert settlement is None
    assert problems == [Problem(Reason.PARTIALLY_PAID, {"paid": "40.00", "balance": shown})]


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
    ("changes", "amount"),
    [
        pytest.param({"amount": "100.00", "interest": "3.50"}, "103.50", id="interest beside the principal"),
        pytest.param({"amount": "103.50", "interest": "3.50"}, "103.50", id="interest inside"),
        pytest.param({"amount": "102.00", "surcharge": "2.00"}, "102.00", id="surcharge inside"),
        pytest.param({"amount": "99.00", "discount": "1.00"}, "99.00", id="discount taken off"),
        pytest.param({"amount": "100.00", "discount": "1.00"}, "99.00", id="discount beside the principal"),
        pytest.param({"amount": "98.00", "fee": "2.00"}, "98.00", id="fee taken off"),
        pytest.param({"amount": "100.00", "fee": "2.00"}, "98.00", id="fee beside the principal"),
        pytest.param({"amount": "99.00", "interest": "3.50", "discount": "1.00"}, "102.50", id="only discount off"),
        *(
            pytest.param({"amount": amount, "interest": "3.50", "discount": "1.00", "fee": "2.00"}, "100.50", id=name)
            for amount, name in (
                ("100.50", "all at once"),
                ("99.00", "all three, only discount off"),
                ("98.00", "all three, only fee off"),
                ("97.00", "all three, discount and fee off"),
            )
        ),
    ],
)
def test_the_reading_that_makes_what_is_owed_gives_the_money_that_moved(changes: dict[str, str], amount: str) -> None:
    title = paid_title(direction=Direction.RECEIVABLE)
    assert settle_codes(title, payment(**changes)) == (money(amount), [])


def test_interest_surcharge_discount_and_fee_are_in_the_money_that_moved() -> None:
    extras = {"interest": "6.00", "surcharge": "1.00", "discount": "0.50", "fee": "2.50"}
    title = paid_title(value=money("300.00"), direction=Direction.RECEIVABLE)
    assert settle_codes(title, payment("300.00", **extras)) == (money("304.00"), [])


@pytest.mark.parametrize(
    ("value", "changes", "reason"),
    [
        ("100.00", {"amount": "60.00", "fee": "50.00"}, Reason.PAYMENTS_DO_NOT_ADD_UP),
        ("1000.00", {"amount": "990.00", "discount": "5.00", "fee": "8.00"}, Reason.PAYMENTS_DO_NOT_ADD_UP),
        ("100.00", {"amount": "98.00", "interest": "1.00", "discount": "5.00"}, Reason.PAYMENTS_DO_NOT_ADD_UP),
        ("100.00", {"amount": "104.00", "interest": "5.00"}, Reason.PAYMENTS_DO_NOT_ADD_UP),
        ("100.00", {"amount": "103.00", "fee": "5.00"}, Reason.OVERPAID),
        ("100.00", {"amount": "110.00", "interest": "5.00"}, Reason.OVERPAID),
    ],
)
@pytest.mark.parametrize("direction", list(Direction))
def test_only_what_is_more_in_every_reading_is_overpaid(
    value: str, changes: dict[str, str], reason: Reason, direction: Direction
) -> None:
    amount, codes = settle_codes(paid_title(value=money(value), direction=direction), payment(**changes))
    assert codes == [reason]
    assert amount == (money(changes["amount"]) if reason is Reason.OVERPAID else None)


@pytest.mark.parametrize(
    ("meaning", "changes", "amount", "codes"),
    [
        (PaidAmount.PRINCIPAL, {"amount": "100.00", "fee": "2.00"}, "98.00", []),
        (PaidAmount.PRINCIPAL, {"amount": "103.50", "interest": "3.50"}, "107.00", [Reason.OVERPAID]),
        (PaidAmount.PRINCIPAL, {"amount": "99.00", "discount": "1.00"}, None, [Reason.PAYMENTS_DO_NOT_ADD_UP]),
        (PaidAmount.NET, {"amount": "103.50", "interest": "3.50"}, "103.50", []),
        (PaidAmount.NET, {"amount": "98.00", "fee": "2.00"}, "98.00", []),
        (PaidAmount.NET, {"amount": "100.00", "interest": "3.50"}, None, [Reason.PAYMENTS_DO_NOT_ADD_UP]),
        (PaidAmount.NET, {"amount": "108.00", "interest": "3.50"}, "108.00", [Reason.OVERPAID]),
    ],
)
def test_what_the_company_says_of_the_paid_amount_decides(
    meaning: PaidAmount, changes: dict[str, str], amount: str | None, codes: list[Reason]
) -> None:
    settlement, problems = settle(paid_title(), [payment(**changes)], [], meaning)
    assert [problem.code for problem in problems] == codes
    assert (settlement and settlement.amount) == (money(amount) if amount else None)


def test_the_fee_of_a_payable_waits_for_what_the_company_says() -> None:
    beside, taken_off = payment("100.00", fee="2.00"), payment("98.00", fee="2.00")
    assert settle_codes(paid_title(), beside) == (None, [Reason.PAID_AMOUNT_UNSURE])
    assert settle_codes(paid_title(), taken_off) == (money("98.00"), [])
    assert settle(paid_title(), [beside], [], PaidAmount.PRINCIPAL)[1] == []


@given(amounts, extras, extras, extras, extras, st.sampled_from(READINGS[PaidAmount.UNKNOWN]))
def test_the_money_that_moved_is_the_same_whichever_reading_fits(
    owed: Decimal, interest: Decimal, discount: Decimal, surcharge: Decimal, fee: Decimal, reading: Reading
) -> None:
    nothing = PaymentFacts(1, PAID_ON, 5, Decimal(0), interest, discount, surcharge, fee)
    paid = replace(nothing, amount=owed - reading.principal(nothing))
    title = paid_title(value=owed, direction=Direction.RECEIVABLE)
    settlement, problems = settle(title, [paid], [])
    expected = owed + interest + surcharge - discount - fee
    if expected > 0 and paid.amount > 0:
        assert (settlement and settlement.amount, problems) == (expected, [])
    else:
        assert [problem.code for problem in problems] == [Reason.PAYMENTS_DO_NOT_ADD_UP]


def test_problems_of_matching_keep_the_settlement_back() -> None:
    ambiguous = Problem(Reason.PAYMENT_AMBIGUOUS, {"bordero": "1"})
    assert settle(paid_title(), [payment()], [ambiguous]) == (None, [ambiguous])


@given(
    value=amounts,
    parts=st.lists(st.tuples(amounts, extras, extras, extras, extras), min_size=1, max_size=4),
    balance=st.none() | extras,
    meaning=st.sampled_from(PaidAmount),
    direction=st.sampled_from(Direction),
)
def test_a_settlement_is_proved_by_a_reading_or_is_more_in_every_one(
    value: Decimal, parts: list[tuple[Decimal, ...]], balance: Decimal | None, meaning: PaidAmount, direction: Direction
) -> None:
    payments = [PaymentFacts(place, PAID_ON, 5, *part) for place, part in enumerate(parts)]
    title = paid_title(value=value, balance=balance, bordero_ids=tuple(range(len(parts))), direction=direction)
    settlement, problems = settle(title, payments, [], meaning)
    codes, owed, whole = [problem.code for problem in problems], value - (balance or Decimal(0)), as_one(payments)
    values = {reading.principal(whole) for reading in READINGS[meaning]}
    if settlement is None:
        assert codes in ([Reason.PAYMENTS_DO_NOT_ADD_UP], [Reason.PAID_AMOUNT_UNSURE])
    elif codes == [Reason.OVERPAID]:
        assert min(values) > owed
    else:
        assert owed in values
        extra = whole.interest + whole.surcharge - whole.discount - whole.fee
        assert settlement.amount == owed + extra > 0
