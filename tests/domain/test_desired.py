from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.domain.classification import Classification
from integrations.domain.desired import (
    MAX_DESCRIPTION,
    DesiredPayment,
    DesiredTitle,
    Forced,
    Inputs,
    KaminoStatus,
    describe,
    desire,
)
from integrations.domain.reasons import Problem, Reason
from integrations.domain.rules import Filter, FilterKind, PayableNumber, Release, TenantRules
from integrations.domain.settlement import Settlement
from integrations.domain.titles import Direction, TitleFacts
from tests.domain.builders import (
    CANCELLED,
    CONFIRMED,
    DUE,
    OPEN,
    PAID_ON,
    PARTIAL,
    PARTLY_RETURNED,
    RETURNED,
    SETTLED,
    desired,
    desired_titles,
    inputs,
    money,
    neighbours,
    paid_title,
    settled,
    texts,
    title,
)


def wish(found: Inputs, *problems: Problem) -> tuple[DesiredTitle | None, list[Reason]]:
    result, all_problems = desire(found, problems)
    return result, [problem.code for problem in all_problems]


def test_an_open_title_is_wanted_as_bling_shows_it() -> None:
    result, problems = wish(inputs(title(direction=Direction.RECEIVABLE)))
    assert problems == []
    assert result == DesiredTitle(
        direction=Direction.RECEIVABLE,
        code="16000000469",
        description="Aluguel [Bling 16000000469]",
        document_number="NF 10",
        due_date=DUE,
        competence_date=date(2026, 2, 10),
        value=money("100.00"),
        chart_account="3.1",
        cost_center=None,
        business_unit=None,
        status=KaminoStatus.PENDING,
        person="7",
    )
    assert not result.settles


def test_no_money_moves_for_a_title_that_bling_shows_as_open() -> None:
    result, _problems = wish(inputs(settlement=Settlement(PAID_ON, 5, money("100.00")), payment_account="1.1"))
    assert result is not None
    assert (result.status, result.payment) == (KaminoStatus.PENDING, None)


@pytest.mark.parametrize(
    ("rest", "value", "codes"),
    [("60.00", "60.00", []), ("0.00", None, [Reason.VALUE_NOT_POSITIVE]), ("0.01", "0.01", [])],
)
def test_what_stays_when_payments_are_titles_of_their_own_is_the_value(
    rest: str, value: str | None, codes: list[Reason]
) -> None:
    result, problems = wish(inputs(rest=money(rest)))
    assert (result and str(result.value), problems) == (value, codes)


def test_a_paid_title_is_wanted_settled_with_the_money_that_moved() -> None:
    extras = Settlement(PAID_ON, 5, money("103.50"), interest=money("3.50"), fee=money("1.20"))
    result, problems = wish(inputs(paid_title(), settlement=extras))
    assert problems == []
    assert result is not None
    assert result.status is KaminoStatus.SETTLED
    assert result.payment == DesiredPayment(PAID_ON, money("103.50"), "1.1")
    assert result.settles
    assert result.note == "juros R$ 3,50; tarifa R$ 1,20"
    assert result.value == money("100.00")


@pytest.mark.parametrize("changes", [{"settlement": None}, {"payment_account": None}])
def test_a_settlement_that_waits_leaves_the_title_pending(changes: dict[str, Any]) -> None:
    waits = Problem(Reason.BANK_ACCOUNT_UNMAPPED, {"name": "Mercado Pago"})
    result, problems = wish(inputs(paid_title(), **changes), waits)
    assert problems == [Reason.BANK_ACCOUNT_UNMAPPED]
    assert result is not None
    assert (result.status, result.payment, result.note) == (KaminoStatus.PENDING, None, "")


@pytest.mark.parametrize("code", [Reason.BANK_ACCOUNT_NOT_USABLE, Reason.BANK_ACCOUNT_MISSING])
def test_what_became_of_the_account_undoes_no_settlement(code: Reason) -> None:
    sent = settled()
    assert sent.payment is not None
    same = {"settlement": Settlement(sent.payment.date, 5, sent.payment.amount), "payment_account": None}
    result, problems = wish(inputs(paid_title(), delivered=sent, **same), Problem(code))
    assert result is not None
    assert (result.status, result.payment, problems) == (KaminoStatus.SETTLED, sent.payment, [])
    other = replace(same["settlement"], date=sent.payment.date - timedelta(days=1))
    result, _problems = wish(inputs(paid_title(), delivered=sent, settlement=other, payment_account=None))
    assert result is not None
    assert result.payment == replace(sent.payment, date=other.date), "told as a difference"


