"""What Kamino shows of a title: whether it may be written, what people changed, and what it holds by now."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integrations.domain.conflicts import edited, held_since, is_moved, keep_edits, now_in_the_way
from integrations.domain.desired import KaminoStatus
from integrations.domain.reasons import Reason
from tests.domain.builders import DUE, PAID_ON, desired, kamino_title, settled

PAID: dict[str, Any] = {
    "status": KaminoStatus.SETTLED, "payment_date": PAID_ON, "paid_amount": Decimal("100.00"), "payment_account": "1.1",
}  # fmt: skip
CANCELLED = desired(status=KaminoStatus.CANCELLED)


@pytest.mark.parametrize(
    ("shown", "wanted", "moved"),
    [
        ({}, desired(), False),
        ({"value": Decimal("100.01")}, desired(), True),
        ({"due_date": DUE + timedelta(days=1)}, desired(), True),
        ({}, CANCELLED, True),
        ({"value": Decimal("1.00"), **PAID}, desired(), False),
        ({"status": KaminoStatus.UNKNOWN, "value": Decimal("1.00")}, desired(), False),
        ({**PAID}, CANCELLED, False),
        ({"value": Decimal("1.00")}, settled(), False),
    ],
)
def test_only_an_open_title_is_put_right(shown: dict[str, Any], wanted: Any, moved: bool) -> None:
    assert is_moved(kamino_title(**shown), wanted) is moved


@pytest.mark.parametrize(
    ("met", "shown", "wanted", "why"),
    [
        (Reason.SCHEDULED, PAID, settled(), Reason.PAID_AS_SCHEDULED),
        (Reason.PAID_AS_SCHEDULED, PAID, settled(), Reason.PAID_AS_SCHEDULED),
        (Reason.SCHEDULED_AS_IT_WAS, PAID, desired(), Reason.PAID_IN_KAMINO),
        (Reason.SCHEDULED, {}, settled(), None),
        (Reason.SCHEDULED, None, settled(), Reason.GONE_FROM_KAMINO),
        (Reason.AWAITING_APPROVAL, PAID, settled(), None),
        (Reason.AWAITING_APPROVAL, {"scheduled": True}, settled(), Reason.SCHEDULED),
        (Reason.PAID_DIFFERENTLY, {**PAID, "payment_date": date(2026, 1, 1)}, settled(), Reason.PAID_DIFFERENTLY),
    ],
)
def test_what_is_in_the_way_by_now(met: Reason, shown: dict[str, Any] | None, wanted: Any, why: Reason | None) -> None:
    row = None if shown is None else kamino_title(**shown)
    assert now_in_the_way(met, row, wanted) is why


@pytest.mark.parametrize(
    ("shown", "before", "is_proved", "status"),
    [
        ({}, settled(), False, KaminoStatus.PENDING),
        (PAID, settled(), False, None),
        (PAID, desired(), False, KaminoStatus.SETTLED),
        ({**PAID, "paid_amount": Decimal("90.00")}, settled(), False, KaminoStatus.SETTLED),
        ({"status": KaminoStatus.UNKNOWN}, settled(), False, None),
        (None, settled(), False, None),
        (None, settled(), True, KaminoStatus.CANCELLED),
        (None, CANCELLED, True, None),
    ],
)
def test_what_it_holds_after_people_changed_it(
    shown: dict[str, Any] | None, before: Any, is_proved: bool, status: KaminoStatus | None
) -> None:
    row = None if shown is None else kamino_title(**shown)
    held = held_since(row, before, is_proved=is_proved)
    assert (held.status if held else None) is status
    if held is not None and status is not KaminoStatus.SETTLED:
        assert held.payment is None


def test_what_people_edited_is_named_and_kept() -> None:
    wanted, row = desired(chart_account="3.1"), kamino_title(description="Outro", chart_account="9.9")
    assert edited(row, wanted) == ["description", "chart_account"]
    kept = keep_edits(replace(wanted, value=Decimal("120.00")), wanted, row)
    assert (kept.description, kept.chart_account, kept.value) == ("Outro", "9.9", Decimal("120.00"))
    assert edited(replace(row, description=f" {wanted.description} ", chart_account="3.1"), wanted) == []
