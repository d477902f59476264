from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.domain.reasons import Problem, Reason
from integrations.domain.settlement import PaidAmount, PaymentFacts
from integrations.domain.splitting import Split, desire_part, differs, split
from integrations.domain.titles import Direction, TitleFacts
from tests.domain.builders import CONFIRMED, OPEN, PAID_ON, PARTIAL, amounts, desired, extras, money, paid_title

DAY = timedelta(days=1)


def paid(bordero_id: int, amount: str, day: int = 0, account_id: int = 5, **extra: str) -> PaymentFacts:
    values = {name: Decimal(value) for name, value in extra.items()}
    return PaymentFacts(bordero_id, PAID_ON + day * DAY, account_id, Decimal(amount), **values)


def of(*payments: PaymentFacts, gone: tuple[int, ...] = (), **changes: Any) -> TitleFacts:
    """A settled title of 100.00 with these payments; `balance` makes it a partly paid one."""
    if "balance" in changes:
        changes = {"status_number": PARTIAL, **changes, "balance": money(changes["balance"])}
    return paid_title(bordero_ids=tuple(p.bordero_id for p in payments if p.bordero_id not in gone), **changes)


def told(
    title: TitleFacts,
    *payments: PaymentFacts,
    existing: dict[int, str] | None = None,
    divides: bool = True,
    **more: Any,
) -> tuple[Any, ...]:
    """Return rest, values of new parts by borderô, what settles the title itself, and the problems' codes."""
    values = {key: money(value) for key, value in (existing or {}).items()}
    options: dict[str, Any] = {"closed_until": None, **more}
    found, problems = split(title, payments, options.pop("problems", []), values, divides=divides, **options)
    codes = [problem.code.value for problem in problems]
    if found is None:
        return None, codes
    parts = {part.payment.bordero_id: str(part.value) for part in found.parts}
    return str(found.rest), parts, str(found.settlement.amount) if found.settlement else None, codes


A, B, C = paid(1, "40.00"), paid(2, "60.00", day=2), paid(3, "25.00", day=3)