def test_several_payments_undo_no_settlement() -> None:
    several = Problem(Reason.PAYMENTS_SEVERAL, {"count": "2"})
    paid = {"facts": paid_title(), "settlement": None}
    assert wish(inputs(**paid, delivered=settled()), several) == (None, [Reason.PAYMENTS_SEVERAL])
    for delivered in (None, desired()):
        result, _problems = wish(inputs(**paid, delivered=delivered), several)
        assert result is not None
        assert result.status is KaminoStatus.PENDING


NOBODY_KNOWS_HOW = [
    Reason.PAYMENTS_UNREAD,
    Reason.PAYMENTS_MISSING,
    Reason.PAYMENT_AMBIGUOUS,
    Reason.PAYMENT_OF_OTHERS,
    Reason.PAYMENTS_DO_NOT_ADD_UP,
    Reason.PAID_AMOUNT_UNSURE,
]


@pytest.mark.parametrize("code", NOBODY_KNOWS_HOW)
def test_what_was_paid_in_a_way_nobody_knows_is_neither_new_and_open_nor_reversed(code: Reason) -> None:
    paid = {"facts": paid_title(), "settlement": None}
    for delivered in (None, settled()):
        assert wish(inputs(**paid, delivered=delivered), Problem(code)) == (None, [code])
    for stays in (inputs(**paid, delivered=desired()), inputs(title(status_number=PARTIAL))):
        result, _problems = wish(stays, Problem(code))
        assert result is not None
        assert result.status is KaminoStatus.PENDING
    ordered, _problems = wish(inputs(**paid, forced=FORCED), Problem(code))
    assert ordered is not None
    assert ordered.payment == FORCED.payment


@pytest.mark.parametrize("status", [OPEN, PARTIAL, CONFIRMED])
def test_a_title_that_expects_money_is_pending_with_its_full_value(status: int) -> None:
    result, problems = wish(inputs(title(status_number=status, balance=money("10.00"))))
    assert problems == []
    assert result is not None
    assert (result.status, result.value) == (KaminoStatus.PENDING, money("100.00"))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"status_number": RETURNED}, Reason.STATUS_RETURNED),
        ({"status_number": PARTLY_RETURNED}, Reason.STATUS_RETURNED),
        ({"status_number": 0}, Reason.STATUS_UNKNOWN),
        ({"status_number": 8}, Reason.STATUS_UNKNOWN),
        ({"value": Decimal("0.00")}, Reason.VALUE_NOT_POSITIVE),
        ({"value": Decimal("-5.00")}, Reason.VALUE_NOT_POSITIVE),
        ({"contact_id": 0}, Reason.PERSON_MISSING),
    ],
)
@pytest.mark.parametrize("delivered", [None, desired(), settled()])
def test_what_the_rules_refuse_changes_nothing_in_kamino(
    changes: dict[str, Any], code: Reason, delivered: DesiredTitle | None
) -> None:
    result, problems = wish(inputs(title(**changes), delivered=delivered))
    assert result is None
    assert code in problems


def test_a_blocking_problem_found_earlier_holds_the_title() -> None:
    unmapped = Problem(Reason.CATEGORY_UNMAPPED, {"name": "Brindes"})
    assert wish(inputs(classification=Classification()), unmapped) == (None, [Reason.CATEGORY_UNMAPPED])
    assert wish(inputs(classification=Classification())) == (None, []), "nor is it sent where nobody says why"


