from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.domain.delivery import Operation, next_step
from integrations.domain.desired import DesiredPayment, DesiredTitle, KaminoStatus
from integrations.domain.reasons import Reason
from tests.domain.builders import PAID_ON, desired, desired_titles, money, neighbours, settled

CANCELLED = desired(status=KaminoStatus.CANCELLED)
UNKNOWN = desired(status=KaminoStatus.UNKNOWN)
OTHER_DAY = DesiredPayment(PAID_ON + timedelta(days=1), money("100.00"), "1.1")


@pytest.mark.parametrize(
    ("wanted", "told", "operation"),
    [
        pytest.param(desired(), None, Operation.CREATE, id="new"),
        pytest.param(settled(), None, Operation.CREATE, id="new and paid: one request"),
        pytest.param(CANCELLED, None, None, id="cancelled before it was sent"),
        pytest.param(desired(), desired(), None, id="unchanged"),
        pytest.param(settled(), settled(), None, id="unchanged, settled"),
        pytest.param(CANCELLED, CANCELLED, None, id="unchanged, cancelled"),
        pytest.param(desired(value=money("90.00")), desired(), Operation.UPDATE, id="value"),
        pytest.param(desired(due_date=date(2026, 4, 1)), desired(), Operation.UPDATE, id="due date"),
        pytest.param(desired(chart_account="3.9"), desired(), Operation.UPDATE, id="classification"),
        pytest.param(settled(), desired(), Operation.SETTLE, id="paid"),
        pytest.param(settled(value=money("90.00")), desired(), Operation.SETTLE, id="paid and changed"),
        pytest.param(CANCELLED, desired(), Operation.CANCEL, id="cancelled"),
    ],
)
def test_operation(wanted: DesiredTitle, told: DesiredTitle | None, operation: Operation | None) -> None:
    step = next_step(wanted, told)
    assert (step.operation, step.conflict) == (operation, None)


@pytest.mark.parametrize(
    ("wanted", "told", "code"),
    [
        (CANCELLED, settled(), Reason.CANCELLED_AFTER_SETTLEMENT),
        (desired(), settled(), Reason.REVERSED_AFTER_SETTLEMENT),
        (settled(payment=OTHER_DAY), settled(), Reason.SETTLEMENT_DIFFERS),
        (settled(payment=replace(OTHER_DAY, date=PAID_ON, amount=money("99.00"))), settled(),
         Reason.SETTLEMENT_DIFFERS),
        (settled(payment=replace(OTHER_DAY, date=PAID_ON, account="1.2")), settled(),
         Reason.SETTLEMENT_DIFFERS),
        (settled(value=money("90.00")), settled(), Reason.VALUE_AFTER_SETTLEMENT),
        (settled(description="x [Bling 16000000469]"), settled(), Reason.FROZEN_AFTER_SETTLEMENT),
        (settled(payment=replace(OTHER_DAY, date=PAID_ON, forced=True)), settled(),
         Reason.FROZEN_AFTER_SETTLEMENT),
        (settled(), settled(payment=None), Reason.FROZEN_AFTER_SETTLEMENT),
        *((wanted, UNKNOWN, Reason.UNKNOWN_IN_KAMINO) for wanted in (desired(), settled(), CANCELLED)),
        (desired(), CANCELLED, Reason.REOPENED_AFTER_CANCELLATION),
        (settled(), CANCELLED, Reason.REOPENED_AFTER_CANCELLATION),
    ],
)  # fmt: skip
def test_conflict(wanted: DesiredTitle, told: DesiredTitle, code: Reason) -> None:
    step = next_step(wanted, told)
    assert step.operation is None
    assert step.conflict is not None
    assert step.conflict.code is code


def test_a_different_settlement_names_both() -> None:
    step = next_step(settled(payment=OTHER_DAY), settled())
    assert step.conflict is not None
    assert step.conflict.params == {"bling": "2026-03-13 100.00", "kamino": "2026-03-12 100.00"}


@given(desired_titles(), desired_titles())
def test_a_settled_or_cancelled_title_is_never_written_again(told: DesiredTitle, other: DesiredTitle) -> None:
    if told.status is not KaminoStatus.PENDING:
        for wanted in neighbours(told, other):
            step = next_step(wanted, told)
            assert step.operation is None
            assert (step.conflict is None) == (wanted == told)


@given(desired_titles(), desired_titles())
def test_an_erased_description_is_no_difference_and_hides_no_other(told: DesiredTitle, other: DesiredTitle) -> None:
    erased = replace(told, description="")
    for wanted in neighbours(told, other):
        assert next_step(wanted, erased) == next_step(replace(wanted, description=told.description), told)
        assert next_step(replace(wanted, description=""), erased) == next_step(wanted, erased)


@given(desired_titles(), st.none() | desired_titles())
def test_a_step_is_an_operation_or_a_conflict_or_nothing(wanted: DesiredTitle, told: DesiredTitle | None) -> None:
    step = next_step(wanted, told)
    assert step.operation is None or step.conflict is None
    if step.operation is Operation.CREATE:
        assert told is None
    if step.operation in (Operation.UPDATE, Operation.SETTLE, Operation.CANCEL):
        assert told is not None
        assert told.status is KaminoStatus.PENDING
    if step.operation is Operation.SETTLE:
        assert wanted.payment is not None


@given(desired_titles(), st.none() | desired_titles())
def test_what_was_done_needs_no_second_step(wanted: DesiredTitle, told: DesiredTitle | None) -> None:
    step: Any = next_step(wanted, told)
    if step.operation is not None:
        after = next_step(wanted, wanted)
        assert (after.operation, after.conflict) == (None, None)
