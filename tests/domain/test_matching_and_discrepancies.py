from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from integrations.domain import discrepancies
from integrations.domain.desired import DesiredPayment, DesiredTitle, KaminoStatus
from integrations.domain.discrepancies import Difference, DiscrepancyKind, Names
from integrations.domain.matching import KaminoTitle, as_shown, holds, marked
from integrations.domain.payment_differences import as_told, kamino_side, payment_difference
from tests.domain.builders import DUE, PAID_ON, desired, desired_titles, kamino_title, money, settled

CODE = "16000000469"


@pytest.mark.parametrize(
    ("changes", "is_ours"),
    [
        ({}, True),
        ({"description": "Aluguel"}, False),
        ({"description": "Aluguel", "code": CODE}, True),
        ({"description": "Aluguel", "note": f"x [Bling {CODE}] y"}, True),
        ({"description": f"Aluguel [Bling 2-{CODE}]"}, False),
        ({"description": f"Aluguel [Bling {CODE}0]"}, False),
        ({"description": f"Aluguel [Bling 1{CODE}]"}, False),
        ({"description": f"Aluguel Bling {CODE}"}, False),
    ],
)
def test_only_the_whole_marker_or_code_makes_a_row_ours(changes: dict[str, Any], is_ours: bool) -> None:
    row = kamino_title(**changes)
    assert marked([row], CODE) == ([row] if is_ours else [])


@pytest.mark.parametrize(
    ("changes", "carries", "code"),
    [
        ({}, True, CODE),
        ({"description": "Aluguel", "note": f"x [Bling 2-{CODE}] y"}, True, f"2-{CODE}"),
        ({"description": "Aluguel"}, False, ""),
        ({"description": "Aluguel", "code": "77"}, False, "77"),
        ({"code": "77"}, True, "77"),
    ],
)
def test_whose_a_row_says_it_is(changes: dict[str, Any], carries: bool, code: str) -> None:
    row = kamino_title(**changes)
    assert (row.carries_marker, row.marked_code) == (carries, code)


@pytest.mark.parametrize("status", list(KaminoStatus))
def test_only_what_is_open_or_paid_and_approved_is_in_force(status: KaminoStatus) -> None:
    assert kamino_title(status=status).is_in_force is (status in (KaminoStatus.PENDING, KaminoStatus.SETTLED))
    assert not kamino_title(status=status, awaits_approval=True).is_in_force


PAID_ROW: dict[str, Any] = {
    "status": KaminoStatus.SETTLED,
    "payment_date": PAID_ON,
    "paid_amount": money("100.00"),
}


@pytest.mark.parametrize(
    ("wanted", "changes", "is_held"),
    [
        (desired(), {}, True),
        (desired(), {"description": "Aluguel [Bling 16000000469]  "}, True),
        (desired(), {"value": money("99.00")}, False),
        (desired(), {"due_date": None}, False),
        (desired(), {"description": "Aluguel"}, False),
        (desired(), PAID_ROW, False),
        (settled(), {}, False),
        (settled(), PAID_ROW, True),
        (settled(), {**PAID_ROW, "payment_date": DUE}, False),
        (settled(), {**PAID_ROW, "paid_amount": None}, False),
    ],
)
def test_a_row_holds_what_we_wanted_only_when_all_of_it_is_there(
    wanted: DesiredTitle, changes: dict[str, Any], is_held: bool
) -> None:
    assert holds(kamino_title(**changes), wanted) is is_held


def paid_there(amount: str, account: str = "1.9", **changes: Any) -> DesiredPayment:
    return DesiredPayment(**{"date": PAID_ON, "amount": money(amount), "account": account, **changes})


ORDER = settled(payment=paid_there("100.00", "1.1", forced=True))


@pytest.mark.parametrize(
    ("changes", "wanted", "payment"),
    [
        pytest.param({}, settled(), None, id="open there"),
        pytest.param({"payment_date": PAID_ON, "paid_amount": money("100.00")}, settled(), None, id="open, with a day"),
        pytest.param({**PAID_ROW, "payment_date": None}, settled(), None, id="paid on no day"),
        pytest.param(
            {**PAID_ROW, "paid_amount": money("99.00")}, settled(), paid_there("99.00"), id="with what it shows"
        ),
        pytest.param(
            {**PAID_ROW, "paid_amount": None}, desired(), paid_there("100.00"), id="the value, where that is all"
        ),
        pytest.param(PAID_ROW, settled(), paid_there("100.00"), id="ordered by nobody"),
        pytest.param(PAID_ROW, ORDER, paid_there("100.00", forced=True), id="as a person ordered"),
        pytest.param(
            {**PAID_ROW, "paid_amount": money("99.00")}, ORDER, paid_there("99.00"), id="not with the ordered amount"
        ),
        pytest.param(
            {**PAID_ROW, "payment_date": DUE}, ORDER, paid_there("100.00", date=DUE), id="not on the ordered day"
        ),
    ],
)
def test_a_linked_title_is_taken_as_kamino_shows_it(
    changes: dict[str, Any], wanted: DesiredTitle, payment: DesiredPayment | None
) -> None:
    row = kamino_title(payment_account="1.9", **changes)
    shown = as_shown(row, wanted)
    assert shown.payment == payment
    assert (shown.status, shown.value) == (row.status, row.value)