@pytest.mark.parametrize(
    ("direction", "rules", "is_wanted"),
    [
        (Direction.PAYABLE, TenantRules(None, payables=False), False),
        (Direction.RECEIVABLE, TenantRules(None, payables=False), True),
        (Direction.RECEIVABLE, TenantRules(None, receivables=False), False),
        (Direction.PAYABLE, TenantRules(None, receivables=False), True),
    ],
)
@pytest.mark.parametrize("delivered", [None, desired()])
def test_a_filtered_direction_is_neither_sent_nor_cancelled(
    direction: Direction, rules: TenantRules, is_wanted: bool, delivered: DesiredTitle | None
) -> None:
    for status in (OPEN, CANCELLED):
        result, problems = wish(
            inputs(title(direction=direction, status_number=status), rules=rules, delivered=delivered)
        )
        if not is_wanted:
            assert result is None
            assert problems
        elif status == OPEN:
            assert result is not None


NOT_3 = TenantRules(None, filters={FilterKind.CATEGORY: Filter(exclude=frozenset({3}))})
NOT_TYPE_9 = TenantRules(None, filters={FilterKind.CONTACT_TYPE: Filter(exclude=frozenset({9}))})


@pytest.mark.parametrize(
    ("facts", "rules", "code"),
    [
        (title(), NOT_3, Reason.FILTERED),
        (title(), NOT_TYPE_9, Reason.FILTERED),
        (
            title(direction=Direction.RECEIVABLE, origin_kind="nfe", origin_status=1),
            TenantRules(None, release=Release.AUTHORISED),
            Reason.AWAITING_RELEASE,
        ),
    ],
)
def test_what_a_company_does_not_want_is_not_sent_and_what_kamino_has_is_kept_equal(
    facts: TitleFacts, rules: TenantRules, code: Reason
) -> None:
    contact = {"contact_types": frozenset({9})}
    assert wish(inputs(facts, rules=rules, **contact)) == (None, [code])
    result, problems = wish(inputs(facts, rules=rules, delivered=desired(value=money("90.00")), **contact))
    assert result is not None
    assert (result.value, problems) == (money("100.00"), [])


# Cancelled and deleted


def test_a_title_cancelled_before_it_was_sent_is_nothing_to_do() -> None:
    unmapped = Problem(Reason.CATEGORY_UNMAPPED, {"name": "Brindes"})
    assert wish(inputs(title(status_number=CANCELLED)), unmapped) == (None, [Reason.CANCELLED_BEFORE_SENDING])


def test_a_cancelled_title_that_was_sent_is_cancelled_whatever_its_classification() -> None:
    unmapped = Problem(Reason.CATEGORY_UNMAPPED, {"name": "Brindes"})
    sent = desired(value=money("90.00"))
    result, problems = wish(
        inputs(title(status_number=CANCELLED, history="Outro"), delivered=sent, classification=Classification()),
        unmapped,
    )
    assert problems == []
    assert result == replace(sent, status=KaminoStatus.CANCELLED)


@pytest.mark.parametrize("delivered", [None, desired(), settled()])
def test_a_cancelled_title_with_money_on_it_is_never_cancelled_by_us(delivered: DesiredTitle | None) -> None:
    result, problems = wish(inputs(title(status_number=CANCELLED, bordero_ids=(1,)), delivered=delivered))
    assert result is None
    assert Reason.CANCELLED_WITH_PAYMENT in problems


def test_a_deleted_title_is_cancelled_like_a_cancelled_one() -> None:
    result, _problems = wish(inputs(deleted=True, delivered=desired()))
    assert result is not None
    assert result.status is KaminoStatus.CANCELLED
    assert wish(inputs(deleted=True)) == (None, [Reason.CANCELLED_BEFORE_SENDING])


@pytest.mark.parametrize(
    ("direction", "form", "sent"),
    [
        (Direction.PAYABLE, PayableNumber.TEXT, "NF 10/2"),
        (Direction.PAYABLE, PayableNumber.DIGITS, "102"),
        (Direction.PAYABLE, PayableNumber.LEFT_OUT, ""),
        (Direction.RECEIVABLE, PayableNumber.DIGITS, "NF 10/2"),
        (Direction.RECEIVABLE, PayableNumber.LEFT_OUT, "NF 10/2"),
    ],
)
def test_a_payable_s_number_is_written_as_kamino_takes_it(direction: Direction, form: PayableNumber, sent: str) -> None:
    facts = title(direction=direction, document_number="NF 10/2")
    result, _problems = wish(inputs(facts, rules=TenantRules(None, payable_number=form)))
    assert result is not None
    assert result.document_number == sent


