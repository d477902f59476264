"""What was seen of a list is another as soon as a row, its amount or what has to stay is."""

from decimal import Decimal
from typing import Any

import pytest

from integrations.domain.seen import Seen

ROWS = [(1, Decimal("10.00"), "a"), (2, None, "b"), (3, Decimal("0.50"), "c")]


def test_rows_and_amounts_are_counted() -> None:
    seen = Seen.of(ROWS)
    assert (seen.count, seen.total) == (3, Decimal("10.50"))
    assert (Seen.of([]).count, Seen.of([]).total) == (0, Decimal("0.00"))
    assert seen == Seen.of(list(ROWS))


@pytest.mark.parametrize(
    "others",
    [
        ROWS[:2], [*ROWS, (4, None, "")], [(9, Decimal("10.00"), "a"), *ROWS[1:]],
        [(1, Decimal("10.01"), "a"), *ROWS[1:]], [(1, Decimal("10.00"), "x"), *ROWS[1:]],
    ],
)  # fmt: skip
def test_another_row_amount_or_word_is_another_list(others: list[tuple[Any, ...]]) -> None:
    assert Seen.of(others).mark != Seen.of(ROWS).mark