@pytest.mark.parametrize(
    ("title", "payments", "existing", "expected"),
    [
        pytest.param(of(A, balance="60.00"), [A], {}, ("60.00", {1: "40.00"}, None, []), id="one partial payment"),
        pytest.param(of(A, B), [A, B], {}, ("60.00", {1: "40.00"}, "60.00", []), id="paid on two days"),
        pytest.param(of(A, B), [A, B], {1: "40.00"}, ("60.00", {}, "60.00", []), id="the rest after a part"),
        pytest.param(
            of(A, paid(2, "60.00", account_id=6)), [A, paid(2, "60.00", account_id=6)], {},
            ("60.00", {1: "40.00"}, "60.00", []), id="one day, two accounts",
        ),
        pytest.param(of(A, paid(2, "60.00")), [A, paid(2, "60.00")], {}, (None, []), id="one day, one account"),
        pytest.param(of(paid(1, "100.00")), [paid(1, "100.00")], {}, (None, []), id="one payment: one title"),
        pytest.param(
            of(A, C, balance="35.00"), [A, C], {1: "40.00"}, ("35.00", {3: "25.00"}, None, []), id="a second part",
        ),
        pytest.param(
            of(A, balance="60.00", gone=(1,)), [], {1: "40.00"}, ("60.00", {}, None, ["part_reversed"]), id="reversed",
        ),
        pytest.param(
            of(A, balance="70.00"), [A], {}, ("100.00", {}, None, ["payments_do_not_add_up"]), id="does not add up",
        ),
        pytest.param(
            of(paid(1, "43.00", interest="3.00"), balance="60.00"), [paid(1, "43.00", interest="3.00")], {},
            ("60.00", {1: "40.00"}, None, []), id="interest inside",
        ),
        pytest.param(
            of(paid(1, "38.00", discount="2.00"), balance="60.00"), [paid(1, "38.00", discount="2.00")], {},
            ("60.00", {1: "40.00"}, None, []), id="discount",
        ),
        pytest.param(
            of(paid(1, "38.50", fee="1.50"), balance="60.00"), [paid(1, "38.50", fee="1.50")], {},
            ("60.00", {1: "40.00"}, None, []), id="fee taken off",
        ),
        pytest.param(
            of(A, paid(2, "75.00", day=2)), [A, paid(2, "75.00", day=2)], {},
            ("60.00", {1: "40.00"}, "75.00", ["overpaid"]), id="overpaid by the last payment",
        ),
        pytest.param(
            of(paid(1, "110.00"), paid(2, "20.00", day=2)), [paid(1, "110.00"), paid(2, "20.00", day=2)], {},
            ("100.00", {}, None, ["payments_do_not_add_up"]), id="overpaid before the last payment",
        ),
        pytest.param(
            of(paid(1, "0.00", discount="40.00"), B), [paid(1, "0.00", discount="40.00"), B], {},
            ("100.00", {}, None, ["payments_do_not_add_up"]), id="a payment that moved no money",
        ),
        pytest.param(of(A, balance="60.00"), [A], {1: "40.00"}, ("60.00", {}, None, []), id="nothing new since"),
        pytest.param(
            of(A, value=money("40.00")), [A], {1: "40.00"}, ("0.00", {}, None, ["payments_do_not_add_up"]),
            id="nothing is left for the title",
        ),
        pytest.param(
            replace(of(A, B), balance=money("10.00")), [A, B], {},
            ("60.00", {1: "40.00"}, "60.00", []), id="paid, whatever balance is shown",
        ),
        pytest.param(
            replace(of(A, B), balance=None), [A, B], {}, ("100.00", {}, None, ["payments_do_not_add_up"]),
            id="paid, without a balance",
        ),
        pytest.param(
            replace(of(A, balance="60.00"), balance=None), [A], {},
            ("100.00", {}, None, ["payments_do_not_add_up"]), id="partly paid, without a balance",
        ),
        pytest.param(of(A, balance="60.00", status_number=OPEN), [A], {1: "40.00"}, ("60.00", {}, None, []), id="open"),
        pytest.param(of(A, status_number=CONFIRMED), [A], {}, (None, []), id="a status that says nothing of payments"),
    ],
)  # fmt: skip
def test_split(
    title: TitleFacts, payments: list[PaymentFacts], existing: dict[int, str], expected: tuple[Any, ...]
) -> None:
    assert told(title, *payments, existing=existing) == expected


TWO_WAYS = [paid(1, "63.00", interest="3.00", fee="3.00"), paid(2, "40.00", day=2, discount="3.00")]
"""As principals of 103.00 they are 63 + 40; as net amounts they are 60 + 43."""


@pytest.mark.parametrize(
    ("meaning", "parts", "codes"),
    [
        (PaidAmount.UNKNOWN, {}, ["paid_amount_unsure"]),
        (PaidAmount.PRINCIPAL, {1: ("63.00", "63.00")}, []),
        (PaidAmount.NET, {1: ("60.00", "60.00")}, []),
    ],
)
def test_payments_that_divide_a_title_in_two_ways_wait_for_what_the_company_says(
    meaning: PaidAmount, parts: dict[int, tuple[str, str]], codes: list[str]
) -> None:
    title = of(*TWO_WAYS, value=money("103.00"), direction=Direction.RECEIVABLE)
    found, problems = split(title, TWO_WAYS, [], {}, divides=True, closed_until=None, meaning=meaning)
    assert found is not None
    assert {part.payment.bordero_id: (str(part.value), str(part.amount)) for part in found.parts} == parts
    assert [problem.code.value for problem in problems] == codes
    assert found.rest + sum(part.value for part in found.parts) == title.value