# Forced settlements


FORCED = Forced(DesiredPayment(PAID_ON, money("99.00"), "1.7", forced=True), "juros R$ 1,50")


@pytest.mark.parametrize("status", [OPEN, PARTIAL, SETTLED])
def test_a_forced_settlement_prevails_over_what_bling_shows(status: int) -> None:
    result, problems = wish(inputs(title(status_number=status), forced=FORCED, settlement=None))
    assert problems == []
    assert result is not None
    assert (result.status, result.payment, result.note) == (KaminoStatus.SETTLED, FORCED.payment, FORCED.note)


@pytest.mark.parametrize(
    ("real", "is_order"),
    [
        (Settlement(PAID_ON, 5, money("99.00")), True),
        (Settlement(PAID_ON, 5, money("98.00")), False),
        (Settlement(PAID_ON + timedelta(days=1), 5, money("99.00")), False),
    ],
)
def test_bling_s_own_payment_counts_as_soon_as_it_differs_from_the_order(real: Settlement, is_order: bool) -> None:
    result, _problems = wish(inputs(paid_title(), forced=FORCED, settlement=real, payment_account="1.7"))
    assert result is not None
    assert result.payment is not None
    assert result.payment == (FORCED.payment if is_order else DesiredPayment(real.date, real.amount, "1.7"))
    assert result.note == (FORCED.note if is_order else "")


@pytest.mark.parametrize("status", [RETURNED, 42])
def test_a_forced_settlement_does_not_lift_a_refusal(status: int) -> None:
    assert wish(inputs(title(status_number=status), forced=FORCED))[0] is None


# Dates, texts, JSON


@pytest.mark.parametrize(
    ("issue", "competence", "expected"),
    [
        (date(2026, 2, 10), date(2026, 2, 1), date(2026, 2, 10)),
        (None, date(2026, 2, 1), date(2026, 2, 1)),
        (None, None, DUE),
    ],
)
def test_competence_is_the_issue_date_or_the_next_best(
    issue: date | None, competence: date | None, expected: date
) -> None:
    result, _problems = wish(inputs(title(issue_date=issue, competence_date=competence)))
    assert result is not None
    assert result.competence_date == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"history": "  Aluguel \n de  março "}, "Aluguel de março [Bling 16000000469]"),
        ({"history": ""}, "NF 10 – Ana [Bling 16000000469]"),
        ({"history": "", "document_number": ""}, "Ana [Bling 16000000469]"),
    ],
)
def test_description(changes: Mapping[str, Any], expected: str) -> None:
    assert describe(title(**changes), "Ana", "16000000469") == expected


def test_a_title_without_any_text_is_named_by_its_origin() -> None:
    assert describe(title(history="", document_number=""), "", "16000000469") == "Bling [Bling 16000000469]"


@given(history=st.text(max_size=600), number=texts, name=texts, prefix=st.sampled_from(["", "2-"]))
def test_the_marker_always_fits_and_always_ends_the_description(
    history: str, number: str, name: str, prefix: str
) -> None:
    text = describe(title(history=history, document_number=number), name, f"{prefix}16000000469")
    assert text.endswith(f"[Bling {prefix}16000000469]")
    assert len(text) <= MAX_DESCRIPTION


def test_a_long_text_is_cut_to_what_kamino_takes() -> None:
    assert describe(title(history="a" * 600), "Ana", "7") == "a" * 240 + " [Bling 7]"


def test_a_title_without_due_date_says_why_it_is_held() -> None:
    result, problems = wish(inputs(title(due_date=None)))
    assert result is None
    assert problems


@given(desired_titles())
def test_json_loses_nothing(wanted: DesiredTitle) -> None:
    back = DesiredTitle.from_json(wanted.to_json())
    assert back == wanted
    assert back.fingerprint == wanted.fingerprint
    assert isinstance(back.value, Decimal)
    assert isinstance(back.status, KaminoStatus)


@given(desired_titles(), desired_titles())
def test_fingerprints_tell_titles_apart(one: DesiredTitle, other: DesiredTitle) -> None:
    for near in neighbours(one, other):
        assert (near == one) == (near.fingerprint == one.fingerprint)