def test_what_kamino_does_not_show_is_taken_as_ours_and_an_empty_cost_center_as_none() -> None:
    ours = desired(cost_center="10", business_unit="20", note="x")
    row = kamino_title(due_date=None)
    assert as_shown(row, ours) == replace(ours, cost_center=None, business_unit=None, document_number="", note="")
    other = {"due_date": PAID_ON, "competence_date": PAID_ON, "chart_account": "3.9", "document_number": "NF 9"}
    theirs = kamino_title(**other, cost_center="11", business_unit="21", note="y", value=money("9.00"))
    expected = replace(ours, **other, cost_center="11", business_unit="21", note="y", value=money("9.00"))
    assert as_shown(theirs, ours) == expected


def compare(
    told: DesiredTitle, row: KaminoTitle | None, *, names: Names, tolerance: Decimal = Decimal(0)
) -> list[Difference]:
    """Compare all of a title that Bling shows as it was told."""
    payment = payment_difference(as_told(told), kamino_side(told, row, is_gone=row is None), tolerance=tolerance)
    found = [] if row is None else discrepancies.compare(told, row, names=names, tolerance=tolerance)
    return found if payment is None else [payment, *found]


NAMES = Names({"3.1": "Serviços", "3.9": "Outras"}, person_id=50, person="Sol")
CANCELLED = desired(status=KaminoStatus.CANCELLED)


@pytest.mark.parametrize(
    ("told", "changes", "kinds"),
    [
        (desired(), {}, []),
        (desired(), None, [DiscrepancyKind.MISSING_IN_KAMINO]),
        (settled(), None, [DiscrepancyKind.MISSING_IN_KAMINO]),
        (CANCELLED, None, []),
        (CANCELLED, {"status": KaminoStatus.CANCELLED}, []),
        (CANCELLED, {}, [DiscrepancyKind.STATUS]),
        (CANCELLED, PAID_ROW, [DiscrepancyKind.STATUS]),
        (desired(), {"value": money("100.01")}, [DiscrepancyKind.VALUE]),
        (desired(), {"value": Decimal("100")}, []),
        (desired(), {"due_date": date(2026, 3, 11)}, [DiscrepancyKind.DUE_DATE]),
        (desired(), {"due_date": None}, []),
        (desired(), {"chart_account": "3.9"}, [DiscrepancyKind.CLASSIFICATION]),
        (desired(), {"chart_account": "3.1"}, []),
        (desired(), {"person_id": 51}, [DiscrepancyKind.PERSON]),
        (desired(), {"person_id": None}, []),
        (desired(), {"description": "Outro"}, [DiscrepancyKind.EDITED_IN_KAMINO]),
        (desired(), PAID_ROW, [DiscrepancyKind.SETTLED_ONLY_IN_KAMINO]),
        (desired(), {"status": KaminoStatus.CANCELLED}, [DiscrepancyKind.STATUS]),
        (settled(), PAID_ROW, []),
        (settled(), {}, [DiscrepancyKind.SETTLED_ONLY_IN_BLING]),
        (desired(), {"status": KaminoStatus.UNKNOWN}, [DiscrepancyKind.STATUS]),
        (desired(), {"status": KaminoStatus.UNKNOWN, "scheduled": True}, [DiscrepancyKind.STATUS]),
        (settled(), {"status": KaminoStatus.UNKNOWN}, [DiscrepancyKind.STATUS]),
        (settled(), {"status": KaminoStatus.UNKNOWN, "scheduled": True}, [DiscrepancyKind.DOUBLE_PAYMENT_RISK]),
        (settled(), {"status": KaminoStatus.CANCELLED}, [DiscrepancyKind.STATUS]),
        (desired(description=""), {}, []),
        (settled(), {"scheduled": True}, [DiscrepancyKind.DOUBLE_PAYMENT_RISK]),
        (settled(), {"sent_to_bank": True}, [DiscrepancyKind.DOUBLE_PAYMENT_RISK]),
        (settled(), {**PAID_ROW, "paid_amount": money("99.00")}, [DiscrepancyKind.PAYMENT]),
        (settled(), {**PAID_ROW, "payment_date": DUE}, [DiscrepancyKind.PAYMENT]),
        (desired(), {"value": money("1.00"), "due_date": PAID_ON, "person_id": 9},
         [DiscrepancyKind.VALUE, DiscrepancyKind.DUE_DATE, DiscrepancyKind.PERSON]),
    ],
)  # fmt: skip
def test_differences(told: DesiredTitle, changes: dict[str, Any] | None, kinds: list[DiscrepancyKind]) -> None:
    row = None if changes is None else kamino_title(**changes)
    assert [difference.kind for difference in compare(told, row, names=NAMES)] == kinds