def test_a_way_that_makes_a_payment_pay_nothing_off_is_none() -> None:
    """As net amounts these would be 0 and 43."""
    payments = [paid(1, "3.00", interest="3.00"), paid(2, "40.00", day=2, discount="3.00")]
    title = of(*payments, value=money("43.00"))
    assert told(title, *payments) == ("40.00", {1: "3.00"}, "37.00", [])
    in_sum = replace(title, value=money("40.00"))
    alone = [payments[0], paid(2, "40.00", day=2)]
    assert told(in_sum, *alone) == ("40.00", {}, None, ["payments_do_not_add_up"]), "nor is it overpaid"


def test_the_fee_of_a_payable_splits_nothing_until_its_company_says_what_it_is() -> None:
    payment = paid(1, "40.00", fee="1.50")
    title = of(payment, balance="60.00")
    assert told(title, payment) == ("100.00", {}, None, ["paid_amount_unsure"])
    assert told(title, payment, meaning=PaidAmount.PRINCIPAL) == ("60.00", {1: "40.00"}, None, [])
    one_of_two = [payment, paid(2, "20.00", day=1)]
    assert told(of(*one_of_two, balance="40.00"), *one_of_two)[3] == ["paid_amount_unsure"]


def test_a_part_less_than_its_payments_say_is_not_called_overpaid() -> None:
    payments = [A, paid(2, "58.00", day=2, discount="5.00")]
    assert told(of(*payments), *payments) == ("100.00", {}, None, ["payments_do_not_add_up"])


def test_the_money_that_moved_settles_part_and_rest() -> None:
    payments = [paid(1, "40.00", interest="2.00"), paid(2, "60.00", day=2, discount="1.00")]
    found, problems = split(of(*payments), payments, [], {}, divides=True, closed_until=None)
    assert found is not None
    assert (problems, found.rest) == ([], money("60.00"))
    assert [(part.value, part.amount) for part in found.parts] == [(money("40.00"), money("42.00"))]
    assert found.settlement is not None
    assert found.settlement.amount == money("59.00")
    sent = desire_part(desired(value=found.rest), of(*payments), found.parts[0], account="11", person_name="Ana")
    assert not differs(sent, payments, 1)
    assert differs(sent, [paid(1, "40.00", interest="3.00")], 1)
    older = replace(sent, payment=replace(sent.payment, amount=money("40.00")))  # type: ignore[type-var]
    assert not differs(older, payments, 1), "sent by 0.2"


def test_what_is_not_read_or_not_clear_splits_nothing() -> None:
    unclear = [Problem(Reason.PAYMENT_AMBIGUOUS, {"bordero": "2"})]
    assert told(of(A, B), A) == (None, [])
    assert told(of(A, B), A, existing={1: "40.00"}) == ("60.00", {}, None, ["payments_unread"])
    assert told(of(A, B), A, existing={1: "40.00"}, problems=unclear) == ("60.00", {}, None, ["payment_ambiguous"])
    assert told(of(A, B), A, B, problems=unclear) == (None, ["payment_ambiguous"])


def test_a_company_that_keeps_titles_whole_gets_no_new_part_and_keeps_the_old() -> None:
    assert told(of(A, B), A, B, divides=False) == (None, [])
    assert told(of(A, B), A, B, divides=False, existing={1: "40.00"}) == ("60.00", {}, None, [])


def test_a_payment_of_a_closed_month_splits_nothing() -> None:
    found = told(of(A, balance="60.00"), A, closed_until=PAID_ON)
    assert found == ("100.00", {}, None, ["closed_period_for_parts"])
    assert told(of(A, balance="60.00"), A, closed_until=PAID_ON - DAY)[3] == []
    assert told(of(A, B), A, B, closed_until=PAID_ON)[3] == ["closed_period_for_parts"], "one of two is"


