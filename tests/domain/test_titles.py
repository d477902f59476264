"""Facts of a title that rules and screens ask for."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from integrations.domain.titles import Direction, Origin, categories_of, row_fingerprint
from tests.domain.builders import DUE, bordero, money, title


@pytest.mark.parametrize(
    ("own", "of_payments", "found"),
    [(3, [4], [3]), (0, [4], [4]), (0, [4, 4], [4]), (0, [5, 4], [4, 5]), (0, [0, None], []), (0, [0, 4], [4])],
)
def test_a_category_is_the_title_s_own_or_those_of_its_payments(
    own: int, of_payments: list[int | None], found: list[int]
) -> None:
    assert categories_of(own, [replace(bordero(), category_id=each) for each in of_payments]) == found


@pytest.mark.parametrize(
    ("direction", "origin", "order"),
    [
        (Direction.RECEIVABLE, Origin.SALE, 12),
        (Direction.PAYABLE, Origin.SALE, 0),
        (Direction.RECEIVABLE, Origin.INVOICE, 0),
        (Direction.RECEIVABLE, Origin.OTHER, 0),
    ],
)
def test_only_a_receivable_of_a_sale_has_an_order(direction: Direction, origin: Origin, order: int) -> None:
    assert title(direction=direction, origin=origin, origin_id=12).order_id == order


@pytest.mark.parametrize(
    "changes",
    [
        {"status_number": 2}, {"due_date": DUE + timedelta(days=1)}, {"due_date": None}, {"value": money("100.01")},
        {"contact_id": 8}, {"payment_form_id": 9},
    ],
)  # fmt: skip
def test_a_row_is_read_again_when_what_it_shows_is_another(changes: dict[str, Any]) -> None:
    assert row_fingerprint(title(**changes)) != row_fingerprint(title())
    assert row_fingerprint(title(history="x", balance=money("1.00"))) == row_fingerprint(title()), "no row shows that"