def test_a_difference_shows_both_values() -> None:
    (difference,) = compare(desired(), kamino_title(value=money("90.00")), names=NAMES)
    assert (difference.bling, difference.kamino, difference.amount) == ("100.00", "90.00", money("-10.00"))
    (late,) = compare(desired(), kamino_title(due_date=DUE + timedelta(days=3)), names=NAMES)
    assert (late.days, late.amount) == (3, None)


@pytest.mark.parametrize(
    ("told", "changes", "shown"),
    [
        pytest.param(settled(), {}, ("2026-03-12 100.00", "pending", None, None), id="paid in Bling"),
        pytest.param(settled(payment=None), {}, ("100.00", "pending", None, None), id="paid, nobody knows when"),
        pytest.param(
            desired(), {**PAID_ROW, "paid_amount": money("99.00")}, ("pending", "2026-03-12 99.00", None, None),
            id="paid in Kamino",
        ),
        pytest.param(
            desired(), {**PAID_ROW, "paid_amount": None}, ("pending", "2026-03-12 100.00", None, None), id="its value"
        ),
        pytest.param(
            settled(), {**PAID_ROW, "paid_amount": money("99.00")},
            ("2026-03-12 100.00", "2026-03-12 99.00", money("-1.00"), None), id="another amount",
        ),
        pytest.param(
            settled(), {**PAID_ROW, "payment_date": PAID_ON + timedelta(days=3)},
            ("2026-03-12 100.00", "2026-03-15 100.00", None, 3), id="another day",
        ),
        pytest.param(
            settled(), {**PAID_ROW, "paid_amount": None}, ("2026-03-12 100.00", "2026-03-12", None, None), id="none"
        ),
        pytest.param(
            settled(), {**PAID_ROW, "payment_date": None}, ("2026-03-12 100.00", "100.00", None, None), id="no day"
        ),
    ],
)  # fmt: skip
def test_payments_that_differ_are_shown_by_day_and_amount(
    told: DesiredTitle, changes: dict[str, Any], shown: tuple[Any, ...]
) -> None:
    (found,) = compare(told, kamino_title(**changes), names=NAMES)
    assert (found.bling, found.kamino, found.amount, found.days) == shown


def test_ids_have_names() -> None:
    (account,) = compare(desired(), kamino_title(chart_account="3.9"), names=NAMES)
    assert (account.bling, account.kamino) == ("3.1 Serviços", "3.9 Outras")
    (person,) = compare(desired(), kamino_title(person_id=9, person_name="Lua"), names=NAMES)
    assert (person.bling, person.kamino) == ("50 Sol", "9 Lua")
    (nameless,) = compare(desired(), kamino_title(person_id=9), names=Names({}, person_id=50))
    assert (nameless.bling, nameless.kamino) == ("50", "9")
    assert compare(desired(), kamino_title(person_id=9), names=Names({})) == [], "it was never linked"


@pytest.mark.parametrize(("tolerance", "kinds"), [("0.00", 1), ("0.04", 1), ("0.05", 0), ("1.00", 0)])
def test_amounts_within_the_tolerance_are_equal(tolerance: str, kinds: int) -> None:
    row = kamino_title(value=money("100.05"))
    assert len(compare(desired(), row, names=NAMES, tolerance=money(tolerance))) == kinds
    paid = kamino_title(**{**PAID_ROW, "paid_amount": PAID_ROW["paid_amount"] - money("0.05")})
    assert len(compare(settled(), paid, names=NAMES, tolerance=money(tolerance))) == kinds


def as_kamino_shows(told: DesiredTitle) -> KaminoTitle:
    payment = told.payment
    return kamino_title(
        description=told.description,
        due_date=told.due_date,
        value=told.value,
        status=told.status,
        chart_account=told.chart_account,
        payment_date=payment.date if payment else None,
        paid_amount=payment.amount if payment else None,
    )


@given(desired_titles())
def test_what_we_wrote_is_no_difference(told: DesiredTitle) -> None:
    row = as_kamino_shows(told)
    assert compare(told, row, names=NAMES) == []
    assert holds(row, told)


@given(desired_titles(), desired_titles())
def test_a_kind_is_named_once(told: DesiredTitle, other: DesiredTitle) -> None:
    kinds = [
        difference.kind for difference in compare(told, as_kamino_shows(other), names=replace(NAMES, person_id=51))
    ]
    assert len(kinds) == len(set(kinds))