def test_a_part_is_a_settled_title_with_its_own_code_and_note() -> None:
    payment = paid(9, "43.00", interest="3.00")
    found, _problems = split(of(payment, balance="60.00"), [payment], [], {}, divides=True, closed_until=None)
    assert isinstance(found, Split)
    main = desired(value=found.rest)
    part = desire_part(main, of(payment), found.parts[0], account="11", person_name="Ana")
    assert (part.code, part.value, part.status) == (f"{main.code}-9", money("40.00"), "settled")
    assert part.payment is not None
    assert (part.payment.amount, part.payment.account) == (money("43.00"), "11")
    assert part.note == "juros R$ 3,00"
    assert part.description.endswith(f"[Bling {main.code}-9]")
    assert differs(desired(), [payment], 9), "a part that Kamino shows as unpaid"


@pytest.mark.parametrize(
    ("sent", "now", "is_other"),
    [
        pytest.param(paid(9, "43.00", interest="3.00"), paid(9, "43.00", interest="3.00"), False, id="the same"),
        pytest.param(paid(9, "43.00", interest="3.00"), paid(9, "40.00", interest="3.00"), False, id="the same money"),
        pytest.param(paid(9, "43.00", interest="3.00"), paid(9, "44.00"), True, id="without its interest"),
        pytest.param(paid(9, "43.00", interest="3.00"), paid(9, "44.00", interest="3.00"), True, id="one real more"),
        pytest.param(paid(9, "43.00", interest="3.00"), paid(9, "44.00", interest="4.00"), True, id="other interest"),
        pytest.param(paid(9, "40.00"), paid(9, "50.00"), True, id="ten reais more"),
        pytest.param(paid(9, "40.00"), paid(9, "30.00"), True, id="ten reais less"),
        pytest.param(paid(9, "40.00"), paid(9, "40.00", day=1), True, id="another day"),
        pytest.param(paid(9, "40.00"), paid(8, "50.00"), False, id="not read now"),
    ],
)
def test_a_part_differs_as_soon_as_bling_shows_another_payment(
    sent: PaymentFacts, now: PaymentFacts, is_other: bool
) -> None:
    found, _problems = split(of(sent, balance="60.00"), [sent], [], {}, divides=True, closed_until=None)
    assert found is not None
    part = desire_part(desired(value=found.rest), of(sent), found.parts[0], account="11", person_name="Ana")
    assert differs(part, [A, now, B], 9) is is_other


@given(
    parts=st.lists(st.tuples(amounts, extras, extras), min_size=1, max_size=5),
    is_settled=st.booleans(),
    balance=amounts,
    known=st.integers(0, 5),
)
def test_the_parts_and_the_rest_always_make_up_the_title(
    parts: list[tuple[Decimal, Decimal, Decimal]], is_settled: bool, balance: Decimal, known: int
) -> None:
    payments = [
        PaymentFacts(place, PAID_ON + place * DAY, 5, amount + interest, interest=interest, fee=fee)
        for place, (amount, interest, fee) in enumerate(parts)
    ]
    principal = sum((amount for amount, _interest, _fee in parts), Decimal(0))
    open_money = Decimal(0) if is_settled else balance
    title = paid_title(
        value=principal + open_money, balance=open_money, bordero_ids=tuple(range(len(parts))),
        **({} if is_settled else {"status_number": PARTIAL}),
    )  # fmt: skip
    existing = {place: amount for place, (amount, _i, _f) in list(enumerate(parts))[: min(known, len(parts) - 1)]}
    found, problems = split(title, payments, [], existing, divides=True, closed_until=None)
    if found is None:
        assert (is_settled, len(parts)) == (True, 1)
        return
    made = sum((part.value for part in found.parts), Decimal(0)) + sum(existing.values(), Decimal(0))
    assert made + found.rest == title.value
    assert all(part.value > 0 for part in found.parts)
    if not problems:
        assert found.rest == (parts[-1][0] if is_settled else balance)
        assert not existing.keys() & {part.payment.bordero_id for part in found.parts}
